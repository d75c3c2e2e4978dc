#include "server/control_protocol.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(control_protocol, requests)
{
	static const struct {
		struct str bytes;
		enum control_result result;
		enum control_verb verb;
	} rows[] = {
		{ STR("reload\n"), CONTROL_COMPLETE, CONTROL_RELOAD },
		{ STR("status\n"), CONTROL_COMPLETE, CONTROL_STATUS },
		{ STR(""), CONTROL_PARTIAL, 0 },
		{ STR("relo"), CONTROL_PARTIAL, 0 },
		{ STR("\n"), CONTROL_BAD, 0 },
		{ STR("dance\n"), CONTROL_BAD, 0 },
		{ STR("reload \n"), CONTROL_BAD, 0 },
		{ STR("stop\nstop\n"), CONTROL_BAD, 0 },
		{ STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), CONTROL_PARTIAL, 0 },
		{ STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), CONTROL_BAD, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum control_verb verb = 0;

		cr_expect(eq(int, (int)control_request_parse(rows[i].bytes, &verb),
		             (int)rows[i].result),
		          "%s", rows[i].bytes.ptr);
		cr_expect(eq(int, (int)verb, (int)rows[i].verb), "%s", rows[i].bytes.ptr);
	}
}

Test(control_protocol, answers)
{
	static const struct {
		struct str bytes;
		enum control_result result;
	} rows[] = {
		{ STR("0 3\nabc"), CONTROL_COMPLETE },
		{ STR("1 0\n"), CONTROL_COMPLETE },
		{ STR(""), CONTROL_PARTIAL },
		{ STR("0 3"), CONTROL_PARTIAL },
		{ STR("0 3\nab"), CONTROL_PARTIAL },
		{ STR("0 3\nabcd"), CONTROL_BAD },
		{ STR("2 3\nabc"), CONTROL_BAD },
		{ STR("0\n"), CONTROL_BAD },
		{ STR("0 99999999\nabc"), CONTROL_BAD },
		{ STR("x 3\nabc"), CONTROL_BAD },
		{ STR("0 -1\n"), CONTROL_BAD },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = { NULL, 0 };
		int status = 0;

		cr_expect(eq(int, (int)control_answer_parse(rows[i].bytes, &status, &text),
		             (int)rows[i].result),
		          "%s", rows[i].bytes.ptr);
	}
}

Test(control_protocol, what_is_written_is_read)
{
	char room[64];
	struct buf out = buf_fixed(room, sizeof room);
	struct str text;
	int status;

	control_answer_head(&out, 1, 5);
	buf_text(&out, "hello");
	cr_expect(eq(int, (int)control_answer_parse(buf_str(&out), &status, &text),
	             CONTROL_COMPLETE));
	cr_expect(eq(int, status, 1));
	cr_expect(str_eq(text, STR_OF("hello")));
}

Test(control_protocol, the_socket_lies_beside_the_pid_file)
{
	char path[16];

	cr_expect(control_socket_path(STR_OF("/r/w.pid"), path, sizeof path));
	cr_expect(eq(str, path, "/r/w.pid.sock"));
	cr_expect(not(control_socket_path(STR_OF("/r/web.srv.pid"), path, sizeof path)),
	          "one byte too long");
}
