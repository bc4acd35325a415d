/*
 * tests/fuzz/played.c: the gateway of play.h: what it tells of the log, and how the script changes
 * what it says.
 */
#include "tests/fuzz/play.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_ROOM 24u /* of an answer */
#define BODIES_ROOM 24u
#define NAMES_ROOM 8u
#define TWEAKS_MAX 5u

struct view session_log(const struct session *session, size_t number)
{
	if (number < session->play->log_count)
		return view_bytes(&session->play->frames[number]);
	return view_bytes(&session->own[number - session->play->log_count]);
}

static struct head log_head(const struct session *session)
{
	struct head head = session->play->heads[session->play->log_count];
	struct frame frame;

	if (session->count == session->play->log_count)
		return head;
	assert_int_equal(frame_decode(session_log(session, session->count - 1), &frame), FORMAT_OK);
	return (struct head){frame.header.seq, frame.hash};
}

void session_frame(struct session *session, struct view frame)
{
	if (session->count - session->play->log_count == PLAY_OWN_MAX)
		return;
	assert_true(bytes_copy(frame, &session->own[session->count - session->play->log_count]));
	session->count++;
}

const struct play_blob *session_find(const struct session *session, const struct blob_name *name)
{
	for (size_t i = 0; i < session->put_count; i++)
		if (blob_name_equal(&session->put[i].name, name))
			return &session->put[i];
	for (size_t i = 0; i < session->play->blobs_count; i++)
		if (blob_name_equal(&session->play->blobs[i].name, name))
			return &session->play->blobs[i];
	return NULL;
}

void session_blob(struct session *session, const struct blob_name *name, struct view blob)
{
	struct play_blob *put = &session->put[session->put_count];

	if (session->put_count == PLAY_BLOBS_MAX || session_find(session, name) != NULL)
		return;
	put->name = *name;
	assert_true(bytes_copy(blob, &put->blob));
	session->put_count++;
}

/* Room that the answer's end frees. */
static void answer_room(struct sync_answer *answer)
{
	answer->frames = calloc(FRAMES_ROOM, sizeof(answer->frames[0]));
	answer->bodies = calloc(BODIES_ROOM, sizeof(answer->bodies[0]));
	answer->names = calloc(NAMES_ROOM, sizeof(answer->names[0]));
	assert_true(answer->frames != NULL && answer->bodies != NULL && answer->names != NULL);
}

static void add_frame(struct session *session, struct sync_answer *answer, struct view encoded)
{
	const struct play_blob *body;
	struct frame frame;

	if (answer->frames_count == FRAMES_ROOM)
		return;
	answer->frames[answer->frames_count++] = encoded;
	if (frame_decode(encoded, &frame) != FORMAT_OK || frame.header.kind != FRAME_PATCH ||
	    !frame.header.has_blob || answer->bodies_count == BODIES_ROOM)
		return;
	body = session_find(session, &frame.header.blob);
	if (body != NULL)
		answer->bodies[answer->bodies_count++] =
		    (struct sync_body){body->name, view_bytes(&body->blob)};
}

/* What the request pushes becomes part of the log, and its roster the newest. */
static void commit(struct session *session, const struct sync_request *request)
{
	static struct roster roster;

	for (size_t i = 0; i < request->frames_count; i++) {
		struct frame frame;

		session_frame(session, request->frames[i]);
		if (i < request->bodies_count &&
		    frame_decode(request->frames[i], &frame) == FORMAT_OK && frame.header.has_blob)
			session_blob(session, &frame.header.blob, request->bodies[i]);
	}
	if (request->roster.data == NULL)
		return;
	bytes_clear(&session->roster);
	assert_true(bytes_copy(request->roster, &session->roster));
	assert_int_equal(roster_decode(view_bytes(&session->roster), false, &roster), FORMAT_OK);
	session->roster_hash = *roster_hash(&roster);
	session->roster_name.count = session->play->sweep;
	blob_hash(request->roster, &session->roster_name.hash);
	session_blob(session, &session->roster_name, request->roster);
}

/* As an honest gateway answers; the script says only how much at a time. */
static void answer_honestly(
    struct session *session, const struct sync_request *request, struct sync_answer *answer)
{
	const struct play *made_play = session->play;
	struct head head = log_head(session);
	size_t from = (size_t)request->cursor.seq;
	size_t most = 1 + fuzz_pick(session->script, FRAMES_ROOM);

	answer_room(answer);
	if (head_equal(&request->cursor, &head) && request->frames_count > 0) {
		commit(session, request);
		answer->status = SYNC_COMMITTED;
		head = log_head(session);
	} else if (head_equal(&request->cursor, &head)) {
		answer->status = SYNC_CURRENT;
	} else if (request->cursor.seq > session->count) {
		answer->status = SYNC_AHEAD;
	} else if (session->far_behind && request->cursor.seq < made_play->snapshot_seq - 1) {
		answer->status = SYNC_FAR_BEHIND;
		answer->snapshot = view_bytes(&made_play->snapshot);
	} else {
		answer->status = SYNC_BEHIND;
		for (size_t i = from; i < session->count && answer->frames_count < most; i++)
			add_frame(session, answer, session_log(session, i));
		answer->more = from + answer->frames_count < session->count;
	}
	answer->head = head;
	memcpy(answer->incarnation, made_play->incarnation, INCARNATION_LEN);
	answer->sweep = made_play->sweep;
	answer->roster_hash =
	    session->roster.data != NULL ? session->roster_hash : made_play->roster_hash;
	answer->roster = session->roster.data != NULL ? session->roster_name : made_play->roster;
	answer->time_ms = made_play->world.now_ms;
}

/* A copy with one bit changed or its end cut off, or as it is. */
static struct view spoilt(struct session *session, struct sync_answer *answer, struct view data)
{
	struct bytes copy = {0};
	struct view changed;
	uint8_t how = fuzz_byte(session->script);

	if (how < 0x80 || data.len == 0 || !bytes_copy(data, &copy))
		return data;
	if (how < 0xE0)
		fuzz_flip(session->script, &copy);
	else
		copy.len = fuzz_pick(session->script, copy.len);
	changed = view_bytes(&copy);
	if (sync_answer_keep(answer, &copy))
		return changed;
	bytes_clear(&copy);
	return data;
}

static struct view any_frame(struct session *session, struct sync_answer *answer)
{
	size_t number = fuzz_pick(session->script, session->count);

	return spoilt(session, answer, session_log(session, number));
}

static struct blob_name any_name(struct session *session)
{
	struct blob_name name =
	    session->play->blobs[fuzz_pick(session->script, session->play->blobs_count)].name;

	if (fuzz_byte(session->script) >= 0xE0)
		name.count = fuzz_number(session->script);
	return name;
}

/* What the answer says of the whole. */
static void change_facts(struct session *session, struct sync_answer *answer, uint8_t what)
{
	struct fuzz_script *script = session->script;

	switch (what) {
	case 0: answer->status = (enum sync_status)fuzz_pick(script, SYNC_LATER + 1u); break;
	case 1:
		answer->head =
		    session->play->heads[fuzz_pick(script, session->play->log_count + 1)];
		break;
	case 2: answer->head.seq = fuzz_number(script); break;
	case 3: answer->head.hash.bytes[fuzz_pick(script, DIGEST_LEN)] ^= 1; break;
	case 4: answer->incarnation[fuzz_pick(script, INCARNATION_LEN)] ^= 1; break;
	case 5: answer->sweep = fuzz_number(script) & SEQ_MAX; break;
	case 6: answer->roster_hash.bytes[fuzz_pick(script, DIGEST_LEN)] ^= 1; break;
	case 7: answer->roster = any_name(session); break;
	case 8: answer->more = !answer->more; break;
	case 9: answer->time_ms = fuzz_time(script); break;
	default: answer->retry_after_ms = (int64_t)(fuzz_number(script) % 3600000u); break;
	}
}

/* What it carries. */
static void change_contents(struct session *session, struct sync_answer *answer, uint8_t what)
{
	struct fuzz_script *script = session->script;
	size_t count = answer->frames_count;
	size_t at = count == 0 ? 0 : fuzz_pick(script, count);

	if (what == 0 && count > 0) {
		answer->frames[at] = spoilt(session, answer, answer->frames[at]);
	} else if (what == 1 && count > 0) {
		answer->frames[at] = any_frame(session, answer);
	} else if (what == 2 && count > 0) {
		memmove(&answer->frames[at], &answer->frames[at + 1],
		    (count - at - 1) * sizeof(answer->frames[0]));
		answer->frames_count--;
	} else if (what == 3 && count < FRAMES_ROOM) {
		answer->frames[answer->frames_count++] = any_frame(session, answer);
	} else if (what == 4 && answer->bodies_count > 0) {
		struct sync_body *body = &answer->bodies[fuzz_pick(script, answer->bodies_count)];

		body->blob = spoilt(session, answer, body->blob);
	} else if (what == 5 && answer->bodies_count > 0) {
		answer->bodies[fuzz_pick(script, answer->bodies_count)].name = any_name(session);
	} else if (what == 6) {
		answer->bodies_count = 0;
	} else if (what == 7) {
		answer->status = SYNC_FAR_BEHIND;
		answer->snapshot = any_frame(session, answer);
	} else if (what == 8) {
		answer->status = SYNC_RENAME;
		while (answer->names_count < NAMES_ROOM)
			answer->names[answer->names_count++] = any_name(session);
	} else if (what == 9) {
		answer->status = SYNC_REVOKED;
		answer->roster_blob = spoilt(session, answer,
		    view_bytes(
			&session->play->rosters[fuzz_pick(script, session->play->rosters_count)]));
	} else {
		answer->status = SYNC_GONE;
		answer->wipe_record = spoilt(session, answer, view_bytes(&session->play->record));
	}
}

/* Instead of all of it: bytes that the script holds, decoded as a device's client decodes them. */
static void change_all(struct session *session, struct sync_answer *answer)
{
	struct view encoded = fuzz_take(session->script, 4096);
	struct sync_answer other = {0};

	if (sync_answer_decode(encoded, &other) != FORMAT_OK)
		return;
	sync_answer_clear(answer);
	*answer = other;
}

static void change_answer(struct session *session, struct sync_answer *answer)
{
	size_t count = fuzz_pick(session->script, TWEAKS_MAX);

	if (session->change != NULL) {
		session->change(session, answer);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		uint8_t what = fuzz_byte(session->script);

		session->honest = false;
		if (what < 0x70)
			change_facts(session, answer, what % 11);
		else if (what < 0xF0)
			change_contents(session, answer, what % 11);
		else
			change_all(session, answer);
	}
}

void session_answer(
    struct session *session, const struct sync_request *request, struct sync_answer *answer)
{
	answer_honestly(session, request, answer);
	change_answer(session, answer);
}
