#include "main/explain_parts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* ---- what is asked ----------------------------------------------------------------------------------- */

static const struct {
	const char *name, *text, *method, *host, *target;
	uint16_t port;
} good_rows[] = {
	{ "method and URL", "GET http://a.test:81/b?c", "GET", "a.test", "/b?c", 81 },
	{ "without a port it is 80", "HEAD http://a.test/", "HEAD", "a.test", "/", 80 },
	{ "without a path it is /", "GET http://a.test", "GET", "a.test", "/", 80 },
	{ "a query without a path", "GET http://a?b/c", "GET", "a", "?b/c", 80 },
	{ "an IPv6 address", "GET http://[::1]:8080/x", "GET", "::1", "/x", 8080 },
	{ "an IPv6 address without a port", "GET http://[::1]/x", "GET", "::1", "/x", 80 },
	{ "without a method it is GET", "http://a:8080/", "GET", "a", "/", 8080 },
	{ "white space around", "  PUT   HTTP://a/b ", "PUT", "a", "/b", 80 },
};

static const struct {
	const char *name, *text, *says;
} bad_rows[] = {
	{ "nothing", "", "METHOD http://" },
	{ "a path alone", "GET /x", "METHOD http://" },
	{ "no host", "GET http:///x", "METHOD http://" },
	{ "a port that is none", "GET http://a:x/", "METHOD http://" },
	{ "a port too large", "GET http://a:65536/", "METHOD http://" },
	{ "port 0", "GET http://a:0/", "METHOD http://" },
	{ "TLS", "GET https://a/", "https is not spoken here" },
};

Test(explain, takes_a_request_apart)
{
	for (size_t i = 0; i < sizeof good_rows / sizeof *good_rows; i++) {
		struct explain_url url;
		const char *why;

		cr_assert(explain_parse(str_from(good_rows[i].text), &url, &why), "%s",
		          good_rows[i].name);
		cr_expect(str_eq(url.method, str_from(good_rows[i].method)) &&
		                  str_eq(url.host, str_from(good_rows[i].host)) &&
		                  str_eq(url.target, str_from(good_rows[i].target)) &&
		                  url.port == good_rows[i].port,
		          "%s: %.*s %.*s %u %.*s", good_rows[i].name, STR_ARG(url.method),
		          STR_ARG(url.host), url.port, STR_ARG(url.target));
	}
}

Test(explain, says_what_is_wrong_with_others)
{
	for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
		struct explain_url url;
		const char *why = "";

		cr_expect(not(explain_parse(str_from(bad_rows[i].text), &url, &why)), "%s",
		          bad_rows[i].name);
		cr_expect(strstr(why, bad_rows[i].says) != NULL, "%s: %s", bad_rows[i].name, why);
	}
}
