#include "http/host.h"

#include <arpa/inet.h>

/* The bytes of a reg-name but for the escapes: unreserved and sub-delims of RFC 3986 section 2. */
static bool is_host_byte(char c)
{
	switch (c) {
	case '-':
	case '.':
	case '_':
	case '~':
	case '!':
	case '$':
	case '&':
	case '\'':
	case '(':
	case ')':
	case '*':
	case '+':
	case ',':
	case ';':
	case '=':
		return true;
	default:
		return ascii_is_alpha(c) || ascii_is_digit(c);
	}
}

/* The length of the reg-name or IPv4 address at the start of s; both end before the port's colon. */
static size_t name_length(struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		if (is_host_byte(s.ptr[i]))
			i++;
		else if (s.ptr[i] == '%' && s.len - i > 2 && ascii_hex(s.ptr[i + 1]) >= 0 &&
		         ascii_hex(s.ptr[i + 2]) >= 0)
			i += 3;
		else
			break;
	}
	return i;
}

/* The length of "[IPv6]" at the start of s; 0 where that is no address (zones and IPvFuture are none). */
static size_t literal_length(struct str s)
{
	size_t close = str_find(s, ']');
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (close == s.len || close - 1 >= sizeof text)
		return 0;
	memcpy(text, s.ptr + 1, close - 1);
	text[close - 1] = '\0';
	if (strlen(text) != close - 1 || inet_pton(AF_INET6, text, &address) != 1)
		return 0;
	return close + 1;
}

/* port = *DIGIT (RFC 3986 section 3.2.3): none at all is as good as no port. 0 can't be connected to. */
static bool take_port(struct str text, uint32_t *port)
{
	uint64_t number;

	if (text.len == 0)
		return true;
	if (text.len > 5 || !str_parse_u64(text, &number) || number == 0 || number > 65535)
		return false;
	*port = (uint32_t)number;
	return true;
}

/* An empty label can't be looked up, and "a..b" in a name made of the host's would climb. */
static bool has_empty_label(struct str name)
{
	for (size_t i = 1; i < name.len; i++) {
		if (name.ptr[i] == '.' && name.ptr[i - 1] == '.')
			return true;
	}
	return str_eq(name, STR_OF("."));
}

bool host_parse(struct str authority, struct host *host)
{
	struct str name;
	size_t len;

	*host = (struct host){ .text = authority, .name = str_head(authority, 0) };
	if (authority.len == 0)
		return true;
	len = authority.ptr[0] == '[' ? literal_length(authority) : name_length(authority);
	name = str_head(authority, len);
	if (len == 0 || has_empty_label(name))
		return false;
	if (name.ptr[len - 1] == '.')
		name.len--;
	host->name = name;
	if (len == authority.len)
		return true;
	return authority.ptr[len] == ':' &&
	       take_port(str_from_index(authority, len + 1), &host->port);
}

enum parse host_decide(const struct head *head, const struct target *target, struct host *host,
                       struct refusal *refusal)
{
	size_t count = head_count(head, FIELD_HOST);

	if (count > 1)
		return refuse(refusal, 400, "more than one Host field");
	if (count == 0 && head->minor > 0)
		return refuse(refusal, 400, "HTTP/1.1 without a Host field");
	if (!host_parse(head_value(head, FIELD_HOST), host))
		return refuse(refusal, 400, "malformed Host field");
	if (target->authority.len == 0)
		return PARSE_COMPLETE;
	if (!host_parse(target->authority, host))
		return refuse(refusal, 400, "malformed host in the request target");
	if (target->form == TARGET_AUTHORITY && host->port == 0) /* RFC 9112 section 3.2.3 */
		return refuse(refusal, 400, "CONNECT without a port");
	return PARSE_COMPLETE;
}
