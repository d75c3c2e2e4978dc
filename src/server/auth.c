#include "server/auth.h"

#include "base/clock.h"
#include "net/io.h"
#include "net/sock.h"
#include "server/auth_cache.h"
#include "server/request.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

struct auth {
	struct watch watch; /* first: the channel to the verifier; fd -1: none */
	struct loop *loop;
	struct auth_cache cache;
	uint64_t keys[2][2]; /* of the two halves of a hash */
	bool is_replaceable;
};

/* ---- the verifier ---------------------------------------------------------------------------------------- */

/* Whoever waits is woken and asks again. The entry is as it shall be then. */
static void auth_tell(struct auth_entry *entry, enum verify_verdict verdict)
{
	while (!list_is_empty(&entry->waiters)) {
		struct auth_wait *wait = LIST_ENTRY(entry->waiters.next, struct auth_wait, node);

		list_remove(&wait->node);
		wait->entry = NULL;
		wait->verdict = verdict;
		request_wake(wait->request);
	}
}

/* No verdict on the password: the next request asks anew. */
static void auth_give_up(struct auth *a, struct auth_entry *entry, enum verify_verdict verdict)
{
	auth_tell(entry, verdict);
	auth_cache_remove(&a->cache, entry);
}

/* The verifier is gone. Questions wait for the next one, where one will come. */
static void auth_lose(struct auth *a)
{
	loop_unwatch(a->loop, &a->watch); /* the supervisor may hold a copy of our end */
	loop_close(&a->watch);
	/* Nobody would tell us of a change any more. */
	auth_cache_forget(&a->cache, UINT64_MAX);
	if (a->is_replaceable)
		return;
	log_error("the link to the verifier is lost: nobody can log in");
	while (!list_is_empty(&a->cache.open))
		auth_give_up(a, LIST_ENTRY(a->cache.open.next, struct auth_entry, node),
		             VERIFY_FAILED);
}

/* False where it can't be asked now or ever; the entry stays. */
static bool auth_send(struct auth *a, const struct verify_request *request)
{
	return a->watch.fd >= 0 &&
	       sock_send_message(a->watch.fd, request, sizeof *request, NULL, 0) == 0;
}

static void auth_hear(struct auth *a, const struct verify_reply *reply)
{
	struct auth_entry *entry;

	if (reply->verdict == VERIFY_CHANGED) {
		auth_cache_forget(&a->cache, reply->key.file);
		return;
	}
	entry = auth_cache_find(&a->cache, &reply->key);
	/* What was given up in the meantime is no longer known. */
	if (!entry || entry->state != AUTH_OPEN)
		return;
	if (reply->verdict != VERIFY_RIGHT && reply->verdict != VERIFY_WRONG) {
		auth_give_up(a, entry, reply->verdict);
		return;
	}
	auth_cache_settle(&a->cache, entry, reply->verdict);
	auth_tell(entry, reply->verdict);
}

static void auth_ready(struct watch *watch, uint32_t events)
{
	struct auth *a = (struct auth *)(void *)watch;
	struct verify_reply reply;

	(void)events;
	while (watch->fd >= 0) {
		size_t none = 0;
		ssize_t n = sock_receive_message(watch->fd, &reply, sizeof reply, NULL, &none);

		if (n == (ssize_t)sizeof reply)
			auth_hear(a, &reply);
		else if (n < 0 && io_would_block(errno))
			return;
		else
			auth_lose(a);
	}
}

/* A question may be what the last verifier died of: it is not asked for ever. */
static void auth_ask_again(struct auth *a)
{
	for (struct list *n = a->cache.open.next, *next; n != &a->cache.open; n = next) {
		struct auth_entry *entry = LIST_ENTRY(n, struct auth_entry, node);

		next = n->next;
		if (entry->attempts++ >= AUTH_ATTEMPTS || !auth_send(a, entry->request))
			auth_give_up(a, entry, VERIFY_FAILED);
	}
}

void auth_use_verifier(struct auth *a, int channel)
{
	if (a->watch.fd >= 0)
		auth_lose(a);
	a->watch.fd = channel;
	if (loop_watch(a->loop, &a->watch, EPOLLIN) != 0) {
		log_error("the verifier can't be listened to: %s", strerror(errno));
		loop_close(&a->watch);
		return;
	}
	auth_ask_again(a);
}

struct auth *auth_open(struct loop *loop, int channel, bool is_replaceable)
{
	struct auth *a = calloc(1, sizeof *a);

	if (!a) {
		if (channel >= 0)
			close(channel);
		return NULL;
	}
	a->watch = (struct watch){ .fd = -1, .ready = auth_ready };
	a->loop = loop;
	a->is_replaceable = is_replaceable;
	auth_cache_init(&a->cache);
	/* Waits where the kernel has no randomness yet: a key that can be guessed is none. */
	if (getrandom(a->keys, sizeof a->keys, 0) != (ssize_t)sizeof a->keys) {
		if (channel >= 0)
			close(channel);
		free(a);
		return NULL;
	}
	if (channel >= 0)
		auth_use_verifier(a, channel);
	return a;
}

void auth_close(struct auth *a)
{
	if (!a)
		return;
	loop_unwatch(a->loop, &a->watch); /* the supervisor may hold a copy of our end */
	loop_close(&a->watch);
	auth_cache_end(&a->cache);
	explicit_bzero(a->keys, sizeof a->keys);
	free(a);
}

size_t auth_remembered(const struct auth *a)
{
	return a->cache.by_key.len;
}

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* The request ends, or asks something else. The last one that leaves takes the question back. */
static void auth_leave(void *subject)
{
	struct auth_wait *wait = subject;
	struct auth_entry *entry = wait->entry;
	struct auth *a = wait->request->worker->auth;
	struct verify_request cancel = { .verb = VERIFY_CANCEL };

	list_remove(&wait->node);
	wait->entry = NULL;
	if (!entry || !list_is_empty(&entry->waiters))
		return;
	cancel.key = entry->key;
	auth_send(a, &cancel); /* where there is no room it is checked for nothing */
	auth_cache_remove(&a->cache, entry);
}

static void auth_late(struct request *r)
{
	if (r->has_answer) /* it was refused for another reason, and the deadline is the wait's */
		return;
	auth_leave(r->auth);
	respond_error(r, 503, "the password could not be checked in time");
}

/* The request's place to wait in, made when first needed. NULL: memory is out. */
static struct auth_wait *auth_wait_of(struct request *r)
{
	struct auth_wait *wait = r->auth;

	if (wait)
		return wait;
	wait = arena_zero(&r->arena, sizeof *wait);
	if (!wait || !arena_defer(&r->arena, auth_leave, wait))
		return NULL;
	list_init(&wait->node);
	wait->request = r;
	r->auth = wait;
	return wait;
}

static enum gate_answer auth_join(struct request *r, struct auth_entry *entry)
{
	struct auth_wait *wait = r->auth;

	if (wait->entry == entry)
		return GATE_WAIT;
	auth_leave(wait);
	wait->entry = entry;
	wait->key = entry->key;
	wait->verdict = 0;
	list_append(&entry->waiters, &wait->node);
	r->deadline = clock_now() + AUTH_PATIENCE_MS;
	r->on_deadline = auth_late;
	return GATE_WAIT;
}

/* ---- the gate ----------------------------------------------------------------------------------------- */

static struct verify_address auth_address(const struct peer *peer)
{
	struct verify_address address = { .family = peer->family };

	memcpy(address.bytes, peer->bytes, peer->family == AF_INET ? 4 : 8);
	return address;
}

enum gate_answer auth_challenge(struct request *r)
{
	struct str realm = request_settings(r)->auth.realm;
	struct buf challenge = buf_in_arena(&r->arena, 64 + 2 * realm.len);

	basic_auth_challenge(&challenge, realm);
	if (challenge.failed)
		return GATE_FAILED;
	r->challenge = buf_str(&challenge);
	return GATE_UNAUTHORIZED;
}

static enum gate_answer auth_answer(struct request *r, const struct basic_auth *said,
                                    enum verify_verdict verdict)
{
	switch (verdict) {
	case VERIFY_RIGHT:
		r->remote_user = arena_str(&r->arena, said->user);
		return r->remote_user.ptr ? GATE_PASS : GATE_FAILED;
	case VERIFY_WRONG:
		return auth_challenge(r);
	case VERIFY_BUSY:
		return GATE_BUSY;
	default:
		return GATE_FAILED;
	}
}

/* Another one is asked what nobody is asking yet. */
static enum gate_answer auth_ask(struct auth *a, struct request *r, const struct basic_auth *said,
                                 const struct verify_key *key)
{
	struct verify_request request;
	struct auth_entry *entry;

	memset(&request, 0, sizeof request);
	request.key = *key;
	request.address = auth_address(&r->peer);
	request.verb = VERIFY_ASK;
	request.user_len = (uint16_t)said->user.len;
	request.password_len = (uint16_t)said->password.len;
	memcpy(request.text, said->user.ptr, said->user.len);
	memcpy(request.text + said->user.len, said->password.ptr, said->password.len);
	if (a->watch.fd < 0 && !a->is_replaceable)
		return GATE_FAILED;
	entry = auth_cache_add(&a->cache, &request);
	if (!entry)
		return GATE_BUSY;
	/* Without a verifier it waits for the next one. */
	if (a->watch.fd >= 0) {
		entry->attempts = 1;
		if (!auth_send(a, &request)) {
			auth_cache_remove(&a->cache, entry);
			return GATE_BUSY;
		}
	}
	return auth_join(r, entry);
}

static struct verify_key auth_key(const struct auth *a, const struct request *r,
                                  const struct basic_auth *said)
{
	/* They are neighbours in one piece of memory, with the colon between them. */
	struct str both = str_make(said->user.ptr, said->user.len + 1 + said->password.len);

	return (struct verify_key){ .file = (uint64_t)request_settings(r)->auth_file,
		                    .hash = { map_siphash(a->keys[0], both),
		                              map_siphash(a->keys[1], both) } };
}

/* What this request has waited for; 0: nothing, or something else. */
static enum verify_verdict auth_take_verdict(struct request *r, const struct basic_auth *said,
                                             const struct verify_key *key)
{
	struct auth_wait *wait = r->auth;

	if (wait->verdict == 0 || memcmp(&wait->key, key, sizeof *key) != 0)
		return 0;
	if (wait->verdict == VERIFY_WRONG)
		request_log(r, LOG_NOTICE, "user '%.*s': an unknown name or a wrong password",
		            STR_ARG(said->user));
	return wait->verdict;
}

enum gate_answer auth_password(struct gate *gate, struct request *r)
{
	char room[BASIC_AUTH_ROOM];
	const struct settings *set = request_settings(r);
	struct auth *a = r->worker->auth;
	enum verify_verdict verdict;
	struct auth_entry *entry;
	struct basic_auth said;
	struct verify_key key;

	(void)gate;
	if (!set->auth.is_on)
		return GATE_PASS;
	r->remote_user = str_make(NULL, 0);
	if (!basic_auth_parse(head_value(&r->head, FIELD_AUTHORIZATION), room, &said))
		return auth_challenge(r);
	if (!a || !auth_wait_of(r))
		return GATE_FAILED;
	key = auth_key(a, r, &said);
	verdict = auth_take_verdict(r, &said, &key);
	entry = verdict == 0 ? auth_cache_find(&a->cache, &key) : NULL;
	if (entry && entry->state == AUTH_OPEN)
		return auth_join(r, entry);
	if (entry)
		verdict = entry->verdict;
	if (verdict == 0)
		return auth_ask(a, r, &said, &key);
	r->deadline = TIMER_NEVER;
	return auth_answer(r, &said, verdict);
}
