/*
 * cli/engine/log_frame.c: a frame of the log, checked as the gateway checked it, and opened.
 */
#include "cli/engine/log_frame.h"
#include "cli/engine/result.h"

enum engine_result log_frame_decode(struct replica *replica, struct view encoded, struct frame *out)
{
	enum format_result decoded = frame_decode(encoded, out);

	if (decoded != FORMAT_OK)
		call_sayf(replica->call, "a frame of the log is %s", format_result_text(decoded));
	return engine_of_format(decoded);
}

size_t log_frame_len(const struct frame *frame)
{
	return frame->header_bytes.len + frame->body.len + frame->signature.len;
}

/* Header, body and signature lie one after the other: that is how frame_decode cut them. */
bool log_frame_copy(const struct frame *frame, struct bytes *encoded_out, struct frame *out)
{
	struct view encoded = view_of(frame->header_bytes.data, log_frame_len(frame));
	struct bytes copy = {0};

	if (!bytes_copy(encoded, &copy))
		return false;
	*out = *frame;
	out->header_bytes.data = copy.data;
	out->body.data = out->header_bytes.data + out->header_bytes.len;
	out->signature.data = out->body.data + out->body.len;
	*encoded_out = copy;
	return true;
}

struct head log_frame_head(const struct frame *frame)
{
	return (struct head){frame->header.seq, frame->hash};
}

enum engine_result log_frame_follow(struct replica *replica, const struct frame *frame)
{
	struct sync_facts *facts = &replica->facts.public;
	const char *message = "";
	enum format_result checked =
	    frame_check(frame, &facts->head, replica->roster, &replica->roster_index, &message);

	if (checked == FORMAT_NO_MEMORY) {
		call_sayf(replica->call, "no memory");
		return ENGINE_FAILED;
	}
	if (checked != FORMAT_OK) {
		call_sayf(replica->call, "frame %llu does not hold: %s; nothing was changed",
		    (unsigned long long)frame->header.seq, message);
		return ENGINE_DAMAGED;
	}
	facts->head = log_frame_head(frame);
	return ENGINE_OK;
}

enum engine_result log_frame_open(struct replica *replica, const struct frame *frame,
    struct bytes *payload_out, struct frame_sealed *sealed_out)
{
	const struct epoch_key *key;
	struct bytes payload = {0};
	enum format_result opened;
	enum engine_result result = replica_key(replica, frame->header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	opened = open_frame(key, frame, &payload);
	if (opened == FORMAT_OK)
		opened = frame_sealed_decode(view_bytes(&payload), sealed_out);
	if (opened != FORMAT_OK) {
		bytes_clear(&payload);
		call_sayf(replica->call, "frame %llu cannot be opened: %s; nothing was changed",
		    (unsigned long long)frame->header.seq, format_result_text(opened));
		return engine_of_format(opened);
	}
	*payload_out = payload;
	return ENGINE_OK;
}
