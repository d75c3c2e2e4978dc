/* limit_conn and limit_req, as clients meet them. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live l;

static void open_limits(void)
{
	live_open(&l);
}

static void close_limits(void)
{
	live_close(&l);
}

TestSuite(limits, .init = open_limits, .fini = close_limits);

static const char site[] =
        "worker_processes 2; pid server.pid; root www; error_log error.log info;"
        "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;"
        "server { listen 127.0.0.1:0;"
        "  location /three { limit_req 6r/m burst=3; return 200 in; }"
        "  location /dry { limit_req 6r/m burst=1; limit_dry_run on; return 200 in; }"
        "  location /soon { limit_req 2r/s burst=1; return 200 in; } }";

/* The answer to one request on a connection of its own, for the client with this address. */
static const char *ask(const char *path, const char *client)
{
	static char answer[LIVE_TEXT];
	char request[256];

	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n",
	         path, client);
	live_exchange(&l, request, answer, sizeof answer);
	return answer;
}

static bool passes(const char *path, const char *client)
{
	return strncmp(ask(path, client), "HTTP/1.1 200 ", 13) == 0;
}

static bool is_refused(const char *path, const char *client)
{
	const char *answer = ask(path, client);

	return strncmp(answer, "HTTP/1.1 429 ", 13) == 0 && strstr(answer, "\r\nRetry-After: ");
}

Test(limits, a_burst_passes_and_what_is_past_it_hears_429_in_every_worker)
{
	live_start(&l, site);
	for (int i = 0; i < 3; i++)
		cr_expect(passes("/three", "192.0.2.1"), "request %d", i);
	/* Two workers take connections as they like: neither lets more in. */
	for (int i = 0; i < 8; i++)
		cr_expect(is_refused("/three", "192.0.2.1"), "request %d past the burst", i);
	cr_expect(passes("/three", "192.0.2.2"), "another client behind the same proxy");
	cr_expect(is_refused("/three", "203.0.113.9, 192.0.2.1"),
	          "what the client made up is passed over");
	cr_expect(passes("/dry", "192.0.2.1") && passes("/dry", "192.0.2.1"),
	          "a dry run refuses nothing");
	cr_expect(gt(int, live_await(&l, "error.log", "would be over limit_req 6r/m"), 0));
}

Test(limits, a_client_that_waits_as_told_is_let_in)
{
	live_start(&l, site);
	cr_expect(passes("/soon", "192.0.2.1"));
	cr_expect(is_refused("/soon", "192.0.2.1"));
	usleep(1000 * 1000);
	cr_expect(passes("/soon", "192.0.2.1"));
}

Test(limits, a_reload_and_a_dead_worker_forget_nothing)
{
	live_start(&l, site);
	for (int i = 0; i < 3; i++)
		cr_expect(passes("/three", "192.0.2.1"));
	kill(l.pid, SIGHUP);
	cr_expect(gt(int, live_await(&l, "error.log", "generation 2 serves"), 0));
	cr_expect(is_refused("/three", "192.0.2.1"), "after a reload");
	/* Lest it be one of the first generation's that is killed, or just not. */
	cr_expect(gt(int, live_await(&l, "error.log", "generation 1 has ended"), 0));
	kill(live_find(&l, "webserv-worker"), SIGKILL);
	cr_expect(gt(int, live_await(&l, "error.log", "signal 9"), 0));
	cr_expect(is_refused("/three", "192.0.2.1"), "after a worker's death");
}

/* ---- requests at once ------------------------------------------------------------------------------------ */

static const char large_site[] = "worker_processes 2; root www; error_log error.log info;"
                                 "server { listen 127.0.0.1:0; limit_conn 3;"
                                 "  location /pid { limit_conn off; return 200 $pid; }"
                                 "  location /status { limit_conn off; status prometheus; } }";

/* A request whose answer is begun and not read to its end; -1: it was refused. */
static int hold(void)
{
	static const char request[] = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
	char head[16];
	int fd = live_connect(&l, 0);

	cr_assert(ge(int, fd, 0));
	live_send(fd, request, sizeof request - 1);
	cr_assert(eq(sz, live_receive(fd, head, sizeof head, LIVE_PATIENCE), sizeof head - 1));
	if (strncmp(head, "HTTP/1.1 200 ", 13) == 0)
		return fd;
	cr_expect(eq(int, strncmp(head, "HTTP/1.1 429 ", 13), 0), "%s", head);
	close(fd);
	return -1;
}

static pid_t pid_that_answers(void)
{
	const char *body = strstr(ask("/pid", ""), "\r\n\r\n");

	return body ? (pid_t)atol(body + 4) : 0;
}

/*
 * A worker that is stopped while it sleeps in epoll_wait still takes the one wake-up that a connection gives; the
 * next one goes to another worker, which then accepts both.
 */
static void stop_worker(pid_t worker)
{
	kill(worker, SIGSTOP);
	close(live_connect(&l, 0));
}

/* Which worker takes a connection is up to the kernel, but for one that is stopped. */
Test(limits, workers_share_a_count_and_a_dead_one_gives_its_part_back)
{
	pid_t first, second;

	live_write(&l, "www/large", "");
	cr_assert(eq(int, truncate(live_path(&l, "www/large"), 64 << 20), 0));
	live_start(&l, large_site);
	first = live_find(&l, "webserv-worker");
	stop_worker(first);
	second = pid_that_answers();
	cr_assert(second > 0 && second != first);
	cr_expect(ge(int, hold(), 0));
	cr_expect(ge(int, hold(), 0));
	kill(first, SIGCONT);
	stop_worker(second);
	cr_expect(eq(int, pid_that_answers(), first));
	cr_expect(ge(int, hold(), 0));
	cr_expect(eq(int, hold(), -1), "two in one worker, one in the other");
	kill(second, SIGKILL);
	cr_expect(gt(int, live_await(&l, "error.log", "signal 9"), 0));
	cr_expect(ge(int, hold(), 0), "what the dead worker held is free");
	cr_expect(ge(int, hold(), 0));
	cr_expect(eq(int, hold(), -1), "and no more than that");
	cr_expect(strstr(ask("/status", ""), "requests_limited_total{limit=\"conn\"} 2\n") != NULL);
}
