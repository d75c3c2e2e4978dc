/* Raw bytes in, exact bytes out: one row for each kind of request. In what is expected ~ stands for the rest of a line, ^ for any text. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD(status) "HTTP/1.1 " status "\r\nServer: webserv/~\r\nDate: ~ GMT\r\n"
#define CLOSE        "Connection: close\r\n\r\n"
#define TIMES        "Last-Modified: Thu, 02 Jan 2020 03:04:05 GMT\r\n"
#define TEN          TIMES "ETag: \"5e0d5da5.0-a\"\r\nAccept-Ranges: bytes\r\n"
#define HOST         "Host: a\r\n"
#define ASK_CLOSE    HOST "Connection: close\r\n\r\n"
#define PAGE         "Content-Type: text/html; charset=utf-8\r\nContent-Length: ~\r\n"
#define PAGE_POLICY \
	"Vary: Accept\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: ~\r\n"
#define ERROR(status) HEAD(status) PAGE PAGE_POLICY CLOSE "<!doctype html>^</html>\n"

static const char site[] =
        "error_log error.log info;"
        "server { listen 127.0.0.1:0; server_name a; root www; autoindex off;"
        "  large_client_header_buffers 4 1k;"
        "  client_max_body_size 1k;"
        "  location /text { default_type text/plain; return 200 'host $host, path $uri'; }"
        "  location /old { return 301 /new; }"
        "  location /found { return 302 http://other.example/x; }"
        "  location /gone { return 410; }"
        "  location /silent { return 444; }"
        "  location /get { alias www; methods GET; }"
        "  location /files/ { alias store/; upload_store store; upload_overwrite on; }"
        "  location ~ \\.sh$ { cgi .sh; }"
        "}"
        "server { listen 127.0.0.1:0; server_name b.example *.b.example; return 200 b; }";

struct row {
	const char *name, *request, *answer;
};

static struct live l;

static void open_live(void)
{
	live_open(&l);
	mkdir(live_path(&l, "store"), 0755);
	mkdir(live_path(&l, "www/dir"), 0755);
	live_write(&l, "www/index.html", "hello\n");
	live_write(&l, "www/ten.txt", "0123456789");
	live_write(&l, "www/a b.txt", "space\n");
	live_write(&l, "www/echo.sh",
	           "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s [%s] [%s] ' "
	           "\"$REQUEST_METHOD\" \"$CONTENT_LENGTH\" \"$QUERY_STRING\"\ncat\n");
	live_write(&l, "www/status.sh", "#!/bin/sh\nprintf 'Status: 418 I am a teapot\\n\\n'\n");
	live_write(&l, "www/moved.sh", "#!/bin/sh\nprintf 'Location: http://x.example/\\n\\n'\n");
	live_write(&l, "www/local.sh", "#!/bin/sh\nprintf 'Location: /ten.txt\\n\\n'\n");
	live_write(&l, "www/broken.sh", "#!/bin/sh\nexit 3\n");
	for (const char *const *name =
	             (const char *const[]){ "echo", "status", "moved", "local", "broken", NULL };
	     *name; name++) {
		char path[40];

		snprintf(path, sizeof path, "www/%s.sh", *name);
		chmod(live_path(&l, path), 0755);
	}
	live_start(&l, site);
}

static void close_live(void)
{
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
	live_close(&l);
}

TestSuite(http, .init = open_live, .fini = close_live);

static void run(const struct row *rows, size_t count)
{
	static char answer[LIVE_TEXT];

	for (size_t i = 0; i < count; i++) {
		live_exchange(&l, rows[i].request, answer, sizeof answer);
		cr_expect(live_matches(rows[i].answer, answer), "%s: it said\n%.900s", rows[i].name,
		          answer);
	}
}
#define RUN(rows) run(rows, sizeof(rows) / sizeof *(rows))

/* ---- files ------------------------------------------------------------------------------------------- */

static const struct row file_rows[] = {
	{ "a directory is answered with its index", "GET / HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "Content-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n" TIMES
	                 "ETag: \"5e0d5da5.0-6\"\r\nAccept-Ranges: bytes\r\n" CLOSE "hello\n" },
	{ "HEAD has every field and no body (RFC 9110 section 9.3.2)",
	  "HEAD /ten.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\n" TEN
	          CLOSE },
	{ "HTTP/1.0 without a Host is answered and closed", "GET /ten.txt HTTP/1.0\r\n\r\n",
	  HEAD("200 OK") "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\n" TEN
	          CLOSE "0123456789" },
	{ "a query and escapes do not change the file", "GET /a%20b.t%78t?x HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\nspace\n" },
	{ "dot segments are resolved", "GET /dir/../x/%2e%2e/ten.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "nothing leads out of the root", "GET /../../../etc/passwd HTTP/1.1\r\n" ASK_CLOSE,
	  "HTTP/1.1 40~\r\n^" },
	{ "a directory without its slash is redirected", "GET /dir?q HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("301 Moved Permanently") PAGE "Location: /dir/?q\r\n" CLOSE "^" },
	{ "a directory without index and listing is forbidden", "GET /dir/ HTTP/1.1\r\n" ASK_CLOSE,
	  ERROR("403 Forbidden") },
	{ "what is missing is 404", "GET /nope HTTP/1.1\r\n" ASK_CLOSE, ERROR("404 Not Found") },
	{ "the absolute form names host and path (RFC 9112 section 3.2.2)",
	  "GET http://b.example/x HTTP/1.1\r\n" ASK_CLOSE, HEAD("200 OK") "^\r\n\r\nb" },
};

Test(http, files)
{
	RUN(file_rows);
}

static const struct row range_rows[] = {
	{ "a range is 206 with its place (RFC 9110 section 15.3.7)",
	  "GET /ten.txt HTTP/1.1\r\nRange: bytes=2-4\r\n" ASK_CLOSE,
	  HEAD("206 Partial Content") "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "
	                              "3\r\n" TEN "Content-Range: bytes 2-4/10\r\n" CLOSE "234" },
	{ "the last bytes", "GET /ten.txt HTTP/1.1\r\nRange: bytes=-3\r\n" ASK_CLOSE,
	  HEAD("206 Partial Content") "^Content-Range: bytes 7-9/10\r\n^\r\n\r\n789" },
	{ "two ranges come in parts",
	  "GET /ten.txt HTTP/1.1\r\nRange: bytes=0-1, 5-6\r\n" ASK_CLOSE,
	  HEAD("206 Partial Content") "Content-Type: multipart/byteranges; boundary=~\r\n^\r\n\r\n"
	                              "^Content-Range: bytes 0-1/10\r\n\r\n01\r\n--~\r\n"
	                              "^Content-Range: bytes 5-6/10\r\n\r\n56\r\n--~--\r\n" },
	{ "one past the end is 416 with the length",
	  "GET /ten.txt HTTP/1.1\r\nRange: bytes=10-\r\n" ASK_CLOSE,
	  HEAD("416 Range Not Satisfiable") "^Content-Range: bytes */10\r\n^" },
	{ "a malformed one is ignored", "GET /ten.txt HTTP/1.1\r\nRange: bytes=4-2\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "one of an older version is ignored (RFC 9110 section 13.1.5)",
	  "GET /ten.txt HTTP/1.1\r\nRange: bytes=0-0\r\nIf-Range: \"other\"\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "HEAD has no range", "HEAD /ten.txt HTTP/1.1\r\nRange: bytes=0-0\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^Content-Length: 10\r\n^" },
	{ "the same ETag is 304 without a body",
	  "GET /ten.txt HTTP/1.1\r\nIf-None-Match: \"x\", W/\"5e0d5da5.0-a\"\r\n" ASK_CLOSE,
	  HEAD("304 Not Modified") TEN CLOSE },
	{ "the same date is 304",
	  "GET /ten.txt HTTP/1.1\r\nIf-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT\r\n" ASK_CLOSE,
	  HEAD("304 Not Modified") "^" },
	{ "an earlier date is not",
	  "GET /ten.txt HTTP/1.1\r\nIf-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "another ETag than demanded is 412",
	  "GET /ten.txt HTTP/1.1\r\nIf-Match: \"x\"\r\n" ASK_CLOSE,
	  HEAD("412 Precondition Failed") "^" },
};

Test(http, ranges_and_conditions)
{
	RUN(range_rows);
}

/* ---- fixed answers and methods ----------------------------------------------------------------------- */

static const struct row answer_rows[] = {
	{ "a fixed text with variables", "GET /text%41 HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "Content-Type: text/plain~\r\nContent-Length: 19\r\n" CLOSE
	                 "host a, path /text"
	                 "A" },
	{ "a redirect within the site", "GET /old HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("301 Moved Permanently") PAGE "Location: /new\r\n" CLOSE "^" },
	{ "a redirect to another site", "GET /found HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("302 Found") PAGE "Location: http://other.example/x\r\n" CLOSE "^" },
	{ "a status with our own page", "GET /gone HTTP/1.1\r\n" ASK_CLOSE, ERROR("410 Gone") },
	{ "444 closes without a word", "GET /silent HTTP/1.1\r\n" ASK_CLOSE, "" },
	{ "an error as JSON for who prefers it (RFC 9457)",
	  "GET /nope HTTP/1.1\r\nAccept: application/json\r\n" ASK_CLOSE,
	  HEAD("404 Not Found") "Content-Type: "
	                        "application/problem+json\r\n^\r\n\r\n{^\"status\":^404^}\n" },
	{ "another host is another server",
	  "GET / HTTP/1.1\r\nHost: x.B.example:80\r\nConnection: close\r\n\r\n",
	  HEAD("200 OK") "^\r\n\r\nb" },
	{ "an unknown host gets the default server",
	  "GET /ten.txt HTTP/1.1\r\nHost: z\r\nConnection: close\r\n\r\n",
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "a method that is not for files is 405 with Allow",
	  "POST /ten.txt HTTP/1.1\r\nContent-Length: 0\r\n" ASK_CLOSE,
	  HEAD("405 Method Not Allowed") PAGE "Allow: GET, HEAD, OPTIONS\r\n^" },
	{ "a method that is not listed is 405",
	  "POST /get/ten.txt HTTP/1.1\r\nContent-Length: 0\r\n" ASK_CLOSE,
	  HEAD("405 Method Not Allowed") "^Allow: GET, HEAD, OPTIONS\r\n^" },
	{ "TRACE and CONNECT are 405", "TRACE / HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("405 Method Not Allowed") "^" },
	{ "OPTIONS says what there is", "OPTIONS /files/ HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "Content-Length: 0\r\nAllow: GET, HEAD, POST, PUT, DELETE, "
	                 "OPTIONS\r\n" CLOSE },
	{ "OPTIONS * is answered", "OPTIONS * HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^Allow: ~\r\n^" },
	{ "an unknown method is 501", "BREW / HTTP/1.1\r\n" ASK_CLOSE,
	  ERROR("501 Not Implemented") },
};

Test(http, fixed_answers_and_methods)
{
	RUN(answer_rows);
}

/* ---- what is refused --------------------------------------------------------------------------------- */

#define X256                                                               \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1K X256 X256 X256 X256

/* Each ends the connection, whatever follows. */
static const struct row refusal_rows[] = {
	{ "HTTP/1.1 without a Host (RFC 9112 section 3.2)", "GET / HTTP/1.1\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", ERROR("400 Bad Request") },
	{ "a length and a coding (RFC 9112 section 6.1)",
	  "POST /files/x HTTP/1.1\r\n" HOST
	  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "two lengths",
	  "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
	  ERROR("400 Bad Request") },
	{ "a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "another coding than chunked",
	  "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
	  ERROR("501 Not Implemented") },
	{ "a line that ends in LF alone", "GET / HTTP/1.1\nHost: a\n\n", ERROR("400 Bad Request") },
	{ "white space before a colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "a folded line", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "a NUL in the path", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", ERROR("400 Bad Request") },
	{ "a bad escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", ERROR("400 Bad Request") },
	{ "HTTP/0.9", "GET /\r\n\r\n", ERROR("400 Bad Request") },
	{ "another major version", "GET / HTTP/2.0\r\n" HOST "\r\n",
	  ERROR("505 HTTP Version Not Supported") },
	{ "a request line that is too long", "GET /" X1K " HTTP/1.1\r\n" HOST "\r\n",
	  ERROR("414 URI Too Long") },
	{ "a field line that is too long", "GET / HTTP/1.1\r\n" HOST "A: " X1K "\r\n\r\n",
	  ERROR("431 Request Header Fields Too Large") },
	{ "a body that is too long is not read (RFC 9110 section 15.5.14)",
	  "PUT /files/x HTTP/1.1\r\nContent-Length: 1025\r\n" ASK_CLOSE X1K "x",
	  ERROR("413 Content Too Large") },
	{ "a chunk that is too long",
	  "PUT /files/x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n401\r\n" X1K,
	  ERROR("413 Content Too Large") },
	{ "a chunk size with a sign",
	  "PUT /files/x HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
	  ERROR("400 Bad Request") },
	{ "an expectation that nobody knows", "GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n",
	  HEAD("417 Expectation Failed") "^" },
};

Test(http, refusals)
{
	RUN(refusal_rows);
	cr_expect(live_gets(&l, "/", "hello\n"), "and the next one is served");
}

/* ---- uploads ----------------------------------------------------------------------------------------- */

/* In order: each finds what those before have left. */
static const struct row upload_rows[] = {
	{ "PUT makes a file",
	  "PUT /files/f.txt HTTP/1.1\r\nContent-Length: 5\r\n" ASK_CLOSE "abcde",
	  HEAD("201 Created") "^Location: /files/f.txt\r\n^" },
	{ "which is there", "GET /files/f.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\nabcde" },
	{ "PUT replaces it, chunked",
	  "PUT /files/f.txt HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" ASK_CLOSE
	  "3;x=y\r\nfgh\r\n1\r\ni\r\n0\r\nT: v\r\n\r\n",
	  HEAD("204 No Content") "^" },
	{ "and that is there at once", "GET /files/f.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\nfghi" },
	{ "PUT can demand that there is none",
	  "PUT /files/f.txt HTTP/1.1\r\nIf-None-Match: *\r\nContent-Length: 1\r\n" ASK_CLOSE "x",
	  HEAD("412 Precondition Failed") "^" },
	{ "a body that waits to be asked for is asked for",
	  "PUT /files/g.txt HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" ASK_CLOSE,
	  "HTTP/1.1 100 Continue\r\n\r\n" },
	{ "a form's file is stored under its own name",
	  "POST /files/ HTTP/1.1\r\nContent-Type: multipart/form-data; "
	  "boundary=b\r\nContent-Length: 83\r\n" ASK_CLOSE
	  "--b\r\nContent-Disposition: form-data; name=\"f\"; "
	  "filename=\"dir/h.txt\"\r\n\r\nhi!\r\n--b--\r\n",
	  HEAD("201 Created") "^Location: /files/h.txt\r\n^" },
	{ "and can be had", "GET /files/h.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\nhi!" },
	{ "DELETE removes", "DELETE /files/f.txt HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("204 No Content") CLOSE },
	{ "what is then not there", "GET /files/f.txt HTTP/1.1\r\n" ASK_CLOSE,
	  ERROR("404 Not Found") },
	{ "and not twice", "DELETE /files/f.txt HTTP/1.1\r\n" ASK_CLOSE, ERROR("404 Not Found") },
	{ "a page of another site may not upload for its reader",
	  "PUT /files/i.txt HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nContent-Length: "
	  "1\r\n" ASK_CLOSE "x",
	  ERROR("403 Forbidden") },
};

/* The client that was told to go on goes away instead. */
Test(http, uploads)
{
	static char answer[LIVE_TEXT];

	for (size_t i = 0; i < sizeof upload_rows / sizeof *upload_rows; i++) {
		int fd = live_connect(&l, 0);
		bool waits = strstr(upload_rows[i].request, "100-continue") != NULL;

		live_send(fd, upload_rows[i].request, strlen(upload_rows[i].request));
		live_receive(fd, answer, sizeof answer, waits ? 500 : LIVE_PATIENCE);
		cr_expect(live_matches(upload_rows[i].answer, answer), "%s: it said\n%.900s",
		          upload_rows[i].name, answer);
		close(fd);
	}
	cr_expect(eq(str, (char *)live_read(&l, "store/g.txt"), ""), "half an upload is none");
}

/* ---- programs ---------------------------------------------------------------------------------------- */

static const struct row program_rows[] = {
	{ "GET with a query", "GET /echo.sh?a=b%20c HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n" CLOSE
	                 "11\r\nGET [] [a=b%20c] \r\n0\r\n\r\n" },
	{ "to HTTP/1.0 without chunks", "GET /echo.sh HTTP/1.0\r\n\r\n",
	  HEAD("200 OK") "Content-Type: text/plain\r\n" CLOSE "GET [] [] " },
	{ "a body of known length", "POST /echo.sh HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
	  HEAD("200 OK") "^\r\n\r\nPOST [3] [] abc" },
	{ "a chunked body gets a length (RFC 3875 section 4.1.2)",
	  "POST /echo.sh HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" ASK_CLOSE
	  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	  HEAD("200 OK") "^POST [5] [] ^abcde\r\n0\r\n\r\n" },
	{ "its own status and reason", "GET /status.sh HTTP/1.0\r\n\r\n",
	  "HTTP/1.1 418 I am a teapot\r\n^" },
	{ "a client redirect", "GET /moved.sh HTTP/1.0\r\n\r\n",
	  HEAD("302 Found") "^Location: http://x.example/\r\n^" },
	{ "a local redirect is served in place", "GET /local.sh HTTP/1.0\r\n\r\n",
	  HEAD("200 OK") "^\r\n\r\n0123456789" },
	{ "one that says nothing is 502", "GET /broken.sh HTTP/1.0\r\n\r\n",
	  ERROR("502 Bad Gateway") },
	{ "one that is not there is 404", "GET /none.sh HTTP/1.0\r\n\r\n", ERROR("404 Not Found") },
};

Test(http, programs)
{
	RUN(program_rows);
}

/* ---- connections ------------------------------------------------------------------------------------- */

static const struct row connection_rows[] = {
	{ "requests sent together are answered in order",
	  "GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\nPOST /text HTTP/1.1\r\nHost: "
	  "b.example\r\nContent-Length: 3\r\n\r\n"
	  "xyzGET /text HTTP/1.1\r\n" ASK_CLOSE,
	  HEAD("200 OK") "^\r\n\r\n0123456789" HEAD("200 OK") "^\r\n\r\nb" HEAD(
	          "200 OK") "^" CLOSE "host a, path /text" },
	{ "an error behind a good request does not harm it",
	  "GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n",
	  HEAD("200 OK") "^\r\n\r\n0123456789" ERROR("400 Bad Request") },
	{ "HTTP/1.0 may ask for more",
	  "GET /ten.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /ten.txt HTTP/1.0\r\n\r\n",
	  HEAD("200 OK") "^Connection: keep-alive\r\n\r\n0123456789" HEAD("200 OK") "^" CLOSE
	                                                                            "0123456789" },
	{ "an empty line before a request is let pass (RFC 9112 section 2.2)",
	  "\r\nGET /ten.txt HTTP/1.1\r\n" ASK_CLOSE, HEAD("200 OK") "^\r\n\r\n0123456789" },
};

Test(http, connections)
{
	RUN(connection_rows);
}

/* The same pipeline in pieces of one byte, each its own packet: framing must not depend on how bytes arrive. */
Test(http, byte_by_byte)
{
	const struct row *row = &connection_rows[0];
	static char answer[LIVE_TEXT];
	int fd = live_connect(&l, 0);

	for (const char *at = row->request; *at; at++) {
		live_send(fd, at, 1);
		usleep(200);
	}
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(live_matches(row->answer, answer), "it said\n%.900s", answer);
	close(fd);
}
