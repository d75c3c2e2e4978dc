#include "http/date.h"

#include "fuzz.h"

/* The C library's opinion, for the years it writes with four digits. */
static void check_against_library(const char *text, time_t when)
{
	char theirs[64];
	struct tm tm;

	FUZZ_CHECK(gmtime_r(&when, &tm) != NULL);
	if (tm.tm_year + 1900 < 1000)
		return;
	FUZZ_CHECK(strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm) == DATE_SIZE);
	FUZZ_CHECK(memcmp(text, theirs, DATE_SIZE) == 0);
}

static void check_round_trip(time_t when, time_t now)
{
	char text[DATE_SIZE];
	time_t back;

	date_format(when, text);
	FUZZ_CHECK(date_parse(str_make(text, DATE_SIZE), now, &back));
	if (when >= INT64_C(-62167219200) && when <= INT64_C(253402300799)) {
		FUZZ_CHECK(back == when);
		check_against_library(text, when);
	}
}

/* Eight bytes of a time, which is also `now` where it is a plausible one; the rest is the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value;
	time_t when, now, parsed;

	if (size < sizeof when)
		return 0;
	memcpy(&when, data, sizeof when);
	check_round_trip(when, 0);
	now = when >= 0 && when < INT64_C(1) << 37 ? when : 1795521600;
	value = fuzz_copy(str_make((const char *)data + sizeof when, size - sizeof when));
	if (date_parse(value, now, &parsed) && parsed <= INT64_C(253402300799))
		check_round_trip(parsed, now);
	free((char *)value.ptr);
	return 0;
}
