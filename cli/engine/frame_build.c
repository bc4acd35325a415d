/*
 * cli/engine/frame_build.c: frames of this device's own.
 */
#include "cli/engine/frame_build.h"
#include "cli/engine/apply.h"
#include "cli/engine/result.h"

void built_frame_clear(struct built_frame *built)
{
	bytes_clear(&built->encoded);
	bytes_clear(&built->body);
	*built = (struct built_frame){0};
}

void frame_build_header(
    const struct replica *replica, enum frame_kind kind, struct frame_header *out)
{
	const struct sync_facts *facts = &replica->facts.public;

	*out = (struct frame_header){
	    .account = facts->account,
	    .epoch = replica->roster->epochs[replica->roster_index],
	    .seq = facts->head.seq + 1,
	    .previous = facts->head.hash,
	    .roster = replica->roster->hashes[replica->roster_index],
	    .device = facts->device,
	    .kind = kind,
	};
}

static enum format_result sign_frame(const struct frame_header *header, struct view body,
    const uint8_t sign_secret[SIGN_SECRET_LEN], struct built_frame *out)
{
	struct bytes encoded = {0};
	enum format_result result = frame_encode(header, body, sign_secret, &encoded);

	if (result == FORMAT_OK)
		result = frame_decode(view_bytes(&encoded), &out->frame);
	if (result == FORMAT_OK)
		out->encoded = encoded;
	else
		bytes_clear(&encoded);
	return result;
}

static enum format_result seal_and_sign(const struct replica *replica, const struct epoch_key *key,
    struct frame_header *header, const struct frame_sealed *sealed, struct built_frame *out)
{
	const struct engine *engine = replica->engine;
	struct bytes payload = {0};
	struct bytes body = {0};
	enum format_result result = frame_sealed_encode(sealed, &payload);

	if (result == FORMAT_OK)
		result = seal_frame(key, engine->random, view_bytes(&payload), header, &body);
	if (result == FORMAT_OK)
		result = sign_frame(header, view_bytes(&body), engine->keys->sign_secret, out);
	bytes_clear(&body);
	bytes_clear(&payload);
	return result;
}

enum engine_result frame_build_seal(struct replica *replica, struct frame_header *header,
    const struct frame_sealed *sealed, struct built_frame *out)
{
	const struct epoch_key *key;
	enum format_result made;
	enum engine_result result = replica_key(replica, header->epoch, &key);

	if (result != ENGINE_OK)
		return result;
	made = seal_and_sign(replica, key, header, sealed, out);
	if (made != FORMAT_OK)
		call_sayf(replica->call, "a frame could not be made: %s", format_result_text(made));
	return engine_of_format(made);
}

enum format_result frame_build_statement(const struct frame_header *header, struct view statement,
    const struct device_keys *signer, struct built_frame *out)
{
	return sign_frame(header, statement, signer->sign_secret, out);
}

enum engine_result frame_build_apply(struct replica *replica, const struct built_frame *built)
{
	struct sync_body body = {built->frame.header.blob, view_bytes(&built->body)};
	struct body_source source = {.extra = &body};
	enum apply_outcome outcome;
	enum engine_result result = apply_frame(replica, &built->frame, &source, &outcome);

	return result == ENGINE_OK && outcome != APPLY_DONE ? ENGINE_FAILED : result;
}
