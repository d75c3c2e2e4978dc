#include "server/verifier_queue.h"

#include <string.h>

static struct verifier_job *job_at(struct list *node)
{
	return LIST_ENTRY(node, struct verifier_job, node);
}

static bool is_same_address(const struct verify_address *a, const struct verify_address *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

void verifier_queue_init(struct verifier_queue *q)
{
	*q = (struct verifier_queue){ .count = 0 };
	list_init(&q->waiting);
	list_init(&q->free);
	for (size_t i = 0; i < VERIFY_QUEUE; i++)
		list_append(&q->free, &q->jobs[i].node);
}

bool verifier_queue_add(struct verifier_queue *q, const void *owner,
                        const struct verify_request *request)
{
	struct verifier_job *job;
	size_t share = 0;

	for (struct list *n = q->waiting.next; n != &q->waiting; n = n->next)
		share += is_same_address(&job_at(n)->request.address, &request->address);
	if (list_is_empty(&q->free) || share >= VERIFY_SHARE)
		return false;
	job = job_at(q->free.next);
	list_remove(&job->node);
	job->owner = owner;
	job->request = *request;
	list_append(&q->waiting, &job->node);
	q->count++;
	return true;
}

/* The first of another address than the last one; without one, the first. */
struct verifier_job *verifier_queue_next(struct verifier_queue *q)
{
	struct list *n = q->waiting.next;
	struct verifier_job *job;

	if (list_is_empty(&q->waiting))
		return NULL;
	while (n != &q->waiting && is_same_address(&job_at(n)->request.address, &q->last))
		n = n->next;
	job = job_at(n != &q->waiting ? n : q->waiting.next);
	list_remove(&job->node);
	q->count--;
	q->last = job->request.address;
	return job;
}

void verifier_queue_done(struct verifier_queue *q, struct verifier_job *job)
{
	explicit_bzero(&job->request, sizeof job->request);
	job->owner = NULL;
	list_append(&q->free, &job->node);
}

void verifier_queue_drop(struct verifier_queue *q, const void *owner, const struct verify_key *key)
{
	for (struct list *n = q->waiting.next, *next; n != &q->waiting; n = next) {
		struct verifier_job *job = job_at(n);

		next = n->next;
		if (job->owner != owner ||
		    (key && memcmp(&job->request.key, key, sizeof *key) != 0))
			continue;
		list_remove(&job->node);
		q->count--;
		verifier_queue_done(q, job);
	}
}
