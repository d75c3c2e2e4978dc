#include "http/accept.h"

enum { WEIGHT_MAX = 1000, WEIGHT_UNNAMED_IDENTITY = 1 };

/* How closely an element of the list fits; the closest decides (RFC 9110 section 12.5.1). */
enum fit { FIT_NONE, FIT_ANY, FIT_MAJOR, FIT_WITH_PARAMETERS, FIT_EXACT };

typedef enum fit accept_fit(struct str element, struct str wanted);

/* qvalue = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ] (section 12.4.2), in thousandths. */
static bool weight_parse(struct str s, unsigned *out)
{
	unsigned weight, place = 100;

	if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') ||
	    (s.len > 1 && s.ptr[1] != '.'))
		return false;
	weight = s.ptr[0] == '1' ? WEIGHT_MAX : 0;
	for (size_t i = 2; i < s.len; i++, place /= 10) {
		if (!ascii_is_digit(s.ptr[i]))
			return false;
		weight += (unsigned)(s.ptr[i] - '0') * place;
	}
	*out = weight;
	return weight <= WEIGHT_MAX;
}

/*
 * The weight of one element, 1000 where it has none. False: malformed, the element is passed over.
 */
static bool element_weight(struct str element, unsigned *weight)
{
	struct str q;

	*weight = WEIGHT_MAX;
	return !field_parameter(element, STR_OF("q"), &q) || weight_parse(q, weight);
}

static struct str without_parameters(struct str element)
{
	return str_trim(str_head(element, str_find(element, ';')));
}

/* Parameters of the range itself stand before its q; what follows q was never defined. */
static bool has_parameters(struct str element)
{
	struct str rest = str_trim(str_from_index(element, str_find(element, ';') + 1));
	struct str first = str_trim(str_head(rest, str_find(rest, '=')));

	return rest.len > 0 && !str_eq_nocase(first, STR_OF("q"));
}

static enum fit type_fit(struct str element, struct str wanted)
{
	struct str range = without_parameters(element);
	size_t slash = str_find(range, '/');

	if (str_eq(range, STR_OF("*/*")))
		return FIT_ANY;
	if (str_eq_nocase(range, wanted))
		return has_parameters(element) ? FIT_WITH_PARAMETERS : FIT_EXACT;
	if (str_eq(str_from_index(range, slash), STR_OF("/*")) && str_find(wanted, '/') == slash &&
	    str_eq_nocase(str_head(range, slash), str_head(wanted, slash)))
		return FIT_MAJOR;
	return FIT_NONE;
}

/* The old names are the new ones (section 8.4.1). */
static struct str coding_name(struct str coding)
{
	if (str_eq_nocase(coding, STR_OF("x-gzip")))
		return STR_OF("gzip");
	if (str_eq_nocase(coding, STR_OF("x-compress")))
		return STR_OF("compress");
	return coding;
}

static enum fit coding_fit(struct str element, struct str wanted)
{
	struct str coding = without_parameters(element);

	if (str_eq(coding, STR_OF("*")))
		return FIT_ANY;
	return str_eq_nocase(coding_name(coding), coding_name(wanted)) ? FIT_EXACT : FIT_NONE;
}

/* What all lines of a field come to for one candidate. */
struct verdict {
	enum fit fit;
	unsigned weight;
	bool has_elements; /* at least one well-formed */
};

/* Of elements that fit equally the heaviest counts. */
static struct verdict accept_judge(const struct head *head, const struct field *field,
                                   struct str wanted, accept_fit *fit_of)
{
	struct verdict verdict = { FIT_NONE, 0, false };

	for (; field; field = head_next(head, field)) {
		struct str list = field->value, element;

		while (field_list_next(&list, &element)) {
			enum fit fit = fit_of(element, wanted);
			unsigned weight;

			if (!element_weight(element, &weight))
				continue;
			verdict.has_elements = true;
			if (fit < verdict.fit || fit == FIT_NONE ||
			    (fit == verdict.fit && weight <= verdict.weight))
				continue;
			verdict.fit = fit;
			verdict.weight = weight;
		}
	}
	return verdict;
}

unsigned accept_type(const struct head *head, struct str type)
{
	struct verdict verdict = accept_judge(head, head_field(head, FIELD_ACCEPT),
	                                      without_parameters(type), type_fit);

	return verdict.has_elements ? verdict.weight : WEIGHT_MAX;
}

unsigned accept_encoding(const struct head *head, struct str coding)
{
	const struct field *field = head_field(head, FIELD_ACCEPT_ENCODING);
	bool is_identity = str_eq_nocase(coding, STR_OF("identity"));
	struct verdict verdict = accept_judge(head, field, coding, coding_fit);

	if (!field || !verdict.has_elements)
		return is_identity ? WEIGHT_MAX : 0;
	if (is_identity && verdict.fit == FIT_NONE)
		return WEIGHT_UNNAMED_IDENTITY;
	return verdict.weight;
}

bool accept_prefers_json(const struct head *head)
{
	unsigned html = accept_type(head, STR_OF("text/html"));

	return accept_type(head, STR_OF("application/json")) > html ||
	       accept_type(head, STR_OF("application/problem+json")) > html;
}
