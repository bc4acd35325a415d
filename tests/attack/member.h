/*
 * tests/attack/member.h: a device of the account, with all its keys, that writes what no device of
 * ours would. A script says which operations, deltas, rows and indexes are sealed and signed into
 * the log's next frame; the sink gets the blobs that the frame names, then the frame. The fuzz
 * target `insider` shows them to one device; attack_member commits them through the account code.
 */
#ifndef INKSEAL_ATTACK_MEMBER_H
#define INKSEAL_ATTACK_MEMBER_H

#include "cli/engine/replica.h"
#include "tests/fuzz/fuzz.h"

#define MEMBER_OPS_MAX 8u
#define MEMBER_ENTRIES_MAX 16u

/* Where what it writes goes; both are borrowed for the call. */
struct member_sink {
	void *self;
	void (*blob)(void *self, const struct blob_name *name, struct view blob);
	void (*frame)(void *self, struct view frame);
};

/* One entry of the cloud state at the member's cursor. */
struct member_entry {
	struct bytes encoded;
	int64_t created_ms;
	struct digest version;
	struct device_id author;
	char id[ENTRY_ID_MAX + 1];
	bool gone; /* by an operation of the frame that is being written */
};

struct member {
	struct replica state;
	struct call call;
	struct device_id authors[2]; /* who it says has made what it carries */
	struct member_entry entries[MEMBER_ENTRIES_MAX];
	size_t entries_count;
};

/*
 * Reads what the engine's journal holds of the account; at least four entries, and at most
 * MEMBER_ENTRIES_MAX. engine and authors[1] are borrowed and copied.
 */
void member_open(struct member *member, struct engine *engine, const struct device_id *other);
void member_close(struct member *member);

/* FRAME_PATCH, _LOAD, _SNAPSHOT or _RESET: one frame, its body or index and segment before it. */
void member_write(struct member *member, enum frame_kind kind, struct fuzz_script *script,
    const struct member_sink *sink);

#endif
