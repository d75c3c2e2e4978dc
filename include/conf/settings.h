#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "conf/types.h"

/* The engine that the table of directives drives. */

/* Gives every row's default to the main level, through the row's own parser. */
void settings_defaults(struct build *build, struct level *main_level);

/* The settings of an inner level before it sets anything: the outer ones but for what never inherits. */
void settings_inherit(struct settings *inner, const struct settings *outer);

/* Checks a statement against its row and reads it. */
void settings_apply(struct build *build, struct level *level, const struct node *node);

/* Joins the merging lists that this level has set with the outer level's. */
void settings_complete(struct build *build, struct level *level);

/* Where a row's value lives on this level; NULL for TARGET_NONE. */
void *settings_target(const struct directive *directive, struct config *config,
                      struct server_conf *server, struct settings *settings);

/* The first statement on this level that set the directive, or NULL. */
const struct node *level_setter(const struct level *level, const char *name);

#endif
