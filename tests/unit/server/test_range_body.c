#include "server/range_body.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static const char config[] = "server { listen 127.0.0.1:1; root %s/www; max_ranges 3;"
                             " location /off/ { alias %s/www/; max_ranges 0; }"
                             " location = /text { return 200 0123456789; } }";

#define ASK(uri) "GET " uri " HTTP/1.1\r\nHost: h\r\nRange: bytes="
#define END      "\r\n\r\n"
#define WHOLE    "HTTP/1.1 200 OK\r\n^Content-Length: 10\r\n^\r\n\r\n0123456789"
#define ONE(n, r)                                                                             \
	"HTTP/1.1 206 Partial Content\r\n^Content-Length: " #n "\r\n^Content-Range: bytes " r \
	"/10^\r\n\r\n"
#define MARK    "################################"
#define PART(r) "--" MARK "\r\nContent-Type: text/plain\r\nContent-Range: bytes " r "/10\r\n\r\n"

/* www/ten.txt holds the ten digits. */
static const struct {
	const char *name, *say, *hear;
} rows[] = {
	{ "without Range all of it", "GET /ten.txt HTTP/1.1\r\nHost: h" END, WHOLE },
	{ "a first and a last byte", ASK("/ten.txt") "2-5" END, ONE(4, "2-5") "2345" },
	{ "from a byte to the end", ASK("/ten.txt") "7-" END, ONE(3, "7-9") "789" },
	{ "the last bytes", ASK("/ten.txt") "-2" END, ONE(2, "8-9") "89" },
	{ "more of the last than there are", ASK("/ten.txt") "-20" END,
	  ONE(10, "0-9") "0123456789" },
	{ "a last byte behind the end", ASK("/ten.txt") "8-99" END, ONE(2, "8-9") "89" },
	{ "the first byte", ASK("/ten.txt") "0-0" END, ONE(1, "0-0") "0" },
	{ "a start behind the end", ASK("/ten.txt") "10-" END,
	  "HTTP/1.1 416 Range Not Satisfiable\r\n^Content-Range: bytes */10\r\n^" },
	{ "no bytes at the end", ASK("/ten.txt") "-0" END, "HTTP/1.1 416 ~\r\n^bytes */10\r\n^" },
	{ "one that can be satisfied of two", ASK("/ten.txt") "20-,1-1" END, ONE(1, "1-1") "1" },
	{ "two are one multipart (RFC 9110 section 14.6)", ASK("/ten.txt") "0-1,8-" END,
	  "HTTP/1.1 206 Partial Content\r\n^Content-Type: multipart/byteranges; boundary=" MARK
	  "\r\n^\r\n\r\n" PART("0-1") "01\r\n" PART("8-9") "89\r\n--" MARK "--\r\n" },
	{ "in the order asked for", ASK("/ten.txt") "8-,0-1" END,
	  "HTTP/1.1 206 ~\r\n^" PART("8-9") "89\r\n" PART("0-1") "01\r\n--" MARK "--\r\n" },
	{ "more of them than max_ranges: all of it", ASK("/ten.txt") "0-0,2-2,4-4,6-6" END, WHOLE },
	{ "a malformed one is not there", ASK("/ten.txt") "5-2" END, WHOLE },
	{ "another unit is not there", "GET /ten.txt HTTP/1.1\r\nHost: h\r\nRange: lines=1-2" END,
	  WHOLE },
	{ "Range twice is not there", ASK("/ten.txt") "0-0\r\nRange: bytes=1-1" END, WHOLE },
	{ "the same version (RFC 9110 section 13.1.5)",
	  ASK("/ten.txt") "0-0\r\nIf-Range: \"2ebacb00.0-a\"" END, ONE(1, "0-0") "0" },
	{ "another version: all of it", ASK("/ten.txt") "0-0\r\nIf-Range: \"x\"" END, WHOLE },
	{ "a weak tag is never the same", ASK("/ten.txt") "0-0\r\nIf-Range: W/\"2ebacb00.0-a\"" END,
	  WHOLE },
	{ "the same time", ASK("/ten.txt") "0-0\r\nIf-Range: Sat, 05 Nov 1994 00:00:00 GMT" END,
	  ONE(1, "0-0") "0" },
	{ "another time", ASK("/ten.txt") "0-0\r\nIf-Range: Sat, 05 Nov 1994 00:00:01 GMT" END,
	  WHOLE },
	{ "HEAD has no ranges (RFC 9110 section 14.2)",
	  "HEAD /ten.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0" END,
	  "HTTP/1.1 200 OK\r\n^Content-Length: 10\r\n^\r\n\r\n" },
	{ "where max_ranges is 0 there are none", ASK("/off/ten.txt") "0-0" END, WHOLE },
	{ "and no Accept-Ranges either", "HEAD /off/ten.txt HTTP/1.1\r\nHost: h" END,
	  "HTTP/1.1 200 OK\r\n~\r\n~\r\n~\r\nContent-Length: 10\r\nLast-Modified: ~\r\nETag: "
	  "~\r\n\r\n" },
	{ "what is no file has none", ASK("/text") "0-0" END, "HTTP/1.1 200 OK\r\n^0123456789" },
	{ "an error has none", ASK("/none") "0-0" END, "HTTP/1.1 404 Not Found\r\n^" },
	{ "304 comes before (RFC 9110 section 13.2.2)",
	  ASK("/ten.txt") "0-0\r\nIf-None-Match: \"2ebacb00.0-a\"" END, "HTTP/1.1 304 ~\r\n^" },
	{ "an empty file has no byte at all", ASK("/empty.txt") "0-" END,
	  "HTTP/1.1 416 ~\r\n^Content-Range: bytes */0\r\n^" },
	{ "a piece of a file too large for memory", ASK("/large.txt") "99990-" END,
	  "HTTP/1.1 206 ~\r\n^Content-Range: bytes 99990-99999/100000^\r\n\r\n6789abcdef" },
};

Test(range_body, parts_of_files)
{
	for (int cached = 0; cached < 2; cached++) {
		struct machine m;

		machine_open(&m);
		tree_put(&m.tree, "www/ten.txt", "0123456789");
		tree_put(&m.tree, "www/empty.txt", "");
		tree_put_size(&m.tree, "www/large.txt", 100000);
		machine_start(&m, config);
		m.worker.files.limits.max = cached ? m.worker.files.limits.max : 0;
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct str heard = machine_exchange(&m, str_from(rows[i].say));

			cr_expect(live_matches(rows[i].hear, heard.ptr), "%s, %s: heard %.400s",
			          rows[i].name, cached ? "cached" : "from disk", heard.ptr);
		}
		machine_close(&m);
	}
}
