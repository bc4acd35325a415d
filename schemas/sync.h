/*
 * schemas/sync.h: the one exchange (sync.cddl): cursor and new frames in; frames after the cursor
 * and, if the cursor was the head, the commit, out. Views point into the bytes decoded, or into
 * what the account code was given; struct sync_answer's arrays are freed by sync_answer_clear.
 */
#ifndef INKSEAL_SYNC_H
#define INKSEAL_SYNC_H

#include "schemas/frame.h"

#define SYNC_FRAMES_MAX 4096u /* frames of an answer */
#define SYNC_PUSH_MAX 16u     /* frames of a request */
#define SYNC_NAMES_MAX (SEGMENTS_MAX + 64u)

struct sync_request {
	struct account_id account;
	struct device_id device;
	struct head cursor;                /* seq 0 and the genesis' hash: nothing applied yet */
	struct view frames[SYNC_PUSH_MAX]; /* to commit after the cursor; none: a poll */
	size_t frames_count;
	struct view bodies[SYNC_PUSH_MAX]; /* blobs that the frames name, not yet put */
	size_t bodies_count;
	struct view roster; /* with a statement's frame or a reset: the roster with it; else NULL */
	bool wants_lease;   /* it has lost often (design, section 6, "Fairness") */
	bool reseed; /* a person asked for a reset: the log there may be damaged. With a reset, the
			cursor is the head that it follows; alone, it asks for that head, and the
			answer is DIVERGED if the log does not hold */
};

enum sync_status {
	SYNC_CURRENT,    /* the cursor is the head; nothing was to be committed */
	SYNC_COMMITTED,  /* all frames of the request are committed; the head is the last */
	SYNC_BEHIND,     /* frames after the cursor are in the answer; nothing was committed */
	SYNC_FAR_BEHIND, /* the packs a cursor needs are gone: take snapshot, then sync from covered
			  */
	SYNC_DIVERGED,   /* the log holds another frame at the cursor's seq */
	SYNC_AHEAD,      /* the cursor is beyond the head: "behind you" */
	SYNC_RENAME,     /* nothing committed: the blobs in names must be put again */
	SYNC_REVOKED,    /* the device is not live; roster is the proof */
	SYNC_GONE,       /* wiped; wipe_record is the proof */
	SYNC_REFUSED,    /* a frame does not hold, for the reason in call->message */
	SYNC_LATER,      /* busy, or another's lease: again after retry_after_ms */
};

struct sync_body {
	struct blob_name name;
	struct view blob;
};

struct sync_answer {
	enum sync_status status;
	struct head head;
	uint8_t incarnation[INCARNATION_LEN];
	uint64_t sweep; /* the count to put blobs under */
	struct digest roster_hash;
	struct blob_name roster;
	struct view *frames; /* BEHIND: in order, from cursor + 1 */
	size_t frames_count;
	struct sync_body *bodies; /* of those frames, as far as they fit */
	size_t bodies_count;
	bool more;            /* ask again with the new cursor */
	struct view snapshot; /* FAR_BEHIND: the whole frame */
	struct blob_name
	    *names; /* RENAME; COMMITTED: the names of the request's bodies, in order */
	size_t names_count;
	struct view roster_blob; /* REVOKED */
	struct view wipe_record; /* GONE; data == NULL: the manifest says so without a record */
	int64_t retry_after_ms;  /* LATER */
	int64_t time_ms;         /* the answering side's wall clock */
	struct bytes storage[8]; /* owns what the views above point into */
	size_t storage_count;
};

void sync_answer_clear(struct sync_answer *answer);
/* Takes *owned over (it becomes {0}). False if the storage is full. */
MUST_USE bool sync_answer_keep(struct sync_answer *answer, struct bytes *owned);

MUST_USE enum format_result sync_request_encode(
    const struct sync_request *request, struct bytes *out);
MUST_USE enum format_result sync_request_decode(struct view encoded, struct sync_request *out);
MUST_USE enum format_result sync_answer_encode(const struct sync_answer *answer, struct bytes *out);
/* *out is {0} before; arrays are allocated, views point into encoded. */
MUST_USE enum format_result sync_answer_decode(struct view encoded, struct sync_answer *out);

#endif
