#ifndef CONF_TYPES_H
#define CONF_TYPES_H

#include "conf/build.h"

/* What a parser is given: the statement and where it stands. */
struct value {
	struct build *build;
	struct level *level;
	const struct directive *directive;
	const struct node *node;
};

/* What a printer is given beside the value itself. */
struct shown {
	const struct config *config;
	const struct server_conf *server; /* NULL at the main level */
	const struct location *location;  /* NULL outside of locations */
	const struct settings *outer;     /* of the enclosing level; NULL at the main level */
	const struct directive *directive;
};

/* A kind of value: how it is read and how it is written, together. */
struct value_type {
	/* Reads the arguments into the target. False: the fault is reported and the target unchanged. */
	bool (*parse)(const struct value *value, void *target);
	/* Writes the arguments of the i-th statement that sets this value; false: there is no i-th. */
	bool (*print)(const struct shown *shown, const void *target, size_t i, struct buf *out);
	/* Joins what the outer level has into a list of the inner one. */
	void (*merge)(struct build *build, void *inner, const void *outer);
	/* The directive that the i-th statement is of, where several share one list; NULL: the
	 * row's. */
	struct str (*name)(const void *target, size_t i);
};

/* Details of numbers, sizes and times: the permitted range. */
struct value_range {
	uint64_t min, max;
};

/* Details of words: which there are and what they mean; the last has an empty name. */
struct value_word {
	struct str word;
	int value;
};

extern const struct value_type value_flag, value_number, value_size, value_time, value_words,
        value_text, value_path, value_mode, value_present;
extern const struct value_type value_cpus, value_user, value_keepalive, value_header_buffers,
        value_grace, value_file_cache;
extern const struct value_type value_root, value_alias, value_index, value_try_files, value_return,
        value_error_page, value_status, value_stub_status;
extern const struct value_type value_methods, value_add_header, value_types, value_expires,
        value_charset;
extern const struct value_type value_cgi, value_cgi_pass, value_cgi_param, value_cgi_limit,
        value_store;
extern const struct value_type value_access_log, value_error_log, value_log_format;
extern const struct value_type value_listen, value_server_name;
extern const struct value_type value_auth_basic, value_auth_file;
extern const struct value_type value_allow, value_deny, value_trusted, value_real_ip;
extern const struct value_type value_resumable;
extern const struct value_type value_limit_conn, value_limit_req;

/* ---- pieces that the types share ------------------------------------------------------------------------ */

/* Reports a bad argument; the message may be given help. */
struct diag_message *value_error(const struct value *value, const struct token *at,
                                 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The scalar grammars; false where the text is none. */
bool text_parse_size(struct str text, uint64_t *bytes);
bool text_parse_time(struct str text, uint64_t *ms);
void text_print_size(struct buf *out, uint64_t bytes);
void text_print_time(struct buf *out, uint64_t ms);

/* A word as the lexer reads it back, quoted where it has to be. */
void text_print_word(struct buf *out, struct str word);
/* The same for a word in two parts. */
void text_print_joined(struct buf *out, struct str first, struct str second);

/* Reads an argument in which variables may stand; reports unknown ones. */
bool value_template(const struct value *value, const struct token *arg, struct template *out);

/* Reports a path that is not there, or not the kind of file that is wanted. */
bool value_is_kind(const struct value *value, const struct token *arg, struct str path,
                   bool directory);

/* A parameter NAME=VALUE: its number as it is read, written and bounded. */
struct parameter {
	struct str name; /* with its `=` */
	bool (*parse)(struct str text, uint64_t *n);
	void (*print)(struct buf *out, uint64_t n);
	uint64_t least, most;
	const char *expected; /* for the message about a wrong one */
};

/* What a statement's parameters have said so far. */
enum { PARAMETERS_MAX = 8 };
struct parameters {
	const struct parameter *rows;
	size_t count;                             /* at most PARAMETERS_MAX */
	const struct token *from[PARAMETERS_MAX]; /* by which argument; NULL: not said */
	uint64_t values[PARAMETERS_MAX];
};

/* Reads one argument, or all of the statement, in any order. False: reported. */
bool parameters_take(const struct value *value, struct parameters *p, const struct token *arg);
bool parameters_take_all(const struct value *value, struct parameters *p);

/* Refuses `$` where no variable is known at load time; true where there is none. */
bool value_is_constant(const struct value *value, const struct token *arg);

/* RFC 9110 section 5.6.2. */
bool text_is_token(struct str text);

/* The built-in formats, `combined` and `json`. */
void build_formats(struct build *build);

#endif
