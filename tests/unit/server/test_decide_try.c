#include "decisions.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GET(uri)     "GET " uri " HTTP/1.1\nHost: h\n"

static const struct fake_file files[] = {
	{ "www/", FILE_DIRECTORY, 0 },
	{ "www/a", FILE_REGULAR, 0 },
	{ "www/a.html", FILE_REGULAR, 0 },
	{ "www/page.html", FILE_REGULAR, 0 },
	{ "www/page", FILE_DIRECTORY, 0 },
	{ "www/dir/", FILE_DIRECTORY, 0 },
	{ "www/dir/index.html", FILE_REGULAR, 0 },
	{ "www/.html", FILE_REGULAR, 0 },
	{ "www/.secret", FILE_REGULAR, 0 },
	{ "www/abcd/", FILE_DIRECTORY, 0 },
	{ "www/abcd/index.html", FILE_REGULAR, 0 },
	{ "www/index.html", FILE_REGULAR, 0 },
	{ "www/fallback", FILE_REGULAR, 0 },
	{ "www/spa/app.js", FILE_REGULAR, 0 },
	{ "www/spa/", FILE_DIRECTORY, 0 },
	{ "www/spa/index.html", FILE_REGULAR, 0 },
	{ NULL, 0, 0 },
};

static const char config[] = "server { listen 127.0.0.1:1; root %s/www;"
                             " try_files $uri $uri.html $uri/ =404;"
                             " location /code/ { alias %s/www/; try_files /none =410; }"
                             " location /to/ { try_files $uri /fallback?from=$uri&$args; }"
                             " location /named/ { try_files $uri @other; }"
                             " location @other { root %s/www; try_files /fallback =404; }"
                             " location @gone { return 410; }"
                             " location /named2/ { try_files $uri @gone; }"
                             " location /spa/ { try_files $uri $uri/ spa:/spa/index.html; }"
                             " location /circle/ { try_files $uri /circle/other; }"
                             " location /ping/ { try_files $uri /pong/x; }"
                             " location /pong/ { try_files $uri /ping/x; }"
                             " location /wxyz { try_files /abcd/ =404; }"
                             " location /hide/ { try_files /.secret /fallback; }"
                             " location /into/ { try_files $uri /inner/x; }"
                             " location /inner/ { internal; try_files /fallback =404; }"
                             " location ~ ^/re/(.*)$ { try_files /$1.html =404; }"
                             "}";

static const struct question questions[] = {
	{ "the name itself comes first", GET("/a"), "file 200 www/a" },
	{ "then the name with something behind it", GET("/page.html"), "file 200 www/page.html" },
	{ "a directory does not count where a file is asked for", GET("/page"),
	  "file 200 www/page.html" },
	{ "a directory counts with its slash", GET("/dir/"), "file 200 www/dir/index.html" },
	{ "and is redirected to where the slash was missing", GET("/dir"), "redirect 301 /dir/" },
	{ "else the code", GET("/none"), "error 404" },
	{ "whatever it is", GET("/code/x"), "error 410" },
	{ "else another path of ours", GET("/to/x"), "file 200 www/fallback" },
	{ "or a named location", GET("/named/x"), "file 200 www/fallback" },
	{ "which may do anything", GET("/named2/x"), "return" },
	{ "a directory of the same length as the path is no slash added", GET("/wxyz"),
	  "file 200 www/abcd/index.html" },
	{ "hidden files are not found this way", GET("/hide/x"), "file 200 www/fallback" },
	{ "nor by a name that becomes one", GET("/hide/"), "file 200 www/fallback" },
	{ "an internal location answers what comes from inside", GET("/into/x"),
	  "file 200 www/fallback" },
	{ "and nobody else", GET("/inner/x"), "error 404" },
	{ "what a pattern has captured", GET("/re/page"), "file 200 www/page.html" },
	{ "a circle ends", GET("/circle/x"), "error 500: internal redirects go round in a circle" },
	{ "one over two locations, too", GET("/ping/x"),
	  "error 500: internal redirects go round in a circle" },
	{ "POST finds a file and is refused there", "POST /a HTTP/1.1\nHost: h\n",
	  "error 405 GET HEAD OPTIONS" },
};

Test(decide_try, each_form)
{
	expect_decisions(config, files, questions, COUNT(questions));
}

#define HTML "Accept: text/html,application/xhtml+xml,*/*;q=0.8\n"

static const struct question spas[] = {
	{ "an asset that is there", GET("/spa/app.js") "Sec-Fetch-Mode: no-cors\n",
	  "file 200 www/spa/app.js" },
	{ "a browser that goes to a page", GET("/spa/inbox/7") "Sec-Fetch-Mode: navigate\n" HTML,
	  "file 200 www/spa/index.html" },
	{ "one that fetches a part of it hears 404",
	  GET("/spa/old.js") "Sec-Fetch-Mode: no-cors\nAccept: */*\n", "error 404" },
	{ "Sec-Fetch-Mode counts more than Accept", GET("/spa/data") "Sec-Fetch-Mode: cors\n" HTML,
	  "error 404" },
	{ "an older browser says what it wants by Accept", GET("/spa/inbox") HTML,
	  "file 200 www/spa/index.html" },
	{ "a script that takes anything is none", GET("/spa/inbox") "Accept: */*\n", "error 404" },
	{ "nor one that says nothing", GET("/spa/inbox"), "error 404" },
	{ "HEAD as GET", "HEAD /spa/inbox HTTP/1.1\nHost: h\n" HTML,
	  "file 200 www/spa/index.html" },
	{ "the directory itself", GET("/spa/"), "file 200 www/spa/index.html" },
	{ "POST is no visit", "POST /spa/inbox HTTP/1.1\nHost: h\n" HTML, "error 404" },
};

Test(decide_try, spa_falls_back_for_page_navigations_only)
{
	expect_decisions(config, files, spas, COUNT(spas));
}
