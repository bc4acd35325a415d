/*
 * cli/remote/remote.h: how a request of the engine's travels: struct remote, a vtable of what is
 * asked of an account, wherever it lies. Straight into a bucket (remote_direct.c, through the very
 * code that a gateway runs), or by HTTP to a gateway (remote_http.c); remote_open.h opens one,
 * remote_run.h drives the engine's sync machine over it.
 */
#ifndef INKSEAL_REMOTE_H
#define INKSEAL_REMOTE_H

#include "cli/engine/engine.h"

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
#define REMOTE_AUTHORITY_MAX \
	300u          /* a host name's 253 characters, or an IPv6 address, and a port \
		       */
struct remote_info {  /* who answers at the URL */
	bool gateway; /* false: a bare bucket, and the rest is empty */
	bool
	    answers; /* to the URL's host and port: to another's no signature of ours holds there */
	char name[REMOTE_NAME_MAX + 1]; /* its public name, which a wipe must hold */
	uint8_t receipt_key[SIGN_PUBLIC_LEN];
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

struct remote_counts { /* of what went over the wire */
	/* Requests: to the store; or to a gateway, where what carries or stores something is a put.
	 */
	uint64_t get, put, list, remove;
	uint64_t bytes_up, bytes_down; /* of objects; or of HTTP bodies */
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
	/* remote_known. NULL: there is never any. */
	bool (*known)(void *self, struct bytes *out);
	void (*counted)(void *self, struct remote_counts *out); /* NULL: nothing is counted */
	void (*close)(void *self);
};
struct remote {
	void *self;
	const struct remote_ops *ops;
};
void remote_close(struct remote *remote); /* NULL is fine */

/*
 * What it knows of the account (manifest, tag, roster), to be handed to remote_open the next time:
 * so an edit is one request across runs of the program. A cache: lost, damaged or stale, it costs
 * requests and nothing else. False: nothing.
 */
MUST_USE bool remote_known(const struct remote *remote, struct bytes *out);

/* So far, with its twins that were closed. */
void remote_counted(const struct remote *remote, struct remote_counts *out);

/* A gateway, by its URL; else it is a bucket. */
bool remote_is_gateway(const char *url);
/* A call for one request: its message empty, its deadline a minute from now. */
void remote_request(struct call *call, const struct clock *clock);

#endif
