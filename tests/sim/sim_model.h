/*
 * tests/sim/sim_model.h: the plain reference: every change that a person made and was told "saved",
 * every place of the log that any device has seen, and the state root there. What it checks are the
 * invariants I1 to I5 and I8 of the design.
 */
#ifndef INKSEAL_SIM_MODEL_H
#define INKSEAL_SIM_MODEL_H

#include "tests/sim/sim_device.h"

#define SIM_OPS_MAX 4096u
#define SIM_SEQS_MAX 8192u

struct sim_op { /* a change that was acknowledged */
	char id[COPY_ID_LEN + 1];
	struct digest version;
	bool has_parent;
	struct digest parent; /* what it was begun on, and so supersedes */
	uint32_t token;
	bool deleted;
	bool superseded; /* a later one was begun on it */
	bool twin; /* two devices made this very version: one may be replaced, the other not */
	bool copy_replaced; /* … or on a conflict copy that kept it */
	unsigned device;
	struct device_id author; /* its device's, if that had keys by then */
	enum history_kind kind;
};
struct sim_place { /* of the log */
	bool known, has_maker, has_root;
	struct device_id maker; /* of the frame there */
	struct digest hash;
	uint8_t root[ROOT_LEN];
};
#define SIM_ITEMS 4u
#define SIM_ITEM_MAX 2048u
struct sim_item { /* one of an export file that its persons carry from device to device */
	char id[COPY_ID_LEN + 1];
	uint32_t token;
	char content[SIM_ITEM_MAX + 1];
	char time[TIME_PRINT_MAX];
};
struct sim_model {
	struct sim_world *world;
	uint32_t tokens; /* drawn so far: each content has its own */
	struct sim_op *ops;
	size_t ops_count;
	struct sim_place *places;     /* by seq */
	uint64_t head_seq;            /* the highest seen */
	char broken[COPY_ID_LEN + 1]; /* the entry that a check has failed for; "": none */
	char canary[SIM_CANARY_LEN + 1];
	struct sim_item items[SIM_ITEMS];
};
MUST_USE bool sim_model_open(struct sim_model *model, struct sim_world *world);
void sim_model_close(struct sim_model *model);

/* The token that a content begins with; 0: none. */
uint32_t sim_model_token(struct view content);
/* After a command: its intents against the journal. acknowledged: they must be there. */
void sim_model_took(struct sim_model *model, struct sim_device *device, bool acknowledged);
/* The bucket goes back: what was seen of the log is not what will be seen. */
void sim_model_forget_log(struct sim_model *model);
/* After a command: head and root of a device (I2, I4), and the manifest's tail (I4). */
void sim_model_observe(struct sim_model *model, struct sim_device *device);

struct sim_op *sim_model_find(struct sim_model *model, const struct digest *version);
/* What the account has under that key, or the pack that is named; *out is yours. False: nothing. */
bool sim_model_look_up(struct sim_model *model, const char *what, struct bytes *out);
bool sim_model_pack(struct sim_model *model, const struct manifest_pack *named, struct bytes *out);
/* N2: all that is named is there; I9, I5: how the log is sealed (sim_names.c). */
void sim_names_check(struct sim_model *model);
/* The manifest's table of devices and its snapshot, by the log that is at hand (sim_manifest.c). */
void sim_manifest_check(struct sim_model *model);
/* A sweep is about to remove this key, and others: none that was put under the current count or the
 * one before, for who has put it may be about to name it. */
void sim_names_removed(struct sim_model *model, const char *key);
/* The log as the bucket holds it, each frame in its place: its tail, and with_packs all of it. */
void sim_model_log(struct sim_model *model, bool with_packs);

/* A hash of all a device holds of the journal: local, base and cloud versions, and the head. */
void sim_model_state(struct sim_model *model, struct sim_device *device, struct digest *out);
/* True if all devices are at one head with nothing unsynced. */
bool sim_model_settled(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count);
/* Parts of the check below: sim_equal.c, sim_canary.c. */
void sim_check_equal(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count);
void sim_check_canary(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count);
/* sim_told.c: after a command, and at quiescence: what a device tells of what happened. */
void sim_told_observe(struct sim_model *model, struct sim_device *device, bool ended_well);
void sim_told_check(struct sim_model *model, struct sim_device *device,
    struct sim_device *const *devices, size_t devices_count);
/* At quiescence, all devices synced: I1, I2, I3, I4 over the whole log, I5. */
void sim_model_check(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count);

#endif
