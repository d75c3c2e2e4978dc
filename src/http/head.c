#include "http/head.h"

#include "http/scan.h"

enum { EMPTY_LINES_MAX = 8, VERSION_LEN = 8 };

/*
 * One pass over the bytes. Every step stands at `at` and goes right only; what it says depends on nothing
 * behind the byte it says it of, so that more bytes never turn one refusal into another.
 *
 *      data           line                at        stop        end
 *      | earlier lines | name: value so far |   ...   | ...     |
 *
 * stop: where the line becomes too long, or end where that comes first.
 */
struct cursor {
	const char *at;
	const char *stop;
	const char *end;
	const struct head_limits *limits;
};

/* What the bytes at the start of something may be: rows of refusals for one part of the head. */
struct wording {
	unsigned status_too_long;
	const char *too_long;
	const char *nul;
	const char *control;
};

static const struct wording request_line = {
	.status_too_long = 414,
	.too_long = "request line too long",
	.nul = "NUL byte in the request line",
	.control = "control character in the request line",
};

static const struct wording field_line = {
	.status_too_long = 431,
	.too_long = "field line too long",
	.nul = "NUL byte in a field line",
	.control = "control character in a field line",
};

/* The first byte that is none of a token; `end` where there is none. */
static inline const char *find_end_of_token(const char *at, const char *end)
{
	while (at < end && field_tchar[(unsigned char)*at])
		at++;
	return at;
}

static void line_begin(struct cursor *c)
{
	c->stop = (size_t)(c->end - c->at) > c->limits->line_max ? c->at + c->limits->line_max
	                                                         : c->end;
}

/* The bytes are used up, or the line has become too long. */
static enum parse out_of_bytes(const struct cursor *c, const struct wording *words,
                               struct refusal *refusal)
{
	if (c->at == c->end)
		return PARSE_PARTIAL;
	return refuse(refusal, words->status_too_long, words->too_long);
}

/*
 * Takes the line's end. Nothing but CRLF will do: RFC 9112 section 2.2 allows a recipient to take a bare
 * LF, but where two servers differ in that, one of them sees a request that the other does not.
 */
static enum parse take_line_end(struct cursor *c, const struct wording *words,
                                struct refusal *refusal)
{
	if (c->at == c->end)
		return PARSE_PARTIAL;
	if (*c->at == '\n')
		return refuse(refusal, 400, "line ended in LF alone, not CRLF");
	if (*c->at != '\r') {
		if (c->at == c->stop)
			return out_of_bytes(c, words, refusal);
		return refuse(refusal, 400, *c->at == '\0' ? words->nul : words->control);
	}
	if (c->end - c->at < 2)
		return PARSE_PARTIAL;
	if (c->at[1] != '\n')
		return refuse(refusal, 400, "carriage return without a line feed");
	c->at += 2;
	return PARSE_COMPLETE;
}

/* RFC 9112 section 2.2: empty lines before the request line are passed over, in moderation. */
static enum parse skip_empty_lines(struct cursor *c, struct refusal *refusal)
{
	for (unsigned n = 0; c->at < c->end && (*c->at == '\r' || *c->at == '\n'); n++) {
		enum parse parse;

		if (n == EMPTY_LINES_MAX)
			return refuse(refusal, 400, "too many empty lines before the request line");
		parse = take_line_end(c, &request_line, refusal);
		if (parse != PARSE_COMPLETE)
			return parse;
	}
	return c->at == c->end ? PARSE_PARTIAL : PARSE_COMPLETE;
}

static enum parse refuse_method(const struct cursor *c, bool is_first, struct refusal *refusal)
{
	switch (*c->at) {
	case '\n':
		return refuse(refusal, 400, "line ended in LF alone, not CRLF");
	case '\r':
		return refuse(refusal, 400, "request line without a target");
	case '\0':
		return refuse(refusal, 400, request_line.nul);
	case 0x16: /* the first byte of a ClientHello (RFC 8446 section 5.1) */
		if (is_first)
			return refuse(refusal, 400, "TLS handshake where plain HTTP is spoken");
		break;
	case ' ':
	case '\t':
		return refuse(refusal, 400, "white space before the method");
	default:
		break;
	}
	return refuse(refusal, 400, "illegal character in the method");
}

/* method SP (RFC 9112 section 3.1) */
static enum parse take_method(struct cursor *c, struct head *head, struct refusal *refusal)
{
	const char *start = c->at;

	c->at = find_end_of_token(c->at, c->stop);
	if (c->at == c->stop)
		return out_of_bytes(c, &request_line, refusal);
	if (*c->at != ' ' || c->at == start)
		return refuse_method(c, c->at == start, refusal);
	head->method_name = str_make(start, (size_t)(c->at - start));
	head->method = method_find(head->method_name);
	c->at++;
	return PARSE_COMPLETE;
}

/* request-target SP (RFC 9112 section 3.2). What it may look like is target.c's matter. */
static enum parse take_target(struct cursor *c, struct head *head, struct refusal *refusal)
{
	const char *start = c->at;

	c->at = scan_text(c->at, c->stop, ' ');
	if (c->at == c->end)
		return PARSE_PARTIAL;
	if (*c->at == '\r')
		return refuse(refusal, 400,
		              c->at == start ? "request line without a target"
		                             : "request line without an HTTP version");
	if (*c->at != ' ' || c->at == c->stop)
		return take_line_end(c, &request_line, refusal);
	if (c->at == start)
		return refuse(refusal, 400, "more than one space behind the method");
	head->target = str_make(start, (size_t)(c->at - start));
	c->at++;
	return PARSE_COMPLETE;
}

/* HTTP-version = "HTTP" "/" DIGIT "." DIGIT, in this case only (RFC 9112 section 2.3). */
static enum parse take_version(struct cursor *c, struct head *head, struct refusal *refusal)
{
	static const char pattern[VERSION_LEN] = { 'H', 'T', 'T', 'P', '/', '0', '.', '0' };
	const char *start = c->at;
	size_t have = (size_t)(c->stop - start);

	for (size_t i = 0; i < VERSION_LEN && i < have; i++) {
		if (pattern[i] == '0' ? !ascii_is_digit(start[i]) : start[i] != pattern[i])
			return refuse(refusal, 400, "malformed HTTP version");
	}
	c->at += have < VERSION_LEN ? have : VERSION_LEN;
	if (have < VERSION_LEN)
		return out_of_bytes(c, &request_line, refusal);
	if (start[5] != '1')
		return refuse(refusal, 505, "HTTP of another major version than 1");
	head->minor = (unsigned)(start[7] - '0');
	if (c->at < c->stop && *c->at != '\r' && *c->at != '\n')
		return refuse(refusal, 400, "more behind the HTTP version");
	return take_line_end(c, &request_line, refusal);
}

static enum parse take_request_line(struct cursor *c, struct head *head, struct refusal *refusal)
{
	enum parse parse = skip_empty_lines(c, refusal);

	if (parse != PARSE_COMPLETE)
		return parse;
	line_begin(c);
	parse = take_method(c, head, refusal);
	if (parse == PARSE_COMPLETE)
		parse = take_target(c, head, refusal);
	if (parse == PARSE_COMPLETE)
		parse = take_version(c, head, refusal);
	return parse;
}

static enum parse refuse_name(const struct cursor *c, const char *start, bool is_first,
                              struct refusal *refusal)
{
	bool is_space = *c->at == ' ' || *c->at == '\t';

	if (*c->at == '\n')
		return refuse(refusal, 400, "line ended in LF alone, not CRLF");
	if (*c->at == '\0')
		return refuse(refusal, 400, field_line.nul);
	if (*c->at == '\r')
		return refuse(refusal, 400, "field line without a colon");
	if (*c->at == ':')
		return refuse(refusal, 400, "field line without a name");
	if (!is_space)
		return refuse(refusal, 400, "illegal character in a field name");
	if (c->at > start) /* RFC 9112 section 5.1 */
		return refuse(refusal, 400, "white space before the colon of a field");
	if (is_first) /* RFC 9112 section 2.2 */
		return refuse(refusal, 400, "white space before the first field");
	return refuse(refusal, 400, "folded field line (obs-fold)"); /* RFC 9112 section 5.2 */
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 section 5) */
static enum parse take_name(struct cursor *c, struct field *field, bool is_first,
                            struct refusal *refusal)
{
	const char *start = c->at;

	c->at = find_end_of_token(c->at, c->stop);
	if (c->at == c->stop)
		return out_of_bytes(c, &field_line, refusal);
	if (*c->at != ':' || c->at == start)
		return refuse_name(c, start, is_first, refusal);
	field->name = str_make(start, (size_t)(c->at - start));
	c->at++;
	return PARSE_COMPLETE;
}

static enum parse take_value(struct cursor *c, struct field *field, struct refusal *refusal)
{
	const char *start = c->at, *end;
	enum parse parse;

	while (start < c->stop && (*start == ' ' || *start == '\t'))
		start++;
	end = scan_text(start, c->stop, 0x1f);
	while (end < c->stop && *end == '\t')
		end = scan_text(end + 1, c->stop, 0x1f);
	c->at = end;
	parse = take_line_end(c, &field_line, refusal);
	if (parse != PARSE_COMPLETE)
		return parse;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	field->value = str_make(start, (size_t)(end - start));
	return PARSE_COMPLETE;
}

static enum parse take_field(struct cursor *c, struct head *head, struct refusal *refusal)
{
	struct field *field = &head->fields[head->field_count];
	enum parse parse;

	if (head->field_count == c->limits->field_max || head->field_count == head->field_cap)
		return refuse(refusal, 431, "too many field lines");
	line_begin(c);
	parse = take_name(c, field, head->field_count == 0, refusal);
	if (parse == PARSE_COMPLETE)
		parse = take_value(c, field, refusal);
	if (parse != PARSE_COMPLETE)
		return parse;
	field->id = field_find(field->name);
	head->field_count++;
	if (head->first[field->id] == 0)
		head->first[field->id] = (uint16_t)head->field_count;
	return PARSE_COMPLETE;
}

static enum parse take_fields(struct cursor *c, struct head *head, struct refusal *refusal)
{
	while (c->at < c->end && *c->at != '\r' && *c->at != '\n') {
		enum parse parse = take_field(c, head, refusal);

		if (parse != PARSE_COMPLETE)
			return parse;
	}
	return take_line_end(c, &field_line, refusal);
}

enum parse head_parse(struct str data, const struct head_limits *limits, struct head *head,
                      struct refusal *refusal)
{
	struct str window = str_head(data, limits->total_max);
	struct cursor c = { .limits = limits };
	enum parse parse;
	bool in_fields;

	*head = (struct head){ .fields = head->fields, .field_cap = head->field_cap };
	if (window.len == 0)
		return PARSE_PARTIAL;
	c.at = window.ptr;
	c.end = c.stop = window.ptr + window.len;
	parse = take_request_line(&c, head, refusal);
	in_fields = parse == PARSE_COMPLETE;
	if (in_fields)
		parse = take_fields(&c, head, refusal);
	/* A head of total_max bytes would have been complete by now. */
	if (parse == PARSE_PARTIAL && window.len == limits->total_max)
		return in_fields ? refuse(refusal, 431, "request head too large")
		                 : refuse(refusal, 414, request_line.too_long);
	head->size = (size_t)(c.at - window.ptr);
	return parse;
}

static struct str moved(struct str s, const char *from, const char *to)
{
	return str_make(to + (s.ptr - from), s.len);
}

void head_rebase(struct head *head, const char *from, const char *to)
{
	head->method_name = moved(head->method_name, from, to);
	head->target = moved(head->target, from, to);
	for (size_t i = 0; i < head->field_count; i++) {
		head->fields[i].name = moved(head->fields[i].name, from, to);
		head->fields[i].value = moved(head->fields[i].value, from, to);
	}
}

const struct field *head_next(const struct head *head, const struct field *field)
{
	const struct field *end = head->fields + head->field_count;

	for (const struct field *each = field + 1; each < end; each++) {
		if (each->id == field->id)
			return each;
	}
	return NULL;
}

const struct field *head_find(const struct head *head, struct str name)
{
	enum field_id id = field_find(name);

	if (id != FIELD_OTHER)
		return head_field(head, id);
	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].id == FIELD_OTHER && str_eq_nocase(head->fields[i].name, name))
			return &head->fields[i];
	}
	return NULL;
}

size_t head_count(const struct head *head, enum field_id id)
{
	size_t count = 0;

	for (const struct field *f = head_field(head, id); f; f = head_next(head, f))
		count++;
	return count;
}
