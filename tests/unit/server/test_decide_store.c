#include "decisions.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TOKEN        "0123456789abcdef0123456789abcdef"
#define HEAD(first)  first " HTTP/1.1\nHost: h\nContent-Length: 1\n"

static const struct fake_file files[] = {
	{ "www/", FILE_DIRECTORY, 0 },
	{ "store/", FILE_DIRECTORY, 0 },
	{ "store/x", FILE_REGULAR, 0 },
	{ NULL, 0, 0 },
};

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www;"
        " location /up/ { alias %s/store/; upload_store %s/store; }"
        " location /read/ { alias %s/store/; upload_store %s/store; methods GET POST; }"
        " location /away/ { alias %s/www/; upload_store %s/store; }"
        " location = /form { upload_store %s/store; }"
        " location /more/ { alias %s/store/; upload_store %s/store; upload_resumable on;"
        "  methods GET POST PUT; }"
        " location /dots/ { alias %s/store/; upload_store %s/store; dotfiles allow; }"
        "}";

static const struct question questions[] = {
	{ "PUT names a file in the store", HEAD("PUT /up/x"), "put x" },
	{ "in a directory of it", HEAD("PUT /up/a/b"), "put a/b" },
	{ "decoded", HEAD("PUT /up/%61%20b"), "put a b" },
	{ "a directory is no file (RFC 9110 section 9.3.4)", HEAD("PUT /up/a/"), "error 409: ~" },
	{ "nor is the store", HEAD("PUT /up/"), "error 409: ~" },
	{ "an address that does not map into the store", HEAD("PUT /away/x"), "error 403: ~" },
	{ "nor for DELETE", HEAD("DELETE /away/x"), "error 403: ~" },
	{ "a part of a file is refused (RFC 9110 section 14.5)",
	  HEAD("PUT /up/x") "Content-Range: bytes 0-0/2\n", "error 400: ~" },
	{ "an encoded slash is in no name", HEAD("PUT /up/a%2fb"), "error 404" },
	{ "dots do not lead out", HEAD("PUT /up/../x"), "error 405 ~" },
	{ "nor encoded ones", HEAD("PUT /up/%2e%2e/x"), "error 405 ~" },
	{ "hidden names are not stored", HEAD("PUT /up/.htaccess"), "error 404" },
	{ "nor below hidden directories", HEAD("PUT /up/.git/x"), "error 404" },
	{ "unless they are allowed", HEAD("PUT /dots/.x"), "put .x" },
	{ "DELETE names one", HEAD("DELETE /up/x"), "delete x" },
	{ "or a directory, with or without its slash", HEAD("DELETE /up/a/"), "delete a/" },
	{ "but not the store itself", HEAD("DELETE /up/"), "error 403: ~" },
	{ "nor a hidden one", HEAD("DELETE /up/.x"), "error 404" },
	{ "POST puts files into the store", HEAD("POST /up/"), "upload" },
	{ "whatever name is below it", HEAD("POST /up/x"), "upload" },
	{ "a form may be anywhere", HEAD("POST /form"), "upload" },
	{ "but PUT there lies outside", HEAD("PUT /form"), "error 403: ~" },
	{ "GET reads what is there", HEAD("GET /up/x"), "file 200 store/x" },
	{ "`methods` can take PUT away", HEAD("PUT /read/x"), "error 405 GET HEAD POST OPTIONS" },
	{ "and DELETE", HEAD("DELETE /read/x"), "error 405 GET HEAD POST OPTIONS" },
	{ "OPTIONS tells of all of them", HEAD("OPTIONS /up/x"),
	  "options GET HEAD POST PUT DELETE OPTIONS" },
	{ "PATCH is none of them", HEAD("PATCH /up/x"),
	  "error 405 GET HEAD POST PUT DELETE OPTIONS" },
	{ "an upload that comes in pieces has an address of its own",
	  HEAD("HEAD /more/x?upload=" TOKEN), "resume" },
	{ "GET is HEAD there", HEAD("GET /more/x?upload=" TOKEN), "resume" },
	{ "PATCH adds to it", HEAD("PATCH /more/x?upload=" TOKEN), "resume" },
	{ "DELETE gives it up, whatever `methods` says of files",
	  HEAD("DELETE /more/x?upload=" TOKEN), "resume" },
	{ "but of files it says so", HEAD("DELETE /more/x"),
	  "error 405 GET HEAD POST PUT OPTIONS" },
	{ "OPTIONS tells that", HEAD("OPTIONS /more/x?upload=" TOKEN),
	  "options GET HEAD DELETE OPTIONS PATCH" },
	{ "PUT and POST are what they always are", HEAD("PUT /more/x?upload=" TOKEN), "put x" },
	{ "a token has 32 digits", HEAD("GET /more/x?upload=" TOKEN "0"), "file 200 store/x" },
	{ "of hexadecimal", HEAD("GET /more/x?upload=0123456789abcdef0123456789abcdeX"),
	  "file 200 store/x" },
	{ "and is the whole query", HEAD("GET /more/x?a&upload=" TOKEN), "file 200 store/x" },
	{ "where uploads come whole it is a query like others", HEAD("GET /up/x?upload=" TOKEN),
	  "file 200 store/x" },
	{ "what is being uploaded has no name", HEAD("GET /dots/.upload-x"), "error 404" },
	{ "in no directory", HEAD("PUT /dots/a/.upload-x/b"), "error 404" },
	{ "outside of a store there is none", HEAD("PUT /x"), "error 405 GET HEAD OPTIONS" },
};

Test(decide_store, what_post_put_and_delete_act_on)
{
	expect_decisions(config, files, questions, COUNT(questions));
}
