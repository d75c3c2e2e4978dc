/* Files as the real server sends them: siblings made by real tools, a cache that keeps nothing. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static struct live l;

static void open_static(void)
{
	live_open(&l);
}

static void close_static(void)
{
	live_close(&l);
}

TestSuite(static_files, .init = open_static, .fini = close_static);

static const char make_site[] =
        "seq 20000 >www/a.js && gzip -k www/a.js && mkdir www/d && "
        "cp www/a.js www/d/index.html && gzip -k www/d/index.html && "
        "seq 3 >www/old.js && gzip -k www/old.js && touch www/old.js && : >www/empty";

static void check_siblings(void)
{
	cr_expect(
	        eq(int, live_shell(&l, "curl -sD head --compressed $U/a.js | cmp - www/a.js"), 0));
	cr_expect(ne(ptr, strstr(live_read(&l, "head"), "Content-Encoding: gzip\r\n"), NULL), "%s",
	          live_read(&l, "head"));
	cr_expect(ne(ptr, strstr(live_read(&l, "head"), "Vary: Accept-Encoding\r\n"), NULL));
	cr_expect(
	        eq(int,
	           live_shell(&l, "curl -s -H 'Accept-Encoding: gzip' $U/a.js | cmp - www/a.js.gz"),
	           0));
	cr_expect(eq(int, live_shell(&l, "curl -s $U/a.js | cmp - www/a.js"), 0));
	cr_expect(eq(
	        int,
	        live_shell(&l,
	                   "curl -s -H 'Accept-Encoding: gzip' $U/d/ | cmp - www/d/index.html.gz"),
	        0));
	cr_expect(eq(int,
	             live_shell(&l, "{ curl -s -r 0-99 -H 'Accept-Encoding: gzip' $U/a.js; "
	                            "curl -s -r 100- -H 'Accept-Encoding: gzip' $U/a.js; } | cmp - "
	                            "www/a.js.gz"),
	             0),
	          "two ranges make the sibling");
	cr_expect(eq(int,
	             live_shell(&l,
	                        "curl -s -H 'Accept-Encoding: gzip' $U/old.js | cmp - www/old.js"),
	             0),
	          "a sibling that is older than the file");
	cr_expect(eq(int, live_shell(&l, "curl -sf $U/empty | cmp - www/empty"), 0));
	cr_expect(eq(int,
	             live_shell(&l, "test $(curl -so /dev/null -w '%{http_code}' $U/none) = 404"),
	             0));
}

Test(static_files, siblings_made_by_gzip)
{
	cr_assert(eq(int, live_shell(&l, make_site), 0));
	live_start(&l, "error_log error.log; root www; gzip_static on; zstd_static on;"
	               "server { listen 127.0.0.1:0; }");
	check_siblings();
	check_siblings();
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(static_files, a_cache_that_keeps_nothing)
{
	cr_assert(eq(int, live_shell(&l, make_site), 0));
	live_start(&l, "error_log error.log; root www; gzip_static on; file_cache off;"
	               "server { listen 127.0.0.1:0; }");
	check_siblings();
	check_siblings();
	cr_expect(
	        eq(int,
	           live_shell(
	                   &l,
	                   "echo new >www/a.js; rm www/a.js.gz; curl -s --compressed $U/a.js | cmp "
	                   "- www/a.js"),
	           0),
	        "a change is seen at once");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- archives ------------------------------------------------------------------------------------------ */

static const char make_tree[] =
        "cd www && mkdir -p d/empty 'd/sp ace' && printf 'one\\n' >d/one && : >d/none &&"
        "long=d; for i in 1 2 3 4 5 6 7 8; do"
        "  long=$long/a-directory-with-a-name-of-forty-two-bytes$i; done;"
        "mkdir -p $long && echo deep >$long/file && echo u >\"d/gr\xc3\xbc\xc3\x9f"
        "e\" &&"
        "echo l >d/$(printf 'n%.0s' $(seq 200)) && seq 300000 >d/large && echo s >'d/sp ace/s' &&"
        "for i in $(seq 300); do echo $i >d/f$i; done && printf '#!/bin/sh\\n' >d/run &&"
        "chmod 755 d/run && cp -r d ../want && echo h >d/.hidden && mkfifo d/fifo &&"
        "ln -s /etc/passwd d/astray";

Test(static_files, a_directory_as_an_archive)
{
	cr_assert(eq(int, live_shell(&l, make_tree), 0), "%s", live_read(&l, "err"));
	live_start(&l, "error_log error.log; root www; autoindex on; autoindex_tar on;"
	               "server { listen 127.0.0.1:0; }");
	cr_expect(eq(int,
	             live_shell(&l,
	                        "curl -sfD head $U/d/?tar >d.tar && mkdir got && "
	                        "tar -xf d.tar -C got && diff -r want got/d && test -x got/d/run"),
	             0),
	          "%s%s", live_read(&l, "out"), live_read(&l, "err"));
	cr_expect(eq(int, live_shell(&l, "tar -tf d.tar >list && test -d got/d/empty"), 0));
	cr_expect(ne(ptr, strstr(live_read(&l, "head"), "Transfer-Encoding: chunked\r\n"), NULL));
	cr_expect(ne(ptr, strstr(live_read(&l, "head"), "Content-Type: application/x-tar\r\n"),
	             NULL));
	cr_expect(eq(int, live_shell(&l, "curl -sf0 $U/d/?tar | tar -t | diff - list"), 0),
	          "HTTP/1.0: up to the close");
	cr_expect(
	        eq(int,
	           live_shell(
	                   &l,
	                   "curl -sfI $U/d/?tar | grep -v ^Date: >got.head; grep -v ^Date: head | "
	                   "cmp - got.head"),
	           0),
	        "HEAD says the same, and nothing follows");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}
