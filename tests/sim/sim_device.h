/*
 * tests/sim/sim_device.h: one simulated device and its person: a real store on a disk in memory
 * (tests/crash/lossy_vfs.h), the real engine, and the account code straight on the shared bucket in
 * memory. A command runs on the device's own thread and yields before every bucket call and at
 * every begin and commit of the journal. When a device dies, every later one of them fails until
 * the command has unwound, and nothing reaches its disk; then the store is opened again from what
 * is on the disk, and what was only in memory is gone.
 */
#ifndef INKSEAL_SIM_DEVICE_H
#define INKSEAL_SIM_DEVICE_H

#include "cli/engine/engine.h"
#include "cli/remote/remote_run.h"
#include "cli/store/store.h"
#include "gateway/account/account.h"
#include "tests/sim/sim_world.h"

#define SIM_DEVICES_MAX 8u
#define SIM_INTENTS_MAX 8u
#define SIM_CANARY_LEN 48u
#define SIM_HOME_PATH_MAX 256u

enum sim_command {
	SIM_NEW,
	SIM_EDIT,
	SIM_HOLD, /* opens an editor … */
	SIM_SAVE, /* … and saves, whatever has been pulled meanwhile */
	SIM_DELETE,
	SIM_RESTORE,
	SIM_IMPORT,
	SIM_SYNC, /* switches on or recovers first, if the device has no account yet */
	SIM_JOIN, /* recovers, but leaves the sync for later */
	SIM_SWEEP,
	SIM_RESEED, /* a sync by a person who was told of a rollback, and wants a reset */
	SIM_WIPE,
	SIM_RELIST,       /* looks once more for what came after a wipe */
	SIM_CREATE_AGAIN, /* the request that made the account comes a second time */
	SIM_COMMANDS,
};
const char *sim_command_text(enum sim_command command);

/* What a change is to be: written down before it is made, looked for in the history afterwards. */
struct sim_intent {
	char id[COPY_ID_LEN + 1];
	bool has_parent;
	struct digest parent; /* the version it was begun on */
	uint32_t token;       /* of its content */
	bool deleted;
	uint64_t history_count; /* rows before it */
};

struct sim_model;
struct sim_device {
	struct sim_world *world;
	struct sim_model *model;
	unsigned index;
	struct sim_task task;
	struct sim_random random; /* what the code under test draws */
	struct sim_random person; /* what its person does */
	int64_t skew_ms;
	struct clock clock;
	struct random entropy;
	char folder[SIM_HOME_PATH_MAX]; /* on the disk a machine of its own */
	char path[SIM_HOME_PATH_MAX];
	struct store *store;
	struct journal_ops ops; /* the store's, with begin and commit of our own */
	const struct journal_ops *store_ops;
	struct engine engine;
	struct device_keys keys;
	struct call call;
	struct bucket *bucket;
	struct account_env env;
	struct account_cache cache;
	struct sim_gateway *gateway; /* of the command under way; NULL: by its own cache */
	bool at_gateway;             /* a request of it is there now */
	bool slow;                   /* its line is, in this command */
	struct bytes kept_cache;     /* as the last command that ended well has kept it */
	struct remote remote;
	struct sim_intent held; /* an open editor; id "": none */
	struct sim_intent intents[SIM_INTENTS_MAX];
	size_t intents_count;
	enum sim_command command;
	enum engine_result result; /* of the last command */
	bool rotten, rotted;       /* a version reads as rotten now; it did in this command */
	struct digest rot;         /* that version */
	uint64_t rot_bit;
	bool crashed;
	bool power_failed; /* … by a power cut */
	bool read_damaged; /* the last command has read the damaged object */
	bool has_stated;   /* it has sent a statement of its own: that, after this one */
	struct digest stated, stated_after;
	bool joined;      /* a sync after joining has ended well … */
	size_t joined_at; /* … when so many changes had been made */
	struct sync_totals totals;
	uint64_t seen_seq; /* its head after the last command … */
	struct sim_told {  /* … and what its activity log came to */
		uint64_t changes, pushed, pulled, conflicts, copies;
	} told;
	uint64_t conflicts, pushed, pulled, deltas, resets;
};

/* Before all else: libsodium's own draws come from the seed too. */
MUST_USE bool sim_device_randomness(void);
/* folder: where its home goes. False: no memory, or the home can't be made. */
MUST_USE bool sim_device_open(struct sim_device *device, struct sim_model *model,
    struct sim_world *world, unsigned index, const char *folder);
void sim_device_close(struct sim_device *device);
/* The scheduler's: begins a command; sim_give until the task is not busy. */
void sim_device_begin(struct sim_device *device, enum sim_command command);

/* The task's own: others go on, for at least sleep_ms. */
void sim_device_yield(struct sim_device *device, int64_t sleep_ms);
bool sim_device_dead(const struct sim_device *device); /* or the run is over */
/* Opens its store from its file; what was only in memory is gone. */
void sim_device_come_back(struct sim_device *device);
/* Its process ends and another begins: the log goes into the file, or it dies at that. */
void sim_device_reopen(struct sim_device *device);

/* sim_home.c: the folder that its store's file goes into. */
MUST_USE bool sim_home_make(struct sim_device *device, const char *parent);
void sim_home_remove(const char *parent, unsigned index); /* none is fine */
/* Whether it dies now, and of what; then that it does: nothing more reaches its disk. */
bool sim_death_draw(struct sim_device *device);
void sim_die_soon(struct sim_device *device); /* after a few more changes of the disk */
void sim_die(struct sim_device *device);
const char *sim_death_text(const struct sim_device *device);
/* Nothing open: its disk starts again, whole or as a power cut leaves it. */
void sim_home_start(struct sim_device *device);

/* sim_rot.c: around a sync; and what the store's reads of a version go through. */
void sim_rot_begin(struct sim_device *device);
void sim_rot_end(struct sim_device *device);
void sim_rot_read(
    const struct sim_device *device, const struct digest *version, struct bytes *encoded);

/* A home as it stands between two commands; cleared by sim_home_clear, {0} is fine. */
#define SIM_HOME_FILES 2u
struct sim_home {
	struct bytes files[SIM_HOME_FILES];
	struct bytes cache;
};
void sim_home_clear(struct sim_home *home);
void sim_home_copy(const struct sim_device *device, struct sim_home *out);
void sim_home_restore(struct sim_device *device, const struct sim_home *home);

/* A copy of another's home: from now on there are two of one device. The other is not busy. */
void sim_home_double(struct sim_device *device, const struct sim_device *from);

/* For the model: all versions that stand in an entry's history, oldest first, up to max. */
struct sim_version {
	struct digest version;
	enum history_kind kind;
};
size_t sim_device_history(
    struct sim_device *device, const char *id, struct sim_version *out, size_t max);

#endif
