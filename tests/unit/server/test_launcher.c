#include "server/launcher.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/child.h"
#include "net/sock.h"
#include "server/programs.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A launcher in a process of its own, and this process as its worker. */
struct bench {
	struct loop loop;
	struct programs *programs;
	int supervisor; /* our end */
	pid_t launcher;
	struct config config;
};

/* What one program's callbacks have said. */
struct outcome {
	bool queued, started, failed, exited;
	int step, error, status;
};

static void on_started(void *context)
{
	((struct outcome *)context)->started = true;
}

static void on_failed(void *context, int step, int error)
{
	struct outcome *o = context;

	*o = (struct outcome){
		.started = o->started, .failed = true, .step = step, .error = error
	};
}

static void on_exited(void *context, int status)
{
	struct outcome *o = context;

	o->exited = true;
	o->status = status;
}

static void on_queued(void *context)
{
	((struct outcome *)context)->queued = true;
}

static const struct program_events events = { on_queued, on_started, on_failed, on_exited };

static void bench_open(struct bench *b, unsigned max, uint64_t queue_timeout)
{
	int supervisor[2], worker[2];

	b->config = (struct config){ .cgi_max_processes = max, .cgi_queue_timeout = queue_timeout };
	clock_update();
	cr_assert(eq(int, sock_channel(supervisor), 0));
	cr_assert(eq(int, sock_channel(worker), 0));
	b->launcher = fork();
	if (b->launcher == 0) {
		const struct launcher_start start = { .config = &b->config,
			                              .supervisor = supervisor[1],
			                              .workers = &worker[1],
			                              .worker_count = 1 };

		_exit(launcher_run(&start));
	}
	close(supervisor[1]);
	close(worker[1]);
	b->supervisor = supervisor[0];
	cr_assert(eq(int, loop_init(&b->loop), 0));
	b->programs = programs_open(&b->loop, worker[0]);
	cr_assert(ne(ptr, b->programs, NULL));
}

static void wake(struct timer *timer)
{
	(void)timer;
}

static void nothing(struct task *task)
{
	(void)task;
}

/* One turn that does not sleep. */
static void bench_turn(struct bench *b)
{
	struct task task;

	task_init(&task, nothing);
	loop_defer(&b->loop, &task);
	loop_turn(&b->loop);
}

/* Turns the loop until *flag is set or so many ms have passed. */
static bool bench_wait(struct bench *b, const bool *flag, uint64_t limit)
{
	struct timer timer = { 0 };
	uint64_t end;

	clock_update();
	end = clock_now() + limit;
	timer_start(&b->loop.timers, &timer, wake, end);
	while (!*flag && clock_now() < end)
		loop_turn(&b->loop);
	timer_stop(&b->loop.timers, &timer);
	return *flag;
}

static struct program *bench_start(struct bench *b, const char *script, int out,
                                   struct outcome *outcome)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	const char *envp[] = { "WORD=given", NULL };
	const struct program_spec spec = { .program = "/bin/sh",
		                           .directory = "/",
		                           .argv = argv,
		                           .envp = envp,
		                           .fds = { -1, out, -1 },
		                           .grace = 600 };

	*outcome = (struct outcome){ 0 };
	return programs_start(b->programs, &spec, &events, outcome);
}

/* The launcher's exit status once its supervisor is gone; -1: it had to be killed. */
static int bench_close(struct bench *b, uint64_t limit)
{
	int status = -1;

	close(b->supervisor);
	for (uint64_t ms = 0; ms < limit; ms += 10) {
		if (waitpid(b->launcher, &status, WNOHANG) == b->launcher)
			break;
		usleep(10000);
		status = -1;
	}
	if (status == -1) {
		kill(b->launcher, SIGKILL);
		waitpid(b->launcher, NULL, 0);
	}
	programs_close(b->programs);
	bench_turn(b);
	loop_end(&b->loop);
	return status == -1 ? -1 : WEXITSTATUS(status);
}

/* Reads a line of text with a process id from a pipe. */
static pid_t read_pid(int fd)
{
	char text[32] = "";

	cr_assert(gt(long, read(fd, text, sizeof text - 1), 0L));
	return (pid_t)atoi(text);
}

/* Gone, or a zombie that nobody can do anything with. */
static bool is_gone(pid_t pid)
{
	char path[64], text[512] = "";
	bool is_there;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	is_there = fgets(text, sizeof text, f) != NULL; /* it may go between the two calls */
	fclose(f);
	return !is_there || strstr(text, ") Z ") != NULL;
}

static bool gone_within(pid_t pid, unsigned limit)
{
	for (unsigned ms = 0; ms < limit; ms += 10) {
		if (is_gone(pid))
			return true;
		usleep(10000);
	}
	return false;
}

static const struct {
	const char *name, *script;
	int exit, signal;
} end_rows[] = {
	{ "a program that ends well is told with status 0", "exit 0", 0, 0 },
	{ "an exit status comes through", "exit 37", 37, 0 },
	{ "a signal that ended it comes through", "kill -SEGV $$", 0, SIGSEGV },
	{ "SIGTERM, ignored by the launcher, has its default action in a program",
	  "kill -TERM $$; exit 1", 0, SIGTERM },
	{ "SIGPIPE has its default action", "kill -PIPE $$; exit 1", 0, SIGPIPE },
	{ "the environment is what was given and nothing else",
	  "test \"$(env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=)\" = WORD=given", 0, 0 },
	{ "the working directory is the one asked for", "test \"$(pwd)\" = /", 0, 0 },
	{ "only the descriptors 0, 1 and 2 are open",
	  "n=3; while [ $n -lt 64 ]; do [ ! -e /proc/$$/fd/$n ] || exit 1; n=$((n+1)); done", 0,
	  0 },
	{ "a descriptor that was not given is /dev/null",
	  "test \"$(readlink /proc/$$/fd/0)\" = /dev/null", 0, 0 },
	{ "the program leads a process group of its own",
	  "test $(cut -d' ' -f5 /proc/$$/stat) = $$", 0, 0 },
};

Test(launcher, tells_how_programs_end)
{
	struct bench b;

	bench_open(&b, 64, 1000);
	for (size_t i = 0; i < sizeof end_rows / sizeof *end_rows; i++) {
		struct outcome o;
		struct program *p = bench_start(&b, end_rows[i].script, -1, &o);

		cr_assert(ne(ptr, p, NULL), "%s", end_rows[i].name);
		cr_expect(bench_wait(&b, &o.exited, 6000), "%s", end_rows[i].name);
		cr_expect(not(o.queued || o.started || o.failed), "%s: a start at once is no news",
		          end_rows[i].name);
		cr_expect(
		        eq(int, WIFEXITED(o.status) ? WEXITSTATUS(o.status) : 0, end_rows[i].exit),
		        "%s", end_rows[i].name);
		cr_expect(
		        eq(int, WIFSIGNALED(o.status) ? WTERMSIG(o.status) : 0, end_rows[i].signal),
		        "%s", end_rows[i].name);
		program_end(p);
	}
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

static const struct {
	const char *name, *program, *directory;
	int step, error;
} failure_rows[] = {
	{ "a program that does not exist", "/nonexistent/x", "/", CHILD_EXEC, ENOENT },
	{ "a file that is not executable", "/etc/passwd", "/", CHILD_EXEC, EACCES },
	{ "a directory that does not exist", "/bin/sh", "/nonexistent", CHILD_DIRECTORY, ENOENT },
	{ "a relative program is refused", "sh", "/", 0, EINVAL },
};

Test(launcher, tells_why_a_program_cannot_start)
{
	const char *argv[] = { "x", NULL };
	const char *envp[] = { NULL };
	struct bench b;

	bench_open(&b, 64, 1000);
	for (size_t i = 0; i < sizeof failure_rows / sizeof *failure_rows; i++) {
		const struct program_spec spec = { .program = failure_rows[i].program,
			                           .directory = failure_rows[i].directory,
			                           .argv = argv,
			                           .envp = envp,
			                           .fds = { -1, -1, -1 } };
		struct outcome o = { 0 };
		struct program *p = programs_start(b.programs, &spec, &events, &o);

		cr_assert(ne(ptr, p, NULL), "%s", failure_rows[i].name);
		cr_expect(bench_wait(&b, &o.failed, 6000), "%s", failure_rows[i].name);
		cr_expect(eq(int, o.step, failure_rows[i].step), "%s", failure_rows[i].name);
		cr_expect(eq(int, o.error, failure_rows[i].error), "%s", failure_rows[i].name);
		program_end(p);
	}
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, refuses_an_environment_that_no_message_can_carry)
{
	static char huge[300 * 1024];
	const char *argv[] = { "sh", NULL };
	const char *envp[] = { huge, NULL };
	const struct program_spec spec = { .program = "/bin/sh",
		                           .directory = "/",
		                           .argv = argv,
		                           .envp = envp,
		                           .fds = { -1, -1, -1 } };
	struct outcome o;
	struct bench b;

	memset(huge, 'x', sizeof huge - 1);
	bench_open(&b, 64, 1000);
	errno = 0;
	cr_expect(eq(ptr, programs_start(b.programs, &spec, &events, &o), NULL));
	cr_expect(eq(int, errno, EMSGSIZE));
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

static const struct {
	const char *name, *script;
	bool by_channel; /* ended by the worker's channel closing, not by program_end() */
} kill_rows[] = {
	{ "TERM ends a program", "echo $$; exec sleep 60", false },
	{ "KILL ends one that ignores TERM", "trap '' TERM; echo $$; while :; do sleep 1; done",
	  false },
	{ "a stopped program is ended", "echo $$; kill -STOP $$", false },
	{ "the worker's end ends a program", "echo $$; exec sleep 60", true },
	{ "the worker's end ends one that ignores TERM",
	  "trap '' TERM; echo $$; while :; do sleep 1; done", true },
};

Test(launcher, ends_programs)
{
	for (size_t i = 0; i < sizeof kill_rows / sizeof *kill_rows; i++) {
		int out[2];
		struct outcome o;
		struct bench b;
		struct program *p;
		pid_t pid;

		bench_open(&b, 64, 1000);
		cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
		p = bench_start(&b, kill_rows[i].script, out[1], &o);
		cr_assert(ne(ptr, p, NULL));
		close(out[1]);
		pid = read_pid(out[0]);
		close(out[0]);
		usleep(50000);
		if (kill_rows[i].by_channel) {
			programs_close(b.programs);
			bench_turn(&b);
			b.programs = NULL;
		} else {
			program_end(p);
		}
		cr_expect(gone_within(pid, 5000), "%s", kill_rows[i].name);
		cr_expect(eq(int, bench_close(&b, 6000), 0), "%s", kill_rows[i].name);
	}
}

static const struct {
	const char *name, *script;
} orphan_rows[] = {
	{ "a grandchild goes when its program is ended", "sleep 60 & echo $!; wait" },
	{ "a grandchild that ignores TERM goes too",
	  "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait" },
	{ "a grandchild goes when its program exits",
	  "sleep 60 >/dev/null 2>&1 & echo $!; exit 0" },
};

Test(launcher, leaves_no_grandchild)
{
	struct bench b;

	bench_open(&b, 64, 1000);
	for (size_t i = 0; i < sizeof orphan_rows / sizeof *orphan_rows; i++) {
		int out[2];
		struct outcome o;
		struct program *p;
		pid_t pid;

		cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
		p = bench_start(&b, orphan_rows[i].script, out[1], &o);
		cr_assert(ne(ptr, p, NULL));
		close(out[1]);
		pid = read_pid(out[0]);
		bench_wait(&b, &o.exited, 200);
		program_end(p);
		cr_expect(gone_within(pid, 5000), "%s", orphan_rows[i].name);
		close(out[0]);
	}
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

static const struct {
	const char *name, *script;
} term_rows[] = {
	{ "TERM reaches the whole group, not its leader alone",
	  "sh -c 'trap \"echo termed; exit\" TERM; echo $$; while :; do sleep 0.02; done' & "
	  "trap '' TERM; while :; do sleep 1; done" },
	{ "a stopped program wakes to its TERM",
	  "trap 'echo termed; exit' TERM; echo $$; kill -STOP $$; while :; do sleep 1; done" },
};

Test(launcher, lets_programs_end_in_order)
{
	struct bench b;

	bench_open(&b, 64, 1000);
	for (size_t i = 0; i < sizeof term_rows / sizeof *term_rows; i++) {
		char text[16] = "";
		int out[2];
		struct outcome o;
		struct program *p;

		cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
		p = bench_start(&b, term_rows[i].script, out[1], &o);
		cr_assert(ne(ptr, p, NULL));
		close(out[1]);
		read_pid(out[0]);
		usleep(50000);
		program_end(p);
		cr_expect(ge(long, read(out[0], text, sizeof text - 1), 0L));
		cr_expect(eq(str, text, "termed\n"), "%s", term_rows[i].name);
		close(out[0]);
	}
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, ends_everything_with_its_supervisor)
{
	int out[2];
	struct outcome o[2];
	struct bench b;
	pid_t stubborn;

	bench_open(&b, 64, 1000);
	cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
	cr_assert(ne(ptr, bench_start(&b, "exec sleep 60", -1, &o[0]), NULL));
	cr_assert(ne(
	        ptr,
	        bench_start(&b, "trap '' TERM; echo $$; while :; do sleep 1; done", out[1], &o[1]),
	        NULL));
	stubborn = read_pid(out[0]);
	kill(b.launcher, SIGTERM);
	kill(b.launcher, SIGINT);
	kill(b.launcher, SIGHUP);
	kill(b.launcher, SIGQUIT);
	usleep(50000);
	cr_expect(not(is_gone(b.launcher)), "signals do not end the launcher");
	cr_expect(eq(int, bench_close(&b, 6000), 0), "it exits by itself, in time");
	cr_expect(is_gone(stubborn));
	close(out[0]);
	close(out[1]);
}

Test(launcher, lets_programs_wait_their_turn)
{
	struct outcome o[3];
	struct program *p[3];
	struct bench b;

	bench_open(&b, 1, 1000);
	p[0] = bench_start(&b, "sleep 0.15", -1, &o[0]);
	p[1] = bench_start(&b, "sleep 60", -1, &o[1]);
	p[2] = bench_start(&b, "exit 0", -1, &o[2]);
	cr_expect(bench_wait(&b, &o[0].exited, 6000));
	cr_expect(o[1].queued && o[2].queued && !o[0].queued);
	cr_expect(bench_wait(&b, &o[1].started, 6000), "the next in order starts");
	cr_expect(not(o[2].started));
	cr_expect(bench_wait(&b, &o[2].failed, 6000), "the last one waits only so long");
	cr_expect(eq(int, o[2].step, 0));
	cr_expect(eq(int, o[2].error, EAGAIN));
	for (int i = 0; i < 3; i++)
		program_end(p[i]);
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, forgets_one_that_is_ended_while_it_waits)
{
	struct outcome o[3];
	struct program *p[3];
	struct bench b;

	bench_open(&b, 1, 5000);
	p[0] = bench_start(&b, "sleep 0.1", -1, &o[0]);
	p[1] = bench_start(&b, "sleep 60", -1, &o[1]);
	p[2] = bench_start(&b, "exit 5", -1, &o[2]);
	program_end(p[1]);
	cr_expect(bench_wait(&b, &o[2].exited, 6000), "the one behind it has its turn");
	cr_expect(not(o[1].started));
	program_end(p[0]);
	program_end(p[2]);
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, lets_a_released_program_finish)
{
	int out[2];
	char text[8];
	char path[] = "/tmp/webserv-test-XXXXXX", script[256];
	struct outcome o;
	struct program *p;
	struct stat st;
	struct bench b;

	cr_assert(ge(int, mkstemp(path), 0));
	snprintf(script, sizeof script, "echo first; sleep 0.2; head -c 200000 /dev/zero && rm %s",
	         path);
	bench_open(&b, 64, 1000);
	cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
	p = bench_start(&b, script, out[1], &o);
	close(out[1]);
	cr_assert(gt(long, read(out[0], text, sizeof text), 0L));
	program_release(p, 5000, (int[]){ out[0], -1 });
	close(out[0]);
	for (int i = 0; i < 200 && stat(path, &st) == 0; i++)
		usleep(10000);
	cr_expect(ne(int, stat(path, &st), 0), "what it writes is read, no SIGPIPE stops it");
	unlink(path);
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, ends_a_released_program_in_the_end)
{
	int out[2];
	struct outcome o;
	struct program *p;
	struct bench b;
	pid_t pid;

	bench_open(&b, 64, 1000);
	cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
	p = bench_start(&b, "echo $$; sleep 60", out[1], &o);
	close(out[1]);
	pid = read_pid(out[0]);
	program_release(p, 200, (int[]){ -1, -1 });
	usleep(50000);
	cr_expect(not(is_gone(pid)));
	cr_expect(gone_within(pid, 5000));
	close(out[0]);
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

struct spooled {
	bool come;
	int fd, error;
};

static void on_spool(void *context, int fd, int error)
{
	*(struct spooled *)context = (struct spooled){ true, fd, error };
}

Test(launcher, hands_out_spool_files)
{
	char path[] = "/tmp/webserv-test-XXXXXX", deep[64];
	struct spooled s = { 0 };
	struct stat st;
	struct bench b;

	cr_assert(ne(ptr, mkdtemp(path), NULL));
	snprintf(deep, sizeof deep, "%s/a/b", path);
	bench_open(&b, 64, 1000);
	cr_assert(ne(ptr, programs_spool(b.programs, deep, on_spool, &s), NULL));
	cr_expect(bench_wait(&b, &s.come, 6000));
	cr_assert(ge(int, s.fd, 3));
	cr_expect(eq(long, write(s.fd, "x", 1), 1L));
	cr_expect(eq(int, fstat(s.fd, &st), 0));
	cr_expect(eq(int, (int)st.st_nlink, 0), "the file has no name");
	cr_expect(eq(int, stat(deep, &st), 0));
	cr_expect(eq(int, (int)(st.st_mode & 0777), 0700), "the directory is ours alone");
	close(s.fd);
	s.come = false;
	cr_assert(ne(ptr, programs_spool(b.programs, "/proc/nowhere", on_spool, &s), NULL));
	cr_expect(bench_wait(&b, &s.come, 6000));
	cr_expect(eq(int, s.fd, -1));
	cr_expect(eq(int, s.error, ENOENT));
	cr_expect(eq(int, bench_close(&b, 6000), 0));
	rmdir(deep);
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
	rmdir(path);
}

Test(launcher, serves_a_worker_that_comes_later)
{
	int channel[2];
	const char message = LAUNCHER_WORKER;
	struct outcome o;
	struct bench b;
	struct program *p;

	bench_open(&b, 64, 1000);
	cr_assert(eq(int, sock_channel(channel), 0));
	cr_assert(eq(int, sock_send_message(b.supervisor, &message, 1, &channel[1], 1), 0));
	close(channel[1]);
	programs_close(b.programs);
	b.programs = programs_open(&b.loop, channel[0]);
	p = bench_start(&b, "exit 9", -1, &o);
	cr_expect(bench_wait(&b, &o.exited, 6000));
	cr_expect(eq(int, WEXITSTATUS(o.status), 9));
	program_end(p);
	cr_expect(eq(int, bench_close(&b, 6000), 0));
}

Test(launcher, tells_when_it_is_lost)
{
	struct outcome o[2];
	struct program *p[2];
	struct bench b;

	log_main->level = LOG_ERROR;
	bench_open(&b, 1, 60000);
	p[0] = bench_start(&b, "exec sleep 3", -1, &o[0]);
	p[1] = bench_start(&b, "exec sleep 3", -1, &o[1]);
	cr_expect(bench_wait(&b, &o[1].queued, 6000));
	kill(b.launcher, SIGKILL);
	cr_expect(bench_wait(&b, &o[0].exited, 6000), "a running program counts as gone");
	cr_expect(eq(int, WTERMSIG(o[0].status), SIGKILL));
	cr_expect(o[1].failed, "a waiting one has failed");
	cr_expect(eq(int, o[1].error, EPIPE));
	cr_expect(eq(ptr, bench_start(&b, "exit", -1, &o[1]), NULL));
	program_end(p[0]);
	program_end(p[1]);
	bench_close(&b, 6000);
}
