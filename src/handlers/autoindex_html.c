#include "handlers/autoindex.h"
#include "handlers/autoindex_page.h"
#include "handlers/human.h"
#include "http/escape.h"
#include "http/mime.h"
#include "server/page.h"

/* ---- kinds of files ------------------------------------------------------------------------------------ */

/* The first row whose prefix the media type has names the icon. */
static const struct {
	struct str prefix;
	const char *icon;
} kinds[] = {
	{ STR("image/"), "image" },
	{ STR("audio/"), "audio" },
	{ STR("video/"), "video" },
	{ STR("text/x-"), "code" },
	{ STR("text/css"), "code" },
	{ STR("text/html"), "code" },
	{ STR("text/javascript"), "code" },
	{ STR("text/"), "text" },
	{ STR("application/json"), "code" },
	{ STR("application/xml"), "code" },
	{ STR("application/x-sh"), "code" },
	{ STR("application/pdf"), "text" },
	{ STR("application/rtf"), "text" },
	{ STR("application/msword"), "text" },
	{ STR("application/vnd.oasis.opendocument.text"), "text" },
	{ STR("application/vnd.openxmlformats-officedocument.wordprocessingml"), "text" },
	{ STR("application/gzip"), "pack" },
	{ STR("application/zip"), "pack" },
	{ STR("application/zstd"), "pack" },
	{ STR("application/java-archive"), "pack" },
	{ STR("application/vnd.debian.binary-package"), "pack" },
	{ STR("application/vnd.rar"), "pack" },
	{ STR("application/x-7z-compressed"), "pack" },
	{ STR("application/x-brotli"), "pack" },
	{ STR("application/x-bzip2"), "pack" },
	{ STR("application/x-rpm"), "pack" },
	{ STR("application/x-tar"), "pack" },
	{ STR("application/x-xz"), "pack" },
};

static const char *entry_icon(const struct listing_entry *e)
{
	struct str type;

	if (e->is_directory)
		return "dir";
	type = mime_find(mime_extension(e->name));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (type.len > 0 && str_starts_with(type, kinds[i].prefix))
			return kinds[i].icon;
	return "file";
}

/* ---- the head of the page -------------------------------------------------------------------------------- */

/* The path's segments as links, each by as many steps up as it takes: right behind any proxy. */
static void html_crumbs(struct buf *b, struct str host, struct str path)
{
	size_t steps = 0;

	for (size_t i = 1; i < path.len; i++)
		steps += path.ptr[i] == '/';
	buf_text(b, "<nav class=\"crumbs\" aria-label=\"Path\"><ol>\n<li><a href=\"");
	for (size_t i = 0; i < steps; i++)
		buf_text(b, "../");
	buf_text(b, steps > 0 ? "\">" : "./\">");
	escape_html(b, host);
	buf_text(b, "</a></li>\n");
	path = str_from_index(path, 1);
	while (steps-- > 1) {
		buf_text(b, "<li><a href=\"");
		for (size_t i = 1; i < steps + 1; i++)
			buf_text(b, "../");
		buf_text(b, "\">");
		escape_html(b, str_cut(&path, '/'));
		buf_text(b, "</a></li>\n");
	}
	buf_text(b, "</ol></nav>\n");
}

/* The last segment of "/a/b/"; the host for "/". */
static struct str html_heading(struct str host, struct str path)
{
	path.len -= path.len > 0 && path.ptr[path.len - 1] == '/';
	if (path.len == 0)
		return host;
	return str_from_index(path, str_find_last(path, '/') + 1);
}

static void html_plural(struct buf *b, uint64_t n, const char *one, const char *many)
{
	buf_u64(b, n);
	buf_byte(b, ' ');
	buf_text(b, n == 1 ? one : many);
}

static void html_count(struct buf *b, const struct listing *l)
{
	uint64_t files = 0, bytes = 0;

	buf_text(b, "<p id=\"count\">");
	for (size_t i = 0; i < l->entries.len; i++)
		if (!l->entries.items[i].is_directory) {
			files++;
			bytes += l->entries.items[i].size;
		}
	if (l->is_long) {
		buf_format(b, "More than %d entries, in no order", LISTING_SORTED_MAX);
	} else {
		if (files < l->entries.len) {
			html_plural(b, l->entries.len - files, "directory", "directories");
			buf_text(b, ", ");
		}
		html_plural(b, files, "file", "files");
		if (files > 0) {
			buf_text(b, ", ");
			human_size(b, bytes);
		}
	}
	buf_text(b, "</p>\n");
}

static void html_form(struct buf *b)
{
	buf_text(b,
	         "<form class=\"box\" id=\"up\" method=\"post\" enctype=\"multipart/form-data\">\n"
	         "<label for=\"f\">Add files</label>\n"
	         "<input id=\"f\" type=\"file\" name=\"file\" multiple required>\n"
	         "<button class=\"main\">Upload</button>\n"
	         "<small hidden>or drop them anywhere on this page</small>\n"
	         "<ul aria-live=\"polite\"></ul>\n</form>\n");
}

static void html_table_head(struct buf *b, const struct listing *l)
{
	bool local = request_settings(l->r)->autoindex_localtime;

	buf_text(b, "<table id=\"list\"");
	buf_text(b, l->can_delete ? " data-delete" : "");
	buf_text(b, ">\n<caption class=\"off\">The files and directories in here</caption>\n"
	            "<thead><tr><th scope=\"col\" aria-sort=\"ascending\">Name</th>"
	            "<th scope=\"col\">Size</th><th scope=\"col\">");
	buf_text(b, local ? "Modified" : "Modified<span class=\"t\"> (UTC)</span>");
	buf_text(b, "</th></tr></thead>\n<tbody>\n");
	if (l->r->target.path.len > 1)
		buf_text(b, "<tr><td><a href=\"../\"><svg class=\"i\" aria-hidden=\"true\">"
		            "<use href=\"#up-dir\"/></svg><span>Parent directory</span></a></td>"
		            "<td></td><td></td></tr>\n");
	buf_text(b, "</tbody>\n<tbody>\n");
}

static void html_open(struct buf *b, const struct listing *l)
{
	struct str path = l->r->target.path;
	struct str host = l->r->host.name.len > 0 ? l->r->host.name : STR_OF("Start");
	struct buf title = buf_in_arena(&l->r->arena, path.len + 16);

	buf_text(&title, "Index of ");
	buf_add(&title, path);
	b->failed |= title.failed;
	page_open(b, buf_str(&title), autoindex_style);
	buf_text(b, autoindex_icons);
	buf_text(b, "<main>\n");
	html_crumbs(b, host, path);
	buf_text(b, "<div class=\"bar\"><div><h1>");
	escape_html(b, html_heading(host, path));
	buf_text(b, "</h1>\n");
	html_count(b, l);
	buf_text(b, "</div>");
	if (request_settings(l->r)->autoindex_tar)
		buf_text(b, "<a class=\"act\" href=\"?tar\">Download as tar</a>");
	if (!l->is_long)
		buf_text(b, "<input id=\"q\" type=\"search\" placeholder=\"Filter\" "
		            "aria-label=\"Filter by name\" autocomplete=\"off\" hidden>");
	buf_text(b, "</div>\n");
	if (l->can_upload)
		html_form(b);
	html_table_head(b, l);
}

/* ---- its rows and its end -------------------------------------------------------------------------------- */

static void html_cell_name(struct buf *b, const struct listing_entry *e)
{
	buf_text(b, e->is_directory ? "<tr class=\"d\"><td><a href=\"" : "<tr><td><a href=\"");
	escape_segment(b, e->name);
	buf_text(b, e->is_directory ? "/\">" : "\">");
	buf_text(b, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#");
	buf_text(b, entry_icon(e));
	buf_text(b, "\"/></svg><span>");
	escape_html(b, e->name);
	buf_text(b, e->is_directory ? "/</span></a></td>" : "</span></a></td>");
}

static void html_cell_size(struct buf *b, const struct listing *l, const struct listing_entry *e)
{
	if (e->is_directory) {
		buf_text(b, "<td data-v=\"-1\"></td>");
		return;
	}
	buf_text(b, "<td data-v=\"");
	buf_u64(b, e->size);
	buf_text(b, "\">");
	if (request_settings(l->r)->autoindex_exact_size)
		buf_u64(b, e->size);
	else
		human_size(b, e->size);
	buf_text(b, "</td>");
}

/* On a narrow screen the day is enough: the time is wrapped to be hidden. */
static void html_cell_time(struct buf *b, const struct listing *l, const struct listing_entry *e)
{
	char room[40];
	struct buf shown = buf_fixed(room, sizeof room);
	size_t day;

	human_time(&shown, e->modified, request_settings(l->r)->autoindex_localtime);
	day = str_find(buf_str(&shown), ' ');
	buf_format(b, "<td data-v=\"%lld\"><time datetime=\"", (long long)e->modified);
	human_iso_time(b, e->modified);
	buf_text(b, "\">");
	buf_add(b, str_head(buf_str(&shown), day));
	buf_text(b, "<span class=\"t\">");
	buf_add(b, str_from_index(buf_str(&shown), day));
	buf_text(b, "</span></time></td></tr>\n");
}

static void html_entry(struct buf *b, const struct listing *l, const struct listing_entry *e,
                       bool is_first)
{
	(void)is_first;
	html_cell_name(b, e);
	html_cell_size(b, l, e);
	html_cell_time(b, l, e);
}

/* A script for a million rows would only freeze the page. */
static void html_script(struct buf *b, const char *const *pieces)
{
	buf_text(b, "<script>");
	for (size_t i = 0; pieces[i]; i++)
		buf_text(b, pieces[i]);
	buf_text(b, "</script>\n");
}

static void html_close(struct buf *b, const struct listing *l)
{
	buf_text(b, "</tbody>\n</table>\n");
	if (!l->is_long && l->entries.len == 0)
		buf_text(b, "<p class=\"note\">There is nothing in here.</p>\n");
	buf_text(b, "<p id=\"said\" role=\"status\"></p>\n</main>\n");
	if (!l->is_long && l->can_upload && request_settings(l->r)->upload_resumable.is_on)
		html_script(b, autoindex_resume_script);
	if (!l->is_long)
		html_script(b, autoindex_script);
	page_close(b, l->r, false);
}

const struct autoindex_writer autoindex_html = { html_open, html_entry, html_close };
