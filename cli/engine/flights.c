/*
 * cli/engine/flights.c: blobs under way, several at a time and answered in any order; and sealing,
 * the one part of the engine that the driver may run beside the machine.
 */
#include "cli/engine/compress.h"
#include "cli/engine/engine_priv.h"

#include <assert.h>
#include <stdlib.h>

static bool under_way(enum flight_state state)
{
	switch (state) {
	case FLIGHT_PUT:
	case FLIGHT_CHECK:
	case FLIGHT_GET:
	case FLIGHT_STALE: return true;
	case FLIGHT_FREE:
	case FLIGHT_BACK: break;
	}
	return false;
}

size_t flights_count(const struct flights *flights)
{
	size_t count = 0;

	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		count += under_way(flights->all[i].state);
	return count;
}

struct flight *flights_find(struct flights *flights, enum flight_state state)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (flights->all[i].state == state)
			return &flights->all[i];
	return NULL;
}

/* What is sealed already counts as before: its sealing may be under way on another thread. */
struct flight *flights_begin(struct flights *flights)
{
	size_t bytes = 0;

	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		bytes += flights->all[i].plain_len;
	return bytes > FLIGHTS_BYTES_MAX ? NULL : flights_find(flights, FLIGHT_FREE);
}

unsigned flight_slot(const struct flights *flights, const struct flight *flight)
{
	return (unsigned)(flight - flights->all);
}

void flight_end(struct flight *flight)
{
	free(flight->sealing.names);
	bytes_clear(&flight->sealing.plain);
	bytes_clear(&flight->sealing.blob);
	opening_free(flight->opening);
	*flight = (struct flight){0};
}

void flights_give_up(struct flights *flights)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
		struct flight *flight = &flights->all[i];

		if (under_way(flight->state))
			flight->state = FLIGHT_STALE;
		else
			flight_end(flight);
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
