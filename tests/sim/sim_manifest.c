/*
 * tests/sim/sim_manifest.c: what the manifest says beside the log, against the log: the table of
 * live devices, by which a push that is sent again is known, and the snapshot that stands for what
 * was left out.
 */
#include "tests/sim/sim_model.h"

#include <stdlib.h>
#include <string.h>

struct beside {
	struct sim_model *model;
	struct manifest *manifest;
	struct roster *roster;
	struct manifest_device last[DEVICES_MAX]; /* by the log, of the devices of the table */
	uint64_t first_seq;                       /* of the log that is at hand; 0: none */
	uint64_t covered;                         /* the most that a frame of it holds … */
	struct digest whole;                      /* … and the newest that does */
};

static uint64_t covered_by(const struct frame *frame)
{
	switch (frame->header.kind) {
	case FRAME_LOAD:
	case FRAME_RESET: return frame->header.seq;
	case FRAME_SNAPSHOT: return frame->header.covered.seq;
	case FRAME_PATCH:
	case FRAME_STATEMENT: return 0;
	}
	return 0;
}

static void see_frame(struct beside *beside, struct view encoded)
{
	const struct manifest *manifest = beside->manifest;
	struct frame frame;

	if (frame_decode(encoded, &frame) != FORMAT_OK)
		return; /* sim_model_log has said so */
	if (beside->first_seq == 0)
		beside->first_seq = frame.header.seq;
	for (size_t i = 0; i < manifest->devices_count; i++)
		if (device_equal(&manifest->devices[i].id, &frame.header.device))
			beside->last[i] =
			    (struct manifest_device){.seq = frame.header.seq, .frame = frame.hash};
	if (covered_by(&frame) > 0 && covered_by(&frame) >= beside->covered) {
		beside->covered = covered_by(&frame);
		beside->whole = frame.hash;
	}
}

static void see_pack(struct beside *beside, const struct manifest_pack *named)
{
	struct bytes encoded = {0};
	struct pack_header pack;
	struct view frame;

	if (sim_model_pack(beside->model, named, &encoded) &&
	    pack_decode(view_bytes(&encoded), &pack) == FORMAT_OK)
		for (size_t i = 0; i < pack.frames_count; i++)
			if (pack_frame(&pack.frames, &frame) == FORMAT_OK)
				see_frame(beside, frame);
	bytes_clear(&encoded);
}

/* Each row names its device's last frame: as the log has it, or from before what is at hand. */
static void check_rows(struct beside *beside)
{
	const struct manifest *manifest = beside->manifest;
	struct sim_world *world = beside->model->world;
	size_t live = 0;

	for (size_t i = 0; i < manifest->devices_count; i++) {
		const struct manifest_device *row = &manifest->devices[i];
		const struct manifest_device *last = &beside->last[i];

		if (last->seq > 0
			? row->seq != last->seq || !digest_equal(&row->frame, &last->frame)
			: beside->first_seq > 0 && row->seq >= beside->first_seq)
			sim_fail(world,
			    "I3: the table of devices has a device at %llu, which is at %llu",
			    (unsigned long long)row->seq, (unsigned long long)last->seq);
		if (roster_live(beside->roster, &row->id, SIZE_MAX) == NULL)
			sim_fail(world, "the table of devices holds one that is not live");
	}
	for (size_t i = 0; i < beside->roster->devices_count; i++)
		live +=
		    roster_live(beside->roster, &beside->roster->devices[i].id, SIZE_MAX) != NULL;
	if (live != manifest->devices_count)
		sim_fail(
		    world, "the table of devices holds %zu of %zu", manifest->devices_count, live);
}

/* Of all that hold a whole state the one that holds most, and of such the newest. */
static void check_snapshot(struct beside *beside)
{
	struct view encoded = beside->manifest->snapshot;
	struct frame frame;
	uint64_t covered = 0;

	if (encoded.data != NULL && frame_decode(encoded, &frame) == FORMAT_OK)
		covered = covered_by(&frame);
	if (covered < beside->covered || (covered == beside->covered && covered > 0 &&
					     !digest_equal(&frame.hash, &beside->whole)))
		sim_fail(beside->model->world,
		    "the manifest's snapshot holds the state at %llu, and the log has one at %llu",
		    (unsigned long long)covered, (unsigned long long)beside->covered);
}

void sim_manifest_check(struct sim_model *model)
{
	struct beside beside = {.model = model};
	struct bytes encoded = {0}, roster = {0};
	char name[2 + BLOB_NAME_TEXT_MAX] = "b/";

	beside.manifest = calloc(1, sizeof(*beside.manifest));
	beside.roster = calloc(1, sizeof(*beside.roster));
	if (beside.manifest == NULL || beside.roster == NULL || !model->world->account.has_code ||
	    model->world->account.wiped || !sim_model_look_up(model, "manifest", &encoded) ||
	    manifest_decode(view_bytes(&encoded), beside.manifest) != FORMAT_OK ||
	    beside.manifest->state != MANIFEST_LIVE)
		goto done;
	blob_name_text(&beside.manifest->roster, name + 2);
	if (!sim_model_look_up(model, name, &roster) ||
	    roster_decode(view_bytes(&roster), false, beside.roster) != FORMAT_OK) {
		sim_fail(model->world, "the roster that the manifest names cannot be read");
		goto done;
	}
	for (size_t i = 0; i < beside.manifest->packs_count; i++)
		see_pack(&beside, &beside.manifest->packs[i]);
	for (size_t i = 0; i < beside.manifest->tail_count; i++)
		see_frame(&beside, beside.manifest->tail[i]);
	check_rows(&beside);
	check_snapshot(&beside);
done:
	bytes_clear(&roster);
	bytes_clear(&encoded);
	free(beside.manifest);
	free(beside.roster);
}
