#include "base/path.h"

#include "refuse.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- a directory to be confined to, and what lies around it ----------------------------------------- */

enum node_kind { NODE_DIR, NODE_FILE, NODE_FIFO, NODE_LINK };

/* '@' in a link's target stands for the temporary directory. */
static const struct {
	enum node_kind kind;
	const char *path, *text;
} nodes[] = {
	{ NODE_FILE, "outside.txt", "outside" },
	{ NODE_DIR, "other", NULL },
	{ NODE_FILE, "other/secret.txt", "secret" },
	{ NODE_DIR, "root", NULL },
	{ NODE_DIR, "root-twin", NULL },
	{ NODE_FILE, "root-twin/file.txt", "twin" },
	{ NODE_LINK, "alias", "root" },
	{ NODE_FILE, "root/file.txt", "file" },
	{ NODE_FILE, "root/..x", "dots" },
	{ NODE_DIR, "root/dir", NULL },
	{ NODE_FILE, "root/dir/deep.txt", "deep" },
	{ NODE_FIFO, "root/fifo", NULL },
	{ NODE_LINK, "root/rel", "dir/deep.txt" },
	{ NODE_LINK, "root/dirlink", "dir" },
	{ NODE_LINK, "root/dir/back", "../file.txt" },
	{ NODE_LINK, "root/dir/toabs", "@/root/rel" },
	{ NODE_LINK, "root/abs", "@/root/file.txt" },
	{ NODE_LINK, "root/absdir", "@/root/dir" },
	{ NODE_LINK, "root/absroot", "@/root" },
	{ NODE_LINK, "root/absalias", "@/alias/file.txt" },
	{ NODE_LINK, "root/absback", "@/root/../root/file.txt" },
	{ NODE_LINK, "root/chain", "absdir/toabs" },
	{ NODE_LINK, "root/up", "../root/file.txt" },
	{ NODE_LINK, "root/out", "../outside.txt" },
	{ NODE_LINK, "root/dirout", "../other" },
	{ NODE_LINK, "root/absout", "@/outside.txt" },
	{ NODE_LINK, "root/absdots", "@/root/../outside.txt" },
	{ NODE_LINK, "root/abstwin", "@/root-twin/file.txt" },
	{ NODE_LINK, "root/insideout", "absdir/../../outside.txt" },
	{ NODE_LINK, "root/magic", "/proc/self/cwd/outside.txt" },
	{ NODE_LINK, "root/loop", "loop2" },
	{ NODE_LINK, "root/loop2", "loop" },
	{ NODE_LINK, "root/absloop", "@/root/absloop" },
	{ NODE_LINK, "root/dangling", "nowhere" },
	{ NODE_LINK, "root/absdangling", "@/root/nowhere" },
};

static char base[] = "/tmp/test-path-XXXXXX";
static int root = -1;

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file != NULL, "%s", path);
	fputs(text, file);
	fclose(file);
}

static void make_link(const char *path, const char *text)
{
	char target[200];

	snprintf(target, sizeof target, "%s%s", *text == '@' ? base : "", text + (*text == '@'));
	cr_assert(eq(int, symlink(target, path), 0), "%s", path);
}

static void make_tree(void)
{
	cr_assert(mkdtemp(base) != NULL);
	cr_assert(eq(int, chdir(base), 0));
	for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
		switch (nodes[i].kind) {
		case NODE_DIR:
			cr_assert(eq(int, mkdir(nodes[i].path, 0755), 0));
			break;
		case NODE_FILE:
			make_file(nodes[i].path, nodes[i].text);
			break;
		case NODE_FIFO:
			cr_assert(eq(int, mkfifo(nodes[i].path, 0644), 0));
			break;
		case NODE_LINK:
			make_link(nodes[i].path, nodes[i].text);
			break;
		}
	root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert(ge(int, root, 0));
}

static int remove_node(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void remove_tree(void)
{
	close(root);
	nftw(base, remove_node, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(path, .init = make_tree, .fini = remove_tree, .timeout = 20);

/* ---- path_open ------------------------------------------------------------------------------------- */

static const char *const mode_names[] = { "inside", "none", "owner", "all" };

/* What is read there, or "<dir>"; and the errors by enum path_links. */
static const struct {
	const char *name;
	struct str path;
	const char *content;
	int error[4];
} rows[] = {
	{ "a file", STR("file.txt"), "file", { 0 } },
	{ "a file further down", STR("dir/deep.txt"), "deep", { 0 } },
	{ "the root itself", STR(""), "<dir>", { 0 } },
	{ "the root by its dot", STR("."), "<dir>", { 0 } },
	{ "a directory", STR("dir"), "<dir>", { 0 } },
	{ "a directory with its slash", STR("dir/"), "<dir>", { 0 } },
	{ "two slashes are one", STR("dir//deep.txt"), "deep", { 0 } },
	{ "a dot is no step", STR("./dir/./deep.txt"), "deep", { 0 } },
	{ "a name may begin with two dots", STR("..x"), "dots", { 0 } },
	{ "a FIFO is not waited for", STR("fifo"), "", { 0 } },
	{ "no such file", STR("nowhere"), NULL, { ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "no such directory", STR("nowhere/x"), NULL, { ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "a file with a slash", STR("file.txt/"), NULL, { ENOTDIR, ENOTDIR, ENOTDIR, ENOTDIR } },
	{ "a file as directory", STR("file.txt/x"), NULL, { ENOTDIR, ENOTDIR, ENOTDIR, ENOTDIR } },
	{ "a leading slash counts nothing", STR("/file.txt"), "file", { 0 } },
	{ "nor do many", STR("///dir/deep.txt"), "deep", { 0 } },
	{ "a slash alone is the root", STR("/"), "<dir>", { 0 } },
	{ "an absolute path does not lead out",
	  STR("/etc/passwd"),
	  NULL,
	  { ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "nor does one with two slashes",
	  STR("//etc/passwd"),
	  NULL,
	  { ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "the parent", STR(".."), NULL, { EXDEV, EXDEV, EXDEV, EXDEV } },
	{ "out by dots", STR("../outside.txt"), NULL, { EXDEV, EXDEV, EXDEV, EXDEV } },
	{ "out by dots further down",
	  STR("dir/../../outside.txt"),
	  NULL,
	  { EXDEV, EXDEV, EXDEV, EXDEV } },
	{ "dots at the end", STR("dir/.."), NULL, { EXDEV, EXDEV, EXDEV, EXDEV } },
	{ "a NUL in the path", STR("file.txt\0.png"), NULL, { EINVAL, EINVAL, EINVAL, EINVAL } },
	{ "a NUL alone", STR("\0"), NULL, { EINVAL, EINVAL, EINVAL, EINVAL } },

	{ "a link beside its target", STR("rel"), "deep", { 0, ELOOP, 0, 0 } },
	{ "a link to a directory", STR("dirlink/deep.txt"), "deep", { 0, ELOOP, 0, 0 } },
	{ "a link up and down again inside", STR("dir/back"), "file", { 0, ELOOP, 0, 0 } },
	{ "a link to a file has no slash",
	  STR("rel/"),
	  NULL,
	  { ENOTDIR, ELOOP, ENOTDIR, ENOTDIR } },
	{ "an absolute link inside", STR("abs"), "file", { 0, ELOOP, 0, 0 } },
	{ "an absolute link to a directory", STR("absdir/deep.txt"), "deep", { 0, ELOOP, 0, 0 } },
	{ "an absolute link and dots behind it", STR("absdir/back"), "file", { 0, ELOOP, 0, 0 } },
	{ "an absolute link to the root", STR("absroot/file.txt"), "file", { 0, ELOOP, 0, 0 } },
	{ "and nothing behind it", STR("absroot"), "<dir>", { 0, ELOOP, 0, 0 } },
	{ "an absolute link by the root's other name",
	  STR("absalias"),
	  "file",
	  { 0, ELOOP, 0, 0 } },
	{ "an absolute link that comes back", STR("absback"), "file", { 0, ELOOP, 0, 0 } },
	{ "links through links", STR("chain"), "deep", { 0, ELOOP, 0, 0 } },
	{ "an absolute link to a file has no slash",
	  STR("abs/"),
	  NULL,
	  { ENOTDIR, ELOOP, ENOTDIR, ENOTDIR } },

	{ "a link out", STR("out"), "outside", { EXDEV, ELOOP, 0, 0 } },
	{ "a link to a directory outside",
	  STR("dirout/secret.txt"),
	  "secret",
	  { EXDEV, ELOOP, 0, 0 } },
	{ "a link that leaves and comes back", STR("up"), "file", { EXDEV, ELOOP, 0, 0 } },
	{ "an absolute link out", STR("absout"), "outside", { EXDEV, ELOOP, 0, 0 } },
	{ "an absolute link out by dots", STR("absdots"), "outside", { EXDEV, ELOOP, 0, 0 } },
	{ "a neighbour whose name begins alike", STR("abstwin"), "twin", { EXDEV, ELOOP, 0, 0 } },
	{ "in by an absolute link and out by dots",
	  STR("insideout"),
	  "outside",
	  { EXDEV, ELOOP, 0, 0 } },
	{ "a magic link of /proc", STR("magic"), "outside", { EXDEV, ELOOP, 0, 0 } },
	{ "links in a circle", STR("loop"), NULL, { ELOOP, ELOOP, ELOOP, ELOOP } },
	{ "an absolute link to itself", STR("absloop"), NULL, { ELOOP, ELOOP, ELOOP, ELOOP } },
	{ "a link to nothing", STR("dangling"), NULL, { ENOENT, ELOOP, ENOENT, ENOENT } },
	{ "an absolute link to nothing",
	  STR("absdangling"),
	  NULL,
	  { ENOENT, ELOOP, ENOENT, ENOENT } },
};

/* Closes the descriptor. */
static struct str content_of(int fd, char room[32])
{
	struct stat st;
	ssize_t n = 0;

	cr_assert(eq(int, fstat(fd, &st), 0));
	if (!S_ISDIR(st.st_mode))
		n = read(fd, room, 32);
	close(fd);
	return S_ISDIR(st.st_mode) ? STR_OF("<dir>") : str_make(room, n > 0 ? (size_t)n : 0);
}

static void check_row(size_t i, enum path_links links)
{
	const char *name = rows[i].name, *mode = mode_names[links];
	int fd, error;
	char room[32];

	errno = 0;
	fd = path_open(root, rows[i].path, O_RDONLY, links);
	error = fd < 0 ? errno : 0;
	cr_expect(eq(int, error, rows[i].error[links]), "%s (links: %s)", name, mode);
	if (fd < 0)
		return;
	cr_expect(eq(int, fcntl(fd, F_GETFD), FD_CLOEXEC), "%s (links: %s)", name, mode);
	cr_expect(ne(int, fcntl(fd, F_GETFL) & O_NONBLOCK, 0), "%s (links: %s)", name, mode);
	cr_expect(rows[i].content && str_eq(content_of(fd, room), str_from(rows[i].content)),
	          "%s (links: %s)", name, mode);
}

static void check_rows(void)
{
	int before = dup(root), after;

	close(before);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int links = PATH_LINKS_INSIDE; links <= PATH_LINKS_ALL; links++)
			check_row(i, (enum path_links)links);
	after = dup(root);
	close(after);
	cr_expect(eq(int, after, before), "no descriptor is left over");
}

Test(path, open)
{
	check_rows();
}

Test(path, open_without_openat2)
{
	refuse_call(SYS_openat2, 0, 0, ENOSYS);
	check_rows();
}

Test(path, open_where_openat2_is_forbidden)
{
	refuse_call(SYS_openat2, 0, 0, EPERM);
	check_rows();
}

/* The kernel says so when something was renamed, anywhere, while it went through "..". */
Test(path, open_while_names_change)
{
	struct str path = STR("dir/back");
	char room[32];
	int fd;

	refuse_call(SYS_openat2, 0, 0, EAGAIN);
	fd = path_open(root, path, O_RDONLY, PATH_LINKS_INSIDE);
	cr_expect(eq(int, fd, -1), "when it never ends, that is a failure");
	cr_expect(eq(int, errno, EAGAIN));
	fd = path_open(root, path, O_RDONLY, PATH_LINKS_ALL);
	cr_assert(ge(int, fd, 0));
	cr_expect(str_eq(content_of(fd, room), STR_OF("file")));
}

/* As listings look at what a name is, without the right to read it. */
static void check_look(void)
{
	static const struct str link = STR("rel");
	struct stat st;
	int fd = path_open(root, link, O_PATH, PATH_LINKS_INSIDE);

	cr_assert(ge(int, fd, 0));
	fstat(fd, &st);
	cr_expect(eq(uint, st.st_mode & S_IFMT, S_IFREG),
	          "O_PATH follows a link that may be followed");
	close(fd);
	cr_expect(eq(int, path_open(root, link, O_PATH, PATH_LINKS_NONE), -1));
	cr_expect(eq(int, errno, ELOOP), "and does not give a link that may not");
	fd = path_open(root, link, O_PATH, PATH_LINKS_OWNER);
	cr_assert(ge(int, fd, 0));
	fstat(fd, &st);
	cr_expect(eq(uint, st.st_mode & S_IFMT, S_IFREG));
	close(fd);
}

Test(path, look)
{
	check_look();
	refuse_call(SYS_openat2, 0, 0, ENOSYS);
	check_look();
}

Test(path, long_paths)
{
	char path[PATH_MAX_BYTES];
	int fd;

	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : '.';
	for (int links = PATH_LINKS_INSIDE; links <= PATH_LINKS_ALL; links++) {
		fd = path_open(root, str_make(path, sizeof path - 1), O_RDONLY,
		               (enum path_links)links);
		cr_expect(ge(int, fd, 0), "4,095 bytes (links: %s)", mode_names[links]);
		close(fd);
		fd = path_open(root, str_make(path, sizeof path), O_RDONLY, (enum path_links)links);
		cr_expect(eq(int, fd, -1), "4,096 bytes (links: %s)", mode_names[links]);
		cr_expect(eq(int, errno, ENAMETOOLONG));
	}
	memset(path, 'x', 300);
	memcpy(path, "absdir/", 7);
	fd = path_open(root, str_make(path, 300), O_RDONLY, PATH_LINKS_INSIDE);
	cr_expect(eq(int, fd, -1), "a name of 293 bytes behind an absolute link");
	cr_expect(eq(int, errno, ENAMETOOLONG));
}

static const struct {
	const char *name;
	const char *path, *link, *target; /* whose owners are set */
	uid_t link_owner, target_owner;
	int error;
} owner_rows[] = {
	{ "both are somebody else's", "rel", "root/rel", "root/dir/deep.txt", 12, 12, 0 },
	{ "the link is somebody else's", "rel", "root/rel", "root/dir/deep.txt", 12, 0, ELOOP },
	{ "the target is somebody else's", "rel", "root/rel", "root/dir/deep.txt", 0, 12, ELOOP },
	{ "the target outside is somebody else's", "out", "root/out", "outside.txt", 12, 0, ELOOP },
	{ "the directory behind a link on the way", "dirlink/deep.txt", "root/dirlink", "root/dir",
	  12, 0, ELOOP },
	{ "a file behind a link whose owners agree", "dirlink/deep.txt", "root/dirlink", "root/dir",
	  12, 12, 0 },
};

Test(path, owners)
{
	if (geteuid() != 0) {
		remove_tree(); /* a skipped test is not tidied up after */
		cr_skip_test("only root can give files away");
	}
	for (size_t i = 0; i < sizeof owner_rows / sizeof owner_rows[0]; i++) {
		int fd;

		cr_assert(eq(int, lchown(owner_rows[i].link, owner_rows[i].link_owner, 0), 0));
		cr_assert(eq(int, lchown(owner_rows[i].target, owner_rows[i].target_owner, 0), 0));
		errno = 0;
		fd = path_open(root, str_from(owner_rows[i].path), O_RDONLY, PATH_LINKS_OWNER);
		cr_expect(eq(int, fd < 0 ? errno : 0, owner_rows[i].error), "%s",
		          owner_rows[i].name);
		if (fd >= 0)
			close(fd);
		cr_assert(eq(int, lchown(owner_rows[i].link, 0, 0), 0));
		cr_assert(eq(int, lchown(owner_rows[i].target, 0, 0), 0));
	}
}

/* ---- the parent, and hidden names ------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *path, *last;
	int error;
} parent_rows[] = {
	{ "a name in the root", "file.txt", "file.txt", 0 },
	{ "a name further down", "dir/deep.txt", "deep.txt", 0 },
	{ "a name behind an absolute link", "absdir/deep.txt", "deep.txt", 0 },
	{ "the last name may be a link: it is not followed", "out", "out", 0 },
	{ "nothing", "", NULL, EINVAL },
	{ "a slash at the end", "dir/", NULL, EINVAL },
	{ "a dot", ".", NULL, EINVAL },
	{ "two dots", "..", NULL, EINVAL },
	{ "a dot at the end", "dir/.", NULL, EINVAL },
	{ "two dots at the end", "dir/..", NULL, EINVAL },
	{ "a parent outside", "../outside.txt", NULL, EXDEV },
	{ "a parent behind a link out", "dirout/secret.txt", NULL, EXDEV },
	{ "a leading slash counts nothing", "/file.txt", "file.txt", 0 },
	{ "an absolute path does not lead out", "/etc/passwd", NULL, ENOENT },
	{ "no parent", "nowhere/x", NULL, ENOENT },
	{ "a parent that is a file", "file.txt/x", NULL, ENOTDIR },
};

Test(path, parents)
{
	for (size_t i = 0; i < sizeof parent_rows / sizeof parent_rows[0]; i++) {
		struct str path = str_from(parent_rows[i].path), name = { NULL, 0 };
		struct stat st;
		int fd;

		errno = 0;
		fd = path_open_parent(root, path, PATH_LINKS_INSIDE, &name);
		cr_expect(eq(int, fd < 0 ? errno : 0, parent_rows[i].error), "%s",
		          parent_rows[i].name);
		if (fd < 0)
			continue;
		cr_expect(str_eq(name, str_from(parent_rows[i].last)), "%s", parent_rows[i].name);
		cr_expect(eq(int, fstatat(fd, parent_rows[i].last, &st, AT_SYMLINK_NOFOLLOW), 0),
		          "%s", parent_rows[i].name);
		close(fd);
	}
}

static const struct {
	const char *path;
	bool hidden;
} hidden_rows[] = {
	{ "", false },
	{ "/", false },
	{ "/index.html", false },
	{ "index.html", false },
	{ "/a.b/c..d/e.", false },
	{ "/.htaccess", true },
	{ ".htaccess", true },
	{ "/.git/config", true },
	{ "/a/.git", true },
	{ "/a/.git/", true },
	{ "/.", true },
	{ "/..", true },
	{ "/.well-known/acme-challenge/x", false },
	{ "/.well-known/", false },
	{ "/.well-known", true },
	{ "/.well-known2/x", true },
	{ "/.well-known/.secret", true },
	{ "/.well-known/a/.secret", true },
	{ "/a/.well-known/x", true },
};

Test(path_names, hidden)
{
	for (size_t i = 0; i < sizeof hidden_rows / sizeof hidden_rows[0]; i++)
		cr_expect(path_is_hidden(str_from(hidden_rows[i].path)) == hidden_rows[i].hidden,
		          "'%s'", hidden_rows[i].path);
}
