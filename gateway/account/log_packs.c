/*
 * gateway/account/log_packs.c: the log, read in order out of packs and tail.
 * A pack's bytes are what its name says, and the name came from the manifest; whether the frames in
 * it hold is for the device to judge, which has the keys and the head it knows.
 */
#include "gateway/account/log_packs.h"

#include "gateway/account/object.h"
#include "gateway/account/result.h"

void account_log_begin(struct account_work *work, uint64_t after, struct account_log *out)
{
	const struct manifest *manifest = &work->manifest;

	*out = (struct account_log){.work = work, .after = after};
	while (out->pack < manifest->packs_count && manifest->packs[out->pack].to_seq <= after)
		out->pack++;
	while (out->tail < manifest->tail_count && work->tail[out->tail].header.seq <= after)
		out->tail++;
}

void account_log_clear(struct account_log *log)
{
	bytes_clear(&log->bytes);
	*log = (struct account_log){0};
}

uint64_t account_log_oldest(const struct account_work *work)
{
	const struct manifest *manifest = &work->manifest;

	if (manifest->packs_count > 0)
		return manifest->packs[0].from_seq;
	if (manifest->tail_count > 0)
		return work->tail[0].header.seq;
	return manifest->head.seq + 1;
}

/* The next pack's bytes become the log's. */
static enum account_result log_open_pack(struct account_log *log)
{
	struct account_work *work = log->work;
	struct pack_header header;
	enum account_result result = account_in_time(work);

	if (result != ACCOUNT_OK)
		return result;
	bytes_clear(&log->bytes);
	result = account_pack_read(work, &work->manifest.packs[log->pack], &log->bytes, &header);
	if (result != ACCOUNT_OK)
		return result;
	log->pack++;
	log->left = header.frames_count;
	log->rest = header.frames;
	return ACCOUNT_OK;
}

enum account_result account_log_next(
    struct account_log *log, struct frame *frame_out, struct view *encoded_out, bool *end_out)
{
	struct account_work *work = log->work;
	enum account_result result;

	*end_out = false;
	for (;;) {
		enum format_result format;

		if (log->left == 0 && log->pack < work->manifest.packs_count) {
			result = log_open_pack(log);
			if (result != ACCOUNT_OK)
				return result;
			continue;
		}
		if (log->left == 0)
			break;
		log->left--;
		format = pack_frame(&log->rest, encoded_out);
		if (format == FORMAT_OK)
			format = frame_decode(*encoded_out, frame_out);
		if (format != FORMAT_OK)
			return account_from_format(
			    format, ACCOUNT_DAMAGED, "a frame of a pack", work->call);
		if (frame_out->header.seq > log->after)
			return ACCOUNT_OK;
	}
	if (log->tail == work->manifest.tail_count) {
		*end_out = true;
		return ACCOUNT_OK;
	}
	*encoded_out = work->manifest.tail[log->tail];
	*frame_out = work->tail[log->tail++];
	return ACCOUNT_OK;
}

enum account_result account_log_holds(
    struct account_work *work, const struct frame *frame, bool *holds_out)
{
	const struct manifest *manifest = &work->manifest;
	uint64_t seq = frame->header.seq;
	enum account_result result;
	struct account_log log;
	struct view encoded;
	struct frame found;
	bool end;

	*holds_out = false;
	for (size_t i = 0; i < manifest->devices_count; i++)
		if (manifest->devices[i].seq == seq &&
		    digest_equal(&manifest->devices[i].frame, &frame->hash)) {
			*holds_out = true;
			return ACCOUNT_OK;
		}
	if (seq > manifest->head.seq || seq < account_log_oldest(work))
		return ACCOUNT_OK;
	account_log_begin(work, seq - 1, &log);
	result = account_log_next(&log, &found, &encoded, &end);
	if (result == ACCOUNT_OK && !end)
		*holds_out = digest_equal(&found.hash, &frame->hash);
	account_log_clear(&log);
	return result;
}
