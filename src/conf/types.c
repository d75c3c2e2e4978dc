#include "conf/types.h"

#include <stdio.h>

struct diag_message *value_error(const struct value *value, const struct token *at,
                                 const char *format, ...)
{
	char memory[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(memory, sizeof memory, format, args);
	va_end(args);
	return diag_add(value->build->diag, DIAG_ERROR, at->at, "%s", memory);
}

static bool expected(const struct value *v, const char *what)
{
	value_error(v, &v->node->args[0], "'%.*s' is no value for '%.*s': expected %s",
	            STR_ARG(v->node->args[0].text), STR_ARG(v->directive->name), what);
	return false;
}

bool value_is_constant(const struct value *value, const struct token *arg)
{
	size_t dollar = str_find(arg->text, '$');
	struct position at = token_part(arg, dollar, arg->text.len - dollar);

	if (dollar == arg->text.len)
		return true;
	diag_help(value->build->diag,
	          diag_add(value->build->diag, DIAG_ERROR, at, "'%.*s' takes no variables",
	                   STR_ARG(value->directive->name)),
	          "its value is needed when the configuration is loaded: write one server or "
	          "location for each");
	return false;
}

static struct str name_at(const void *names, size_t i)
{
	return ((const struct template_names *)names)->name(i);
}

static void say_variable(const struct value *v, const struct token *arg, struct str bad)
{
	size_t offset = (size_t)(bad.ptr - arg->text.ptr);
	struct position at = token_part(arg, offset, bad.len);
	struct str name = str_from_index(bad, bad.len > 1 && bad.ptr[1] == '{' ? 2 : 1);
	struct diag_message *message;
	struct str near = { NULL, 0 };

	message = diag_add(v->build->diag, DIAG_ERROR, at, "unknown variable '%.*s'", STR_ARG(bad));
	if (name.len > 0 && name.ptr[name.len - 1] == '}')
		name.len--;
	if (name.len > 0 && v->build->names)
		near = diag_nearest(name, name_at, v->build->names);
	if (near.len > 0)
		diag_help(v->build->diag, message, "did you mean '$%.*s'?", STR_ARG(near));
	else if (name.len == 0)
		diag_help(v->build->diag, message, "a '$' always begins a variable");
}

bool value_template(const struct value *value, const struct token *arg, struct template *out)
{
	struct str bad, rest = arg->text;
	struct template unused;

	if (template_parse(value->build->arena, rest, value->build->names, out, &bad))
		return true;
	/* All of them in one run. */
	do {
		say_variable(value, arg, bad);
		rest = str_from_index(rest, (size_t)(bad.ptr + bad.len - rest.ptr));
	} while (!template_parse(value->build->scratch, rest, value->build->names, &unused, &bad));
	return false;
}

/* ---- text ---------------------------------------------------------------------------------------------- */

bool text_is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
		    (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return text.len > 0;
}

static bool is_plain(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (strchr(" \t\r\n;{}\"'\\#", word.ptr[i]))
			return false;
	}
	return true;
}

static void print_quoted(struct buf *out, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '"' || word.ptr[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, word.ptr[i]);
	}
}

void text_print_joined(struct buf *out, struct str first, struct str second)
{
	if (first.len + second.len > 0 && is_plain(first) && is_plain(second)) {
		buf_add(out, first);
		buf_add(out, second);
		return;
	}
	buf_byte(out, '"');
	print_quoted(out, first);
	print_quoted(out, second);
	buf_byte(out, '"');
}

void text_print_word(struct buf *out, struct str word)
{
	text_print_joined(out, word, (struct str){ NULL, 0 });
}

struct unit {
	struct str name;
	uint64_t factor;
};

/* The value of digits with the longest unit that follows them; consumed from *rest. */
static bool cut_amount(struct str *rest, const struct unit *units, size_t count, uint64_t *value)
{
	size_t digits = 0, best = count;
	uint64_t n;

	while (digits < rest->len && ascii_is_digit(rest->ptr[digits]))
		digits++;
	if (!str_parse_u64(str_head(*rest, digits), &n))
		return false;
	*rest = str_from_index(*rest, digits);
	for (size_t i = 0; i < count; i++) {
		if (str_starts_with(*rest, units[i].name) &&
		    (best == count || units[i].name.len > units[best].name.len))
			best = i;
	}
	if (best == count)
		return false;
	*rest = str_from_index(*rest, units[best].name.len);
	return !__builtin_mul_overflow(n, units[best].factor, value);
}

bool text_parse_size(struct str text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ STR(""), 1 },        { STR("k"), 1 << 10 }, { STR("K"), 1 << 10 },
		{ STR("m"), 1 << 20 }, { STR("M"), 1 << 20 }, { STR("g"), 1 << 30 },
		{ STR("G"), 1 << 30 },
	};

	return cut_amount(&text, units, sizeof units / sizeof *units, bytes) && text.len == 0;
}

bool text_parse_time(struct str text, uint64_t *ms)
{
	static const struct unit units[] = {
		{ STR("ms"), 1 },         { STR("s"), 1000 },        { STR("m"), 60000 },
		{ STR("h"), 3600000 },    { STR("d"), 86400000 },    { STR("w"), 604800000 },
		{ STR("M"), 2592000000 }, { STR("y"), 31536000000 }, { STR(""), 1000 },
	};
	size_t all = sizeof units / sizeof *units;
	uint64_t sum = 0, part;

	/* A bare number is seconds only at the end: "1h30" is an hour and 30 seconds, as in nginx. */
	do {
		if (!cut_amount(&text, units, all, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
	} while (text.len > 0 && ascii_is_digit(text.ptr[0]));
	*ms = sum;
	return text.len == 0;
}

void text_print_size(struct buf *out, uint64_t bytes)
{
	static const char letters[] = { 'g', 'm', 'k' };

	for (unsigned i = 0; i < 3; i++) {
		unsigned shift = 30 - 10 * i;

		if (bytes == 0 || bytes & ((1u << shift) - 1))
			continue;
		buf_u64(out, bytes >> shift);
		buf_byte(out, letters[i]);
		return;
	}
	buf_u64(out, bytes);
}

void text_print_time(struct buf *out, uint64_t ms)
{
	static const struct unit units[] = {
		{ STR("d"), 86400000 },
		{ STR("h"), 3600000 },
		{ STR("m"), 60000 },
		{ STR("s"), 1000 },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units && ms > 0; i++) {
		if (ms % units[i].factor != 0)
			continue;
		buf_u64(out, ms / units[i].factor);
		buf_add(out, units[i].name);
		return;
	}
	buf_u64(out, ms);
	buf_text(out, ms > 0 ? "ms" : "s");
}

/* ---- the scalar types ------------------------------------------------------------------------------------ */

/* Fields are bool, 32-bit enum or integer, or 64 bits wide; the row knows. */
static void store_integer(const struct value *v, void *target, uint64_t n)
{
	uint32_t narrow = (uint32_t)n;
	bool flag = n != 0;

	switch (v->directive->size) {
	case sizeof flag:
		memcpy(target, &flag, sizeof flag);
		break;
	case sizeof narrow:
		memcpy(target, &narrow, sizeof narrow);
		break;
	default:
		memcpy(target, &n, sizeof n);
	}
}

static uint64_t load_integer(const struct shown *shown, const void *target)
{
	uint32_t narrow;
	uint64_t n;
	bool flag;

	switch (shown->directive->size) {
	case sizeof flag:
		memcpy(&flag, target, sizeof flag);
		return flag;
	case sizeof narrow:
		memcpy(&narrow, target, sizeof narrow);
		return narrow;
	default:
		memcpy(&n, target, sizeof n);
		return n;
	}
}

/* The first word of the list that means this: a later one with the same meaning is a second spelling. */
static bool parse_words(const struct value *v, void *target)
{
	const struct value_word *words = v->directive->detail;
	char memory[200];
	struct buf list = buf_fixed(memory, sizeof memory);

	for (const struct value_word *w = words; w->word.len > 0; w++) {
		if (str_eq(w->word, v->node->args[0].text)) {
			store_integer(v, target, (uint64_t)w->value);
			return true;
		}
		if (w > words)
			buf_text(&list, w[1].word.len > 0 ? ", " : " or ");
		buf_add(&list, w->word);
	}
	buf_byte(&list, '\0');
	return expected(v, memory);
}

static bool print_words(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	uint64_t value = load_integer(shown, target);

	for (const struct value_word *w = shown->directive->detail; w->word.len > 0 && i == 0;
	     w++) {
		if (value == (uint64_t)w->value) {
			buf_add(out, w->word);
			return true;
		}
	}
	return false;
}

static bool parse_flag(const struct value *v, void *target)
{
	struct str word = v->node->args[0].text;

	if (!str_eq(word, STR_OF("on")) && !str_eq(word, STR_OF("off")))
		return expected(v, "on or off");
	store_integer(v, target, str_eq(word, STR_OF("on")));
	return true;
}

static bool print_flag(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	buf_text(out, load_integer(shown, target) ? "on" : "off");
	return i == 0;
}

static bool parse_present(const struct value *v, void *target)
{
	store_integer(v, target, 1);
	return true;
}

static bool print_present(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	(void)out;
	return i == 0 && load_integer(shown, target) != 0;
}

static bool in_range(const struct value *v, uint64_t n, void (*print)(struct buf *, uint64_t))
{
	const struct value_range *range = v->directive->detail;
	char memory[64];
	struct buf text = buf_fixed(memory, sizeof memory);

	if (n >= range->min && n <= range->max)
		return true;
	buf_text(&text, "from ");
	print(&text, range->min);
	buf_text(&text, " to ");
	print(&text, range->max);
	buf_byte(&text, '\0');
	return expected(v, memory);
}

static bool parse_number(const struct value *v, void *target)
{
	uint64_t n;

	if (!str_parse_u64(v->node->args[0].text, &n))
		return expected(v, "a number");
	if (!in_range(v, n, buf_u64))
		return false;
	store_integer(v, target, n);
	return true;
}

static bool print_number(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	buf_u64(out, load_integer(shown, target));
	return i == 0;
}

static bool parse_size(const struct value *v, void *target)
{
	uint64_t n;

	if (!text_parse_size(v->node->args[0].text, &n))
		return expected(v, "a size, as in 512, 64k, 10m, 1g");
	if (!in_range(v, n, text_print_size))
		return false;
	store_integer(v, target, n);
	return true;
}

static bool print_size(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	text_print_size(out, load_integer(shown, target));
	return i == 0;
}

static bool parse_time(const struct value *v, void *target)
{
	uint64_t n;

	if (!text_parse_time(v->node->args[0].text, &n))
		return expected(v, "a time, as in 30, 500ms, 60s, 1h30m, 7d");
	if (!in_range(v, n, text_print_time))
		return false;
	store_integer(v, target, n);
	return true;
}

static bool print_time(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	text_print_time(out, load_integer(shown, target));
	return i == 0;
}

static bool parse_mode(const struct value *v, void *target)
{
	struct str text = v->node->args[0].text;
	unsigned mode = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7' || mode > 0777)
			return expected(v, "an octal mode, as in 0644");
		mode = mode * 8 + (unsigned)(text.ptr[i] - '0');
	}
	if (text.len == 0 || mode > 0777)
		return expected(v, "an octal mode, as in 0644");
	store_integer(v, target, mode);
	return true;
}

static bool print_mode(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	buf_format(out, "0%03o", (unsigned)load_integer(shown, target));
	return i == 0;
}

static bool parse_text(const struct value *v, void *target)
{
	if (!value_is_constant(v, &v->node->args[0]))
		return false;
	if (v->node->args[0].text.len == 0)
		return expected(v, "some text");
	*(struct str *)target = v->node->args[0].text;
	return true;
}

static bool print_text(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct str *text = target;

	(void)shown;
	text_print_word(out, *text);
	return i == 0 && text->len > 0;
}

static bool parse_path(const struct value *v, void *target)
{
	if (!value_is_constant(v, &v->node->args[0]))
		return false;
	if (v->node->args[0].text.len == 0)
		return expected(v, "a path");
	*(struct str *)target = build_path(v->build, v->node->args[0].text);
	return true;
}

const struct value_type value_flag = { .parse = parse_flag, .print = print_flag };
const struct value_type value_words = { .parse = parse_words, .print = print_words };
const struct value_type value_present = { .parse = parse_present, .print = print_present };
const struct value_type value_number = { .parse = parse_number, .print = print_number };
const struct value_type value_size = { .parse = parse_size, .print = print_size };
const struct value_type value_time = { .parse = parse_time, .print = print_time };
const struct value_type value_mode = { .parse = parse_mode, .print = print_mode };
const struct value_type value_text = { .parse = parse_text, .print = print_text };
const struct value_type value_path = { .parse = parse_path, .print = print_text };
