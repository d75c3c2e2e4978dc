/* Who is let in, who the client is, and how much it may ask for. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct live l;

static void open_access(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
}

static void close_access(void)
{
	live_close(&l);
}

TestSuite(access, .init = open_access, .fini = close_access);

struct row {
	const char *name, *request, *answer;
};

static void run(const struct row *rows, size_t count)
{
	static char answer[LIVE_TEXT];

	for (size_t i = 0; i < count; i++) {
		live_exchange(&l, rows[i].request, answer, sizeof answer);
		cr_expect(live_matches(rows[i].answer, answer), "%s: it said\n%.900s", rows[i].name,
		          answer);
	}
}
#define RUN(rows)       run(rows, sizeof(rows) / sizeof *(rows))
#define GET(path)       "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define SAYS(line, end) "HTTP/1.1 " line "\r\n^" end

/* ---- allow and deny ------------------------------------------------------------------------------------ */

static const char list_site[] =
        "error_log error.log info; root www;"
        "server { listen 127.0.0.1:0; deny 127.0.0.1;"
        "  location /in { allow 127.0.0.0/8; deny all; return 200 in; }"
        "  location /others { allow 10.0.0.0/8; deny all; return 200 others; }"
        "  location /first { deny 127.0.0.1; allow all; return 200 first; }"
        "  location /outer { return 200 outer; }"
        "  location /default { allow 10.0.0.0/8; return 200 default; }"
        "  location /page { deny all; error_page 403 = @page; }"
        "  location @page { allow all; return 200 page; }"
        "  location /inside { internal; deny all; }"
        "}";

static const struct row list_rows[] = {
	{ "the first rule that holds the client lets it in", GET("/in"), SAYS("200 OK", "in") },
	{ "whom no rule but the last holds is denied, before the return", GET("/others"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "an earlier rule wins over a later one", GET("/first"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "the outer list holds where the location has none", GET("/outer"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "whom no rule holds is let in", GET("/default"), SAYS("200 OK", "default") },
	{ "an error page has rules of its own", GET("/page"), SAYS("200 OK", "page") },
	{ "what is internal is not even there", GET("/inside"),
	  SAYS("404 Not Found", "</html>\n") },
};

Test(access, lists_decide_who_is_let_in)
{
	live_start(&l, list_site);
	RUN(list_rows);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- who the client is --------------------------------------------------------------------------------- */

#define WHO "return 200 '$remote_addr $remote_port $realip_remote_addr';"

/* Two addresses with two servers each. */
static const char client_site[] =
        "error_log error.log info; root www; client_header_timeout 1s;"
        "server { listen 127.0.0.1:0; server_name trusting; set_real_ip_from 127.0.0.1;"
        "  set_real_ip_from 10.0.0.0/8; set_real_ip_from 2001:db8::/32;"
        "  real_ip_header X-Forwarded-For;"
        "  location / { " WHO " } location /id { return 200 $request_id; }"
        "  location /guard { allow 192.0.2.0/24; deny all; return 200 in; } }"
        "server { listen 127.0.0.1:0; server_name other; set_real_ip_from 10.0.0.0/8;"
        "  real_ip_header X-Forwarded-For;"
        "  location / { " WHO " } location /id { return 200 $request_id; } }"
        "server { listen *:0 proxy_protocol; server_name trusting; set_real_ip_from 127.0.0.1;"
        "  real_ip_header proxy_protocol; location / { " WHO " } }"
        "server { listen *:0; server_name other; location / { " WHO " } }";

enum site_port { PLAIN, PROXIED };

struct port_row {
	const char *name;
	enum site_port port;
	const char *request; /* up to a NUL, or so many bytes */
	size_t len;
	const char *body; /* NULL: closed without an answer */
};

static void run_ports(const struct port_row *rows, size_t count)
{
	static char answer[LIVE_TEXT];

	for (size_t i = 0; i < count; i++) {
		int fd = live_connect(&l, rows[i].port);
		const char *body;

		cr_assert(ge(int, fd, 0));
		live_send(fd, rows[i].request,
		          rows[i].len > 0 ? rows[i].len : strlen(rows[i].request));
		live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
		close(fd);
		body = strstr(answer, "\r\n\r\n");
		if (!rows[i].body)
			cr_expect(eq(str, answer, (char *)""), "%s", rows[i].name);
		else
			cr_expect(body && live_matches(rows[i].body, body + 4),
			          "%s: it said\n%.900s", rows[i].name, answer);
	}
}
#define RUN_PORTS(rows) run_ports(rows, sizeof(rows) / sizeof *(rows))

#define ASK_OF(host, path, fields) \
	"GET " path " HTTP/1.1\r\nHost: " host "\r\nConnection: close\r\n" fields "\r\n"
#define ASK(path, fields)   ASK_OF("trusting", path, fields)
#define OTHER(path, fields) ASK_OF("other", path, fields)
#define XFF(list)           ASK("/", "X-Forwarded-For: " list "\r\n")
#define TOKEN64             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct port_row forwarded_rows[] = {
	{ "without the field the proxy is the client", PLAIN, ASK("/", ""), 0,
	  "127.0.0.1 ~ 127.0.0.1" },
	{ "one address behind a trusted proxy", PLAIN, XFF("192.0.2.7"), 0,
	  "192.0.2.7  127.0.0.1" },
	{ "two trusted hops", PLAIN, XFF("192.0.2.7, 10.1.1.1, 10.2.2.2"), 0,
	  "192.0.2.7  127.0.0.1" },
	{ "a forged address left of the true one is not believed", PLAIN,
	  XFF("127.0.0.1, 192.0.2.7, 10.2.2.2"), 0, "192.0.2.7  127.0.0.1" },
	{ "the list goes on over several lines", PLAIN,
	  ASK("/", "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\nx-forwarded-for: 10.0.0.1\r\n"), 0,
	  "192.0.2.7  127.0.0.1" },
	{ "all hops trusted: the first of them", PLAIN, XFF("10.0.0.3,10.0.0.2"), 0,
	  "10.0.0.3  127.0.0.1" },
	{ "a word that is no address ends the walk", PLAIN, XFF("192.0.2.7, unknown, 10.0.0.2"), 0,
	  "10.0.0.2  127.0.0.1" },
	{ "empty elements are passed over", PLAIN, XFF(", 192.0.2.7 ,, 10.0.0.2,"), 0,
	  "192.0.2.7  127.0.0.1" },
	{ "IPv6 and ports", PLAIN, XFF("[2001:db9::1]:4711, 2001:db8::5"), 0,
	  "2001:db9::1 4711 127.0.0.1" },
	{ "a mapped address is IPv4", PLAIN, XFF("::ffff:192.0.2.7, ::ffff:10.0.0.1"), 0,
	  "192.0.2.7  127.0.0.1" },
	{ "whom nobody trusts is not believed", PLAIN, OTHER("/", "X-Forwarded-For: 192.0.2.7\r\n"),
	  0, "127.0.0.1 ~ 127.0.0.1" },
	{ "the rules are about the client that was found", PLAIN,
	  ASK("/guard", "X-Forwarded-For: 192.0.2.7\r\n"), 0, "in" },
	{ "and not about the one that was forged", PLAIN,
	  ASK("/guard", "X-Forwarded-For: 192.0.2.7, 203.0.113.9\r\n"), 0, "^</html>\n" },
	{ "a trusted proxy's request id is taken over", PLAIN,
	  ASK("/id", "X-Request-Id: abc-123\r\n"), 0, "abc-123" },
	{ "one of 128 bytes as well", PLAIN, ASK("/id", "X-Request-Id: " TOKEN64 TOKEN64 "\r\n"), 0,
	  TOKEN64 TOKEN64 },
	{ "one of 129 bytes is not", PLAIN, ASK("/id", "X-Request-Id: " TOKEN64 TOKEN64 "x\r\n"), 0,
	  "~" },
	{ "nor one that is no token", PLAIN, ASK("/id", "X-Request-Id: a\"b\r\n"), 0, "~" },
	{ "nor anybody else's", PLAIN, OTHER("/id", "X-Request-Id: abc-123\r\n"), 0, "~" },
};

Test(access, proxies_name_the_client)
{
	static char answer[LIVE_TEXT];

	live_start(&l, client_site);
	RUN_PORTS(forwarded_rows);
	for (size_t i = sizeof forwarded_rows / sizeof *forwarded_rows - 3;
	     i < sizeof forwarded_rows / sizeof *forwarded_rows; i++) {
		int fd = live_connect(&l, forwarded_rows[i].port);

		live_send(fd, forwarded_rows[i].request, strlen(forwarded_rows[i].request));
		live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
		close(fd);
		cr_expect(eq(sz, strlen(strstr(answer, "\r\n\r\n") + 4), 32),
		          "an id of our own: %s", forwarded_rows[i].name);
	}
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

#define V2(command) "\r\n\r\n\0\r\nQUIT\n" command
#define BYTES(text) (text), sizeof(text) - 1

static const struct port_row proxy_rows[] = {
	{ "version 1 names the client", PROXIED,
	  BYTES("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n" ASK("/", "")),
	  "192.0.2.7 4711 127.0.0.1" },
	{ "version 1 with IPv6", PROXIED,
	  BYTES("PROXY TCP6 2001:db8::7 2001:db8::8 4711 80\r\n" ASK("/", "")),
	  "2001:db8::7 4711 127.0.0.1" },
	{ "version 1 with UNKNOWN keeps the socket's address", PROXIED,
	  BYTES("PROXY UNKNOWN\r\n" ASK("/", "")), "127.0.0.1 ~ 127.0.0.1" },
	{ "version 2 names the client", PROXIED,
	  BYTES(V2("\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x08\x12\x67\0\x50") ASK("/", "")),
	  "192.0.2.7 4711 127.0.0.1" },
	{ "version 2 with LOCAL, a health check, keeps the socket's address", PROXIED,
	  BYTES(V2("\x20\0\0\0") ASK("/", "")), "127.0.0.1 ~ 127.0.0.1" },
	{ "its TLVs are passed over", PROXIED,
	  BYTES(V2("\x21\x11\0\x10\xc0\0\x02\x07\xc0\0\x02\x08\x12\x67\0\x50\x04\0\x01x")
	                ASK("/", "")),
	  "192.0.2.7 4711 127.0.0.1" },
	{ "a field of the client's own changes nothing", PROXIED,
	  BYTES("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n" XFF("203.0.113.9")),
	  "192.0.2.7 4711 127.0.0.1" },
	{ "without real_ip_header the header is read and not heeded", PROXIED,
	  BYTES("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n" OTHER("/", "")),
	  "127.0.0.1 ~ 127.0.0.1" },
	{ "a request without the header is closed on", PROXIED, BYTES(ASK("/", "")), NULL },
	{ "so is a malformed header", PROXIED,
	  BYTES("PROXY TCP4 192.0.2.7 192.0.2.8 4711\r\n" ASK("/", "")), NULL },
	{ "and one that does not come to its end in time", PROXIED, BYTES("PROXY TCP4 1"), NULL },
};

Test(access, a_proxy_header_comes_first)
{
	live_start(&l, client_site);
	RUN_PORTS(proxy_rows);
	cr_expect(eq(int, live_await(&l, "error.log", "no PROXY header came in time"), 1));
	cr_expect(eq(int, live_await(&l, "error.log", "[info]"), 3));
	cr_expect(
	        eq(int, live_await(&l, "error.log", "a connection from 127.0.0.1 is closed: "), 2));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(access, a_proxy_header_may_come_byte_by_byte)
{
	static const char bytes[] =
	        V2("\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x08\x12\x67\0\x50") ASK("/", "");
	static char answer[LIVE_TEXT];
	int fd;

	live_start(&l, client_site);
	fd = live_connect(&l, PROXIED);
	for (size_t i = 0; i < sizeof bytes - 1; i++) {
		live_send(fd, bytes + i, 1);
		usleep(1000);
	}
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	close(fd);
	cr_expect(ne(ptr, strstr(answer, "192.0.2.7 4711 127.0.0.1"), NULL), "%s", answer);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}
