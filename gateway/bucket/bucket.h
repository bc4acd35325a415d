/*
 * gateway/bucket/bucket.h: an S3-compatible object store, behind a vtable.
 * A key is 1..BUCKET_KEY_MAX printable ASCII bytes in parts divided by "/", none empty and none
 * beginning with a dot. Objects were sealed by the client: nothing here ever sees plaintext.
 * Drivers: bucket_s3.c, bucket_dir.c (a folder); bucket_open.h chooses one by a URL. Wrappers:
 * bucket_count.c, bucket_retry.c, bucket_leash.c. All threads may share one bucket. What we assume
 * of a store, and the key layout: README.md.
 */
#ifndef INKSEAL_BUCKET_H
#define INKSEAL_BUCKET_H

#include "schemas/base/base.h"

#define BUCKET_KEY_MAX 256u
#define BUCKET_OBJECT_MAX (6u << 20)
#define BUCKET_TAG_MAX 72u
#define BUCKET_PAGE_MAX 1000u /* keys of one listing page, and of one bucket_remove_many */
#define BUCKET_URL_MAX 1024u
#define BUCKET_RACE_MAX 16u /* puts of one bucket_race */

enum bucket_result {      /* one value for each thing a caller can do next */
	BUCKET_OK,        /* done, and the outputs are set */
	BUCKET_UNCHANGED, /* a conditional get: the tag still holds; no outputs */
	BUCKET_ABSENT,    /* no such key */
	BUCKET_CONFLICT,  /* the condition does not hold: read again, then decide */
	BUCKET_RETRY,     /* not done: the same call may be made again */
	BUCKET_UNKNOWN,   /* perhaps done: read back before anything else */
	BUCKET_REFUSED,   /* over a maximum, forbidden, disk full: give up */
};
const char *bucket_result_text(enum bucket_result result);

enum bucket_if { BUCKET_ALWAYS, BUCKET_IF_ABSENT, BUCKET_IF_TAG };
struct bucket_tag { /* names a key's content at a time; opaque; "" is none */
	char text[BUCKET_TAG_MAX + 1];
};
struct bucket_put { /* every pointer is borrowed until the call returns */
	const char *key;
	struct view data;
	enum bucket_if cond;
	struct bucket_tag tag; /* read only for BUCKET_IF_TAG */
};
struct bucket_get {
	const char *key;
	struct bucket_tag unless; /* not "": BUCKET_UNCHANGED if the key still has this tag */
	size_t first_bytes; /* not 0: at most that many bytes from the start (one range GET) */
};
struct bucket_item {
	char key[BUCKET_KEY_MAX + 1];
	uint64_t size;
};
struct bucket_page {               /* yours: free items */
	struct bucket_item *items; /* ascending by key */
	size_t count;
	bool more; /* list again after the last key */
};

/* Counted where the driver is called, not computed. A range or conditional GET is a get. */
struct bucket_counts {
	uint64_t get, put, list, remove; /* requests; a remove_many counts as one */
	uint64_t bytes_up, bytes_down;   /* object bytes */
};

struct bucket; /* opened by bucket_open.h or a driver's own open; closed by bucket_close */

/*
 * Each call: on any result but OK the outputs are as they were, and call->message says why, without
 * keys or secrets. Returns by call->deadline_ms (monotonic). bucket_put is durable when it says OK.
 */
MUST_USE enum bucket_result bucket_put(struct bucket *bucket, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out);
/* *out is yours, to be cleared. */
MUST_USE enum bucket_result bucket_get(struct bucket *bucket, const struct bucket_get *get,
    struct call *call, struct bytes *out, struct bucket_tag *tag_out);
/* OK also when there was no such key. */
MUST_USE enum bucket_result bucket_remove(
    struct bucket *bucket, const char *key, struct call *call);
/* At most BUCKET_PAGE_MAX keys; after anything but OK some may be gone. */
MUST_USE enum bucket_result bucket_remove_many(
    struct bucket *bucket, const char *const *keys, size_t count, struct call *call);
/* Keys that begin with prefix and are greater than after ("": from the start). */
MUST_USE enum bucket_result bucket_list(struct bucket *bucket, const char *prefix,
    const char *after, struct call *call, struct bucket_page *out);
/*
 * Removes what a plain listing does not show under prefix: old versions, delete markers,
 * unfinished uploads. Adds to *removed what is known to have gone, whatever the result. OK and none
 * where the store has no such things; REFUSED where it may have them and does not show them.
 */
MUST_USE enum bucket_result bucket_purge_hidden(
    struct bucket *bucket, const char *prefix, struct call *call, uint64_t *removed);
/*
 * For the probe: sends count puts at once, all of each but its last byte, then the last bytes
 * together. results_out[i] is as bucket_put would have it, calls[i].message says why. False: this
 * bucket cannot do that, or a put is none; nothing was sent.
 */
MUST_USE bool bucket_race(struct bucket *bucket, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out);
/* Was the store's last word about it that it does not take our credentials? */
bool bucket_denied(const struct bucket *bucket);
void bucket_close(struct bucket *bucket); /* NULL is fine */

/* What a driver supplies; bucket.c has checked every argument. purge_hidden, race and denied may be
 * NULL.
 */
struct bucket_ops {
	enum bucket_result (*put)(void *self, const struct bucket_put *put, struct call *call,
	    struct bucket_tag *tag_out);
	enum bucket_result (*get)(void *self, const struct bucket_get *get, struct call *call,
	    struct bytes *out, struct bucket_tag *tag_out);
	enum bucket_result (*remove)(void *self, const char *key, struct call *call);
	enum bucket_result (*remove_many)(
	    void *self, const char *const *keys, size_t count, struct call *call);
	enum bucket_result (*list)(void *self, const char *prefix, const char *after,
	    struct call *call, struct bucket_page *out);
	enum bucket_result (*purge_hidden)(
	    void *self, const char *prefix, struct call *call, uint64_t *removed);
	bool (*race)(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
	    enum bucket_result *results_out);
	bool (*denied)(void *self);
	void (*close)(void *self);
};
struct bucket { /* for bucket.c, and for a driver's own tests */
	const struct bucket_ops *ops;
	void *self;
};
/* Wraps self; NULL: no memory, and self was closed. */
MUST_USE struct bucket *bucket_new(const struct bucket_ops *ops, void *self);

/* A bucket that counts what passes through it into *counts (which must outlive it) and owns inner.
 */
MUST_USE struct bucket *bucket_count(struct bucket *inner, struct bucket_counts *counts);
/* A copy of the counts, while buckets count into them. */
void bucket_counted(const struct bucket_counts *counts, struct bucket_counts *out);

/*
 * The capability probe (probe.c): create-if-absent, update-if-match, If-Match on a missing key
 * creates nothing, and rounds of races of 16 writers, one winner each (the last byte held back
 * and released together, as far as the driver allows). What it writes below "probe/" it removes;
 * what one left that was killed, a probe an hour later does.
 */
struct probe_rules {
	unsigned rounds;      /* of races whose last bytes are held back */
	unsigned gate_rounds; /* instead, where the driver cannot hold them: more show no more */
	int64_t races_ms;     /* no round but the first begins later; 0: all are run */
	int64_t race_ms;      /* what a race has not answered by then stays open; 0: the deadline */
	bool (*cancelled)(void *self); /* asked before each round; NULL: never */
	void *self;
};
extern const struct probe_rules
    probe_rules_short; /* before sync, and when a gateway starts: 2 s, or little more */
extern const struct probe_rules probe_rules_full; /* where a person asks for it: up to 20 s */

enum probe_result {    /* on any but KEPT call->message says why */
	PROBE_KEPT,    /* no promise was seen broken; what did not end in time says nothing */
	PROBE_BROKEN,  /* one was: two devices could overwrite each other's commits there */
	PROBE_REFUSED, /* nothing can be tried: no right to write, or the disk is full */
	PROBE_LATER,   /* it did not answer, or the work was cancelled */
};
MUST_USE enum probe_result bucket_probe(struct bucket *bucket, const struct clock *clock,
    const struct random *random, const struct probe_rules *rules, struct call *call);

#endif
