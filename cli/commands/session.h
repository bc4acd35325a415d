/*
 * cli/commands/session.h: a home opened for one command: the journal's file, the engine over it,
 * and where the command asks for them the device's keys and the remote. Texts and entries it gives
 * out are the caller's to clear.
 */
#ifndef INKSEAL_SESSION_H
#define INKSEAL_SESSION_H

#include "cli/commands/home.h"
#include "cli/remote/remote.h"
#include "cli/store/store.h"

enum session_mode {
	SESSION_READ,  /* reads the journal: does not wait for who writes */
	SESSION_WRITE, /* holds the home's lock until session_close */
};

struct session {
	struct app *app;
	struct home home;
	struct store *store;
	struct engine engine;    /* keys: those below; NULL before there is an account */
	struct device_keys keys; /* the id alone, until session_unlock or session_wipe_key */
	struct sync_facts facts;
	struct remote *remote;
	const struct device_keys *recovery; /* while recovering: borrowed; else NULL */
	struct bytes invite;                /* for a gateway's create; a secret */
	struct bucket_counts counts;
	struct call call; /* of the store and the engine */
	bool missing;     /* no one entry was found by the text that session_resolve was given */
};
MUST_USE enum code session_open(struct app *app, enum session_mode mode, struct session *out);
void session_close(struct session *session); /* {0} is fine; wipes the keys */
/* Reads session->facts anew, and gives the engine the device's id. */
MUST_USE enum code session_refresh(struct session *session);

/* What an engine's or a journal's result means to the person; says it. */
MUST_USE enum code session_engine(struct session *session, enum engine_result result);
MUST_USE enum code session_journal(struct session *session, enum journal_result result);

/* The id that begins with text. */
MUST_USE enum code session_resolve(struct session *session, const char *text, struct bytes *id_out);
struct session_entry {
	struct bytes encoded; /* yours */
	struct entry entry;   /* points into encoded; {0} if nothing can be read */
	struct digest version;
	bool sound; /* else it is damaged: what is there is not what was saved */
};
/* The entry's version; NULL: the current one. */
MUST_USE enum code session_entry(struct session *session, struct view id,
    const struct digest *version, struct session_entry *out);
/* Says that it can't be read, and what to do. */
enum code session_damaged(struct session *session, struct view id);
/* The version with that number in the entry's history. */
MUST_USE enum code session_version(
    struct session *session, struct view id, uint64_t number, struct digest *out);

/* Values of ours beside the engine's in the store: META_… */
#define META_URL "url"
#define META_CACHE "remote-cache"
#define META_RECEIPT_KEY "receipt-key" /* of a gateway: pinned when sync was set up */
/* NULL: there is none, or it can't be read. */
MUST_USE bool session_meta(struct session *session, const char *name, struct bytes *out);
/* value.data NULL: removed. */
MUST_USE enum code session_meta_set(struct session *session, const char *name, struct view value);
/* A line of the activity log. */
MUST_USE enum code session_note(
    struct session *session, enum activity_kind kind, const char *detail);

/* Key file: read, and opened with the passphrase it needs. */
MUST_USE enum code session_unlock(struct session *session);
/* The wipe key alone: needs no passphrase. */
MUST_USE enum code session_wipe_key(struct session *session);
/* New keys, and the file they are kept in; with --passphrase under one. */
MUST_USE enum code session_new_keys(struct session *session);

/* Opens session->remote. kept: with what an earlier run knew of the account. */
MUST_USE enum code session_remote(struct session *session, const char *url, bool kept);
/*
 * Asks session->remote, opened at url, who it is. A gateway that does not answer to the URL's name
 * would refuse every signed request: that is said, with a URL to use, before anything is stored.
 */
MUST_USE enum code session_ask_gateway(
    struct session *session, const char *url, struct remote_info *out);
/* Keeps a gateway's receipt key: a wipe is judged by it. */
MUST_USE enum code session_pin_gateway(struct session *session, const struct remote_info *info);
/* The URL that sync is on with; session_remote on it. */
MUST_USE enum code session_own_remote(struct session *session);
/*
 * Tries a bucket that nothing was begun in from here yet; a gateway has tried its own. unsafe: what
 * to do where the bucket breaks a promise.
 */
MUST_USE enum code session_probe(struct session *session, const char *url, const char *unsafe);
/* What a remote's result means; call is the request's. */
MUST_USE enum code session_remote_result(
    struct session *session, enum remote_result result, const struct call *call);

/*
 * Is a URL that the person gave fit to be used? A gateway on another machine without TLS is by
 * --insecure-http alone. The URL that is kept has passed this: it is what is remembered of the
 * choice.
 */
MUST_USE enum code plain_http_allowed(struct app *app, const char *url);
/*
 * "dir:" with a relative path is made absolute: it is kept, and used from other folders. A
 * gateway's URL loses a slash at its end.
 */
MUST_USE enum code url_absolute(struct app *app, const char *url, struct bytes *out);

#endif
