#include "conf/settings.h"

#include <stdlib.h>

/* What loading needs besides the result, in one place that a longjmp leaves intact. */
struct load {
	struct config *config;
	struct arena scratch;
	jmp_buf failed; /* the one place to which every allocation that fails leads */
};

static struct load *load_begin(void)
{
	struct load *load = calloc(1, sizeof *load);

	if (!load)
		return NULL;
	load->config = calloc(1, sizeof *load->config);
	if (!load->config) {
		free(load);
		return NULL;
	}
	arena_init(&load->config->arena, NULL);
	arena_init(&load->scratch, NULL);
	load->config->arena.failed = &load->failed;
	load->scratch.failed = &load->failed;
	return load;
}

/* Gives up the result where keep is false. */
static struct config *load_end(struct load *load, bool keep)
{
	struct config *config = load->config;

	arena_end(&load->scratch);
	config->arena.failed = NULL;
	free(load);
	if (keep)
		return config;
	config_free(config);
	return NULL;
}

static void load_all(struct load *load, const struct config_source *source, struct diag *diag)
{
	struct tree tree = { .config = load->config, .scratch = &load->scratch, .diag = diag };
	struct build build = { .config = load->config,
		               .arena = &load->config->arena,
		               .scratch = &load->scratch,
		               .diag = diag,
		               .tree = &tree,
		               .names = source->names };

	build_config(&build, tree_load(&tree, source));
}

struct config *config_load(const struct config_source *source, struct diag *diag)
{
	size_t errors = diag->errors;
	struct load *load = load_begin();

	if (!load)
		return NULL;
	if (setjmp(load->failed) != 0)
		return load_end(load, false);
	load_all(load, source, diag);
	return load_end(load, diag->errors == errors);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	arena_end(&config->arena);
	free(config);
}

static const struct node *find_pid(const struct node *nodes)
{
	for (; nodes; nodes = nodes->next) {
		if (node_is(nodes, "pid") && nodes->arg_count == 1)
			return nodes;
	}
	return NULL;
}

struct str config_find_pid(const struct config_source *source, struct arena *arena)
{
	struct load *load = load_begin();
	struct str found = { NULL, 0 };
	struct diag diag;

	if (!load)
		return found;
	diag_init(&diag);
	if (setjmp(load->failed) == 0) {
		struct tree tree = { .config = load->config,
			             .scratch = &load->scratch,
			             .diag = &diag };
		const struct node *node = find_pid(tree_load(&tree, source));

		if (node)
			found = tree_absolute(load->config, arena, node->args[0].text);
	}
	diag_end(&diag);
	load_end(load, false);
	return found;
}
