#include "server/verifier_queue.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct verifier_queue q;
static int one, two; /* owners */

static void open_queue(void)
{
	verifier_queue_init(&q);
}

TestSuite(verifier_queue, .init = open_queue);

static bool add(const void *owner, uint8_t address, uint64_t number)
{
	struct verify_request request = { .verb = VERIFY_ASK };

	request.key.hash[0] = number;
	request.address.bytes[0] = address;
	return verifier_queue_add(&q, owner, &request);
}

static uint64_t take(void)
{
	struct verifier_job *job = verifier_queue_next(&q);
	uint64_t number = job ? job->request.key.hash[0] : 0;

	if (job)
		verifier_queue_done(&q, job);
	return number;
}

Test(verifier_queue, is_in_order_for_one_address)
{
	for (uint64_t i = 1; i <= 5; i++)
		cr_assert(add(&one, 7, i));
	for (uint64_t i = 1; i <= 5; i++)
		cr_expect(eq(u64, take(), i));
	cr_expect(eq(u64, take(), 0));
}

Test(verifier_queue, takes_turns_between_addresses)
{
	static const uint64_t order[] = { 1, 10, 2, 11, 3, 4, 0 };

	for (uint64_t i = 1; i <= 4; i++)
		cr_assert(add(&one, 7, i));
	cr_assert(add(&two, 8, 10));
	cr_assert(add(&one, 8, 11));
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		cr_expect(eq(u64, take(), order[i]));
}

Test(verifier_queue, is_bounded_over_all_and_for_each_address)
{
	for (uint64_t i = 0; i < VERIFY_SHARE; i++)
		cr_assert(add(&one, 7, 1 + i));
	cr_expect(not(add(&two, 7, 999)), "an address has its share, by whatever worker");
	for (uint64_t i = 0; i < VERIFY_QUEUE - VERIFY_SHARE; i++)
		cr_assert(add(&one, (uint8_t)(10 + i % 3), 100 + i));
	cr_expect(not(add(&one, 200, 999)), "the whole is bounded");
	cr_expect(ne(u64, take(), 0));
	cr_expect(add(&one, 200, 999));
	cr_expect(eq(sz, q.count, VERIFY_QUEUE));
}

Test(verifier_queue, forgets_a_question_or_an_owner)
{
	struct verify_key key = { .hash = { 2, 0 } };

	for (uint64_t i = 1; i <= 3; i++) {
		cr_assert(add(&one, 7, i));
		cr_assert(add(&two, 7, i));
	}
	verifier_queue_drop(&q, &one, &key);
	cr_expect(eq(sz, q.count, 5), "the other owner's stays");
	verifier_queue_drop(&q, &two, NULL);
	cr_expect(eq(sz, q.count, 2));
	cr_expect(eq(u64, take(), 1));
	cr_expect(eq(u64, take(), 3));
	cr_expect(eq(u64, take(), 0));
}

Test(verifier_queue, keeps_no_password)
{
	struct verify_request request = { .user_len = 1, .password_len = 6, .text = "asecret" };
	struct verifier_job *job;

	cr_assert(verifier_queue_add(&q, &one, &request));
	job = verifier_queue_next(&q);
	cr_expect(eq(int, memcmp(job->request.text, "asecret", 7), 0));
	verifier_queue_done(&q, job);
	cr_expect(eq(int, job->request.text[1], 0));
}
