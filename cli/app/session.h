/*
 * cli/app/session.h: a home opened for one use case: the journal's file, the engine over it, and
 * where they are asked for the device's keys (unlock.h) and the remote (place.h).
 */
#ifndef INKSEAL_SESSION_H
#define INKSEAL_SESSION_H

#include "cli/app/host_home.h"
#include "cli/remote/remote.h"
#include "cli/store/store.h"

enum session_mode {
	SESSION_READ,  /* reads the journal: does not wait for who writes */
	SESSION_WRITE, /* holds the home's lock until session_close, but while somebody is asked */
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
	struct call call;                   /* of the store and the engine */
	bool missing;   /* no one entry was found by the text that session_resolve was given */
	bool read_only; /* SESSION_READ */
};
MUST_USE enum code session_open(struct app *app, enum session_mode mode, struct session *out);
void session_close(struct session *session); /* {0} is fine; wipes the keys */
/* Keeps what the remote knows of this home's account for the next run, and closes it, if it is
 * open. */
void session_remote_close(struct session *session);
/* What session->remote, which is open, has sent so far. */
void session_counted(const struct session *session, struct remote_counts *out);
/* Reads session->facts anew, and gives the engine the device's id. */
MUST_USE enum code session_refresh(struct session *session);

/*
 * As struct host has them, without the home's lock: others may write until the answer has come. If
 * the account is not as it was by then, that is said, and nothing goes on.
 */
MUST_USE enum code session_confirm(struct session *session, const char *question, const char *word);
MUST_USE enum code session_passphrase(
    struct session *session, const char *what, bool twice, struct bytes *out);

/* What an engine's or a journal's result means to the person; says it. */
MUST_USE enum code session_engine(struct session *session, enum engine_result result);
MUST_USE enum code session_journal(struct session *session, enum journal_result result);

/* Values of ours beside the engine's in the store: META_… */
#define META_URL "url"
#define META_CACHE "remote-cache"      /* remote_known */
#define META_RECEIPT_KEY "receipt-key" /* of a gateway: pinned when sync was set up */
/* NULL: there is none, or it can't be read. */
MUST_USE bool session_meta(struct session *session, const char *name, struct bytes *out);
/* value.data NULL: removed. */
MUST_USE enum code session_meta_set(struct session *session, const char *name, struct view value);
/* A line of the activity log. */
MUST_USE enum code session_note(
    struct session *session, enum activity_kind kind, const char *detail);

#endif
