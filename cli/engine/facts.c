/*
 * cli/engine/facts.c: the record of what is stored of sync beside the entries.
 */
#include "cli/engine/facts.h"
#include "cli/engine/result.h"
#include "schemas/cbor.h"

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
