/*
 * cli/engine/facts.c: what is stored of sync beside the entries; results' texts; versions.
 */
#include "cli/engine/engine_priv.h"
#include "schemas/cbor.h"

#include <stdlib.h>
#include <string.h>

const char *engine_result_text(enum engine_result result)
{
	switch (result) {
	case ENGINE_OK: return "ok";
	case ENGINE_NOT_FOUND: return "not found";
	case ENGINE_REFUSED: return "refused";
	case ENGINE_OFF: return "sync is not set up";
	case ENGINE_WRONG_KEY: return "wrong key";
	case ENGINE_GONE: return "the account was wiped";
	case ENGINE_MISSING: return "the account is missing";
	case ENGINE_REVOKED: return "this device was revoked";
	case ENGINE_ROLLBACK: return "the log was rolled back or forked";
	case ENGINE_BRAKE: return "too many deletions";
	case ENGINE_ROOT: return "the state roots differ";
	case ENGINE_DAMAGED: return "damaged";
	case ENGINE_UNSOUND: return "an entry is damaged in this home";
	case ENGINE_NEWER: return "made by a newer version";
	case ENGINE_LATER: return "not now";
	case ENGINE_FULL: return "the disk is full";
	case ENGINE_FAILED: return "failed";
	}
	return "unknown";
}

enum engine_result engine_of_journal(enum journal_result result)
{
	switch (result) {
	case JOURNAL_OK: return ENGINE_OK;
	case JOURNAL_FULL: return ENGINE_FULL;
	case JOURNAL_NONE:
	case JOURNAL_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

enum engine_result engine_finish(
    struct engine *engine, enum engine_result result, struct call *call)
{
	if (result == ENGINE_OK)
		result = engine_of_journal(engine->journal.ops->commit(engine->journal.self, call));
	if (result != ENGINE_OK)
		engine->journal.ops->rollback(engine->journal.self);
	return result;
}

enum engine_result engine_of_format(enum format_result result)
{
	switch (result) {
	case FORMAT_OK: return ENGINE_OK;
	case FORMAT_NEWER: return ENGINE_NEWER;
	case FORMAT_NO_MEMORY: return ENGINE_FAILED;
	case FORMAT_MALFORMED:
	case FORMAT_TOO_LARGE:
	case FORMAT_FORGED: return ENGINE_DAMAGED;
	}
	return ENGINE_DAMAGED;
}

enum facts_key {
	KEY_VERSION,
	KEY_FLAGS,
	KEY_ACCOUNT,
	KEY_DEVICE,
	KEY_INCARNATION,
	KEY_HEAD,
	KEY_KNOWN_HEAD,
	KEY_FLOOR,
	KEY_SWEEP,
	KEY_LOG_BYTES,
	KEY_SNAPSHOT_BYTES,
	KEY_ACKNOWLEDGED,
	KEY_PULLED,
	KEY_SKEW,
	KEY_ROSTER_AT,
	KEY_DELETED,
	KEY_SNAPSHOT_AT,
	KEY_RESET, /* these two are not in the record of a home that has met none */
	KEY_RESET_AT,
};
#define FACTS_MAX 1024u
enum { FLAG_ACCOUNT = 1, FLAG_ON = 2, FLAG_RECOVERING = 4 };

enum engine_result facts_store(
    struct engine *engine, const struct stored_facts *facts, struct call *call)
{
	const struct sync_facts *known = &facts->public;
	struct buffer out;
	enum engine_result result = ENGINE_FAILED;

	buffer_init(&out, FACTS_MAX);
	cbor_put_map(&out, known->reset_seq > 0 ? 19 : 17);
	cbor_put_uint(&out, KEY_VERSION);
	cbor_put_uint(&out, FORMAT_VERSION);
	cbor_put_uint(&out, KEY_FLAGS);
	cbor_put_uint(&out, (known->has_account ? FLAG_ACCOUNT : 0u) | (known->on ? FLAG_ON : 0u) |
				(known->recovering ? FLAG_RECOVERING : 0u));
	cbor_put_uint(&out, KEY_ACCOUNT);
	cbor_put_bytes(&out, known->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&out, KEY_DEVICE);
	cbor_put_bytes(&out, known->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(&out, KEY_INCARNATION);
	cbor_put_bytes(&out, known->incarnation, INCARNATION_LEN);
	cbor_put_uint(&out, KEY_HEAD);
	cbor_put_head(&out, &known->head);
	cbor_put_uint(&out, KEY_KNOWN_HEAD);
	cbor_put_head(&out, &known->known_head);
	cbor_put_uint(&out, KEY_FLOOR);
	cbor_put_uint(&out, known->floor);
	cbor_put_uint(&out, KEY_SWEEP);
	cbor_put_uint(&out, known->sweep);
	cbor_put_uint(&out, KEY_LOG_BYTES);
	cbor_put_uint(&out, known->log_bytes);
	cbor_put_uint(&out, KEY_SNAPSHOT_BYTES);
	cbor_put_uint(&out, known->snapshot_bytes);
	cbor_put_uint(&out, KEY_ACKNOWLEDGED);
	cbor_put_int(&out, known->acknowledged_ms);
	cbor_put_uint(&out, KEY_PULLED);
	cbor_put_int(&out, known->pulled_ms);
	cbor_put_uint(&out, KEY_SKEW);
	cbor_put_int(&out, known->skew_ms);
	cbor_put_uint(&out, KEY_ROSTER_AT);
	cbor_put_bytes(&out, facts->roster_at.bytes, DIGEST_LEN);
	cbor_put_uint(&out, KEY_DELETED);
	cbor_put_uint(&out, known->deleted);
	cbor_put_uint(&out, KEY_SNAPSHOT_AT);
	cbor_put_uint(&out, known->snapshot_seq);
	if (known->reset_seq > 0) {
		cbor_put_uint(&out, KEY_RESET);
		cbor_put_uint(&out, known->reset_seq);
		cbor_put_uint(&out, KEY_RESET_AT);
		cbor_put_int(&out, known->reset_ms);
	}
	if (!out.failed)
		result = engine_of_journal(engine->journal.ops->meta_set(
		    engine->journal.self, META_FACTS, buffer_view(&out), call));
	buffer_clear(&out);
	return result;
}

static void read_key(struct cbor_reader *reader, unsigned key, struct stored_facts *facts)
{
	struct sync_facts *known = &facts->public;
	uint64_t flags;

	switch (key) {
	case KEY_VERSION: cbor_version(reader); break;
	case KEY_FLAGS:
		flags = cbor_uint(reader, FLAG_ACCOUNT | FLAG_ON | FLAG_RECOVERING);
		known->has_account = (flags & FLAG_ACCOUNT) != 0;
		known->on = (flags & FLAG_ON) != 0;
		known->recovering = (flags & FLAG_RECOVERING) != 0;
		break;
	case KEY_ACCOUNT: cbor_fixed(reader, known->account.bytes, ACCOUNT_ID_LEN); break;
	case KEY_DEVICE: cbor_fixed(reader, known->device.bytes, DEVICE_ID_LEN); break;
	case KEY_INCARNATION: cbor_fixed(reader, known->incarnation, INCARNATION_LEN); break;
	case KEY_HEAD: known->head = cbor_head(reader); break;
	case KEY_KNOWN_HEAD: known->known_head = cbor_head(reader); break;
	case KEY_FLOOR: known->floor = cbor_uint(reader, SEQ_MAX); break;
	case KEY_SWEEP: known->sweep = cbor_uint(reader, SEQ_MAX); break;
	case KEY_LOG_BYTES: known->log_bytes = cbor_uint(reader, SEQ_MAX); break;
	case KEY_SNAPSHOT_BYTES: known->snapshot_bytes = cbor_uint(reader, SEQ_MAX); break;
	case KEY_ACKNOWLEDGED: known->acknowledged_ms = cbor_time(reader); break;
	case KEY_PULLED: known->pulled_ms = cbor_time(reader); break;
	case KEY_SKEW: known->skew_ms = cbor_int(reader); break;
	case KEY_ROSTER_AT: cbor_fixed(reader, facts->roster_at.bytes, DIGEST_LEN); break;
	case KEY_DELETED: known->deleted = cbor_uint(reader, SEQ_MAX); break;
	case KEY_SNAPSHOT_AT: known->snapshot_seq = cbor_uint(reader, SEQ_MAX); break;
	case KEY_RESET: known->reset_seq = cbor_uint(reader, SEQ_MAX); break;
	case KEY_RESET_AT: known->reset_ms = cbor_time(reader); break;
	default: cbor_fail(reader, FORMAT_MALFORMED);
	}
}

enum engine_result facts_load(struct engine *engine, struct call *call, struct stored_facts *out)
{
	struct bytes stored = {0};
	struct stored_facts facts = {0};
	struct cbor_reader reader;
	struct cbor_map map;
	unsigned key;
	enum format_result result;
	enum journal_result found =
	    engine->journal.ops->meta_get(engine->journal.self, META_FACTS, call, &stored);

	if (found == JOURNAL_NONE) {
		*out = facts;
		return ENGINE_OK;
	}
	if (found != JOURNAL_OK)
		return engine_of_journal(found);
	cbor_read(&reader, view_bytes(&stored));
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key))
		read_key(&reader, key, &facts);
	cbor_map_need(&reader, &map, 0x1FFFF);
	result = cbor_finish(&reader);
	bytes_clear(&stored);
	if (result != FORMAT_OK) {
		call_sayf(call, "this home's record of sync is %s", format_result_text(result));
		return engine_of_format(result);
	}
	*out = facts;
	return ENGINE_OK;
}

enum engine_result sync_facts_get(struct engine *engine, struct call *call, struct sync_facts *out)
{
	struct stored_facts facts;
	enum engine_result result = facts_load(engine, call, &facts);

	if (result == ENGINE_OK)
		*out = facts.public;
	return result;
}

enum engine_result sync_roster_get(struct engine *engine, struct call *call, struct bytes *out)
{
	enum journal_result found =
	    engine->journal.ops->meta_get(engine->journal.self, META_ROSTER, call, out);

	if (found == JOURNAL_NONE) {
		call_sayf(call, "sync is not set up; see `inkseal sync on`");
		return ENGINE_OFF;
	}
	return engine_of_journal(found);
}

void version_clear(struct version *version)
{
	bytes_clear(&version->encoded);
}

enum engine_result version_look(struct engine *engine, const struct digest *hash, struct call *call,
    struct version *out, bool *sound_out)
{
	struct bytes encoded = {0};
	struct digest have;
	enum journal_result found =
	    engine->journal.ops->version_get(engine->journal.self, hash, call, &encoded);
	enum format_result result;

	if (found == JOURNAL_NONE) {
		call_sayf(call, "the journal lacks a version that it names: run `inkseal doctor`");
		return ENGINE_NOT_FOUND;
	}
	if (found != JOURNAL_OK)
		return engine_of_journal(found);
	result = entry_read(view_bytes(&encoded), &out->entry, &have);
	if (result == FORMAT_NO_MEMORY) {
		bytes_clear(&encoded);
		call_sayf(call, "no memory for a stored version");
		return ENGINE_FAILED;
	}
	*sound_out = result == FORMAT_OK && digest_equal(&have, hash);
	if (result != FORMAT_OK)
		out->entry = (struct entry){0};
	out->encoded = encoded;
	out->hash = *hash;
	return ENGINE_OK;
}

enum engine_result version_unsound(struct view id, struct call *call)
{
	call_sayf(call,
	    "entry %.*s is damaged in this home: stored bytes of it are not what was saved. They "
	    "are never sent. `inkseal restore %.*s --version N` brings an older version back "
	    "(`inkseal history` lists them), an import of a backup heals it, and so does a new "
	    "text by `inkseal edit` where it can still be read",
	    (int)id.len, (const char *)id.data, (int)id.len, (const char *)id.data);
	return ENGINE_UNSOUND;
}

enum engine_result version_load(struct engine *engine, struct view id, const struct digest *hash,
    struct call *call, struct version *out)
{
	struct version version = {0};
	bool sound = false;
	enum engine_result result = version_look(engine, hash, call, &version, &sound);

	if (result == ENGINE_OK && !sound) {
		version_clear(&version);
		result = version_unsound(id, call);
	}
	if (result == ENGINE_OK)
		*out = version;
	return result;
}

enum engine_result version_store(
    struct engine *engine, const struct entry *entry, struct call *call, struct digest *hash_out)
{
	struct bytes encoded = {0};
	struct digest hash;
	enum engine_result result;
	enum format_result encoding = entry_encode(entry, &encoded);

	if (encoding == FORMAT_OK)
		encoding = entry_version(view_bytes(&encoded), &hash);
	if (encoding != FORMAT_OK) {
		bytes_clear(&encoded);
		if (encoding == FORMAT_NO_MEMORY) {
			call_sayf(call, "no memory for the entry");
			return ENGINE_FAILED;
		}
		call_sayf(call, "the entry is %s",
		    encoding == FORMAT_TOO_LARGE ? "too large" : "not valid text, or lacks an id");
		return ENGINE_REFUSED;
	}
	result = engine_of_journal(engine->journal.ops->version_put(
	    engine->journal.self, &hash, view_bytes(&encoded), call));
	if (result == ENGINE_OK)
		*hash_out = hash;
	bytes_clear(&encoded);
	return result;
}

enum engine_result conflict_side_load(struct engine *engine, struct view id, bool has,
    const struct digest *hash, struct call *call, struct conflict_side *out)
{
	struct version version = {0};
	enum engine_result result;

	*out = (struct conflict_side){.has = has};
	if (!has)
		return ENGINE_OK;
	result = version_load(engine, id, hash, call, &version);
	if (result != ENGINE_OK)
		return result;
	out->version = *hash;
	out->deleted = entry_deleted(&version.entry);
	out->updated_ms = time_parse_ms(version.entry.updated_at);
	out->copy = version.entry.conflict_of.data != NULL;
	version_clear(&version);
	return ENGINE_OK;
}
