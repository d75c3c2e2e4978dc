#include "handlers/tar_header.h"

#include "base/buf.h"
#include "http/escape.h"

/*
 * A header block:
 *
 *     0 name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link name 100 |
 *     257 "ustar" NUL "00" | user 32 | group 32 | major 8 | minor 8 | 345 prefix 155 | 12 unused
 *
 * Numbers are octal digits with a NUL behind them. Owners are told to nobody: user and group are 0.
 */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337,
	AT_PREFIX = 345,
	NAME_SIZE = 100,
	PREFIX_SIZE = 155,
	NUMBER = 8,
	LONG_NUMBER = 12
};

#define LONG_NUMBER_MAX ((UINT64_C(1) << 33) - 1) /* eleven octal digits */

enum { TYPE_FILE = '0', TYPE_DIRECTORY = '5', TYPE_PAX = 'x' };

/* ---- one block ----------------------------------------------------------------------------------------- */

/* size - 1 octal digits and a NUL. */
static void block_number(char *field, size_t size, uint64_t n)
{
	for (size_t i = size - 1; i-- > 0; n >>= 3)
		field[i] = (char)('0' + (n & 7));
}

/* The sum of all bytes, its own field counted as spaces; six digits, NUL, space. */
static void block_checksum(char *block)
{
	uint64_t sum = 0;

	memset(block + AT_CHECKSUM, ' ', NUMBER);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	block_number(block + AT_CHECKSUM, NUMBER - 1, sum);
	block[AT_CHECKSUM + NUMBER - 2] = '\0';
}

/* Where the name is cut to fit into prefix and name: the slash between them, 0: it fits whole. False: it can't. */
static bool name_cut(struct str name, size_t *slash)
{
	size_t least = name.len > NAME_SIZE ? name.len - NAME_SIZE - 1 : 0;

	*slash = 0;
	if (name.len <= NAME_SIZE)
		return true;
	for (size_t i = least; i <= PREFIX_SIZE && i + 1 < name.len; i++)
		if (i > 0 && name.ptr[i] == '/') {
			*slash = i;
			return true;
		}
	return false;
}

static void block_name(char *block, struct str name)
{
	size_t slash;

	if (!name_cut(name, &slash)) /* a pax header says it */
		name = str_head(name, NAME_SIZE);
	if (slash > 0) {
		memcpy(block + AT_PREFIX, name.ptr, slash);
		name = str_from_index(name, slash + 1);
	}
	memcpy(block + AT_NAME, name.ptr, name.len);
}

static void block_make(char *block, const struct tar_entry *entry, char type)
{
	uint64_t size = entry->size < LONG_NUMBER_MAX ? entry->size : LONG_NUMBER_MAX;
	uint64_t when = entry->modified > 0 ? (uint64_t)entry->modified : 0;

	memset(block, 0, TAR_BLOCK);
	block_name(block, entry->name);
	block_number(block + AT_MODE, NUMBER,
	             entry->is_directory || entry->is_executable ? 0755 : 0644);
	block_number(block + AT_UID, NUMBER, 0);
	block_number(block + AT_GID, NUMBER, 0);
	block_number(block + AT_SIZE, LONG_NUMBER, size);
	block_number(block + AT_MTIME, LONG_NUMBER,
	             when < LONG_NUMBER_MAX ? when : LONG_NUMBER_MAX);
	block[AT_TYPE] = type;
	memcpy(block + AT_MAGIC, "ustar\00000", 8);
	block_number(block + AT_MAJOR, NUMBER, 0);
	block_number(block + AT_MINOR, NUMBER, 0);
	block_checksum(block);
}

/* ---- pax records --------------------------------------------------------------------------------------- */

static size_t digits(size_t n)
{
	size_t count = 1;

	while (n >= 10) {
		n /= 10;
		count++;
	}
	return count;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void pax_record(struct buf *b, const char *key, struct str value)
{
	size_t rest = strlen(key) + value.len + 3, len = rest + digits(rest);

	if (digits(len) > digits(rest))
		len++;
	buf_u64(b, len);
	buf_byte(b, ' ');
	buf_text(b, key);
	buf_byte(b, '=');
	buf_add(b, value);
	buf_byte(b, '\n');
}

static void pax_number(struct buf *b, const char *key, int64_t n)
{
	char room[24];
	struct buf text = buf_fixed(room, sizeof room);

	buf_format(&text, "%lld", (long long)n);
	pax_record(b, key, buf_str(&text));
}

static bool name_is_ascii(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] >= 0x80)
			return false;
	return true;
}

static bool name_is_utf8(struct str name)
{
	size_t size;

	for (; name.len > 0; name = str_from_index(name, size)) {
		size = escape_utf8_size(name);
		if (size == 0)
			return false;
	}
	return true;
}

/* What ustar can't say: long names and other than ASCII (which is UTF-8 here), 8 GiB and more, strange times. */
static void pax_records(struct buf *b, const struct tar_entry *entry)
{
	size_t slash;

	if (!name_is_ascii(entry->name) || !name_cut(entry->name, &slash)) {
		if (!name_is_utf8(entry->name))
			pax_record(b, "hdrcharset", STR_OF("BINARY"));
		pax_record(b, "path", entry->name);
	}
	if (entry->size > LONG_NUMBER_MAX)
		pax_number(b, "size", (int64_t)entry->size);
	if (entry->modified < 0 || (uint64_t)entry->modified > LONG_NUMBER_MAX)
		pax_number(b, "mtime", entry->modified);
}

/* ---- an entry ------------------------------------------------------------------------------------------ */

size_t tar_header(const struct tar_entry *entry, char *out)
{
	struct buf records = buf_fixed(out + TAR_BLOCK, TAR_HEADER_MAX - 2 * TAR_BLOCK);
	size_t len = 0;

	pax_records(&records, entry);
	if (records.len > 0) {
		struct tar_entry pax = { .name = STR_OF("././@PaxHeader"), .size = records.len };
		size_t padding = tar_padding(records.len);

		block_make(out, &pax, TYPE_PAX);
		memset(records.ptr + records.len, 0, padding);
		len = TAR_BLOCK + records.len + padding;
	}
	block_make(out + len, entry, entry->is_directory ? TYPE_DIRECTORY : TYPE_FILE);
	return len + TAR_BLOCK;
}
