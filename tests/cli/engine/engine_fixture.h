/*
 * tests/cli/engine/engine_fixture.h: devices, each with a real store in a folder of its own, on one
 * bucket in memory, through the real account code. Time and randomness are the world's: a run
 * repeats byte for byte. The helpers fail the test themselves where something goes wrong that the
 * test is not about.
 */
#ifndef INKSEAL_ENGINE_FIXTURE_H
#define INKSEAL_ENGINE_FIXTURE_H

#include "cli/engine/engine.h"
#include "cli/store/store.h"
#include "gateway/account/account.h"
#include "tests/gateway/bucket/bucket_memory.h"
#include "tests/test.h"

#define FOLDER_MAX 512u

/* Bytes that repeat: each fill is a stream of its own. */
struct made_random {
	uint64_t count;
};
struct random made_random(struct made_random *made);
/* len characters that no compressor makes shorter than three quarters; yours, free it. */
char *made_text(struct made_random *made, size_t len);

struct world {
	struct memory_store *store;
	int64_t now_ms;
	bool stands; /* time does: a wait takes none */
	struct made_random made;
	struct random random;
	struct account_id account;
	struct recovery_code code;
	/* One fault: the first operation `op` whose key holds `part`. */
	bool armed;
	enum memory_op op;
	const char *part;
	enum memory_fault how;
	/* Another: the operation of this number, counted from 1, fails that way; 0: none. */
	unsigned fail_at, ops;
	enum memory_fault fail_how;
};
void world_open(struct world *world);
void world_close(struct world *world);
void world_arm(struct world *world, enum memory_op op, const char *part, enum memory_fault how);
size_t world_objects(struct world *world, const char *part); /* keys that hold part */
bool world_holds(struct world *world, const char *text);     /* any object does */
/* Where the bucket has a blob of the account. */
void world_blob_key(
    const struct world *world, const struct blob_name *name, char key[BUCKET_KEY_MAX + 1]);
void world_manifest(struct world *world, struct bytes *out); /* the object's bytes */
void world_manifest_set(struct world *world, struct view bytes);
/* A sweep that keeps no pack behind the snapshot. */
void world_sweep(struct world *world);

struct device {
	struct world *world;
	char folder[FOLDER_MAX];
	struct store *store;
	struct device_keys keys;
	struct device_keys recovery; /* while recovering */
	struct clock clock;
	int64_t skew_ms; /* its wall clock less the world's */
	struct engine engine;
	struct bucket *bucket;
	struct bucket_counts counts;
	struct account_cache cache;
	struct account_env env;
	struct call call;                      /* the last edit's or run's message */
	struct sync_totals totals;             /* of the last run */
	uint64_t exchanges, gets, puts, waits; /* wants of the last run */
	size_t under_way, under_way_bytes;     /* blobs, at most, in the last run */
	/* What the test puts between machine and account; NULL: nothing. */
	void (*before)(struct device *device, const struct sync_request *request);
	bool (*instead)(struct device *device, const struct sync_request *request,
	    struct sync_answer *answer); /* true: this is the answer */
	void (*answered)(struct device *device, struct sync_answer *answer);
	void (*got)(struct device *device, const struct blob_name *name, struct bytes *blob);
	/* Called with true before something is done that is not the machine's, and with false
	 * after.
	 */
	void (*aside)(bool aside);
	bool reseed;          /* a reset was asked for */
	bool dies_at_commit;  /* the process ends before it hears that its frame was committed */
	struct device *other; /* for the test's own hooks */
	unsigned times;
};
void device_open(struct device *device, struct world *world); /* new keys, an empty journal */
void device_close(struct device *device);
void device_restart(struct device *device); /* as another process: only the disk is left */
void device_suspend(struct device *device); /* its process ends … */
void device_resume(struct device *device);  /* … and another begins */
/* A home copied to another machine: journal and keys. */
void device_copy(struct device *device, struct device *from);

/* Switches sync on with a new account, which becomes the world's. */
void device_create(struct device *device);
/* Joins with the code; the sync that follows is the caller's. */
void device_join(struct device *device);
enum engine_result device_sync_with(struct device *device, bool allow_deletions);
enum engine_result device_sync(struct device *device);
/* Two devices of one account with count entries ("e0", "e1"…), both at the head. */
void devices_pair(struct world *world, struct device *a, struct device *b, unsigned count);

void device_new(struct device *device, const char *id, const char *content);
/* Begun on what is local now. */
struct edit_outcome device_save(struct device *device, const char *id, const char *content);
void device_delete(struct device *device, const char *id);
struct digest device_version(struct device *device, const char *id); /* local */
bool device_has(struct device *device, const char *id);              /* a local version */
bool device_deleted(struct device *device, const char *id);
void assert_content(struct device *device, const char *id, const char *content);
int64_t device_updated_ms(struct device *device, const char *id);
struct journal_counts device_counts(struct device *device);
struct sync_facts device_facts(struct device *device);
size_t device_history(struct device *device, const char *id, enum history_kind kind);
size_t device_activity(struct device *device, enum activity_kind kind);
/* The history holds a version of that content, for that reason. */
bool device_keeps(
    struct device *device, const char *id, enum history_kind kind, const char *content);

/* On its file, beside it: what rots, or what another program does there. Some row changes. */
void device_sql(struct device *device, const char *text);
/* The stored state root, after it was computed again from the cloud state. */
void device_root(struct device *device, uint8_t out[ROOT_LEN]);
/* Both hold the same cloud state, with the same authors and root, and have nothing unsynced (I2).
 */
void assert_same_state(struct device *a, struct device *b);
/*
 * Also, they tell alike where each tombstone stands, the last frame of each device, floor, reset
 * and the length of the log since the last snapshot: what a snapshot's maker says of the log.
 */
void assert_same(struct device *a, struct device *b);

#define assert_engine(device, have, want) \
	do { \
		enum engine_result have_ = (have); \
		if (have_ != (want)) \
			print_error("%s; message: %s\n", engine_result_text(have_), \
			    (device)->call.message); \
		assert_int_equal(have_, (want)); \
	} while (0)
#define assert_synced(device) assert_engine(device, device_sync(device), ENGINE_OK)

#endif
