#ifndef TESTS_HEADS_H
#define TESTS_HEADS_H

#include "http/head.h"

enum { HEADS_FIELD_MAX = 16 };

/* A request head made of field lines, each value right before a guard page. */
struct given_head {
	struct head head;
	struct field fields[HEADS_FIELD_MAX];
};

/* lines: "Name: value" separated by LF; "" for none. Released with given_head_end(). */
void given_head_make(struct given_head *given, enum method method, const char *lines);
void given_head_end(struct given_head *given);

#endif
