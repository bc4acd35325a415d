/*
 * cli/engine/segments.c: segments that are known to be in the cloud, by what they hold.
 */
#include "cli/engine/segments.h"
#include "cli/engine/blob_open.h"
#include "cli/engine/result.h"

#include <stdlib.h>

enum engine_result segments_begin(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result = journal->ops->segments_clear(journal->self, replica->call);

	if (result == JOURNAL_OK)
		result = journal->ops->meta_remove(journal->self, META_INDEX, replica->call);
	return engine_of_journal(result);
}

enum engine_result segments_add(
    struct replica *replica, const struct digest *run_hash, const struct blob_name *name)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_segment segment = {
	    .run_hash = *run_hash, .name_hash = name->hash, .name_count = name->count};

	return engine_of_journal(journal->ops->segment_add(journal->self, &segment, replica->call));
}

void segments_weigh(struct replica *replica, uint64_t counted_bytes, uint64_t counted, uint64_t all)
{
	uint64_t mean = counted > 0 ? counted_bytes / counted : SEGMENT_TARGET / 2;

	replica->facts.public.snapshot_bytes = counted_bytes + (all - counted) * mean;
}

void log_begins(struct replica *replica, uint64_t seq)
{
	replica->facts.public.log_bytes = 0;
	replica->facts.public.snapshot_seq = seq;
}

/* The names of the index' segments become those that are known. */
static enum engine_result learn_names(
    struct replica *replica, const struct index_parts *parts, const struct blob_name *names)
{
	struct cbor_reader reader;
	enum engine_result result = segments_begin(replica);

	cbor_read(&reader, parts->segments);
	for (size_t i = 0; i < parts->segments_count && result == ENGINE_OK; i++) {
		struct index_segment segment;

		index_read_segment(&reader, &segment);
		result = segments_add(replica, &segment.run_hash, &names[i]);
	}
	return result;
}

enum engine_result segments_learn(
    struct replica *replica, const struct blob_name *name, struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	struct bytes plain = {0};
	struct index_parts parts;
	size_t names_count = 0;
	enum engine_result result = ENGINE_FAILED;

	if (names != NULL)
		result = blob_open_plain(replica, name, blob, BLOB_INDEX, INDEX_PLAIN_MAX, names,
		    &names_count, NULL, &plain);
	if (result != ENGINE_OK)
		goto done;
	if (index_read(view_bytes(&plain), &parts) == FORMAT_OK &&
	    parts.segments_count <= names_count) {
		result = learn_names(replica, &parts, names);
	} else {
		call_sayf(replica->call, "the newest index cannot be read; nothing was changed");
		result = ENGINE_DAMAGED;
	}
done:
	bytes_clear(&plain);
	free(names);
	return result;
}
