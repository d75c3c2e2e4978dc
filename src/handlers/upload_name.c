#include "handlers/upload.h"

#include <sys/random.h>
#include <unistd.h>

enum { EXTENSION_KEPT = 32 /* longer ones are part of the name */ };

static uint64_t name_chance(void)
{
	uint64_t n = 0;

	if (getrandom(&n, sizeof n, GRND_NONBLOCK) != (ssize_t)sizeof n)
		n = (uint64_t)getpid() << 32 ^ (uint64_t)time(NULL);
	return n;
}

/* Where the extension begins, its dot included; name.len where there is none. */
static size_t name_extension(struct str name)
{
	size_t dot = str_find_last(name, '.');

	return dot == 0 || dot == name.len || name.len - dot > EXTENSION_KEPT ? name.len : dot;
}

/* So many bytes at most, without a torn UTF-8 character at the end. */
static struct str name_cut(struct str s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max > 0 && ((unsigned char)s.ptr[max] & 0xc0) == 0x80)
		max--;
	return str_head(s, max);
}

struct str upload_name_numbered(struct str name, uint64_t n, char *room)
{
	char digits_room[24];
	struct buf digits = buf_fixed(digits_room, sizeof digits_room);
	struct buf b = buf_fixed(room, FILENAME_MAX_BYTES);
	size_t dot = name_extension(name);
	struct str extension = str_from_index(name, dot);

	if (n > 0) {
		buf_text(&digits, " (");
		buf_u64(&digits, n);
		buf_byte(&digits, ')');
	}
	buf_add(&b, name_cut(str_head(name, dot), FILENAME_MAX_BYTES - extension.len - digits.len));
	buf_add(&b, buf_str(&digits));
	buf_add(&b, extension);
	room[b.len] = '\0';
	return buf_str(&b);
}

struct str upload_name_generated(time_t now, char *room)
{
	struct buf b = buf_fixed(room, FILENAME_MAX_BYTES);
	struct tm tm = { 0 };

	gmtime_r(&now, &tm);
	buf_format(&b, "%04d%02d%02d-%02d%02d%02d-%08x.bin", tm.tm_year + 1900, tm.tm_mon + 1,
	           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	           (unsigned)(name_chance() & 0xffffffff));
	room[b.len] = '\0';
	return buf_str(&b);
}

void upload_name_hidden(char room[UPLOAD_HIDDEN_SIZE])
{
	struct buf b = buf_fixed(room, UPLOAD_HIDDEN_SIZE - 1);

	buf_format(&b, PATH_RESERVED "%016llx", (unsigned long long)name_chance());
	room[b.len] = '\0';
}
