/*
 * gateway/account/work.c: one call's view of an account: the manifest and the roster, as read.
 * What the bucket holds is judged here before anything is built on it: a manifest whose tail is no
 * chain up to its head, or whose packs leave a gap, is DAMAGED, and the cache stays as it was.
 */
#include "gateway/account/account_priv.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint64_t account_covered_seq(const struct frame *frame)
{
	switch (frame->header.kind) {
	case FRAME_LOAD:
	case FRAME_RESET: return frame->header.seq; /* nothing before it is to be followed */
	case FRAME_SNAPSHOT: return frame->header.has_covered ? frame->header.covered.seq : 0;
	case FRAME_PATCH:
	case FRAME_STATEMENT: return 0;
	}
	return 0;
}

uint64_t account_snapshot_seq(const struct account_work *work)
{
	return work->manifest.snapshot.data == NULL ? 0 : account_covered_seq(&work->snapshot);
}

/* The packs join, oldest first; *next_out is the seq that the tail must begin at. */
static bool packs_join(const struct manifest *manifest, uint64_t *next_out)
{
	uint64_t next = manifest->packs_count == 0 ? 0 : manifest->packs[0].from_seq;

	if (manifest->packs_count > 0 && next == 0)
		return false;
	for (size_t i = 0; i < manifest->packs_count; i++) {
		const struct manifest_pack *pack = &manifest->packs[i];

		if (pack->from_seq != next || pack->to_seq < next)
			return false;
		next = pack->to_seq + 1;
	}
	*next_out = next;
	return true;
}

/* The tail is a chain that follows the packs and ends in the head. Its first frame, where there are
 * no packs, has whatever seq: a reset's, or what is left after older packs went. */
static const char *log_fault(const struct manifest *manifest, struct frame *tail)
{
	uint64_t next;

	if (!packs_join(manifest, &next))
		return "its packs leave a gap";
	for (size_t i = 0; i < manifest->tail_count; i++) {
		const struct frame_header *header = &tail[i].header;

		if (frame_decode(manifest->tail[i], &tail[i]) != FORMAT_OK)
			return "a frame of its tail is malformed";
		if (!account_equal(&header->account, &manifest->account))
			return "a frame of its tail is another account's";
		if ((i > 0 || manifest->packs_count > 0) && header->seq != next)
			return "its tail leaves a gap";
		if (i > 0 && !digest_equal(&header->previous, &tail[i - 1].hash))
			return "its tail is no chain";
		next = header->seq + 1;
	}
	if (manifest->tail_count > 0 &&
	    !digest_equal(&manifest->head.hash, &tail[manifest->tail_count - 1].hash))
		return "its head is not its last frame";
	if (manifest->tail_count == 0 && manifest->packs_count == 0)
		return manifest->head.seq == 0 ? NULL : "it has a head and no frames";
	return manifest->head.seq == next - 1 ? NULL : "its head is not its last frame's seq";
}

/* The same tail as before: each frame's hash stands in the next one's header, the last's is the
 * head.
 */
static const char *tail_again(const struct manifest *manifest, struct frame *tail)
{
	for (size_t i = 0; i < manifest->tail_count; i++) {
		if (frame_decode_form(manifest->tail[i], &tail[i]) != FORMAT_OK)
			return "a frame of its tail is malformed";
		if (i > 0)
			tail[i - 1].hash = tail[i].header.previous;
	}
	if (manifest->tail_count > 0)
		tail[manifest->tail_count - 1].hash = manifest->head.hash;
	return NULL;
}

/* Decodes the bytes into work. again: as manifest_decode_again. *message_out: what does not hold.
 */
static enum format_result manifest_use(
    struct account_work *work, struct view encoded, bool again, const char **message_out)
{
	struct manifest *manifest = &work->manifest;
	enum format_result result =
	    again ? manifest_decode_again(encoded, manifest) : manifest_decode(encoded, manifest);

	*message_out = NULL;
	work->log_fault = NULL;
	if (work->lenient && (result == FORMAT_FORGED || result == FORMAT_MALFORMED)) {
		/* One bit anywhere, and the checksum is another; or its tail does not hold. */
		result = manifest_decode_again(encoded, manifest);
		work->log_fault = "its checksum";
	}
	if (result != FORMAT_OK)
		return result;
	if (!account_equal(&manifest->account, &work->account)) {
		*message_out = "it is another account's";
		return FORMAT_FORGED;
	}
	if (manifest->state == MANIFEST_WIPED)
		return FORMAT_OK;
	*message_out = again ? tail_again(manifest, work->tail) : log_fault(manifest, work->tail);
	if (*message_out == NULL && manifest->snapshot.data != NULL &&
	    (frame_decode(manifest->snapshot, &work->snapshot) != FORMAT_OK ||
		!account_equal(&work->snapshot.header.account, &work->account) ||
		!work->snapshot.header.has_blob || account_snapshot_seq(work) == 0 ||
		account_snapshot_seq(work) > manifest->head.seq))
		*message_out = "its snapshot's frame does not hold";
	if (work->lenient && *message_out != NULL) {
		work->log_fault = *message_out;
		*message_out = NULL;
	}
	return *message_out == NULL ? FORMAT_OK : FORMAT_FORGED;
}

enum account_result account_work_open(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct call *call, struct account_work **out)
{
	struct account_work *work;
	const char *message;

	if (strlen(env->prefix) > ACCOUNT_PREFIX_MAX) {
		call_sayf(call, "the bucket's prefix is longer than %u bytes", ACCOUNT_PREFIX_MAX);
		return ACCOUNT_REFUSED;
	}
	work = calloc(1, sizeof(*work));
	if (work == NULL) {
		call_sayf(call, "no memory");
		return ACCOUNT_FAILED;
	}
	work->env = env;
	work->cache = cache;
	work->account = *account;
	work->call = call;
	if (cache->manifest.len > 0) {
		work->has_manifest = manifest_use(work, view_bytes(&cache->manifest),
					 cache->manifest_checked, &message) == FORMAT_OK &&
				     work->manifest.state == MANIFEST_LIVE;
		cache->manifest_checked = work->has_manifest;
		if (!work->has_manifest)
			account_cache_clear(cache);
	}
	*out = work;
	return ACCOUNT_OK;
}

void account_work_free(struct account_work *work)
{
	if (work == NULL)
		return;
	if (work->log_fault != NULL)
		account_cache_clear(work->cache); /* it was good for this call alone */
	bytes_clear(&work->wipe_record);
	free(work);
}

enum account_result account_manifest_adopt(
    struct account_work *work, struct bytes *bytes, bool own, const struct bucket_tag *tag)
{
	struct account_cache *cache = work->cache;
	uint8_t incarnation[INCARNATION_LEN];
	uint64_t generation = work->manifest.generation;
	bool had = work->has_manifest;
	enum format_result format;
	enum account_result result;
	const char *message;

	memcpy(incarnation, work->manifest.incarnation, sizeof(incarnation));
	work->has_manifest = false; /* work->manifest's views move to the new bytes */
	work->has_roster = false;
	work->fresh = false;
	format = manifest_use(work, view_bytes(bytes), own, &message);
	if (message != NULL) {
		call_sayf(work->call, "the manifest is damaged: %s", message);
		return ACCOUNT_DAMAGED;
	}
	if (format != FORMAT_OK)
		return account_from_format(format, ACCOUNT_DAMAGED, "the manifest", work->call);
	if (work->manifest.state == MANIFEST_WIPED)
		return account_missing(work);
	/*
	 * Another incarnation is another account of the same name, and a generation that went back
	 * may be a create that landed after a wipe: nothing seen before holds.
	 */
	if (!had || (!MUTATION(INCARNATION) && (work->manifest.generation < generation ||
						   memcmp(incarnation, work->manifest.incarnation,
						       sizeof(incarnation)) != 0)))
		account_cache_clear(cache);
	bytes_clear(&cache->manifest);
	cache->manifest = *bytes;
	cache->manifest_checked = true;
	*bytes = (struct bytes){0};
	cache->tag = *tag;
	work->has_manifest = true;
	work->fresh = true;
	if (cache->wipe_checked || MUTATION(CREATE_DESPITE_WIPE))
		return ACCOUNT_OK;
	result = account_wipe_read(work);
	if (result == ACCOUNT_OK)
		return ACCOUNT_GONE;
	if (result != ACCOUNT_ABSENT)
		return result;
	cache->wipe_checked = true;
	return ACCOUNT_OK;
}

enum account_result account_manifest_read(struct account_work *work)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	struct bucket_tag tag = {{0}};
	struct bytes bytes = {0};
	enum account_result result;
	enum bucket_result got;

	account_key_of(work, "manifest", &key);
	/* Only what is also checked for a wipe may be answered by "unchanged". */
	if (work->has_manifest && work->cache->wipe_checked)
		get.unless = work->cache->tag;
	result = account_in_time(work);
	if (result != ACCOUNT_OK)
		return result;
	got = bucket_get(work->env->bucket, &get, work->call, &bytes, &tag);
	switch (got) {
	case BUCKET_OK: result = account_manifest_adopt(work, &bytes, false, &tag); break;
	case BUCKET_UNCHANGED:
		work->fresh = true;
		result = ACCOUNT_OK;
		break;
	case BUCKET_ABSENT: result = account_missing(work); break;
	case BUCKET_CONFLICT:
	case BUCKET_RETRY:
	case BUCKET_UNKNOWN:
	case BUCKET_REFUSED: result = account_from_bucket(got); break;
	}
	bytes_clear(&bytes);
	return result;
}

enum account_result account_manifest_reread(struct account_work *work)
{
	uint8_t nonce[NONCE_LEN];
	enum account_result result;

	memcpy(nonce, work->manifest.nonce, sizeof(nonce));
	result = account_manifest_read(work);
	if (result != ACCOUNT_OK || memcmp(nonce, work->manifest.nonce, sizeof(nonce)) != 0)
		return result;
	call_sayf(work->call, "an object that the manifest names is missing");
	return ACCOUNT_DAMAGED;
}

/* The snapshot's frame stands outside the tail's chain: its own signature is all that holds it. */
static enum format_result snapshot_signed(const struct account_work *work)
{
	struct account_cache *cache = work->cache;
	struct view frame = work->manifest.snapshot;
	const struct roster_device *device =
	    roster_device(&work->roster, &work->snapshot.header.device);
	enum format_result result;

	if (device == NULL || frame.len < SIGNATURE_LEN)
		return FORMAT_FORGED;
	if (digest_equal(&cache->snapshot_checked, &work->snapshot.hash))
		return FORMAT_OK; /* a hash of the signature too, and the device's key is its id's
				   */
	frame.len -= SIGNATURE_LEN;
	result = sign_check(
	    DOMAIN_FRAME, frame, device->keys.sign_public, work->snapshot.signature.data);
	if (result == FORMAT_OK)
		cache->snapshot_checked = work->snapshot.hash;
	return result;
}

/*
 * The cached bytes, if they are the manifest's roster. Signatures are checked once for each roster
 * that comes: every push would else pay for each statement there ever was.
 */
static enum account_result roster_use(struct account_work *work)
{
	const struct manifest *manifest = &work->manifest;
	struct account_cache *cache = work->cache;
	struct view encoded = view_bytes(&cache->roster);
	enum account_result result = account_from_format(
	    cache->roster_checked ? roster_decode_again(encoded, &work->roster)
				  : roster_decode(encoded, false, &work->roster),
	    ACCOUNT_DAMAGED, "the roster", work->call);

	if (result != ACCOUNT_OK)
		return result;
	cache->roster_checked = true;
	if (!account_equal(&work->roster.account, &work->account) ||
	    !digest_equal(roster_hash(&work->roster), &manifest->roster_hash) ||
	    roster_epoch(&work->roster) != manifest->epoch) {
		call_sayf(work->call, "the roster is another than the manifest names");
		return ACCOUNT_DAMAGED;
	}
	if (work->log_fault == NULL && manifest->snapshot.data != NULL) {
		enum format_result signed_by = snapshot_signed(work);

		if (signed_by != FORMAT_OK && signed_by != FORMAT_NO_MEMORY && work->lenient)
			work->log_fault = "its snapshot's signature";
		else
			result = account_from_format(signed_by, ACCOUNT_DAMAGED,
			    "the manifest is damaged: its snapshot's signature", work->call);
	}
	if (result != ACCOUNT_OK)
		return result;
	work->has_roster = true;
	return ACCOUNT_OK;
}

void account_roster_keep(
    struct account_work *work, struct view encoded, const struct digest *statement)
{
	struct account_cache *cache = work->cache;

	work->has_roster = false;
	cache->roster_checked = false;
	bytes_clear(&cache->roster);
	if (bytes_copy(encoded, &cache->roster))
		cache->roster_hash = *statement;
}

/* The roster's blob becomes the cache's; ABSENT if it is missing. */
static enum account_result roster_fetch(struct account_work *work)
{
	struct account_cache *cache = work->cache;
	enum account_result result;
	struct bytes bytes = {0};

	result = account_blob_read(work, &work->manifest.roster, &bytes);
	if (result != ACCOUNT_OK)
		return result;
	bytes_clear(&cache->roster);
	cache->roster = bytes;
	cache->roster_checked = false;
	cache->roster_hash = work->manifest.roster_hash;
	result = roster_use(work);
	if (result != ACCOUNT_OK)
		bytes_clear(&cache->roster);
	return result;
}

enum account_result account_roster_read(struct account_work *work)
{
	struct account_cache *cache = work->cache;
	enum account_result result;

	assert(work->has_manifest);
	if (work->has_roster)
		return ACCOUNT_OK;
	if (cache->roster.len > 0 &&
	    digest_equal(&cache->roster_hash, &work->manifest.roster_hash) &&
	    roster_use(work) == ACCOUNT_OK)
		return ACCOUNT_OK;
	for (unsigned i = 0; i < ACCOUNT_ROUNDS; i++) {
		result = roster_fetch(work);
		if (result != ACCOUNT_ABSENT)
			return result;
		result = account_manifest_reread(work);
		if (result != ACCOUNT_OK)
			return result;
	}
	call_sayf(work->call, "the account changes faster than it can be read");
	return ACCOUNT_RETRY;
}
