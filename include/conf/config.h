#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include "base/arena.h"
#include "base/cidr.h"
#include "base/log.h"
#include "base/map.h"
#include "base/path.h"
#include "base/vec.h"
#include "conf/diag.h"
#include "conf/template.h"
#include "http/methods.h"
#include "http/precondition.h"

#include <netinet/in.h>
#include <regex.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * The configuration as the server runs it: an immutable tree of tables, everything inherited already
 * merged in, so that at run time nothing looks upward. All of it lives in one arena.
 */

/* Times are milliseconds, sizes bytes, throughout. */
typedef uint64_t msec;

enum { CONFIG_NONE = -1 }; /* an index that points nowhere */

/* ---- what the whole server shares ---------------------------------------------------------------- */

/* A directory that files come from or go to; every path is in here once. Workers open them at start. */
struct config_dir {
	struct str path; /* absolute, C string, no trailing slash */
	bool is_store;   /* some upload_store */
};

/* A file of names and password hashes; every path is in here once. The verifier reads them. */
struct config_password_file {
	struct str path;    /* absolute, C string */
	struct position at; /* where it was first named */
};

/* Parameters of access_log: each file has one set of them, whoever logs to it. */
struct log_options {
	size_t buffer; /* bytes that a worker gathers; 0: it writes at the end of each turn of its loop */
	msec flush;      /* and for how long at most; 0: until the buffer is full */
	uint64_t rotate; /* the size that ends a file; 0: none does */
	uint32_t keep;   /* how many that have ended are kept */
};

/* A file (or stderr, stdout) that log lines go to; every path is in here once. The supervisor opens them. */
enum log_sink { LOG_SINK_FILE, LOG_SINK_STDERR, LOG_SINK_STDOUT };
struct config_log {
	enum log_sink sink;
	struct str path; /* absolute, C string */
	int fd;          /* -1 until opened; written by the supervisor only */
	struct log_options options;
	struct position options_at; /* where they were given; source NULL: nowhere */
};

/* TERMINAL: as DEFAULT, and a status has the colour of its class. */
enum log_escape { LOG_ESCAPE_DEFAULT, LOG_ESCAPE_JSON, LOG_ESCAPE_NONE, LOG_ESCAPE_TERMINAL };
struct config_log_format {
	struct str name;
	enum log_escape escape;
	struct template text;
};

/* ---- values of directives ------------------------------------------------------------------------- */

/* root and alias: where the files of a location are. */
struct file_base {
	int dir; /* index in config.dirs */
	bool is_alias;
	uint32_t strip;  /* alias: bytes of the path that the directory replaces */
	struct str file; /* alias that names a file: its name in dir; else empty */
};

struct str_list {
	struct str *items;
	size_t count;
};

enum try_last { TRY_NONE, TRY_URI, TRY_NAMED, TRY_CODE, TRY_SPA };
struct try_files {
	struct template *paths; /* those before the last */
	size_t count;
	enum try_last last;  /* TRY_NONE: no try_files here */
	struct template uri; /* TRY_URI, TRY_SPA */
	int named;           /* TRY_NAMED: index in server.named */
	unsigned code;       /* TRY_CODE */
};

struct return_rule {
	unsigned code;    /* 0: none; 444: close the connection */
	bool is_redirect; /* text is a URL for Location */
	bool has_text;
	struct template text;
};

enum error_code { ERROR_CODE_KEEP, ERROR_CODE_OF_PAGE, ERROR_CODE_SET }; /* nothing, `=`, `=CODE` */
struct error_page {
	unsigned status; /* the one it is for */
	enum error_code how;
	unsigned code; /* ERROR_CODE_SET */
	int named;     /* index in server.named, or CONFIG_NONE */
	bool is_url;   /* begins with a scheme: a redirect by 302 or `code` */
	struct template uri;
};
struct error_page_list {
	struct error_page *items;
	size_t count;
};

struct added_header {
	struct str name;
	struct template value;
	bool always; /* on every status, not only on the good ones nginx names */
};
struct added_header_list {
	struct added_header *items;
	size_t count;
};

enum expires_mode { EXPIRES_OFF, EXPIRES_TIME, EXPIRES_MODIFIED, EXPIRES_EPOCH, EXPIRES_MAX };
struct expires {
	enum expires_mode mode;
	int64_t seconds; /* EXPIRES_TIME (from now), EXPIRES_MODIFIED (from Last-Modified); may be negative */
};

struct method_rule {
	bool is_set;           /* false: by the resource */
	unsigned mask;         /* METHOD_BIT()s; GET brings HEAD */
	struct str_list other; /* names that http/methods.h does not know */
};

struct media_type {
	struct str extension; /* lower case */
	struct str type;
};
struct media_types {
	struct media_type *items; /* sorted by extension; looked at before the built-in table */
	size_t count;
};

/* allow and deny: the first rule whose range holds the client decides; where none does, it is let in. */
struct access_rule {
	struct cidr range;
	bool allow;
};
struct access_list {
	struct access_rule *items;
	size_t count;
};

/* set_real_ip_from: the proxies whose word about the client is taken. */
struct cidr_list {
	struct cidr *items;
	size_t count;
};

/* real_ip_header: where they say it. */
struct real_ip {
	bool is_proxy_protocol; /* in the PROXY header of the connection */
	struct str field;       /* else in this field */
};

/*
 * Where a limit stands, which tells its account from others: levels that inherit it are counted together
 * with the level that set it, and a reload finds the account again.
 */
struct limit_place {
	const struct server_conf *server; /* NULL: the main level */
	uint64_t inside;                  /* of the patterns of the locations around it */
	uint64_t id;                      /* of the whole, and of the kind of limit */
};

/* limit_conn: requests of one address that are being answered at once. */
struct limit_conn {
	struct limit_place place;
	uint32_t most; /* 0: off */
};

/* limit_req: requests of one address in a time. */
struct limit_req {
	struct limit_place place;
	uint32_t rate; /* a second, or a minute; 0: off */
	uint32_t burst;
	bool is_minutely;
};

/* As the directive's arguments. */
void limit_req_print(const struct limit_req *limit, struct buf *out);

enum autoindex_format { AUTOINDEX_BY_ACCEPT, AUTOINDEX_HTML, AUTOINDEX_JSON };
/* status and stub_status: what the location answers with instead of files. */
enum status_format {
	STATUS_OFF,
	STATUS_BY_ACCEPT,
	STATUS_HTML,
	STATUS_JSON,
	STATUS_PROMETHEUS,
	STATUS_STUB
};
enum upload_overwrite { OVERWRITE_OFF, OVERWRITE_ON, OVERWRITE_RENAME };

/* upload_resumable: uploads that may come in pieces. */
struct upload_resumable {
	bool is_on;
	msec expire; /* without a new byte for so long, an unfinished one is given up */
};

struct command {
	struct str program;   /* absolute path, C string; empty: the file itself is run */
	struct str_list args; /* C strings, without argv[0] */
};
struct cgi_rule {
	struct str extension; /* with its dot: ".py" */
	struct command command;
};
struct cgi_rule_list {
	struct cgi_rule *items;
	size_t count;
};
struct cgi_param {
	struct str name;
	struct template value; /* empty constant: the variable is removed */
};
struct cgi_param_list {
	struct cgi_param *items;
	size_t count;
};

/* cgi_limit: of each program; 0: none. */
struct cgi_limits {
	msec cpu;
	uint64_t memory;    /* bytes of address space */
	uint64_t files;     /* descriptors open at once */
	uint64_t processes; /* of its user in all */
};

struct access_log {
	int log;    /* index in config.logs; CONFIG_NONE: off */
	int format; /* index in config.formats */
};
struct error_log {
	int log; /* index in config.logs */
	enum log_level level;
	bool json;
};

/* auth_basic: whoever comes needs a name and a password. */
struct auth_basic {
	bool is_on;
	struct str realm; /* may be empty */
};

/* Settings that inherit: one such struct, fully merged, for each server and each location. */
struct settings {
	struct file_base base;
	struct str_list index;
	struct try_files try_files;
	struct return_rule ret;
	struct error_page_list error_pages;
	struct method_rule methods;
	struct access_list access;
	struct auth_basic auth;
	struct limit_conn limit_conn;
	struct limit_req limit_req;
	struct cidr_list trusted;
	struct real_ip real_ip;
	struct added_header_list headers;
	struct media_types types;
	struct str default_type;
	struct str charset; /* empty: off */
	struct expires expires;
	struct cgi_rule_list cgi;
	struct command cgi_pass; /* program empty: none */
	struct cgi_param_list cgi_params;
	struct access_log access_log;
	struct error_log error_log;
	uint64_t client_max_body_size; /* 0: no limit */
	struct str client_body_temp_path;
	msec client_header_timeout;
	msec client_body_timeout;
	msec send_timeout;
	uint64_t client_min_rate; /* bytes a second; 0: off */
	msec keepalive_timeout;   /* 0: no keep-alive */
	msec keepalive_header;    /* seconds announced in Keep-Alive: timeout=; 0: no such field */
	msec cgi_timeout;
	msec cgi_grace;
	struct cgi_limits cgi_limits;
	uint32_t keepalive_requests;
	uint32_t max_ranges;
	uint32_t header_buffer_size; /* client_header_buffer_size */
	uint32_t header_line_max;    /* large_client_header_buffers N SIZE: SIZE */
	uint32_t header_total_max;   /* N times SIZE */
	uint32_t max_headers;
	int store;     /* upload_store: index in config.dirs, or CONFIG_NONE */
	int auth_file; /* auth_basic_user_file: index in config.password_files, or CONFIG_NONE */
	enum upload_overwrite upload_overwrite;
	mode_t upload_access;
	uint64_t upload_reserve; /* bytes kept free; 0: none */
	struct upload_resumable upload_resumable;
	enum since_mode if_modified_since;
	enum autoindex_format autoindex_format;
	enum status_format status;
	enum path_links links; /* disable_symlinks */
	bool autoindex;
	bool autoindex_exact_size;
	bool autoindex_localtime;
	bool autoindex_tar;
	bool etag;
	bool gzip_static, brotli_static, zstd_static;
	bool dotfiles;     /* allow */
	bool cgi_continue; /* cgi_on_disconnect continue */
	bool server_tokens;
	bool limit_dry_run;
	bool merge_slashes;
	bool absolute_redirect;
	bool header_inherit; /* add_header_inherit merge; needed only while loading and for dumps */
	bool is_gated; /* limit_conn, limit_req or auth_basic is in force: decide() asks the gate */
	bool is_internal; /* the location's own `internal`; not inherited */
};

/* ---- servers and locations ------------------------------------------------------------------------ */

enum location_kind {
	LOCATION_SERVER,
	LOCATION_EXACT,
	LOCATION_PREFIX,
	LOCATION_PREFIX_FINAL,
	LOCATION_REGEX,
	LOCATION_NAMED
};

/*
 * The locations on one level (a server's, or those nested in a location), ready to be searched. Exact
 * and prefix ones are sorted by pattern; `parent` of a prefix is the index of the longest other prefix
 * that it begins with, so that the longest match is found by one binary search and a short climb.
 */
struct location_set {
	struct location **exact;
	size_t exact_count;
	struct location **prefixes;
	int *parents;
	size_t prefix_count;
	struct location **regexes; /* in the order written */
	size_t regex_count;
};

struct location {
	enum location_kind kind;
	struct str pattern; /* as matched; for LOCATION_NAMED with its @ */
	bool ignore_case;   /* ~* */
	regex_t *regex;
	struct settings settings;
	struct location_set inner;
	const struct server_conf *server;
	uint32_t id; /* counts through the whole configuration */
	struct position at;
};

struct server_conf {
	struct str_list names; /* as written; the first is $server_name */
	struct location self;  /* the settings outside of every location; kind LOCATION_SERVER */
	struct location_set locations;
	struct location **named;
	size_t named_count;
	struct {
		struct listener_conf **items;
		size_t count;
	} listeners; /* where it listens, in the order written */
	uint32_t id;
	struct position at;
};

/* ---- listeners -------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* A server name that is a range of addresses, "127.0.0.0/8": for hosts that are written as addresses. */
struct named_range {
	struct cidr range;
	const struct server_conf *server;
};

/* One address that is listened on, with the servers that answer there. */
struct listener_conf {
	union address address;
	socklen_t address_len;
	struct str text; /* "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:8080", "unix:/run/x.sock" */
	int backlog;
	bool reuseport, ipv6only, proxy_protocol, deferred;
	bool is_single; /* one address and a port that is known: what a connection's own end is */
	bool is_covered; /* a listener on all addresses has its port: connections come through that one … */
	bool covers; /* … which this is: its connections go to the listener of their own address */
	struct server_conf *default_server;
	unsigned servers; /* how many there are: with one, no name needs a look */
	struct map exact; /* lower-case name → struct server_conf */
	struct map heads; /* "*.a.b" under ".a.b" */
	struct map tails; /* "a.*" under "a." */
	struct {
		struct named_range *items;
		size_t count;
	} ranges;
	struct position at;
};

/* Directive file_cache: what a worker's cache may hold. */
struct file_cache_limits {
	size_t max;     /* bytes of content, answers and bookkeeping; 0: nothing is cached */
	size_t entry;   /* largest file kept in memory */
	size_t fds;     /* larger files kept open */
	size_t missing; /* names known not to exist */
	msec valid;     /* how long an entry is used without a look at the disk */
};

/* Directive sandbox: confinement of the workers. */
enum sandbox_mode { SANDBOX_ON, SANDBOX_OFF, SANDBOX_REQUIRE };

struct config {
	struct arena arena;
	struct str path;       /* of the configuration file, as given */
	struct str prefix;     /* absolute directory */
	struct str_list files; /* every file read, in order, named as given */

	/* main-only directives */
	uint32_t worker_processes;
	uint32_t worker_connections;
	uint32_t worker_rlimit_nofile; /* 0: raised as needed */
	bool master_process;
	enum sandbox_mode sandbox;
	struct file_cache_limits file_cache;
	bool daemon;
	struct str user, group; /* empty: none */
	uid_t uid;              /* of `user`, resolved when loaded */
	gid_t gid;
	struct str pid_file; /* absolute, empty: none */
	msec shutdown_timeout;
	msec worker_shutdown_timeout; /* 0: no limit */
	uint32_t cgi_max_processes;
	msec cgi_queue_timeout;

	int missing_root; /* index in dirs: the default root, where it does not exist; else CONFIG_NONE */

	struct settings settings; /* of the main level: the logs of the process itself */
	VEC(struct server_conf *) servers;
	VEC(struct listener_conf *) listeners;
	VEC(struct config_dir) dirs;
	VEC(struct config_password_file) password_files;
	VEC(struct config_log) logs;
	VEC(struct config_log_format) formats;
	VEC(struct location *) locations; /* all of them, by id, the servers' own `self` included */
};

/* What to load and how. */
struct config_source {
	const char *path;   /* the file, as the user gave it */
	const char *text;   /* not NULL: read this instead of the file; path names it in messages */
	const char *prefix; /* -p; NULL: the working directory */
	const struct template_names *names;
};

/*
 * Reads, checks and builds. Every problem is in `diag` (made by the caller); with an error among them the
 * result is NULL. Nothing but files is opened, and none stays open. NULL with no error counted: memory is out.
 */
struct config *config_load(const struct config_source *source, struct diag *diag);

/* As the directive's arguments. */
void access_log_print(const struct config *config, const struct access_log *log, struct buf *out);

/* Frees everything. NULL is fine. */
void config_free(struct config *config);

/* Writes the effective configuration, which loads back to the same. */
void config_dump(const struct config *config, struct buf *out);

/*
 * The pid_file of a configuration that may be broken otherwise, resolved against the prefix: the first
 * `pid` at the top level. Empty where there is none. Lives in `arena`.
 */
struct str config_find_pid(const struct config_source *source, struct arena *arena);

#endif
