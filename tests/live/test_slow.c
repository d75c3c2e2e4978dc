/* Clients that give and take slowly, on real sockets: send_timeout and client_min_rate. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct live l;

static void open_slow(void)
{
	live_open(&l);
	live_write(&l, "www/large", "");
	cr_assert(eq(int, truncate(live_path(&l, "www/large"), 64 << 20), 0));
	cr_assert(eq(int, mkdir(live_path(&l, "store"), 0755), 0));
}

static void close_slow(void)
{
	live_close(&l);
}

TestSuite(slow, .init = open_slow, .fini = close_slow);

static void start(const char *limits)
{
	char config[512];

	snprintf(config, sizeof config,
	         "root www; error_log error.log info; server { listen 127.0.0.1:0; %s"
	         " location /up/ { alias store/; upload_store store; }"
	         " location /status { status prometheus; } }",
	         limits);
	live_start(&l, config);
}

/* How many connections were given up in this phase. */
static int given_up(const char *phase)
{
	static const char ask[] = "GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	static char answer[LIVE_TEXT];
	char name[80];
	const char *at;

	live_exchange(&l, ask, answer, sizeof answer);
	snprintf(name, sizeof name, "connections_timed_out_total{phase=\"%s\"} ", phase);
	at = strstr(answer, name);
	cr_assert(at != NULL, "%.2000s", answer);
	return atoi(at + strlen(name));
}

static int await_given_up(const char *phase, int wanted, int ms)
{
	int n = given_up(phase);

	for (int waited = 0; n < wanted && waited < ms; waited += 100) {
		usleep(100000);
		n = given_up(phase);
	}
	return n;
}

/* A client whose answer has begun and does not fit into the kernel's buffers. */
static int begin_large(void)
{
	static const char request[] = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
	int fd = live_connect(&l, 0);

	cr_assert(ge(int, fd, 0));
	live_send(fd, request, sizeof request - 1);
	return fd;
}

Test(slow, send_timeout_is_for_who_takes_nothing)
{
	static char room[64 << 10];
	int fd;

	start("send_timeout 1s;");
	fd = begin_large();
	/* Much less than makes room for more in the socket. */
	for (int i = 0; i < 15; i++) {
		usleep(200000);
		cr_expect(gt(i64, recv(fd, room, sizeof room, 0), 0));
	}
	cr_expect(eq(int, given_up("send"), 0), "it has read something each 200 ms");
	cr_expect(eq(int, await_given_up("send", 1, LIVE_PATIENCE), 1), "it has stopped reading");
	close(fd);
}

Test(slow, client_min_rate_gives_up_after_ten_seconds)
{
	static const char head[] = "PUT /up/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";
	static char room[1024], answer[LIVE_TEXT];
	int body, reader, seconds = 0;

	start("client_min_rate 1m;"); /* more than a receive buffer takes in ten seconds */
	reader = begin_large();
	body = live_connect(&l, 0);
	cr_assert(ge(int, body, 0));
	live_send(body, head, sizeof head - 1);
	for (; seconds < 30 && given_up("rate") < 2; seconds++) {
		live_send(body, "0123456789", 10);
		cr_expect(ge(i64, recv(reader, room, sizeof room, 0), 0));
		sleep(1);
	}
	cr_expect(ge(int, seconds, 9), "not within the grace");
	cr_expect(lt(int, seconds, 30));
	live_receive(body, answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(eq(int, strncmp(answer, "HTTP/1.1 408 ", 13), 0), "%.900s", answer);
	cr_expect(gt(int, live_await(&l, "error.log", "its client was slower than"), 0));
	cr_expect(gt(int, live_await(&l, "error.log", "refused with 408: the body came"), 0));
	close(reader);
	close(body);
}
