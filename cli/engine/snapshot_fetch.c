/*
 * cli/engine/snapshot_fetch.c: what a snapshot is made of, fetched and staged. Segments whose run
 * this device's own cloud state has already are not fetched; nothing of the journal moves.
 */
#include "cli/engine/snapshot_fetch.h"
#include "cli/engine/blob_open.h"
#include "cli/engine/follow.h"
#include "cli/engine/log_frame.h"
#include "cli/engine/losers.h"
#include "cli/engine/own_runs.h"
#include "cli/engine/stage.h"
#include "cli/engine/transaction.h"
#include "cli/engine/transfers.h"

#include <stdlib.h>
#include <string.h>

enum engine_result snapshot_damaged(const struct snapshot_install *install, const char *what)
{
	enum frame_kind kind = install->frame.header.kind;

	call_sayf(install->replica->call, "the %s at %llu: %s; nothing was changed",
	    kind == FRAME_LOAD    ? "load"
	    : kind == FRAME_RESET ? "reset"
				  : "snapshot",
	    (unsigned long long)install->frame.header.seq, what);
	return ENGINE_DAMAGED;
}

enum engine_result snapshot_misplaced(const struct snapshot_install *install)
{
	return snapshot_damaged(install, "it speaks of places that the log does not have");
}

void snapshot_install_free(struct snapshot_install *install)
{
	if (install == NULL)
		return;
	bytes_clear(&install->encoded);
	bytes_clear(&install->payload);
	bytes_clear(&install->index);
	stage_clear(&install->stage);
	losers_clear(&install->losers);
	free(install->segments);
	follow_clear(&install->follow);
	free(install);
}

/* The frame against the roster as of its own roster hash: its place is shown by the log later. */
static enum engine_result check_frame(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	struct head before = {install->frame.header.seq - 1, install->frame.header.previous};
	size_t index = roster_find(replica->roster, &install->frame.header.roster);
	const char *message = "its roster is not in the one this device knows";
	enum format_result checked = FORMAT_FORGED;

	if (install->at_cursor) {
		before = replica->facts.public.head;
		index = replica->roster_index;
	}
	/* How far a reset skips is seen by who knows the head that it follows. */
	if (digest_equal(&before.hash, &replica->facts.public.head.hash))
		before = replica->facts.public.head;
	if (index != SIZE_MAX)
		checked = frame_check(&install->frame, &before, replica->roster, &index, &message);
	if (checked == FORMAT_NO_MEMORY) {
		call_sayf(replica->call, "no memory");
		return ENGINE_FAILED;
	}
	if (checked != FORMAT_OK)
		return snapshot_damaged(install, message);
	return log_frame_open(replica, &install->frame, &install->payload, &install->sealed);
}

/*
 * A place is never given back: whoever has used one near the last can push nothing any more. How
 * far a reset skips is seen by who knows the head that it follows; for whoever does not, this is
 * room for 256 of the longest, and for any log.
 */
#define AHEAD_MAX (UINT64_C(1) << 40)

static bool in_reach(const struct snapshot_install *install)
{
	const struct sync_facts *facts = &install->replica->facts.public;
	uint64_t seen = facts->known_head.seq;

	return facts->head.seq == 0 || install->frame.header.seq <= seen ||
	       install->frame.header.seq - seen <= AHEAD_MAX;
}

/* The head rule does not hold for a reset: it is installed if its place is above the own head. */
static enum engine_result check_reset(struct snapshot_install *install)
{
	uint64_t head = install->replica->facts.public.head.seq;

	install->no_base = install->sealed.reset_seq > head;
	if (install->frame.header.kind != FRAME_RESET)
		return ENGINE_OK;
	install->no_base = true;
	if (install->frame.header.seq > head)
		return ENGINE_OK;
	call_sayf(install->replica->call,
	    "another device had the cloud copy begun anew at %llu, below what this one has seen "
	    "(%llu): local edits are kept, sync stops",
	    (unsigned long long)install->frame.header.seq, (unsigned long long)head);
	return ENGINE_ROLLBACK;
}

/* The place whose state it is: its own, or for a snapshot an earlier one. */
static enum engine_result find_covered(struct snapshot_install *install)
{
	const struct frame_header *header = &install->frame.header;

	install->covered = install->is_whole ? log_frame_head(&install->frame) : header->covered;
	if (install->sealed.reset_seq > install->covered.seq)
		return snapshot_damaged(install, "it speaks of a reset behind it");
	if (!install->is_whole &&
	    (install->covered.seq >= header->seq || !install->sealed.has_covered_root))
		return snapshot_damaged(install, "it covers no earlier place");
	follow_init(&install->follow, &install->covered);
	return ENGINE_OK;
}

enum engine_result snapshot_install_open(struct replica *replica, const struct frame *frame,
    bool at_cursor, struct snapshot_install **out)
{
	struct snapshot_install *install = calloc(1, sizeof(*install));
	enum engine_result result = ENGINE_OK;

	if (install == NULL)
		return ENGINE_FAILED;
	install->replica = replica;
	install->at_cursor = at_cursor;
	losers_init(&install->losers);
	install->is_whole = frame->header.kind == FRAME_LOAD || frame->header.kind == FRAME_RESET;
	if (!log_frame_copy(frame, &install->encoded, &install->frame))
		result = ENGINE_FAILED;
	else if (!install->is_whole && frame->header.kind != FRAME_SNAPSHOT)
		result = snapshot_damaged(install, "it is neither");
	if (result == ENGINE_OK)
		result = check_frame(install);
	if (result == ENGINE_OK && !in_reach(install))
		result = snapshot_damaged(
		    install, "its place is beyond all that a log can have come to");
	if (result == ENGINE_OK)
		result = check_reset(install);
	if (result == ENGINE_OK)
		result = find_covered(install);
	if (result == ENGINE_OK)
		*out = install;
	else
		snapshot_install_free(install);
	return result;
}

/*
 * Losers' segments are named last. Who stands just before a load has met their losers in the log;
 * whoever else does not know which of them it has.
 */
static void note_losers(
    struct snapshot_install *install, const struct blob_name *names, size_t count)
{
	if (install->at_cursor)
		return;
	memcpy(install->losers_names, names, count * sizeof(*names));
	install->losers_count = count;
}

/*
 * The index's floor is the one that the signed frame names, lies below the place that is installed,
 * and is no lower than the floor known here, unless a reset has begun the log anew. A floor beyond
 * the log would be adopted by every device, and none of them could push any more.
 */
static bool floor_holds(const struct snapshot_install *install)
{
	uint64_t floor = install->parts.head.floor;

	if (floor != install->sealed.floor || (floor > 0 && floor >= install->covered.seq))
		return false;
	return install->no_base || floor >= install->replica->facts.public.floor;
}

static bool devices_hold(const struct snapshot_install *install)
{
	struct cbor_reader reader;

	cbor_read(&reader, install->parts.devices);
	for (size_t i = 0; i < install->parts.devices_count; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		if (device.seq > install->covered.seq)
			return false;
	}
	return true;
}

/* The index' segments; its devices are read again when they are applied. */
static enum engine_result read_index(struct snapshot_install *install,
    const struct blob_name *names, size_t names_count, size_t losers_count)
{
	struct cbor_reader reader;

	if (index_read(view_bytes(&install->index), &install->parts) != FORMAT_OK ||
	    losers_count > LOSERS_SEGMENTS_MAX ||
	    install->parts.segments_count + losers_count != names_count)
		return snapshot_damaged(install, "its index cannot be read");
	if (!floor_holds(install) || !devices_hold(install))
		return snapshot_misplaced(install);
	install->segments_count = install->parts.segments_count;
	note_losers(install, &names[install->segments_count], losers_count);
	install->segments = calloc(install->segments_count + 1, sizeof(install->segments[0]));
	if (install->segments == NULL)
		return ENGINE_FAILED;
	cbor_read(&reader, install->parts.segments);
	for (size_t i = 0; i < install->segments_count; i++) {
		index_read_segment(&reader, &install->segments[i].index);
		install->segments[i].name = names[i];
		install->rows_count += install->segments[i].index.entries_count;
		install->segments[i].needed =
		    !stage_has(&install->stage, &install->segments[i].index.run_hash);
		install->there += !install->segments[i].needed;
	}
	return ENGINE_OK;
}

static enum engine_result stage_own_runs(struct snapshot_install *install)
{
	size_t staged = 0;
	enum engine_result result = own_runs_stage(install->replica, install->frame.header.epoch,
	    install->segments, install->segments_count, &install->stage, &staged);

	install->there += staged;
	return result;
}

static enum engine_result install_index(struct snapshot_install *install, struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	size_t names_count = 0;
	size_t losers_count = 0;
	enum engine_result result = ENGINE_FAILED;

	if (names == NULL)
		return ENGINE_FAILED;
	result = blob_open_plain(install->replica, &install->frame.header.blob, blob, BLOB_INDEX,
	    INDEX_PLAIN_MAX, names, &names_count, &losers_count, &install->index);
	if (result == ENGINE_OK)
		result =
		    stage_open(&install->stage, install->replica, &install->frame.header.blob.hash);
	if (result == ENGINE_OK)
		result = read_index(install, names, names_count, losers_count);
	if (result == ENGINE_OK)
		result = stage_own_runs(install);
	if (result == ENGINE_OK)
		result = stage_store_marks(&install->stage, install->replica);
	install->has_index = result == ENGINE_OK;
	free(names);
	return result;
}

/* Opened ahead, or else now. */
static enum engine_result fetch_segment(
    struct snapshot_install *install, struct transfer *transfer, struct view blob)
{
	const struct install_segment *segment = &install->segments[transfer->place];
	struct bytes plain = {0};
	enum format_result opened;
	enum engine_result result = ENGINE_OK;

	if (transfer->opening->rows == NULL) {
		result = blob_open_plain(install->replica, &segment->name, blob, BLOB_SEGMENT,
		    SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);
		if (result != ENGINE_OK)
			return result;
		opened = opening_read(transfer->opening, &plain);
		if (opened == FORMAT_NO_MEMORY)
			return ENGINE_FAILED;
		if (opened == FORMAT_FORGED)
			return snapshot_damaged(
			    install, "a segment is not the one that its index names");
		if (opened != FORMAT_OK)
			return snapshot_damaged(install, "a segment cannot be read");
	}
	stage_hold(&install->stage, &transfer->opening);
	install->fetched_bytes += blob.len;
	install->fetched_count++;
	install->there++;
	return ENGINE_OK;
}

/* A losers' segment; their order does not count. */
static enum engine_result fetch_losers(
    struct snapshot_install *install, const struct blob_name *name, struct view blob)
{
	struct bytes plain = {0};
	enum engine_result result = blob_open_plain(install->replica, name, blob, BLOB_LOSERS,
	    SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);

	if (result == ENGINE_OK)
		result = losers_read(&install->losers, install->replica, view_bytes(&plain));
	bytes_clear(&plain);
	return result;
}

/* What the segment's opening begins with: the index's epoch is that of most segments. */
static enum engine_result opening_begin(struct snapshot_install *install, struct transfer *transfer)
{
	const struct install_segment *segment = &install->segments[transfer->place];
	const struct epoch_key *key;
	struct opening *opening;
	enum engine_result result =
	    replica_key(install->replica, install->frame.header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	opening = calloc(1, sizeof(*opening));
	if (opening == NULL)
		return ENGINE_FAILED;
	opening->key = *key;
	opening->epoch = install->frame.header.epoch;
	opening->run_hash = segment->index.run_hash;
	opening->rows_count = segment->index.entries_count;
	opening->account = install->replica->facts.public.account;
	opening->name = segment->name;
	transfer->opening = opening;
	return ENGINE_OK;
}

enum engine_result snapshot_fetch_next(
    struct snapshot_install *install, bool *get_out, struct transfer *transfer)
{
	if (!install->has_index) {
		*get_out = !install->asked_index;
		transfer->name = install->frame.header.blob;
		transfer->place = PLACE_INDEX;
		install->asked_index = true;
		return ENGINE_OK;
	}
	while (install->next < install->segments_count && !install->segments[install->next].needed)
		install->next++;
	*get_out = install->next < install->segments_count;
	if (!*get_out) {
		*get_out = install->losers_next < install->losers_count && !install->losers.full;
		if (!*get_out)
			return ENGINE_OK;
		transfer->name = install->losers_names[install->losers_next];
		transfer->place = install->segments_count + install->losers_next++;
		return ENGINE_OK;
	}
	transfer->name = install->segments[install->next].name;
	transfer->place = install->next++;
	return opening_begin(install, transfer);
}

/* True if what is held is to be staged now: a transaction for each segment would be dear. */
static bool stages_now(const struct snapshot_install *install)
{
	return stage_full(&install->stage) || install->there == install->segments_count;
}

enum engine_result snapshot_fetch_blob(
    struct snapshot_install *install, struct transfer *transfer, struct view blob)
{
	bool is_index = transfer->place == PLACE_INDEX;
	bool is_losers = !is_index && transfer->place >= install->segments_count;
	bool is_segment = !is_index && !is_losers;
	enum engine_result result = ENGINE_OK;

	if (is_segment)
		result = fetch_segment(install, transfer, blob);
	if (result != ENGINE_OK || (is_segment && !stages_now(install)))
		return result;
	result = transaction_begin_light(install->replica);
	if (result != ENGINE_OK)
		return result;
	if (is_index)
		result = install_index(install, blob);
	else if (is_losers)
		result = fetch_losers(install, &transfer->name, blob);
	else
		result = stage_flush(&install->stage, install->replica);
	return transaction_finish(install->replica, result);
}

void snapshot_fetch_progress(
    const struct snapshot_install *install, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = install->there;
	*all_out = install->segments_count;
}
