/*
 * gateway/account/exchange.c: the exchange (README.md, S1 to S8): cursor and frames in; a commit,
 * or the frames after the cursor, out. A push whose cursor is the cached head is tried at once, on
 * the cached manifest: if that is old, the condition of its PUT fails, and only then it is read.
 * But whatever is not a commit is answered from a manifest that was compared with the bucket.
 */
#include "gateway/account/account.h"
#include "gateway/account/append.h"
#include "gateway/account/commit.h"
#include "gateway/account/index.h"
#include "gateway/account/lease.h"
#include "gateway/account/log_answer.h"
#include "gateway/account/log_packs.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/names.h"
#include "gateway/account/object.h"
#include "gateway/account/removal.h"
#include "gateway/account/roster_read.h"
#include "gateway/account/wipe_record.h"
#include "gateway/account/work.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
	struct account_work *work;
	const struct sync_request *request;
	struct sync_answer *answer;
	struct account_push push;
	const struct roster *roster; /* with the request's statements: own; else work->roster */
	struct roster *own;
	struct digest roster_blob;
	bool no_memory; /* why roster or frames were not checked: no fault of theirs */
};

/* What every answer says of the account. */
static void answer_base(struct exchange *x, enum sync_status status)
{
	const struct manifest *manifest = &x->work->manifest;
	struct sync_answer *answer = x->answer;

	answer->status = status;
	answer->head = manifest->head;
	memcpy(answer->incarnation, manifest->incarnation, INCARNATION_LEN);
	answer->sweep = manifest->sweep;
	answer->roster_hash = manifest->roster_hash;
	answer->roster = manifest->roster;
}

static enum account_result answer_names(
    struct exchange *x, const struct blob_name *names, size_t count)
{
	if (count == 0)
		return ACCOUNT_OK;
	x->answer->names = calloc(count, sizeof(*names));
	if (x->answer->names == NULL) {
		call_sayf(x->work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	memcpy(x->answer->names, names, count * sizeof(*names));
	x->answer->names_count = count;
	return ACCOUNT_OK;
}

/* All frames stand; others may have committed after them: then there is more to ask for. */
static enum account_result answer_committed(struct exchange *x)
{
	const struct frame *last = &x->push.frames[x->request->frames_count - 1];

	answer_base(x, SYNC_COMMITTED);
	x->answer->head = (struct head){last->header.seq, last->hash};
	x->answer->more = !head_equal(&x->answer->head, &x->work->manifest.head);
	return answer_names(x, x->push.body_names, x->request->bodies_count);
}

/* The device is not live: with the roster as proof, if it ever belonged (S3). */
static enum account_result answer_stranger(struct exchange *x)
{
	if (roster_device(&x->work->roster, &x->request->device) == NULL) {
		answer_base(x, SYNC_REFUSED);
		call_sayf(x->work->call, "this device does not belong to the account");
		return ACCOUNT_OK;
	}
	answer_base(x, SYNC_REVOKED);
	call_sayf(x->work->call, "this device was revoked");
	return account_answer_keep(
	    x->answer, view_bytes(&x->work->cache->roster), x->work->call, &x->answer->roster_blob);
}

static bool is_reset(const struct exchange *x)
{
	return x->request->frames_count == 1 && x->push.frames[0].header.kind == FRAME_RESET;
}

/* x->roster: the known one, or the request's, which must continue it by its frames' statements. */
static const char *roster_fault(struct exchange *x)
{
	const struct sync_request *request = x->request;
	const struct roster *known = &x->work->roster;
	size_t statements = 0;
	enum format_result decoded;

	x->no_memory = false;
	for (size_t i = 0; i < request->frames_count; i++)
		statements += x->push.frames[i].header.kind == FRAME_STATEMENT;
	if (statements == 0 && request->roster.len == 0) {
		x->roster = known;
		return NULL;
	}
	if (request->roster.len == 0)
		return "a statement came without the roster that holds it";
	if (x->own == NULL)
		x->own = calloc(1, sizeof(*x->own));
	decoded = x->own == NULL ? FORMAT_NO_MEMORY : FORMAT_TOO_LARGE;
	if (x->own != NULL && request->roster.len <= ROSTER_MAX)
		decoded = roster_decode(request->roster, false, x->own);
	x->no_memory = decoded == FORMAT_NO_MEMORY;
	if (decoded != FORMAT_OK)
		return "the roster does not hold";
	x->roster = x->own;
	/* A reset carries every statement that its maker knows: new ones too, or none. */
	if (!roster_descends(x->roster, known) ||
	    (!is_reset(x) && x->roster->statements_count != known->statements_count + statements))
		return "the roster does not continue the one that is known here";
	blob_hash(request->roster, &x->roster_blob);
	return NULL;
}

/* A snapshot's covered place against what is at hand of the log. */
static bool covers_another(const struct account_work *work, const struct frame *frame)
{
	const struct head *covered = &frame->header.covered;

	if (frame->header.kind != FRAME_SNAPSHOT || !frame->header.has_covered)
		return false;
	if (covered->seq >= frame->header.seq)
		return true;
	for (size_t i = 0; i < work->manifest.tail_count; i++)
		if (work->tail[i].header.seq == covered->seq)
			return !digest_equal(&work->tail[i].hash, &covered->hash);
	return false;
}

/* What does not hold of the frames, without any key (S6); NULL: all holds. */
static const char *frames_fault(struct exchange *x)
{
	const char *message = roster_fault(x);
	struct head head = x->work->manifest.head;
	size_t index = x->work->roster.statements_count - 1;

	if (message != NULL)
		return message;
	for (size_t i = 0; i < x->request->frames_count; i++) {
		const struct frame *frame = &x->push.frames[i];
		enum format_result checked;

		message = "it does not hold";
		checked = frame_check(frame, &head, x->roster, &index, &message);
		x->no_memory = checked == FORMAT_NO_MEMORY;
		if (checked != FORMAT_OK)
			return message;
		if (covers_another(x->work, frame))
			return "its snapshot covers another log than this";
		head = (struct head){frame->header.seq, frame->hash};
	}
	if (is_reset(x) && index + 1 != x->roster->statements_count)
		return "the reset was made under an older roster than it carries";
	return NULL;
}

static enum account_result answer_refused(struct exchange *x, const char *message)
{
	answer_base(x, SYNC_REFUSED);
	if (message != NULL)
		call_sayf(x->work->call, "a frame is refused: %s", message);
	return ACCOUNT_OK;
}

/* After the commit: what the cache may know without reading it back. */
static void push_remember(struct exchange *x)
{
	struct account_work *work = x->work;

	if (x->request->roster.len > 0)
		account_roster_keep(work, x->request->roster, &work->manifest.roster_hash);
	if (x->push.index.len > 0)
		account_index_keep(work->cache, &x->push.index, &x->push.index_name);
}

/* Blobs first, then the one PUT that names them (S6 to S8). */
static enum account_result push_commit(struct exchange *x, bool *won_out)
{
	struct account_work *work = x->work;
	struct blob_name roster = work->manifest.roster;
	enum account_result result;

	result = account_push_bodies(work, &x->push);
	if (result == ACCOUNT_OK && x->request->roster.len > 0) {
		struct account_key key;

		roster = (struct blob_name){x->roster_blob, work->manifest.sweep};
		account_key_blob(work, &roster, &key);
		result = account_object_put(work, &key, x->request->roster);
	}
	if (result == ACCOUNT_OK)
		result = account_append(work, x->push.frames, x->request->frames,
		    x->request->frames_count, x->roster, &roster);
	if (result == ACCOUNT_OK)
		result = account_manifest_commit(work, won_out);
	return result;
}

/* T1: what changes who belongs waits for nobody. */
static bool is_urgent(const struct exchange *x)
{
	for (size_t i = 0; i < x->request->frames_count; i++)
		if (x->push.frames[i].header.kind == FRAME_STATEMENT)
			return true;
	return is_reset(x);
}

/* R2: a bucket restored from before a wipe may hold a live manifest beside w/. OK: no wipe. */
static enum account_result reset_wipe_check(struct exchange *x)
{
	enum account_result result = account_wipe_read(x->work);

	if (result == ACCOUNT_OK)
		return ACCOUNT_GONE;
	return result == ACCOUNT_ABSENT ? ACCOUNT_OK : result;
}

/*
 * The cursor is the head. *settled_out: the answer is made; else the manifest is another than was
 * built on, and all is to be judged again.
 */
static enum account_result exchange_commit(struct exchange *x, bool *settled_out)
{
	struct account_work *work = x->work;
	const char *message = frames_fault(x);
	enum account_result result = ACCOUNT_OK;
	int64_t wait_ms = is_urgent(x) ? 0 : account_lease_wait_ms(work, &x->request->device);
	bool won = false;

	*settled_out = false;
	if (message != NULL && x->no_memory) { /* says nothing of the request */
		call_sayf(work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	if (message == NULL && wait_ms > 0) {
		if (!work->fresh)
			return account_manifest_read(work);
		*settled_out = true;
		answer_base(x, SYNC_LATER);
		x->answer->retry_after_ms = wait_ms;
		call_sayf(work->call, "another device has the turn");
		return ACCOUNT_OK;
	}
	if (message == NULL) {
		result = account_push_names(work, &x->push);
		if (result != ACCOUNT_OK && result != ACCOUNT_REFUSED)
			return result;
	}
	if (message != NULL || result == ACCOUNT_REFUSED || x->push.missing_count > 0) {
		if (!work->fresh) /* no such answer by an unvalidated manifest */
			return account_manifest_read(work);
		*settled_out = true;
		if (message != NULL || result == ACCOUNT_REFUSED)
			return answer_refused(x, message);
		answer_base(x, SYNC_RENAME);
		call_sayf(work->call, "blobs must be put again under the newest count");
		return answer_names(x, x->push.missing, x->push.missing_count);
	}
	if (is_reset(x))
		result = reset_wipe_check(x);
	if (result == ACCOUNT_OK)
		result = push_commit(x, &won);
	if (result != ACCOUNT_OK || !won)
		return result;
	push_remember(x);
	*settled_out = true;
	return answer_committed(x);
}

/* The cursor is not the head, by a fresh manifest (S4, S5). OK and not settled: read anew. */
static enum account_result exchange_other(struct exchange *x, bool *settled_out)
{
	const struct head *cursor = &x->request->cursor;
	struct account_work *work = x->work;
	enum account_result result;
	bool committed = false;

	assert(work->fresh);
	*settled_out = true;
	answer_base(x, SYNC_AHEAD);
	if (cursor->seq > work->manifest.head.seq)
		return ACCOUNT_OK;
	x->answer->status = SYNC_DIVERGED;
	if (cursor->seq == work->manifest.head.seq ||
	    (cursor->seq == 0 && !digest_equal(&cursor->hash, &work->roster.hashes[0])))
		return ACCOUNT_OK;
	if (x->request->frames_count > 0) { /* a retry of what is committed already? */
		result = account_log_holds(
		    work, &x->push.frames[x->request->frames_count - 1], &committed);
		if (result == ACCOUNT_OK && committed)
			return answer_committed(x);
	} else {
		result = ACCOUNT_OK;
	}
	if (result == ACCOUNT_OK && x->request->wants_lease && x->request->frames_count > 0) {
		result = account_lease_take(work, &x->request->device);
		answer_base(x, x->answer->status); /* of the manifest that stands now */
	}
	if (result == ACCOUNT_OK)
		result = account_log_answer(work, cursor, x->answer);
	if (result != ACCOUNT_ABSENT)
		return result;
	*settled_out = false; /* a pack or body went: compacted and swept meanwhile, or lost */
	sync_answer_clear(x->answer);
	*x->answer = (struct sync_answer){0};
	return account_manifest_reread(work);
}

static enum account_result exchange_run(struct exchange *x)
{
	struct account_work *work = x->work;
	const struct sync_request *request = x->request;
	enum account_result result = ACCOUNT_OK;

	if ((request->frames_count == 0 && !MUTATION(STALE_POLL)) || !work->has_manifest ||
	    !work->cache->wipe_checked || !head_equal(&request->cursor, &work->manifest.head))
		result = account_manifest_read(work);
	for (unsigned i = 0; result == ACCOUNT_OK && i < ACCOUNT_ROUNDS; i++) {
		bool settled = false;

		result = account_roster_read(work);
		if (result != ACCOUNT_OK)
			break;
		if (roster_live(&work->roster, &request->device, SIZE_MAX) == NULL) {
			if (work->fresh)
				return answer_stranger(x);
			result = account_manifest_read(work);
			continue;
		}
		if (work->log_fault != NULL &&
		    (!is_reset(x) || !head_equal(&request->cursor, &work->manifest.head))) {
			answer_base(x, SYNC_DIVERGED); /* R1: its head is all that is told */
			call_sayf(work->call, "the log does not hold: %s", work->log_fault);
			settled = true;
		} else if (!head_equal(&request->cursor, &work->manifest.head)) {
			result = exchange_other(x, &settled);
			if (result == ACCOUNT_DAMAGED && request->reseed) {
				sync_answer_clear(x->answer);
				*x->answer = (struct sync_answer){0};
				answer_base(x, SYNC_DIVERGED); /* R1, a pack or body this time */
				settled = true;
				result = ACCOUNT_OK;
			}
		} else if (request->frames_count == 0) {
			answer_base(x, SYNC_CURRENT);
			settled = true;
		} else {
			result = exchange_commit(x, &settled);
		}
		if (settled)
			return result;
	}
	if (result != ACCOUNT_OK)
		return result;
	call_sayf(work->call, "others kept winning: nothing was committed");
	return ACCOUNT_RETRY;
}

enum account_result account_sync(const struct account_env *env, struct account_cache *cache,
    const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct account_work *work = NULL;
	struct exchange *x = NULL;
	enum account_result result;

	result = account_work_open(env, cache, &request->account, call, &work);
	if (result != ACCOUNT_OK)
		goto done;
	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		call_sayf(call, "no memory");
		result = ACCOUNT_FAILED;
		goto done;
	}
	work->lenient = request->reseed;
	x->work = work;
	x->request = request;
	x->answer = answer;
	answer->time_ms = clock_wall_ms(env->clock);
	result = account_push_decode(&x->push, request, call);
	if (result == ACCOUNT_REFUSED) {
		answer->status = SYNC_REFUSED;
		result = ACCOUNT_OK;
		goto done;
	}
	if (result == ACCOUNT_OK)
		result = exchange_run(x);
	answer->time_ms = clock_wall_ms(env->clock);
	if (result == ACCOUNT_GONE) {
		account_take_back(work);
		answer->status = SYNC_GONE;
		result = ACCOUNT_OK;
		if (work->wipe_record.len > 0)
			result = account_answer_keep(
			    answer, view_bytes(&work->wipe_record), call, &answer->wipe_record);
	}
done:
	if (x != NULL) {
		account_push_clear(&x->push);
		free(x->own);
	}
	free(x);
	account_work_free(work);
	return result;
}
