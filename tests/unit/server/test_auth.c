#include "server/auth.h"

#include "base/clock.h"
#include "live.h"
#include "machine.h"
#include "net/sock.h"
#include "server/auth_cache.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

/* The worker's side, with the test as the verifier. */

static const char site[] =

        "server { listen 127.0.0.1:1; root %s/www; auth_basic_user_file %s/a;"
        " location / { auth_basic \"a \\\"realm\\\"\"; return 200 \"[$remote_user]\"; }"
        " location = /open { return 200 \"open [$remote_user]\"; }"
        " location = /other { auth_basic other; auth_basic_user_file %s/b; return 200 other; }"
        " location = /page { auth_basic paged; error_page 401 /401.html; return 200 in; }"
        " location = /401.html { return 200 sorry; }"
        " location = /set { auth_basic set; error_page 401 =403 /401.html; return 200 in; }"
        " location = /inner { error_page 404 = @inner; return 404; }"
        " location @inner { auth_basic inner; return 200 \"inner [$remote_user]\"; }"
        " location = /two { auth_basic one; error_page 418 = @second; return 418; }"
        " location @second { auth_basic two; auth_basic_user_file %s/b; return 200 second; }"
        " location /up/ { auth_basic up; alias %s/store/; upload_store %s/store; } }";

#define SHA "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
/* anna:secret and anna:wrong */
#define RIGHT            "Authorization: Basic YW5uYTpzZWNyZXQ=\r\n"
#define WRONG            "Authorization: Basic YW5uYTp3cm9uZw==\r\n"
#define GET(path, lines) "GET " path " HTTP/1.1\r\nHost: h\r\n" lines "\r\n"

static struct machine m;
static int verifier; /* our end of the channel */

static void link_verifier(void)
{
	int ends[2];

	cr_assert(eq(int, sock_channel(ends), 0));
	auth_use_verifier(m.worker.auth, ends[0]);
	verifier = ends[1];
}

static void open_auth(void)
{
	machine_open(&m);
	tree_put(&m.tree, "a", "anna:" SHA);
	tree_put(&m.tree, "b", "anna:" SHA);
	machine_start(&m, site);
	link_verifier();
}

static void close_auth(void)
{
	close(verifier);
	machine_close(&m);
}

TestSuite(auth, .init = open_auth, .fini = close_auth);

/* ---- the verifier's part ----------------------------------------------------------------------------- */

/* The next message, or false. */
static bool next(struct verify_request *request)
{
	size_t none = 0;

	return sock_receive_message(verifier, request, sizeof *request, NULL, &none) ==
	       (ssize_t)sizeof *request;
}

static bool is_asked(void)
{
	struct verify_request request;

	return next(&request) && request.verb == VERIFY_ASK;
}

static void say(const struct verify_key *key, enum verify_verdict verdict)
{
	struct verify_reply reply = { .key = *key, .verdict = verdict };

	cr_assert(eq(int, sock_send_message(verifier, &reply, sizeof reply, NULL, 0), 0));
	machine_settle(&m);
}

/* Takes one question and answers it. False where there is none. */
static bool judge(enum verify_verdict verdict)
{
	struct verify_request request;

	if (!next(&request) || request.verb != VERIFY_ASK)
		return false;
	say(&request.key, verdict);
	return true;
}

static int ask(const char *request)
{
	int client = machine_client(&m);

	machine_say(&m, client, str_from(request));
	machine_settle(&m);
	return client;
}

static void expect_heard(int client, const char *pattern)
{
	struct str heard = machine_hear(&m, client, NULL);

	cr_expect(live_matches(pattern, heard.ptr), "wanted %s\nheard %.900s", pattern, heard.ptr);
}

static void expect_done(int client, const char *pattern)
{
	expect_heard(client, pattern);
	close(client);
	machine_settle(&m);
}

/* ---- who is let in ------------------------------------------------------------------------------------- */

Test(auth, without_a_password_there_is_a_challenge_and_no_question)
{
	static const char *const requests[] = {
		GET("/", ""),
		GET("/", "Authorization: Bearer x\r\n"),
		GET("/", "Authorization: Basic ???\r\n"),
		GET("/", "Authorization: Basic YW5uYQ==\r\n"),
	};

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		expect_done(ask(requests[i]),
		            "HTTP/1.1 401 ~\r\n^\r\nWWW-Authenticate: Basic realm=\"a "
		            "\\\"realm\\\"\", charset=\"UTF-8\"\r\n^");
	cr_expect(not(is_asked()));
	expect_done(ask(GET("/open", RIGHT)), "HTTP/1.1 200 OK\r\n^\r\n\r\nopen []");
	cr_expect(not(is_asked()), "nobody asks where no password is wanted");
}

Test(auth, a_right_one_lets_in_and_is_remembered_for_a_minute)
{
	struct verify_request request;
	int client = ask(GET("/", RIGHT));

	expect_heard(client, "");
	cr_assert(next(&request));
	cr_expect(eq(int, request.verb, VERIFY_ASK));
	cr_expect(str_eq(str_make(request.text, request.user_len), STR_OF("anna")));
	cr_expect(str_eq(str_make(request.text + request.user_len, request.password_len),
	                 STR_OF("secret")));
	say(&request.key, VERIFY_RIGHT);
	expect_done(client, "HTTP/1.1 200 OK\r\n^\r\n\r\n[anna]");
	machine_wait(&m, VERIFY_RIGHT_MS - 1);
	expect_done(ask(GET("/", RIGHT)), "HTTP/1.1 200 OK\r\n^");
	cr_expect(not(is_asked()));
	machine_wait(&m, 1);
	client = ask(GET("/", RIGHT));
	cr_expect(judge(VERIFY_WRONG), "then it is asked again");
	expect_done(client, "HTTP/1.1 401 ~\r\n^");
}

Test(auth, a_wrong_one_is_remembered_for_two_seconds)
{
	int client = ask(GET("/", WRONG));

	cr_expect(judge(VERIFY_WRONG));
	expect_done(client, "HTTP/1.1 401 ~\r\n^\r\nWWW-Authenticate: ^");
	machine_wait(&m, VERIFY_WRONG_MS - 1);
	expect_done(ask(GET("/", WRONG)), "HTTP/1.1 401 ~\r\n^\r\nWWW-Authenticate: ^");
	cr_expect(not(is_asked()));
	machine_wait(&m, 1);
	client = ask(GET("/", WRONG));
	cr_expect(is_asked());
	close(client);
}

Test(auth, another_file_is_another_question)
{
	int client = ask(GET("/", RIGHT));

	cr_expect(judge(VERIFY_RIGHT));
	expect_done(client, "HTTP/1.1 200 ~\r\n^");
	client = ask(GET("/other", RIGHT));
	cr_expect(judge(VERIFY_WRONG));
	expect_done(client, "HTTP/1.1 401 ~\r\n^realm=\"other\"^");
}

Test(auth, the_same_question_is_asked_once)
{
	int clients[20];

	for (size_t i = 0; i < 20; i++)
		clients[i] = ask(GET("/", WRONG));
	cr_expect(judge(VERIFY_WRONG));
	cr_expect(not(is_asked()));
	for (size_t i = 0; i < 20; i++)
		expect_done(clients[i], "HTTP/1.1 401 ~\r\n^");
}

Test(auth, a_change_of_the_file_makes_forget)
{
	struct verify_key other = { .file = 1 }, changed = { .file = 0 };
	int client = ask(GET("/", RIGHT));

	cr_expect(judge(VERIFY_RIGHT));
	expect_done(client, "HTTP/1.1 200 ~\r\n^");
	say(&other, VERIFY_CHANGED);
	expect_done(ask(GET("/", RIGHT)), "HTTP/1.1 200 ~\r\n^");
	cr_expect(not(is_asked()));
	say(&changed, VERIFY_CHANGED);
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 0));
	client = ask(GET("/", RIGHT));
	cr_expect(judge(VERIFY_WRONG));
	expect_done(client, "HTTP/1.1 401 ~\r\n^");
}

/* ---- clients that do not wait --------------------------------------------------------------------------- */

Test(auth, the_last_who_leaves_takes_the_question_back)
{
	struct verify_request question, taken;
	int first = ask(GET("/", RIGHT)), second = ask(GET("/", RIGHT));

	cr_assert(next(&question));
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 1));
	conn_close(machine_conn(&m, 1));
	machine_settle(&m);
	cr_expect(not(next(&taken)), "another still waits");
	conn_close(machine_conn(&m, 2));
	machine_settle(&m);
	cr_assert(next(&taken));
	cr_expect(eq(int, taken.verb, VERIFY_CANCEL));
	cr_expect(eq(int, memcmp(&taken.key, &question.key, sizeof taken.key), 0));
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 0));
	say(&question.key, VERIFY_RIGHT); /* too late: nobody is there, nothing is remembered */
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 0));
	close(first);
	close(second);
}

Test(auth, nobody_waits_for_ever)
{
	int client = ask(GET("/", RIGHT));
	struct verify_request question, taken;

	cr_assert(next(&question));
	machine_wait(&m, AUTH_PATIENCE_MS - 1);
	expect_heard(client, "");
	machine_wait(&m, 1);
	expect_done(client, "HTTP/1.1 503 ~\r\n^");
	cr_assert(next(&taken));
	cr_expect(eq(int, taken.verb, VERIFY_CANCEL));
}

/* ---- a verifier that does not answer --------------------------------------------------------------------- */

Test(auth, what_can_not_be_checked_is_503_and_not_remembered)
{
	int client = ask(GET("/", RIGHT));

	cr_expect(judge(VERIFY_BUSY));
	expect_done(client, "HTTP/1.1 503 ~\r\n^Too many passwords^");
	client = ask(GET("/", RIGHT));
	cr_expect(judge(VERIFY_FAILED));
	expect_done(client, "HTTP/1.1 503 ~\r\n^");
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 0));
}

/* "anna:NNN" for numbers of three digits. */
static int ask_number(unsigned i)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char request[200];
	unsigned n = (unsigned)('0' + i / 100) << 16 | (unsigned)('0' + i / 10 % 10) << 8 |
	             (unsigned)('0' + i % 10);

	snprintf(request, sizeof request, GET("/", "Authorization: Basic YW5ubTox%c%c%c%c\r\n"),
	         digits[n >> 18 & 63], digits[n >> 12 & 63], digits[n >> 6 & 63], digits[n & 63]);
	return ask(request);
}

Test(auth, so_many_questions_are_open_and_no_more)
{
	int clients[AUTH_PENDING], late;

	for (unsigned i = 0; i < AUTH_PENDING; i++)
		clients[i] = ask_number(i);
	late = ask_number(AUTH_PENDING);
	expect_done(late, "HTTP/1.1 503 ~\r\n^Too many passwords^");
	for (unsigned i = 0; i < AUTH_PENDING; i++) {
		cr_expect(judge(VERIFY_WRONG));
		expect_done(clients[i], "HTTP/1.1 401 ~\r\n^");
	}
	cr_expect(not(is_asked()));
}

Test(auth, without_another_verifier_its_death_is_told_at_once)
{
	int client = ask(GET("/", RIGHT));

	close(verifier);
	machine_settle(&m);
	expect_done(client, "HTTP/1.1 503 ~\r\n^");
	expect_done(ask(GET("/", RIGHT)), "HTTP/1.1 503 ~\r\n^");
	verifier = -1;
}

Test(auth, another_verifier_is_asked_again_but_not_for_ever)
{
	int client;

	auth_close(m.worker.auth);
	close(verifier);
	m.worker.auth = auth_open(&m.worker.loop, -1, true);
	client = ask(GET("/", RIGHT));
	expect_heard(client, "");
	link_verifier();
	cr_expect(judge(VERIFY_RIGHT), "what was wanted before there was one is asked");
	expect_done(client, "HTTP/1.1 200 ~\r\n^");

	client = ask(GET("/", WRONG));
	for (unsigned i = 0; i < AUTH_ATTEMPTS; i++) {
		cr_expect(is_asked(), "attempt %u", i);
		close(verifier);
		machine_settle(&m);
		expect_heard(client, "");
		link_verifier();
		machine_settle(&m);
	}
	cr_expect(not(is_asked()));
	expect_done(client, "HTTP/1.1 503 ~\r\n^");
	cr_expect(eq(sz, auth_remembered(m.worker.auth), 0), "a dead verifier's word is forgotten");
}

/* ---- bodies, pages, redirects ------------------------------------------------------------------------------ */

#define PUT(lines) "PUT /up/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" lines "\r\n"

Test(auth, a_body_is_wanted_only_when_the_verdict_is_there)
{
	int client = ask(PUT(RIGHT "Expect: 100-continue\r\n"));

	machine_wait(&m, 1000);
	expect_heard(client, "");
	cr_expect(judge(VERIFY_RIGHT));
	expect_heard(client, "HTTP/1.1 100 Continue\r\n\r\n");
	machine_say(&m, client, STR_OF("12345"));
	expect_done(client, "HTTP/1.1 201 Created\r\n^");
	client = ask(PUT(WRONG "Expect: 100-continue\r\n"));
	cr_expect(judge(VERIFY_WRONG));
	expect_done(client, "HTTP/1.1 401 ~\r\n^");
}

Test(auth, a_body_that_came_along_waits)
{
	int client = ask("PUT /up/y HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" RIGHT "\r\n123");

	expect_heard(client, "");
	cr_expect(judge(VERIFY_RIGHT));
	machine_say(&m, client, STR_OF("45"));
	expect_done(client, "HTTP/1.1 201 Created\r\n^");
	cr_expect(eq(str, tree_read(&m.tree, "store/y"), (char *)"12345"));
}

Test(auth, the_time_of_a_body_begins_with_the_verdict)
{
	int client;

	close_auth();
	machine_open(&m);
	tree_put(&m.tree, "a", "anna:" SHA);
	machine_start(&m, "server { listen 127.0.0.1:1; root %s/www;"
	                  " client_body_timeout 5s; auth_basic x; auth_basic_user_file %s/a;"
	                  " location /up/ { alias %s/store/; upload_store %s/store; } }");
	link_verifier();
	client = ask(PUT(RIGHT));
	machine_wait(&m, 20000);
	expect_heard(client, "");
	cr_expect(judge(VERIFY_RIGHT));
	machine_wait(&m, 4999);
	expect_heard(client, "");
	machine_wait(&m, 1);
	expect_done(client, "HTTP/1.1 408 ~\r\n^");
}

Test(auth, an_error_page_goes_with_the_challenge)
{
	expect_done(ask(GET("/page", "")),
	            "HTTP/1.1 401 ~\r\n^\r\nWWW-Authenticate: Basic realm=\"paged\", "
	            "charset=\"UTF-8\"\r\n\r\nsorry");
	expect_done(ask(GET("/set", "")), "HTTP/1.1 403 ~\r\n^\r\n\r\nsorry");
}

Test(auth, a_named_location_is_still_the_one_after_the_wait)
{
	int client = ask(GET("/inner", RIGHT));

	cr_expect(judge(VERIFY_RIGHT));
	expect_done(client, "HTTP/1.1 200 ~\r\n^\r\n\r\ninner [anna]");
	expect_done(ask(GET("/inner", "")), "HTTP/1.1 ~\r\n^");
}

Test(auth, a_redirect_into_another_files_place_checks_again)
{
	int client = ask(GET("/two", RIGHT));

	cr_expect(judge(VERIFY_RIGHT));
	expect_heard(client, "");
	cr_expect(judge(VERIFY_RIGHT), "by the other file");
	expect_done(client, "HTTP/1.1 200 ~\r\n^\r\n\r\nsecond");
	machine_wait(&m, VERIFY_RIGHT_MS);
	client = ask(GET("/two", RIGHT));
	cr_expect(judge(VERIFY_RIGHT));
	cr_expect(judge(VERIFY_WRONG));
	expect_done(client, "HTTP/1.1 4~\r\n^");
}

/* ---- the cache --------------------------------------------------------------------------------------------- */

Test(auth_cache, is_bounded_and_lets_the_oldest_go)
{
	struct auth_cache cache;
	struct verify_request request = { .verb = VERIFY_ASK };

	clock_set(1000, 0);
	auth_cache_init(&cache);
	for (uint64_t i = 0; i < 3 * AUTH_CACHE; i++) {
		struct auth_entry *entry;

		request.key.hash[0] = i;
		entry = auth_cache_add(&cache, &request);
		cr_assert(entry != NULL);
		auth_cache_settle(&cache, entry, i % 2 ? VERIFY_RIGHT : VERIFY_WRONG);
		cr_assert(le(sz, cache.by_key.len, AUTH_CACHE));
	}
	cr_expect(auth_cache_find(&cache, &request.key) != NULL);
	request.key.hash[0] = 2 * AUTH_CACHE - 1;
	cr_expect(auth_cache_find(&cache, &request.key) == NULL, "the oldest are gone");
	request.key.hash[0] = 2 * AUTH_CACHE + 1;
	cr_expect(auth_cache_find(&cache, &request.key) != NULL);
	auth_cache_forget(&cache, 1);
	cr_expect(eq(sz, cache.by_key.len, AUTH_CACHE), "another file's");
	auth_cache_forget(&cache, 0);
	cr_expect(eq(sz, cache.by_key.len, 0));
	auth_cache_end(&cache);
	clock_release();
}
