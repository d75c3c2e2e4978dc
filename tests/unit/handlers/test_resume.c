#include "handlers/upload_state.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define H       "Host: h\r\n"
#define JSON    "Accept: application/json\r\n"
#define PARTIAL "Content-Type: application/partial-upload\r\n"
#define NAMED   "Content-Disposition: inline; filename=f\r\n"

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www; client_max_body_size 20;"
        " location /up/ { alias %s/store/; upload_store %s/store; upload_access 0640;"
        "  upload_resumable on expire=1h; }"
        " location /over/ { alias %s/store/; upload_store %s/store; upload_overwrite on;"
        "  upload_resumable on; }"
        " location /again/ { alias %s/store/; upload_store %s/store; upload_overwrite rename;"
        "  upload_resumable on; }"
        " location = /form { methods POST; upload_store %s/store; upload_resumable on; }"
        " location /abs/ { alias %s/store/; upload_store %s/store; upload_resumable on;"
        "  absolute_redirect on; }"
        " location /plain/ { alias %s/store/; upload_store %s/store; }"
        " location /dots/ { alias %s/store/; upload_store %s/store; upload_resumable on;"
        "  dotfiles allow; autoindex on; }"
        "}";

/*
 * What a client says, request by request, each on a connection of its own. `@` stands for the upload's address, as the
 * last answer with a query in its Location gave it; `&` for its token.
 */
struct turn {
	const char *say, *hear;
};

enum { TURNS = 6 };

static const struct {
	const char *name;
	struct turn turns[TURNS];
	const char *file, *content; /* in the end; NULL: no such file */
	size_t hidden;              /* files of ours that are left */
} scripts[] = {
	{ "whole in one request: 104 with the address first, then as any PUT",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /up/f?upload=~\r\n"
	      "Upload-Limit: max-size=20, max-age=3600\r\n\r\n"
	      "HTTP/1.1 201 Created\r\n^Location: /up/f\r\n^Upload-Complete: ?1\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 204 No Content\r\n^Upload-Complete: ?1\r\nUpload-Offset: 5\r\n"
	      "Upload-Length: 5\r\nUpload-Limit: max-size=20, max-age=3600\r\n"
	      "Cache-Control: no-store\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "the same by POST, named by Content-Disposition",
	  { { "POST /up/ HTTP/1.1\r\n" H NAMED JSON
	      "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 104 ~\r\nLocation: /up/?upload=~\r\n^HTTP/1.1 201 "
	      "~\r\n^{\"stored\":[{\"name\":\"f\",\"size\":5,\"uri\":\"/up/f\"}]}\n" } },
	  "store/f",
	  "hello",
	  1 },
	{ "no 104 to HTTP/1.0",
	  { { "PUT /up/f HTTP/1.0\r\n" H "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "a plain PUT is a plain PUT",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  0 },
	{ "an Upload-Complete that is no Boolean counts for nothing",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: 1\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  0 },
	{ "nor does one where the directive is off",
	  { { "PUT /plain/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  0 },
	{ "begun empty, appended to in two pieces, asked about in between",
	  { { "POST /up/ HTTP/1.1\r\n" H NAMED "Upload-Complete: ?0\r\n\r\n",
	      "HTTP/1.1 104 ~\r\n^HTTP/1.1 201 ~\r\n^Location: /up/?upload=~\r\n^"
	      "Upload-Complete: ?0\r\nUpload-Offset: 0\r\nUpload-Limit: ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 0\r\nUpload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "HTTP/1.1 204 ~\r\n^Upload-Complete: ?0\r\nUpload-Offset: 3\r\n^" },
	    { "GET @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 204 ~\r\n^Upload-Complete: "
	                                     "?0\r\nUpload-Offset: 3\r\nUpload-Limit: ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL JSON
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^Location: /up/f\r\n^Upload-Complete: ?1\r\n^{\"stored\":^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "the last PATCH may be empty",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nUpload-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 104 ~\r\n^HTTP/1.1 201 ~\r\n^Upload-Offset: 5\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 204 ~\r\n^Upload-Complete: ?0\r\nUpload-Offset: 5\r\nUpload-Length: "
	      "5\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "pieces in chunks",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n",
	      "HTTP/1.1 104 ~\r\n^HTTP/1.1 201 ~\r\n^Upload-Offset: 3\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 3\r\nUpload-Complete: ?1\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "an empty file",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 104 ~\r\n^HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "",
	  1 },
	{ "a wrong offset is told the right one, and nothing changes",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 2\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nxx",
	      "HTTP/1.1 409 Conflict\r\n^Content-Type: application/problem+json\r\n^"
	      "Upload-Offset: 3\r\n^#mismatching-upload-offset\"^\"expected-offset\":3,"
	      "\"provided-offset\":2}\n" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "what is complete takes nothing more",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 5\r\nUpload-Complete: ?1\r\nContent-Length: 1\r\n\r\nx",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 400 ~\r\n^#completed-upload\"^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "two lengths in one request",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?1\r\nUpload-Length: 6\r\nContent-Length: 5\r\n\r\nhello",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "two lengths in two requests; the first one holds",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nUpload-Length: 5\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 3\r\nUpload-Complete: ?0\r\n"
	      "Upload-Length: 6\r\nContent-Length: 1\r\n\r\nx",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 3\r\n\r\nxxx",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?0\r\nContent-Length: 3\r\n\r\nxxx",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "chunks past the length end the upload",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nUpload-Length: 5\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 3\r\nUpload-Complete: ?1\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n3\r\nxxx\r\n0\r\n\r\n",
	      "HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "chunks that end too early complete nothing",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\nUpload-Length: 5\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n",
	      "HTTP/1.1 104 ~\r\n^HTTP/1.1 400 ~\r\n^#inconsistent-upload-length\"^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 204 ~\r\n^Upload-Complete: ?0\r\nUpload-Offset: 3\r\n^" } },
	  "store/f",
	  NULL,
	  2 },
	{ "larger than allowed by what it says",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nUpload-Length: 21\r\nContent-Length: 1\r\n\r\nx",
	      "HTTP/1.1 413 ~\r\n^Upload-Limit: max-size=20, max-age=3600\r\n^" },
	    { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?1\r\nContent-Length: 21\r\n\r\n",
	      "HTTP/1.1 413 ~\r\n^Upload-Limit: max-size=20, max-age=3600\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "larger than allowed in sum",
	  { { "PUT /up/f HTTP/1.1\r\n" H
	      "Upload-Complete: ?0\r\nContent-Length: 12\r\n\r\n123456789012",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 12\r\nUpload-Complete: ?1\r\nContent-Length: 9\r\n\r\n123456789",
	      "HTTP/1.1 413 ~\r\n^Upload-Limit: ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 12\r\nUpload-Complete: ?1\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n",
	      "HTTP/1.1 413 ~\r\n^Upload-Limit: ~\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "cancelled",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "DELETE @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 204 ~\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" },
	    { "DELETE @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "a page of another site may neither append nor cancel",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Origin: http://evil\r\n"
	      "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 403 ~\r\n^" },
	    { "DELETE @ HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\n\r\n",
	      "HTTP/1.1 403 ~\r\n^" },
	    { "PUT /up/g HTTP/1.1\r\n" H
	      "Origin: http://evil\r\nUpload-Complete: ?0\r\nContent-Length: 1\r\n\r\nx",
	      "HTTP/1.1 403 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Origin: http://h\r\n"
	      "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "a PATCH of another type, or without its fields",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H "Content-Type: text/plain\r\n"
	      "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 415 ~\r\n^Accept-Patch: application/partial-upload\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 400 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 5\r\n\r\n",
	      "HTTP/1.1 400 ~\r\n^" } },
	  "store/f",
	  NULL,
	  2 },
	{ "an upload is found at its own address only",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "HEAD /up/g?upload=& HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" },
	    { "HEAD /over/f?upload=& HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" },
	    { "HEAD /up/f?upload=00000000000000000000000000000000 HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 404 ~\r\n^" },
	    { "PATCH /up/f?upload=1 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 405 ~\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 204 ~\r\n^" } },
	  "store/f",
	  NULL,
	  2 },
	{ "If-None-Match: * at the commit, though it held at the beginning",
	  { { "PUT /over/f HTTP/1.1\r\n" H
	      "If-None-Match: *\r\nUpload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PUT /over/f HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nfaster",
	      "HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 412 ~\r\n^Upload-Complete: ?1\r\n^" },
	    { "HEAD @ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" } },
	  "store/f",
	  "faster",
	  0 },
	{ "If-Match that does not hold at the beginning begins nothing",
	  { { "PUT /over/f HTTP/1.1\r\n" H
	      "If-Match: *\r\nUpload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "HTTP/1.1 412 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "a name taken on the way is a conflict",
	  { { "PUT /up/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PUT /plain/f HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nfaster",
	      "HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 409 ~\r\n^Upload-Complete: ?1\r\n^" } },
	  "store/f",
	  "faster",
	  0 },
	{ "and replaced where that is on",
	  { { "PUT /plain/f HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nold", "HTTP/1.1 201 ~\r\n^" },
	    { "PUT /over/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 5\r\nUpload-Complete: ?1\r\n\r\n",
	      "HTTP/1.1 204 ~\r\n^Upload-Complete: ?1\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "or numbered (POST)",
	  { { "PUT /plain/f HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nold", "HTTP/1.1 201 ~\r\n^" },
	    { "POST /again/ HTTP/1.1\r\n" H NAMED
	      "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^Location: /again/f%20(1)\r\n^" } },
	  "store/f (1)",
	  "hello",
	  1 },
	{ "below a directory of the store the bytes are there, the state is not",
	  { { "PUT /up/sub/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^Location: /up/sub/f?upload=~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^Location: /up/sub/f\r\n^" } },
	  "store/sub/f",
	  "hello",
	  1 },
	{ "a location that is one address has uploads, too, whatever its methods",
	  { { "POST /form HTTP/1.1\r\n" H NAMED
	      "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "^HTTP/1.1 201 ~\r\n^Location: /form?upload=~\r\n^" },
	    { "OPTIONS @ HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 200 ~\r\n^Allow: GET, HEAD, DELETE, OPTIONS, PATCH\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "both answers tell one address, by absolute_redirect as well",
	  { { "POST /abs/ HTTP/1.1\r\n" H NAMED
	      "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel",
	      "HTTP/1.1 104 ~\r\nLocation: http://h/abs/?upload=~\r\n^HTTP/1.1 201 ~\r\n^"
	      "Location: http://h/abs/?upload=~\r\n^" },
	    { "PATCH @ HTTP/1.1\r\n" H PARTIAL
	      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\nContent-Length: 2\r\n\r\nlo",
	      "HTTP/1.1 201 ~\r\n^" } },
	  "store/f",
	  "hello",
	  1 },
	{ "a whole form is a form",
	  { { "POST /up/ HTTP/1.1\r\n" H "Upload-Complete: ?1\r\n"
	      "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 19\r\n\r\n"
	      "--b\r\n\r\nvalue\r\n--b--",
	      "HTTP/1.1 400 ~\r\n^without Content-Disposition^" },
	    { "POST /up/ HTTP/1.1\r\n" H "Upload-Complete: ?1\r\n"
	      "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 21\r\n\r\n",
	      "HTTP/1.1 413 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "a form in pieces is refused",
	  { { "POST /up/ HTTP/1.1\r\n" H "Upload-Complete: ?0\r\n"
	      "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 3\r\n\r\n--b",
	      "HTTP/1.1 415 ~\r\n^" } },
	  "store/f",
	  NULL,
	  0 },
	{ "OPTIONS tells of it, and where it is off it does not",
	  { { "OPTIONS /up/x HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 200 ~\r\n^Accept-Patch: application/partial-upload\r\n"
	      "Upload-Limit: max-size=20, max-age=3600\r\n^" },
	    { "OPTIONS /plain/x HTTP/1.1\r\n" H "\r\n",
	      "HTTP/1.1 200 ~\r\nServer: ~\r\nDate: ~\r\nContent-Length: 0\r\nAllow: "
	      "~\r\n\r\n" } },
	  "store/f",
	  NULL,
	  0 },
	{ "what is not complete can't be had, not even where dotfiles are allowed",
	  { { "PUT /dots/f HTTP/1.1\r\n" H "Upload-Complete: ?0\r\nContent-Length: 5\r\n\r\nhello",
	      "^HTTP/1.1 201 ~\r\n^" },
	    { "GET /dots/f HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" },
	    { "GET /dots/%2eupload-x HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 404 ~\r\n^" },
	    { "PUT /dots/.upload-x HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx",
	      "HTTP/1.1 404 ~\r\n^" },
	    { "GET /dots/?format=json HTTP/1.1\r\n" H JSON "\r\n",
	      "HTTP/1.1 200 ~\r\n^\r\n\r\n[\n{\"name\":\"sub\"~}\n]\n" } },
	  "store/f",
	  NULL,
	  2 },
};

/* ---- how a script is played ---------------------------------------------------------------------------- */

struct player {
	struct machine m;
	char address[256];
};

static void player_open(struct player *p)
{
	*p = (struct player){ .address = "" };
	machine_open(&p->m);
	tree_put(&p->m.tree, "store/sub/", "");
	machine_start(&p->m, config);
}

/* Remembers the upload's address in what was heard. */
static void player_learn(struct player *p, const char *heard)
{
	const char *location = NULL, *end;

	for (const char *at = heard; (at = strstr(at, "Location: ")); at++)
		if ((end = strstr(at, "\r\n")) && memmem(at, (size_t)(end - at), "?upload=", 8))
			location = at;
	if (!location)
		return;
	location += strlen("Location: ");
	end = strstr(location, "\r\n");
	snprintf(p->address, sizeof p->address, "%.*s", (int)(end - location), location);
}

/* Begins an upload, and stays for what the client has still to send. The connection. */
static int player_begin(struct player *p, struct str say)
{
	int client = machine_client(&p->m);

	machine_say(&p->m, client, say);
	player_learn(p, machine_hear(&p->m, client, NULL).ptr);
	return client;
}

static struct str player_text(struct player *p, const char *say)
{
	const char *token = strchr(p->address, '=');
	struct buf b = buf_in_arena(&p->m.arena, 512);

	for (; *say; say++) {
		if (*say == '@')
			buf_text(&b, p->address);
		else if (*say == '&')
			buf_text(&b, token ? token + 1 : "");
		else
			buf_byte(&b, *say);
	}
	return buf_str(&b);
}

/* Says it on a connection of its own that the client closes for sending: the answer is the last. */
static const char *player_say(struct player *p, const char *say)
{
	int client = machine_client(&p->m);
	struct str text = player_text(p, say), heard;
	bool ended;

	machine_say(&p->m, client, text);
	heard = machine_hear(&p->m, client, &ended);
	player_learn(p, heard.ptr);
	machine_mask_ids(heard);
	close(client);
	machine_settle(&p->m);
	return heard.ptr;
}

/* Files of ours in the directory. */
static size_t player_hidden(struct player *p, const char *directory, char *last)
{
	int fd = openat(p->m.tree.rootfd, directory, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	const struct dirent *d;
	size_t n = 0;

	while ((d = readdir(dir)))
		if (strncmp(d->d_name, PATH_RESERVED, strlen(PATH_RESERVED)) == 0) {
			n++;
			if (last && !strstr(d->d_name, ".s"))
				strcpy(last, d->d_name);
		}
	closedir(dir);
	return n;
}

static void player_check(struct player *p, size_t i)
{
	char *is = tree_read(&p->m.tree, scripts[i].file);
	size_t hidden = player_hidden(p, "store", NULL) + player_hidden(p, "store/sub", NULL);

	if (scripts[i].content)
		cr_expect(is && strcmp(is, scripts[i].content) == 0, "%s: the file is %s",
		          scripts[i].name, is ? is : "missing");
	else
		cr_expect(is == NULL, "%s: there is a file", scripts[i].name);
	cr_expect(eq(sz, hidden, scripts[i].hidden), "%s: hidden files", scripts[i].name);
	free(is);
}

Test(resume, scripts)
{
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		struct player p;

		player_open(&p);
		for (size_t t = 0; t < TURNS && scripts[i].turns[t].say; t++) {
			const char *heard = player_say(&p, scripts[i].turns[t].say);

			cr_expect(live_matches(scripts[i].turns[t].hear, heard),
			          "%s, turn %zu: heard %.600s", scripts[i].name, t + 1, heard);
		}
		player_check(&p, i);
		machine_close(&p.m);
	}
}

/* ---- connections that break off ------------------------------------------------------------------------ */

Test(resume, a_cut_connection_keeps_what_has_come_at_every_point)
{
	static const char body[] = "0123456789";

	for (size_t cut = 0; cut < sizeof body - 1; cut++) {
		struct player p;
		char text[512];
		int client;

		player_open(&p);
		snprintf(text, sizeof text,
		         "PUT /up/f HTTP/1.1\r\n" H
		         "Upload-Complete: ?1\r\nContent-Length: 10\r\n\r\n%.*s",
		         (int)cut, body);
		client = player_begin(&p, str_from(text));
		close(client);
		machine_settle(&p.m);
		snprintf(text, sizeof text, "HTTP/1.1 204 ~\r\n^Upload-Offset: %zu\r\n^", cut);
		cr_expect(live_matches(text, player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")),
		          "cut at %zu", cut);
		cr_expect(eq(ptr, tree_read(&p.m.tree, "store/f"), NULL), "cut at %zu", cut);
		snprintf(text, sizeof text,
		         "PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Complete: ?1\r\nUpload-Offset: "
		         "%zu\r\nContent-Length: %zu\r\n\r\n%s",
		         cut, 10 - cut, body + cut);
		cr_expect(live_matches("HTTP/1.1 201 ~\r\n^", player_say(&p, text)), "cut at %zu",
		          cut);
		machine_close(&p.m);
	}
}

/* The reset overtakes what was sent before it: that is in the socket, and not lost. */
Test(resume, what_came_before_a_reset_counts)
{
	struct player p;
	int client;

	player_open(&p);
	client = player_begin(&p, STR_OF("PUT /up/f HTTP/1.1\r\n" H
	                                 "Upload-Complete: ?1\r\nContent-Length: 10\r\n\r\n01"));
	cr_assert(eq(sz, (size_t)send(client, "23456", 5, 0), 5));
	close(client);
	machine_settle(&p.m);
	cr_expect(live_matches("HTTP/1.1 204 ~\r\n^Upload-Offset: 7\r\n^",
	                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")));
	machine_close(&p.m);
}

/* The older request finds out when it gets more bytes, and writes none of them. */
Test(resume, a_later_request_takes_the_upload_over)
{
	static const char *const later[] = {
		"HEAD @ HTTP/1.1\r\n" H "\r\n",
		"PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 3\r\nUpload-Complete: ?0\r\n\r\n",
		"PATCH @ HTTP/1.1\r\n" H PARTIAL "Upload-Offset: 1\r\nUpload-Complete: ?0\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		struct player p;
		struct str heard;
		int client;

		player_open(&p);
		client = player_begin(
		        &p, STR_OF("PUT /up/f HTTP/1.1\r\n" H
		                   "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhel"));
		player_say(&p, later[i]);
		machine_say(&p.m, client, STR_OF("xx"));
		heard = machine_hear(&p.m, client, NULL);
		cr_expect(live_matches("HTTP/1.1 409 ~\r\n^Another request^", heard.ptr),
		          "%zu: %.300s", i, heard.ptr);
		cr_expect(live_matches("HTTP/1.1 201 ~\r\n^",
		                       player_say(&p, "PATCH @ HTTP/1.1\r\n" H PARTIAL
		                                      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\n"
		                                      "Content-Length: 2\r\n\r\nlo")),
		          "%zu", i);
		close(client);
		machine_close(&p.m);
	}
}

Test(resume, one_that_is_cancelled_under_way_is_gone)
{
	struct player p;
	struct str heard;
	int client;

	player_open(&p);
	client = player_begin(&p, STR_OF("PUT /up/f HTTP/1.1\r\n" H
	                                 "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhel"));
	cr_expect(live_matches("HTTP/1.1 204 ~\r\n^",
	                       player_say(&p, "DELETE @ HTTP/1.1\r\n" H "\r\n")));
	machine_say(&p.m, client, STR_OF("lo"));
	heard = machine_hear(&p.m, client, NULL);
	cr_expect(live_matches("HTTP/1.1 409 ~\r\n^", heard.ptr), "%.300s", heard.ptr);
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 0));
	close(client);
	machine_close(&p.m);
}

/* Another process holds the lock: the request waits, in the loop and not in the kernel. */
Test(resume, a_locked_upload_is_waited_for)
{
	struct player p;
	struct upload_state_place place;
	struct upload_state s;
	struct arena arena;
	struct str heard;
	int client;

	player_open(&p);
	player_say(&p, "PUT /up/f HTTP/1.1\r\n" H
	               "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel");
	arena_init(&arena, NULL);
	place = (struct upload_state_place){ openat(p.m.tree.rootfd, "store", O_PATH),
		                             PATH_LINKS_INSIDE };
	cr_assert(upload_state_open(&s, &place, str_from(strchr(p.address, '=') + 1), &arena) == 0);
	client = machine_client(&p.m);
	machine_say(&p.m, client,
	            player_text(&p, "PATCH @ HTTP/1.1\r\n" H PARTIAL
	                            "Upload-Offset: 3\r\nUpload-Complete: ?1\r\n"
	                            "Content-Length: 2\r\n\r\nlo"));
	machine_wait(&p.m, 1000);
	heard = machine_hear(&p.m, client, NULL);
	cr_expect(eq(sz, heard.len, 0));
	upload_state_unlock(&s);
	machine_wait(&p.m, 10);
	heard = machine_hear(&p.m, client, NULL);
	cr_expect(live_matches("HTTP/1.1 201 ~\r\n^", heard.ptr), "%.300s", heard.ptr);
	upload_state_close(&s);
	close(place.storedir);
	arena_end(&arena);
	close(client);
	machine_close(&p.m);
}

/* ---- time, and what is not as it was left -------------------------------------------------------------- */

static void touch_hidden(struct player *p, time_t when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	int fd = openat(p->m.tree.rootfd, "store", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	const struct dirent *d;

	while ((d = readdir(dir)))
		if (strncmp(d->d_name, PATH_RESERVED, strlen(PATH_RESERVED)) == 0)
			utimensat(fd, d->d_name, times, 0);
	closedir(dir);
}

static void begin(struct player *p)
{
	player_open(p);
	player_say(p, "PUT /up/f HTTP/1.1\r\n" H
	              "Upload-Complete: ?0\r\nContent-Length: 3\r\n\r\nhel");
}

Test(resume, past_its_time_it_is_gone)
{
	struct player p;

	begin(&p);
	touch_hidden(&p, MACHINE_WALL - 3000);
	cr_expect(live_matches("HTTP/1.1 204 ~\r\n^max-age=600\r\n^",
	                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")));
	cr_expect(live_matches("HTTP/1.1 204 ~\r\n^max-age=600\r\n^",
	                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")),
	          "asking prolongs nothing");
	touch_hidden(&p, MACHINE_WALL - 3601);
	cr_expect(live_matches("HTTP/1.1 404 ~\r\n^",
	                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")));
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 0));
	machine_close(&p.m);
}

Test(resume, the_sweep_takes_what_is_past_its_time_and_nothing_else)
{
	struct player p;

	begin(&p);
	tree_put(&p.m.tree, "store/.upload-0123456789abcdef", "fresh");
	tree_put(&p.m.tree, "store/.upload-mine", "not ours");
	machine_wait(&p.m, 2000);
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 4), "the first pass");
	touch_hidden(&p, MACHINE_WALL - 3601);
	machine_wait(&p.m, 3600000);
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 2), "the next pass");
	machine_close(&p.m);
}

/* A change of name counts, which no test can set back: so the clock goes forward. */
Test(resume, the_sweep_takes_leftovers_of_our_name_when_they_are_a_day_old)
{
	struct player p;

	player_open(&p);
	tree_put(&p.m.tree, "store/.upload-0123456789abcdef", "old");
	tree_put(&p.m.tree, "store/sub/.upload-0123456789abcdef", "old");
	tree_put(&p.m.tree, "store/.upload-0123456789ABCDEF", "not ours");
	tree_put(&p.m.tree, "store/.upload-0123456789abcdef0", "not ours");
	tree_put(&p.m.tree, "store/file", "a user's");
	p.m.wall = time(NULL) + 80000;
	machine_wait(&p.m, 2000);
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 3), "a day is not over");
	p.m.wall = time(NULL) + 90000;
	machine_wait(&p.m, 4000000);
	cr_expect(eq(sz, player_hidden(&p, "store", NULL), 2));
	cr_expect(eq(sz, player_hidden(&p, "store/sub", NULL), 0));
	free(tree_read(&p.m.tree, "store/file"));
	machine_close(&p.m);
}

/* The record's phase is written, the name given, and then the process is killed. */
Test(resume, killed_between_the_name_and_the_word_about_it)
{
	static const uint32_t phase = UPLOAD_COMMITTING;

	for (unsigned linked = 0; linked < 2; linked++) {
		struct player p;
		char data[64], state[80];
		int fd, store, done;

		begin(&p);
		player_hidden(&p, "store", data);
		snprintf(state, sizeof state, "%s.s", data);
		store = openat(p.m.tree.rootfd, "store", O_RDONLY | O_DIRECTORY);
		fd = openat(store, state, O_RDWR);
		cr_assert(pwrite(fd, &phase, sizeof phase, offsetof(struct upload_record, phase)) ==
		          sizeof phase);
		cr_assert(pwrite(fd, &(uint64_t){ 3 }, 8, offsetof(struct upload_record, length)) ==
		          8);
		done = linked ? linkat(store, data, store, "f", 0)
		              : renameat(store, data, store, "f");

		cr_assert(eq(int, done, 0));
		cr_expect(live_matches("HTTP/1.1 204 ~\r\n^Upload-Complete: ?1\r\nUpload-Offset: "
		                       "3\r\n^",
		                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")),
		          "%u", linked);
		cr_expect(eq(sz, player_hidden(&p, "store", NULL), 1));
		close(fd);
		close(store);
		machine_close(&p.m);
	}
}

Test(resume, killed_before_the_name_it_goes_on)
{
	static const uint32_t phase = UPLOAD_COMMITTING;
	struct player p;
	char data[64], path[96];
	int fd;

	begin(&p);
	player_hidden(&p, "store", data);
	snprintf(path, sizeof path, "store/%s.s", data);
	fd = openat(p.m.tree.rootfd, path, O_RDWR);
	cr_assert(pwrite(fd, &phase, sizeof phase, offsetof(struct upload_record, phase)) ==
	          sizeof phase);
	close(fd);
	cr_expect(live_matches("HTTP/1.1 201 ~\r\n^",
	                       player_say(&p, "PATCH @ HTTP/1.1\r\n" H PARTIAL
	                                      "Upload-Offset: 3\r\nUpload-Complete: ?1\r\n\r\n")));
	machine_close(&p.m);
}

/* A state file that is damaged is no upload. */
Test(resume, a_damaged_state_is_no_upload)
{
	static const struct {
		const char *name;
		off_t at;
		uint32_t value;
		off_t size; /* -1: as it is */
	} damages[] = {
		{ "cut", 0, 0, 20 },
		{ "another magic", 0, 1, -1 },
		{ "an unknown phase", offsetof(struct upload_record, phase), 9, -1 },
		{ "a string too long", offsetof(struct upload_record, lens), 5000, -1 },
		{ "a string too short", offsetof(struct upload_record, lens), 1, -1 },
	};

	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct player p;
		char data[64], path[96];
		int fd;

		begin(&p);
		player_hidden(&p, "store", data);
		snprintf(path, sizeof path, "store/%s.s", data);
		fd = openat(p.m.tree.rootfd, path, O_RDWR);
		if (damages[i].size >= 0)
			cr_assert(ftruncate(fd, damages[i].size) == 0);
		else
			cr_assert(pwrite(fd, &damages[i].value, 4, damages[i].at) == 4);
		close(fd);
		cr_expect(live_matches("HTTP/1.1 404 ~\r\n^",
		                       player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n")),
		          "%s", damages[i].name);
		machine_close(&p.m);
	}
}

/* Fails each call of a PATCH in turn. A write that fails is 507, and what came before it stays. */
Test(resume, a_full_disk_keeps_the_upload)
{
	bool has_written = false;

	for (unsigned long at = 1; at < 40 && !has_written; at++) {
		struct player p;
		const char *heard;

		begin(&p);
		machine_io_reset();
		machine_io.fail_at = at;
		machine_io.error = ENOSPC;
		heard = player_say(&p, "PATCH @ HTTP/1.1\r\n" H PARTIAL
		                       "Upload-Offset: 3\r\nUpload-Complete: ?0\r\n"
		                       "Content-Length: 2\r\n\r\nlo");
		has_written = machine_io.failed && strcmp(machine_io.failed, "write") == 0;
		machine_io_reset();
		if (has_written) {
			cr_expect(live_matches("HTTP/1.1 507 ~\r\n^", heard), "%.300s", heard);
			heard = player_say(&p, "HEAD @ HTTP/1.1\r\n" H "\r\n");
			cr_expect(live_matches("HTTP/1.1 204 ~\r\n^Upload-Offset: 3\r\n^", heard),
			          "%.300s", heard);
		}
		machine_close(&p.m);
	}
	cr_expect(has_written);
}
