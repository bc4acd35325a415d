/*
 * gateway/account/append.c: frames join the tail; where the manifest would be too large, the tail
 * goes into a pack first.
 */
#include "gateway/account/append.h"

#include "gateway/account/cache.h"
#include "gateway/account/compact.h"
#include "gateway/account/lease.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <string.h>

/* next's table of live devices, by the roster, with the frames' makers brought forward. */
static void devices_update(struct account_work *work, const struct frame *frames, size_t count,
    const struct roster *roster)
{
	const struct manifest *old = &work->manifest;
	struct manifest *next = &work->next;

	next->devices_count = 0;
	for (size_t i = 0; i < roster->devices_count; i++) {
		const struct device_id *id = &roster->devices[i].id;
		struct manifest_device *row;

		if (roster_live(roster, id, SIZE_MAX) == NULL)
			continue;
		assert(next->devices_count < DEVICES_MAX); /* roster_decode counts live ones */
		row = &next->devices[next->devices_count++];
		*row = (struct manifest_device){.id = *id};
		for (size_t k = 0; k < old->devices_count; k++)
			if (device_equal(&old->devices[k].id, id))
				*row = old->devices[k];
		for (size_t k = 0; k < count; k++) {
			if (!device_equal(&frames[k].header.device, id))
				continue;
			row->seq = frames[k].header.seq;
			row->frame = frames[k].hash;
		}
	}
}

/* The frames after the packs: the old tail and what follows it. */
struct line {
	struct view frame[MANIFEST_TAIL_MAX + SYNC_PUSH_MAX];
	uint64_t seq[MANIFEST_TAIL_MAX + SYNC_PUSH_MAX];
	size_t old_count;
	size_t count;
};

static void line_make(const struct account_work *work, const struct frame *frames,
    const struct view *encoded, size_t count, struct line *out)
{
	out->old_count = frames[0].header.kind == FRAME_RESET ? 0 : work->manifest.tail_count;
	out->count = out->old_count + count;
	for (size_t i = 0; i < out->old_count; i++) {
		out->frame[i] = work->manifest.tail[i];
		out->seq[i] = work->tail[i].header.seq;
	}
	for (size_t i = 0; i < count; i++) {
		out->frame[out->old_count + i] = encoded[i];
		out->seq[out->old_count + i] = frames[i].header.seq;
	}
}

/* next's tail: the line from its frame `first` on. False: too many for a manifest. */
static bool line_tail(const struct line *line, size_t first, struct manifest *next)
{
	if (line->count - first > MANIFEST_TAIL_MAX)
		return false;
	next->tail_count = line->count - first;
	for (size_t i = 0; i < next->tail_count; i++)
		next->tail[i] = line->frame[first + i];
	return true;
}

/* Does next fit with its tail, up to `max` bytes? FAILED: no memory, which does not say. */
static enum account_result next_fits(struct account_work *work, size_t max, bool *fits_out)
{
	struct bytes encoded = {0};
	enum format_result result = manifest_encode(&work->next, &encoded);

	*fits_out = result == FORMAT_OK && encoded.len <= max;
	bytes_clear(&encoded);
	if (result != FORMAT_NO_MEMORY)
		return ACCOUNT_OK;
	return account_from_format(result, ACCOUNT_FAILED, "the new manifest", work->call);
}

/*
 * Room for one more pack: the oldest goes if next's snapshot, which holds the state up to covered,
 * stands for all of it (retention is a wish).
 */
static bool pack_room(struct manifest *next, uint64_t covered)
{
	if (next->packs_count < MANIFEST_PACKS_MAX)
		return true;
	if (next->packs[0].to_seq > covered)
		return false;
	next->packs_count--;
	memmove(&next->packs[0], &next->packs[1], next->packs_count * sizeof(next->packs[0]));
	return true;
}

/* The first `packed` of the line as next's last pack. */
static enum account_result pack_build(
    struct account_work *work, const struct line *line, size_t packed, struct bytes *pack_out)
{
	struct manifest *next = &work->next;
	struct manifest_pack *row = &next->packs[next->packs_count];
	enum account_result result;
	struct bytes pack = {0};
	size_t names_size = 0;

	result = account_from_format(
	    pack_encode(&work->account, line->frame, packed, &pack, &names_size), ACCOUNT_REFUSED,
	    "a pack", work->call);
	if (result != ACCOUNT_OK)
		return result;
	*row = (struct manifest_pack){
	    .from_seq = line->seq[0],
	    .to_seq = line->seq[packed - 1],
	    .count = next->sweep,
	    .size = pack.len,
	    .names_size = names_size,
	    .made_ms = clock_wall_ms(work->env->clock),
	};
	pack_hash(view_bytes(&pack), &row->hash);
	next->packs_count++;
	*pack_out = pack;
	return ACCOUNT_OK;
}

/*
 * The old tail goes into a pack, and of the new frames as many as must (a few of 8 KiB do not fit
 * beside each other). Chosen on paper first, then put.
 */
static enum account_result pack_tail(
    struct account_work *work, const struct line *line, uint64_t covered)
{
	struct manifest *next = &work->next;
	enum account_result result;
	struct bytes pack = {0};
	struct account_key key;

	if (!pack_room(next, covered)) {
		call_sayf(work->call, "the log is full: a snapshot must come first");
		return ACCOUNT_REFUSED;
	}
	for (size_t packed = line->old_count > 0 ? line->old_count : 1;; packed++) {
		bool fits = false;

		result = pack_build(work, line, packed, &pack);
		if (result == ACCOUNT_OK &&
		    line_tail(line, packed + MUTATION(PACK_DROPS_FRAME), next))
			result = next_fits(work, MANIFEST_PACK_AT, &fits);
		if (result != ACCOUNT_OK)
			goto done;
		if (fits || packed == line->count)
			break;
		bytes_clear(&pack);
		next->packs_count--;
	}
	account_key_pack(work, &next->packs[next->packs_count - 1], &key);
	result = account_object_put(work, &key, view_bytes(&pack));
	if (result == ACCOUNT_OK)
		account_cache_keep_pack(
		    work->cache, &next->packs[next->packs_count - 1].hash, &pack);
done:
	bytes_clear(&pack);
	return result;
}

/* Compacting here is a bound, not a duty: if it fails now, a later commit or account_compact does
 * it. */
static void compact_late(struct account_work *work)
{
	size_t compacted = 0;

	if (account_compact_next(work, ACCOUNT_COMPACT_LATE, &compacted) != ACCOUNT_OK)
		work->call->message[0] = '\0';
}

/*
 * The newest of the frames that holds a whole state, unless it holds less than the one there. Up to
 * which seq next's snapshot holds it; 0: there is none.
 */
static uint64_t snapshot_update(
    struct account_work *work, const struct frame *frames, const struct view *encoded, size_t count)
{
	uint64_t covered =
	    work->next.snapshot.data == NULL ? 0 : account_covered_seq(&work->snapshot);

	for (size_t i = 0; i < count; i++) {
		if (account_covered_seq(&frames[i]) == 0 ||
		    account_covered_seq(&frames[i]) < covered)
			continue; /* it stays a frame of the log, no more */
		covered = account_covered_seq(&frames[i]);
		work->next.snapshot = encoded[i];
	}
	return covered;
}

enum account_result account_append(struct account_work *work, const struct frame *frames,
    const struct view *encoded, size_t count, const struct roster *roster,
    const struct blob_name *roster_name)
{
	struct manifest *next = &work->next;
	enum account_result result = ACCOUNT_OK;
	struct line line;
	uint64_t covered;
	bool fits = false;

	assert(count > 0 && count <= SYNC_PUSH_MAX);
	*next = work->manifest;
	if (frames[0].header.kind == FRAME_RESET) { /* R3: the log begins with it */
		next->packs_count = 0;
		next->snapshot = (struct view){0};
	}
	line_make(work, frames, encoded, count, &line);
	next->head = (struct head){frames[count - 1].header.seq, frames[count - 1].hash};
	next->roster_hash = *roster_hash(roster);
	next->roster = *roster_name;
	next->epoch = roster_epoch(roster);
	/*
	 * T3. A commit clears the lease, unless it was let past another device's lease because it
	 * carries a statement or a reset.
	 */
	if (account_lease_wait_ms(work, &frames[count - 1].header.device) == 0 &&
	    !MUTATION(LEASE_FOR_EVER))
		next->has_lease = false;
	devices_update(work, frames, count, roster);
	covered = snapshot_update(work, frames, encoded, count);
	if (line_tail(&line, 0, next))
		result = next_fits(work, MANIFEST_PACK_AT, &fits);
	if (result != ACCOUNT_OK || fits)
		return result;
	result = pack_tail(work, &line, covered);
	if (result != ACCOUNT_OK)
		return result;
	compact_late(work);
	result = next_fits(work, MANIFEST_MAX, &fits);
	if (result != ACCOUNT_OK || fits)
		return result;
	call_sayf(work->call, "the manifest is full: a snapshot must come first");
	return ACCOUNT_REFUSED;
}
