#include "handlers/cgi.h"

#include "net/io.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <unistd.h>

bool cgi_client_owes(const struct cgi *cgi)
{
	const struct request *r = cgi->request;

	if (r->body_done)
		return false;
	return cgi->spool >= 0 || (cgi->input.watch.fd >= 0 && cgi->input.is_ready);
}

/* ---- a body of known length: straight into the program's stdin ------------------------------------------ */

/* Once the answer has begun there is a deadline only while its next bytes are awaited. */
static void input_set_deadline(struct cgi *cgi)
{
	if (!cgi->request->has_answer || cgi->is_waiting)
		cgi_set_deadline(cgi);
}

static size_t input_write(struct request *r, struct str data)
{
	struct cgi *cgi = r->state;
	ssize_t n;

	if (cgi->input.watch.fd < 0)
		return data.len;
	if (!cgi->input.is_ready)
		return 0;
	n = io_write(cgi->input.watch.fd, data.ptr, data.len);
	if (n < 0 && !io_would_block(errno)) {
		/* EPIPE: the program does not want (more of) it, which is its right (RFC 3875 section 4.2). */
		cgi_pipe_close(&cgi->input);
		return data.len;
	}
	if (n < (ssize_t)data.len)
		cgi->input.is_ready = false;
	if (n > 0)
		cgi_moved(cgi);
	input_set_deadline(cgi);
	return n > 0 ? (size_t)n : 0;
}

static void input_end(struct request *r)
{
	struct cgi *cgi = r->state;

	cgi_pipe_close(&cgi->input);
	cgi_moved(cgi);
	input_set_deadline(cgi);
}

const struct sink cgi_sink_pipe = { .write = input_write, .end = input_end };

/* ---- a chunked body: its length must be known before the program starts ---------------------------------- */

static void spool_got(void *context, int fd, int error)
{
	struct cgi *cgi = context;

	cgi->spooling = NULL;
	cgi->spool = fd;
	cgi->spool_error = fd < 0 ? error : 0;
	request_wake(cgi->request);
}

void cgi_spool(struct cgi *cgi)
{
	struct request *r = cgi->request;
	struct str directory = arena_str(&r->arena, cgi->settings->client_body_temp_path);

	errno = ENOMEM;
	if (directory.ptr)
		cgi->spooling = programs_spool(r->worker->programs, directory.ptr, spool_got, cgi);
	if (!cgi->spooling) {
		cgi_fail_start(cgi, 0, errno);
		return;
	}
	request_set_sink(r, &cgi_sink_spool);
	cgi_set_deadline(cgi);
}

static size_t spool_write(struct request *r, struct str data)
{
	struct cgi *cgi = r->state;

	if (cgi->spool < 0)
		return 0;
	if (io_write_all(cgi->spool, data.ptr, data.len) != 0) {
		cgi_fail_start(cgi, 0, errno);
		return data.len;
	}
	cgi_set_deadline(cgi);
	return data.len;
}

static void spool_end(struct request *r)
{
	struct cgi *cgi = r->state;

	/* A body of no bytes may end before the file has come: it is not needed then. */
	if (cgi->spooling)
		programs_spool_cancel(cgi->spooling);
	cgi->spooling = NULL;
	cgi->spool_error = 0;
	if (cgi->spool >= 0 && lseek(cgi->spool, 0, SEEK_SET) != 0) {
		cgi_fail_start(cgi, 0, errno);
		return;
	}
	cgi_launch(cgi, (int64_t)r->body_received);
}

const struct sink cgi_sink_spool = { .write = spool_write, .end = spool_end, .is_eager = true };
