/*
 * tests/torture/account_rig.h: calls of the account code that can be made to fail at any place:
 * each begins from an account made for it over the memory bucket, and is made again without the
 * fault. What must hold in between and afterwards is judged here, whatever it was that failed.
 */
#ifndef INKSEAL_ACCOUNT_RIG_H
#define INKSEAL_ACCOUNT_RIG_H

#include "tests/gateway/account/fixture.h"

struct scene_outputs { /* as they were, unless the call says OK */
	size_t compacted;
	struct sweep_report sweep;
	struct wipe_report wipe;
	struct account_usage usage;
	struct bytes bytes;
};

struct scene {
	struct pair *pair; /* the account; of its devices, first is the one whose call fails */
	struct account_cache cache;   /* of the calls that are no device's */
	struct head from;             /* from here on the log is looked through … */
	size_t reader;                /* … by this member */
	struct bytes message;         /* what the call is given: a create request, a wipe, a blob */
	struct blob_name name;        /* the blob's, or of one that nothing names */
	struct account_wiped *wiped;  /* a page of wiped accounts */
	enum sync_status status;      /* what first's exchange must say if it says OK */
	uint64_t seq;                 /* the head's when the call is done */
	struct scene_outputs outputs; /* the call's */
};

enum scene_account {
	SCENE_STANDS,
	SCENE_CREATES, /* it is not there before */
	SCENE_WIPES,   /* and not after */
};
struct scene_call {
	const char *name;
	void (*prepare)(struct scene *scene);
	enum account_result (*run)(struct scene *scene);
	void (*done)(struct scene *scene); /* what holds once it said OK */
	enum scene_account account;
};
/* For what prepares and runs a call. */
const struct account_env *scene_env(struct scene *scene);
struct call *scene_time(struct scene *scene); /* for one call, afresh */
const struct account_id *scene_id(struct scene *scene);
/* message and its name: a blob that nobody has put. */
void scene_blob(struct scene *scene, enum blob_kind kind, size_t len, const struct blob_name *names,
    size_t names_count);
/* One that first puts. */
void scene_put_blob(struct scene *scene, enum blob_kind kind, struct blob_name *name_out);
/* Edits of first's until there are that many packs. */
void scene_packs(struct scene *scene, size_t packs);

/* All of them, each scene_<call>: a list, so that no test forgets one. */
#define SCENES(X) \
	X(create) \
	X(push) \
	X(push_body) \
	X(statement) \
	X(pack) \
	X(snapshot) \
	X(pull) \
	X(far_behind) \
	X(revoked) \
	X(gone) \
	X(compact) \
	X(compact_at_hand) \
	X(sweep) \
	X(sweep_many) \
	X(wipe) \
	X(relist) \
	X(relist_done) \
	X(wiped_next) \
	X(blob_put) \
	X(blob_get) \
	X(roster) \
	X(usage)
#define SCENE_DECLARED(call) extern const struct scene_call scene_##call;
SCENES(SCENE_DECLARED)
#undef SCENE_DECLARED

void scene_open(struct scene *scene, const struct scene_call *call);
void scene_close(struct scene *scene);
/* What the processes knew is forgotten, as if they had been started again. */
void scene_forget(struct scene *scene);
/* Right after a call that gave this result: its outputs, and what stands in the bucket (N2). */
void scene_judge(struct scene *scene, const struct scene_call *call, enum account_result result);
/* The same call, with nothing that fails; then late puts land, and the account goes on or is gone.
 */
void scene_again(struct scene *scene, const struct scene_call *call);

#endif
