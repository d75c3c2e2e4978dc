#include "server/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int log_file_open(const struct config_log *log)
{
	int fd;

	if (log->sink == LOG_SINK_STDERR)
		return STDERR_FILENO;
	if (log->sink == LOG_SINK_STDOUT)
		return STDOUT_FILENO;
	/* O_NONBLOCK is for FIFOs: a log must never be waited for. */
	fd = open(log->path.ptr, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	          0644);
	if (fd < 0)
		log_error("log file %s can't be opened: %s", log->path.ptr, strerror(errno));
	return fd;
}

int logs_open(struct config *config)
{
	for (size_t i = 0; i < config->logs.len; i++) {
		config->logs.items[i].fd = log_file_open(&config->logs.items[i]);
		if (config->logs.items[i].fd < 0) {
			logs_close(config);
			return -1;
		}
	}
	return 0;
}

int log_reopen(struct config_log *log)
{
	int fd = log_file_open(log);

	if (fd < 0)
		return -1;
	close(log->fd);
	log->fd = fd;
	return 0;
}

int logs_reopen(struct config *config)
{
	int result = 0;

	for (size_t i = 0; i < config->logs.len; i++)
		if (config->logs.items[i].sink == LOG_SINK_FILE &&
		    log_reopen(&config->logs.items[i]) != 0)
			result = -1;
	return result;
}

void logs_close(struct config *config)
{
	for (size_t i = 0; i < config->logs.len; i++) {
		struct config_log *log = &config->logs.items[i];

		if (log->sink == LOG_SINK_FILE && log->fd >= 0) {
			if (log_main->fd == log->fd)
				log_main->fd = STDERR_FILENO;
			close(log->fd);
		}
		log->fd = -1;
	}
}

void logs_use(const struct config *config)
{
	const struct error_log *e = &config->settings.error_log;

	log_main->level = e->level;
	log_main->json = e->json;
	log_main->fd = e->log >= 0 ? config->logs.items[e->log].fd : STDERR_FILENO;
}
