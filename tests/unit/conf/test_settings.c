#include "conf/settings.h"

#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct loaded loaded;

/* The first location of the first server, by its pattern. */
static const struct settings *at(const char *pattern)
{
	const struct config *config = loaded.config;

	for (size_t i = 0; i < config->locations.len; i++) {
		if (str_eq(config->locations.items[i]->pattern, str_from(pattern)))
			return &config->locations.items[i]->settings;
	}
	cr_fatal("no location %s", pattern);
}

static void load(const char *text)
{
	loaded_text(&loaded, text);
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
}

Test(settings, defaults_are_the_contract_s)
{
	const struct config *c;
	const struct settings *s;

	load("server { }");
	c = loaded.config;
	s = &c->servers.items[0]->self.settings;
	cr_expect(eq(u32, c->worker_processes, 1));
	cr_expect(eq(u32, c->worker_connections, 10240));
	cr_expect(eq(u32, c->worker_rlimit_nofile, 0));
	cr_expect(c->master_process && !c->daemon);
	cr_expect(eq(u64, c->shutdown_timeout, 10000));
	cr_expect(eq(u64, c->worker_shutdown_timeout, 0));
	cr_expect(eq(u32, c->cgi_max_processes, 64));
	cr_expect(eq(u64, c->cgi_queue_timeout, 10000));
	cr_expect(eq(sz, c->pid_file.len, 0));
	cr_expect(eq(int, s->access_log.log, CONFIG_NONE));
	cr_expect(eq(int, (int)c->logs.items[s->error_log.log].sink, LOG_SINK_STDERR));
	cr_expect(eq(int, (int)s->error_log.level, LOG_NOTICE));
	cr_expect(str_ends_with(c->dirs.items[s->base.dir].path, STR_OF("/tests/conf/www")));
	cr_expect(eq(sz, s->index.count, 1));
	cr_expect(eq(u64, s->client_max_body_size, 1 << 20));
	cr_expect(eq(u64, s->client_header_timeout, 60000));
	cr_expect(eq(u64, s->client_body_timeout, 60000));
	cr_expect(eq(u64, s->send_timeout, 60000));
	cr_expect(eq(u64, s->keepalive_timeout, 75000));
	cr_expect(eq(u64, s->keepalive_header, 0));
	cr_expect(eq(u32, s->keepalive_requests, 1000));
	cr_expect(eq(u32, s->header_buffer_size, 1024));
	cr_expect(eq(u32, s->header_line_max, 8192));
	cr_expect(eq(u32, s->header_total_max, 32768));
	cr_expect(eq(u32, s->max_headers, 100));
	cr_expect(eq(u32, s->max_ranges, 16));
	cr_expect(eq(u64, s->cgi_timeout, 60000));
	cr_expect(eq(u64, s->cgi_grace, 5000));
	cr_expect(eq(int, s->store, CONFIG_NONE));
	cr_expect(eq(u32, s->upload_access, 0644));
	cr_expect(eq(int, (int)s->if_modified_since, SINCE_BEFORE));
	cr_expect(eq(int, (int)s->autoindex_format, AUTOINDEX_BY_ACCEPT));
	cr_expect(eq(int, (int)s->links, PATH_LINKS_INSIDE));
	cr_expect(str_eq(s->default_type, STR_OF("application/octet-stream")));
	cr_expect(str_eq(s->charset, STR_OF("utf-8")));
	cr_expect(s->etag && s->server_tokens && s->merge_slashes);
	cr_expect(not(s->autoindex || s->autoindex_exact_size || s->autoindex_localtime));
	cr_expect(not(s->dotfiles || s->cgi_continue || s->absolute_redirect || s->is_internal));
	cr_expect(not(s->methods.is_set || s->ret.code != 0 || s->try_files.last != TRY_NONE));
	cr_expect(eq(int, loaded.config->missing_root, CONFIG_NONE));
	loaded_end(&loaded);
}

Test(settings, inner_values_override_whatever_the_order)
{
	load("server { location /a { location /a/b { etag on; } index x; } index i j; etag off; }\n"
	     "etag on; charset off;");
	cr_expect(not(at("/a")->etag), "the server's, though written behind");
	cr_expect(at("/a/b")->etag);
	cr_expect(eq(sz, at("/a")->index.count, 1));
	cr_expect(eq(sz, at("/a/b")->index.count, 1), "the nearest one's");
	cr_expect(eq(sz, loaded.config->servers.items[0]->self.settings.index.count, 2));
	cr_expect(eq(sz, at("/a/b")->charset.len, 0), "from the very top");
	loaded_end(&loaded);
}

Test(settings, lists_inherit_only_where_the_inner_level_sets_none)
{
	load("error_page 404 /m; error_page 500 /m; cgi .a; cgi_param A 1; cgi_param B 2;\n"
	     "server { location /a { error_page 403 /a; cgi .b; cgi .c; cgi_param C 3; }\n"
	     "         location /b { } }");
	cr_expect(eq(sz, at("/a")->error_pages.count, 1));
	cr_expect(eq(u32, at("/a")->error_pages.items[0].status, 403));
	cr_expect(eq(sz, at("/a")->cgi.count, 2));
	cr_expect(eq(sz, at("/a")->cgi_params.count, 1));
	cr_expect(eq(sz, at("/b")->error_pages.count, 2));
	cr_expect(eq(sz, at("/b")->cgi.count, 1));
	cr_expect(eq(sz, at("/b")->cgi_params.count, 2));
	cr_expect(eq(sz, loaded.config->settings.cgi.count, 1), "the outer list is untouched");
	loaded_end(&loaded);
}

/* "A=1 B=2" of the fields that are added. */
static const char *headers(const struct settings *s)
{
	struct buf out = buf_in_arena(&loaded.arena, 64);

	for (size_t i = 0; i < s->headers.count; i++)
		buf_format(&out, "%s%.*s=%.*s", i ? " " : "", STR_ARG(s->headers.items[i].name),
		           STR_ARG(s->headers.items[i].value.source));
	buf_byte(&out, '\0');
	return out.ptr;
}

Test(settings, add_header_merges_by_name)
{
	load("add_header A 1; add_header B 2; add_header B 3;\n"
	     "server {\n"
	     "  location /none { }\n"
	     "  location /own { add_header C 4; }\n"
	     "  location /same { add_header b 5; add_header b 6; }\n"
	     "  location /alone { add_header_inherit off; add_header C 7;\n"
	     "    location /alone/in { add_header D 8; } }\n"
	     "  location /bare { add_header_inherit off; }\n"
	     "}");
	cr_expect(eq(str, (char *)headers(at("/none")), "A=1 B=2 B=3"));
	cr_expect(eq(str, (char *)headers(at("/own")), "A=1 B=2 B=3 C=4"));
	cr_expect(eq(str, (char *)headers(at("/same")), "A=1 b=5 b=6"));
	cr_expect(eq(str, (char *)headers(at("/alone")), "C=7"));
	cr_expect(eq(str, (char *)headers(at("/alone/in")), "D=8"));
	cr_expect(eq(str, (char *)headers(at("/bare")), ""));
	loaded_end(&loaded);
}

Test(settings, types_add_up)
{
	const struct media_types *types;

	load("types { a/a x y; }\nserver { location /a { types { b/b y; c/c z; } } location /b { } "
	     "}");
	types = &at("/a")->types;
	cr_assert(eq(sz, types->count, 3));
	cr_expect(str_eq(types->items[0].extension, STR_OF("x")), "sorted");
	cr_expect(str_eq(types->items[1].type, STR_OF("b/b")), "the inner one wins");
	cr_expect(eq(sz, at("/b")->types.count, 2));
	loaded_end(&loaded);
}

Test(settings, some_hold_for_their_own_level_only)
{
	load("server { return 301 /x; location /a { internal; try_files a =404; cgi_pass "
	     "/bin/cat;\n"
	     "  location /a/b { } } }");
	cr_expect(eq(u32, at("/a")->ret.code, 0));
	cr_expect(eq(u32, loaded.config->servers.items[0]->self.settings.ret.code, 301));
	cr_expect(at("/a")->is_internal && !at("/a/b")->is_internal);
	cr_expect(eq(int, (int)at("/a")->try_files.last, TRY_CODE));
	cr_expect(eq(int, (int)at("/a/b")->try_files.last, TRY_NONE));
	cr_expect(eq(sz, at("/a/b")->cgi_pass.program.len, 0));
	loaded_end(&loaded);
}

Test(settings, an_alias_replaces_its_own_prefix_for_nested_locations_too)
{
	load("server { root www; location /a/ { alias www/uploads/; location /a/b { } \n"
	     "  location /a/c/ { root www; } }\n"
	     "  location /f { alias www/index.html; } location ~ x$ { alias www/index.html; } }");
	cr_expect(at("/a/")->base.is_alias);
	cr_expect(eq(u32, at("/a/")->base.strip, 3));
	cr_expect(eq(u32, at("/a/b")->base.strip, 3), "not the nested one's length");
	cr_expect(not(at("/a/c/")->base.is_alias));
	cr_expect(str_eq(at("/f")->base.file, STR_OF("index.html")));
	cr_expect(str_eq(at("x$")->base.file, STR_OF("index.html")));
	cr_expect(eq(int, at("/f")->base.dir, at("/a/c/")->base.dir), "a directory is listed once");
	loaded_end(&loaded);
}

Test(settings, logs_are_listed_once)
{
	load("error_log /tmp/e.log; access_log /tmp/a.log;\n"
	     "server { access_log /tmp/a.log json; location /a { access_log /tmp/b.log; }\n"
	     "  error_log /tmp/e.log debug; location /off { access_log off; } }");
	cr_expect(eq(sz, loaded.config->logs.len, 4), "stderr of the default, e, a, b");
	cr_expect(eq(int, loaded.config->settings.access_log.log,
	             loaded.config->servers.items[0]->self.settings.access_log.log));
	cr_expect(eq(int, loaded.config->servers.items[0]->self.settings.access_log.format, 1));
	cr_expect(eq(int, at("/off")->access_log.log, CONFIG_NONE));
	cr_expect(eq(int, (int)at("/a")->error_log.level, LOG_DEBUG));
	cr_expect(eq(int, loaded.config->logs.items[0].fd, -1));
	loaded_end(&loaded);
}

Test(settings, a_default_root_that_is_missing_matters_only_where_files_are_wanted)
{
	static const struct {
		const char *name, *text;
		bool warns;
	} rows[] = {
		{ "a server of files", "server { }", true },
		{ "a location of files", "server { location / { } }", true },
		{ "only redirects", "server { return 301 /x; }", false },
		{ "a location with its own root", "server { location / { root /tmp; } }", false },
		{ "a location that leaves the rest", "server { location /a { root /tmp; } }",
		  true },
		{ "a program", "server { location / { cgi_pass /bin/cat; } }", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config_source source = { .path = "t",
			                        .text = rows[i].text,
			                        .prefix = "/proc" };
		struct loaded one = { .config = NULL };

		source.names = &load_names;
		arena_init(&one.arena, NULL);
		diag_init(&one.diag);
		one.config = config_load(&source, &one.diag);
		cr_assert(ne(ptr, one.config, NULL), "%s", rows[i].name);
		cr_expect(ne(int, one.config->missing_root, CONFIG_NONE), "%s", rows[i].name);
		cr_expect(eq(int, strstr(loaded_messages(&one), "no root is given") != NULL,
		             rows[i].warns),
		          "%s", rows[i].name);
		cr_expect(strstr(loaded_dump(&one), "root /proc/www") == NULL, "%s", rows[i].name);
		loaded_end(&one);
	}
}
