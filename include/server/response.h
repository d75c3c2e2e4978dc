#ifndef SERVER_RESPONSE_H
#define SERVER_RESPONSE_H

#include "server/request.h"

/*
 * Answers: puts the head together from r->response, applies ranges and framing, and gives the
 * connection something to send. Called exactly once for a request.
 */
void respond(struct request *r, unsigned status);

/*
 * Answers with an error: by the location's error_page where there is one for the status, else with our
 * own page (HTML, or problem+json where the client prefers it). reason: a static sentence fragment for the
 * log and our page, or NULL.
 */
void respond_error(struct request *r, unsigned status, const char *reason);

/* Answers with a short text of our own. type: "text/plain". The text must live as long as the request. */
void respond_text(struct request *r, unsigned status, struct str type, struct str text);

/* Answers 301, 302, 303, 307 or 308 to the location, which is ready for the wire. */
void respond_redirect(struct request *r, unsigned status, struct str location);

/*
 * Sends an interim response (1xx) at once: "HTTP/1.1 104 …" with the given field lines; nothing to an
 * HTTP/1.0 client. May be called any number of times before respond().
 */
void respond_interim(struct request *r, unsigned status, struct str fields);

/* Adds a field line to the coming response. A value with CR, LF, NUL or another control is refused: false. */
bool response_field(struct request *r, struct str name, struct str value);

/* The same for whole lines of our own text, each with its CRLF: nothing in them needs a check. */
bool response_lines(struct request *r, struct str lines);

#endif
