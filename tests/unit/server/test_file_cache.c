#include "server/file_cache.h"

#include "base/clock.h"
#include "net/io.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct stored {
	struct tree tree;
	int dir;
	_Atomic uint64_t epoch;
	struct file_cache files;
};

static const struct file_cache_limits roomy = {
	.max = 1 << 20, .entry = 1000, .fds = 100, .missing = 100, .valid = 1000
};

static void open_stored(struct stored *s, const struct file_cache_limits *limits)
{
	*s = (struct stored){ 0 };
	clock_set(100000, 784111777);
	tree_open(&s->tree);
	s->dir = s->tree.rootfd;
	file_cache_init(&s->files, &s->dir, limits, &s->epoch);
}

static void close_stored(struct stored *s)
{
	file_cache_end(&s->files);
	cr_expect(eq(sz, s->files.weight, 0), "nothing weighs anything any more");
	tree_close(&s->tree);
}

static struct file *look(struct stored *s, const char *name)
{
	return s->files.view.open(&s->files.view, 0, str_from(name), PATH_LINKS_INSIDE);
}

/* Whether the content is this text; the file is given back. */
static bool reads(struct stored *s, const char *name, const char *text)
{
	struct file *f = look(s, name);
	bool same = text ? f->content && str_eq(str_make(f->content, f->size), str_from(text))
	                 : f->kind == FILE_MISSING;

	file_release(f);
	return same;
}

static void later(unsigned ms)
{
	clock_set(clock_now() + ms, clock_cached.wall.tv_sec);
}

Test(file_cache, a_file_is_read_once_and_then_known)
{
	struct stored s;
	struct file *first, *second;

	open_stored(&s, &roomy);
	tree_put(&s.tree, "a", "text");
	first = look(&s, "a");
	second = look(&s, "a");
	cr_expect(first == second);
	cr_expect(eq(u64, s.files.hits, 1));
	cr_expect(eq(u64, s.files.misses, 1));
	cr_expect(eq(i32, first->fd, -1), "a small file needs no descriptor");
	cr_expect(eq(u32, first->users, 3));
	file_release(first);
	file_release(second);
	close_stored(&s);
}

/* What happens to the file behind the cache's back. */
static void write_other(struct tree *t)
{
	tree_put(t, "a", "tex2");
	tree_touch(t, "a", TREE_TIME + 1);
}

static void write_longer(struct tree *t)
{
	tree_put(t, "a", "longer");
}

static void write_in_the_same_second(struct tree *t)
{
	tree_put(t, "a", "tex2"); /* and the same modification time: the inode's change tells */
}

static void replace(struct tree *t)
{
	tree_put(t, "b", "tex2");
	cr_assert(renameat(t->rootfd, "b", t->rootfd, "a") == 0);
}

static void delete (struct tree *t)
{
	cr_assert(unlinkat(t->rootfd, "a", 0) == 0);
}

static void forbid(struct tree *t)
{
	cr_assert(fchmodat(t->rootfd, "a", 0600, 0) == 0);
}

static void nothing(struct tree *t)
{
	(void)t;
}

static const struct {
	const char *name;
	void (*happens)(struct tree *t);
	const char *then; /* NULL: missing */
	bool is_read_anew;
} changes[] = {
	{ "nothing", nothing, "text", false },
	{ "another text of the same length", write_other, "tex2", true },
	{ "a longer text with the same time", write_longer, "longer", true },
	{ "another text with the same length and time", write_in_the_same_second, "tex2", true },
	{ "another file under its name", replace, "tex2", true },
	{ "other permissions", forbid, "text", true },
	{ "its end", delete, NULL, true },
};

Test(file_cache, what_changes_behind_its_back_is_noticed_after_valid_or_with_the_epoch)
{
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		for (int by_epoch = 0; by_epoch < 2; by_epoch++) {
			struct stored s;

			open_stored(&s, &roomy);
			tree_put(&s.tree, "a", "text");
			cr_expect(reads(&s, "a", "text"));
			usleep(i > 0 ? 10000 : 0); /* the kernel's clock has ticks of 4 ms */
			changes[i].happens(&s.tree);
			later(999);
			cr_expect(reads(&s, "a", "text"), "%s: not looked at before its time",
			          changes[i].name);
			if (by_epoch)
				file_cache_touch(&s.files);
			else
				later(1);
			cr_expect(reads(&s, "a", changes[i].then), "%s", changes[i].name);
			cr_expect(eq(u64, s.files.misses, changes[i].is_read_anew ? 2 : 1), "%s",
			          changes[i].name);
			close_stored(&s);
		}
}

Test(file_cache, a_missing_name_is_known_until_somebody_makes_it)
{
	struct stored s;

	open_stored(&s, &roomy);
	cr_expect(reads(&s, "a", NULL));
	tree_put(&s.tree, "a", "text");
	cr_expect(reads(&s, "a", NULL), "not looked at before its time");
	file_cache_touch(&s.files);
	cr_expect(reads(&s, "a", "text"));
	close_stored(&s);
}

Test(file_cache, whoever_holds_a_file_keeps_its_version_whole)
{
	struct stored s;
	struct file *old, *large;
	char room[8];

	open_stored(&s, &roomy);
	tree_put(&s.tree, "a", "text");
	tree_put_size(&s.tree, "large", 5000);
	old = look(&s, "a");
	large = look(&s, "large");
	cr_expect(large->content == NULL && large->fd >= 0, "too large for memory");
	replace(&s.tree);
	tree_put(&s.tree, "new", "short");
	cr_assert(renameat(s.tree.rootfd, "new", s.tree.rootfd, "large") == 0);
	file_cache_touch(&s.files);
	cr_expect(reads(&s, "a", "tex2"));
	cr_expect(reads(&s, "large", "short"));
	cr_expect(eq(sz, (size_t)old->size, 4));
	cr_expect(memcmp(old->content, "text", 4) == 0);
	cr_expect(eq(sz, (size_t)large->size, 5000));
	cr_expect(pread(large->fd, room, 4, 4992) == 4 && memcmp(room, "0123", 4) == 0);
	file_release(old);
	file_release(large);
	close_stored(&s);
}

/* A writer who comes between the look at the size and the read. */
static struct tree *written_to;
static const char *writes;

static ssize_t pread_late(int fd, void *data, size_t len, off_t offset)
{
	tree_put(written_to, "a", writes);
	return pread(fd, data, len, offset);
}

Test(file_cache, a_file_that_is_written_while_it_is_read_is_not_kept)
{
	static const char *const texts[] = { "longer than before", "less", "same length" };
	struct io_calls calls = io_system;

	calls.pread = pread_late;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct stored s;
		struct file *f;

		open_stored(&s, &roomy);
		tree_put(&s.tree, "a", "some letter");
		usleep(10000);
		written_to = &s.tree;
		writes = texts[i];
		io_active = &calls;
		f = look(&s, "a");
		io_active = &io_system;
		cr_expect(f->content == NULL, "%s: half of one, half of another", texts[i]);
		cr_expect(eq(sz, (size_t)f->size, 11), "the head that was promised");
		file_release(f);
		cr_expect(s.files.weight < 1000);
		close_stored(&s);
	}
}

/* Looks at names 0 to count - 1 in order, at 0 again after each. */
static void look_at_many(struct stored *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof name, "f%u", i);
		file_release(look(s, name));
		file_release(look(s, "f0"));
	}
}

static const struct {
	const char *name;
	struct file_cache_limits limits;
	size_t size; /* of the files; 0: there are none */
	enum file_list list;
	size_t least, most; /* entries kept of 50 */
} evictions[] = {
	{ "as many bytes as allowed",
	  { 16384, 1000, 100, 100, 1000 },
	  900,
	  FILE_LIST_CONTENT,
	  10,
	  16 },
	{ "as many descriptors as allowed", { 1 << 20, 0, 7, 100, 1000 }, 900, FILE_LIST_FD, 7, 7 },
	{ "as many missing names as allowed",
	  { 1 << 20, 0, 7, 9, 1000 },
	  0,
	  FILE_LIST_MISSING,
	  9,
	  9 },
	{ "missing names count as bytes, too",
	  { 4096, 0, 7, 99, 1000 },
	  0,
	  FILE_LIST_MISSING,
	  5,
	  20 },
	{ "no bytes: nothing", { 0, 1000, 7, 9, 1000 }, 900, FILE_LIST_CONTENT, 0, 0 },
	{ "no descriptors: none", { 1 << 20, 0, 0, 9, 1000 }, 900, FILE_LIST_FD, 0, 0 },
};

Test(file_cache, it_keeps_what_it_may_and_what_was_used_last)
{
	for (size_t i = 0; i < sizeof evictions / sizeof *evictions; i++) {
		struct stored s;
		uint64_t hits;

		open_stored(&s, &evictions[i].limits);
		for (unsigned n = 0; n < 50 && evictions[i].size > 0; n++) {
			char name[16];

			snprintf(name, sizeof name, "f%u", n);
			tree_put_size(&s.tree, name, evictions[i].size);
		}
		look_at_many(&s, 50);
		cr_expect(ge(sz, s.files.counts[evictions[i].list], evictions[i].least), "%s",
		          evictions[i].name);
		cr_expect(le(sz, s.files.counts[evictions[i].list], evictions[i].most), "%s",
		          evictions[i].name);
		cr_expect(le(sz, s.files.weight, evictions[i].limits.max), "%s: bytes",
		          evictions[i].name);
		hits = s.files.hits;
		file_release(look(&s, "f0"));
		cr_expect(eq(u64, s.files.hits - hits, evictions[i].most > 0 ? 1 : 0),
		          "%s: what is used all the time stays", evictions[i].name);
		hits = s.files.hits;
		file_release(look(&s, "f1"));
		cr_expect(eq(u64, s.files.hits, hits), "%s: the longest unused is gone",
		          evictions[i].name);
		close_stored(&s);
	}
}

Test(file_cache, answers_made_beforehand_count_and_go_with_their_file)
{
	struct file_cache_limits limits = roomy;
	struct stored s;
	struct file *f;
	size_t before;

	limits.max = 4096;
	open_stored(&s, &limits);
	tree_put(&s.tree, "a", "text");
	f = look(&s, "a");
	before = s.files.weight;
	for (unsigned i = 0; i < 3; i++) {
		struct file_block *b = calloc(1, sizeof *b + 1000);

		b->len = 1000;
		file_cache_add_block(&s.files, f, b);
	}
	cr_expect(gt(sz, s.files.weight, before + 3000));
	cr_expect(f->key.ptr != NULL, "there is room for three");
	for (unsigned i = 0; i < 2; i++) {
		struct file_block *b = calloc(1, sizeof *b + 1000);

		b->len = 1000;
		file_cache_add_block(&s.files, f, b);
	}
	cr_expect(f->key.ptr == NULL, "with more the file is no longer kept");
	cr_expect(eq(sz, s.files.weight, 0));
	cr_expect(f->blocks != NULL, "but whoever holds it can still send them");
	file_release(f);
	close_stored(&s);
}

static const struct {
	const char *name, *path;
	enum file_kind kind;
} kinds[] = {
	{ "a directory", "www", FILE_DIRECTORY },
	{ "the root itself", "", FILE_DIRECTORY },
	{ "a FIFO", "fifo", FILE_SPECIAL },
	{ "a link that leads out", "out", FILE_FORBIDDEN },
	{ "a link inside", "in", FILE_REGULAR },
	{ "a link to nothing", "dangling", FILE_MISSING },
	{ "a file as a directory", "a/b", FILE_MISSING },
	{ "a path that climbs out", "../a", FILE_FORBIDDEN },
};

Test(file_cache, only_files_and_missing_names_are_kept)
{
	struct stored s;
	char longest[PATH_MAX_BYTES + 10];
	struct file *f;

	open_stored(&s, &roomy);
	tree_put(&s.tree, "a", "text");
	cr_assert(mkfifoat(s.tree.rootfd, "fifo", 0600) == 0);
	cr_assert(symlinkat("/etc/passwd", s.tree.rootfd, "out") == 0);
	cr_assert(symlinkat("a", s.tree.rootfd, "in") == 0);
	cr_assert(symlinkat("none", s.tree.rootfd, "dangling") == 0);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		bool is_kept = kinds[i].kind == FILE_REGULAR || kinds[i].kind == FILE_MISSING;

		f = look(&s, kinds[i].path);
		cr_expect(eq(i32, (int)f->kind, (int)kinds[i].kind), "%s", kinds[i].name);
		cr_expect(is_kept == (f->key.ptr != NULL), "%s: kept or not", kinds[i].name);
		file_release(f);
	}
	f = s.files.view.open(&s.files.view, 0, STR_OF("in"), PATH_LINKS_NONE);
	cr_expect(eq(i32, (int)f->kind, (int)FILE_FORBIDDEN),
	          "links are treated anew by each rule");
	file_release(f);
	memset(longest, 'x', sizeof longest);
	f = s.files.view.open(&s.files.view, 0, str_make(longest, sizeof longest),
	                      PATH_LINKS_INSIDE);
	cr_expect(eq(i32, (int)f->kind, (int)FILE_MISSING), "no file has such a long name");
	file_release(f);
	close_stored(&s);
}
