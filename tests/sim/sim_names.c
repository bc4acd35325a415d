/*
 * tests/sim/sim_names.c: what the bucket must hold: all that the manifest names, and all that those
 * things name (gateway/account, N2); and how the log's frames are sealed.
 */
#include "cli/engine/seal.h"
#include "tests/sim/sim_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR_BYTES 256u /* of what is sealed: the design's, not the engine's own constant */

struct walk {
	struct sim_model *model;
	struct blob_name *names; /* room for an index */
	uint8_t (*salts)[SALT_LEN];
	size_t salts_count;
};

static bool walk_failed(const struct walk *walk)
{
	return walk->model->world->failure[0] != '\0';
}

/* The blob's bytes, or a failure of the run. */
static void need_blob(
    struct walk *walk, const struct blob_name *name, const char *what, struct bytes *out)
{
	char text[BLOB_NAME_TEXT_MAX];
	char key[BUCKET_KEY_MAX + 1];

	blob_name_text(name, text);
	(void)snprintf(key, sizeof(key), "b/%s", text);
	if (!sim_model_look_up(walk->model, key, out))
		sim_fail(walk->model->world, "N2: %s of count %llu is named, and is not there",
		    what, (unsigned long long)name->count);
}

static void need_index(struct walk *walk, const struct blob_name *name)
{
	struct bytes encoded = {0};
	struct blob blob;

	need_blob(walk, name, "an index", &encoded);
	if (encoded.len > 0 && walk->names != NULL) {
		if (blob_decode(view_bytes(&encoded), walk->names, &blob) != FORMAT_OK)
			sim_fail(walk->model->world, "an index cannot be read");
		for (size_t i = 0; i < blob.header.names_count && !walk_failed(walk); i++) {
			struct bytes segment = {0};

			need_blob(walk, &walk->names[i], "a segment", &segment);
			bytes_clear(&segment);
		}
	}
	bytes_clear(&encoded);
}

/* I9: no salt comes twice. And no size below the floor tells how little was written. */
static void check_sealed(struct walk *walk, const struct frame *frame)
{
	struct sim_world *world = walk->model->world;

	if (frame->header.kind == FRAME_STATEMENT)
		return;
	if (frame->body.len < FLOOR_BYTES + SEAL_OVERHEAD)
		sim_fail(world, "I5: the frame at %llu shows the size of what it holds",
		    (unsigned long long)frame->header.seq);
	for (size_t i = 0; i < walk->salts_count; i++)
		if (memcmp(walk->salts[i], frame->header.salt, SALT_LEN) == 0)
			sim_fail(world, "I9: the frame at %llu has the salt of an earlier one",
			    (unsigned long long)frame->header.seq);
	if (walk->salts_count < SIM_SEQS_MAX)
		memcpy(walk->salts[walk->salts_count++], frame->header.salt, SALT_LEN);
}

static void walk_frame(struct walk *walk, struct view encoded)
{
	struct bytes body = {0};
	struct frame frame;

	if (walk_failed(walk) || frame_decode(encoded, &frame) != FORMAT_OK)
		return; /* sim_model_log has said so */
	check_sealed(walk, &frame);
	if (!frame.header.has_blob)
		return;
	if (frame.header.kind == FRAME_PATCH)
		need_blob(walk, &frame.header.blob, "a body", &body);
	else
		need_index(walk, &frame.header.blob);
	bytes_clear(&body);
}

static void walk_pack(struct walk *walk, const struct manifest_pack *named)
{
	struct bytes encoded = {0};
	struct pack_header pack;
	struct view frame;

	if (sim_model_pack(walk->model, named, &encoded) &&
	    pack_decode(view_bytes(&encoded), &pack) == FORMAT_OK)
		for (size_t i = 0; i < pack.frames_count; i++)
			if (pack_frame(&pack.frames, &frame) == FORMAT_OK)
				walk_frame(walk, frame);
	bytes_clear(&encoded);
}

/* Who begins with the snapshot finds all that came behind it. */
static void check_reach(
    struct walk *walk, const struct manifest *manifest, const struct frame *snapshot)
{
	uint64_t first = manifest->head.seq + 1, covered = 0;
	struct frame frame;

	if (manifest->packs_count > 0)
		first = manifest->packs[0].from_seq;
	else if (manifest->tail_count > 0 && frame_decode(manifest->tail[0], &frame) == FORMAT_OK)
		first = frame.header.seq;
	if (snapshot != NULL)
		covered = snapshot->header.kind == FRAME_SNAPSHOT ? snapshot->header.covered.seq
								  : snapshot->header.seq;
	if (first > covered + 1)
		sim_fail(walk->model->world,
		    "N2: the log begins at %llu, and the snapshot ends at %llu",
		    (unsigned long long)first, (unsigned long long)covered);
}

void sim_names_check(struct sim_model *model)
{
	struct walk walk = {.model = model};
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes encoded = {0}, roster = {0};
	struct frame snapshot;

	walk.names = calloc(SEGMENTS_MAX, sizeof(walk.names[0]));
	walk.salts = calloc(SIM_SEQS_MAX, sizeof(walk.salts[0]));
	if (walk.names == NULL || walk.salts == NULL || manifest == NULL ||
	    !model->world->account.has_code || model->world->account.wiped ||
	    !sim_model_look_up(model, "manifest", &encoded) ||
	    manifest_decode(view_bytes(&encoded), manifest) != FORMAT_OK ||
	    manifest->state != MANIFEST_LIVE)
		goto done;
	need_blob(&walk, &manifest->roster, "the roster", &roster);
	for (size_t i = 0; i < manifest->packs_count && !walk_failed(&walk); i++)
		walk_pack(&walk, &manifest->packs[i]);
	for (size_t i = 0; i < manifest->tail_count; i++)
		walk_frame(&walk, manifest->tail[i]);
	/* It may stand in a pack that was left out. */
	if (manifest->snapshot.data != NULL && !walk_failed(&walk) &&
	    frame_decode(manifest->snapshot, &snapshot) == FORMAT_OK) {
		need_index(&walk, &snapshot.header.blob);
		check_reach(&walk, manifest, &snapshot);
	} else {
		check_reach(&walk, manifest, NULL);
	}
done:
	bytes_clear(&roster);
	bytes_clear(&encoded);
	free(walk.names);
	free(walk.salts);
	free(manifest);
}

void sim_names_removed(struct sim_model *model, const char *key)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	const char *dot = strrchr(key, '.');
	struct bytes encoded = {0};

	if (manifest != NULL && dot != NULL && sim_model_look_up(model, "manifest", &encoded) &&
	    manifest_decode(view_bytes(&encoded), manifest) == FORMAT_OK &&
	    manifest->state == MANIFEST_LIVE && strtoull(dot + 1, NULL, 10) + 2 > manifest->sweep)
		sim_fail(model->world, "N2: a sweep removes what a push may still name");
	bytes_clear(&encoded);
	free(manifest);
}
