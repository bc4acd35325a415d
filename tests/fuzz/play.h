/*
 * tests/fuzz/play.h: a real account with a log of every kind of frame, devices in several states,
 * and a gateway that a script plays towards one of them: honest where the script says nothing. The
 * account is made once; a session leaves the devices as they were.
 */
#ifndef INKSEAL_FUZZ_PLAY_H
#define INKSEAL_FUZZ_PLAY_H

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/victim.h"

#define PLAY_LOG_MAX 32u
#define PLAY_OWN_MAX 8u /* frames that a session adds to the log */
#define PLAY_SENT_MAX 128u
#define PLAY_BLOBS_MAX 48u
#define PLAY_ROSTERS_MAX 8u

enum play_victim {
	PLAY_CLEAN,      /* far back in the log, nothing unsynced */
	PLAY_DIRTY,      /* in the middle, with edits that meet others' */
	PLAY_RECOVERING, /* at the beginning, its own statement still to be pushed */
	PLAY_CURRENT,    /* at the head, nothing unsynced */
	PLAY_VICTIMS,
};

struct play_blob {
	struct blob_name name;
	struct bytes blob;
};

struct play {
	struct world world;
	struct device a, b; /* the makers of the log */
	struct device devices[PLAY_VICTIMS];
	struct victim victims[PLAY_VICTIMS];
	size_t log_count;
	struct bytes frames[PLAY_LOG_MAX];
	struct head heads[PLAY_LOG_MAX + 1];       /* heads[0] is the genesis */
	uint8_t roots[PLAY_LOG_MAX + 1][ROOT_LEN]; /* after each frame */
	bool root_known[PLAY_LOG_MAX + 1];
	struct bytes snapshot; /* the newest one's frame */
	uint64_t snapshot_seq;
	struct play_blob blobs[PLAY_BLOBS_MAX];
	size_t blobs_count;
	struct bytes rosters[PLAY_ROSTERS_MAX]; /* as they grew */
	size_t rosters_count;
	struct digest roster_hash;
	struct blob_name roster;
	uint8_t incarnation[INCARNATION_LEN];
	uint64_t sweep;
	struct bytes
	    record; /* what a wipe leaves, though nobody has wiped: signed with no wipe key */
};
/* The one there is; made at the first call. Kept until the process ends. */
struct play *play(void);

struct session {
	struct play *play;
	struct victim *victim;
	struct fuzz_script *script;
	bool honest;  /* the script changed nothing so far */
	size_t count; /* of the log as this session tells it */
	struct bytes own[PLAY_OWN_MAX];
	struct play_blob put[PLAY_BLOBS_MAX];
	size_t put_count;
	struct digest
	    sent[PLAY_SENT_MAX]; /* frames of the device's: it may be told that one landed */
	size_t sent_count;
	struct bytes roster; /* pushed in this session; empty: the play's */
	struct digest roster_hash;
	struct blob_name roster_name;
	bool far_behind;      /* the packs are gone, it says */
	struct digest before; /* of the journal, before the last answer */
	/* Not NULL: instead of the script's changes. */
	void (*change)(struct session *session, struct sync_answer *answer);
};
/* Adds to what this session tells of the log, and of the blobs; both are copied. */
void session_frame(struct session *session, struct view frame);
void session_blob(struct session *session, const struct blob_name *name, struct view blob);
/* NULL: there is none of that name. */
const struct play_blob *session_find(const struct session *session, const struct blob_name *name);
struct view session_log(const struct session *session, size_t number); /* a frame, from 0 */
/* As the gateway answers, and then as the script has it. *answer is {0} before; clear it. */
void session_answer(
    struct session *session, const struct sync_request *request, struct sync_answer *answer);
/*
 * One run of the device's sync, and what must hold of the journal after it, whatever the gateway
 * did. Puts the journal back. Fills *result_out.
 */
void session_run(struct session *session, enum engine_result *result_out);
void session_clear(struct session *session);

#endif
