#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/config.h"
#include "conf/directives.h"
#include "conf/tree.h"

/* A block that is being built: the main level, a server, or a location. */
struct level {
	struct level *outer;
	unsigned where; /* DIRECTIVE_MAIN, … */
	struct settings *settings;
	struct server_conf *server; /* NULL at the main level */
	struct location *location;  /* NULL outside of locations */
	size_t statements;
	const struct node **set; /* for each row of the table, the first node that set it here */
};

/* A server name as it was entered on a listener. */
struct bound_name {
	const struct listener_conf *listener;
	struct str key;
	struct position at;
};

/* Where the options of a listener were given. */
struct listen_origin {
	unsigned given; /* a bit for each option */
	struct position options_at;
	struct position default_at; /* of the default_server; source NULL: none so far */
};

/* Limits that keep the quadratic checks of hostile files short. */
enum {
	BUILD_STATEMENTS_MAX = 16384, /* on one level, blocks not counted */
	BUILD_LISTENERS_MAX = 4096,
	BUILD_LOCATIONS_MAX = 65536, /* servers and locations in all */
	BUILD_UNSORTED_MAX = 4096,   /* regular expressions, or named locations, on one level */
	BUILD_RANGES_MAX = 256,      /* server names that are ranges, on one listener */
	BUILD_TYPES_MAX = 8192       /* extensions on one level */
};

/* The state of turning a tree into a configuration. */
struct build {
	struct config *config;
	struct arena *arena;   /* the configuration's; never gives NULL */
	struct arena *scratch; /* gone when loading ends; never gives NULL */
	struct diag *diag;
	struct tree *tree;
	const struct template_names *names;
	VEC(struct bound_name) bound;     /* for messages about duplicates */
	VEC(struct listen_origin) origin; /* by listener */
	struct {
		struct token *items;
		size_t count;
	} server_names;                   /* of the server being built */
	bool is_full;                     /* BUILD_LOCATIONS_MAX is reached, and it was said */
	const struct node *auth_reported; /* an auth_basic without a file is said once */
	int default_root;                 /* index in dirs of the root that nobody asked for */
};

/* Makes everything out of the tree. Faults are in diag. */
void build_config(struct build *build, const struct node *tree);

/* Opens a level below `outer` (NULL: the main one) whose settings inherit. */
void level_open(struct build *build, struct level *level, struct level *outer, unsigned where,
                struct settings *settings);

/* Reads all plain directives of a level, then completes what it inherits. Blocks are left to the caller. */
void level_read(struct build *build, struct level *level, const struct node *nodes);

/* True for the blocks that level_read() leaves. */
bool node_is(const struct node *node, const char *name);

/* ---- parts of the build, one file each ----------------------------------------------------------------- */

/* location.c: the locations of a server or of a location, and the search set made of them. */
void build_locations(struct build *build, struct level *outer, const struct node *nodes,
                     struct location_set *set);
/* Makes the named locations of a server known, before anything refers to them. */
void build_named(struct build *build, struct server_conf *server, const struct node *nodes);
/* Whether there may be one more server or location; says once when not. */
bool build_has_room(struct build *build, struct position at);
/* Gives the location its id and lists it. */
void build_register(struct build *build, struct location *location);
/* The index in server.named, or CONFIG_NONE. */
int server_find_named(const struct server_conf *server, struct str name);

/* regex.c: checks and compiles; NULL where it was refused (and reported). */
regex_t *build_regex(struct build *build, const struct token *token, size_t offset,
                     bool ignore_case);

/* listen.c: gives a server that names no address the default one, then calls build_names(). */
void build_listeners(struct build *build, struct level *level);

/* All servers are built: finds the listeners whose connections come through one on all addresses. */
void build_covers(struct build *build);
/* server_name.c: enters the names of a server on all of its listeners. */
void build_names(struct build *build, struct server_conf *server);

/* types_limit.c: tells the limits apart, once every server has its names and addresses. */
void build_limits(struct build *build);

/* check.c: traps, once a level is complete. */
void check_level(struct build *build, const struct level *level, const struct node *nodes);
void check_config(struct build *build);

/* Whether the location, or the server outside of its locations, sends files. */
bool check_needs_files(const struct location *location);

/* check_sources.c: programs' sources that would be sent, once all is known. */
void check_sources(struct build *build);

/* check_auth.c: auth_basic without its file, once a level is complete, and files without auth_basic. */
void check_auth_level(struct build *build, const struct level *level);
void check_auth_files(struct build *build);

/* ---- files -------------------------------------------------------------------------------------------- */

/* files.c: the index of a directory in config.dirs, added when new. */
int build_dir(struct build *build, struct str absolute);
/* An absolute path without ".", ".." and doubled or final slashes. */
struct str build_path(struct build *build, struct str path);
/* Whether the user the workers will run as may do this (R_OK, W_OK, X_OK) with the file. */
bool build_may(const struct build *build, struct str path, int mode);

#endif
