/*
 * tests/gateway/http/http_world.h: four accounts, whose devices ask a gateway by hand
 * (http_by_hand.h). All comes of a seed: keys, salts, the keeper's whims. The clock stands but
 * where the test moves it.
 */
#ifndef INKSEAL_TESTS_HTTP_WORLD_H
#define INKSEAL_TESTS_HTTP_WORLD_H

#include "tests/gateway/account/fixture.h"
#include "tests/gateway/http/http_by_hand.h"

/* Of each FIRST and SECOND are live, THIRD was revoked; the last is there once somebody creates it.
 */
#define ACCOUNTS 4u

struct world {
	uint64_t random;
	int64_t now_ms; /* monotonic */
	struct pair *pairs[ACCOUNTS];
	struct blob_name blobs[ACCOUNTS]; /* one of each account; the second's is large */
	struct memory_store *store;
	struct bucket *bucket;
	struct clock clock;
	struct http_config config; /* may be changed until world_start */
	struct http_server *server;
	bool kind;                    /* the keeper has room for everybody */
	unsigned bucket_fails;        /* one call in so many; 0: none */
	void (*waits)(void);          /* called while one waits for the bucket; may be NULL */
	uint64_t calls[4];            /* … by enum memory_op, so far */
	uint64_t reads;               /* … of a manifest */
	uint64_t reserved;            /* with the keeper */
	uint64_t told, put, commits;  /* … told so often; of so many bytes put, and of commits */
	uint64_t begun, logged;       /* requests */
	char line[2048];              /* of the log, the last */
	int64_t created_s, expires_s; /* of what is signed, from now on */
};
extern struct world world;

uint64_t draw64(void);
unsigned draw(unsigned below);
int64_t world_wall_ms(void);

void world_open(uint64_t seed);
void world_start(void);
/* Stops the gateway, whatever is under way. */
void world_close(void);

/* Each begins one request. */
void ask_sync(size_t account, size_t member, bool push, size_t body_len);
void ask_statement(size_t account, size_t add, size_t revoke); /* by FIRST; SIZE_MAX: nobody */
/* What its first client's request holds. */
void ask_request(size_t account, size_t member);
void ask_blob(size_t account, size_t member, bool put, size_t len);
void ask_watch(size_t account, size_t member, unsigned behind); /* the head, by so much */
/* wiped: what says that it was. */
void ask_roster(const struct account_id *account, bool wiped);
void ask_create(bool holds);
void ask_wipe(size_t account, bool forged); /* signed by SECOND */
void ask_wipe_by(size_t account, size_t member);
/* FIRST commits it through another gateway. */
void statement_elsewhere(size_t account, size_t add, size_t revoke);
/* The newest request, to its end, and that of its time if it watches: how it was answered. */
unsigned answered(void);

#endif
