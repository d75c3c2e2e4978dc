#ifndef SERVER_VERIFY_PROTOCOL_H
#define SERVER_VERIFY_PROTOCOL_H

#include "http/basic_auth.h"

#include <stdint.h>

/*
 * What a worker and the verifier say to each other: whole messages over a SOCK_SEQPACKET channel between two
 * processes of one binary, hence plain structs.
 */

/* What a question is known by: the file, and the worker's keyed hash of name and password. */
struct verify_key {
	uint64_t file; /* index in config.password_files */
	uint64_t hash[2];
};

/* Whose turn it is: an IPv6 address counts by its /64. */
struct verify_address {
	uint8_t family;
	uint8_t bytes[8];
};

enum verify_verb {
	VERIFY_ASK = 1,
	VERIFY_CANCEL /* nobody wants to know any more; the key alone counts */
};

struct verify_request {
	struct verify_key key;
	struct verify_address address;
	uint8_t verb;
	uint16_t user_len, password_len;
	char text[BASIC_AUTH_USER_MAX + BASIC_AUTH_PASSWORD_MAX]; /* the name, then the password */
};

enum verify_verdict {
	VERIFY_RIGHT = 1,
	VERIFY_WRONG,
	VERIFY_BUSY,   /* the queue, or this address's share of it, is full */
	VERIFY_FAILED, /* the file can't be read */
	VERIFY_CHANGED /* of the key only the file counts: what was said about it holds no longer */
};

struct verify_reply {
	struct verify_key key;
	uint32_t verdict;
	uint32_t unused; /* no byte of a message is left to chance */
};

enum {
	VERIFY_QUEUE = 128,      /* questions that wait, of all workers together */
	VERIFY_SHARE = 64,       /* of one address */
	VERIFY_RIGHT_MS = 60000, /* so long a worker believes a good verdict */
	VERIFY_WRONG_MS = 2000   /* and a bad one */
};

#endif
