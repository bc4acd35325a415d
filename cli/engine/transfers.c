/*
 * cli/engine/transfers.c: blobs under way, several at a time and answered in any order; and
 * sealing, the one part of the engine that the driver may run beside the machine.
 */
#include "cli/engine/transfers.h"
#include "cli/engine/compress.h"
#include "cli/engine/result.h"

#include <assert.h>
#include <stdlib.h>

static bool under_way(enum transfer_state state)
{
	switch (state) {
	case TRANSFER_PUT:
	case TRANSFER_CHECK:
	case TRANSFER_GET:
	case TRANSFER_STALE: return true;
	case TRANSFER_FREE:
	case TRANSFER_BACK: break;
	}
	return false;
}

size_t transfers_count(const struct transfers *transfers)
{
	size_t count = 0;

	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		count += under_way(transfers->all[i].state);
	return count;
}

struct transfer *transfers_find(struct transfers *transfers, enum transfer_state state)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (transfers->all[i].state == state)
			return &transfers->all[i];
	return NULL;
}

/* What is sealed already counts as before: its sealing may be under way on another thread. */
struct transfer *transfers_begin(struct transfers *transfers)
{
	size_t bytes = 0;

	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		bytes += transfers->all[i].plain_len;
	return bytes > TRANSFERS_BYTES_MAX ? NULL : transfers_find(transfers, TRANSFER_FREE);
}

unsigned transfer_slot(const struct transfers *transfers, const struct transfer *transfer)
{
	return (unsigned)(transfer - transfers->all);
}

void transfer_end(struct transfer *transfer)
{
	free(transfer->sealing.names);
	bytes_clear(&transfer->sealing.plain);
	bytes_clear(&transfer->sealing.blob);
	opening_free(transfer->opening);
	*transfer = (struct transfer){0};
}

void transfer_put(struct transfer *transfer)
{
	assert(transfer->state == TRANSFER_PUT && transfer->sealing.blob.data != NULL);
	transfer->name = transfer->sealing.name;
	transfer->blob_len = transfer->sealing.blob.len;
	bytes_clear(&transfer->sealing.blob);
	transfer->state = TRANSFER_BACK;
}

void transfers_give_up(struct transfers *transfers)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
		struct transfer *transfer = &transfers->all[i];

		if (under_way(transfer->state))
			transfer->state = TRANSFER_STALE;
		else
			transfer_end(transfer);
	}
}

enum engine_result sync_seal(struct sync_want *want, struct call *call)
{
	struct sealing *sealing = want->sealing;
	struct bytes packed = {0};
	enum format_result result = FORMAT_OK;

	assert(want->kind == SYNC_WANT_PUT);
	if (sealing->blob.data == NULL) {
		result = compress_pack(view_bytes(&sealing->plain), &packed);
		if (result == FORMAT_OK)
			result = seal_blob(sealing->key, view_bytes(&packed), &sealing->header,
			    &sealing->blob, &sealing->name.hash);
		sealing->name.count = sealing->sweep;
		bytes_clear(&packed);
	}
	if (result != FORMAT_OK) {
		call_sayf(call, "a blob could not be sealed: %s", format_result_text(result));
		return engine_of_format(result);
	}
	bytes_clear(&sealing->plain);
	want->name = sealing->name;
	want->blob = view_bytes(&sealing->blob);
	return ENGINE_OK;
}
