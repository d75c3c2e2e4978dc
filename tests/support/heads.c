#include "heads.h"

#include "guard.h"

#include <stdlib.h>

void given_head_make(struct given_head *given, enum method method, const char *lines)
{
	struct str rest = str_from(lines);

	*given = (struct given_head){ .head.method = method };
	given->head.fields = given->fields;
	given->head.field_cap = HEADS_FIELD_MAX;
	while (rest.len > 0) {
		struct str value = str_cut(&rest, '\n');
		struct str name = str_cut(&value, ':');
		size_t index = given->head.field_count++;

		if (index == HEADS_FIELD_MAX)
			abort();
		given->fields[index] = (struct field){
			.name = name,
			.value = guard_copy(str_trim(value)),
			.id = field_find(name),
		};
		if (given->head.first[given->fields[index].id] == 0)
			given->head.first[given->fields[index].id] = (uint16_t)(index + 1);
	}
}

void given_head_end(struct given_head *given)
{
	for (size_t i = 0; i < given->head.field_count; i++)
		guard_free(given->fields[i].value);
}
