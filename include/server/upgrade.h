#ifndef SERVER_UPGRADE_H
#define SERVER_UPGRADE_H

#include "base/buf.h"
#include "conf/config.h"
#include "net/loop.h"

#include <sys/types.h>

struct supervisor;

/*
 * An upgrade in place: the supervisor starts the binary anew, on the same listening sockets, and drains
 * once the new process, its heir, serves. Nothing is changed before that: a binary that does not start, or
 * does not like the configuration, leaves the old one serving.
 *
 *     predecessor                                  heir
 *     the binary with -t: does it agree?
 *     fork, exec: sockets and the channel  ──────▶ starts its workers on the sockets
 *                                                  puts its pid file and control socket in place
 *     drains, and ends with its last request ◀──── UPGRADE_SERVES
 *     stops, as the heir is stopped        ◀────── UPGRADE_STOP, UPGRADE_QUIT
 *
 * The channel stays open as long as both live: the heir, told to stop, waits for its predecessor.
 */

/* The first byte of a message on the channel; what follows is text. All are the heir's. */
enum upgrade_message {
	UPGRADE_SERVES = 'S',
	UPGRADE_FAILED = 'F', /* why */
	UPGRADE_STOP = 'T',
	UPGRADE_QUIT = 'Q',
	UPGRADE_REOPEN = 'R'
};

/* How the heir learns of them: "FD TEXT\n" for each socket, TEXT as in socket_entry; the channel's number. */
#define UPGRADE_SOCKETS "WEBSERV_SOCKETS"
#define UPGRADE_CHANNEL "WEBSERV_PREDECESSOR"

/* ---- the predecessor (upgrade.c) --------------------------------------------------------------------- */

enum upgrade_step { UPGRADE_NONE, UPGRADE_CHECK, UPGRADE_START, UPGRADE_DONE };

struct upgrade {
	enum upgrade_step step;
	pid_t pid;           /* of what was started in this step; 0: none */
	struct watch source; /* CHECK: what it writes; later: the channel */
	struct timer limit;  /* a step that takes longer has failed */
	struct buf said;     /* CHECK: what it wrote */
};

/* False: memory is out. */
bool upgrade_init(struct supervisor *sup);
void upgrade_end(struct supervisor *sup);

/* Begins one, or says (to the log and whoever waits for it) why not. */
void supervisor_upgrade(struct supervisor *sup);

/* Whether one is under way, so that the configuration must not change meanwhile. */
bool upgrade_is_running(const struct supervisor *sup);

/* The server is told to stop in the middle of one: what was started for it is ended. */
void upgrade_abandon(struct supervisor *sup);

/* Whether the process was one of its own, which is then accounted for: status as of wait(2). */
bool upgrade_reaped(struct supervisor *sup, pid_t pid, int status);

/* ---- the heir (inherit.c) ---------------------------------------------------------------------------- */

/* What it was left. */
struct inheritance {
	struct watch channel; /* to the predecessor; fd -1: none, or it is gone */
	bool is_open;         /* there is one, and what it left is not ours yet */
	char *room;           /* what is to be told where we fail */
	struct buf said;
};

/* Reads what the environment says, and takes it out of there. False: it can't be right; the reason is logged. */
bool inherit_begin(struct supervisor *sup);

/*
 * Our workers are ready: pid file and control socket become ours in one step each, and the predecessor is
 * told. False, with the reason logged: it must go on serving.
 */
bool inherit_take_over(struct supervisor *sup, const struct config *config);

/* Passes on what concerns both; nothing while it is the predecessor that serves. */
void inherit_tell(struct supervisor *sup, enum upgrade_message message);

/* Whether the process that served before still finishes what it has. */
bool inherit_waits(const struct inheritance *in);

/* Before the end of the process: tells the predecessor why, where it still serves. */
void inherit_end(struct supervisor *sup);

#endif
