#include "http/mime.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	const char *extension, *type;
} type_rows[] = {
	{ "html", "text/html" },
	{ "htm", "text/html" },
	{ "css", "text/css" },
	{ "js", "text/javascript" },
	{ "mjs", "text/javascript" },
	{ "json", "application/json" },
	{ "map", "application/json" },
	{ "xml", "text/xml" },
	{ "txt", "text/plain" },
	{ "md", "text/markdown" },
	{ "csv", "text/csv" },
	{ "wasm", "application/wasm" },
	{ "webmanifest", "application/manifest+json" },
	{ "atom", "application/atom+xml" },
	{ "rss", "application/rss+xml" },
	{ "ics", "text/calendar" },
	{ "vtt", "text/vtt" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "svg", "image/svg+xml" },
	{ "ico", "image/x-icon" },
	{ "webp", "image/webp" },
	{ "avif", "image/avif" },
	{ "jxl", "image/jxl" },
	{ "heic", "image/heic" },
	{ "apng", "image/apng" },
	{ "bmp", "image/bmp" },
	{ "tiff", "image/tiff" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "ttf", "font/ttf" },
	{ "otf", "font/otf" },
	{ "mp3", "audio/mpeg" },
	{ "m4a", "audio/mp4" },
	{ "ogg", "audio/ogg" },
	{ "opus", "audio/ogg" },
	{ "flac", "audio/flac" },
	{ "wav", "audio/wav" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "mkv", "video/x-matroska" },
	{ "mov", "video/quicktime" },
	{ "m3u8", "application/vnd.apple.mpegurl" },
	{ "mpd", "application/dash+xml" },
	{ "ts", "video/mp2t" },
	{ "pdf", "application/pdf" },
	{ "epub", "application/epub+zip" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "zip", "application/zip" },
	{ "gz", "application/gzip" },
	{ "tgz", "application/gzip" },
	{ "tar", "application/x-tar" },
	{ "xz", "application/x-xz" },
	{ "zst", "application/zstd" },
	{ "7z", "application/x-7z-compressed" },
	{ "rar", "application/vnd.rar" },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "rpm", "application/x-redhat-package-manager" },
	{ "iso", "application/octet-stream" },
	{ "yaml", "application/yaml" },
	{ "toml", "application/toml" },
	{ "glb", "model/gltf-binary" },
	{ "123", "application/vnd.lotus-1-2-3" },
	{ "z", "application/x-compress" },
	{ "HTML", "text/html" },
	{ "JpEg", "image/jpeg" },
	{ "", "" },
	{ "nosuch", "" },
	{ "htmlx", "" },
	{ "ht", "" },
	{ "zzzz", "" },
	{ "0", "" },
	{ "html ", "" },
	{ "an-extension-longer-than-any-in-the-table", "" },
};

Test(mime, finds_types)
{
	for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++) {
		struct str extension = guard_copy(str_from(type_rows[i].extension));
		struct str type = mime_find(extension);

		cr_expect(str_eq(type, str_from(type_rows[i].type)), "'%s' gave '%.*s'",
		          type_rows[i].extension, STR_ARG(type));
		guard_free(extension);
	}
}

/* A name is found only while the table is sorted; three letters reach most of it. */
Test(mime, finds_as_many_as_there_are)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t found = 0;

	for (size_t a = 0; a < 36; a++) {
		for (size_t b = 0; b < 36; b++) {
			for (size_t c = 0; c < 36; c++) {
				char e[] = { alphabet[a], alphabet[b], alphabet[c] };

				found += mime_find(str_make(e, 3)).len > 0;
			}
		}
	}
	cr_expect(ge(sz, found, 150));
}

static const struct {
	const char *name, *path, *extension;
} extension_rows[] = {
	{ "a name", "a.html", "html" },
	{ "a path", "/dir/a.html", "html" },
	{ "the last dot counts", "/a.tar.gz", "gz" },
	{ "a dot in a directory does not count", "/a.b/c", "" },
	{ "no dot", "/README", "" },
	{ "a hidden file has none", "/.profile", "" },
	{ "a hidden file with one", "/.a.txt", "txt" },
	{ "a dot at the end", "/a.", "" },
	{ "a directory", "/a.b/", "" },
	{ "two dots", "/..", "" },
	{ "the root", "/", "" },
	{ "nothing", "", "" },
	{ "as written", "/A.HTML", "HTML" },
};

Test(mime, finds_extensions)
{
	for (size_t i = 0; i < sizeof extension_rows / sizeof *extension_rows; i++) {
		struct str path = guard_copy(str_from(extension_rows[i].path));
		struct str got = mime_extension(path);

		cr_expect(str_eq(got, str_from(extension_rows[i].extension)), "%s: got '%.*s'",
		          extension_rows[i].name, STR_ARG(got));
		guard_free(path);
	}
}

static const struct {
	const char *type;
	bool is_text;
} text_rows[] = {
	{ "text/html", true },
	{ "text/plain; charset=utf-8", true },
	{ "TEXT/CSS", true },
	{ "text/javascript", true },
	{ "application/javascript", true },
	{ "application/json", true },
	{ "application/xml", true },
	{ "application/ld+json", true },
	{ "application/problem+json; x=y", true },
	{ "image/svg+xml", true },
	{ "Application/Atom+XML", true },
	{ "application/octet-stream", false },
	{ "image/png", false },
	{ "application/xmlx", false },
	{ "application/jsonx", false },
	{ "application/xhtml", false },
	{ "textual/html", false },
	{ "text", false },
	{ "+xml", false },
	{ "", false },
};

Test(mime, knows_text)
{
	for (size_t i = 0; i < sizeof text_rows / sizeof *text_rows; i++) {
		struct str type = guard_copy(str_from(text_rows[i].type));

		cr_expect(mime_is_text(type) == text_rows[i].is_text, "'%s'", text_rows[i].type);
		guard_free(type);
	}
}
