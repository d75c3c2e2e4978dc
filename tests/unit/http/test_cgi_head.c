#include "http/cgi_head.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { FIELD_CAP = 8 };

static const char *const kind_names[] = {
	[CGI_DOCUMENT] = "document",
	[CGI_LOCAL_REDIRECT] = "local",
	[CGI_CLIENT_REDIRECT] = "redirect",
	[CGI_CLIENT_REDIRECT_DOCUMENT] = "redirect+document",
};

/* "document 200 (Reason) [Name=value] #length @size", or "partial", or "bad 502". */
static struct str describe(struct str data, char *memory, size_t room)
{
	struct field fields[FIELD_CAP];
	struct cgi_head head = { .fields = fields, .field_cap = FIELD_CAP };
	struct buf out = buf_fixed(memory, room);
	struct refusal refusal = { 0 };
	struct str in = guard_copy(data);
	enum parse parse = cgi_head_parse(in, &head, &refusal);

	if (parse == PARSE_PARTIAL)
		buf_text(&out, "partial");
	if (parse == PARSE_BAD)
		buf_format(&out, "bad %u", refusal.status);
	if (parse == PARSE_COMPLETE) {
		buf_format(&out, "%s %u (%.*s)", kind_names[head.kind], head.status,
		           STR_ARG(head.reason));
		for (size_t i = 0; i < head.field_count; i++)
			buf_format(&out, " [%.*s=%.*s]", STR_ARG(fields[i].name),
			           STR_ARG(fields[i].value));
		if (head.location.len > 0)
			buf_format(&out, " >%.*s", STR_ARG(head.location));
		if (head.has_length)
			buf_format(&out, " #%llu", (unsigned long long)head.length);
		if (head.has_content_type)
			buf_text(&out, " typed");
		buf_format(&out, " @%zu", head.size);
	}
	guard_free(in);
	return buf_str(&out);
}

#define CT  "Content-Type: a/b\r\n"
#define BAD "bad 502"

static const struct {
	const char *name, *data, *expected;
} rows[] = {
	{ "a document (RFC 3875 section 6.2.1)", CT "\r\nbody",
	  "document 200 () [Content-Type=a/b] typed @21" },
	{ "lines may end in LF alone (RFC 3875 section 6.2)", "Content-Type: a/b\n\nbody",
	  "document 200 () [Content-Type=a/b] typed @19" },
	{ "line ends may be mixed", "Content-Type: a/b\n\r\n",
	  "document 200 () [Content-Type=a/b] typed @20" },
	{ "names are in any case", "CONTENT-type:a/b\n\n",
	  "document 200 () [CONTENT-type=a/b] typed @18" },
	{ "a Status with a reason (RFC 3875 section 6.3.3)", "Status: 404 Not Found\n" CT "\n",
	  "document 404 (Not Found) [Content-Type=a/b] typed @42" },
	{ "a reason of the program's own is kept", "Status: 418 I am a teapot\n\n",
	  "document 418 (I am a teapot) @27" },
	{ "a Status without a reason", "Status: 404\n\n", "document 404 () @13" },
	{ "a Status with a space and no reason", "Status: 404 \n\n", "document 404 () @14" },
	{ "a Status alone is enough", "Status: 204 No Content\r\n\r\n",
	  "document 204 (No Content) @26" },
	{ "a Status behind other fields counts", CT "Status: 201 Made\r\n\r\n",
	  "document 201 (Made) [Content-Type=a/b] typed @39" },
	{ "a length (RFC 9110 section 8.6)", CT "Content-Length: 12\r\n\r\n",
	  "document 200 () [Content-Type=a/b] #12 typed @41" },
	{ "a length of 0", CT "Content-Length: 0\r\n\r\n",
	  "document 200 () [Content-Type=a/b] #0 typed @40" },
	{ "the same length twice is one", CT "Content-Length: 7\nContent-Length: 7\n\n",
	  "document 200 () [Content-Type=a/b] #7 typed @56" },
	{ "a local redirect (RFC 3875 section 6.2.2)", "Location: /other?x=1\n\n",
	  "local 200 () >/other?x=1 @22" },
	{ "the Location of a local redirect is not passed on, other fields are",
	  "X-A: 1\nLocation: /other\nX-B: 2\n\n", "local 200 () [X-A=1] [X-B=2] >/other @32" },
	{ "a client redirect (RFC 3875 section 6.2.3)", "Location: http://a/b\n\n",
	  "redirect 302 () [Location=http://a/b] >http://a/b @22" },
	{ "a client redirect with a document (RFC 3875 section 6.2.4)",
	  "Status: 301 Moved\nLocation: http://a/b\nContent-Type: a/b\n\n",
	  "redirect+document 301 (Moved) [Location=http://a/b] [Content-Type=a/b] >http://a/b "
	  "typed @58" },
	{ "a path with a Status is meant for the client", "Status: 302 Found\nLocation: /login\n\n",
	  "redirect 302 (Found) [Location=/login] >/login @36" },
	{ "a relative Location is meant for the client", "Location: other.html\n\n",
	  "redirect 302 () [Location=other.html] >other.html @22" },
	{ "a Status that is no redirect makes Location an ordinary field",
	  "Status: 201 Created\nLocation: /new\n\n",
	  "document 201 (Created) [Location=/new] >/new @36" },
	{ "fields are passed on in order, cookies apart (RFC 6265 section 3)",
	  CT "Set-Cookie: a=1\nX-A: b\nSet-Cookie: c=2\n\n",
	  "document 200 () [Content-Type=a/b] [Set-Cookie=a=1] [X-A=b] [Set-Cookie=c=2] typed "
	  "@59" },
	{ "hop-by-hop fields are dropped (RFC 9110 section 7.6.1)",
	  CT "Connection: close\nKeep-Alive: x\nTransfer-Encoding: chunked\nTE: x\nTrailer: x\n"
	     "Upgrade: x\nProxy-Connection: x\n\n",
	  "document 200 () [Content-Type=a/b] typed @127" },
	{ "white space around a value goes", "Content-Type: \t a/b \t\n\n",
	  "document 200 () [Content-Type=a/b] typed @23" },
	{ "a colon in a value stays", CT "X-A: b:c\n\n",
	  "document 200 () [Content-Type=a/b] [X-A=b:c] typed @29" },
	{ "an empty value is passed on", CT "X-A:\n\n",
	  "document 200 () [Content-Type=a/b] [X-A=] typed @25" },
	{ "a tab within a value is allowed (RFC 9110 section 5.5)", CT "X-A: b\tc\n\n",
	  "document 200 () [Content-Type=a/b] [X-A=b\tc] typed @29" },
	{ "bytes above 0x7f in a value are allowed (RFC 9110 section 5.5)", CT "X-A: \xe4\n\n",
	  "document 200 () [Content-Type=a/b] [X-A=\xe4] typed @27" },
	{ "no output yet", "", "partial" },
	{ "no empty line yet", CT, "partial" },
	{ "a CR of the empty line only", CT "\r", "partial" },
	{ "no line yet", "Content-Type: a/b", "partial" },
	{ "as many fields as there is room for", CT "A:1\nB:2\nC:3\nD:4\nE:5\nF:6\nG:7\n\n",
	  "document 200 () [Content-Type=a/b] [A=1] [B=2] [C=3] [D=4] [E=5] [F=6] [G=7] typed "
	  "@48" },
	{ "more fields than there is room for", CT "A:1\nB:2\nC:3\nD:4\nE:5\nF:6\nG:7\nH:8\n\n",
	  BAD },
	{ "output without a header", "<html>hello</html>\n", BAD },
	{ "output that begins with an empty line", "\nhello\n", BAD },
	{ "a shell's error message", "sh: not found\n\n", BAD },
	{ "a status line of HTTP", "HTTP/1.1 200 OK\r\n" CT "\r\n", BAD },
	{ "a status line of HTTP with a colon in it", "HTTP/1.1: 200\r\n" CT "\r\n", BAD },
	{ "a later line without a colon", CT "hello\n\n", BAD },
	{ "a folded line (RFC 9112 section 5.2)", CT " more\n\n", BAD },
	{ "a folded line with a colon", CT "\tX: y\n\n", BAD },
	{ "white space before the colon (RFC 9112 section 5.1)", "Content-Type : a/b\n\n", BAD },
	{ "an empty name", CT ": x\n\n", BAD },
	{ "an illegal byte in a name", CT "X(A): b\n\n", BAD },
	{ "a control in a value", CT "X-A: b\x01\n\n", BAD },
	{ "a DEL in a value", CT "X-A: b\x7f\n\n", BAD },
	{ "a bare CR in a value", CT "X-A: b\rX-B: c\n\n", BAD },
	{ "two CRs at a line's end", CT "X-A: b\r\r\n\n", BAD },
	{ "neither Content-Type nor Location nor Status (RFC 3875 section 6.2)", "X-A: b\n\n",
	  BAD },
	{ "a length alone is not enough", "Content-Length: 4\n\n", BAD },
	{ "a Status of two digits", "Status: 20\n\n", BAD },
	{ "a Status of four digits", "Status: 2000\n\n", BAD },
	{ "a Status with letters behind it", "Status: 200OK\n\n", BAD },
	{ "a Status of words", "Status: OK\n\n", BAD },
	{ "an empty Status", "Status:\n" CT "\n", BAD },
	{ "an interim Status", "Status: 100 Continue\n\n", BAD },
	{ "a Status of 199", "Status: 199 x\n\n", BAD },
	{ "a Status of 600", "Status: 600 x\n\n", BAD },
	{ "a Status with a sign", "Status: +20 x\n\n", BAD },
	{ "a Status twice (RFC 3875 section 6.3)", "Status: 200\nStatus: 200\n\n", BAD },
	{ "a Content-Type twice (RFC 3875 section 6.3)", CT CT "\n", BAD },
	{ "a Location twice (RFC 3875 section 6.3)", "Location: /a\nLocation: /b\n\n", BAD },
	{ "an empty Content-Type", "Content-Type:\n\n", BAD },
	{ "an empty Location", "Location:\n" CT "\n", BAD },
	{ "a length that is no number", CT "Content-Length: x\n\n", BAD },
	{ "an empty length", CT "Content-Length:\n\n", BAD },
	{ "a negative length", CT "Content-Length: -1\n\n", BAD },
	{ "a list of lengths", CT "Content-Length: 1, 1\n\n", BAD },
	{ "a length over 64 bits", CT "Content-Length: 18446744073709551616\n\n", BAD },
	{ "two lengths that differ", CT "Content-Length: 1\nContent-Length: 2\n\n", BAD },
};

/* Every prefix is partial until the verdict, and the verdict then stands whatever follows. */
static void check_prefixes(const char *name, struct str data, struct str verdict)
{
	bool is_decided = false;

	for (size_t len = 0; len < data.len; len++) {
		char memory[512];
		struct str got = describe(str_head(data, len), memory, sizeof memory);

		if (!is_decided && str_eq(got, STR_OF("partial")))
			continue;
		is_decided = true;
		cr_expect(str_eq(got, verdict), "%s: cut at %zu, got %.*s", name, len,
		          STR_ARG(got));
	}
}

Test(cgi_head, gives_one_verdict_at_every_split_point)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[512];
		struct str data = str_from(rows[i].data);
		struct str got = describe(data, memory, sizeof memory);

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
		check_prefixes(rows[i].name, data, str_from(rows[i].expected));
	}
}

Test(cgi_head, refuses_a_nul)
{
	char memory[64];
	struct str in_value = STR("Content-Type: a/\0b\n\n");
	struct str in_name = STR("Content\0Type: a/b\n\n");

	cr_expect(str_eq(describe(in_value, memory, sizeof memory), STR_OF(BAD)));
	cr_expect(str_eq(describe(in_name, memory, sizeof memory), STR_OF(BAD)));
}

/* A block that ends exactly at the limit passes; one byte more, or no end within it, does not. */
Test(cgi_head, limits_the_block)
{
	static char block[CGI_HEAD_MAX + 2];
	static char memory[256];
	static char fields_memory[CGI_HEAD_MAX * 2];
	static const char front[] = "Status: 200\nX: ";

	memset(block, 'p', sizeof block);
	memcpy(block, front, sizeof front - 1);
	cr_expect(str_eq(describe(str_make(block, CGI_HEAD_MAX - 1), memory, sizeof memory),
	                 STR_OF("partial")));
	cr_expect(str_eq(describe(str_make(block, CGI_HEAD_MAX), memory, sizeof memory),
	                 STR_OF(BAD)));
	memcpy(block + CGI_HEAD_MAX - 2, "\n\n", 2);
	cr_expect(str_starts_with(
	        describe(str_make(block, CGI_HEAD_MAX + 2), fields_memory, sizeof fields_memory),
	        STR_OF("document 200")));
	block[CGI_HEAD_MAX - 2] = 'p';
	memcpy(block + CGI_HEAD_MAX - 1, "\n\n", 2);
	cr_expect(str_eq(describe(str_make(block, CGI_HEAD_MAX + 2), memory, sizeof memory),
	                 STR_OF(BAD)));
}
