/* cgi_limit: what a program may use, and what is said when it wants more. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct live l;

static void put_program(const char *name, const char *text)
{
	char path[64], whole[512];

	snprintf(path, sizeof path, "www/%s", name);
	snprintf(whole, sizeof whole, "#!/bin/sh\n%s\n", text);
	live_write(&l, path, whole);
	chmod(live_path(&l, path), 0755);
}

static void open_live(void)
{
	live_open(&l);
	put_program("spin.sh", "while :; do :; done");
	put_program("begin.sh",
	            "printf 'Content-Type: text/plain\\n\\nbegun\\n'\nwhile :; do :; done");
	put_program("leave.sh",
	            "printf 'Content-Type: text/plain\\n\\nall\\n'\nexec >&- 2>&-\nsleep 3");
	put_program("limits.sh", "printf 'Content-Type: text/plain\\n\\n'\n"
	                         "echo $(ulimit -t) $(ulimit -v) $(ulimit -n) "
	                         "$(grep -c 'Max processes *77  *77 ' /proc/self/limits)");
	put_program("hog.sh", "printf 'Content-Type: text/plain\\n\\n'\n"
	                      "head -c 100000000 /dev/zero | tail -c 90000000 >/dev/null && "
	                      "echo had || echo refused");
	/* A shell keeps the script itself at 10, and from there on what it will restore. */
	put_program("files.sh", "printf 'Content-Type: text/plain\\n\\n'\n"
	                        "({ { { :; } >/dev/null; } >/dev/null; } >/dev/null) 2>/dev/null "
	                        "&& echo many || echo few");
	live_start(&l, "error_log error.log;\n"
	               "server { listen 127.0.0.1:0; root www; cgi .sh;\n"
	               " cgi_limit processes=77 memory=50m cpu=1s files=40;\n"
	               " location /few/ { alias www; cgi_limit files=12; }\n"
	               " location /free/ { alias www; cgi_limit off; } }");
}

static void close_live(void)
{
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
	live_close(&l);
}

TestSuite(cgi_limit, .init = open_live, .fini = close_live, .timeout = 60);

static const char *ask(const char *path)
{
	static char answer[LIVE_TEXT];
	char request[200];

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	         path);
	live_exchange(&l, request, answer, sizeof answer);
	return answer;
}

Test(cgi_limit, time_that_is_up_before_the_header_is_502_and_the_log_says_why)
{
	cr_expect(live_matches("HTTP/1.1 502 ^", ask("/spin.sh")));
	cr_expect(gt(int,
	             live_await(&l, "error.log",
	                        "spin.sh: its processor time is used up (cgi_limit cpu) before"),
	             0));
}

Test(cgi_limit, time_that_is_up_behind_it_cuts_the_answer)
{
	const char *answer = ask("/begin.sh");

	cr_expect(live_matches("HTTP/1.1 200 ^begun\n^", answer), "%s", answer);
	cr_expect(eq(ptr, (void *)(uintptr_t)strstr(answer, "\r\n0\r\n"), NULL), "%s", answer);
	cr_expect(gt(int,
	             live_await(&l, "error.log",
	                        "begin.sh: its processor time is used up (cgi_limit cpu): the "
	                        "answer is cut"),
	             0));
}

Test(cgi_limit, one_that_closes_its_output_and_lives_on_has_answered)
{
	const char *answer = ask("/leave.sh");

	cr_expect(live_matches("HTTP/1.1 200 ^all\n\r\n0\r\n\r\n", answer), "%s", answer);
	cr_expect(eq(str, (char *)(uintptr_t)live_read(&l, "error.log"), (char[]){ "" }));
}

Test(cgi_limit, each_limit_reaches_the_program)
{
	const char *answer = ask("/limits.sh");

	cr_expect(live_matches("^1 51200 40 1\n^", answer), "%s", answer);
	answer = ask("/few/limits.sh");
	cr_expect(live_matches("^unlimited unlimited 12 0\n^", answer), "%s", answer);
	answer = ask("/free/limits.sh");
	cr_expect(live_matches("^unlimited unlimited ~ 0\n^", answer), "%s", answer);
}

Test(cgi_limit, memory_can_not_be_had_beyond_it)
{
	const char *answer = ask("/hog.sh");

	cr_expect(live_matches("^refused\n^", answer), "%s", answer);
	answer = ask("/free/hog.sh");
	cr_expect(live_matches("^had\n^", answer), "%s", answer);
}

Test(cgi_limit, descriptors_neither)
{
	const char *answer = ask("/files.sh");

	cr_expect(live_matches("^many\n^", answer), "%s", answer);
	answer = ask("/few/files.sh");
	cr_expect(live_matches("^few\n^", answer), "%s", answer);
}
