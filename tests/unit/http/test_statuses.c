#include "http/statuses.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(statuses, have_the_registered_reasons)
{
	static const struct {
		unsigned code;
		const char *reason; /* "" where there is no row */
		const char *source;
	} rows[] = {
		{ 100, "Continue", "RFC 9110 section 15.2.1" },
		{ 101, "Switching Protocols", "RFC 9110 section 15.2.2" },
		{ 102, "Processing", "RFC 2518" },
		{ 103, "Early Hints", "RFC 8297" },
		{ 104, "Upload Resumption Supported", "the resumable uploads draft" },
		{ 200, "OK", "RFC 9110 section 15.3.1" },
		{ 201, "Created", "RFC 9110 section 15.3.2" },
		{ 202, "Accepted", "RFC 9110 section 15.3.3" },
		{ 203, "Non-Authoritative Information", "RFC 9110 section 15.3.4" },
		{ 204, "No Content", "RFC 9110 section 15.3.5" },
		{ 205, "Reset Content", "RFC 9110 section 15.3.6" },
		{ 206, "Partial Content", "RFC 9110 section 15.3.7" },
		{ 207, "Multi-Status", "RFC 4918" },
		{ 208, "Already Reported", "RFC 5842" },
		{ 226, "IM Used", "RFC 3229" },
		{ 300, "Multiple Choices", "RFC 9110 section 15.4.1" },
		{ 301, "Moved Permanently", "RFC 9110 section 15.4.2" },
		{ 302, "Found", "RFC 9110 section 15.4.3" },
		{ 303, "See Other", "RFC 9110 section 15.4.4" },
		{ 304, "Not Modified", "RFC 9110 section 15.4.5" },
		{ 305, "Use Proxy", "RFC 9110 section 15.4.6" },
		{ 306, "", "RFC 9110 section 15.4.7: unused" },
		{ 307, "Temporary Redirect", "RFC 9110 section 15.4.8" },
		{ 308, "Permanent Redirect", "RFC 9110 section 15.4.9" },
		{ 400, "Bad Request", "RFC 9110 section 15.5.1" },
		{ 401, "Unauthorized", "RFC 9110 section 15.5.2" },
		{ 402, "Payment Required", "RFC 9110 section 15.5.3" },
		{ 403, "Forbidden", "RFC 9110 section 15.5.4" },
		{ 404, "Not Found", "RFC 9110 section 15.5.5" },
		{ 405, "Method Not Allowed", "RFC 9110 section 15.5.6" },
		{ 406, "Not Acceptable", "RFC 9110 section 15.5.7" },
		{ 407, "Proxy Authentication Required", "RFC 9110 section 15.5.8" },
		{ 408, "Request Timeout", "RFC 9110 section 15.5.9" },
		{ 409, "Conflict", "RFC 9110 section 15.5.10" },
		{ 410, "Gone", "RFC 9110 section 15.5.11" },
		{ 411, "Length Required", "RFC 9110 section 15.5.12" },
		{ 412, "Precondition Failed", "RFC 9110 section 15.5.13" },
		{ 413, "Content Too Large", "RFC 9110 section 15.5.14" },
		{ 414, "URI Too Long", "RFC 9110 section 15.5.15" },
		{ 415, "Unsupported Media Type", "RFC 9110 section 15.5.16" },
		{ 416, "Range Not Satisfiable", "RFC 9110 section 15.5.17" },
		{ 417, "Expectation Failed", "RFC 9110 section 15.5.18" },
		{ 418, "", "RFC 9110 section 15.5.19: unused" },
		{ 421, "Misdirected Request", "RFC 9110 section 15.5.20" },
		{ 422, "Unprocessable Content", "RFC 9110 section 15.5.21" },
		{ 423, "Locked", "RFC 4918" },
		{ 424, "Failed Dependency", "RFC 4918" },
		{ 425, "Too Early", "RFC 8470" },
		{ 426, "Upgrade Required", "RFC 9110 section 15.5.22" },
		{ 428, "Precondition Required", "RFC 6585 section 3" },
		{ 429, "Too Many Requests", "RFC 6585 section 4" },
		{ 431, "Request Header Fields Too Large", "RFC 6585 section 5" },
		{ 444, "", "nginx's way to close, never sent" },
		{ 451, "Unavailable For Legal Reasons", "RFC 7725" },
		{ 500, "Internal Server Error", "RFC 9110 section 15.6.1" },
		{ 501, "Not Implemented", "RFC 9110 section 15.6.2" },
		{ 502, "Bad Gateway", "RFC 9110 section 15.6.3" },
		{ 503, "Service Unavailable", "RFC 9110 section 15.6.4" },
		{ 504, "Gateway Timeout", "RFC 9110 section 15.6.5" },
		{ 505, "HTTP Version Not Supported", "RFC 9110 section 15.6.6" },
		{ 506, "Variant Also Negotiates", "RFC 2295" },
		{ 507, "Insufficient Storage", "RFC 4918" },
		{ 508, "Loop Detected", "RFC 5842" },
		{ 510, "Not Extended", "RFC 2774" },
		{ 511, "Network Authentication Required", "RFC 6585 section 6" },
		{ 0, "", "below all of them" },
		{ 99, "", "below the first" },
		{ 105, "", "in a gap" },
		{ 512, "", "above the last" },
		{ 4294967295, "", "the largest number" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct status *row = status_find(rows[i].code);
		struct str reason = status_reason(rows[i].code);

		cr_expect(str_eq(reason, str_from(rows[i].reason)), "%u (%s): got %.*s",
		          rows[i].code, rows[i].source, STR_ARG(reason));
		cr_expect(row ? row->code == rows[i].code : rows[i].reason[0] == '\0', "%u",
		          rows[i].code);
	}
}

/* One whole sentence or more for whoever meets the page, and none where there is nothing to explain. */
Test(statuses, advise_where_something_went_wrong)
{
	for (unsigned code = 0; code < 1000; code++) {
		const struct status *row = status_find(code);

		if (!row)
			continue;
		if (code < 400) {
			cr_expect(row->advice.len == 0, "%u", code);
			continue;
		}
		cr_assert(row->advice.len > 0, "%u", code);
		cr_expect(str_ends_with(row->advice, STR_OF(".")), "%u", code);
	}
}

Test(statuses, know_which_have_no_body)
{
	static const struct {
		unsigned code;
		bool expected;
	} rows[] = {
		{ 100, true },  { 199, true },  { 200, false }, { 204, true },
		{ 205, false }, { 206, false }, { 303, false }, { 304, true },
		{ 307, false }, { 404, false }, { 500, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(status_is_bodiless(rows[i].code) == rows[i].expected,
		          "%u (RFC 9112 section 6.3)", rows[i].code);
}
