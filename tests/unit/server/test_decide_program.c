#include "decisions.h"

#include <criterion/criterion.h>
#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define HEAD(first)  first " HTTP/1.1\nHost: h\n"
#define GET(uri)     HEAD("GET " uri)

static const struct fake_file files[] = {
	{ "www/", FILE_DIRECTORY, 0 },           { "www/a.py", FILE_REGULAR, 0 },
	{ "www/run.cgi", FILE_REGULAR, 0 },      { "www/plain.txt", FILE_REGULAR, 0 },
	{ "www/dir.py/", FILE_DIRECTORY, 0 },    { "www/dir.py/b.py", FILE_REGULAR, 0 },
	{ "www/dir.py/c.txt", FILE_REGULAR, 0 }, { "www/shut.py", FILE_FORBIDDEN, EACCES },
	{ "www/.py", FILE_REGULAR, 0 },          { "www/app/", FILE_DIRECTORY, 0 },
	{ "www/app/index.py", FILE_REGULAR, 0 }, { "store/", FILE_DIRECTORY, 0 },
	{ "store/evil.py", FILE_REGULAR, 0 },    { NULL, 0, 0 },
};

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www; cgi .py /bin/sh; cgi .cgi;"
        " location /app/ { index index.py; }"
        " location /up/ { alias %s/store/; upload_store %s/store; }"
        " location /also/ { alias %s/store/; }"
        " location /all/ { cgi_pass /bin/cat -; }"
        " location /whole { cgi_pass /bin/cat; }"
        " location / { }"
        " location /get/ { alias %s/www/; methods GET; }"
        " location /free/ { alias %s/www/; methods GET POST PUT DELETE OPTIONS; }"
        " location ~ ^/re/ { cgi_pass /bin/cat; }"
        " location /front/ { try_files $uri /app/index.py; }"
        "}";

static const struct question questions[] = {
	{ "a file is run by its extension", GET("/a.py"),
	  "cgi /bin/sh script=/a.py info= www/a.py" },
	{ "or by itself", GET("/run.cgi"), "cgi itself script=/run.cgi info= www/run.cgi" },
	{ "what follows it is PATH_INFO (RFC 3875 section 4.1.5)", GET("/a.py/x/y"),
	  "cgi /bin/sh script=/a.py info=/x/y www/a.py" },
	{ "a slash alone, too", GET("/a.py/"), "cgi /bin/sh script=/a.py info=/ www/a.py" },
	{ "in it encoded slashes are decoded", GET("/a.py/x%2fy"),
	  "cgi /bin/sh script=/a.py info=/x/y www/a.py" },
	{ "and an extension in it means nothing", GET("/a.py/b.py"),
	  "cgi /bin/sh script=/a.py info=/b.py www/a.py" },
	{ "a directory with such a name is passed through", GET("/dir.py/b.py/i"),
	  "cgi /bin/sh script=/dir.py/b.py info=/i www/dir.py/b.py" },
	{ "to a file that is none", GET("/dir.py/c.txt"), "file 200 www/dir.py/c.txt" },
	{ "the extension ends the name", GET("/a.pyc"), "error 404" },
	{ "an encoded slash hides no name", GET("/a.py%2fx"), "error 404" },
	{ "a script that is not there", GET("/none.py"), "error 404" },
	{ "one that may not be read", GET("/shut.py"), "error 403: the script may not be read" },
	{ "another file is served", GET("/plain.txt"), "file 200 www/plain.txt" },
	{ "POST is for programs", HEAD("POST /a.py"), "cgi /bin/sh script=/a.py info= www/a.py" },
	{ "not for other files", HEAD("POST /plain.txt"), "error 405 GET HEAD OPTIONS" },
	{ "PUT has to be allowed", HEAD("PUT /a.py"), "error 405 GET HEAD POST OPTIONS" },
	{ "where it is the program gets it", HEAD("PUT /free/a.py"),
	  "cgi /bin/sh script=/free/a.py info= www/a.py" },
	{ "`methods` can take POST away", HEAD("POST /get/a.py"), "error 405 GET HEAD OPTIONS" },
	{ "OPTIONS is answered by us", HEAD("OPTIONS /a.py"), "options GET HEAD POST OPTIONS" },
	{ "unless it is named for a program", HEAD("OPTIONS /free/a.py"),
	  "cgi /bin/sh script=/free/a.py info= www/a.py" },
	{ "an index may be a program", GET("/app/"),
	  "cgi /bin/sh script=/app/index.py info= www/app/index.py" },
	{ "also for POST", HEAD("POST /app/"),
	  "cgi /bin/sh script=/app/index.py info= www/app/index.py" },
	{ "try_files may lead to one", GET("/front/some/page"),
	  "cgi /bin/sh script=/app/index.py info= www/app/index.py" },
	{ "also for POST", HEAD("POST /front/some/page"),
	  "cgi /bin/sh script=/app/index.py info= www/app/index.py" },
	{ "what was uploaded is never run", GET("/up/evil.py"), "file 200 store/evil.py" },
	{ "by whichever way it is reached", GET("/also/evil.py"), "file 200 store/evil.py" },
	{ "with a path behind it, too", GET("/also/evil.py/x"), "error 404" },
	{ "a whole location is one program", GET("/all/x/y"),
	  "cgi /bin/cat script=/all info=/x/y" },
	{ "its name is the prefix without the slash", GET("/all/"),
	  "cgi /bin/cat script=/all info=/" },
	{ "or the prefix itself", GET("/whole"), "cgi /bin/cat script=/whole info=" },
	{ "what follows is PATH_INFO", GET("/whole/x"), "cgi /bin/cat script=/whole info=/x" },
	{ "decoded", GET("/all/%41%2fb"), "cgi /bin/cat script=/all info=/A/b" },
	{ "hidden names are the program's business", GET("/all/.git"),
	  "cgi /bin/cat script=/all info=/.git" },
	{ "a pattern has no prefix", GET("/re/x"), "cgi /bin/cat script= info=/re/x" },
	{ "POST reaches it", HEAD("POST /all/x"), "cgi /bin/cat script=/all info=/x" },
	{ "DELETE does not", HEAD("DELETE /all/x"), "error 405 GET HEAD POST OPTIONS" },
};

Test(decide_program, which_program_is_run_and_how_it_is_called)
{
	expect_decisions(config, files, questions, COUNT(questions));
}
