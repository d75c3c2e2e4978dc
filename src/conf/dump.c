#include "conf/settings.h"

/*
 * The effective configuration, written by the rows' own printers: what a row reads it also writes, so
 * that the dump loads back to itself.
 */

static void indent(struct buf *out, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_byte(out, '\t');
}

static void dump_row(const struct shown *shown, const void *target, unsigned depth, struct buf *out)
{
	const struct directive *row = shown->directive;

	for (size_t i = 0;; i++) {
		size_t before = out->len;

		indent(out, depth);
		buf_add(out, row->type->name ? row->type->name(target, i) : row->name);
		buf_byte(out, ' ');
		if (!row->type->print(shown, target, i, out)) {
			out->len = before;
			return;
		}
		if (out->len > 0 &&
		    out->ptr[out->len - 1] == ' ') /* a directive without arguments */
			out->len--;
		buf_text(out, row->is_block ? "\n" : ";\n");
	}
}

static void dump_settings(struct shown *shown, unsigned where, const struct settings *settings,
                          unsigned depth, struct buf *out)
{
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *row = &directives[i];
		/* Targets are only read here; the engine shares one function for both. */
		const void *target = settings_target(row, (struct config *)shown->config,
		                                     (struct server_conf *)shown->server,
		                                     (struct settings *)settings);

		if (!(row->where & where) || !row->type || !target ||
		    (row->target == TARGET_CONFIG && where != DIRECTIVE_MAIN))
			continue;
		shown->directive = row;
		dump_row(shown, target, depth, out);
	}
}

static void dump_set(const struct config *config, const struct location_set *set,
                     const struct settings *outer, unsigned depth, struct buf *out);

static void dump_location(const struct config *config, const struct location *location,
                          const struct settings *outer, unsigned depth, struct buf *out)
{
	static const char *const marks[] = {
		[LOCATION_SERVER] = "",          [LOCATION_EXACT] = "= ", [LOCATION_PREFIX] = "",
		[LOCATION_PREFIX_FINAL] = "^~ ", [LOCATION_REGEX] = "~ ", [LOCATION_NAMED] = ""
	};
	struct shown shown = {
		.config = config, .server = location->server, .location = location, .outer = outer
	};

	buf_byte(out, '\n');
	indent(out, depth);
	buf_text(out, "location ");
	buf_text(out, location->ignore_case ? "~* " : marks[location->kind]);
	text_print_word(out, location->pattern);
	buf_text(out, " {\n");
	dump_settings(&shown, DIRECTIVE_LOCATION, &location->settings, depth + 1, out);
	dump_set(config, &location->inner, &location->settings, depth + 1, out);
	indent(out, depth);
	buf_text(out, "}\n");
}

static void dump_set(const struct config *config, const struct location_set *set,
                     const struct settings *outer, unsigned depth, struct buf *out)
{
	for (size_t i = 0; i < set->exact_count; i++)
		dump_location(config, set->exact[i], outer, depth, out);
	for (size_t i = 0; i < set->prefix_count; i++)
		dump_location(config, set->prefixes[i], outer, depth, out);
	for (size_t i = 0; i < set->regex_count; i++)
		dump_location(config, set->regexes[i], outer, depth, out);
}

static void dump_server(const struct config *config, const struct server_conf *server,
                        struct buf *out)
{
	struct shown shown = { .config = config, .server = server, .outer = &config->settings };

	buf_text(out, "\nserver {\n");
	dump_settings(&shown, DIRECTIVE_SERVER, &server->self.settings, 1, out);
	dump_set(config, &server->locations, &server->self.settings, 1, out);
	for (size_t i = 0; i < server->named_count; i++)
		dump_location(config, server->named[i], &server->self.settings, 1, out);
	buf_text(out, "}\n");
}

void config_dump(const struct config *config, struct buf *out)
{
	struct shown shown = { .config = config };

	dump_settings(&shown, DIRECTIVE_MAIN, &config->settings, 0, out);
	for (size_t i = 0; i < config->servers.len; i++)
		dump_server(config, config->servers.items[i], out);
}
