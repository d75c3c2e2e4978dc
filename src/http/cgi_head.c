#include "http/cgi_head.h"

/* What the lines have said that is settled only at the empty one. */
struct cgi_seen {
	bool has_status;
	bool has_location;
};

/* Takes the next line off *rest, without its LF or CRLF. False where none is complete yet. */
static bool line_take(struct str *rest, struct str *line)
{
	size_t end = str_find(*rest, '\n');

	if (end == rest->len)
		return false;
	*line = str_head(*rest, end > 0 && rest->ptr[end - 1] == '\r' ? end - 1 : end);
	*rest = str_from_index(*rest, end + 1);
	return true;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/*
 * Status = 3digit SP reason-phrase (RFC 3875 section 6.3.3); the phrase and its space may be
 * missing.
 */
static enum parse take_status(struct cgi_head *head, struct str value, struct refusal *refusal)
{
	uint64_t code;

	if (!str_parse_u64(str_head(value, 3), &code) || code < 200 || code > 599 ||
	    (value.len > 3 && value.ptr[3] != ' ' && value.ptr[3] != '\t'))
		return refuse(refusal, 502, "Status is not three digits of 200 to 599");
	head->status = (unsigned)code;
	head->reason = str_trim(str_from_index(value, 3));
	return PARSE_COMPLETE;
}

static enum parse take_length(struct cgi_head *head, struct str value, struct refusal *refusal)
{
	uint64_t length;

	if (!str_parse_u64(value, &length))
		return refuse(refusal, 502, "Content-Length is not a number");
	if (head->has_length && head->length != length)
		return refuse(refusal, 502, "two Content-Lengths that differ");
	head->has_length = true;
	head->length = length;
	return PARSE_COMPLETE;
}

/* Keeps a field for the response. */
static enum parse pass_on(struct cgi_head *head, const struct field *field, struct refusal *refusal)
{
	if (head->field_count == head->field_cap)
		return refuse(refusal, 502, "too many header fields");
	head->fields[head->field_count++] = *field;
	return PARSE_COMPLETE;
}

/* The fields that say what the response is may come once only (RFC 3875 section 6.3). */
static enum parse take_field(struct cgi_head *head, struct cgi_seen *seen,
                             const struct field *field, struct refusal *refusal)
{
	switch (field->id) {
	case FIELD_STATUS:
		if (seen->has_status)
			return refuse(refusal, 502, "Status twice");
		seen->has_status = true;
		return take_status(head, field->value, refusal);
	case FIELD_CONTENT_LENGTH:
		return take_length(head, field->value, refusal);
	case FIELD_LOCATION:
		if (seen->has_location || field->value.len == 0)
			return refuse(refusal, 502, "Location twice or empty");
		seen->has_location = true;
		head->location = field->value;
		return pass_on(head, field, refusal);
	case FIELD_CONTENT_TYPE:
		if (head->has_content_type || field->value.len == 0)
			return refuse(refusal, 502, "Content-Type twice or empty");
		head->has_content_type = true;
		return pass_on(head, field, refusal);
	default:
		if (field_info(field->id)->flags & FIELD_HOP)
			return PARSE_COMPLETE;
		return pass_on(head, field, refusal);
	}
}

static enum parse take_line(struct cgi_head *head, struct cgi_seen *seen, struct str line,
                            bool is_first, struct refusal *refusal)
{
	size_t colon = str_find(line, ':');
	struct field field = { .name = str_head(line, colon) };

	if (is_first && str_starts_with(line, STR_OF("HTTP/")))
		return refuse(refusal, 502,
		              "a status line (HTTP/...) where CGI wants header fields");
	if (colon == line.len)
		return refuse(refusal, 502,
		              is_first ? "no header before the output" : "a line without a colon");
	if (!field_is_token(field.name))
		return refuse(refusal, 502, "an illegal header field name");
	field.value = str_trim(str_from_index(line, colon + 1));
	if (has_control(field.value))
		return refuse(refusal, 502, "a control character in a header field");
	field.id = field_find(field.name);
	return take_field(head, seen, &field, refusal);
}

/* Nothing but its Location makes up a local redirect; the rest of its fields go with it. */
static void drop_location(struct cgi_head *head)
{
	size_t kept = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].id != FIELD_LOCATION)
			head->fields[kept++] = head->fields[i];
	}
	head->field_count = kept;
}

/*
 * RFC 3875 section 6.2. A path alone is a local redirect; with a Status it is meant for the client,
 * as frameworks send "Status: 302" and "Location: /login". A Status that is no redirect (201) makes
 * its Location an ordinary field.
 */
static enum parse conclude(struct cgi_head *head, const struct cgi_seen *seen,
                           struct refusal *refusal)
{
	if (!seen->has_location) {
		if (!head->has_content_type && !seen->has_status)
			return refuse(refusal, 502, "neither Content-Type nor Location nor Status");
		return PARSE_COMPLETE;
	}
	if (!seen->has_status && head->location.ptr[0] == '/') {
		head->kind = CGI_LOCAL_REDIRECT;
		drop_location(head);
		return PARSE_COMPLETE;
	}
	if (!seen->has_status)
		head->status = 302;
	if (head->status >= 300 && head->status <= 399)
		head->kind =
		        head->has_content_type ? CGI_CLIENT_REDIRECT_DOCUMENT : CGI_CLIENT_REDIRECT;
	return PARSE_COMPLETE;
}

enum parse cgi_head_parse(struct str data, struct cgi_head *head, struct refusal *refusal)
{
	struct cgi_seen seen = { 0 };
	struct str rest = str_head(data, CGI_HEAD_MAX);
	struct str line;

	*head = (struct cgi_head){
		.status = 200,
		.fields = head->fields,
		.field_cap = head->field_cap,
	};
	for (bool is_first = true; line_take(&rest, &line); is_first = false) {
		if (line.len == 0) {
			head->size = (size_t)(rest.ptr - data.ptr);
			return conclude(head, &seen, refusal);
		}
		if (take_line(head, &seen, line, is_first, refusal) == PARSE_BAD)
			return PARSE_BAD;
	}
	if (data.len >= CGI_HEAD_MAX)
		return refuse(refusal, 502, "a header block without an end");
	return PARSE_PARTIAL;
}
