#include "guard.h"
#include "http/head.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { CAP = 8 };

static const struct head_limits wide = { .line_max = 8192, .total_max = 32768, .field_max = CAP };

/* As many fields as `busy` has, before a page that nobody may touch. */
static struct str field_room(void)
{
	static const struct field zeros[CAP];

	return guard_copy(str_make((const char *)zeros, sizeof zeros));
}

static const struct str busy =
        STR("PUT /x HTTP/1.1\r\nhost: a\r\nX-One: 1\r\nAccept: b\r\n"
            "x-ONE: 2\r\nACCEPT: c\r\nCookie:\r\naccept:d\r\nAccept: e\r\n\r\n");

Test(head_lookup, finds_fields)
{
	struct str room = field_room();
	struct field *fields = (struct field *)(uintptr_t)room.ptr;
	struct head head = { .fields = fields, .field_cap = CAP };
	struct refusal refusal;
	const struct field *accept;

	cr_assert(head_parse(busy, &wide, &head, &refusal) == PARSE_COMPLETE);
	cr_expect(head.method == METHOD_PUT && head.field_count == CAP);
	cr_expect(head_field(&head, FIELD_HOST) == &fields[0], "Host in lower case");
	cr_expect(head_field(&head, FIELD_RANGE) == NULL, "no Range");
	cr_expect(head_value(&head, FIELD_RANGE).ptr == NULL, "no value of a missing field");
	cr_expect(head_value(&head, FIELD_COOKIE).ptr != NULL, "an empty value is no missing one");
	cr_expect(head_value(&head, FIELD_COOKIE).len == 0);
	accept = head_field(&head, FIELD_ACCEPT);
	cr_expect(accept == &fields[2], "the first Accept");
	cr_expect(head_next(&head, accept) == &fields[4], "the second Accept");
	cr_expect(head_next(&head, &fields[4]) == &fields[6], "the third Accept");
	cr_expect(head_next(&head, &fields[6]) == &fields[7], "the fourth Accept, next to it");
	cr_expect(head_next(&head, &fields[7]) == NULL, "no fifth Accept");
	cr_expect(head_count(&head, FIELD_ACCEPT) == 4);
	cr_expect(head_count(&head, FIELD_HOST) == 1);
	cr_expect(head_count(&head, FIELD_RANGE) == 0);
	cr_expect(head_find(&head, STR_OF("x-one")) == &fields[1], "an unknown name in any case");
	cr_expect(head_find(&head, STR_OF("ACCEPT")) == &fields[2], "a known name in any case");
	cr_expect(head_find(&head, STR_OF("x-on")) == NULL, "no prefix of a name");
	cr_expect(head_find(&head, STR_OF("Range")) == NULL, "a known name that is not there");
	cr_expect(head_find(&head, STR_OF("")) == NULL, "the empty name");
	guard_free(room);
}

/* Whatever pointed into the first bytes points to the same place in the second ones. */
Test(head_lookup, moves_to_a_copy)
{
	struct str room = field_room();
	struct field *fields = (struct field *)(uintptr_t)room.ptr;
	struct head head = { .fields = fields, .field_cap = CAP };
	struct refusal refusal;
	struct str old = guard_copy(busy), copy = guard_copy(busy);

	cr_assert(head_parse(old, &wide, &head, &refusal) == PARSE_COMPLETE);
	head_rebase(&head, old.ptr, copy.ptr);
	guard_free(old);
	cr_expect(str_eq(head.method_name, STR_OF("PUT")) && head.method_name.ptr == copy.ptr);
	cr_expect(str_eq(head.target, STR_OF("/x")) && head.target.ptr == copy.ptr + 4);
	cr_expect(str_eq(fields[0].name, STR_OF("host")) && fields[0].name.ptr == copy.ptr + 17);
	cr_expect(str_eq(head_value(&head, FIELD_ACCEPT), STR_OF("b")));
	cr_expect(head_value(&head, FIELD_COOKIE).len == 0);
	cr_expect(str_eq(fields[6].value, STR_OF("d")));
	guard_free(copy);
	guard_free(room);
}
