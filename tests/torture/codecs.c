/*
 * tests/torture/codecs.c: see codecs.h. Whose signature a vector holds is checked too.
 */
#include "tests/torture/codecs.h"
#include "tests/test.h"

#include <string.h>

static const uint8_t any_secret[SIGN_SECRET_LEN] = {1};

static enum format_result entry_in(struct trial *trial)
{
	struct digest version;
	enum format_result result = entry_version(trial->view, &version);

	return result == FORMAT_OK ? entry_decode(trial->view, &trial->out->entry) : result;
}

static enum format_result entry_out(struct trial *trial, struct bytes *encoded)
{
	return entry_encode(&trial->out->entry, encoded);
}

static enum format_result sealed_in(struct trial *trial)
{
	return frame_sealed_decode(trial->view, &trial->out->sealed);
}

static enum format_result sealed_out(struct trial *trial, struct bytes *encoded)
{
	return frame_sealed_encode(&trial->out->sealed, encoded);
}

static enum format_result statement_in(struct trial *trial)
{
	struct statement statement;
	enum format_result result = statement_decode(trial->view, trial->bare, &statement);

	if (result == FORMAT_OK)
		result = statement_signed_by(trial->view, trial->key);
	if (result == FORMAT_OK)
		trial->out->statement = statement;
	return result;
}

static enum format_result statement_out(struct trial *trial, struct bytes *encoded)
{
	struct bytes bare = {0};
	enum format_result result = statement_bare(trial->view, &bare);

	bytes_clear(&bare);
	if (result != FORMAT_OK)
		return result;
	return statement_encode(&trial->out->statement, any_secret, encoded);
}

static enum format_result roster_in(struct trial *trial)
{
	return roster_decode(trial->view, trial->bare, &trial->out->roster);
}

static enum format_result roster_out(struct trial *trial, struct bytes *encoded)
{
	return roster_bare(&trial->out->roster, encoded);
}

static enum format_result create_in(struct trial *trial)
{
	return create_decode(trial->view, &trial->out->create.create, &trial->out->create.roster);
}

static enum format_result create_out(struct trial *trial, struct bytes *encoded)
{
	return create_encode(&trial->out->create.create, any_secret, encoded);
}

static enum format_result wipe_in(struct trial *trial)
{
	struct wipe wipe;
	enum format_result result = wipe_decode(trial->view, &wipe);

	if (result == FORMAT_OK)
		result = wipe_signed_by(trial->view, trial->key);
	if (result == FORMAT_OK)
		trial->out->wipe = wipe;
	return result;
}

static enum format_result wipe_out(struct trial *trial, struct bytes *encoded)
{
	return wipe_encode(&trial->out->wipe, any_secret, encoded);
}

static enum format_result record_in(struct trial *trial)
{
	return wipe_record_decode(
	    trial->view, &trial->out->record.wipe, &trial->out->record.roster);
}

static enum format_result record_out(struct trial *trial, struct bytes *encoded)
{
	return wipe_record_encode(trial->out->record.wipe, trial->out->record.roster, encoded);
}

static enum format_result receipt_in(struct trial *trial)
{
	return receipt_decode(trial->view, &trial->out->receipt);
}

static enum format_result receipt_out(struct trial *trial, struct bytes *encoded)
{
	return receipt_encode(&trial->out->receipt, any_secret, encoded);
}

static enum format_result frame_in(struct trial *trial)
{
	return frame_decode(trial->view, &trial->out->frame);
}

static enum format_result frame_out(struct trial *trial, struct bytes *encoded)
{
	const struct frame *frame = &trial->out->frame;

	return frame_encode(&frame->header, frame->body, any_secret, encoded);
}

static enum format_result frame_check_in(struct trial *trial)
{
	size_t index = trial->roster_index;
	const char *message;
	struct frame frame;
	enum format_result result = frame_decode(trial->view, &frame);

	if (result == FORMAT_OK)
		result = frame_check(&frame, &trial->head, &trial->roster, &index, &message);
	if (result == FORMAT_OK)
		trial->out->roster_index = index;
	else
		assert_int_equal(index, trial->roster_index);
	return result;
}

static enum format_result pack_in(struct trial *trial)
{
	return pack_decode(trial->view, &trial->out->pack);
}

static enum format_result pack_out(struct trial *trial, struct bytes *encoded)
{
	const struct pack_header *pack = &trial->out->pack;
	struct view frames[8], rest = pack->frames;
	size_t names_size;

	assert_in_range(pack->frames_count, 1, COUNT_OF(frames));
	for (size_t i = 0; i < pack->frames_count; i++)
		assert_int_equal(pack_frame(&rest, &frames[i]), FORMAT_OK);
	return pack_encode(&pack->account, frames, pack->frames_count, encoded, &names_size);
}

static enum format_result manifest_in(struct trial *trial)
{
	return manifest_decode(trial->view, &trial->out->manifest);
}

static enum format_result manifest_out(struct trial *trial, struct bytes *encoded)
{
	return manifest_encode(&trial->out->manifest, encoded);
}

static enum format_result request_in(struct trial *trial)
{
	return sync_request_decode(trial->view, &trial->out->request);
}

static enum format_result request_out(struct trial *trial, struct bytes *encoded)
{
	return sync_request_encode(&trial->out->request, encoded);
}

static enum format_result answer_in(struct trial *trial)
{
	return sync_answer_decode(trial->view, &trial->out->answer);
}

static enum format_result answer_out(struct trial *trial, struct bytes *encoded)
{
	return sync_answer_encode(&trial->out->answer, encoded);
}

static const struct codec codecs[] = {
    {"entry", entry_in, entry_out},
    {"frame-sealed", sealed_in, sealed_out},
    {"statement", statement_in, statement_out},
    {"roster", roster_in, roster_out},
    {"create", create_in, create_out},
    {"wipe", wipe_in, wipe_out},
    {"wipe-record", record_in, record_out},
    {"receipt", receipt_in, receipt_out},
    {"frame", frame_in, frame_out},
    {"frame-check", frame_check_in, NULL},
    {"pack", pack_in, pack_out},
    {"manifest", manifest_in, manifest_out},
    {"sync-request", request_in, request_out},
    {"sync-answer", answer_in, answer_out},
};

const struct codec *codec_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(codecs); i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	fail_msg("%s: there is no such codec", name);
	return NULL;
}

void trial_init(struct trial *trial, const struct codec *codec, const struct vector *vector)
{
	const char *name = codec->name;

	memset(trial, 0, sizeof(*trial));
	trial->view = view_bytes(&vector->data);
	if (strcmp(name, "statement") == 0 || strcmp(name, "roster") == 0)
		trial->bare = vector_is(vector, "bare", "yes");
	if (strcmp(name, "statement") == 0 && vector_field(vector, "signer-key").data != NULL)
		vector_hex(vector, "signer-key", trial->key, sizeof(trial->key));
	if (strcmp(name, "wipe") == 0)
		vector_hex(vector, "key", trial->key, sizeof(trial->key));
	if (strcmp(name, "frame-check") != 0)
		return;
	vector_blob(vector, "roster", &trial->roster_bytes);
	vector_hex(vector, "head-hash", trial->head.hash.bytes, DIGEST_LEN);
	trial->head.seq = vector_number(vector, "head-seq");
	trial->roster_index = (size_t)vector_number(vector, "roster-index");
	assert_int_equal(
	    roster_decode(view_bytes(&trial->roster_bytes), false, &trial->roster), FORMAT_OK);
}

void trial_clear(struct trial *trial)
{
	bytes_clear(&trial->roster_bytes);
}

void decoded_clear(const struct codec *codec, union decoded *decoded)
{
	if (codec->in == answer_in)
		sync_answer_clear(&decoded->answer);
}
