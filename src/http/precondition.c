#include "http/precondition.h"

#include "http/date.h"

/* An entity tag taken apart: `opaque` keeps its quotes. */
struct etag {
	bool is_weak;
	struct str opaque;
};

enum etag_list { ETAG_LIST_MATCH, ETAG_LIST_NO_MATCH, ETAG_LIST_MALFORMED };

/*
 * Takes an entity tag off the front: [W/] DQUOTE *etagc DQUOTE (RFC 9110 section 8.8.3). "W/" is
 * case-sensitive, and a backslash is an ordinary byte: these are not quoted strings.
 */
static bool etag_take(struct str *s, struct etag *tag)
{
	struct str rest = *s;
	size_t end = 1;

	tag->is_weak = str_starts_with(rest, STR_OF("W/"));
	if (tag->is_weak)
		rest = str_from_index(rest, 2);
	if (rest.len == 0 || rest.ptr[0] != '"')
		return false;
	while (end < rest.len && (unsigned char)rest.ptr[end] > 0x20 && rest.ptr[end] != '"' &&
	       rest.ptr[end] != 0x7f)
		end++;
	if (end == rest.len || rest.ptr[end] != '"')
		return false;
	tag->opaque = str_head(rest, end + 1);
	*s = str_from_index(rest, end + 1);
	return true;
}

/*
 * Section 8.8.3.2: strong, both must be strong; weak, only what is quoted counts. The quotes see to
 * it that nothing equals an `other` that is empty.
 */
static bool etag_equals(const struct etag *tag, struct str other, bool strong)
{
	bool other_is_weak = str_starts_with(other, STR_OF("W/"));

	if (strong && (tag->is_weak || other_is_weak))
		return false;
	return str_eq(tag->opaque, other_is_weak ? str_from_index(other, 2) : other);
}

/* One line of the list. The empty one, and empty elements, are well-formed (section 5.6.1). */
static enum etag_list etag_line_judge(struct str line, const struct validators *validators,
                                      bool strong)
{
	enum etag_list verdict = ETAG_LIST_NO_MATCH;

	for (struct str rest = str_trim(line); rest.len > 0; rest = str_trim(rest)) {
		struct etag tag;

		if (rest.ptr[0] != ',') {
			if (!etag_take(&rest, &tag))
				return ETAG_LIST_MALFORMED;
			if (validators->exists && etag_equals(&tag, validators->etag, strong))
				verdict = ETAG_LIST_MATCH;
			rest = str_trim(rest);
			if (rest.len > 0 && rest.ptr[0] != ',')
				return ETAG_LIST_MALFORMED;
		}
		rest = str_from_index(rest, 1);
	}
	return verdict;
}

/* All lines of If-Match or If-None-Match; `*` stands for any representation, and alone. */
static enum etag_list etag_field_judge(const struct head *head, const struct field *field,
                                       const struct validators *validators, bool strong)
{
	enum etag_list verdict = ETAG_LIST_NO_MATCH;

	if (str_eq(field->value, STR_OF("*")) && head_next(head, field) == NULL)
		return validators->exists ? ETAG_LIST_MATCH : ETAG_LIST_NO_MATCH;
	for (; field; field = head_next(head, field)) {
		enum etag_list line = etag_line_judge(field->value, validators, strong);

		if (line == ETAG_LIST_MALFORMED)
			return line;
		if (line == ETAG_LIST_MATCH)
			verdict = line;
	}
	return verdict;
}

/* The date of a singleton field. Sections 13.1.3 and 13.1.4: several, or no date, are as none. */
static bool date_of_field(const struct head *head, enum field_id id, time_t now, time_t *date)
{
	return head_count(head, id) == 1 && date_parse(head_value(head, id), now, date);
}

/* Steps 1 and 2 of section 13.2.2: may the state be as the client believes? */
static bool state_is_expected(const struct head *head, const struct validators *validators,
                              time_t now)
{
	const struct field *if_match = head_field(head, FIELD_IF_MATCH);
	time_t date;

	if (if_match)
		return etag_field_judge(head, if_match, validators, true) == ETAG_LIST_MATCH;
	if (validators->exists && validators->modified != 0 &&
	    date_of_field(head, FIELD_IF_UNMODIFIED_SINCE, now, &date))
		return validators->modified <= date;
	return true;
}

/* Step 4: only where If-None-Match is missing, and for GET and HEAD. */
static bool is_unmodified(const struct head *head, const struct validators *validators,
                          enum since_mode since, time_t now)
{
	time_t date;

	if (since == SINCE_OFF || !validators->exists || validators->modified == 0 ||
	    !date_of_field(head, FIELD_IF_MODIFIED_SINCE, now, &date))
		return false;
	return since == SINCE_EXACT ? validators->modified == date : validators->modified <= date;
}

enum precondition precondition_judge(const struct head *head, const struct validators *validators,
                                     enum since_mode since, time_t now)
{
	bool is_get = head->method == METHOD_GET || head->method == METHOD_HEAD;
	const struct field *if_none_match = head_field(head, FIELD_IF_NONE_MATCH);

	if (!state_is_expected(head, validators, now))
		return PRECONDITION_FAILED;
	if (if_none_match) {
		if (etag_field_judge(head, if_none_match, validators, false) != ETAG_LIST_MATCH)
			return PRECONDITION_PROCEED;
		return is_get ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
	}
	if (is_get && is_unmodified(head, validators, since, now))
		return PRECONDITION_NOT_MODIFIED;
	return PRECONDITION_PROCEED;
}

/*
 * A date is a strong validator only once its second is over: until then the file may change again
 * under the same date (section 8.8.2.2), and the client's piece may not fit ours.
 */
bool precondition_range_applies(const struct head *head, const struct validators *validators,
                                time_t now)
{
	const struct field *field = head_field(head, FIELD_IF_RANGE);
	struct str rest;
	struct etag tag;
	time_t date;

	if (!field)
		return true;
	if (!validators->exists || head_count(head, FIELD_IF_RANGE) != 1)
		return false;
	rest = field->value;
	if (etag_take(&rest, &tag))
		return rest.len == 0 && etag_equals(&tag, validators->etag, true);
	return validators->modified != 0 && validators->modified < now &&
	       date_parse(field->value, now, &date) && date == validators->modified;
}
