/*
 * tests/gateway/account/fixture.h: a real account over a memory bucket with faults on demand.
 * Keys, statements, frames and blobs are made and signed through the schemas' encoders; only what
 * the seals would hold is arbitrary bytes, which the account code never opens.
 */
#ifndef INKSEAL_TESTS_ACCOUNT_FIXTURE_H
#define INKSEAL_TESTS_ACCOUNT_FIXTURE_H

#include "gateway/account/account.h"
#include "tests/gateway/bucket/bucket_memory.h"
#include "tests/test.h"

#define MEMBERS_COUNT 5u
enum { FIRST, RECOVERY, SECOND, THIRD, STRANGER }; /* FIRST and RECOVERY are in the genesis */

struct member {
	struct statement_device keys;
	struct device_id id;
	uint8_t sign_secret[SIGN_SECRET_LEN];
	uint8_t wipe_secret[SIGN_SECRET_LEN];
};

/* The one request that is refused for good: of the operations `op` whose key holds `part`, that
 * after `skip` of them. */
struct refusal {
	bool armed; /* it is still to come */
	enum memory_op op;
	const char *part;
	unsigned skip;
	enum bucket_result result; /* that, or another, is what is said */
};
struct oddities {
	struct refusal refusal;
	size_t page_max; /* keys of a listing's page; 0: as many as a bucket's own */
	bool says_more;  /* each page says that another follows, the last one too */
};
/* A bucket that has them, and owns inner. */
struct bucket *odd_bucket(struct bucket *inner, struct oddities *oddities);

struct fixture {
	struct memory_store *store;
	struct bucket_counts counts;
	struct bucket *bucket;
	struct clock clock;
	struct random random;
	struct account_env env;
	struct account_id account;
	struct member members[MEMBERS_COUNT];
	struct bytes roster_bytes; /* the newest that was made, committed or not */
	struct roster roster;
	int64_t now_ms;   /* both clocks go by it */
	int64_t skew_ms;  /* by which somebody has set the wall clock */
	struct call call; /* the last one's message */

	/* Faults: the operations `op` whose key holds `part`, after `skip` of them, `times` long.
	 */
	bool armed;
	enum memory_op op;
	const char *part;
	enum memory_fault how;
	unsigned skip, times;
	bool late_lands; /* a late put lands just before the next put */
	/* Not NULL: called once before the first such operation, the only one to fail then. */
	void (*interrupt)(void *self);
	void *interrupt_self;
	/* From this operation on (counted from 1) all fail: a crash; 0: none. */
	unsigned crash_at, ops;
	struct oddities odd;
};

void fixture_open(struct fixture *fixture); /* makes the keys; the account is not created */
void fixture_close(struct fixture *fixture);
void fixture_arm(struct fixture *fixture, enum memory_op op, const char *part,
    enum memory_fault how, unsigned skip, unsigned times);
void fixture_refuse(struct fixture *fixture, enum memory_op op, const char *part, unsigned skip);
/* Far from the wall clock's: whatever takes one for the other is told apart. */
int64_t fixture_up_ms(const struct fixture *fixture);
struct call *fixture_call(struct fixture *fixture); /* afresh, 60 s */
/* fixture->call.message; for a test's own use when something failed. */
enum account_result fixture_create(struct fixture *fixture, struct account_cache *cache);
size_t fixture_objects(struct fixture *fixture, const char *part); /* keys that hold part */
/* The first key that holds part. */
void fixture_key(struct fixture *fixture, const char *part, char out[BUCKET_KEY_MAX + 1]);
void fixture_manifest(struct fixture *fixture, struct bytes *bytes, struct manifest *out);
void fixture_manifest_put(struct fixture *fixture, const struct manifest *manifest);
uint64_t fixture_requests(const struct fixture *fixture); /* all counted so far */

/* The roster with one more statement, by signer: adds, or revokes (SIZE_MAX: nobody). */
void fixture_statement(
    struct fixture *fixture, size_t signer, size_t add, size_t revoke, struct bytes *out);
/* A blob of len bytes or a little more, of that kind; names for an index. */
void fixture_blob(struct fixture *fixture, enum blob_kind kind, size_t len,
    const struct blob_name *names, size_t names_count, struct bytes *out);
void fixture_wipe(struct fixture *fixture, size_t member, const uint8_t *incarnation,
    const char *gateway, struct bytes *out);

/* One device: its cache, its head, and the last answer. */
struct client {
	struct fixture *fixture;
	const struct member *member;
	struct account_cache cache;
	struct head head;
	struct bytes frame; /* the last one made */
	struct sync_request request;
	struct sync_answer answer;
	uint64_t pulled;
	bool wants_lease; /* its requests say so */
};
void client_open(struct client *client, struct fixture *fixture, size_t member);
void client_close(struct client *client);
/* A frame on the client's head; statement frames: body is the statement. */
void client_frame(struct client *client, enum frame_kind kind, size_t body_len,
    const struct blob_name *blob, const struct head *covered, struct view body);
/* The request that carries client->frame. */
void client_request(struct client *client);
/* Sends client->request; takes what comes: head moves along frames, or to the commit. */
enum account_result client_send(struct client *client);
/* A patch of that size on the own head, once. */
enum account_result client_push(struct client *client, size_t body_len);
enum account_result client_poll(struct client *client);
/* Pushes until it is committed, pulling between; at most 100 times. */
void client_edit(struct client *client, size_t body_len);

/*
 * Puts that many new segments (16 at most) and commits a load or snapshot of them, all under the
 * count of the last answer.
 */
void client_whole(struct client *client, enum frame_kind kind, const struct head *covered,
    size_t segments, struct blob_name *names_out);

/* An account with two devices, both at its head: SECOND was added by the recovery device. */
struct pair {
	struct fixture fixture;
	struct client first, second;
};
int pair_setup(void **state);
int pair_teardown(void **state);

#define assert_status(client, expected) \
	do { \
		if ((client)->answer.status != (expected)) \
			print_error("message: %s\n", (client)->fixture->call.message); \
		assert_int_equal((client)->answer.status, (expected)); \
	} while (0)

#endif
