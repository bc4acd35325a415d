/*
 * schemas/entry.h: one journal record, as canonical CBOR (entry.cddl, entry.md).
 * The texts are kept exactly as they came; unknown members as their compact JSON source. A deleted
 * entry keeps its title and content, so that any device can restore it until its tombstone is
 * purged. The version hash is over this encoding, every byte of it: one version is one byte string.
 */
#ifndef INKSEAL_ENTRY_H
#define INKSEAL_ENTRY_H

#include "schemas/format.h"

struct entry_extra {
	struct view name; /* a member's name, UTF-8, not a reserved one */
	struct view json; /* its value: passes json_check_member (schemas/json.h) */
};

struct entry { /* views are borrowed; a view with data == NULL is absent where "?" stands */
	struct view id;
	struct view collection; /* "journal", "drafts", "queue", "playlists", "session" */
	struct view title;
	struct view content;
	struct view created_at;                    /* as it came */
	struct view updated_at;                    /* as it came */
	struct view deleted_at;                    /* ? then it is a tombstone */
	struct view conflict_of;                   /* ? the id this is a conflict copy of */
	struct entry_extra extra[EXTRA_COUNT_MAX]; /* encoding sorts by name */
	size_t extra_count;
};

bool entry_deleted(const struct entry *entry);
bool entry_collection_valid(struct view collection); /* 1 to COLLECTION_MAX letters a to z */
/*
 * No unknown member may have this name: those of the JSON form that have a key here, and
 * contentHash, which is derived from the entry by who needs it, and never kept.
 */
bool entry_name_reserved(struct view name);
/* Refuses what entry_decode refuses; extras may come in any order. */
MUST_USE enum format_result entry_encode(const struct entry *entry, struct bytes *out);
MUST_USE enum format_result entry_decode(struct view encoded, struct entry *out);
/* The version hash of an encoded entry, which must be one that entry_decode accepts. */
MUST_USE enum format_result entry_version(struct view encoded, struct digest *out);
/* Both in one. */
MUST_USE enum format_result entry_read(
    struct view encoded, struct entry *out, struct digest *version_out);

/*
 * A time's text as milliseconds since 1970, for order: ISO 8601 as JavaScript's Date.parse reads
 * it (YYYY, +YYYYYY, -MM, -DD, Thh:mm[:ss[.fff…]], Z or ±hh:mm; date alone or no zone: UTC).
 * Unreadable: 0, as the first app does; so it beats every date before 1970.
 */
int64_t time_parse_ms(struct view text);
/*
 * What a version that replaces one of than_ms is dated: now, or a millisecond later than what it
 * replaces; but never beyond the last time that can be read, which two versions may then share.
 */
int64_t time_later_ms(int64_t now_ms, int64_t than_ms);
/* As toISOString() prints it: YYYY-MM-DDThh:mm:ss.fffZ, or ±YYYYYY-… outside years 0..9999. */
#define TIME_PRINT_MAX 32u
void time_print_ms(int64_t ms, char out[TIME_PRINT_MAX]);

/*
 * The id of the conflict copy that keeps what device lost on entry: derived, so that a later loser
 * of the same device is a new version of the same copy (design, section 8). A UUID (version 8).
 */
#define COPY_ID_LEN 36u
void entry_copy_id(struct view id, const struct device_id *device, char out[COPY_ID_LEN + 1]);

#endif
