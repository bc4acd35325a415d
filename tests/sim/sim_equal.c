/*
 * tests/sim/sim_equal.c: at quiescence all devices hold one cloud state, the same losers, and the
 * same of what hangs on the log: tombstones' places, last frames, floor and reset (I2).
 */
#include "cli/engine/root.h"
#include "tests/sim/sim_model.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void add_place(crypto_generichash_state *hash, uint64_t seq, int64_t time_ms)
{
	const int64_t place[] = {(int64_t)seq, time_ms};

	(void)crypto_generichash_update(hash, (const uint8_t *)place, sizeof(place));
}

/* The cloud state: (id, version, its bytes, author) of all, where each tombstone stands, and its
 * root made anew. */
static bool cloud_hash(struct sim_device *device, struct digest *out, uint64_t *count_out)
{
	const struct journal *journal = &device->engine.journal;
	crypto_generichash_state hash;
	struct root_sum sum = {0};
	uint8_t root[ROOT_LEN], stored[ROOT_LEN];
	uint64_t count = 0, bytes = 0, seen = 0;
	enum journal_result result;

	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	result = journal->ops->scan_open(
	    journal->self, JOURNAL_SCAN_CLOUD, NULL, &device->call, &count, &bytes);
	while (result == JOURNAL_OK) {
		struct journal_row row = {0};

		result = journal->ops->scan_next(journal->self, &device->call, &row);
		if (result == JOURNAL_OK) {
			root_add(&sum, view_bytes(&row.id), &row.version);
			(void)crypto_generichash_update(&hash, row.id.data, row.id.len);
			(void)crypto_generichash_update(&hash, row.version.bytes, DIGEST_LEN);
			(void)crypto_generichash_update(&hash, row.encoded.data, row.encoded.len);
			(void)crypto_generichash_update(&hash, row.author.bytes, DEVICE_ID_LEN);
			if (row.deleted)
				add_place(&hash, row.cloud_seq, row.cloud_ms);
			seen++;
		}
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	journal->ops->scan_close(journal->self);
	(void)crypto_generichash_final(&hash, out->bytes, DIGEST_LEN);
	root_of(&sum, root);
	*count_out = seen;
	return result == JOURNAL_NONE &&
	       sync_root_get(&device->engine, &device->call, stored) == ENGINE_OK &&
	       memcmp(root, stored, ROOT_LEN) == 0;
}

/*
 * Losers are no part of the state, but all hold those of the last 20 days alike, also who joined or
 * was far behind: 30, less what the clocks are apart and a little more.
 */
#define LOSERS_MS (20 * INT64_C(86400000))
static bool losers_hash(struct sim_device *device, int64_t since_ms, struct digest *out)
{
	const struct journal *journal = &device->engine.journal;
	crypto_generichash_state hash;
	uint64_t count = 0, bytes = 0;
	enum journal_result result;

	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	result = journal->ops->scan_open(
	    journal->self, JOURNAL_SCAN_LOSERS, NULL, &device->call, &count, &bytes);
	while (result == JOURNAL_OK) {
		struct journal_row row = {0};

		result = journal->ops->scan_next(journal->self, &device->call, &row);
		if (result == JOURNAL_OK && row.cloud_ms < since_ms)
			result = JOURNAL_NONE;
		if (result == JOURNAL_OK) {
			(void)crypto_generichash_update(&hash, row.id.data, row.id.len);
			(void)crypto_generichash_update(&hash, row.version.bytes, DIGEST_LEN);
			(void)crypto_generichash_update(&hash, row.author.bytes, DEVICE_ID_LEN);
			(void)crypto_generichash_update(
			    &hash, (const uint8_t *)&row.cloud_ms, sizeof(row.cloud_ms));
		}
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	journal->ops->scan_close(journal->self);
	(void)crypto_generichash_final(&hash, out->bytes, DIGEST_LEN);
	return result == JOURNAL_NONE;
}

/*
 * Floor, reset, and how far each device has acknowledged the log: all that a purge goes by. What a
 * device did on a branch that a reset gave up, only some have seen: it counts as nothing.
 */
static bool places_hash(struct sim_device *device, struct digest *out)
{
	const struct journal *journal = &device->engine.journal;
	struct roster *roster = calloc(1, sizeof(*roster));
	struct sync_facts facts = {0};
	crypto_generichash_state hash;
	struct bytes encoded = {0};
	bool read = roster != NULL &&
		    sync_facts_get(&device->engine, &device->call, &facts) == ENGINE_OK &&
		    sync_roster_get(&device->engine, &device->call, &encoded) == ENGINE_OK &&
		    roster_decode_again(view_bytes(&encoded), roster) == FORMAT_OK;

	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	add_place(&hash, facts.floor, 0);
	add_place(&hash, facts.reset_seq, 0);
	add_place(&hash, facts.snapshot_seq, (int64_t)facts.log_bytes);
	for (size_t i = 0; read && i < roster->devices_count; i++) {
		uint64_t seq = 0;
		int64_t time_ms = 0;
		enum journal_result found = journal->ops->device_get(
		    journal->self, &roster->devices[i].id, &device->call, &seq, &time_ms);

		read = found == JOURNAL_OK || found == JOURNAL_NONE;
		if (seq > 0 && seq >= facts.reset_seq)
			add_place(&hash, seq, time_ms);
		else
			add_place(&hash, 0, 0);
	}
	(void)crypto_generichash_final(&hash, out->bytes, DIGEST_LEN);
	bytes_clear(&encoded);
	free(roster);
	return read;
}

/* I2, whole: the cloud states are one, and so are the lists. */
void sim_check_equal(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	struct digest first = {0}, first_losers = {0}, first_places = {0};

	for (size_t i = 0; i < devices_count; i++) {
		struct sim_device *device = devices[i];
		const struct journal *journal = &device->engine.journal;
		struct journal_counts counts = {0};
		struct digest hash, losers, places;
		uint64_t count = 0;

		if (!cloud_hash(device, &hash, &count)) {
			sim_fail(
			    model->world, "I2: d%u: its root is not its state's", device->index);
			return;
		}
		if (!losers_hash(device, model->world->schedule.now_ms - LOSERS_MS, &losers)) {
			sim_fail(model->world, "d%u: its losers cannot be read", device->index);
			return;
		}
		if (!places_hash(device, &places)) {
			sim_fail(model->world, "d%u: its devices cannot be read", device->index);
			return;
		}
		if (i == 0) {
			first = hash;
			first_losers = losers;
			first_places = places;
		}
		/* What lost on a branch that a reset gave up is known on that branch alone. */
		if (!digest_equal(&first_losers, &losers) && !model->world->bucket.reseeded) {
			sim_fail(model->world, "I2: d%u and d%u hold different losers",
			    devices[0]->index, device->index);
			return;
		}
		if (!digest_equal(&first_places, &places)) {
			sim_fail(model->world, "I2: d%u and d%u know different last frames",
			    devices[0]->index, device->index);
			return;
		}
		if (!digest_equal(&first, &hash)) {
			sim_fail(model->world, "I2: d%u and d%u hold different cloud states",
			    devices[0]->index, device->index);
			return;
		}
		if (journal->ops->counts(journal->self, &device->call, &counts) != JOURNAL_OK ||
		    counts.entries_count + counts.deleted_count != count) {
			sim_fail(
			    model->world, "d%u: its list is not its cloud state", device->index);
			return;
		}
	}
}
