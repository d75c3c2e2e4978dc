#include "conf/directives.h"

#include "conf/types.h"

#include <stddef.h>

#define M   DIRECTIVE_MAIN
#define S   DIRECTIVE_SERVER
#define L   DIRECTIVE_LOCATION
#define MS  (M | S)
#define SL  (S | L)
#define MSL (M | S | L)

#define FIELD(base, field) \
	.offset = offsetof(struct base, field), .size = sizeof(((struct base *)0)->field)
#define IN_CONFIG(field)   .target = TARGET_CONFIG, FIELD(config, field)
#define IN_SETTINGS(field) .target = TARGET_SETTINGS, FIELD(settings, field)
/* Several fields at once: the type's functions are given the whole struct. */
#define ALL_CONFIG        .target = TARGET_CONFIG
#define ALL_SETTINGS      .target = TARGET_SETTINGS
#define ARGS(least, most) .min = (least), .max = (most)
#define ANY               DIRECTIVE_MANY

enum { DAY = 86400000 };

static const struct value_range connections = { 1, 1 << 20 }, descriptors = { 0, 1 << 20 },
                                programs = { 1, 65536 }, requests = { 1, UINT32_MAX },
                                ranges = { 0, 1024 }, headers = { 1, 10000 },
                                any_time = { 0, (uint64_t)365 * DAY },
                                some_time = { 1, (uint64_t)365 * DAY },
                                any_size = { 0, (uint64_t)1 << 50 }, rate = { 0, 1 << 30 },
                                buffer = { 256, 1 << 20 };

static const struct value_word sandbox[] = { { STR("on"), SANDBOX_ON },
	                                     { STR("off"), SANDBOX_OFF },
	                                     { STR("require"), SANDBOX_REQUIRE },
	                                     { { NULL, 0 }, 0 } };
static const struct value_word links[] = { { STR("outside"), PATH_LINKS_INSIDE },
	                                   { STR("on"), PATH_LINKS_NONE },
	                                   { STR("if_not_owner"), PATH_LINKS_OWNER },
	                                   { STR("off"), PATH_LINKS_ALL },
	                                   { STR(""), 0 } };
static const struct value_word since[] = { { STR("off"), SINCE_OFF },
	                                   { STR("exact"), SINCE_EXACT },
	                                   { STR("before"), SINCE_BEFORE },
	                                   { STR(""), 0 } };
static const struct value_word formats[] = { { STR("html"), AUTOINDEX_HTML },
	                                     { STR("json"), AUTOINDEX_JSON },
	                                     { STR("accept"), AUTOINDEX_BY_ACCEPT },
	                                     { STR(""), 0 } };
static const struct value_word statuses[] = { { STR("html"), STATUS_HTML },
	                                      { STR("json"), STATUS_JSON },
	                                      { STR("prometheus"), STATUS_PROMETHEUS },
	                                      { STR(""), 0 } };
static const struct value_word overwrite[] = { { STR("off"), OVERWRITE_OFF },
	                                       { STR("on"), OVERWRITE_ON },
	                                       { STR("rename"), OVERWRITE_RENAME },
	                                       { STR(""), 0 } };
static const struct value_word dotfiles[] = { { STR("deny"), 0 },
	                                      { STR("allow"), 1 },
	                                      { STR(""), 0 } };
static const struct value_word leaving[] = { { STR("kill"), 0 },
	                                     { STR("continue"), 1 },
	                                     { STR(""), 0 } };
static const struct value_word header_merge[] = { { STR("off"), 0 },
	                                          { STR("merge"), 1 },
	                                          { STR(""), 0 } };

/*
 * Ordered as a manual would be: the processes, logs, servers, files, answers, uploads, programs.
 * A row is read as a paragraph.
 */
/* clang-format off */
const struct directive directives[] = {
	/* ---- processes ---- */
	{ .name = STR("worker_processes"), .where = M, ARGS(1, 1), IN_CONFIG(worker_processes),
	  .type = &value_cpus, .usual = "1", .syntax = "N | auto",
	  .doc = "How many worker processes serve; auto: one for each processor." },
	{ .name = STR("worker_connections"), .where = M | DIRECTIVE_EVENTS, ARGS(1, 1),
	  IN_CONFIG(worker_connections), .type = &value_number, .detail = &connections,
	  .usual = "10240", .syntax = "N",
	  .doc = "How many connections one worker holds at once." },
	{ .name = STR("worker_rlimit_nofile"), .where = M, ARGS(1, 1),
	  IN_CONFIG(worker_rlimit_nofile), .type = &value_number, .detail = &descriptors,
	  .usual = "0", .syntax = "N",
	  .doc = "The limit of open descriptors for a worker; 0: raised as far as needed." },
	{ .name = STR("master_process"), .where = M, ARGS(1, 1), IN_CONFIG(master_process),
	  .type = &value_flag, .usual = "on", .syntax = "on | off",
	  .doc = "off: one process without a supervisor, for debugging." },
	{ .name = STR("sandbox"), .where = M, ARGS(1, 1), IN_CONFIG(sandbox), .type = &value_words,
	  .detail = sandbox, .usual = "on", .syntax = "on | off | require",
	  .doc = "Confinement of the workers by the kernel: they can open nothing but the configured "
	         "directories, and execute nothing. require: do not start where the kernel lacks a "
	         "part of it." },
	{ .name = STR("daemon"), .where = M, ARGS(1, 1), IN_CONFIG(daemon), .type = &value_flag,
	  .usual = "off", .syntax = "on | off",
	  .doc = "on: go to the background once every socket listens." },
	{ .name = STR("user"), .where = M, ARGS(1, 2), .is_early = true, ALL_CONFIG,
	  .type = &value_user, .syntax = "NAME [GROUP]",
	  .doc = "Whom workers and programs run as when the server is started as root." },
	{ .name = STR("pid"), .where = M, ARGS(1, 1), IN_CONFIG(pid_file), .type = &value_path,
	  .syntax = "FILE",
	  .doc = "The file that holds the supervisor's process id; `-s` finds the running server "
	         "by it." },
	{ .name = STR("shutdown_timeout"), .where = M, ARGS(1, 1), IN_CONFIG(shutdown_timeout),
	  .type = &value_time, .detail = &any_time, .usual = "10s", .syntax = "TIME",
	  .doc = "How long a stop waits for answers that are under way." },
	{ .name = STR("worker_shutdown_timeout"), .where = M, ARGS(1, 1),
	  IN_CONFIG(worker_shutdown_timeout), .type = &value_time, .detail = &any_time,
	  .usual = "0", .syntax = "TIME",
	  .doc = "How long the old workers may finish after a reload; 0: without limit." },
	/* ---- logs ---- */
	{ .name = STR("error_log"), .where = MS, ARGS(1, 3), IN_SETTINGS(error_log),
	  .type = &value_error_log, .usual = "stderr notice",
	  .syntax = "FILE | stderr [debug | info | notice | warn | error] [json]",
	  .doc = "Where messages go and how much is wanted. crit, alert and emerg are error." },
	{ .name = STR("log_format"), .where = MSL, ARGS(2, ANY),
	  .repeatable = true, .is_early = true, ALL_CONFIG, .type = &value_log_format,
	  .syntax = "NAME [escape=default | escape=json | escape=none | escape=terminal] TEXT...",
	  .doc = "Names a form for access logs; the texts are joined. combined and json are "
	         "built in." },
	{ .name = STR("access_log"), .where = MSL, ARGS(1, ANY), IN_SETTINGS(access_log),
	  .type = &value_access_log, .usual = "off",
	  .syntax = "FILE | stdout | off [FORMAT] [buffer=SIZE] [flush=TIME] [rotate=SIZE] [keep=N]",
	  .doc = "Where a line for each request goes. buffer: each worker gathers so much, for flush "
	         "at most (1s). rotate: a file that has become so large is renamed FILE.1, the "
	         "older ones count up, and keep of them (5) are kept." },
	/* ---- servers ---- */
	{ .name = STR("http"), .where = M, ARGS(0, 0), .is_block = true, .syntax = "{ ... }",
	  .doc = "Accepted around servers, as in nginx; means nothing." },
	{ .name = STR("events"), .where = M, ARGS(0, 0), .is_block = true, .syntax = "{ ... }",
	  .doc = "Accepted around worker_connections, as in nginx; means nothing." },
	{ .name = STR("include"), .where = MSL | DIRECTIVE_EVENTS, ARGS(1, 1), .repeatable = true,
	  .syntax = "FILE | GLOB",
	  .doc = "Reads other files in this place: relative to this file, else to the prefix. A "
	         "pattern may match nothing." },
	{ .name = STR("server"), .where = M, ARGS(0, 0), .repeatable = true, .is_block = true,
	  .syntax = "{ ... }",
	  .doc = "A site: its addresses, names and locations." },
	{ .name = STR("listen"), .where = S, ARGS(1, ANY), .repeatable = true,
	  .target = TARGET_SERVER, .type = &value_listen, .usual = "*:8080",
	  .syntax = "[ADDRESS:]PORT | [IPV6]:PORT | unix:PATH [default_server] [backlog=N] "
	         "[reuseport] [ipv6only=on|off] [proxy_protocol] [deferred]",
	  .doc = "An address to listen on; alone it means port 80, and port 0 any free one. The "
	         "first server on an address, or its default_server, answers for unknown "
	         "names." },
	{ .name = STR("server_name"), .where = S, ARGS(1, ANY), .repeatable = true,
	  .target = TARGET_SERVER, .type = &value_server_name, .syntax = "NAME...",
	  .doc = "The host names it answers to: whole ones, *.example.com, .example.com, www.*, and "
	         "ranges for hosts given as addresses, 127.0.0.0/8 or ::1/128." },
	{ .name = STR("location"), .where = SL, ARGS(1, 2),
	  .repeatable = true, .is_block = true, .is_content = true,
	  .syntax = "[= | ^~ | ~ | ~*] PATH { ... } | @NAME { ... }",
	  .doc = "Settings for a part of the site. An exact path wins, then the longest prefix "
	         "if it is marked ^~, then the first regular expression (POSIX extended) that "
	         "matches, then the longest prefix." },
	{ .name = STR("internal"), .where = L, ARGS(0, 0), IN_SETTINGS(is_internal),
	  .inherit = INHERIT_NEVER, .type = &value_present, .syntax = "",
	  .doc = "Only for internal redirects: a client that asks gets 404." },
	/* ---- access ---- */
	{ .name = STR("allow"), .where = MSL, ARGS(1, 1), .repeatable = true, IN_SETTINGS(access),
	  .type = &value_allow, .syntax = "ADDRESS[/BITS] | unix: | all",
	  .doc = "Lets these clients in. allow and deny make one list in the order written; the "
	         "first that holds the client decides, and who is in none is let in. An inner "
	         "level's list takes the place of the outer one's." },
	{ .name = STR("deny"), .where = MSL, ARGS(1, 1), .repeatable = true, IN_SETTINGS(access),
	  .type = &value_deny, .syntax = "ADDRESS[/BITS] | unix: | all",
	  .doc = "Answers these clients 403; see allow." },
	{ .name = STR("auth_basic"), .where = MSL, ARGS(1, 1), IN_SETTINGS(auth),
	  .type = &value_auth_basic, .usual = "off", .syntax = "REALM | off",
	  .doc = "Asks for a name and a password of auth_basic_user_file. The realm is what a "
	         "browser shows. It holds for everything here, `return` and error pages "
	         "included. Without TLS in front both travel in the clear." },
	{ .name = STR("auth_basic_user_file"), .where = MSL, ARGS(1, 1), IN_SETTINGS(auth_file),
	  .type = &value_auth_file, .syntax = "FILE",
	  .doc = "Lines NAME:HASH as htpasswd -B writes them: what crypt(3) of this system knows, "
	         "and {SHA}; plain text and DES are refused. A change is seen within a second, "
	         "without a reload." },
	{ .name = STR("limit_conn"), .where = MSL, ARGS(1, 2), IN_SETTINGS(limit_conn),
	  .type = &value_limit_conn, .usual = "off", .syntax = "N | off",
	  .doc = "How many requests of one address (IPv6: of one /64) may be under way at once, "
	         "from their head to the end of their answer; more get 429. Everything below the "
	         "level where it stands counts together; an inner limit takes its place. "
	         "Clients on Unix sockets are not limited. Should there be no room left to count "
	         "in, clients that are not counted yet get 429, too." },
	{ .name = STR("limit_req"), .where = MSL, ARGS(1, DIRECTIVE_MANY), IN_SETTINGS(limit_req),
	  .type = &value_limit_req, .usual = "off",
	  .syntax = "RATEr/s [burst=N] | RATEr/m [burst=N] | off",
	  .doc = "How many requests one address (IPv6: one /64) may make: burst of them at once, "
	         "and RATE a second or a minute in the long run; more get 429 with Retry-After. "
	         "Unlike nginx's, it delays nothing: what is within the burst passes at once. "
	         "Without burst it is RATE. Counted like limit_conn; a reload keeps the count. "
	         "Should there be no room left, a new client goes on with the count of the one "
	         "that had the most left." },
	{ .name = STR("limit_dry_run"), .where = MSL, ARGS(1, 1), IN_SETTINGS(limit_dry_run),
	  .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "Counts and logs what limit_conn and limit_req would refuse, and lets it pass." },
	{ .name = STR("set_real_ip_from"), .where = MS, ARGS(1, 1), .repeatable = true,
	  IN_SETTINGS(trusted), .type = &value_trusted, .syntax = "ADDRESS[/BITS] | unix:",
	  .doc = "A proxy whose word about its client is taken, and whose X-Request-Id." },
	{ .name = STR("real_ip_header"), .where = MS, ARGS(1, 1), IN_SETTINGS(real_ip),
	  .type = &value_real_ip, .usual = "X-Real-IP", .syntax = "NAME | proxy_protocol",
	  .doc = "Where such a proxy says who its client is: a list is read from its right end as "
	         "far as it names trusted proxies." },
	/* ---- connections ---- */
	{ .name = STR("client_header_timeout"), .where = MS, ARGS(1, 1),
	  IN_SETTINGS(client_header_timeout), .type = &value_time, .detail = &some_time,
	  .usual = "60s", .syntax = "TIME",
	  .doc = "For the whole of a request's head." },
	{ .name = STR("client_body_timeout"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(client_body_timeout), .type = &value_time, .detail = &some_time,
	  .usual = "60s", .syntax = "TIME",
	  .doc = "Between two pieces of a request's body." },
	{ .name = STR("send_timeout"), .where = MSL, ARGS(1, 1), IN_SETTINGS(send_timeout),
	  .type = &value_time, .detail = &some_time, .usual = "60s", .syntax = "TIME",
	  .doc = "Between two moments at which the client takes up data." },
	{ .name = STR("client_min_rate"), .where = MS, ARGS(1, 1), IN_SETTINGS(client_min_rate),
	  .type = &value_size, .detail = &rate, .usual = "0", .syntax = "BYTES_PER_S",
	  .doc = "A client that sends a body, or takes an answer, at less than so many bytes a "
	         "second is given up, after a grace of 10 seconds. Only the time counts in which "
	         "nothing but the client is waited for; 0: off." },
	{ .name = STR("keepalive_timeout"), .where = MSL, ARGS(1, 2), ALL_SETTINGS,
	  .type = &value_keepalive, .usual = "75s", .syntax = "TIME [TIME]",
	  .doc = "How long an idle connection is kept; 0: not at all. The second is announced in "
	         "the field Keep-Alive." },
	{ .name = STR("keepalive_requests"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(keepalive_requests), .type = &value_number, .detail = &requests,
	  .usual = "1000", .syntax = "N",
	  .doc = "How many requests one connection may bring." },
	{ .name = STR("client_header_buffer_size"), .where = MS, ARGS(1, 1),
	  IN_SETTINGS(header_buffer_size), .type = &value_size, .detail = &buffer, .usual = "1k",
	  .syntax = "SIZE",
	  .doc = "What is set aside for a head at first." },
	{ .name = STR("large_client_header_buffers"), .where = MS, ARGS(2, 2), ALL_SETTINGS,
	  .type = &value_header_buffers, .usual = "4 8k", .syntax = "N SIZE",
	  .doc = "A request line over SIZE gets 414, a header line over it, or a head over N "
	         "times SIZE, 431." },
	{ .name = STR("max_headers"), .where = MS, ARGS(1, 1), IN_SETTINGS(max_headers),
	  .type = &value_number, .detail = &headers, .usual = "100", .syntax = "N",
	  .doc = "How many header lines a request may have." },
	{ .name = STR("client_max_body_size"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(client_max_body_size), .type = &value_size, .detail = &any_size,
	  .usual = "1m", .syntax = "SIZE",
	  .doc = "A larger body gets 413; 0: no limit." },
	{ .name = STR("client_body_temp_path"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(client_body_temp_path), .type = &value_path, .usual = "/tmp",
	  .syntax = "DIR",
	  .doc = "Where bodies wait that a program must know the length of." },
	/* ---- files ---- */
	{ .name = STR("root"), .where = MSL, ARGS(1, 1), .is_content = true, IN_SETTINGS(base),
	  .type = &value_root, .usual = "www", .syntax = "DIR",
	  .doc = "The directory that paths are looked up in." },
	{ .name = STR("alias"), .where = L, ARGS(1, 1), .is_content = true, IN_SETTINGS(base),
	  .type = &value_alias, .syntax = "DIR | FILE",
	  .doc = "The directory that takes the place of the location's prefix, on whole "
	         "segments; or the one file that is served." },
	{ .name = STR("index"), .where = MSL, ARGS(1, ANY), .is_content = true,
	  IN_SETTINGS(index), .type = &value_index, .usual = "index.html", .syntax = "FILE...",
	  .doc = "What a directory is answered with: the first of these that exists." },
	{ .name = STR("try_files"), .where = SL, ARGS(2, ANY), .is_content = true,
	  IN_SETTINGS(try_files), .inherit = INHERIT_NEVER, .type = &value_try_files,
	  .syntax = "PATH... (URI | @NAME | =CODE | spa:URI)",
	  .doc = "The first file that exists, else the last: a redirect inside, or a status. "
	         "spa: redirects page navigations only; a missing asset stays 404." },
	{ .name = STR("autoindex"), .where = MSL, ARGS(1, 1), .is_content = true,
	  IN_SETTINGS(autoindex), .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "Lists directories that have no index file." },
	{ .name = STR("autoindex_format"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(autoindex_format), .type = &value_words, .detail = formats,
	  .usual = "accept", .syntax = "html | json | accept",
	  .doc = "The form of listings; accept: what the client prefers." },
	{ .name = STR("autoindex_exact_size"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(autoindex_exact_size), .type = &value_flag, .usual = "off",
	  .syntax = "on | off",
	  .doc = "Sizes in bytes rather than rounded." },
	{ .name = STR("autoindex_localtime"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(autoindex_localtime), .type = &value_flag, .usual = "off",
	  .syntax = "on | off",
	  .doc = "Times of this machine's zone rather than UTC." },
	{ .name = STR("autoindex_tar"), .where = MSL, ARGS(1, 1), IN_SETTINGS(autoindex_tar),
	  .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "Where a directory is listed, ?tar sends it with all that is in it, at most 32 "
	         "directories deep. Left out is what a listing would not show, what another "
	         "location answers for, and programs." },
	{ .name = STR("disable_symlinks"), .where = MSL, ARGS(1, 1), IN_SETTINGS(links),
	  .type = &value_words, .detail = links, .usual = "outside",
	  .syntax = "outside | on | if_not_owner | off",
	  .doc = "Which symbolic links are refused: those that lead out of the root, all, those "
	         "whose target has another owner, none." },
	{ .name = STR("dotfiles"), .where = MSL, ARGS(1, 1), IN_SETTINGS(dotfiles),
	  .type = &value_words, .detail = dotfiles, .usual = "deny", .syntax = "deny | allow",
	  .doc = "Paths with a name that begins with a dot answer 404; /.well-known/ excepted." },
	{ .name = STR("types"), .where = MSL, ARGS(0, 0), .repeatable = true, .is_block = true,
	  IN_SETTINGS(types), .inherit = INHERIT_MERGE, .type = &value_types,
	  .syntax = "{ TYPE EXTENSION...; }",
	  .doc = "Adds to the built-in table of media types." },
	{ .name = STR("default_type"), .where = MSL, ARGS(1, 1), IN_SETTINGS(default_type),
	  .type = &value_text, .usual = "application/octet-stream", .syntax = "TYPE",
	  .doc = "The media type of other extensions." },
	{ .name = STR("charset"), .where = MSL, ARGS(1, 1), IN_SETTINGS(charset),
	  .type = &value_charset, .usual = "utf-8", .syntax = "NAME | off",
	  .doc = "The character set that is announced for text." },
	{ .name = STR("etag"), .where = MSL, ARGS(1, 1), IN_SETTINGS(etag), .type = &value_flag,
	  .usual = "on", .syntax = "on | off",
	  .doc = "Sends ETag for files." },
	{ .name = STR("gzip_static"), .where = MSL, ARGS(1, 1), IN_SETTINGS(gzip_static),
	  .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "Sends FILE.gz in place of FILE to whoever accepts gzip, if it is not older. With "
	         "several kinds what the client likes best, then br, zstd, gzip. Never from an "
	         "upload_store, where it might be somebody else's." },
	{ .name = STR("brotli_static"), .where = MSL, ARGS(1, 1), IN_SETTINGS(brotli_static),
	  .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "The same with FILE.br and the coding br." },
	{ .name = STR("zstd_static"), .where = MSL, ARGS(1, 1), IN_SETTINGS(zstd_static),
	  .type = &value_flag, .usual = "off", .syntax = "on | off",
	  .doc = "The same with FILE.zst and the coding zstd." },
	{ .name = STR("if_modified_since"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(if_modified_since), .type = &value_words, .detail = since,
	  .usual = "before", .syntax = "off | exact | before",
	  .doc = "How If-Modified-Since is compared." },
	{ .name = STR("max_ranges"), .where = MSL, ARGS(1, 1), IN_SETTINGS(max_ranges),
	  .type = &value_number, .detail = &ranges, .usual = "16", .syntax = "N",
	  .doc = "More ranges in one request than this are ignored; 0: all ranges are." },
	{ .name = STR("file_cache"), .where = M, ARGS(1, 5), IN_CONFIG(file_cache),
	  .type = &value_file_cache, .usual = "max=64m entry=32k fds=1024 missing=10000 valid=1s",
	  .syntax = "max=SIZE [entry=SIZE] [fds=N] [missing=N] [valid=TIME] | off",
	  .doc = "What each worker keeps of the files it serves, up to max bytes: the content of "
	         "files up to entry bytes, so many larger ones open, so many names known to be "
	         "missing. It looks at the disk again after the time valid (0: each time), and at "
	         "once after a change of our own. off: nothing is kept." },
	/* ---- answers ---- */
	{ .name = STR("methods"), .where = MSL, ARGS(1, ANY), IN_SETTINGS(methods),
	  .type = &value_methods, .syntax = "NAME...",
	  .doc = "What is answered; others get 405. GET brings HEAD. Without it the resource "
	         "decides: files GET, programs also POST, stores also POST, PUT and DELETE." },
	{ .name = STR("return"), .where = SL, ARGS(1, 2), IN_SETTINGS(ret),
	  .inherit = INHERIT_NEVER, .type = &value_return, .syntax = "CODE [TEXT | URL] | URL",
	  .doc = "Answers at once; 444 closes the connection without an answer." },
	{ .name = STR("status"), .where = L, ARGS(0, 1), .is_content = true, IN_SETTINGS(status),
	  .inherit = INHERIT_NEVER, .type = &value_status, .detail = statuses,
	  .syntax = "[html | json | prometheus]",
	  .doc = "Answers with the server's live figures; without a form, in the one that the "
	         "client prefers." },
	{ .name = STR("stub_status"), .where = L, ARGS(0, 1), .is_content = true,
	  IN_SETTINGS(status), .inherit = INHERIT_NEVER, .type = &value_stub_status,
	  .syntax = "[on]",
	  .doc = "Answers with the few figures that nginx tells, in its text." },
	{ .name = STR("error_page"), .where = MSL, ARGS(2, ANY), .repeatable = true,
	  IN_SETTINGS(error_pages), .type = &value_error_page,
	  .syntax = "CODE... [= | =CODE] (URI | @NAME | URL)",
	  .doc = "What is sent for an error. `=` takes over the page's own status, =CODE sets "
	         "one." },
	{ .name = STR("expires"), .where = MSL, ARGS(1, 2), IN_SETTINGS(expires),
	  .type = &value_expires, .usual = "off", .syntax = "[modified] TIME | epoch | max | off",
	  .doc = "Sends Expires and Cache-Control." },
	{ .name = STR("add_header"), .where = MSL, ARGS(2, 3), .repeatable = true,
	  IN_SETTINGS(headers), .inherit = INHERIT_MERGE,
	  .gate = offsetof(struct settings, header_inherit), .type = &value_add_header,
	  .syntax = "NAME VALUE [always]",
	  .doc = "Adds a field to good answers; always: to all. An inner level adds to the outer "
	         "one's and replaces those of the same name." },
	{ .name = STR("add_header_inherit"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(header_inherit), .type = &value_words, .detail = header_merge,
	  .usual = "merge", .syntax = "merge | off",
	  .doc = "off: the fields of the outer level are not added here." },
	{ .name = STR("server_tokens"), .where = MSL, ARGS(1, 1), IN_SETTINGS(server_tokens),
	  .type = &value_flag, .usual = "on", .syntax = "on | off",
	  .doc = "Whether the field Server tells the version." },
	{ .name = STR("merge_slashes"), .where = MS, ARGS(1, 1), IN_SETTINGS(merge_slashes),
	  .type = &value_flag, .usual = "on", .syntax = "on | off",
	  .doc = "Several slashes in a path count as one." },
	{ .name = STR("absolute_redirect"), .where = MSL, ARGS(1, 1),
	  IN_SETTINGS(absolute_redirect), .type = &value_flag, .usual = "off",
	  .syntax = "on | off",
	  .doc = "Whether our own redirects name scheme and host." },
	/* ---- uploads ---- */
	{ .name = STR("upload_store"), .where = L, ARGS(1, 1), .is_content = true,
	  IN_SETTINGS(store), .type = &value_store, .syntax = "DIR",
	  .doc = "The directory that POST stores files in, and within which PUT and DELETE "
	         "act." },
	{ .name = STR("upload_overwrite"), .where = L, ARGS(1, 1), IN_SETTINGS(upload_overwrite),
	  .type = &value_words, .detail = overwrite, .usual = "off",
	  .syntax = "off | on | rename",
	  .doc = "Where a name is taken: 409, replace, or (for POST) another name." },
	{ .name = STR("upload_access"), .where = L, ARGS(1, 1), IN_SETTINGS(upload_access),
	  .type = &value_mode, .usual = "0644", .syntax = "MODE",
	  .doc = "The permissions of stored files, in octal." },
	{ .name = STR("upload_reserve"), .where = L, ARGS(1, 1), IN_SETTINGS(upload_reserve),
	  .type = &value_size, .detail = &any_size, .usual = "0", .syntax = "SIZE",
	  .doc = "How much of the store's file system an upload must leave free, beyond what the "
	         "system itself keeps for root. One that would not is answered 507: before its "
	         "body is asked for where the length is known, else as soon as it is seen." },
	{ .name = STR("upload_resumable"), .where = L, ARGS(1, 2), IN_SETTINGS(upload_resumable),
	  .type = &value_resumable, .usual = "off", .syntax = "on | off [expire=TIME]",
	  .doc = "on: a POST or PUT with the field Upload-Complete may come in pieces, and goes on "
	         "where it was cut off, by draft-ietf-httpbis-resumable-upload. What came so far "
	         "waits hidden in the store, survives a restart, and is given up when nothing "
	         "more has come for TIME (1d)." },
	/* ---- programs ---- */
	{ .name = STR("cgi"), .where = MSL, ARGS(1, ANY), .repeatable = true, .is_content = true,
	  IN_SETTINGS(cgi), .type = &value_cgi, .syntax = ".EXT [PROGRAM [ARG...]]",
	  .doc = "Files with this extension are run, by themselves or by PROGRAM." },
	{ .name = STR("cgi_pass"), .where = L, ARGS(1, ANY), .is_content = true,
	  IN_SETTINGS(cgi_pass), .inherit = INHERIT_NEVER, .type = &value_cgi_pass,
	  .syntax = "PROGRAM [ARG...]",
	  .doc = "One program answers the whole location." },
	{ .name = STR("cgi_param"), .where = MSL, ARGS(2, 2), .repeatable = true,
	  IN_SETTINGS(cgi_params), .type = &value_cgi_param, .syntax = "NAME VALUE",
	  .doc = "Adds or replaces a variable of a program's environment; empty: removes it." },
	{ .name = STR("cgi_timeout"), .where = MSL, ARGS(1, 2), ALL_SETTINGS,
	  .type = &value_grace, .usual = "60s 5s", .syntax = "TIME [GRACE]",
	  .doc = "How long a program may make no progress while it is waited for; then TERM, and "
	         "KILL after GRACE." },
	{ .name = STR("cgi_on_disconnect"), .where = MSL, ARGS(1, 1), IN_SETTINGS(cgi_continue),
	  .type = &value_words, .detail = leaving, .usual = "kill", .syntax = "kill | continue",
	  .doc = "What becomes of a program whose client has left." },
	{ .name = STR("cgi_limit"), .where = MSL, ARGS(1, 4), IN_SETTINGS(cgi_limits),
	  .type = &value_cgi_limit, .usual = "off",
	  .syntax = "[cpu=TIME] [memory=SIZE] [files=N] [processes=N] | off",
	  .doc = "What each program may use: processor time in whole seconds (rounded up; then "
	         "SIGXCPU, a second later SIGKILL), address space, open descriptors. An answer "
	         "that is under way when the time is up is cut. processes "
	         "counts all processes of the user that programs run as, and does not bind root. "
	         "An inner level's limits take the place of all the outer one's." },
	{ .name = STR("cgi_max_processes"), .where = M, ARGS(1, 1), IN_CONFIG(cgi_max_processes),
	  .type = &value_number, .detail = &programs, .usual = "64", .syntax = "N",
	  .doc = "How many programs run at once; more wait." },
	{ .name = STR("cgi_queue_timeout"), .where = M, ARGS(1, 1), IN_CONFIG(cgi_queue_timeout),
	  .type = &value_time, .detail = &any_time, .usual = "10s", .syntax = "TIME",
	  .doc = "How long they wait before they are answered 503." },
};
/* clang-format on */

const size_t directive_count = sizeof directives / sizeof *directives;

const struct directive *directive_find(struct str name)
{
	for (size_t i = 0; i < directive_count; i++) {
		if (str_eq(directives[i].name, name))
			return &directives[i];
	}
	return NULL;
}

struct str directive_name_at(const void *unused, size_t i)
{
	(void)unused;
	return i < directive_count ? directives[i].name : (struct str){ NULL, 0 };
}

bool directive_is_known(struct str name)
{
	const struct foreign *foreign = directive_find(name) ? NULL : foreign_find(name);

	return directive_find(name) || (foreign && foreign->name.ptr[foreign->name.len - 1] != '*');
}
