#include "conf/config.h"

#include "fuzz.h"

static int find_variable(struct str name, struct str *argument)
{
	*argument = (struct str){ NULL, 0 };
	return name.len < 12 ? (int)name.len : -1;
}

static struct str variable_name(size_t i)
{
	return i == 0 ? STR_OF("host") : (struct str){ NULL, 0 };
}

static const struct template_names names = { .find = find_variable, .name = variable_name };

/* What is dumped must load again, and to the same dump. */
static void check_dump(const struct config *config, struct arena *arena)
{
	struct config_source source = { .path = "again", .prefix = "/", .names = &names };
	struct buf first = buf_in_arena(arena, 4096), second = buf_in_arena(arena, 4096);
	struct config *again;
	struct diag diag;

	diag_init(&diag);
	config_dump(config, &first);
	buf_byte(&first, '\0');
	source.text = first.ptr;
	again = config_load(&source, &diag);
	FUZZ_CHECK(again != NULL);
	config_dump(again, &second);
	buf_byte(&second, '\0');
	FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
	config_free(again);
	diag_end(&diag);
}

/* The input is a configuration; without includes, which would read whatever lies on this machine. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_source source = { .path = "fuzz", .prefix = "/", .names = &names };
	struct config *config;
	struct arena arena;
	struct diag diag;
	struct buf out;

	arena_init(&arena, NULL);
	diag_init(&diag);
	source.text = arena_str(&arena, str_make((const char *)data, size)).ptr;
	if (!strstr(source.text, "include")) {
		config = config_load(&source, &diag);
		out = buf_in_arena(&arena, 4096);
		diag_print(&diag, &out, true);
		FUZZ_CHECK((config == NULL) == (diag.errors > 0));
		if (config)
			check_dump(config, &arena);
		config_free(config);
	}
	diag_end(&diag);
	arena_end(&arena);
	return 0;
}
