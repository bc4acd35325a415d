/*
 * cli/app/entries.h: the journal's entries: listed, found by what a person types, read,
 * saved. Texts and entries given out are the caller's to clear.
 */
#ifndef INKSEAL_ENTRIES_H
#define INKSEAL_ENTRIES_H

#include "cli/app/session.h"

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
/* A new entry, whose id is made; the rest is the entry's own. */
MUST_USE enum code session_new(
    struct session *session, const struct entry *entry, char id_out[COPY_ID_LEN + 1]);
/* begun_on: the version that the edit was begun on; if the entry has moved since, both are kept. */
MUST_USE enum code session_save(struct session *session, const struct entry *entry,
    const struct digest *begun_on, struct edit_outcome *out);
MUST_USE enum code session_delete(struct session *session, struct view id);
/* version NULL: brings a deleted entry back; else makes that old version the current one. */
MUST_USE enum code session_restore(
    struct session *session, struct view id, const struct digest *version);

/* Rows, as store.h has them; see says false to stop. */
MUST_USE enum code session_list(struct session *session, const struct store_query *query,
    bool (*see)(void *self, const struct store_item *item), void *self);
MUST_USE enum code session_history(struct session *session, struct view id,
    bool (*see)(void *self, const struct store_history *row), void *self);
/* What was done here, newest first; limit 0: all. */
MUST_USE enum code session_activity(struct session *session, uint64_t limit,
    bool (*see)(void *self, const struct store_activity *row), void *self);

/* Where the journal stands, as far as is known here. */
struct overview {
	struct journal_counts counts;
	uint8_t root[ROOT_LEN]; /* of what is in the cloud */
	struct bytes url; /* where it syncs to; data NULL: nowhere, or it is not known. Yours */
};
MUST_USE enum code session_overview(struct session *session, struct overview *out);

#endif
