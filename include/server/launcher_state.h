#ifndef SERVER_LAUNCHER_STATE_H
#define SERVER_LAUNCHER_STATE_H

#include "base/map.h"
#include "conf/config.h"
#include "net/loop.h"
#include "server/counters.h"
#include "server/launch_protocol.h"

/*
 * The launcher from inside: shared by launcher.c (the process and its channels), launcher_job.c
 * (programs: queued, running, being ended) and launcher_aid.c (spool files and drains). Nobody else includes it.
 */
struct launcher {
	struct loop loop;
	const struct config *config;
	struct watch supervisor, signals;
	struct task supervisor_task, signals_task;
	struct list channels;
	struct list waiting; /* jobs whose turn has not come, in order */
	struct list running; /* jobs with a process */
	size_t waiting_count, running_count;
	size_t waiting_max; /* what the limit of descriptors allows: each holds three */
	struct map by_pid;
	struct timer patience; /* when the launcher exits at the latest, once it is ending */
	int null;              /* /dev/null */
	uint64_t ignored;      /* signals_ignored() */
	bool is_ending;
	struct counters *counters; /* never NULL */
	struct counters alone;
	char *message; /* LAUNCH_MESSAGE_MAX bytes to receive into */
};

/* The link to one worker. */
struct launcher_channel {
	struct watch watch; /* fd -1: the worker is gone */
	struct task task;
	struct launcher *launcher;
	struct list node;
	struct map jobs;    /* by id */
	struct list unsent; /* replies that the socket had no room for */
	struct grave grave;
};

enum job_state {
	JOB_WAITING,
	JOB_RUNNING,
	JOB_ENDING, /* TERM was sent */
	JOB_KILLED
};

/* A program: from the message that asked for it until its process is reaped. */
struct job {
	struct list node; /* in launcher->waiting or running */
	struct launcher *launcher;
	struct launcher_channel *channel; /* NULL: nobody wants to hear of it any more */
	uint64_t id;
	enum job_state state;
	pid_t pid;
	uint64_t grace;
	struct timer timer;      /* the end of its wait, of its time to live, of its grace */
	struct job_order *order; /* NULL once it runs */
	bool is_queued;          /* its worker was told so */
};

/* Frees nothing and takes no descriptor over: tells the channel's worker, now or when there is room. */
void channel_reply(struct launcher_channel *channel, const struct launch_reply *reply, int fd);

/* A start message of a worker, the strings behind it and the descriptors, which are taken over. */
void job_ask(struct launcher_channel *channel, const struct launch_request *request,
             struct str strings, int *fds, size_t fd_count);

/* TERM to its group, KILL after its grace; where it has not begun, it never will. */
void job_end(struct job *job);

/* Nobody waits for it any more, but it may run on: `limit` ms, 0: as long as it wants. */
void job_release(struct job *job, uint64_t limit);

/* Collects the children that have ended and lets those move up that wait. */
void jobs_reap(struct launcher *l);

/* Ends everything. The longest grace. */
uint64_t jobs_end_all(struct launcher *l);

/*
 * An unnamed file in the directory, which is made, with its parents, where it is missing. The
 * descriptor, or -1 and errno.
 */
int spool_open(const char *directory);

/* Reads the pipe empty until its other end closes; takes it over. */
void drain_open(struct launcher *l, int fd);

#endif
