#include "http/field.h"

/*
 * One row for each field: its identifier, the first and the last but one letter of its name in lower
 * case (they and the length make its hash), the name, what is special about it. Two rows with one hash
 * do not compile (an initialiser overridden): FIELD_HASH then wants other factors.
 */
#define FIELD_ROWS(ROW)                                                                            \
	ROW(ACCEPT, 'a', 'p', "Accept", FIELD_LIST)                                                \
	ROW(ACCEPT_ENCODING, 'a', 'n', "Accept-Encoding", FIELD_LIST)                              \
	ROW(AUTHORIZATION, 'a', 'o', "Authorization", FIELD_SINGLETON | FIELD_NO_CGI)              \
	ROW(CONNECTION, 'c', 'o', "Connection", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)             \
	ROW(CONTENT_DISPOSITION, 'c', 'o', "Content-Disposition", FIELD_SINGLETON)                 \
	ROW(CONTENT_ENCODING, 'c', 'n', "Content-Encoding", FIELD_LIST)                            \
	ROW(CONTENT_LENGTH, 'c', 't', "Content-Length", FIELD_SINGLETON | FIELD_NO_CGI)            \
	ROW(CONTENT_RANGE, 'c', 'g', "Content-Range", FIELD_SINGLETON)                             \
	ROW(CONTENT_TYPE, 'c', 'p', "Content-Type", FIELD_SINGLETON | FIELD_NO_CGI)                \
	ROW(COOKIE, 'c', 'i', "Cookie", 0)                                                         \
	ROW(DATE, 'd', 't', "Date", FIELD_SINGLETON)                                               \
	ROW(EXPECT, 'e', 'c', "Expect", FIELD_LIST)                                                \
	ROW(HOST, 'h', 's', "Host", FIELD_SINGLETON)                                               \
	ROW(IF_MATCH, 'i', 'c', "If-Match", FIELD_LIST)                                            \
	ROW(IF_MODIFIED_SINCE, 'i', 'c', "If-Modified-Since", FIELD_SINGLETON)                     \
	ROW(IF_NONE_MATCH, 'i', 'c', "If-None-Match", FIELD_LIST)                                  \
	ROW(IF_RANGE, 'i', 'g', "If-Range", FIELD_SINGLETON)                                       \
	ROW(IF_UNMODIFIED_SINCE, 'i', 'c', "If-Unmodified-Since", FIELD_SINGLETON)                 \
	ROW(KEEP_ALIVE, 'k', 'v', "Keep-Alive", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)             \
	ROW(LAST_MODIFIED, 'l', 'e', "Last-Modified", FIELD_SINGLETON)                             \
	ROW(LOCATION, 'l', 'o', "Location", FIELD_SINGLETON)                                       \
	ROW(ORIGIN, 'o', 'i', "Origin", FIELD_SINGLETON)                                           \
	ROW(PROXY, 'p', 'x', "Proxy", FIELD_NO_CGI)                                                \
	ROW(PROXY_AUTHORIZATION, 'p', 'o', "Proxy-Authorization",                                  \
	    FIELD_SINGLETON | FIELD_HOP | FIELD_NO_CGI)                                            \
	ROW(PROXY_CONNECTION, 'p', 'o', "Proxy-Connection", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI) \
	ROW(RANGE, 'r', 'g', "Range", FIELD_SINGLETON)                                             \
	ROW(REFERER, 'r', 'e', "Referer", FIELD_SINGLETON)                                         \
	ROW(SEC_FETCH_DEST, 's', 's', "Sec-Fetch-Dest", FIELD_SINGLETON)                           \
	ROW(SEC_FETCH_MODE, 's', 'd', "Sec-Fetch-Mode", FIELD_SINGLETON)                           \
	ROW(SEC_FETCH_SITE, 's', 't', "Sec-Fetch-Site", FIELD_SINGLETON)                           \
	ROW(SERVER, 's', 'e', "Server", FIELD_SINGLETON)                                           \
	ROW(SET_COOKIE, 's', 'i', "Set-Cookie", 0)                                                 \
	ROW(STATUS, 's', 'u', "Status", FIELD_SINGLETON)                                           \
	ROW(TE, 't', 't', "TE", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)                             \
	ROW(TRAILER, 't', 'e', "Trailer", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)                   \
	ROW(TRANSFER_ENCODING, 't', 'n', "Transfer-Encoding",                                      \
	    FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)                                                 \
	ROW(UPGRADE, 'u', 'd', "Upgrade", FIELD_LIST | FIELD_HOP | FIELD_NO_CGI)                   \
	ROW(UPLOAD_COMPLETE, 'u', 't', "Upload-Complete", FIELD_SINGLETON)                         \
	ROW(UPLOAD_LENGTH, 'u', 't', "Upload-Length", FIELD_SINGLETON)                             \
	ROW(UPLOAD_OFFSET, 'u', 'e', "Upload-Offset", FIELD_SINGLETON)                             \
	ROW(USER_AGENT, 'u', 'n', "User-Agent", FIELD_SINGLETON)                                   \
	ROW(X_FORWARDED_FOR, 'x', 'o', "X-Forwarded-For", FIELD_LIST)                              \
	ROW(X_REQUEST_ID, 'x', 'i', "X-Request-Id", FIELD_SINGLETON)

#define FIELD_HASH(length, first, second_last) \
	(((unsigned)(length) + (unsigned)(first)*2 + (unsigned)(second_last)*29) & 255)

#define FIELD_INFO(id, first, second_last, text, bits) \
	[FIELD_##id] = { .name = STR(text), .flags = (bits) },
#define FIELD_SLOT(id, first, second_last, text, bits) \
	[FIELD_HASH(sizeof(text) - 1, first, second_last)] = FIELD_##id,

static const struct field_info rows[FIELD_COUNT] = { FIELD_ROWS(FIELD_INFO) };
static const uint8_t slots[256] = { FIELD_ROWS(FIELD_SLOT) };

/* tchar of RFC 9110 section 5.6.2. */
const bool field_tchar[256] = {
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
	['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
	['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
	['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
	['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
	['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
	['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
	['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
	['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
	['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
	['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
	['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
	['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

static uint64_t load8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

/*
 * The bits in which eight bytes differ from those of a known name, but for the case of letters. Known
 * names are of letters, digits and hyphens; of these only letters have bit 0x40, and where a known byte
 * is a letter the bit 0x20 does not count.
 */
static uint64_t differing(uint64_t given, uint64_t known)
{
	return (given ^ known) & ~((known & 0x4040404040404040) >> 1);
}

/* Both have len bytes. The last of several words overlaps the one before it. */
static bool same_name(const char *given, const char *known, size_t len)
{
	uint64_t differ = 0;

	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			differ |= differing((unsigned char)given[i], (unsigned char)known[i]);
		return differ == 0;
	}
	for (size_t i = 0; i + 8 < len; i += 8)
		differ |= differing(load8(given + i), load8(known + i));
	differ |= differing(load8(given + len - 8), load8(known + len - 8));
	return differ == 0;
}

enum field_id field_find(struct str name)
{
	unsigned id;

	if (name.len < 2) /* no known name is that short, and the hash wants two letters */
		return FIELD_OTHER;
	id = slots[FIELD_HASH(name.len, name.ptr[0] | 0x20, name.ptr[name.len - 2] | 0x20)];
	if (rows[id].name.len != name.len || !same_name(name.ptr, rows[id].name.ptr, name.len))
		return FIELD_OTHER;
	return (enum field_id)id;
}

const struct field_info *field_info(enum field_id id)
{
	return &rows[id];
}

bool field_is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!field_tchar[(unsigned char)s.ptr[i]])
			return false;
	}
	return s.len > 0;
}

/*
 * The length of the quoted string (RFC 9110 section 5.6.4) that begins at s, both quotes included; s.len
 * + 1 where it has no end.
 */
static size_t quoted_length(struct str s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '"')
			return i + 1;
		if (s.ptr[i] == '\\')
			i++;
	}
	return s.len + 1;
}

/* The index of the first sep outside quoted strings, or s.len. */
static size_t find_unquoted(struct str s, char sep)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] != sep)
		i += s.ptr[i] == '"' ? quoted_length(str_from_index(s, i)) : 1;
	return i < s.len ? i : s.len;
}

bool field_list_next(struct str *list, struct str *element)
{
	while (list->len > 0) {
		size_t end = find_unquoted(*list, ',');

		*element = str_trim(str_head(*list, end));
		*list = str_from_index(*list, end + 1);
		if (element->len > 0)
			return true;
	}
	return false;
}

bool field_list_has(struct str list, struct str element)
{
	struct str each;

	while (field_list_next(&list, &each)) {
		each = str_trim(str_head(each, find_unquoted(each, ';')));
		if (str_eq_nocase(each, element))
			return true;
	}
	return false;
}

/* Takes `token` or `"quoted"` off the front of *rest; *out is what is written, without quotes. */
static bool take_parameter_value(struct str *rest, struct str *out)
{
	size_t len = 0;

	if (rest->len > 0 && rest->ptr[0] == '"') {
		len = quoted_length(*rest);
		if (len > rest->len)
			return false;
		*out = str_make(rest->ptr + 1, len - 2);
	} else {
		while (len < rest->len && field_tchar[(unsigned char)rest->ptr[len]])
			len++;
		*out = str_head(*rest, len);
		if (len == 0)
			return false;
	}
	*rest = str_trim(str_from_index(*rest, len));
	return rest->len == 0 || rest->ptr[0] == ';';
}

/* parameters = *( OWS ";" OWS [ parameter ] ), RFC 9110 section 5.6.6: an empty one is none. */
bool field_parameter(struct str value, struct str name, struct str *out)
{
	struct str rest = str_from_index(value, find_unquoted(value, ';'));

	while (rest.len > 0) {
		struct str found;
		size_t equals;

		rest = str_trim(str_from_index(rest, 1));
		if (rest.len == 0 || rest.ptr[0] == ';')
			continue;
		equals = str_find(rest, '=');
		found = str_head(rest, equals);
		rest = str_from_index(rest, equals + 1);
		if (!field_is_token(found) || !take_parameter_value(&rest, out))
			return false;
		if (str_eq_nocase(found, name))
			return true;
	}
	return false;
}
