#include "server/response_head.h"

#include "base/clock.h"
#include "http/date.h"
#include "http/escape.h"
#include "http/mime.h"
#include "http/statuses.h"
#include "server/vars.h"

enum { RESPONSE_HEAD = 768 }; /* bytes usually enough for a head */

static inline void head_line(struct buf *b, const char *name, struct str value)
{
	buf_text(b, name);
	buf_add(b, value);
	buf_text(b, "\r\n");
}

static void head_date_line(struct buf *b, const char *name, time_t when)
{
	char date[DATE_SIZE];

	date_format(when, date);
	head_line(b, name, str_make(date, DATE_SIZE));
}

static void head_status_line(struct buf *b, const struct response *p)
{
	struct str reason = p->reason.len > 0 ? p->reason : status_reason(p->status);

	buf_text(b, "HTTP/1.1 ");
	buf_u64_pad(b, p->status, 3);
	buf_byte(b, ' ');
	buf_add(b, reason);
	buf_text(b, "\r\n");
}

static void head_server_and_date(struct buf *b, const struct request *r)
{
	if (!r->response.has_server)
		buf_text(b, request_settings(r)->server_tokens ? "Server: webserv/" WEBSERV_VERSION
		                                                 "\r\n"
		                                               : "Server: webserv\r\n");
	if (!r->response.has_date)
		head_line(b, "Date: ", clock_http_date());
}

static void head_content_type(struct buf *b, const struct request *r)
{
	const struct response *p = &r->response;
	struct str charset = request_settings(r)->charset;

	/* There is nothing that a 204 of ours could be of this type. */
	if (p->content_type.len == 0 || (p->status == 204 && !p->is_programs))
		return;
	buf_text(b, "Content-Type: ");
	buf_add(b, p->content_type);
	if (p->add_charset && charset.len > 0 && mime_is_text(p->content_type)) {
		buf_text(b, "; charset=");
		buf_add(b, charset);
	}
	buf_text(b, "\r\n");
}

/* RFC 9110 section 11.6.1. Whatever page goes with it: the client needs it for the next attempt. */
static void head_challenge(struct buf *b, const struct request *r)
{
	if (r->response.status == 401 && r->challenge.len > 0)
		head_line(b, "WWW-Authenticate: ", r->challenge);
}

/* RFC 6585 section 4. Whatever page goes with it: the client needs it for the next attempt. */
static void head_retry_after(struct buf *b, const struct request *r)
{
	if (r->response.status == 429 && r->retry_after > 0)
		buf_format(b, "Retry-After: %u\r\n", r->retry_after);
}

static void head_allow(struct buf *b, unsigned allow)
{
	const char *comma = "";

	buf_text(b, "Allow: ");
	for (enum method m = METHOD_GET; m < METHOD_COUNT; m++)
		if (allow & METHOD_BIT(m)) {
			buf_text(b, comma);
			buf_add(b, method_name(m));
			comma = ", ";
		}
	buf_text(b, "\r\n");
}

/* Cache-Control beside Expires, which caches that know it prefer (RFC 9111 section 5.3). */
static void head_expires(struct buf *b, const struct request *r)
{
	const struct expires *e = &request_settings(r)->expires;
	time_t now = clock_cached.wall.tv_sec;
	int64_t age = e->seconds;

	switch (e->mode) {
	case EXPIRES_OFF:
		return;
	case EXPIRES_EPOCH:
		buf_text(b,
		         "Expires: Thu, 01 Jan 1970 00:00:01 GMT\r\nCache-Control: no-cache\r\n");
		return;
	case EXPIRES_MAX:
		buf_text(b, "Expires: Thu, 31 Dec 2037 23:55:55 GMT\r\n"
		            "Cache-Control: max-age=315360000\r\n");
		return;
	case EXPIRES_MODIFIED:
		age = (int64_t)r->response.modified + e->seconds - (int64_t)now;
		break;
	case EXPIRES_TIME:
		break;
	}
	head_date_line(b, "Expires: ", now + (time_t)age);
	if (age < 0)
		buf_text(b, "Cache-Control: no-cache\r\n");
	else
		buf_format(b, "Cache-Control: max-age=%lld\r\n", (long long)age);
}

/* The statuses on which add_header without `always` and expires have an effect: nginx's list. */
static bool head_status_is_good(unsigned status)
{
	switch (status) {
	case 200:
	case 201:
	case 204:
	case 206:
	case 301:
	case 302:
	case 303:
	case 304:
	case 307:
	case 308:
		return true;
	default:
		return false;
	}
}

static void head_added(struct buf *b, struct request *r)
{
	const struct added_header_list *list = &request_settings(r)->headers;
	bool is_good = head_status_is_good(r->response.status);

	for (size_t i = 0; i < list->count; i++) {
		const struct added_header *h = &list->items[i];
		struct str value;

		if (!is_good && !h->always)
			continue;
		value = vars_text(&h->value, r);
		if (value.len == 0)
			continue;
		if (!escape_is_field_safe(value)) {
			request_log(
			        r, LOG_WARN,
			        "add_header %.*s: the value holds a control character; left out",
			        STR_ARG(h->name));
			continue;
		}
		buf_add(b, h->name);
		buf_text(b, ": ");
		buf_add(b, value);
		buf_text(b, "\r\n");
	}
}

static void head_connection(struct buf *b, const struct request *r)
{
	msec announced = request_settings(r)->keepalive_header;

	if (r->close_after)
		buf_text(b, "Connection: close\r\n");
	else if (r->head.minor == 0)
		buf_text(b, "Connection: keep-alive\r\n");
	if (!r->close_after && announced > 0)
		buf_format(b, "Keep-Alive: timeout=%llu\r\n",
		           (unsigned long long)(announced / 1000));
}

static void head_framing(struct buf *b, const struct response *p, enum output_framing framing)
{
	if (status_is_bodiless(p->status) && p->status != 304)
		return; /* RFC 9110 section 8.6: no Content-Length on 1xx and 204 */
	if (p->status == 304)
		return; /* it would have to be that of the 200; a cache keeps what it has */
	if (framing == OUTPUT_CHUNKED)
		buf_text(b, "Transfer-Encoding: chunked\r\n");
	if (framing == OUTPUT_CHUNKED || p->body.length < 0)
		return;
	buf_text(b, "Content-Length: ");
	buf_u64(b, (uint64_t)p->body.length);
	buf_text(b, "\r\n");
}

void response_location(struct buf *b, const struct request *r, struct str location)
{
	bool is_path = location.ptr[0] == '/' && !str_starts_with(location, STR_OF("//"));

	buf_text(b, "Location: ");
	if (is_path && r->host.text.len > 0 && request_settings(r)->absolute_redirect)
		buf_format(b, "http://%.*s", STR_ARG(r->host.text));
	buf_add(b, location);
	buf_text(b, "\r\n");
}

struct str response_head(struct request *r, enum output_framing framing)
{
	struct response *p = &r->response;
	struct buf b = buf_in_arena(&r->arena, RESPONSE_HEAD);

	head_status_line(&b, p);
	head_server_and_date(&b, r);
	head_content_type(&b, r);
	head_framing(&b, p, framing);
	if (p->encoding.len > 0)
		head_line(&b, "Content-Encoding: ", p->encoding);
	if (p->modified > 0)
		head_date_line(&b, "Last-Modified: ", p->modified);
	if (p->etag.len > 0)
		head_line(&b, "ETag: ", p->etag);
	if (p->location.len > 0)
		response_location(&b, r, p->location);
	if (p->allow != 0)
		head_allow(&b, p->allow);
	head_challenge(&b, r);
	head_retry_after(&b, r);
	if (p->vary.len > 0)
		head_line(&b, "Vary: ", p->vary);
	if (p->is_cacheable && head_status_is_good(p->status))
		head_expires(&b, r);
	buf_add(&b, buf_str(&p->fields));
	head_added(&b, r);
	head_connection(&b, r);
	buf_text(&b, "\r\n");
	return b.failed || p->fields.failed ? str_make(NULL, 0) : buf_str(&b);
}
