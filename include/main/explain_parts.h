#ifndef MAIN_EXPLAIN_PARTS_H
#define MAIN_EXPLAIN_PARTS_H

#include "server/conn.h"
#include "server/handler.h"
#include "server/response.h"
#include "server/trace.h"
#include "server/worker.h"

/* --explain, for the files it is made of: explain.c (the stage and the request), explain_route.c, explain_answer.c. */

/* The stage: as much of a worker and a connection as deciding and answering touch. */
struct explain {
	struct trace trace;
	struct gate gate;
	struct buf *out;
	const char *topic; /* of the line before: a topic is named once */
	const struct config *config;
	struct worker worker;
	struct listener listener;
	struct conn *conn;
	struct request *r;
};

/* The request that has been taken apart: "GET http://host:8080/path?x". */
struct explain_url {
	struct str method;
	struct str host; /* without port, an IPv6 address without its brackets */
	struct str authority;
	uint16_t port;
	struct str target; /* path and query, at least "/" */
};

/* A line of the explanation. */
void explain_say(struct explain *e, const char *topic, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Where something stands in the configuration: "conf/x.conf:12". In the request's arena. */
const char *explain_at(struct explain *e, const struct position *at);

/* Takes "METHOD URL" apart. False with the reason in *why. */
bool explain_parse(struct str text, struct explain_url *url, const char **why);

/* ---- which (explain_route.c) ------------------------------------------------------------------------- */

/* The listener that the address leads to, or NULL, said in both cases. */
const struct listener_conf *explain_listener(struct explain *e, const struct explain_url *url);

/* Which server was chosen and by what rule. */
void explain_server(struct explain *e);

/* Which location was chosen, why it won and the others did not; trace.located(). */
void explain_location(struct explain *e, struct request *r);

/* ---- what (explain_answer.c) ------------------------------------------------------------------------- */

/* Handlers that answer as the server does, or describe what must not be done now. */
extern const struct handler_table explain_handlers;

/* The status and the response's fields, or what is known of them. */
void explain_answer(struct explain *e);

/* What would be counted and asked for: passes everybody but one without a needed password. */
void explain_gate_init(struct gate *gate);

#endif
