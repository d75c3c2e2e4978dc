#include "http/upload_fields.h"

#include "base/buf.h"
#include "fuzz.h"

/* What is read as an Integer has at most 15 digits, and is read again from its plain form. */
static void check_integer(struct str value)
{
	char memory[32];
	struct buf text = buf_fixed(memory, sizeof memory);
	uint64_t n, again;

	if (!upload_item_integer(value, &n))
		return;
	FUZZ_CHECK(n < 1000000000000000);
	buf_u64(&text, n);
	buf_text(&text, ";a;b=?1 ");
	FUZZ_CHECK(!text.failed);
	FUZZ_CHECK(upload_item_integer(buf_str(&text), &again) && again == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value = fuzz_copy(str_make((const char *)data, size));
	uint64_t n;
	bool flag;

	check_integer(value);
	FUZZ_CHECK(!upload_item_boolean(value, &flag) || !upload_item_integer(value, &n));
	free((char *)value.ptr);
	return 0;
}
