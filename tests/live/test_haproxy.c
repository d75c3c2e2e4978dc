/* Behind a real HAProxy: who the client is, where the connection is a proxy's. */

#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 *   client ──► proxied ──────────────► 127.0.1.3 ──► webserv, port 0   PROXY, version 2
 *   client ──► edge ──► 127.0.1.1 ──► middle ──► 127.0.1.2 ──► webserv, port 1   X-Forwarded-For
 *
 * Clients have addresses from 127.0.0.11 on; each hop is known by its own.
 */
enum front { PROXIED, EDGE, MIDDLE, FRONTS };

static struct live l;
static pid_t haproxy;
static uint16_t fronts[FRONTS];

#define PLACES                                                                 \
	"  location / { return 200 \"$remote_addr by $realip_remote_addr\"; }" \
	"  location /guarded { deny 127.0.0.12; return 200 in; }"              \
	"  location /own { allow 127.0.0.13; deny all; return 200 in; }"       \
	"  location /limited { limit_req 6r/m burst=2; return 200 in; }"       \
	"  location /checked { return 204; }"

static const char site[] =
        "root www; log_format who '$remote_addr $uri $status'; access_log access.log who;"
        "server { listen 127.0.0.1:0 proxy_protocol; server_name proxied;"
        "  set_real_ip_from 127.0.1.3; real_ip_header proxy_protocol;" PLACES "}"
        "server { listen *:0; server_name forwarded; set_real_ip_from 127.0.1.1;"
        "  set_real_ip_from 127.0.1.2; real_ip_header X-Forwarded-For;" PLACES "}";

static const char haproxy_config[] =
        "global\n maxconn 100\n nbthread 1\n"
        "defaults\n mode http\n timeout connect 10s\n timeout client 20s\n timeout server 20s\n"
        "frontend proxied\n bind fd@%d\n default_backend to_proxied\n"
        "backend to_proxied\n source 127.0.1.3\n option httpchk GET /checked\n"
        " server web 127.0.0.1:%u send-proxy-v2 check inter 100ms\n"
        "frontend edge\n bind fd@%d\n option forwardfor\n default_backend to_middle\n"
        "backend to_middle\n source 127.0.1.1\n server middle 127.0.0.1:%u\n"
        "frontend middle\n bind fd@%d\n option forwardfor\n default_backend to_web\n"
        "backend to_web\n source 127.0.1.2\n server web 127.0.0.1:%u\n";

/* ---- HAProxy itself -------------------------------------------------------------------------------------- */

/* Where it is installed; NULL: nowhere. */
static const char *find_haproxy(void)
{
	static const char *const places[] = { "/usr/sbin/haproxy", "/usr/local/sbin/haproxy",
		                              "/usr/bin/haproxy", "/usr/local/bin/haproxy" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* A listening socket that it is given, on a port that the kernel picks: it can't be asked for its own. */
static int open_front(enum front front)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	cr_assert(fd >= 0 && bind(fd, (const void *)&address, len) == 0 && listen(fd, 64) == 0 &&
	          getsockname(fd, (void *)&address, &len) == 0);
	fronts[front] = ntohs(address.sin_port);
	return fd;
}

static void start_haproxy(const char *program)
{
	static char text[4096];
	int fds[FRONTS];

	for (unsigned i = 0; i < FRONTS; i++)
		fds[i] = open_front(i);
	snprintf(text, sizeof text, haproxy_config, fds[PROXIED], l.ports[0], fds[EDGE],
	         fronts[MIDDLE], fds[MIDDLE], l.ports[1]);
	live_write(&l, "haproxy.cfg", text);
	haproxy = fork();
	cr_assert(ge(int, haproxy, 0));
	if (haproxy == 0) {
		int out;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		out = open(live_path(&l, "haproxy.out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		execl(program, program, "-db", "-f", live_path(&l, "haproxy.cfg"), (char *)NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < FRONTS; i++)
		close(fds[i]);
}

static void open_both(void)
{
	const char *program = find_haproxy();

	if (!program)
		cr_skip("HAProxy is not installed (`make deps` does it)");
	live_open(&l);
	live_start(&l, site);
	cr_assert(eq(sz, l.port_count, 2));
	start_haproxy(program);
}

static void close_both(void)
{
	if (haproxy > 0) {
		kill(haproxy, SIGKILL);
		waitpid(haproxy, NULL, 0);
	}
	if (l.dir[0])
		live_close(&l);
}

TestSuite(haproxy, .init = open_both, .fini = close_both);

/* ---- clients --------------------------------------------------------------------------------------------- */

static int connect_as(const char *client, enum front front)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(fronts[front]),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, client, &from.sin_addr);
	cr_assert(fd >= 0 && bind(fd, (const void *)&from, sizeof from) == 0 &&
	                  connect(fd, (const void *)&to, sizeof to) == 0,
	          "%s can't reach HAProxy", client);
	return fd;
}

/* fields: whole lines of the head. */
static const char *ask(const char *client, enum front front, const char *path, const char *fields)
{
	static char answer[LIVE_TEXT];
	char request[1024];
	int fd = connect_as(client, front);
	const char *host = front == PROXIED ? "proxied" : "forwarded";

	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", path, host, fields);
	live_send(fd, request, strlen(request));
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	close(fd);
	return answer;
}

static const struct {
	const char *name, *client;
	enum front front;
	const char *path, *fields, *answer;
} rows[] = {
	{ "the PROXY header names the client", "127.0.0.11", PROXIED, "/", "",
	  "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.3" },
	{ "and a field does not", "127.0.0.11", PROXIED, "/",
	  "X-Forwarded-For: 192.0.2.66\r\nX-Real-IP: 192.0.2.66\r\nForwarded: for=192.0.2.66\r\n",
	  "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.3" },
	{ "two hops each add the address they were asked from", "127.0.0.11", EDGE, "/", "",
	  "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.2" },
	{ "what the client wrote to the left of it is not believed", "127.0.0.11", EDGE, "/",
	  "X-Forwarded-For: 192.0.2.66\r\n", "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.2" },
	{ "nor if it looks like a hop", "127.0.0.11", EDGE, "/",
	  "X-Forwarded-For: 192.0.2.66, 127.0.1.1\r\nX-Forwarded-For: 127.0.1.2\r\n",
	  "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.2" },
	{ "nor if it is no address", "127.0.0.11", EDGE, "/", "X-Forwarded-For: unknown, ,\r\n",
	  "HTTP/1.1 200 ~\r\n^\r\n\r\n127.0.0.11 by 127.0.1.2" },
	{ "deny means the client", "127.0.0.12", PROXIED, "/guarded", "", "HTTP/1.1 403 ~\r\n^" },
	{ "and only this one", "127.0.0.11", PROXIED, "/guarded", "", "HTTP/1.1 200 ~\r\n^" },
	{ "deny means the client, over two hops", "127.0.0.12", EDGE, "/guarded", "",
	  "HTTP/1.1 403 ~\r\n^" },
	{ "who can't talk himself out of it", "127.0.0.12", EDGE, "/guarded",
	  "X-Forwarded-For: 127.0.0.11\r\n", "HTTP/1.1 403 ~\r\n^" },
	{ "nor another one in by PROXY", "127.0.0.11", PROXIED, "/own",
	  "X-Forwarded-For: 127.0.0.13\r\n", "HTTP/1.1 403 ~\r\n^" },
	{ "nor over two hops", "127.0.0.11", EDGE, "/own", "X-Forwarded-For: 127.0.0.13\r\n",
	  "HTTP/1.1 403 ~\r\n^" },
	{ "allow means the client", "127.0.0.13", PROXIED, "/own", "", "HTTP/1.1 200 ~\r\n^" },
	{ "allow means the client, over two hops", "127.0.0.13", EDGE, "/own", "",
	  "HTTP/1.1 200 ~\r\n^" },
};

Test(haproxy, the_client_is_the_one_behind_it)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *answer =
		        ask(rows[i].client, rows[i].front, rows[i].path, rows[i].fields);

		cr_expect(live_matches(rows[i].answer, answer), "%s: it said\n%.900s\n%s",
		          rows[i].name, answer, live_read(&l, "haproxy.out"));
	}
}

/* ---- limits ---------------------------------------------------------------------------------------------- */

static void expect_limit(enum front front)
{
	char made_up[64];

	for (unsigned i = 0; i < 6; i++) {
		/* Another address for each request: it would pass for another client. */
		snprintf(made_up, sizeof made_up, "X-Forwarded-For: 192.0.2.%u\r\n", i);
		cr_expect(live_matches(i < 2 ? "HTTP/1.1 200 ~\r\n^"
		                             : "HTTP/1.1 429 ~\r\n^\r\nretry-after: ~\r\n^",
		                       ask("127.0.0.11", front, "/limited", made_up)),
		          "front %u, request %u", front, i);
	}
	cr_expect(live_matches("HTTP/1.1 200 ~\r\n^", ask("127.0.0.14", front, "/limited", "")),
	          "front %u: another client", front);
}

Test(haproxy, limit_req_counts_the_client_and_not_the_proxy)
{
	expect_limit(PROXIED);
	expect_limit(EDGE);
}

/* ---- its own questions ----------------------------------------------------------------------------------- */

/* They come with a PROXY header that names nobody (LOCAL): the proxy speaks for itself. */
Test(haproxy, health_checks_are_answered)
{
	cr_expect(gt(int, live_await(&l, "access.log", "127.0.1.3 /checked 204"), 0));
	cr_expect(live_matches("HTTP/1.1 200 ~\r\n^", ask("127.0.0.11", PROXIED, "/", "")),
	          "the server counts as up");
}
