#include "conf/types.h"

#include "load.h"
#include "samples.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

Test(types, read_sizes)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t bytes;
	} rows[] = {
		{ "0", true, 0 },
		{ "1", true, 1 },
		{ "1k", true, 1024 },
		{ "1K", true, 1024 },
		{ "10m", true, 10 << 20 },
		{ "10M", true, 10 << 20 },
		{ "2g", true, 2ull << 30 },
		{ "2G", true, 2ull << 30 },
		{ "", false, 0 },
		{ "k", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ "1 k", false, 0 },
		{ "1kb", false, 0 },
		{ "1.5m", false, 0 },
		{ "0x10", false, 0 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "18446744073709551615k", false, 0 },
		{ "17179869183g", true, 17179869183ull << 30 },
		{ "17179869184g", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t bytes = 0;

		cr_expect(eq(int, text_parse_size(str_from(rows[i].text), &bytes), rows[i].good),
		          "'%s'", rows[i].text);
		if (rows[i].good)
			cr_expect(eq(u64, bytes, rows[i].bytes), "'%s'", rows[i].text);
	}
}

Test(types, read_times)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t ms;
	} rows[] = {
		{ "0", true, 0 },
		{ "30", true, 30000 },
		{ "500ms", true, 500 },
		{ "60s", true, 60000 },
		{ "2m", true, 120000 },
		{ "1h", true, 3600000 },
		{ "1d", true, 86400000 },
		{ "1w", true, 604800000 },
		{ "1M", true, 2592000000 },
		{ "1y", true, 31536000000 },
		{ "1h30m", true, 5400000 },
		{ "1h30", true, 3630000 },
		{ "1m500ms", true, 60500 },
		{ "1y2M3w4d5h6m7s8ms", true,
		  31536000000 + 2 * 2592000000 + 3 * 604800000 + 4 * 86400000 + 5 * 3600000 +
		          6 * 60000 + 7008 },
		{ "", false, 0 },
		{ "s", false, 0 },
		{ "1x", false, 0 },
		{ "1h x", false, 0 },
		{ "-1", false, 0 },
		{ "1hm", false, 0 },
		{ "1.5h", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "18446744073709551615", false, 0 },
		{ "18446744073709551615ms1ms", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t ms = 0;

		cr_expect(eq(int, text_parse_time(str_from(rows[i].text), &ms), rows[i].good),
		          "'%s'", rows[i].text);
		if (rows[i].good)
			cr_expect(eq(u64, ms, rows[i].ms), "'%s'", rows[i].text);
	}
}

Test(types, write_what_they_read)
{
	static const uint64_t numbers[] = { 0,       1,        999,      1000,     1023,    1024,
		                            60000,   61000,    3600000,  86400000, 1 << 20, 1 << 30,
		                            1048577, 90000000, 12345678, 7200000,  500 };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char memory[64];
		struct buf out = buf_fixed(memory, sizeof memory);
		uint64_t again = ~0ull;

		text_print_size(&out, numbers[i]);
		cr_expect(text_parse_size(buf_str(&out), &again));
		cr_expect(eq(u64, again, numbers[i]), "%.*s", STR_ARG(buf_str(&out)));
		out.len = 0;
		text_print_time(&out, numbers[i]);
		cr_expect(text_parse_time(buf_str(&out), &again));
		cr_expect(eq(u64, again, numbers[i]), "%.*s", STR_ARG(buf_str(&out)));
	}
}

Test(types, quote_words_that_need_it)
{
	static const struct {
		const char *word, *printed;
	} rows[] = {
		{ "plain", "plain" },     { "", "\"\"" },
		{ "a b", "\"a b\"" },     { "a;b", "\"a;b\"" },
		{ "a{b", "\"a{b\"" },     { "#a", "\"#a\"" },
		{ "a\"b", "\"a\\\"b\"" }, { "a\\.b", "\"a\\\\.b\"" },
		{ "a\nb", "\"a\nb\"" },   { "$a", "$a" },
		{ "${a}b", "\"${a}b\"" }, { "it's", "\"it's\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[64];
		struct buf out = buf_fixed(memory, sizeof memory);

		text_print_word(&out, str_from(rows[i].word));
		cr_expect(str_eq(buf_str(&out), str_from(rows[i].printed)), "%s gave %.*s",
		          rows[i].word, STR_ARG(buf_str(&out)));
	}
}

const struct sample samples[] = {
	{ AT_MAIN, "worker_processes 3;", NULL },
	{ AT_MAIN, "worker_connections 77;", NULL },
	{ AT_MAIN, "events { worker_connections 78; }", "worker_connections 78;" },
	{ AT_MAIN, "worker_rlimit_nofile 4096;", NULL },
	{ AT_MAIN, "master_process off;", NULL },
	{ AT_MAIN, "daemon on;", NULL },
	{ AT_MAIN, "user root;", NULL },
	{ AT_MAIN, "pid /run/a.pid;", NULL },
	{ AT_MAIN, "sandbox require;", NULL },
	{ AT_MAIN, "shutdown_timeout 5;", "shutdown_timeout 5s;" },
	{ AT_MAIN, "worker_shutdown_timeout 1h30m;", "worker_shutdown_timeout 90m;" },
	{ AT_MAIN, "cgi_max_processes 8;", NULL },
	{ AT_MAIN, "cgi_queue_timeout 250ms;", NULL },
	{ AT_MAIN, "file_cache off;", NULL },
	{ AT_MAIN, "file_cache max=256m;",
	  "file_cache max=256m entry=32k fds=1024 missing=10000 valid=1s;" },
	{ AT_MAIN, "file_cache valid=0 missing=0 fds=3 max=64k entry=64k;",
	  "file_cache max=64k entry=64k fds=3 missing=0 valid=0s;" },
	{ AT_MAIN, "error_log stderr crit;", "error_log stderr error;" },
	{ AT_MAIN, "error_log /dev/stderr debug json;", "error_log stderr debug json;" },
	{ AT_MAIN, "error_log /tmp/a.log;", "error_log /tmp/a.log notice;" },
	{ AT_MAIN, "access_log stdout;", "access_log stdout combined;" },
	{ AT_MAIN, "access_log /tmp/b.log json buffer=32k flush=1m;", NULL },
	{ AT_MAIN, "access_log stdout combined flush=0 buffer=1m;",
	  "access_log stdout combined buffer=1m flush=0s;" },
	{ AT_MAIN, "access_log /tmp/c.log buffer=32k;",
	  "access_log /tmp/c.log combined buffer=32k flush=1s;" },
	{ AT_MAIN, "access_log /tmp/d.log flush=300ms;",
	  "access_log /tmp/d.log combined buffer=64k flush=300ms;" },
	{ AT_MAIN, "access_log /tmp/e.log keep=3 json rotate=10m;",
	  "access_log /tmp/e.log json rotate=10m keep=3;" },
	{ AT_MAIN, "access_log /tmp/f.log json rotate=1024k;",
	  "access_log /tmp/f.log json rotate=1m keep=5;" },
	{ AT_MAIN, "log_format t escape=terminal '$status';",
	  "log_format t escape=terminal $status;" },
	{ AT_MAIN, "log_format a '$host' ' x';", "log_format a escape=default \"$host x\";" },
	{ AT_MAIN, "log_format json escape=none $host;", "log_format json escape=none $host;" },
	{ AT_SERVER, "access_log off;", NULL },
	{ AT_SERVER, "error_log stderr warn;", NULL },
	{ AT_SERVER, "client_header_timeout 5s;", NULL },
	{ AT_SERVER, "client_body_timeout 6s;", NULL },
	{ AT_SERVER, "client_min_rate 2048;", "client_min_rate 2k;" },
	{ AT_SERVER, "send_timeout 7s;", NULL },
	{ AT_SERVER, "keepalive_timeout 0;", "keepalive_timeout 0s;" },
	{ AT_SERVER, "keepalive_timeout 30s 20s;", NULL },
	{ AT_SERVER, "keepalive_requests 5;", NULL },
	{ AT_SERVER, "client_header_buffer_size 2k;", NULL },
	{ AT_SERVER, "large_client_header_buffers 8 16k;", NULL },
	{ AT_SERVER, "max_headers 50;", NULL },
	{ AT_SERVER, "merge_slashes off;", NULL },
	{ AT_SERVER, "server_name a.b *.c .d e.* _ \"\" 10.0.0.0/8;", NULL },
	{ AT_LOCATION, "client_max_body_size 0;", NULL },
	{ AT_LOCATION, "client_max_body_size 1536k;", NULL },
	{ AT_LOCATION, "client_body_temp_path /var/tmp/;", "client_body_temp_path /var/tmp;" },
	{ AT_LOCATION, "root //tmp/.//;", "root /tmp;" },
	{ AT_LOCATION, "alias /tmp/;", NULL },
	{ AT_LOCATION, "alias /etc/passwd;", NULL },
	{ AT_LOCATION, "index a.html b c;", NULL },
	{ AT_LOCATION, "try_files $uri $uri/ /a?$args;", NULL },
	{ AT_LOCATION, "try_files a =404;", NULL },
	{ AT_LOCATION, "try_files a spa:/index.html;", NULL },
	{ AT_LOCATION, "try_files a \"spa:/a b\";", NULL },
	{ AT_LOCATION, "try_files a @named;", NULL },
	{ AT_LOCATION, "autoindex on;", NULL },
	{ AT_LOCATION, "autoindex_format json;", NULL },
	{ AT_LOCATION, "autoindex_exact_size on;", NULL },
	{ AT_LOCATION, "autoindex_localtime on;", NULL },
	{ AT_LOCATION, "autoindex_tar on;", NULL },
	{ AT_LOCATION, "disable_symlinks if_not_owner;", NULL },
	{ AT_LOCATION, "dotfiles allow;", NULL },
	{ AT_MAIN, "allow 192.0.2.0/24;", NULL },
	{ AT_SERVER, "allow ::ffff:192.0.2.1;", "allow 192.0.2.1;" },
	{ AT_LOCATION, "deny unix:;", NULL },
	{ AT_LOCATION, "deny all;", NULL },
	{ AT_LOCATION, "auth_basic_user_file htpasswd; auth_basic \"a b\";",
	  "auth_basic \"a b\";" },
	{ AT_MAIN, "auth_basic off;", NULL },
	{ AT_MAIN, "set_real_ip_from 10.0.0.0/8;", NULL },
	{ AT_SERVER, "set_real_ip_from unix:;", NULL },
	{ AT_MAIN, "real_ip_header X-Forwarded-For;", NULL },
	{ AT_SERVER, "real_ip_header proxy_protocol;", NULL },
	{ AT_LOCATION, "types { text/x-y Y; }", "types { text/x-y y; }" },
	{ AT_LOCATION, "default_type text/plain;", NULL },
	{ AT_LOCATION, "charset iso-8859-1;", NULL },
	{ AT_LOCATION, "charset off;", NULL },
	{ AT_LOCATION, "etag off;", NULL },
	{ AT_LOCATION, "gzip_static on;", NULL },
	{ AT_SERVER, "brotli_static on;", NULL },
	{ AT_MAIN, "zstd_static on;", NULL },
	{ AT_LOCATION, "if_modified_since exact;", NULL },
	{ AT_LOCATION, "max_ranges 0;", NULL },
	{ AT_LOCATION, "methods GET;", "methods GET HEAD;" },
	{ AT_LOCATION, "methods PROPFIND DELETE GET;", "methods GET HEAD DELETE PROPFIND;" },
	{ AT_LOCATION, "return 200;", NULL },
	{ AT_LOCATION, "return 444;", NULL },
	{ AT_LOCATION, "return 200 \"a b\";", NULL },
	{ AT_LOCATION, "return 200 \"\";", NULL },
	{ AT_LOCATION, "return 308 https://$host/;", NULL },
	{ AT_LOCATION, "return /elsewhere;", "return 302 /elsewhere;" },
	{ AT_LOCATION, "status;", NULL },
	{ AT_LOCATION, "status html;", NULL },
	{ AT_LOCATION, "status json;", NULL },
	{ AT_LOCATION, "status prometheus;", NULL },
	{ AT_LOCATION, "stub_status;", NULL },
	{ AT_LOCATION, "stub_status on;", "stub_status;" },
	{ AT_LOCATION, "error_page 404 /a;", NULL },
	{ AT_LOCATION, "error_page 500 502 = /a;", "error_page 502 = /a;" },
	{ AT_LOCATION, "error_page 404 =200 @named;", NULL },
	{ AT_LOCATION, "error_page 403 =301 https://a/;", NULL },
	{ AT_LOCATION, "expires 1h;", NULL },
	{ AT_LOCATION, "expires -1;", "expires -1s;" },
	{ AT_LOCATION, "expires +60;", "expires 1m;" },
	{ AT_LOCATION, "expires modified 1d;", NULL },
	{ AT_LOCATION, "expires epoch;", NULL },
	{ AT_LOCATION, "expires max;", NULL },
	{ AT_LOCATION, "add_header X-A \"b $uri\";", NULL },
	{ AT_LOCATION, "add_header X-A b always;", NULL },
	{ AT_LOCATION, "add_header_inherit off;", NULL },
	{ AT_LOCATION, "server_tokens off;", NULL },
	{ AT_LOCATION, "limit_conn 5;", NULL },
	{ AT_LOCATION, "limit_req 10r/s burst=20;", NULL },
	{ AT_LOCATION, "limit_dry_run on;", NULL },
	{ AT_LOCATION, "absolute_redirect on;", NULL },
	{ AT_LOCATION, "upload_store /tmp;", NULL },
	{ AT_LOCATION, "upload_overwrite rename;", NULL },
	{ AT_LOCATION, "upload_access 600;", "upload_access 0600;" },
	{ AT_LOCATION, "upload_reserve 1024m;", "upload_reserve 1g;" },
	{ AT_LOCATION, "upload_resumable on;", "upload_resumable on expire=1d;" },
	{ AT_LOCATION, "upload_resumable on expire=90m;", NULL },
	{ AT_LOCATION, "upload_resumable off;", NULL },
	{ AT_LOCATION, "cgi .sh;", NULL },
	{ AT_LOCATION, "cgi .sh /bin/sh -e \"a b\";", NULL },
	{ AT_LOCATION, "cgi_pass /bin/cat -n;", NULL },
	{ AT_LOCATION, "cgi_param A $uri;", NULL },
	{ AT_LOCATION, "cgi_param A \"\";", NULL },
	{ AT_LOCATION, "cgi_limit cpu=90 memory=1024k files=3;",
	  "cgi_limit cpu=90s memory=1m files=3;" },
	{ AT_MAIN, "cgi_limit processes=1;", NULL },
	{ AT_SERVER, "cgi_limit off;", NULL },
	{ AT_LOCATION, "cgi_timeout 9s 1s;", NULL },
	{ AT_LOCATION, "cgi_timeout 9s;", "cgi_timeout 9s 5s;" },
	{ AT_LOCATION, "cgi_on_disconnect continue;", NULL },
	{ AT_LOCATION, "internal;", NULL },
};
const size_t sample_count = sizeof samples / sizeof *samples;

static bool has_line(const char *dump, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(dump, line); at; at = strstr(at + 1, line)) {
		if ((at == dump || at[-1] == '\t' || at[-1] == '\n') && at[len] == '\n')
			return true;
	}
	return false;
}

Test(types, every_directive_comes_back_in_the_dump)
{
	static const char *const frames[] = {
		[AT_MAIN] = "%s\nserver { root /tmp; location @named { return 404; } }",
		[AT_SERVER] = "server { root /tmp; %s\n location @named { return 404; } }",
		[AT_LOCATION] = "server { root /tmp; location @named { return 404; } location /x/ "
		                "{ %s\n } }",
	};

	for (size_t i = 0; i < sample_count; i++) {
		const char *want = samples[i].dumped ? samples[i].dumped : samples[i].text;
		struct loaded loaded;
		char text[512];

		snprintf(text, sizeof text, frames[samples[i].where], samples[i].text);
		loaded_text(&loaded, text);
		cr_expect(ne(ptr, loaded.config, NULL), "%s: %s", text, loaded_messages(&loaded));
		if (loaded.config)
			cr_expect(has_line(loaded_dump(&loaded), want), "%s: no '%s' in the dump",
			          samples[i].text, want);
		loaded_end(&loaded);
	}
}

Test(types, every_row_of_the_table_is_tried_above)
{
	static const char *const elsewhere[] = { "http",   "events", "include",
		                                 "server", "listen", "location" };

	for (size_t i = 0; i < directive_count; i++) {
		struct str name = directives[i].name;
		bool tried = false;

		for (size_t k = 0; k < sample_count; k++)
			tried |= str_starts_with(str_from(samples[k].text), name);
		for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++)
			tried |= str_eq(name, str_from(elsewhere[k]));
		cr_expect(tried, "%.*s", STR_ARG(name));
		cr_expect(directives[i].doc && directives[i].syntax,
		          "%.*s has a text for the manual", STR_ARG(name));
	}
}

Test(types, no_name_is_in_two_tables)
{
	for (size_t i = 0; i < directive_count; i++) {
		struct str name = directives[i].name;
		const struct foreign *foreign = foreign_find(name);

		cr_expect(foreign == NULL || foreign->name.ptr[foreign->name.len - 1] == '*',
		          "%.*s", STR_ARG(name));
		cr_expect(eq(ptr, (void *)directive_find(name), (void *)&directives[i]),
		          "%.*s once", STR_ARG(name));
	}
}
