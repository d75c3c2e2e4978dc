#include "net/io.h"
#include "net/sock.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { INHERIT_SAID = 4096 };

/* ---- what the environment says ----------------------------------------------------------------------- */

static bool inherit_number(struct str text, int *fd)
{
	uint64_t n;

	if (!str_parse_u64(text, &n) || n <= STDERR_FILENO || n > INT32_MAX)
		return false;
	*fd = (int)n;
	return true;
}

/* "FD TEXT" */
static bool inherit_socket(struct sockets *sockets, struct str line)
{
	struct str number = str_cut(&line, ' ');
	int fd;

	return line.len > 0 && inherit_number(number, &fd) && sockets_adopt(sockets, fd, line);
}

static bool inherit_sockets(struct sockets *sockets, const char *list)
{
	struct str rest = str_from(list);

	while (rest.len > 0)
		if (!inherit_socket(sockets, str_cut(&rest, '\n')))
			return false;
	return true;
}

/* Its end is the only news: then it has finished what it had. */
static void inherit_news(struct watch *watch, uint32_t events)
{
	struct supervisor *sup = LIST_ENTRY(watch, struct supervisor, inheritance.channel);

	(void)events;
	loop_close(watch);
	log_notice("the process that served before has ended");
	loop_defer(&sup->loop, &sup->work);
}

static bool inherit_channel(struct supervisor *sup, const char *number)
{
	struct inheritance *in = &sup->inheritance;

	if (!inherit_number(str_from(number), &in->channel.fd) ||
	    io_nonblocking(in->channel.fd, true) != 0)
		return false;
	in->channel.ready = inherit_news;
	in->is_open = true;
	in->room = malloc(INHERIT_SAID);
	in->said = buf_fixed(in->room, in->room ? INHERIT_SAID : 0);
	log_main->copy = in->room ? &in->said : NULL;
	return true;
}

bool inherit_begin(struct supervisor *sup)
{
	const char *channel = getenv(UPGRADE_CHANNEL), *list = getenv(UPGRADE_SOCKETS);
	bool good = true;

	sup->inheritance = (struct inheritance){ .channel = { .fd = -1 } };
	if (channel)
		good = inherit_channel(sup, channel);
	if (list)
		good = good && inherit_sockets(&sup->sockets, list);
	/* Neither a program nor the next heir is to find them. */
	unsetenv(UPGRADE_CHANNEL);
	unsetenv(UPGRADE_SOCKETS);
	if (!good)
		log_error("the environment's " UPGRADE_SOCKETS " or " UPGRADE_CHANNEL
		          " is not what a server that is upgraded leaves: unset both");
	return good;
}

/* ---- taking over ------------------------------------------------------------------------------------- */

void inherit_tell(struct supervisor *sup, enum upgrade_message message)
{
	char byte = (char)message;

	if (!sup->inheritance.is_open && sup->inheritance.channel.fd >= 0 &&
	    sock_send_message(sup->inheritance.channel.fd, &byte, 1, NULL, 0) != 0)
		log_warn("the process that served before could not be told: %s", strerror(errno));
}

bool inherit_waits(const struct inheritance *in)
{
	return in->channel.fd >= 0 && !in->is_open;
}

static void inherit_forget_said(struct inheritance *in)
{
	log_main->copy = NULL;
	free(in->room);
	in->room = NULL;
}

bool inherit_take_over(struct supervisor *sup, const struct config *config)
{
	struct inheritance *in = &sup->inheritance;
	const char *pid_file = config->pid_file.len > 0 ? config->pid_file.ptr : "";

	if (pidfile_replace(&sup->pidfile, pid_file, getppid()) != 0)
		return false;
	control_open(sup, pid_file);
	sockets_own(&sup->sockets);
	in->is_open = false;
	inherit_forget_said(in);
	inherit_tell(sup, UPGRADE_SERVES);
	if (in->channel.fd >= 0 && loop_watch(&sup->loop, &in->channel, EPOLLIN) != 0) {
		log_warn("how long the process that served before goes on can't be known: %s",
		         strerror(errno));
		loop_close(&in->channel);
	}
	return true;
}

void inherit_end(struct supervisor *sup)
{
	struct inheritance *in = &sup->inheritance;
	char message[1 + INHERIT_SAID] = { UPGRADE_FAILED };

	if (in->is_open && in->channel.fd >= 0) {
		memcpy(message + 1, in->room ? in->room : "", in->said.len);
		sock_send_message(in->channel.fd, message, 1 + in->said.len, NULL, 0);
	}
	inherit_forget_said(in);
	loop_close(&in->channel);
}
