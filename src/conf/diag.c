#include "conf/diag.h"

#include <stdio.h>

enum { TEXT_MAX = 1024, LINE_SHOWN = 160, CONTEXT_BEFORE = 60 };

void diag_init(struct diag *diag)
{
	*diag = (struct diag){ .errors = 0 };
	arena_init(&diag->arena, NULL);
}

void diag_end(struct diag *diag)
{
	arena_end(&diag->arena);
	*diag = (struct diag){ .errors = 0 };
}

static struct str format_text(struct arena *arena, const char *format, va_list args)
{
	char memory[TEXT_MAX];
	int n = vsnprintf(memory, sizeof memory, format, args);
	size_t len = n < 0 ? 0 : (size_t)n;

	return arena_str(arena, str_make(memory, len < sizeof memory ? len : sizeof memory - 1));
}

/* A copy that lives as long as the messages: the original goes with the configuration. */
static const struct source *keep_source(struct diag *diag, const struct source *source)
{
	struct source **slot, *copy;

	if (!source)
		return NULL;
	for (size_t i = 0; i < diag->sources.len; i++) {
		struct source *kept = diag->sources.items[i];

		if (kept->order == source->order && str_eq(kept->name, source->name) &&
		    str_eq(kept->text, source->text))
			return kept;
	}
	copy = arena_alloc(&diag->arena, sizeof *copy);
	slot = VEC_PUSH(&diag->arena, &diag->sources);
	if (!copy || !slot) {
		if (slot)
			diag->sources.len--;
		return NULL;
	}
	copy->name = arena_str(&diag->arena, source->name);
	copy->text = arena_str(&diag->arena, source->text);
	copy->order = source->order;
	*slot = copy;
	return copy;
}

static size_t *count_of(struct diag *diag, enum diag_level level)
{
	switch (level) {
	case DIAG_ERROR:
		return &diag->errors;
	case DIAG_WARNING:
		return &diag->warnings;
	case DIAG_NOTE:
		break;
	}
	return &diag->notes;
}

struct diag_message *diag_add(struct diag *diag, enum diag_level level, struct position at,
                              const char *format, ...)
{
	struct diag_message *message;
	va_list args;

	if (++*count_of(diag, level) > DIAG_SHOWN)
		return NULL;
	message = VEC_PUSH(&diag->arena, &diag->messages);
	if (!message)
		return NULL;
	*message = (struct diag_message){ .level = level, .at = at };
	message->at.source = keep_source(diag, at.source);
	va_start(args, format);
	message->text = format_text(&diag->arena, format, args);
	va_end(args);
	return message;
}

void diag_help(struct diag *diag, struct diag_message *message, const char *format, ...)
{
	va_list args;

	if (!message)
		return;
	va_start(args, format);
	message->help = format_text(&diag->arena, format, args);
	va_end(args);
}

void diag_relate(struct diag *diag, struct diag_message *message, struct position at,
                 const char *format, ...)
{
	va_list args;

	if (!message)
		return;
	message->related = at;
	message->related.source = keep_source(diag, at.source);
	va_start(args, format);
	message->related_text = format_text(&diag->arena, format, args);
	va_end(args);
}

bool diag_fold(struct diag *diag, struct diag_message *message)
{
	struct diag_message *first = diag->messages.items;
	uint32_t known;

	if (!message)
		return false;
	while (first != message &&
	       (first->level != message->level || first->at.source != message->at.source ||
	        !str_eq(first->text, message->text)))
		first++;
	if (first == message)
		return false;
	known = first->also_count < DIAG_LINES ? first->also_count : DIAG_LINES;
	if (message->at.line != (known > 0 ? first->also[known - 1] : first->at.line)) {
		if (known < DIAG_LINES)
			first->also[known] = message->at.line;
		first->also_count++;
	}
	--*count_of(diag, message->level);
	diag->messages.len--;
	return true;
}

/* ---- printing -------------------------------------------------------------------------------------- */

/* The bytes of a well-formed UTF-8 sequence of more than one byte at s[i], C1 controls excepted; else 0. */
static size_t utf8_sequence(struct str s, size_t i)
{
	unsigned char first = (unsigned char)s.ptr[i];
	size_t n = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : 2;

	if (first < 0xc2 || first >= 0xf5 || i + n > s.len)
		return 0;
	for (size_t k = 1; k < n; k++) {
		if (((unsigned char)s.ptr[i + k] & 0xc0) != 0x80)
			return 0;
	}
	if (first == 0xc2 && (unsigned char)s.ptr[i + 1] < 0xa0)
		return 0;
	return n;
}

/*
 * Writes the character at s[i] so that it can't steer a terminal, and says how many columns it takes.
 * Returns the bytes consumed. out may be NULL to measure only.
 */
static size_t show_character(struct str s, size_t i, struct buf *out, size_t *columns)
{
	unsigned char c = (unsigned char)s.ptr[i];
	size_t n = c >= 0x80 ? utf8_sequence(s, i) : (c >= 0x20 && c != 0x7f) || c == '\t' ? 1 : 0;

	*columns = n > 0 ? 1 : 4;
	if (out && n > 0)
		buf_add(out, str_make(s.ptr + i, n));
	else if (out)
		buf_format(out, "\\x%02x", c);
	return n > 0 ? n : 1;
}

static void show_text(struct str s, struct buf *out)
{
	size_t columns;

	for (size_t i = 0; i < s.len;) {
		if (s.ptr[i] == '\t' || s.ptr[i] == '\n') {
			buf_byte(out, ' ');
			i++;
		} else {
			i += show_character(s, i, out, &columns);
		}
	}
}

static struct str source_line(const struct source *source, uint32_t line)
{
	struct str rest = source->text, text = { NULL, 0 };

	for (uint32_t i = 0; i < line; i++)
		text = str_cut(&rest, '\n');
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	return text;
}

/* The part of a long line that is worth showing: [from, to) around the caret. */
static void line_window(struct str line, size_t caret, size_t *from, size_t *to)
{
	*from = 0;
	if (line.len > LINE_SHOWN && caret > CONTEXT_BEFORE)
		*from = caret - CONTEXT_BEFORE;
	while (*from > 0 && *from < line.len && ((unsigned char)line.ptr[*from] & 0xc0) == 0x80)
		(*from)--;
	*to = line.len - *from > LINE_SHOWN ? *from + LINE_SHOWN : line.len;
}

static void print_caret(struct str line, size_t from, size_t to, size_t caret, size_t width,
                        struct buf *out)
{
	size_t columns;

	for (size_t i = from; i < caret && i < to;) {
		if (line.ptr[i] == '\t') {
			buf_byte(out, '\t');
			i++;
			continue;
		}
		i += show_character(line, i, NULL, &columns);
		while (columns-- > 0)
			buf_byte(out, ' ');
	}
	buf_byte(out, '^');
	for (size_t i = caret, first = 1; i < caret + width && i < to; first = 0) {
		i += show_character(line, i, NULL, &columns);
		for (columns -= first; columns > 0; columns--)
			buf_byte(out, '~');
	}
}

static const char *color_of(bool color, const char *code)
{
	return color ? code : "";
}

static void print_line(struct position at, struct buf *out, bool color)
{
	struct str line = source_line(at.source, at.line);
	size_t caret = at.column - 1 < line.len ? at.column - 1 : line.len;
	size_t from, to, columns;

	line_window(line, caret, &from, &to);
	buf_format(out, "%5u | %s", at.line, from > 0 ? "..." : "");
	for (size_t i = from; i < to;)
		i += show_character(line, i, out, &columns);
	buf_format(out, "%s\n      | %s%s", to < line.len ? "..." : "", from > 0 ? "   " : "",
	           color_of(color, "\033[1;32m"));
	print_caret(line, from, to, caret, at.width, out);
	buf_format(out, "%s\n", color_of(color, "\033[0m"));
}

static void print_head(struct position at, const char *level, const char *code, struct str text,
                       struct buf *out, bool color)
{
	if (at.source) {
		buf_text(out, color_of(color, "\033[1m"));
		show_text(at.source->name, out);
		buf_format(out, ":%u:%u: ", at.line, at.column);
	}
	buf_format(out, "%s%s:%s ", color_of(color, code), level, color_of(color, "\033[0m"));
	show_text(text, out);
	buf_byte(out, '\n');
	if (at.source)
		print_line(at, out, color);
}

static void print_also(const struct diag_message *message, struct buf *out)
{
	uint32_t count = message->also_count;

	if (count == 0)
		return;
	buf_text(out, count > 1 ? "      = also: lines" : "      = also: line");
	for (uint32_t i = 0; i < count && i < DIAG_LINES; i++)
		buf_format(out, "%s %u", i > 0 ? "," : "", message->also[i]);
	if (count > DIAG_LINES)
		buf_format(out, " and %u more", count - DIAG_LINES);
	buf_byte(out, '\n');
}

static void print_message(const struct diag_message *message, struct buf *out, bool color)
{
	static const struct {
		const char *name, *code;
	} levels[] = {
		[DIAG_ERROR] = { "error", "\033[1;31m" },
		[DIAG_WARNING] = { "warning", "\033[1;35m" },
		[DIAG_NOTE] = { "note", "\033[1;36m" },
	};

	print_head(message->at, levels[message->level].name, levels[message->level].code,
	           message->text, out, color);
	if (message->help.len > 0) {
		buf_text(out, "      = help: ");
		show_text(message->help, out);
		buf_byte(out, '\n');
	}
	print_also(message, out);
	if (message->related.source)
		print_head(message->related, levels[DIAG_NOTE].name, levels[DIAG_NOTE].code,
		           message->related_text, out, color);
}

/* Negative where a is to be printed before b. */
static int position_compare(struct position a, struct position b)
{
	if (!a.source || !b.source)
		return (a.source ? 1 : 0) - (b.source ? 1 : 0);
	if (a.source->order != b.source->order)
		return a.source->order < b.source->order ? -1 : 1;
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return a.column == b.column ? 0 : a.column < b.column ? -1 : 1;
}

/*
 * The message that follows `last` in the order of files, lines and of being added. Looking through all
 * of them for each costs nothing at DIAG_SHOWN per level, and no memory that could be out.
 */
static size_t next_message(const struct diag *diag, size_t last)
{
	const struct diag_message *items = diag->messages.items;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < diag->messages.len; i++) {
		int behind = last == SIZE_MAX ? 1 : position_compare(items[i].at, items[last].at);

		if (behind < 0 || (behind == 0 && i <= last))
			continue;
		if (best == SIZE_MAX || position_compare(items[i].at, items[best].at) < 0)
			best = i;
	}
	return best;
}

static void print_hidden(size_t count, const char *what, struct buf *out)
{
	if (count > DIAG_SHOWN)
		buf_format(out, "%zu more %s not shown\n", count - DIAG_SHOWN, what);
}

void diag_print(const struct diag *diag, struct buf *out, bool color)
{
	size_t at = SIZE_MAX;

	while ((at = next_message(diag, at)) != SIZE_MAX)
		print_message(&diag->messages.items[at], out, color);
	print_hidden(diag->notes, "notes", out);
	print_hidden(diag->warnings, "warnings", out);
	print_hidden(diag->errors, "errors", out);
}

struct str diag_nearest(struct str word, struct str (*next)(const void *context, size_t i),
                        const void *context)
{
	/* A third of a word may be wrong; beyond that it rather means something else. */
	unsigned limit = word.len < 3 ? 1 : word.len < 9 ? (unsigned)(word.len + 2) / 4 : 3;
	unsigned best_distance = limit + 1;
	struct str best = { NULL, 0 };

	for (size_t i = 0;; i++) {
		struct str candidate = next(context, i);
		unsigned distance;

		if (candidate.len == 0)
			return best;
		distance = str_distance(word, candidate, limit);
		if (distance < best_distance && distance < candidate.len) {
			best_distance = distance;
			best = candidate;
		}
	}
}
