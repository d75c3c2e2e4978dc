#include "server/trace.h"

#include "http/escape.h"

#include <errno.h>
#include <string.h>

enum { TRACE_TEXT = 256 };

static const char *trace_text(const struct buf *b)
{
	return b->failed ? "(out of memory)" : b->ptr;
}

void trace_say(struct request *r, const char *topic, const char *format, ...)
{
	struct buf b = buf_in_arena(&r->arena, TRACE_TEXT);
	va_list args;

	va_start(args, format);
	buf_format_v(&b, format, args);
	va_end(args);
	buf_byte(&b, '\0');
	r->trace->say(r->trace, topic, trace_text(&b));
}

const char *trace_file_name(struct request *r, int dir, struct str path)
{
	struct buf b = buf_in_arena(&r->arena, TRACE_TEXT);

	buf_add(&b, r->config->dirs.items[dir].path);
	if (path.len > 0) {
		buf_byte(&b, '/');
		escape_json(&b, path);
	}
	buf_byte(&b, '\0');
	return trace_text(&b);
}

const char *trace_path(struct request *r, struct str path)
{
	struct buf b = buf_in_arena(&r->arena, TRACE_TEXT);

	escape_path(&b, path);
	buf_byte(&b, '\0');
	return trace_text(&b);
}

const char *trace_file_kind(struct request *r, const struct file *file)
{
	struct buf b = buf_in_arena(&r->arena, TRACE_TEXT);

	switch (file ? file->kind : FILE_FAILED) {
	case FILE_MISSING:
		buf_text(&b, "there is nothing");
		break;
	case FILE_FORBIDDEN:
		buf_format(&b, "it may not be opened (%s)", strerror(file->error));
		break;
	case FILE_REGULAR:
		buf_format(&b, "a file of %llu bytes", (unsigned long long)file->size);
		break;
	case FILE_DIRECTORY:
		buf_text(&b, "a directory");
		break;
	case FILE_SPECIAL:
		buf_text(&b, "neither a file nor a directory");
		break;
	case FILE_FAILED:
		buf_format(&b, "it can't be opened (%s)", strerror(file ? file->error : ENOMEM));
		break;
	}
	buf_byte(&b, '\0');
	return trace_text(&b);
}
