#include "http/accept.h"
#include "server/decide_steps.h"
#include "server/request.h"
#include "server/trace.h"

/* Best first where the client likes them equally: by how small they usually make a file. */
static const struct variant variants[] = {
	{ .coding = STR("br"),
	  .suffix = STR(".br"),
	  .tag = STR("-br\""),
	  .directive = "brotli_static" },
	{ .coding = STR("zstd"),
	  .suffix = STR(".zst"),
	  .tag = STR("-zst\""),
	  .directive = "zstd_static" },
	{ .coding = STR("gzip"),
	  .suffix = STR(".gz"),
	  .tag = STR("-gz\""),
	  .directive = "gzip_static" },
};

enum { VARIANTS = sizeof variants / sizeof *variants };

/* What the client gives for each that the location has; 0: not wanted, or tried already. */
static void variant_weights(const struct request *r, unsigned weights[VARIANTS])
{
	const struct settings *set = request_settings(r);
	const bool on[VARIANTS] = { set->brotli_static, set->zstd_static, set->gzip_static };

	for (size_t i = 0; i < VARIANTS; i++)
		weights[i] = on[i] ? accept_encoding(&r->head, variants[i].coding) : 0;
}

static size_t variant_heaviest(const unsigned weights[VARIANTS])
{
	size_t best = 0;

	for (size_t i = 1; i < VARIANTS; i++)
		if (weights[i] > weights[best])
			best = i;
	return best;
}

/*
 * Not older than the file it was made from. Some tools copy the file's time without its fraction, or without
 * the last digits of it: then only what they copied can be compared.
 */
static bool variant_is_current(const struct file *sibling, const struct file *file)
{
	struct timespec a = sibling->modified, b = file->modified;
	long unit = a.tv_nsec == 0 ? 1000000000 : a.tv_nsec % 1000 == 0 ? 1000 : 1;

	b.tv_nsec -= b.tv_nsec % unit;
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec >= b.tv_nsec);
}

/* One that may not be read, or is no file, is not there: the file itself is a good answer, too. */
static struct file *variant_open(struct request *r, struct file_view *view,
                                 const struct variant *variant, const struct file *file)
{
	struct decision *d = &r->decision;
	struct str path = decide_join(r, d->path, variant->suffix);
	struct file *sibling = path.ptr ? decide_open(r, view, d->dir, path) : NULL;

	if (!sibling || sibling->kind != FILE_REGULAR)
		return NULL;
	if (variant_is_current(sibling, file))
		return sibling;
	TRACE(r, variant->directive, "it is older than the file");
	return NULL;
}

/* Nobody may stand in for another's file by storing one of a longer name beside it. */
static bool variant_is_stored(struct request *r)
{
	struct str rest;

	if (decide_store_of(r->config, r->decision.dir, r->decision.path, &r->arena, &rest) ==
	    CONFIG_NONE)
		return false;
	TRACE(r, "upload_store", "nothing in it has siblings");
	return true;
}

/* Siblings may have one time and one size: `"TIME-SIZE"` becomes `"TIME-SIZE-gz"`. */
static struct str variant_etag(struct request *r, const struct variant *variant,
                               const struct file *sibling)
{
	struct str plain = file_etag(sibling);

	return decide_join(r, str_head(plain, plain.len - 1), variant->tag);
}

enum decided decide_variant(struct request *r, struct file_view *view)
{
	struct decision *d = &r->decision;
	unsigned weights[VARIANTS];

	d->varies = true;
	variant_weights(r, weights);
	if (weights[variant_heaviest(weights)] == 0 || variant_is_stored(r))
		return DECIDE_ON;
	for (size_t i; weights[i = variant_heaviest(weights)] > 0; weights[i] = 0) {
		struct file *sibling;

		/* "identity" is asked about only where the client may prefer it. */
		if (weights[i] < 1000 && weights[i] < accept_encoding(&r->head, STR_OF("identity")))
			break;
		sibling = variant_open(r, view, &variants[i], d->file);
		if (!sibling)
			continue;
		TRACE(r, variants[i].directive,
		      "it stands for the file, as the client accepts %.*s",
		      STR_ARG(variants[i].coding));
		d->file = sibling;
		d->variant = &variants[i];
		d->etag = variant_etag(r, d->variant, sibling);
		return d->etag.ptr ? DECIDE_ON : decide_error(r, 500, "out of memory");
	}
	return DECIDE_ON;
}
