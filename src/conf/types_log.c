#include "conf/types.h"

#include <sys/stat.h>

static const char combined[] = "$remote_addr - $remote_user [$time_local] \"$request\" $status "
                               "$body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

static const char json[] =
        "{\"time\":\"$time_iso8601\",\"remote_addr\":\"$remote_addr\","
        "\"remote_user\":\"$remote_user\",\"host\":\"$host\",\"method\":\"$request_method\","
        "\"uri\":\"$request_uri\",\"protocol\":\"$server_protocol\",\"status\":$status,"
        "\"body_bytes_sent\":$body_bytes_sent,\"request_time\":$request_time,"
        "\"referer\":\"$http_referer\",\"user_agent\":\"$http_user_agent\","
        "\"request_id\":\"$request_id\"}";

/* ---- log_format NAME [escape=default|json|none|terminal] TEXT… --------------------------------------------------- */

static void add_format(struct build *build, const char *name, enum log_escape escape,
                       const char *text)
{
	struct config_log_format *format = VEC_PUSH(build->arena, &build->config->formats);
	struct str bad;

	format->name = str_from(name);
	format->escape = escape;
	if (!template_parse(build->arena, str_from(text), build->names, &format->text, &bad))
		diag_add(build->diag, DIAG_ERROR, (struct position){ .source = NULL },
		         "the built-in log format '%s' has an unknown variable '%.*s'", name,
		         STR_ARG(bad));
}

void build_formats(struct build *build)
{
	add_format(build, "combined", LOG_ESCAPE_DEFAULT, combined);
	add_format(build, "json", LOG_ESCAPE_JSON, json);
}

static int find_format(const struct build *build, struct str name)
{
	for (size_t i = 0; i < build->config->formats.len; i++) {
		if (str_eq(build->config->formats.items[i].name, name))
			return (int)i;
	}
	return CONFIG_NONE;
}

static const struct value_word escapes[] = { { STR("escape=default"), LOG_ESCAPE_DEFAULT },
	                                     { STR("escape=json"), LOG_ESCAPE_JSON },
	                                     { STR("escape=none"), LOG_ESCAPE_NONE },
	                                     { STR("escape=terminal"), LOG_ESCAPE_TERMINAL },
	                                     { STR(""), 0 } };

static bool parse_escape(const struct value *v, enum log_escape *escape, size_t *from)
{
	const struct token *arg = &v->node->args[1];

	*from = 1;
	if (arg->quoted || !str_starts_with(arg->text, STR_OF("escape=")))
		return true;
	for (const struct value_word *w = escapes; w->word.len > 0; w++) {
		if (str_eq(w->word, arg->text)) {
			*escape = (enum log_escape)w->value;
			*from = 2;
			return true;
		}
	}
	value_error(v, arg, "'%.*s' is unknown: expected escape=default, json, none or terminal",
	            STR_ARG(arg->text));
	return false;
}

/* Each piece is checked where it stands, so that a caret can point into it; then they are joined. */
static bool join_text(const struct value *v, size_t from, struct template *out)
{
	struct buf text = buf_in_arena(v->build->arena, 256);
	struct template piece;
	struct str bad;

	for (size_t i = from; i < v->node->arg_count; i++) {
		if (!value_template(v, &v->node->args[i], &piece))
			return false;
		buf_add(&text, v->node->args[i].text);
	}
	return template_parse(v->build->arena, buf_str(&text), v->build->names, out, &bad);
}

/* The built-in `json` may be replaced: nginx files often bring one of that name. */
static bool parse_log_format(const struct value *v, void *target)
{
	struct config_log_format made = { .name = v->node->args[0].text };
	int known = find_format(v->build, made.name);
	struct config_log_format *place;
	size_t from;

	(void)target;
	if (known == 0 ||
	    (known > 0 && v->build->config->formats.items[known].text.source.ptr != json)) {
		value_error(v, &v->node->args[0], "there is a log format '%.*s' already",
		            STR_ARG(made.name));
		return false;
	}
	if (!parse_escape(v, &made.escape, &from) || !join_text(v, from, &made.text))
		return false;
	place = known > 0 ? &v->build->config->formats.items[known]
	                  : VEC_PUSH(v->build->arena, &v->build->config->formats);
	*place = made;
	return true;
}

static bool print_log_format(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct config_log_format *format;

	(void)target;
	if (shown->server || i + 1 >= shown->config->formats.len)
		return false;
	format = &shown->config->formats.items[i + 1]; /* all but `combined` */
	text_print_word(out, format->name);
	buf_byte(out, ' ');
	buf_add(out, escapes[format->escape].word);
	buf_byte(out, ' ');
	text_print_word(out, format->text.source);
	return true;
}

const struct value_type value_log_format = { .parse = parse_log_format, .print = print_log_format };

/* ---- where lines go ----------------------------------------------------------------------------------- */

static const struct {
	struct str name;
	enum log_sink sink;
} streams[] = {
	{ STR("stderr"), LOG_SINK_STDERR },
	{ STR("/dev/stderr"), LOG_SINK_STDERR },
	{ STR("stdout"), LOG_SINK_STDOUT },
	{ STR("/dev/stdout"), LOG_SINK_STDOUT },
};

static int add_log(struct build *build, enum log_sink sink, struct str path)
{
	struct config_log *log;

	for (size_t i = 0; i < build->config->logs.len; i++) {
		log = &build->config->logs.items[i];
		if (log->sink == sink && str_eq(log->path, path))
			return (int)i;
	}
	log = VEC_PUSH(build->arena, &build->config->logs);
	*log = (struct config_log){ .sink = sink, .path = path, .fd = -1 };
	return (int)build->config->logs.len - 1;
}

static bool check_log_dir(const struct value *v, const struct token *arg, struct str path)
{
	struct str dir = arena_str(v->build->scratch, str_head(path, str_find_last(path, '/') + 1));
	struct stat st;

	if (stat(dir.ptr, &st) != 0 || !S_ISDIR(st.st_mode)) {
		value_error(v, arg, "there is no directory '%.*s' for this log", STR_ARG(dir));
		return false;
	}
	if (stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode)) {
		value_error(v, arg, "'%.*s' is a directory", STR_ARG(path));
		return false;
	}
	return true;
}

static bool take_log(const struct value *v, const struct token *arg, int *log)
{
	struct str path;

	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		if (str_eq(arg->text, streams[i].name)) {
			*log = add_log(v->build, streams[i].sink, (struct str){ NULL, 0 });
			return true;
		}
	}
	if (!value_is_constant(v, arg))
		return false;
	if (arg->text.len == 0 || str_starts_with(arg->text, STR_OF("syslog:")) ||
	    str_starts_with(arg->text, STR_OF("memory:"))) {
		diag_help(v->build->diag,
		          value_error(v, arg, "'%.*s' is no file to log to", STR_ARG(arg->text)),
		          "log to a file or to stderr; journald takes up what is on stderr");
		return false;
	}
	path = build_path(v->build, arg->text);
	if (!check_log_dir(v, arg, path))
		return false;
	*log = add_log(v->build, LOG_SINK_FILE, path);
	return true;
}

static void print_log(const struct config *config, int log, struct buf *out)
{
	static const char *const names[] = {
		[LOG_SINK_STDERR] = "stderr", [LOG_SINK_STDOUT] = "stdout"
	};
	const struct config_log *row = &config->logs.items[log];

	if (row->sink == LOG_SINK_FILE)
		text_print_word(out, row->path);
	else
		buf_text(out, names[row->sink]);
}

/* ---- access_log FILE | stdout | off [FORMAT] [buffer=SIZE] [flush=TIME] [rotate=SIZE] [keep=N] ----------- */

enum { OPTION_BUFFER, OPTION_FLUSH, OPTION_ROTATE, OPTION_KEEP, OPTIONS };
enum {
	OPTION_USUAL_BUFFER = 64 << 10,
	OPTION_USUAL_FLUSH = 1000,
	OPTION_USUAL_KEEP = 5,
	OPTION_KEEP_MOST = 1000 /* each is renamed at each rotation */
};

static const struct parameter options[OPTIONS] = {
	[OPTION_BUFFER] = { STR("buffer="), text_parse_size, text_print_size, 1 << 10, 1 << 30,
	                    "a size from 1k to 1g" },
	[OPTION_FLUSH] = { STR("flush="), text_parse_time, text_print_time, 0, 86400000,
	                   "a time from 0 to 1d" },
	[OPTION_ROTATE] = { STR("rotate="), text_parse_size, text_print_size, 1 << 10,
	                    UINT64_C(1) << 50, "a size of at least 1k" },
	[OPTION_KEEP] = { STR("keep="), str_parse_u64, buf_u64, 1, OPTION_KEEP_MOST,
	                  "a number from 1 to 1000" },
};

static bool check_rotation(const struct value *v, const struct parameters *p,
                           const struct config_log *log)
{
	struct stat st;

	if (p->from[OPTION_KEEP] && !p->from[OPTION_ROTATE]) {
		value_error(v, p->from[OPTION_KEEP], "'keep=' means nothing without 'rotate='");
		return false;
	}
	if (!p->from[OPTION_ROTATE] ||
	    (log->sink == LOG_SINK_FILE && (stat(log->path.ptr, &st) != 0 || S_ISREG(st.st_mode))))
		return true;
	diag_help(v->build->diag,
	          value_error(v, p->from[OPTION_ROTATE], "only a file can be rotated"),
	          "who reads the other end keeps the log, and bounds it");
	return false;
}

static bool options_differ(const struct log_options *a, const struct log_options *b)
{
	return a->buffer != b->buffer || a->flush != b->flush || a->rotate != b->rotate ||
	       a->keep != b->keep;
}

/* What all statements say about one file is one thing; those that say nothing follow. */
static bool take_options(const struct value *v, const struct parameters *p, struct config_log *log)
{
	struct log_options made = { .buffer = (size_t)p->values[OPTION_BUFFER],
		                    .flush = p->values[OPTION_FLUSH],
		                    .rotate = p->values[OPTION_ROTATE],
		                    .keep = (uint32_t)p->values[OPTION_KEEP] };
	const struct token *first = NULL;

	for (size_t i = 0; i < OPTIONS && !first; i++)
		first = p->from[i];
	if (!first)
		return true;
	if (!check_rotation(v, p, log))
		return false;
	if (!p->from[OPTION_BUFFER] && p->from[OPTION_FLUSH])
		made.buffer = OPTION_USUAL_BUFFER;
	if (!p->from[OPTION_FLUSH] && made.buffer > 0)
		made.flush = OPTION_USUAL_FLUSH;
	if (!p->from[OPTION_KEEP] && made.rotate > 0)
		made.keep = OPTION_USUAL_KEEP;
	if (log->options_at.source && options_differ(&made, &log->options)) {
		diag_relate(v->build->diag,
		            value_error(v, first, "this log has other parameters already"),
		            log->options_at, "they are here");
		return false;
	}
	log->options = made;
	log->options_at = first->at;
	return true;
}

static void print_options(const struct log_options *o, struct buf *out)
{
	const uint64_t values[OPTIONS] = { [OPTION_BUFFER] = o->buffer,
		                           [OPTION_FLUSH] = o->flush,
		                           [OPTION_ROTATE] = o->rotate,
		                           [OPTION_KEEP] = o->keep };

	for (size_t i = 0; i < OPTIONS; i++) {
		if (i == OPTION_FLUSH ? o->buffer == 0 : values[i] == 0)
			continue;
		buf_byte(out, ' ');
		buf_add(out, options[i].name);
		options[i].print(out, values[i]);
	}
}

static bool take_format(const struct value *v, const struct token *arg, int *format)
{
	*format = find_format(v->build, arg->text);
	if (*format != CONFIG_NONE)
		return true;
	diag_help(v->build->diag,
	          value_error(v, arg, "there is no log format '%.*s'", STR_ARG(arg->text)),
	          "combined and json are built in; others are made by log_format");
	return false;
}

static bool parse_access_log(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct parameters p = { .rows = options, .count = OPTIONS };
	struct access_log made = { .log = CONFIG_NONE };
	bool named = false;

	if (str_eq(args[0].text, STR_OF("off"))) {
		*(struct access_log *)target = made;
		return true;
	}
	if (!take_log(v, &args[0], &made.log))
		return false;
	for (size_t i = 1; i < v->node->arg_count; i++) {
		bool option = str_find(args[i].text, '=') < args[i].text.len;

		if (option || named ? !parameters_take(v, &p, &args[i])
		                    : !take_format(v, &args[i], &made.format))
			return false;
		named |= !option;
	}
	if (!take_options(v, &p, &v->build->config->logs.items[made.log]))
		return false;
	*(struct access_log *)target = made;
	return true;
}

void access_log_print(const struct config *config, const struct access_log *log, struct buf *out)
{
	if (log->log == CONFIG_NONE) {
		buf_text(out, "off");
		return;
	}
	print_log(config, log->log, out);
	buf_byte(out, ' ');
	text_print_word(out, config->formats.items[log->format].name);
	print_options(&config->logs.items[log->log].options, out);
}

static bool print_access_log(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	access_log_print(shown->config, target, out);
	return i == 0;
}

const struct value_type value_access_log = { .parse = parse_access_log, .print = print_access_log };

/* ---- error_log FILE | stderr [LEVEL] [json] ------------------------------------------------------------------ */

static bool parse_error_log(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct error_log made = { .level = LOG_NOTICE };
	size_t i = 1;

	if (str_eq(args[0].text, STR_OF("off"))) {
		diag_help(v->build->diag,
		          value_error(v, &args[0], "errors are always logged somewhere"),
		          "error_log stderr error; is the least");
		return false;
	}
	if (!take_log(v, &args[0], &made.log))
		return false;
	if (i < v->node->arg_count && log_level_parse(args[i].text, &made.level))
		i++;
	if (i < v->node->arg_count && str_eq(args[i].text, STR_OF("json"))) {
		made.json = true;
		i++;
	}
	if (i < v->node->arg_count) {
		diag_help(
		        v->build->diag,
		        value_error(v, &args[i], "'%.*s' is no level", STR_ARG(args[i].text)),
		        "debug, info, notice, warn or error, then json where lines shall be JSON");
		return false;
	}
	*(struct error_log *)target = made;
	return true;
}

static bool print_error_log(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct error_log *log = target;

	print_log(shown->config, log->log, out);
	buf_byte(out, ' ');
	buf_add(out, log_level_name(log->level));
	buf_text(out, log->json ? " json" : "");
	return i == 0;
}

const struct value_type value_error_log = { .parse = parse_error_log, .print = print_error_log };
