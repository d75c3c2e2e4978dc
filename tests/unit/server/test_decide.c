#include "decisions.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define HEAD(first)  first " HTTP/1.1\nHost: h\n"
#define GET(uri)     HEAD("GET " uri)

static const struct fake_file files[] = {
	{ "www/", FILE_DIRECTORY, 0 },
	{ "www/a", FILE_REGULAR, 0 },
	{ "www/index.html", FILE_REGULAR, 0 },
	{ "www/with/", FILE_DIRECTORY, 0 },
	{ "www/with/index.html", FILE_REGULAR, 0 },
	{ "www/second/", FILE_DIRECTORY, 0 },
	{ "www/second/index.htm", FILE_REGULAR, 0 },
	{ "www/without/", FILE_DIRECTORY, 0 },
	{ "www/open/", FILE_DIRECTORY, 0 },
	{ "www/odd/", FILE_DIRECTORY, 0 },
	{ "www/odd/index.html/", FILE_DIRECTORY, 0 },
	{ "www/sad/", FILE_DIRECTORY, 0 },
	{ "www/sad/index.html", FILE_FAILED, EIO },
	{ "www/a b&c/", FILE_DIRECTORY, 0 },
	{ "www/closed", FILE_FORBIDDEN, EACCES },
	{ "www/shut/", FILE_FORBIDDEN, EACCES },
	{ "www/out", FILE_FORBIDDEN, EXDEV },
	{ "www/link", FILE_FORBIDDEN, ELOOP },
	{ "www/fifo", FILE_SPECIAL, 0 },
	{ "www/failed", FILE_FAILED, EIO },
	{ "www/busy", FILE_FAILED, EMFILE },
	{ "www/.hidden", FILE_REGULAR, 0 },
	{ "www/.git/config", FILE_REGULAR, 0 },
	{ "www/.well-known/x", FILE_REGULAR, 0 },
	{ "www/.well-known/.x", FILE_REGULAR, 0 },
	{ "www/dots/.shown", FILE_REGULAR, 0 },
	{ "www/other/", FILE_DIRECTORY, 0 },
	{ "www/other/index.html", FILE_REGULAR, 0 },
	{ "store/", FILE_DIRECTORY, 0 },
	{ "store/in", FILE_REGULAR, 0 },
	{ "store/sub/", FILE_DIRECTORY, 0 },
	{ "store/sub/f", FILE_REGULAR, 0 },
	{ NULL, 0, 0 },
};

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www; index index.html index.htm;"
        " location /open/ { autoindex on; }"
        " location /dots/ { dotfiles allow; }"
        " location /alias/ { alias %s/store/; }"
        " location /bare { alias %s/store; }"
        " location = /one { alias %s/store/in; }"
        " location = /gone { return 410; }"
        " location = /text { return 200 text; }"
        " location = /there { return 302 /a; }"
        " location = /hang { return 444; }"
        " location = /inside { internal; }"
        " location /figures/ { status; }"
        " location /.figures { stub_status; }"
        " location /mine { status; deny all; }"
        " location /full { status; upload_store %s/store; }"
        " location /get/ { methods GET; alias %s/www/; }"
        " location /post/ { methods POST; alias %s/www/; }"
        " location /purge/ { methods GET PURGE; alias %s/www/; }"
        " location = /other/index.html { return 200 elsewhere; }"
        " location /abs/ { index none.html /a; alias %s/www/without/; }"
        " location /noetag/ { etag off; if_modified_since off; alias %s/www/; }"
        " location /exact/ { if_modified_since exact; alias %s/www/; }"
        "}";

static const struct question statics[] = {
	{ "a file is itself", GET("/a"), "file 200 www/a" },
	{ "HEAD finds what GET finds (RFC 9110 section 9.3.2)", HEAD("HEAD /a"), "file 200 www/a" },
	{ "a name that is not there", GET("/none"), "error 404" },
	{ "the root has its index file", GET("/"), "file 200 www/index.html" },
	{ "a directory has its index file", GET("/with/"), "file 200 www/with/index.html" },
	{ "or the second one in the list", GET("/second/"), "file 200 www/second/index.htm" },
	{ "without one it is not shown", GET("/without/"), "error 403: a directory without~" },
	{ "unless it may be listed", GET("/open/"), "listing www/open/" },
	{ "an index that is a directory is none", GET("/odd/"), "error 403: a directory without~" },
	{ "one that fails is not passed over", GET("/sad/"), "error 500: ~" },
	{ "an index file in another location is that location's business", GET("/other/"),
	  "return" },
	{ "an index that is a path leads there at the end of the list", GET("/abs/"),
	  "file 200 www/a" },
	{ "a directory that is not there", GET("/nodir/"), "error 404" },
	{ "a file is no directory", GET("/a/"), "error 404" },
	{ "a directory's slash is added", GET("/with"), "redirect 301 /with/" },
	{ "for HEAD, too", HEAD("HEAD /with"), "redirect 301 /with/" },
	{ "with the query", GET("/with?a=b&c"), "redirect 301 /with/?a=b&c" },
	{ "even an empty one", GET("/with?"), "redirect 301 /with/?" },
	{ "and encoded as an address must be", GET("/a%20b&c"), "redirect 301 /a%20b&c/" },
	{ "the root itself needs none",
	  GET(""
	      "/"),
	  "file 200 www/index.html" },
	{ "no permission is 403", GET("/closed"), "error 403: the file may not be read" },
	{ "nor for a directory", GET("/shut/"), "error 403: ~" },
	{ "a link that leads out says what would allow it", GET("/out"),
	  "error 403: ~(disable_symlinks off would follow it)" },
	{ "so does one that is refused as such", GET("/link"), "error 403: ~disable_symlinks~" },
	{ "a FIFO is never read", GET("/fifo"), "error 403: neither a file nor a directory" },
	{ "a failing disk is our fault", GET("/failed"), "error 500: ~" },
	{ "out of descriptors is a moment's trouble", GET("/busy"), "error 503: ~" },
	{ "an encoded slash is in no file's name", GET("/with%2findex.html"), "error 404" },
	{ "nor at a path's end", GET("/with%2f"), "error 404" },
	{ "dot segments do not lead out (RFC 3986 section 5.2.4)", GET("/with/../a"),
	  "file 200 www/a" },
};

Test(decide, files_and_directories)
{
	expect_decisions(config, files, statics, COUNT(statics));
}

static const struct question hidden[] = {
	{ "a name that begins with a dot is not there", GET("/.hidden"), "error 404" },
	{ "nor what is below one", GET("/.git/config"), "error 404" },
	{ "encoding the dot changes nothing", GET("/%2ehidden"), "error 404" },
	{ "/.well-known/ is (RFC 8615)", GET("/.well-known/x"), "file 200 www/.well-known/x" },
	{ "but not a hidden name in it", GET("/.well-known/.x"), "error 404" },
	{ "where dotfiles are allowed they are", GET("/dots/.shown"), "file 200 www/dots/.shown" },
	{ "an alias takes the place of the location's name", GET("/alias/in"),
	  "file 200 store/in" },
	{ "deeper, too", GET("/alias/sub/f"), "file 200 store/sub/f" },
	{ "its directories have slashes", GET("/alias/sub"), "redirect 301 /alias/sub/" },
	{ "and are not shown either", GET("/alias/"), "error 403: ~" },
	{ "an alias without a slash joins whole names", GET("/bare/in"), "file 200 store/in" },
	{ "an alias may be one file", GET("/one"), "file 200 store/in" },
};

Test(decide, hidden_names_and_aliases)
{
	expect_decisions(config, files, hidden, COUNT(hidden));
}

static const struct question methods[] = {
	{ "files are read", HEAD("POST /a"), "error 405 GET HEAD OPTIONS" },
	{ "PUT needs a store", HEAD("PUT /a"), "error 405 GET HEAD OPTIONS" },
	{ "DELETE, too", HEAD("DELETE /a"), "error 405 GET HEAD OPTIONS" },
	{ "PATCH is known and nowhere allowed", HEAD("PATCH /a"), "error 405 GET HEAD OPTIONS" },
	{ "TRACE is", HEAD("TRACE /a"), "error 405 GET HEAD OPTIONS" },
	{ "a method nobody knows is 501 (RFC 9110 section 15.6.2)", HEAD("BREW /a"),
	  "error 501: ~" },
	{ "methods have a case (RFC 9110 section 9.1)", HEAD("get /a"), "error 501: ~" },
	{ "a 405 does not tell whether there is such a file", HEAD("POST /none"),
	  "error 405 GET HEAD OPTIONS" },
	{ "POST on a directory is refused at its end, when no program turned up",
	  HEAD("POST /with/"), "error 405 GET HEAD OPTIONS" },
	{ "OPTIONS says what is answered here", HEAD("OPTIONS /a"), "options GET HEAD OPTIONS" },
	{ "for the whole server, too (RFC 9110 section 9.3.7)", HEAD("OPTIONS *"),
	  "options GET HEAD~" },
	{ "CONNECT is refused", "CONNECT h:80 HTTP/1.1\nHost: h:80\n", "error 405 ~" },
	{ "`methods GET` means HEAD, too", HEAD("HEAD /get/a"), "file 200 www/a" },
	{ "and nothing else", HEAD("POST /get/a"), "error 405 GET HEAD OPTIONS" },
	{ "`methods POST` takes GET away", GET("/post/a"), "error 405 POST OPTIONS" },
	{ "but makes no file writable", HEAD("POST /post/a"), "error 405~" },
	{ "a method named there is not 501", HEAD("PURGE /purge/a"), "error 405~" },
	{ "elsewhere it is", HEAD("PURGE /a"), "error 501: ~" },
	{ "a location that returns does so for every method", HEAD("BREW /text"), "return" },
	{ "whatever it returns", GET("/gone"), "return" },
	{ "a redirect", GET("/there"), "return" },
	{ "444 says nothing at all", GET("/hang"), "close" },
	{ "an internal location is not there for clients", GET("/inside"), "error 404" },
};

Test(decide, methods)
{
	expect_decisions(config, files, methods, COUNT(methods));
}

static const struct question figures[] = {
	{ "the figures are read", GET("/figures/"), "status" },
	{ "whatever is behind the location's path", GET("/figures/a/b"), "status" },
	{ "HEAD, too", HEAD("HEAD /figures/"), "status" },
	{ "their path may begin with a dot", GET("/.figures"), "status" },
	{ "nothing is changed by them", HEAD("POST /figures/"), "error 405 GET HEAD OPTIONS" },
	{ "nor deleted", HEAD("DELETE /figures/"), "error 405 GET HEAD OPTIONS" },
	{ "not where there is a store either", HEAD("PUT /full"), "error 405~" },
	{ "they say what they answer", HEAD("OPTIONS /figures/"), "options GET HEAD OPTIONS" },
	{ "who is not let in does not see them", GET("/mine"), "error 403~" },
	{ "nobody has a version of them", GET("/figures/") "If-Match: \"x\"\n", "status" },
};

Test(decide, figures)
{
	expect_decisions(config, files, figures, COUNT(figures));
}

#define OLD   "Fri, 04 Nov 1994 00:00:00 GMT"
#define SAME  "Sat, 05 Nov 1994 00:00:00 GMT"
#define LATER "Sun, 06 Nov 1994 00:00:00 GMT"

static const struct question conditions[] = {
	{ "the version the client has", GET("/a") "If-None-Match: \"e\"\n", "file 304 www/a" },
	{ "one of several", GET("/a") "If-None-Match: \"x\", W/\"e\"\n", "file 304 www/a" },
	{ "any version", GET("/a") "If-None-Match: *\n", "file 304 www/a" },
	{ "another version", GET("/a") "If-None-Match: \"x\"\n", "file 200 www/a" },
	{ "another version, whatever its time (RFC 9110 section 13.2.2)",
	  GET("/a") "If-None-Match: \"x\"\nIf-Modified-Since: " SAME "\n", "file 200 www/a" },
	{ "not modified since", GET("/a") "If-Modified-Since: " SAME "\n", "file 304 www/a" },
	{ "nor since later", GET("/a") "If-Modified-Since: " LATER "\n", "file 304 www/a" },
	{ "modified since", GET("/a") "If-Modified-Since: " OLD "\n", "file 200 www/a" },
	{ "`exact` takes another time for another version",
	  GET("/exact/a") "If-Modified-Since: " LATER "\n", "file 200 www/a" },
	{ "the same time is the same", GET("/exact/a") "If-Modified-Since: " SAME "\n",
	  "file 304 www/a" },
	{ "where both validators are off nothing is 304",
	  GET("/noetag/a") "If-Modified-Since: " SAME "\n", "file 200 www/a" },
	{ "no etag matches none", GET("/noetag/a") "If-None-Match: \"e\"\n", "file 200 www/a" },
	{ "only this version", GET("/a") "If-Match: \"e\"\n", "file 200 www/a" },
	{ "only another", GET("/a") "If-Match: \"x\"\n", "file 412 www/a" },
	{ "If-Match compares strongly (RFC 9110 section 8.8.3.2)", GET("/a") "If-Match: W/\"e\"\n",
	  "file 412 www/a" },
	{ "only unmodified", GET("/a") "If-Unmodified-Since: " OLD "\n", "file 412 www/a" },
	{ "and it is", GET("/a") "If-Unmodified-Since: " SAME "\n", "file 200 www/a" },
	{ "a missing file is 404, not 412", GET("/none") "If-Match: \"x\"\n", "error 404" },
	{ "for an index file, too", GET("/with/") "If-None-Match: \"e\"\n",
	  "file 304 www/with/index.html" },
};

Test(decide, preconditions)
{
	expect_decisions(config, files, conditions, COUNT(conditions));
}
