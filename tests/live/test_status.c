/* The figures of a server at work: they are right with several processes, and no death or reload takes any back. */

#include "exposition.h"
#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct live l;

#define SITE                                                                      \
	"error_log error.log info; worker_processes 2; root www; pid server.pid;" \
	"server { listen 127.0.0.1:0; location = /figures { status prometheus; }" \
	" location = /stub { stub_status; } location = /page { status; }"         \
	" location /up/ { alias www/up/; upload_store www/up; }"                  \
	" location /run { cgi_pass www/run.sh; } location = /bad { return 404; }"

static void open_status(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
	live_write(&l, "www/run.sh",
	           "#!/bin/sh\nsleep $QUERY_STRING\n"
	           "printf 'Content-Type: text/plain\\n\\nran\\n'\n");
	chmod(live_path(&l, "www/run.sh"), 0755);
	mkdir(live_path(&l, "www/up"), 0755);
	live_start(&l, SITE "}");
}

static void close_status(void)
{
	live_close(&l);
}

TestSuite(figures, .init = open_status, .fini = close_status);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* What Prometheus would be told now, which has to be well-formed whenever it asks. */
static const char *figures(void)
{
	static char answer[LIVE_TEXT];
	const char *body, *fault;

	live_exchange(&l, GET("/figures"), answer, sizeof answer);
	body = strstr(answer, "\r\n\r\n");
	cr_assert(ne(ptr, (void *)body, NULL), "%s", answer);
	fault = exposition_fault(body + 4, false);
	cr_assert(eq(ptr, (void *)fault, NULL), "%s", fault);
	return body + 4;
}

static double figure(const char *series)
{
	char whole[120];

	snprintf(whole, sizeof whole, "webserv_%s", series);
	return exposition_value(figures(), whole);
}

/* Waits until it is so; the last value seen. */
static double await(const char *series, double wanted)
{
	double value = figure(series);

	for (int i = 0; value != wanted && i < LIVE_PATIENCE / 20; i++) {
		usleep(20000);
		value = figure(series);
	}
	return value;
}

static void ask(const char *request, unsigned times)
{
	char answer[2048];

	for (unsigned i = 0; i < times; i++)
		cr_assert(gt(sz, live_exchange(&l, request, answer, sizeof answer), 0));
}

Test(figures, two_workers_count_every_request)
{
	cr_expect(eq(dbl, figure("workers"), 2));
	ask(GET("/"), 30);
	ask(GET("/bad"), 7);
	ask("NONSENSE\r\n\r\n", 3);
	/* The asking itself is a request, begun and not yet answered; two have asked already. */
	cr_expect(eq(dbl, figure("requests_total"), 42));
	cr_expect(eq(dbl, figure("responses_total{status=\"404\"}"), 7));
	cr_expect(eq(dbl, figure("responses_total{status=\"400\"}"), 3));
	cr_expect(eq(dbl, figure("requests_refused_total{reason=\"syntax\"}"), 3));
	cr_expect(eq(dbl, figure("responses_total{status=\"200\"}"), 35));
	cr_expect(eq(dbl, figure("request_duration_seconds_count"), 46));
	cr_expect(eq(dbl, figure("connections_accepted_total"), 48));
	cr_expect(eq(dbl, await("connections_active", 1), 1));
}

Test(figures, connections_by_what_is_done_with_them)
{
	int idle = live_connect(&l, 0), slow = live_connect(&l, 0);

	live_send(slow, "GET /", 5);
	cr_expect(eq(dbl, await("connections{state=\"reading\"}", 1), 1));
	cr_expect(eq(dbl, await("connections{state=\"waiting\"}", 1), 1));
	cr_expect(eq(dbl, figure("connections{state=\"writing\"}"), 1), "the one that asks");
	cr_expect(eq(dbl, await("connections_active", 3), 3));
	close(idle);
	close(slow);
	cr_expect(eq(dbl, await("connections_active", 1), 1));
	cr_expect(eq(dbl, figure("connections{state=\"reading\"}"), 0));
}

Test(figures, a_killed_worker_takes_nothing_back_and_holds_nothing_open)
{
	int held[8];
	double requests, sent;

	ask(GET("/"), 20);
	/* Some of them in either worker. */
	for (size_t i = 0; i < 8; i++) {
		held[i] = live_connect(&l, 0);
		live_send(held[i], "GET /", 5);
	}
	cr_expect(eq(dbl, await("connections{state=\"reading\"}", 8), 8));
	requests = figure("requests_total");
	sent = figure("sent_bytes_total");
	for (int i = 1; i <= 2; i++) {
		kill(live_find(&l, "webserv-worker"), SIGKILL);
		cr_expect(eq(dbl, await("worker_restarts_total", i), i));
		cr_expect(eq(dbl, await("workers", 2), 2));
		cr_expect(ge(dbl, figure("requests_total"), requests));
		cr_expect(gt(dbl, figure("sent_bytes_total"), sent));
		cr_expect(eq(dbl, figure("responses_total{status=\"404\"}"), -1));
	}
	for (size_t i = 0; i < 8; i++)
		close(held[i]);
	cr_expect(eq(dbl, await("connections_active", 1), 1));
	cr_expect(eq(dbl, figure("connections{state=\"reading\"}"), 0));
	requests = figure("requests_total");
	ask(GET("/"), 10);
	cr_expect(eq(dbl, figure("requests_total"), requests + 11));
}

Test(figures, a_reload_goes_on_counting)
{
	double requests;

	ask(GET("/"), 12);
	cr_expect(eq(dbl, figure("config_generation"), 1));
	requests = figure("requests_total");
	live_write(&l, "site.conf", SITE " location = /new { return 204; } }");
	kill(l.pid, SIGHUP);
	cr_expect(eq(dbl, await("config_reloads_total{result=\"done\"}", 1), 1));
	cr_expect(eq(dbl, figure("config_generation"), 2));
	cr_expect(eq(dbl, await("workers", 2), 2), "the old ones are gone");
	cr_expect(gt(dbl, figure("requests_total"), requests));
	cr_expect(ge(dbl, figure("responses_total{status=\"200\"}"), 12));
	live_write(&l, "site.conf", "nonsense;");
	kill(l.pid, SIGHUP);
	cr_expect(eq(dbl, await("config_reloads_total{result=\"failed\"}", 1), 1));
	cr_expect(eq(dbl, figure("config_generation"), 2));
	cr_expect(eq(dbl, figure("worker_restarts_total"), 0), "nobody died");
}

Test(figures, programs_and_uploads)
{
	char answer[2048];
	int slow = live_connect(&l, 0);

	live_send(slow, GET("/run?0.5"), strlen(GET("/run?0.5")));
	cr_expect(eq(dbl, await("programs{state=\"running\"}", 1), 1));
	live_receive(slow, answer, sizeof answer, LIVE_PATIENCE);
	close(slow);
	cr_expect(eq(dbl, await("programs{state=\"running\"}", 0), 0));
	cr_expect(eq(dbl, figure("programs_started_total"), 1));
	ask("PUT /up/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	    1);
	cr_expect(eq(dbl, figure("uploads_total"), 1));
	cr_expect(eq(dbl, figure("uploaded_bytes_total"), 5));
	ask("PUT /up/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	    1);
	cr_expect(eq(dbl, figure("uploads_total"), 1), "a refused one stores nothing");
	chmod(live_path(&l, "www/run.sh"), 0644);
	ask(GET("/run?0"), 1);
	cr_expect(eq(dbl, await("programs_failed_total", 1), 1));
}

Test(figures, nginx_tools_read_the_stub)
{
	static const char form[] = "^Active connections: [0-9]+ \n"
	                           "server accepts handled requests\n [0-9]+ [0-9]+ [0-9]+ \n"
	                           "Reading: [0-9]+ Writing: [0-9]+ Waiting: [0-9]+ \n$";
	char answer[2048], *body;
	regex_t regex;

	cr_assert(eq(int, regcomp(&regex, form, REG_EXTENDED | REG_NOSUB), 0));
	live_exchange(&l, GET("/stub"), answer, sizeof answer);
	body = strstr(answer, "\r\n\r\n");
	cr_assert(ne(ptr, body, NULL));
	cr_expect(eq(int, regexec(&regex, body + 4, 0, NULL, 0), 0), "%s", body);
	regfree(&regex);
}

/* The supervisor looks at the processes, which can't do so themselves. */
Test(figures, memory_and_descriptors_of_every_process)
{
	static const char *const roles[] = { "supervisor", "worker", "launcher" };
	const char *text = "";

	for (int i = 0; i < LIVE_PATIENCE / 20; i++) {
		text = figures();
		if (strstr(text, "webserv_process_memory_bytes{"))
			break;
		usleep(20000);
	}
	for (size_t i = 0; i < 3; i++) {
		char series[80];
		const char *at;

		snprintf(series, sizeof series, "webserv_process_memory_bytes{role=\"%s\"",
		         roles[i]);
		at = strstr(text, series);
		cr_expect(ne(ptr, (void *)at, NULL), "%s", series);
		cr_expect(at == NULL || strtod(strchr(at, ' '), NULL) > 100000, "%.100s", at);
		snprintf(series, sizeof series, "webserv_process_open_descriptors{role=\"%s\"",
		         roles[i]);
		at = strstr(text, series);
		cr_expect(ne(ptr, (void *)at, NULL), "%s", series);
		cr_expect(at == NULL || strtod(strchr(at, ' '), NULL) > 2, "%.100s", at);
	}
}

Test(figures, without_a_supervisor_there_are_figures_too)
{
	live_stop(&l, SIGTERM);
	l.port_count = 0;
	live_start(&l, "master_process off; " SITE "}");
	ask(GET("/run?0"), 1);
	cr_expect(eq(dbl, figure("requests_total"), 2));
	cr_expect(eq(dbl, figure("programs_started_total"), 1), "by another process");
	cr_expect(gt(dbl, figure("start_time_seconds"), 1700000000));
}

static int run(const char *request)
{
	int fd = live_connect(&l, 0);

	live_send(fd, request, strlen(request));
	return fd;
}

Test(figures, programs_that_wait_and_programs_that_are_late)
{
	char answer[2048];
	int first, second;

	live_stop(&l, SIGTERM);
	l.port_count = 0;
	live_start(&l,
	           "cgi_max_processes 1; cgi_queue_timeout 400ms; cgi_timeout 900ms 1s;" SITE "}");
	first = run(GET("/run?9"));
	cr_expect(eq(dbl, await("programs{state=\"running\"}", 1), 1));
	second = run(GET("/run?8"));
	cr_expect(eq(dbl, await("programs{state=\"queued\"}", 1), 1));
	live_receive(second, answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(ne(ptr, strstr(answer, " 503 "), NULL), "%.40s", answer);
	cr_expect(eq(dbl, figure("programs_queue_timeouts_total"), 1));
	cr_expect(eq(dbl, figure("programs{state=\"queued\"}"), 0));
	live_receive(first, answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(ne(ptr, strstr(answer, " 504 "), NULL), "%.40s", answer);
	cr_expect(eq(dbl, figure("programs_timeouts_total"), 1));
	cr_expect(eq(dbl, await("programs{state=\"running\"}", 0), 0));
	cr_expect(eq(dbl, figure("programs_started_total"), 1));
	close(first);
	close(second);
}
