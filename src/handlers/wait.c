#include "handlers/handlers.h"
#include "server/request.h"

/* Woken by whom it waits for, or by the client leaving; then decide() asks anew, and may say "wait" again. */
static void wait_again(struct request *r)
{
	r->advance = NULL;
	request_route(r);
}

void wait_start(struct request *r)
{
	r->advance = wait_again;
}
