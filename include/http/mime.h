#ifndef HTTP_MIME_H
#define HTTP_MIME_H

#include "base/str.h"

/*
 * The media type of a file extension without its dot, in any case; empty where it is not in the
 * table.
 */
struct str mime_find(struct str extension);

/* The extension behind the last dot of the last segment; empty: none (".profile" has none). */
struct str mime_extension(struct str path);

/*
 * Whether a charset parameter belongs on this type: text/ of every kind, and JavaScript, JSON, XML.
 */
bool mime_is_text(struct str type);

#endif
