#include "server/control_protocol.h"

static const struct str control_verbs[CONTROL_VERBS] = {
	[CONTROL_RELOAD] = STR("reload"),   [CONTROL_STOP] = STR("stop"),
	[CONTROL_QUIT] = STR("quit"),       [CONTROL_REOPEN] = STR("reopen"),
	[CONTROL_UPGRADE] = STR("upgrade"), [CONTROL_STATUS] = STR("status"),
};

struct str control_verb_name(enum control_verb verb)
{
	return control_verbs[verb];
}

bool control_verb_parse(struct str word, enum control_verb *verb)
{
	for (unsigned i = 0; i < CONTROL_VERBS; i++)
		if (str_eq(word, control_verbs[i])) {
			*verb = (enum control_verb)i;
			return true;
		}
	return false;
}

/* The first line, without its end. */
static enum control_result control_line(struct str bytes, struct str *line)
{
	size_t end = str_find(str_head(bytes, CONTROL_LINE), '\n');

	if (end == bytes.len && end < CONTROL_LINE)
		return CONTROL_PARTIAL;
	*line = str_head(bytes, end);
	return end < CONTROL_LINE ? CONTROL_COMPLETE : CONTROL_BAD;
}

enum control_result control_request_parse(struct str bytes, enum control_verb *verb)
{
	struct str line;
	enum control_result result = control_line(bytes, &line);

	if (result != CONTROL_COMPLETE)
		return result;
	return line.len + 1 == bytes.len && control_verb_parse(line, verb) ? CONTROL_COMPLETE
	                                                                   : CONTROL_BAD;
}

enum control_result control_answer_parse(struct str bytes, int *status, struct str *text)
{
	struct str line, word;
	uint64_t code, len;
	enum control_result result = control_line(bytes, &line);
	size_t head;

	if (result != CONTROL_COMPLETE)
		return result;
	head = line.len + 1;
	word = str_cut(&line, ' ');
	if (!str_parse_u64(word, &code) || code > 1 || !str_parse_u64(line, &len) ||
	    len > CONTROL_TEXT || bytes.len - head > len)
		return CONTROL_BAD;
	*status = (int)code;
	*text = str_from_index(bytes, head);
	return text->len == len ? CONTROL_COMPLETE : CONTROL_PARTIAL;
}

void control_answer_head(struct buf *out, int status, size_t len)
{
	buf_format(out, "%d %zu\n", status, len);
}

bool control_socket_path(struct str pid_file, char *path, size_t cap)
{
	struct buf out = buf_fixed(path, cap);

	buf_add(&out, pid_file);
	buf_text(&out, ".sock");
	buf_byte(&out, '\0');
	return !out.failed;
}
