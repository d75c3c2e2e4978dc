#include "http/methods.h"

static const struct str method_names[METHOD_COUNT] = {
	[METHOD_OTHER] = STR(""),          [METHOD_GET] = STR("GET"),
	[METHOD_HEAD] = STR("HEAD"),       [METHOD_POST] = STR("POST"),
	[METHOD_PUT] = STR("PUT"),         [METHOD_DELETE] = STR("DELETE"),
	[METHOD_CONNECT] = STR("CONNECT"), [METHOD_OPTIONS] = STR("OPTIONS"),
	[METHOD_TRACE] = STR("TRACE"),     [METHOD_PATCH] = STR("PATCH"),
};

enum method method_find(struct str name)
{
	for (enum method m = METHOD_GET; m < METHOD_COUNT; m++)
		if (str_eq(name, method_names[m]))
			return m;
	return METHOD_OTHER;
}

struct str method_name(enum method method)
{
	return method_names[method];
}
