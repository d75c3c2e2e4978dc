#include "load.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static const struct {
	const char *name, *listen, *text;
} forms[] = {
	{ "a port alone is every IPv4 address", "8080", "0.0.0.0:8080" },
	{ "a star says the same", "*:8080", "0.0.0.0:8080" },
	{ "an address with a port", "127.0.0.1:8080", "127.0.0.1:8080" },
	{ "an address alone means port 80, as in nginx", "127.0.0.1", "127.0.0.1:80" },
	{ "localhost is 127.0.0.1", "localhost:8080", "127.0.0.1:8080" },
	{ "localhost alone", "localhost", "127.0.0.1:80" },
	{ "every IPv6 address", "[::]:8080", "[::]:8080" },
	{ "an IPv6 address in another spelling", "[0:0::0:1]:8080", "[::1]:8080" },
	{ "an IPv6 address alone", "[::1]", "[::1]:80" },
	{ "port 0 is any free one", "127.0.0.1:0", "127.0.0.1:0" },
	{ "the highest port", "65535", "0.0.0.0:65535" },
	{ "a Unix socket", "unix:/run/a.sock", "unix:/run/a.sock" },
	{ "one past the highest port", "65536", NULL },
	{ "a negative port", "-1", NULL },
	{ "a port with a letter", "80a", NULL },
	{ "an address with too many numbers", "1.2.3.4.5:80", NULL },
	{ "an address with an empty port", "127.0.0.1:", NULL },
	{ "a host name", "example.com:80", NULL },
	{ "an IPv6 address without brackets", "::1", NULL },
	{ "brackets that are not closed", "[::1", NULL },
	{ "something behind the brackets", "[::1]80", NULL },
	{ "empty brackets", "[]:80", NULL },
	{ "a Unix socket without a path", "unix:", NULL },
	{ "a Unix socket whose path is too long for the kernel",
	  "unix:/"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaa",
	  NULL },
};

Test(listen, has_these_forms)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct loaded loaded;
		char text[300];

		snprintf(text, sizeof text, "server { root /tmp; listen %s; }", forms[i].listen);
		loaded_text(&loaded, text);
		cr_expect(eq(int, loaded.config != NULL, forms[i].text != NULL), "%s",
		          forms[i].name);
		if (loaded.config && forms[i].text)
			cr_expect(str_eq(loaded.config->listeners.items[0]->text,
			                 str_from(forms[i].text)),
			          "%s", forms[i].name);
		loaded_end(&loaded);
	}
}

static struct loaded loaded;

static const struct listener_conf *listener(size_t i)
{
	cr_assert(lt(sz, i, loaded.config->listeners.len));
	return loaded.config->listeners.items[i];
}

static void load(const char *text)
{
	loaded_text(&loaded, text);
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
}

Test(listen, without_one_it_is_port_8080)
{
	const struct listener_conf *l;

	load("server { root /tmp; }");
	l = listener(0);
	cr_expect(str_eq(l->text, STR_OF("0.0.0.0:8080")));
	cr_expect(eq(u16, ntohs(l->address.v4.sin_port), 8080));
	cr_expect(eq(int, l->address.v4.sin_family, AF_INET));
	cr_expect(eq(int, l->backlog, 511));
	cr_expect(l->ipv6only);
	cr_expect(not(l->reuseport || l->proxy_protocol || l->deferred));
	cr_expect(eq(u32, l->at.line, 1));
	loaded_end(&loaded);
}

Test(listen, servers_with_one_address_share_its_listener)
{
	load("server { listen 8080; listen 127.0.0.1:0; server_name a; root /tmp; }\n"
	     "server { listen *:8080; listen 127.0.0.1:0 backlog=7 reuseport; server_name b; root "
	     "/tmp; }\n"
	     "server { listen 8080 default_server; server_name c; root /tmp; }");
	cr_assert(eq(sz, loaded.config->listeners.len, 2));
	cr_expect(eq(u32, listener(0)->default_server->id, 2), "the marked one");
	cr_expect(eq(u32, listener(1)->default_server->id, 0), "the first one");
	cr_expect(eq(int, listener(1)->backlog, 7), "an option counts for all");
	cr_expect(listener(1)->reuseport);
	cr_expect(eq(sz, loaded.config->servers.items[1]->listeners.count, 2));
	cr_expect(map_get(&listener(0)->exact, STR_OF("b")) == loaded.config->servers.items[1]);
	cr_expect(map_get(&listener(1)->exact, STR_OF("c")) == NULL, "c does not listen there");
	loaded_end(&loaded);
}

Test(listen, options_agree_or_are_given_once)
{
	load("server { listen 1 backlog=9; server_name a; root /tmp; }\n"
	     "server { listen 1 backlog=9; server_name b; root /tmp; }\n"
	     "server { listen 1; server_name c; root /tmp; }");
	cr_expect(eq(int, listener(0)->backlog, 9));
	loaded_end(&loaded);
}

Test(listen, names_are_entered_in_lower_case_by_their_form)
{
	const struct listener_conf *l;

	load("server { root /tmp; server_name WWW.Example.COM *.A.example .b.example mail.*; }\n"
	     "server { root /tmp; }");
	l = listener(0);
	cr_expect(map_get(&l->exact, STR_OF("www.example.com")) != NULL);
	cr_expect(map_get(&l->heads, STR_OF(".a.example")) != NULL);
	cr_expect(map_get(&l->exact, STR_OF("a.example")) == NULL);
	cr_expect(map_get(&l->heads, STR_OF(".b.example")) != NULL);
	cr_expect(map_get(&l->exact, STR_OF("b.example")) != NULL);
	cr_expect(map_get(&l->tails, STR_OF("mail.")) != NULL);
	cr_expect(map_get(&l->exact, STR_OF("")) == loaded.config->servers.items[1],
	          "a server without a name answers where no name is asked for");
	cr_expect(
	        str_eq(loaded.config->servers.items[0]->names.items[0], STR_OF("WWW.Example.COM")),
	        "as written");
	loaded_end(&loaded);
}
