#include "conf/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is being read, to notice one that includes itself. */
struct tree_file {
	struct tree_file *outer;
	struct str name;
	dev_t device;
	ino_t inode;
	unsigned depth;
};

struct str tree_absolute(const struct config *config, struct arena *arena, struct str path)
{
	struct buf buf;

	if (path.len > 0 && path.ptr[0] == '/')
		return arena_str(arena, path);
	buf = buf_in_arena(arena, config->prefix.len + path.len + 2);
	buf_add(&buf, config->prefix);
	buf_byte(&buf, '/');
	buf_add(&buf, path);
	buf_byte(&buf, '\0');
	buf.len--;
	return buf_str(&buf);
}

/* The whole of a descriptor. False and errno: EFBIG for one beyond the limit. */
static bool read_all(int fd, struct arena *arena, struct str *text)
{
	struct buf buf = buf_in_arena(arena, 4096);

	for (;;) {
		char *room = buf_room(&buf, buf.cap - buf.len > 0 ? buf.cap - buf.len : buf.cap);
		ssize_t n = read(fd, room, buf.cap - buf.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		buf.len += (size_t)n;
		if (buf.len > TREE_FILE_BYTES) {
			errno = EFBIG;
			return false;
		}
	}
	*text = buf_str(&buf);
	return true;
}

/*
 * Opened without waiting, because a FIFO that nobody writes to would block for ever; a pipe that a
 * shell made for "<(…)" is then read as usual.
 */
static int open_source(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) != 0)
		goto fail;
	if (S_ISDIR(st->st_mode)) {
		errno = EISDIR;
		goto fail;
	}
	if (S_ISREG(st->st_mode) && st->st_size > TREE_FILE_BYTES) {
		errno = EFBIG;
		goto fail;
	}
	fcntl(fd, F_SETFL, 0);
	return fd;
fail:
	close(fd);
	return -1;
}

static void say_unreadable(struct tree *tree, struct position at, struct str name, int why)
{
	struct diag_message *message = NULL;

	if (why == EFBIG)
		diag_add(tree->diag, DIAG_ERROR, at, "'%.*s' is larger than %d bytes",
		         STR_ARG(name), TREE_FILE_BYTES);
	else
		message = diag_add(tree->diag, DIAG_ERROR, at, "can't read '%.*s': %s",
		                   STR_ARG(name), strerror(why));
	if (why == ENOENT && at.source && name.len > 0 && name.ptr[0] != '/')
		diag_help(tree->diag, message,
		          "it is looked for beside this file, then below the prefix %.*s",
		          STR_ARG(tree->config->prefix));
}

/* Text has no control characters but tabs and line ends; the first other one ends the reading. */
static bool check_text(struct tree *tree, const struct source *source)
{
	uint32_t line = 1;
	size_t start = 0;

	for (size_t i = 0; i < source->text.len; i++) {
		unsigned char c = (unsigned char)source->text.ptr[i];
		struct position at = { source, line, (uint32_t)(i - start + 1), 1 };

		if (c == '\n') {
			line++;
			start = i + 1;
		} else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
			diag_help(tree->diag,
			          diag_add(tree->diag, DIAG_ERROR, at,
			                   "a control character (0x%02x) in a configuration", c),
			          "is this a text file?");
			return false;
		}
	}
	return true;
}

static struct node **parse_source(struct tree *tree, struct source *source, unsigned depth,
                                  bool raw, struct node **tail)
{
	tree->bytes += source->text.len;
	source->order = (unsigned)tree->files++;
	*LIST_ADD(&tree->config->arena, &tree->config->files) = source->name;
	if (!check_text(tree, source))
		return tail;
	return tree_parse(tree, source, depth, raw, tail);
}

static bool may_open(struct tree *tree, struct position at, struct str name, const struct stat *st)
{
	for (const struct tree_file *f = tree->open; f; f = f->outer) {
		if (f->inode == st->st_ino && f->device == st->st_dev && S_ISREG(st->st_mode)) {
			diag_add(tree->diag, DIAG_ERROR, at, "'%.*s' includes itself",
			         STR_ARG(name));
			return false;
		}
	}
	if (tree->open && tree->open->depth >= TREE_INCLUDES_MAX) {
		diag_add(tree->diag, DIAG_ERROR, at, "includes nest deeper than %d",
		         TREE_INCLUDES_MAX);
		return false;
	}
	return true;
}

static void close_source(void *fd)
{
	close(*(int *)fd);
}

/* The descriptor is in the arena's care meanwhile: a failed allocation leaves by longjmp. */
static bool read_source(struct tree *tree, struct position at, struct str name,
                        struct source *source, struct stat *st)
{
	int *fd = arena_alloc(tree->scratch, sizeof *fd);
	bool whole;

	source->name = name;
	*fd = open_source(name.ptr, st);
	if (*fd < 0) {
		say_unreadable(tree, at, name, errno);
		return false;
	}
	arena_defer(tree->scratch, close_source, fd);
	whole = may_open(tree, at, name, st);
	if (whole && !read_all(*fd, &tree->config->arena, &source->text)) {
		say_unreadable(tree, at, name, errno);
		whole = false;
	}
	arena_undefer(tree->scratch, close_source, fd);
	close_source(fd);
	return whole;
}

static struct node **read_file(struct tree *tree, struct position at, struct str name,
                               unsigned depth, bool raw, struct node **tail)
{
	struct tree_file file = { .outer = tree->open, .name = name };
	struct source *source = arena_zero(&tree->config->arena, sizeof *source);
	struct stat st;

	if (!read_source(tree, at, name, source, &st))
		return tail;
	file.device = st.st_dev;
	file.inode = st.st_ino;
	file.depth = tree->open ? tree->open->depth + 1 : 0;
	tree->open = &file;
	tail = parse_source(tree, source, depth, raw, tail);
	tree->open = file.outer;
	return tail;
}

/* The path beside the file that includes it; C string. */
static struct str beside(struct tree *tree, struct str path)
{
	struct str name = tree->open ? tree->open->name : tree->config->path;
	size_t slash = str_find_last(name, '/');
	struct buf buf;

	if (path.ptr[0] == '/' || slash == name.len)
		return arena_str(&tree->config->arena, path);
	buf = buf_in_arena(&tree->config->arena, slash + path.len + 2);
	buf_add(&buf, str_head(name, slash + 1));
	buf_add(&buf, path);
	buf_byte(&buf, '\0');
	buf.len--;
	return buf_str(&buf);
}

static bool is_glob(struct str path)
{
	return str_find(path, '*') < path.len || str_find(path, '?') < path.len ||
	       str_find(path, '[') < path.len;
}

static bool too_many(struct tree *tree, struct position at)
{
	if (tree->files < TREE_FILES_MAX && tree->bytes < TREE_ALL_BYTES)
		return false;
	if (tree->files < 2 * TREE_FILES_MAX)
		diag_add(tree->diag, DIAG_ERROR, at, "more than %d files or %d bytes are included",
		         TREE_FILES_MAX, TREE_ALL_BYTES);
	tree->files = 2 * TREE_FILES_MAX; /* said once, and nothing more is read */
	return true;
}

static void end_glob(void *found)
{
	globfree(found);
}

/* A pattern that matches nothing is fine: conf.d may be empty. */
static struct node **include_glob(struct tree *tree, const struct token *arg, unsigned depth,
                                  bool raw, struct node **tail)
{
	struct str pattern = beside(tree, arg->text);
	glob_t *found = arena_zero(tree->scratch, sizeof *found);
	int rc = glob(pattern.ptr, 0, NULL, found);

	if (rc == GLOB_NOMATCH) {
		pattern = tree_absolute(tree->config, &tree->config->arena, arg->text);
		rc = glob(pattern.ptr, 0, NULL, found);
	}
	if (rc == GLOB_NOMATCH)
		return tail;
	if (rc != 0) {
		diag_add(tree->diag, DIAG_ERROR, arg->at, "can't expand '%.*s'",
		         STR_ARG(arg->text));
		return tail;
	}
	arena_defer(tree->scratch, end_glob, found);
	for (size_t i = 0; i < found->gl_pathc && !too_many(tree, arg->at); i++) {
		struct str name = arena_str(&tree->config->arena, str_from(found->gl_pathv[i]));

		tail = read_file(tree, arg->at, name, depth, raw, tail);
	}
	return tail;
}

struct node **tree_include(struct tree *tree, const struct node *statement, unsigned depth,
                           bool raw, struct node **tail)
{
	const struct token *arg = statement->args;
	struct str name;

	if (statement->arg_count != 1 || arg->text.len == 0) {
		diag_help(tree->diag,
		          diag_add(tree->diag, DIAG_ERROR, statement->name.at,
		                   "'include' takes 1 argument"),
		          "include FILE | GLOB;");
		return tail;
	}
	if (is_glob(arg->text))
		return include_glob(tree, arg, depth, raw, tail);
	if (too_many(tree, arg->at))
		return tail;
	name = beside(tree, arg->text);
	if (access(name.ptr, F_OK) != 0) {
		struct str other = tree_absolute(tree->config, &tree->config->arena, arg->text);

		name = access(other.ptr, F_OK) == 0 ? other : name;
	}
	return read_file(tree, arg->at, name, depth, raw, tail);
}

static void find_prefix(struct tree *tree, const struct config_source *source)
{
	struct arena *arena = &tree->config->arena;
	struct str given = str_from(source->prefix);
	char cwd[PATH_MAX_BYTES];

	while (given.len > 1 && given.ptr[given.len - 1] == '/')
		given.len--;
	if (!getcwd(cwd, sizeof cwd))
		memcpy(cwd, "/", 2);
	tree->config->prefix = str_from(cwd);
	if (given.len > 0 && !str_eq(given, STR_OF(".")))
		tree->config->prefix = tree_absolute(tree->config, arena, given);
	else
		tree->config->prefix = arena_str(arena, tree->config->prefix);
}

struct node *tree_load(struct tree *tree, const struct config_source *source)
{
	struct arena *arena = &tree->config->arena;
	struct node *first = NULL;

	find_prefix(tree, source);
	tree->config->path = arena_str(arena, str_from(source->path));
	if (source->text) {
		struct source *text = arena_zero(arena, sizeof *text);

		text->name = tree->config->path;
		text->text = arena_str(arena, str_from(source->text));
		parse_source(tree, text, 0, false, &first);
	} else {
		read_file(tree, (struct position){ .source = NULL }, tree->config->path, 0, false,
		          &first);
	}
	return first;
}
