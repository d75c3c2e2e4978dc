#ifndef HANDLERS_CGI_ENV_H
#define HANDLERS_CGI_ENV_H

#include "server/request.h"

/* The request's body does not belong to this program, or there is none. */
enum { CGI_NO_LENGTH = -1 };

/*
 * The environment of the program that answers the request (RFC 3875 section 4.1): the meta-variables,
 * the header fields as HTTP_*, then the location's cgi_param, which override and remove. Strings
 * "NAME=VALUE", ended by NULL, in the request's arena. length: of the body, or CGI_NO_LENGTH. NULL when
 * memory is out.
 */
const char *const *cgi_environment(struct request *r, int64_t length);

/* The absolute path of the script, or of the program of a cgi_pass. NULL when memory is out. */
const char *cgi_script_path(struct request *r);

/* True where the request has a body and it is this handler that gets it: not on an error page's way. */
bool cgi_has_body(const struct request *r);

#endif
