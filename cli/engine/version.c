/*
 * cli/engine/version.c: versions are read and held against their hash; entries are stored as one.
 */
#include "cli/engine/version.h"
#include "cli/engine/result.h"

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
