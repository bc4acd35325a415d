/*
 * cli/remote/remote.h: how a request of the engine's travels: straight into a bucket
 * (remote_direct.c, through the very code that a gateway runs), or by HTTP to a gateway
 * (remote_http.c). Also the loop that drives the engine's sync machine over a remote.
 */
#ifndef INKSEAL_REMOTE_H
#define INKSEAL_REMOTE_H

#include "cli/engine/engine.h"
#include "gateway/bucket/bucket.h"

#define REMOTE_URL_MAX 1024u /* bytes of a URL, a bucket's or a gateway's */

enum remote_result {
	REMOTE_OK,
	REMOTE_ABSENT,  /* no such account or blob; nothing says it was wiped */
	REMOTE_GONE,    /* wiped, it says; only wipe_record's record proves it */
	REMOTE_REFUSED, /* again is no use */
	REMOTE_LATER,   /* busy, or the answer was lost: nothing else was; call->retry_after_ms says
			 * when to ask again, 0: not at once */
	REMOTE_UNREACHABLE, /* no connection, so nothing was sent: again is of use later */
	REMOTE_DAMAGED,     /* an object there is not what it should be */
	REMOTE_FAILED,      /* for good: the disk there is full, forbidden, or no memory */
};
const char *remote_result_text(enum remote_result result);

struct remote_receipt { /* of a wipe; on REMOTE_LATER: what is gone so far, if that is known */
	struct bytes
	    encoded; /* a signed receipt (statement.h) where the remote signs it; else empty */
	uint64_t objects_removed, bytes_removed;
	int64_t empty_at_ms;
};

#define REMOTE_NAME_MAX 255u
#define REMOTE_INVITE_MAX 256u
struct remote_info {  /* who answers at the URL */
	bool gateway; /* false: a bare bucket, and the rest is empty */
	bool
	    answers; /* to the URL's host and port: to another's no signature of ours holds there */
	char name[REMOTE_NAME_MAX + 1]; /* its public name, which a wipe must hold */
	uint8_t receipt_key[SIGN_PUBLIC_LEN];
};

struct remote_ops {
	enum remote_result (*info)(void *self, struct call *, struct remote_info *out);
	enum remote_result (*create)(
	    void *self, const struct account_id *account, struct view create, struct call *);
	enum remote_result (*sync)(void *self, const struct sync_request *request, struct call *,
	    struct sync_answer *answer);
	enum remote_result (*blob_get)(void *self, const struct account_id *account,
	    const struct blob_name *name, struct call *, struct bytes *out);
	enum remote_result (*blob_put)(void *self, const struct account_id *account,
	    const struct blob_name *name, struct view blob, struct call *);
	/*
	 * For blobs on another thread: a remote of its own to the same place, with what is known
	 * here; it is closed before this one, on the thread that opened it. NULL: no memory. The
	 * member itself may be NULL: then blobs are got and put one by one.
	 */
	struct remote *(*twin)(void *self);
	void (*twin_put)(void *self, const struct blob_name *name); /* a twin has put that blob */
	/* Without twins: which of count blobs under way comes next; NULL: the first. */
	size_t (*pick)(void *self, size_t count);
	enum remote_result (*roster)(
	    void *self, const struct account_id *account, struct call *, struct bytes *out);
	enum remote_result (*wipe)(void *self, const struct account_id *account, struct view wipe,
	    struct call *, struct remote_receipt *out);
	enum remote_result (*wipe_record)(
	    void *self, const struct account_id *account, struct call *, struct bytes *out);
	/* After a run: compacts, sweeps if one is due, and what a bare bucket's client does in a
	 * gateway's stead. */
	enum remote_result (*tidy)(void *self, const struct account_id *account, struct call *);
	void (*close)(void *self);
};
struct remote {
	void *self;
	const struct remote_ops *ops;
};

/* What a remote keeps between runs (manifest, tag, roster): held by the caller. */
struct remote_cache {
	void *self;
	MUST_USE bool (*load)(void *self, struct bytes *out); /* false: nothing kept */
	void (*save)(void *self, struct view value);          /* best effort: it is a cache */
};

/*
 * How a gateway lets us in; a bucket needs none of it. Copied, but the keys are borrowed until
 * remote_close, and need be there only once a request is signed: exchanges and blobs.
 */
struct remote_access {
	const struct device_keys *keys;
	const struct device_keys *recovery; /* while recovering; else NULL */
	const char *invite;                 /* for create, borrowed likewise; NULL: none */
	int64_t skew_ms;                    /* the gateway's clock less ours, as last seen */
	bool (*cancelled)(void);            /* asked about once a second; NULL: never */
};

/*
 * Opens "dir:PATH", "s3:…" (bucket.h) or a gateway, "http://HOST" or "https://HOST". counts (may be
 * NULL) is where requests are counted: the bucket's, or those to the gateway (remote_http.c). NULL:
 * call->message. Free with remote_close.
 */
MUST_USE struct remote *remote_open(const char *url, const struct clock *clock,
    const struct random *random, const struct remote_cache *cache,
    const struct remote_access *access, struct bucket_counts *counts, struct call *call);
bool remote_is_gateway(const char *url);
/* A gateway by http:// that is not on this machine by its name (localhost) or loopback address. */
bool remote_is_plain(const char *url);
void remote_close(struct remote *remote); /* saves the cache; NULL is fine */
/* A call for one request: its message empty, its deadline a minute from now. */
void remote_request(struct call *call, const struct clock *clock);
/*
 * The capability probe (bucket.h) of what the URL names; a gateway is asked whether its own has
 * passed, and rules are not looked at.
 */
MUST_USE enum probe_result remote_probe(const char *url, const struct clock *clock,
    const struct random *random, const struct probe_rules *rules, struct call *call);

/*
 * Drives sync over remote until it is over; waits with `wait` (false: cancelled), which is asked
 * with 0 ms before each request too. call is the one that sync_new was given.
 */
struct remote_waiter {
	void *self;
	bool (*wait)(void *self, int64_t ms);
	unsigned steps_max; /* of a run, which ends with LATER then; 0: as many as any run needs */
};
MUST_USE enum engine_result remote_run(struct sync *sync, struct remote *remote,
    const struct account_id *account, const struct clock *clock, const struct remote_waiter *waiter,
    struct call *call, struct sync_totals *totals_out);

#endif
