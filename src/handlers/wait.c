#include "handlers/handlers.h"

#include "base/clock.h"
#include "server/conn.h"

/* Woken by whom it waits for, or by the client leaving; then decide() asks anew, and may say "wait" again. */
static void wait_again(struct request *r)
{
	r->advance = NULL;
	/* The time that a body may take begins when it is wanted. */
	r->conn->progress = clock_now();
	request_route(r);
}

void wait_start(struct request *r)
{
	r->advance = wait_again;
}
