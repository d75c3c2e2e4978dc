#ifndef HTTP_METHODS_H
#define HTTP_METHODS_H

#include "base/str.h"

/* The methods of RFC 9110 section 9.3 and PATCH (RFC 5789). METHOD_OTHER is any other token. */
enum method {
	METHOD_OTHER,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_CONNECT,
	METHOD_OPTIONS,
	METHOD_TRACE,
	METHOD_PATCH,
	METHOD_COUNT
};

/* A set of methods: METHOD_BIT(METHOD_GET) | METHOD_BIT(METHOD_HEAD). */
#define METHOD_BIT(method) (1u << (method))

/* Methods are case-sensitive (RFC 9110 section 9.1): "get" is METHOD_OTHER. */
enum method method_find(struct str name);

/* "GET"; empty for METHOD_OTHER. */
struct str method_name(enum method method);

#endif
