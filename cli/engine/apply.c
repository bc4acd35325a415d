/*
 * cli/engine/apply.c: a frame onto the cloud state. Each frame is checked as the gateway checked
 * it, opened, applied, and its state root compared: a device whose root differs stops and keeps
 * all.
 */
#include "cli/engine/apply.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/patch_ops.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"
#include "schemas/base/mutation.h"

#include <string.h>

const struct sync_body *body_find(const struct body_source *source, const struct blob_name *name)
{
	if (source->extra != NULL && blob_name_equal(&source->extra->name, name))
		return source->extra;
	for (size_t i = 0; i < source->bodies_count; i++)
		if (blob_name_equal(&source->bodies[i].name, name))
			return &source->bodies[i];
	return NULL;
}

/* Opens a patch's body blob and applies what is in it. */
static enum engine_result apply_body(const struct patch *patch, struct view encoded)
{
	struct replica *replica = patch->replica;
	const struct frame_header *header = &patch->frame->header;
	const struct epoch_key *key;
	struct bytes packed = {0};
	struct digest hash;
	struct blob blob;
	enum format_result opened;
	enum engine_result result;

	blob_hash(encoded, &hash);
	if (!digest_equal(&hash, &header->blob.hash))
		return patch_damaged(patch, "its body is not the one it names");
	opened = blob_decode(encoded, NULL, &blob);
	if (opened == FORMAT_OK &&
	    (blob.header.kind != BLOB_BODY || blob.header.epoch != header->epoch ||
		!account_equal(&blob.header.account, &header->account)))
		opened = FORMAT_FORGED;
	if (opened != FORMAT_OK)
		return patch_damaged(patch, "its body cannot be read");
	result = replica_key(replica, header->epoch, &key);
	if (result != ENGINE_OK)
		return result;
	opened = open_blob(key, &blob, &packed);
	if (opened != FORMAT_OK)
		return opened == FORMAT_NO_MEMORY
			   ? ENGINE_FAILED
			   : patch_damaged(patch, "its body cannot be opened");
	result = patch_ops_apply(patch, view_bytes(&packed));
	replica->facts.public.log_bytes += encoded.len;
	bytes_clear(&packed);
	return result;
}

static enum engine_result compare_root(const struct patch *patch, const struct frame_sealed *sealed)
{
	uint8_t root[ROOT_LEN];

	root_of(&patch->replica->sum, root);
	if (memcmp(root, sealed->root, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(patch->replica->call,
	    "after frame %llu this device's state root differs from the one it names: nothing was "
	    "changed, everything here is kept, sync stops",
	    (unsigned long long)patch->frame->header.seq);
	return ENGINE_ROOT;
}

static enum engine_result check_floor(const struct patch *patch)
{
	if (patch->floor < patch->replica->facts.public.floor)
		return patch_damaged(patch, "it lowers the floor");
	if (patch->floor >= patch->frame->header.seq)
		return patch_damaged(patch, "it raises the floor above its own place");
	return ENGINE_OK;
}

static enum engine_result apply_operations(
    const struct patch *patch, const struct frame_sealed *sealed, const struct sync_body *body)
{
	if (patch->frame->header.kind != FRAME_PATCH)
		return ENGINE_OK;
	if (body != NULL)
		return apply_body(patch, body->blob);
	return sealed->ops.data != NULL ? patch_ops_apply(patch, sealed->ops) : ENGINE_OK;
}

/* What a frame that holds leaves in the facts: its floor, its weight, its maker's place. */
static enum engine_result note_applied(const struct patch *patch)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	struct sync_facts *facts = &replica->facts.public;

	facts->floor = patch->floor;
	facts->log_bytes += log_frame_len(patch->frame);
	if (patch->own) /* perhaps met in a pull: then no answer has said so */
		facts->acknowledged_ms = clock_wall_ms(replica->engine->clock);
	return engine_of_journal(journal->ops->device_seen(journal->self,
	    &patch->frame->header.device, patch->frame->header.seq, patch->time_ms, replica->call));
}

static enum engine_result apply_opened(
    struct patch *patch, const struct frame_sealed *sealed, const struct sync_body *body)
{
	enum engine_result result = own_frames_judge(patch->replica, patch->frame, &patch->own);

	if (!patch->own && MUTATION(CURSOR_BEFORE_APPLY) &&
	    transaction_commit(patch->replica) == ENGINE_OK)
		result = transaction_begin(patch->replica);
	if (result == ENGINE_OK)
		result = check_floor(patch);
	if (result == ENGINE_OK)
		result = apply_operations(patch, sealed, body);
	if (result == ENGINE_OK)
		result = compare_root(patch, sealed);
	return result == ENGINE_OK ? note_applied(patch) : result;
}

static enum engine_result apply_sealed(
    struct replica *replica, const struct frame *frame, const struct sync_body *body)
{
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	struct patch patch = {.replica = replica, .frame = frame};
	enum engine_result result = log_frame_open(replica, frame, &payload, &sealed);

	if (result != ENGINE_OK)
		return result;
	patch.time_ms = sealed.time_ms;
	patch.floor = sealed.floor;
	result = apply_opened(&patch, &sealed, body);
	bytes_clear(&payload);
	return result;
}

/* A statement's frame has moved the roster; while recovering it is the one that adds this device.
 */
static enum engine_result apply_statement(struct replica *replica, const struct frame *frame)
{
	const struct journal *journal = &replica->engine->journal;
	struct statement statement;
	enum engine_result result = ENGINE_OK;

	if (statement_decode(frame->body, false, &statement) != FORMAT_OK)
		return ENGINE_DAMAGED; /* frame_check has read it */
	for (size_t i = 0; i < statement.added_count && result == ENGINE_OK; i++) {
		struct device_id id;

		device_id_of(statement.added[i].sign_public, &id);
		result = engine_of_journal(journal->ops->device_seen(
		    journal->self, &id, frame->header.seq, statement.time_ms, replica->call));
		if (result == ENGINE_OK && device_equal(&id, replica_device(replica)))
			result = own_frames_joined(replica);
	}
	return result;
}

static enum engine_result apply_followed(
    struct replica *replica, const struct frame *frame, const struct sync_body *body)
{
	enum engine_result result = log_frame_follow(replica, frame);

	if (result != ENGINE_OK)
		return result;
	return frame->header.kind == FRAME_STATEMENT ? apply_statement(replica, frame)
						     : apply_sealed(replica, frame, body);
}

enum engine_result apply_frame(struct replica *replica, const struct frame *frame,
    const struct body_source *bodies, enum apply_outcome *out)
{
	const struct sync_body *body = NULL;

	*out = APPLY_DONE;
	if (frame->header.kind == FRAME_LOAD) {
		*out = APPLY_IS_LOAD;
		return ENGINE_OK;
	}
	if (frame->header.kind == FRAME_RESET) { /* one is installed, and the log begins with it */
		call_sayf(replica->call, "frame %llu is a reset in the middle of the log",
		    (unsigned long long)frame->header.seq);
		return ENGINE_DAMAGED;
	}
	if (frame->header.kind == FRAME_PATCH && frame->header.has_blob) {
		body = body_find(bodies, &frame->header.blob);
		if (body == NULL) {
			*out = APPLY_NEEDS_BODY;
			return ENGINE_OK;
		}
	}
	return apply_followed(replica, frame, body);
}

enum engine_result apply_note_snapshot(struct replica *replica, const struct frame *frame)
{
	const struct journal *journal = &replica->engine->journal;
	char name[BLOB_NAME_TEXT_MAX];

	if (frame->header.kind != FRAME_SNAPSHOT)
		return ENGINE_OK;
	log_begins(replica, frame->header.seq);
	blob_name_text(&frame->header.blob, name);
	return engine_of_journal(
	    journal->ops->meta_set(journal->self, META_INDEX, view_text(name), replica->call));
}
