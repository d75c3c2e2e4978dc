/* Which socket a connection comes through, and who answers it. */

#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct live l;

static void open_live(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
}

static void close_live(void)
{
	live_close(&l);
}

TestSuite(listening, .init = open_live, .fini = close_live);

#define MAIN "pid server.pid; error_log error.log info; "

/* A port that nobody has at the moment. */
static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(eq(int, bind(fd, (struct sockaddr *)&a, sizeof a), 0));
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	return ntohs(a.sin_port);
}

/* The body that GET /v brings from the address. */
static const char *ask(const char *host, unsigned port)
{
	static const char request[] = "GET /v HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	static char answer[2000];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *body;

	inet_pton(AF_INET, host, &a.sin_addr);
	cr_assert(eq(int, connect(fd, (struct sockaddr *)&a, sizeof a), 0), "%s", host);
	live_send(fd, request, sizeof request - 1);
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	close(fd);
	body = strstr(answer, "\r\n\r\n");
	return body ? body + 4 : "";
}

Test(listening, all_addresses_and_a_single_one_share_a_port)
{
	unsigned port = free_port();
	char config[600];

	snprintf(config, sizeof config,
	         MAIN "server { listen %u; location /v { return 200 all; } }"
	              "server { listen 127.0.0.2:%u; location /v { return 200 $server_addr; } }",
	         port, port);
	live_start(&l, config);
	cr_expect(eq(sz, l.port_count, 1), "there is one socket");
	cr_expect(eq(str, (char *)ask("127.0.0.1", port), "all"));
	cr_expect(eq(str, (char *)ask("127.0.0.2", port), "127.0.0.2"));
	cr_expect(eq(str, (char *)ask("127.0.0.3", port), "all"));
	snprintf(config, sizeof config,
	         MAIN "server { listen 127.0.0.3:%u; location /v { return 200 third; } }"
	              "server { listen *:%u; location /v { return 200 all; } }",
	         port, port);
	live_write(&l, "site.conf", config);
	cr_expect(eq(int, live_run(&l, (const char *const[]){ "-s", "reload", "site.conf", NULL }),
	             0),
	          "%s", live_read(&l, "stderr"));
	cr_expect(eq(str, (char *)ask("127.0.0.2", port), "all"));
	cr_expect(eq(str, (char *)ask("127.0.0.3", port), "third"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- reuseport --------------------------------------------------------------------------------------- */

static int reload_with(unsigned workers)
{
	char config[200];

	snprintf(config, sizeof config,
	         MAIN "worker_processes %u; server { listen 127.0.0.1:0 reuseport; location /v { "
	              "return 200 $pid; } }",
	         workers);
	live_write(&l, "site.conf", config);
	return live_run(&l, (const char *const[]){ "-s", "reload", "site.conf", NULL });
}

Test(listening, with_reuseport_every_worker_has_its_socket)
{
	char first[20];
	bool has_other = false;

	live_start(&l, MAIN "worker_processes 2; server { listen 127.0.0.1:0 reuseport; location "
	                    "/v { return 200 $pid; } }");
	cr_expect(eq(sz, l.port_count, 1), "it is said once");
	snprintf(first, sizeof first, "%s", ask("127.0.0.1", l.ports[0]));
	for (int i = 0; i < 200 && !has_other; i++)
		has_other = strcmp(ask("127.0.0.1", l.ports[0]), first) != 0;
	cr_expect(has_other, "the kernel spreads connections");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(listening, reloads_with_more_workers_lose_nothing)
{
	pid_t client;

	live_start(&l, MAIN "server { listen 127.0.0.1:0; }");
	client = live_client(&l, "/", "hello\n", 3);
	for (unsigned i = 0; i < 12; i++) {
		cr_expect(eq(int, reload_with(1 + i / 4), 0), "%s", live_read(&l, "stderr"));
		usleep(100000);
	}
	cr_expect(eq(int, live_client_failures(client), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}
