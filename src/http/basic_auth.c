#include "http/basic_auth.h"

#include "base/base64.h"

static bool basic_auth_is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return true;
}

bool basic_auth_parse(struct str value, char room[BASIC_AUTH_ROOM], struct basic_auth *out)
{
	struct str rest = value, scheme = str_cut(&rest, ' ');
	size_t len, colon;

	if (!str_eq_nocase(scheme, STR_OF("Basic")))
		return false;
	while (rest.len > 0 && rest.ptr[0] == ' ')
		rest = str_from_index(rest, 1);
	if (!base64_decode(rest, room, BASIC_AUTH_ROOM, &len))
		return false;
	/* The first colon: a password may have some, a user's name none. */
	colon = str_find(str_make(room, len), ':');
	if (colon == len)
		return false;
	out->user = str_make(room, colon);
	out->password = str_make(room + colon + 1, len - colon - 1);
	return out->user.len <= BASIC_AUTH_USER_MAX &&
	       out->password.len <= BASIC_AUTH_PASSWORD_MAX && basic_auth_is_clean(out->user) &&
	       basic_auth_is_clean(out->password);
}

void basic_auth_challenge(struct buf *out, struct str realm)
{
	buf_text(out, "Basic realm=\"");
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.ptr[i] == '"' || realm.ptr[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, realm.ptr[i]);
	}
	buf_text(out, "\", charset=\"UTF-8\"");
}
