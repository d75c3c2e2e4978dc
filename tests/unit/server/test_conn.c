#include "server/conn.h"

#include "live.h"
#include "machine.h"
#include "server/conn_parts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www;"
        " client_header_timeout 20s; keepalive_timeout 30s; client_body_timeout 40s; send_timeout "
        "50s;"
        " location = /text { return 200 hello; } location = /gone { return 444; }"
        " location /up/ { alias %s/store/; upload_store %s/store; methods GET POST PUT DELETE;"
        "   upload_overwrite on; client_max_body_size 1k; }"
        " location /any/ { alias %s/store/; upload_store %s/store; methods GET PUT;"
        "   upload_overwrite on; client_max_body_size 0; } }";

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	tree_put(&m->tree, "www/b", "Another.\n");
	tree_put_size(&m->tree, "www/large", 300000);
	machine_start(m, config);
}

#define H   "Host: h\r\n"
#define GET "GET /a HTTP/1.1\r\n" H "\r\n"
#define TEXT_IS                                                                   \
	"HTTP/1.1 200 OK\r\nServer: ~\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" \
	"Content-Type: ~\r\nContent-Length: 5\r\n\r\nhello"
#define A_IS                                                                          \
	"HTTP/1.1 200 OK\r\nServer: ~\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"     \
	"Content-Type: ~\r\nContent-Length: 8\r\nLast-Modified: ~\r\nETag: \"~\"\r\n" \
	"Accept-Ranges: bytes\r\n\r\nA file.\n"
#define CLOSING(status) "HTTP/1.1 " status " ~\r\n^\r\nConnection: close\r\n\r\n^"

/* What a client says in all, and what it hears; ends: the connection is closed behind that. */
static const struct {
	const char *name, *say, *hear;
	bool ends;
} sessions[] = {
	{ "a request is answered and the connection stays", GET, A_IS, false },
	{ "two pipelined requests are answered in order (RFC 9112 section 9.3.2)",
	  GET "GET /text HTTP/1.1\r\n" H "\r\n", A_IS TEXT_IS, false },
	{ "three pipelined requests for one file are", GET GET GET, A_IS A_IS A_IS, false },
	{ "empty lines before a request are passed over (RFC 9112 section 2.2)", "\r\n\r\n" GET,
	  A_IS, false },
	{ "Connection: close ends it (RFC 9112 section 9.6)",
	  "GET /text HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "what stands behind a request with Connection: close is not answered",
	  "GET /text HTTP/1.1\r\n" H "Connection: close\r\n\r\n" GET,
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "the block of a file is closed with, too",
	  GET "GET /a HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	  A_IS "HTTP/1.1 200 OK\r\n^Accept-Ranges: bytes\r\nConnection: close\r\n\r\nA file.\n",
	  true },
	{ "HTTP/1.0 closes by itself", "GET /text HTTP/1.0\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "HTTP/1.0 may ask to stay", "GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: keep-alive\r\n\r\nhello", false },
	{ "HEAD is answered without the body", "HEAD /text HTTP/1.1\r\n" H "\r\n" GET,
	  "HTTP/1.1 200 OK\r\n~\r\n~\r\n~\r\nContent-Length: 5\r\n\r\n" A_IS, false },
	{ "a large file has its length", "GET /large HTTP/1.1\r\n" H "Range: bytes=299999-\r\n\r\n",
	  "HTTP/1.1 206 Partial Content\r\n^\r\nContent-Length: 1\r\n^"
	  "Content-Range: bytes 299999-299999/300000\r\n\r\nf",
	  false },
	{ "404 keeps the connection", "GET /none HTTP/1.1\r\n" H "\r\n" GET,
	  "HTTP/1.1 404 Not Found\r\n^" A_IS, false },
	{ "a bad request in the middle of a pipeline is the last that is answered",
	  GET "GET /b HTTP/1.1\r\nHost : h\r\n\r\n" GET, A_IS CLOSING("400"), true },
	{ "a bare LF is refused", "GET / HTTP/1.1\n\n", CLOSING("400"), true },
	{ "an unknown version is refused (RFC 9112 section 2.3)", "GET / HTTP/2.0\r\n\r\n",
	  CLOSING("505"), true },
	{ "a request without Host is refused (RFC 9112 section 3.2)", "GET / HTTP/1.1\r\n\r\n",
	  CLOSING("400"), true },
	{ "two framings are refused (RFC 9112 section 6.3)",
	  "POST /up/ HTTP/1.1\r\n" H
	  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  CLOSING("400"), true },
	{ "a body of known length is taken, and the next request behind it",
	  "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc" GET, "HTTP/1.1 20~\r\n^" A_IS,
	  false },
	{ "a chunked body is taken, and the next request behind it (RFC 9112 section 7.1)",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	  "2;e=1\r\nab\r\n1\r\nc\r\n0\r\nT: x\r\n\r\n" GET,
	  "HTTP/1.1 20~\r\n^" A_IS, false },
	{ "a malformed chunk is refused",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", CLOSING("400"),
	  true },
	{ "a body nobody wants is read and the next request answered",
	  "GET /text HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n12345" GET, TEXT_IS A_IS, false },
	{ "a body in chunks that nobody wants ends the connection, since its length is not known",
	  "GET /text HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET,
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "a body that is announced too long gets 413 before it comes",
	  "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 1025\r\n\r\n", "HTTP/1.1 413 ~\r\n^", false },
	{ "return 444 says nothing and closes", "GET /gone HTTP/1.1\r\n" H "\r\n" GET, "", true },
};

static bool session_is(struct machine *m, size_t i, struct str say, struct str *heard)
{
	int client = machine_client(m);
	bool ended;

	(void)say;
	machine_say(m, client, str_from(sessions[i].say));
	*heard = machine_hear(m, client, &ended);
	close(client);
	machine_settle(m);
	return live_matches(sessions[i].hear, heard->ptr) && ended == sessions[i].ends;
}

Test(conn, answers)
{
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		struct machine m;
		struct str heard;

		open_machine(&m);
		cr_expect(session_is(&m, i, str_from(sessions[i].say), &heard), "%s: heard %s",
		          sessions[i].name, heard.ptr);
		machine_close(&m);
	}
}
