#include "conf/htpasswd.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *htpasswd_fault(const struct password_library *library, struct str line,
                                  const struct htpasswd_line *made)
{
	if (str_find(line, ':') == line.len)
		return "has no colon between name and hash";
	if (made->user.len == 0)
		return "has no name";
	if (made->user.len > HTPASSWD_USER_MAX)
		return "has a name of more than 255 bytes";
	if (made->hash.len == 0)
		return "has no hash";
	return password_hash_fault(library, made->hash);
}

bool htpasswd_next(struct str *text, unsigned *number, const struct password_library *library,
                   struct htpasswd_line *line)
{
	while (text->len > 0) {
		struct str whole = str_cut(text, '\n'), rest;

		++*number;
		if (str_ends_with(whole, STR_OF("\r")))
			whole.len--;
		if (str_trim(whole).len == 0 || whole.ptr[0] == '#')
			continue;
		rest = whole;
		*line = (struct htpasswd_line){ .number = *number };
		line->user = str_cut(&rest, ':');
		line->hash = str_cut(&rest, ':');
		line->fault = htpasswd_fault(library, whole, line);
		return true;
	}
	return false;
}

struct str htpasswd_read(int fd, struct arena *arena)
{
	struct str none = { NULL, 0 };
	struct stat st;
	size_t len = 0;
	char *room;

	if (fstat(fd, &st) != 0)
		return none;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode))
		return none;
	errno = EFBIG;
	if (st.st_size > HTPASSWD_FILE_MAX)
		return none;
	errno = ENOMEM;
	room = arena_alloc(arena, (size_t)st.st_size + 1);
	if (!room)
		return none;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, room + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return none;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return str_make(room, len);
}
