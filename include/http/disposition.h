#ifndef HTTP_DISPOSITION_H
#define HTTP_DISPOSITION_H

#include "base/buf.h"

enum { DISPOSITION_NAME_MAX = 1024 };

/* A Content-Disposition value (RFC 6266, RFC 7578 section 4.2). */
struct disposition {
	struct str type; /* "form-data", "attachment"; as sent */
	struct str name; /* the form field, escapes undone; empty: none */
	bool has_filename;
	struct str filename; /* decoded: filename* (RFC 8187, UTF-8 only) wins over filename */
};

/*
 * Parses a value. Names are decoded into `room`, which holds 2 * DISPOSITION_NAME_MAX bytes; longer
 * ones make it fail, as does bad syntax. In quoted strings a backslash escapes only `"` and `\`
 * (older browsers send Windows paths raw), and %22, %0D and %0A are undone as browsers write them.
 */
bool disposition_parse(struct str value, char *room, struct disposition *out);

/*
 * Writes `attachment` with this name: as it is in filename where that can be said in a quoted string, else with
 * `_` for what can't, and whole in filename* (RFC 6266 section 5, RFC 8187). Bytes that are no UTF-8 are `_` in both.
 */
void disposition_attachment(struct buf *out, struct str filename);

enum { FILENAME_MAX_BYTES = 255 };

/*
 * Makes a name that is safe to store from what a client sent: the base name behind the last slash
 * or backslash; control bytes, and whatever is no valid UTF-8, become `_`; leading dots and spaces
 * and trailing dots and spaces go; at most 255 bytes, cut at a character's border with the
 * extension kept. False where nothing usable is left ("", "..", "/"). room holds FILENAME_MAX_BYTES
 * + 1 bytes; a NUL follows.
 */
bool filename_sanitise(struct str sent, char *room, struct str *out);

#endif
