#include "base/clock.h"
#include "exposition.h"
#include "handlers/status.h"
#include "live.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct stage s;

static const char site[] =
        "location /any { status; } location /html { status html; }"
        "location /json { status json; } location /text { status prometheus; }"
        "location /stub { stub_status; } location /bare { server_tokens off; status; }";

static void open_stage(void)
{
	struct counters *c;

	stage_open(&s, site);
	c = s.worker.counters;
	counter_add(c, COUNTER_ACCEPTED, 4);
	counter_add(c, COUNTER_HANDLED, 3);
	counter_add(c, COUNTER_CLOSED, 1);
	counter_add(c, COUNTER_HEADS_BEGUN, 1);
	counter_add(c, COUNTER_SENT, 1234567);
	counter_status(c, 404);
	counter_observe(c, COUNTER_DURATION, histogram_duration, 3);
	counter_observe(c, COUNTER_DURATION, histogram_duration, 100000);
	counter_set(c, COUNTER_STARTED_AT, 784111777);
}

static void close_stage(void)
{
	stage_close(&s);
}

TestSuite(status, .init = open_stage, .fini = close_stage);

/* The answer's body as a C string. */
static const char *text_of(const char *head)
{
	static char text[64 * 1024];
	struct str body;

	stage_request(&s, head);
	cr_assert(eq(uint, stage_status(&s), 200), "%s", head);
	body = stage_text(&s);
	cr_assert(lt(sz, body.len, sizeof text));
	snprintf(text, sizeof text, "%.*s", STR_ARG(body));
	return text;
}

#define GET(path) "GET " path " HTTP/1.1\nHost: a\n"

/* ---- which form ---------------------------------------------------------------------------------------- */

static const struct {
	const char *request, *type;
} choices[] = {
	{ GET("/any"), "text/html; charset=utf-8" },
	{ GET("/any") "Accept: */*\n", "text/html; charset=utf-8" },
	{ GET("/any") "Accept: image/png\n", "text/html; charset=utf-8" },
	{ GET("/any") "Accept: application/json\n", "application/json" },
	{ GET("/any") "Accept: application/json;q=0.5, text/html\n", "text/html; charset=utf-8" },
	{ GET("/any") "Accept: text/plain\n", "text/plain; version=0.0.4; charset=utf-8" },
	{ GET("/any") "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
	              "text/plain;version=0.0.4;q=0.3,*/*;q=0.2\n",
	  "application/openmetrics-text; version=1.0.0; charset=utf-8" },
	{ GET("/html") "Accept: application/json\n", "text/html; charset=utf-8" },
	{ GET("/json") "Accept: text/html\n", "application/json" },
	{ GET("/text") "Accept: text/html\n", "text/plain; version=0.0.4; charset=utf-8" },
	{ GET("/text") "Accept: application/openmetrics-text\n",
	  "application/openmetrics-text; version=1.0.0; charset=utf-8" },
	{ GET("/text"), "text/plain; version=0.0.4; charset=utf-8" },
	{ GET("/stub") "Accept: text/html\n", "text/plain" },
};

Test(status, the_form_is_what_the_directive_and_the_client_say)
{
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		struct str type;

		text_of(choices[i].request);
		type = s.r->response.content_type;
		cr_expect(str_eq(type, str_from(choices[i].type)), "%.*s for %s", STR_ARG(type),
		          choices[i].request);
		cr_expect(stage_says(&s, "Cache-Control: no-store"), "%s", choices[i].request);
		cr_expect(stage_says(&s, "X-Content-Type-Options: nosniff"));
	}
}

/* ---- the forms ----------------------------------------------------------------------------------------- */

Test(status, nginx_would_say_it_so)
{
	cr_expect(eq(str, (char *)text_of(GET("/stub")),
	             "Active connections: 2 \n"
	             "server accepts handled requests\n 4 3 1 \n"
	             "Reading: 1 Writing: 1 Waiting: 0 \n"));
}

Test(status, prometheus_reads_it)
{
	const char *text = text_of(GET("/text")), *fault = exposition_fault(text, false);

	cr_expect(eq(ptr, (void *)fault, NULL), "%s", fault);
	cr_expect(eq(dbl, exposition_value(text, "webserv_connections_accepted_total"), 4));
	cr_expect(eq(dbl, exposition_value(text, "webserv_responses_total{status=\"404\"}"), 1));
	cr_expect(eq(dbl, exposition_value(text, "webserv_responses_total{status=\"200\"}"), -1));
	cr_expect(eq(dbl, exposition_value(text, "webserv_request_duration_seconds_sum"), 100.003));
	cr_expect(eq(dbl,
	             exposition_value(text, "webserv_request_duration_seconds_bucket"
	                                    "{le=\"0.002\"}"),
	             0));
	cr_expect(eq(dbl,
	             exposition_value(text, "webserv_request_duration_seconds_bucket"
	                                    "{le=\"0.004\"}"),
	             1));
	cr_expect(eq(dbl, exposition_value(text, "webserv_request_duration_seconds_count"), 2));
}

Test(status, openmetrics_is_another_thing)
{
	const char *text = text_of(GET("/text") "Accept: application/openmetrics-text\n");
	const char *fault = exposition_fault(text, true);

	cr_expect(eq(ptr, (void *)fault, NULL), "%s", fault);
	cr_expect(eq(dbl, exposition_value(text, "webserv_sent_bytes_total"), 1234567));
	cr_expect(ne(ptr, (void *)exposition_fault(text, false), NULL));
}

Test(status, the_reader_in_this_test_sees_mistakes)
{
	static const char *const bad[] = {
		"x 1",
		"x 1\n",
		"# HELP x y\n# TYPE x gauge\nx one\n",
		"# HELP x y\n# TYPE x gauge\nx 1\nx 2\n",
		"# HELP x y\n# TYPE x gauge\nz 1\n",
		"# HELP x y\n# TYPE x counter\nx 1\n",
		"# HELP x y\n# TYPE x gauge\nx{a=1} 1\n",
		"# HELP x y\n# TYPE x gauge\nx{a=\"b} 1\n",
		"# HELP x y\n# TYPE x gauge\n# HELP x y\n",
		"# HELP x y\n# TYPE x histogram\nx_bucket{le=\"2\"} 1\nx_bucket{le=\"1\"} 1\n",
		"# HELP x y\n# TYPE x histogram\nx_bucket{le=\"1\"} 2\nx_bucket{le=\"2\"} 1\n",
		"# HELP x y\n# TYPE x histogram\nx_bucket{le=\"+Inf\"} 2\nx_sum 1\nx_count 1\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect(ne(ptr, (void *)exposition_fault(bad[i], false), NULL), "%s", bad[i]);
}

Test(status, json_has_every_metric)
{
	const char *text = text_of(GET("/json"));

	for (size_t i = 0; i < metric_count; i++) {
		char key[80];

		snprintf(key, sizeof key, "\"%.*s\":", STR_ARG(metrics[i].name));
		cr_expect(ne(ptr, strstr(text, key), NULL), "%s", key);
	}
	cr_expect(ne(ptr,
	             strstr(text, "\"connections\":{\"reading\":1,\"writing\":1,\"waiting\":0}"),
	             NULL));
	cr_expect(ne(ptr, strstr(text, "\"responses\":{\"404\":1}"), NULL), "%s", text);
	cr_expect(ne(ptr, strstr(text, "{\"count\":2,\"sum\":100.003,\"p50\":0.004,\"p90\":null"),
	             NULL));
	cr_expect(ne(ptr, strstr(text, "[32.768,1],[null,2]]"), NULL));
}

/* As the parser of the system reads it. */
Test(status, json_is_json)
{
	const char *text = text_of(GET("/json"));
	FILE *pipe = popen("python3 -m json.tool >/dev/null", "w");

	cr_assert(ne(ptr, pipe, NULL));
	fputs(text, pipe);
	cr_expect(eq(int, pclose(pipe), 0));
}

Test(status, the_page_has_every_section_and_reads_without_its_script)
{
	const char *text = text_of(GET("/html"));

	for (size_t i = 0; i < metric_count; i++)
		cr_expect(metrics[i].section == NULL || strstr(text, metrics[i].section), "%s",
		          metrics[i].section);
	cr_expect(ne(ptr, strstr(text, "<th scope=\"row\">404 Not Found</th><td>1</td>"), NULL));
	cr_expect(ne(ptr, strstr(text, "<td>1.2 MB</td>"), NULL));
	cr_expect(ne(ptr, strstr(text, "Time taken: half of them within</th><td>0.004&#160;s</td>"),
	             NULL));
	cr_expect(ne(ptr, strstr(text, "hidden>Pause</button>"), NULL),
	          "without the script there is nothing to pause");
	cr_expect(
	        stage_says(&s, "Content-Security-Policy: default-src 'none'; script-src 'sha256-"));
}

Test(status, the_version_is_told_where_tokens_are)
{
	cr_expect(ne(ptr, strstr(text_of(GET("/json")), "\"webserv/"), NULL));
	cr_expect(ne(ptr, strstr(text_of(GET("/text")), "webserv_build_info"), NULL));
	cr_expect(ne(ptr,
	             strstr(text_of(GET("/bare") "Accept: application/json\n"),
	                    "{\"server\":\"webserv\","),
	             NULL));
	cr_expect(
	        eq(ptr, strstr(text_of(GET("/bare") "Accept: text/plain\n"), "build_info"), NULL));
}

Test(status, percentiles_are_bounds)
{
	static const struct metric m = { .at = 0, .histogram = { 0, 1 } };
	struct figures f = { { 0 } };
	uint64_t bound = 7;

	cr_expect(not(metric_quantile(&m, &f, 500, &bound)), "nothing was seen");
	f.value[0] = 500;
	f.value[3] = 490;
	f.value[HISTOGRAM_BOUNDS] = 10;
	cr_expect(metric_quantile(&m, &f, 500, &bound));
	cr_expect(eq(u64, bound, 1));
	cr_expect(metric_quantile(&m, &f, 501, &bound));
	cr_expect(eq(u64, bound, 8));
	cr_expect(metric_quantile(&m, &f, 990, &bound));
	cr_expect(eq(u64, bound, 8));
	cr_expect(not(metric_quantile(&m, &f, 991, &bound)), "above all bounds");
}

/* ---- the script ---------------------------------------------------------------------------------------- */

/* As the tools of the system make it. */
Test(status, the_policy_allows_the_script_and_no_other)
{
	char path[] = "/tmp/script-XXXXXX", command[160], digest[80] = "", wanted[160];
	int fd = mkstemp(path);
	FILE *pipe;

	for (size_t i = 0; status_script[i]; i++) {
		size_t len = strlen(status_script[i]);

		cr_assert(eq(long, write(fd, status_script[i], len), (long)len));
	}
	close(fd);
	snprintf(command, sizeof command,
	         "python3 -c 'import hashlib,base64;print(base64.b64encode(hashlib.sha256("
	         "open(\"%s\",\"rb\").read()).digest()).decode())'",
	         path);
	pipe = popen(command, "r");
	cr_assert(ne(ptr, pipe, NULL));
	cr_assert(ne(ptr, fgets(digest, sizeof digest, pipe), NULL));
	pclose(pipe);
	unlink(path);
	digest[strcspn(digest, "\n")] = '\0';
	snprintf(wanted, sizeof wanted, "script-src 'sha256-%s';", digest);
	cr_expect(ne(ptr, strstr(status_policy, wanted), NULL),
	          "the policy must say %s: the script has changed", wanted);
}
