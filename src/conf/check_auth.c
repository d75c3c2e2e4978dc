#include "conf/settings.h"

/*
 * auth_basic and its file, once everything is known. nginx lets everybody in where one of the two is
 * missing; here auth_basic without a file is an error.
 */

static const struct node *auth_setter(const struct level *level)
{
	for (; level; level = level->outer) {
		const struct node *node = level_setter(level, "auth_basic");

		if (node)
			return node;
	}
	return NULL;
}

void check_auth_level(struct build *build, const struct level *level)
{
	const struct node *node = auth_setter(level);
	const struct node *file = level_setter(level, "auth_basic_user_file");

	/* A file that was refused has had its message. */
	if (!node || file || level->settings->auth_file != CONFIG_NONE ||
	    !level->settings->auth.is_on || node == build->auth_reported)
		return;
	build->auth_reported = node;
	diag_help(build->diag,
	          diag_add(build->diag, DIAG_ERROR, node->name.at,
	                   "auth_basic without an auth_basic_user_file: nobody could log in"),
	          "auth_basic_user_file FILE; with lines as htpasswd -B writes them");
}

static bool is_asked(const struct config *config, size_t file)
{
	for (size_t i = 0; i < config->locations.len; i++) {
		const struct settings *settings = &config->locations.items[i]->settings;

		if (settings->auth.is_on && settings->auth_file == (int)file)
			return true;
	}
	return false;
}

void check_auth_files(struct build *build)
{
	const struct config *config = build->config;

	for (size_t i = 0; i < config->password_files.len; i++)
		if (!is_asked(config, i))
			diag_help(build->diag,
			          diag_add(build->diag, DIAG_WARNING,
			                   config->password_files.items[i].at,
			                   "a password file without auth_basic: nobody is "
			                   "asked for a password"),
			          "auth_basic REALM;");
}
