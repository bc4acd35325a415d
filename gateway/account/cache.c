/*
 * gateway/account/cache.c: what a process knows of one account between calls.
 * Nothing here has to be right for the bucket to stay right, with one exception: a commit writes
 * the cached manifest, changed, under the cached tag. So the pair must not be torn: what is kept on
 * disk ends in a hash of it all, and anything that does not hold is an empty cache.
 */
#include "gateway/account/cache.h"

#include "schemas/cbor.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* saved = [version, manifest, tag, roster, its newest statement's hash, wipe_checked] ‖ 32 bytes of
 * hash */
#define CACHE_VERSION 1u
#define CACHE_ITEMS 6u
#define CACHE_HASH_LEN 32u
#define CACHE_SAVED_MAX (MANIFEST_MAX + ROSTER_MAX + 512u)

void account_cache_clear(struct account_cache *cache)
{
	uint64_t put_bytes = cache->put_bytes; /* what was put was put, whatever else is known */
	bool has_put = cache->has_put;
	struct account_wiping wiping = cache->wiping; /* likewise, but for what is not known */

	free(wiping.listed.items);
	wiping.listed = (struct bucket_page){0};
	bytes_clear(&cache->manifest);
	bytes_clear(&cache->roster);
	bytes_clear(&cache->index);
	for (size_t i = 0; i < cache->packs_count; i++)
		bytes_clear(&cache->packs[i].bytes);
	free(cache->seen);
	*cache =
	    (struct account_cache){.put_bytes = put_bytes, .has_put = has_put, .wiping = wiping};
}

/* Unkeyed and without a domain: it tells a torn file, and is compared with nothing else. */
static void cache_hash(struct view view, uint8_t out[CACHE_HASH_LEN])
{
	(void)crypto_generichash(out, CACHE_HASH_LEN, view.data, view.len, NULL, 0);
}

bool account_cache_save(const struct account_cache *cache, struct bytes *out)
{
	uint8_t hash[CACHE_HASH_LEN];
	struct buffer buffer;
	bool done;

	buffer_init(&buffer, CACHE_SAVED_MAX);
	cbor_put_array(&buffer, CACHE_ITEMS);
	cbor_put_uint(&buffer, CACHE_VERSION);
	cbor_put_view(&buffer, view_bytes(&cache->manifest));
	cbor_put_text(&buffer, view_text(cache->tag.text));
	cbor_put_view(&buffer, view_bytes(&cache->roster));
	cbor_put_bytes(&buffer, cache->roster_hash.bytes, DIGEST_LEN);
	cbor_put_bool(&buffer, cache->wipe_checked);
	if (!buffer.failed)
		cache_hash(buffer_view(&buffer), hash);
	else
		memset(hash, 0, sizeof(hash));
	buffer_add(&buffer, hash, sizeof(hash));
	done = buffer_take(&buffer, out);
	buffer_clear(&buffer);
	return done;
}

void account_cache_load(struct account_cache *cache, struct view saved)
{
	struct account_cache loaded = {0};
	uint8_t hash[CACHE_HASH_LEN];
	struct cbor_reader reader;
	struct view manifest, tag, roster;

	account_cache_clear(cache);
	if (saved.len < CACHE_HASH_LEN || saved.len > CACHE_SAVED_MAX)
		return;
	saved.len -= CACHE_HASH_LEN;
	cache_hash(saved, hash);
	if (memcmp(hash, saved.data + saved.len, CACHE_HASH_LEN) != 0)
		return;
	cbor_read(&reader, saved);
	cbor_array_exact(&reader, CACHE_ITEMS);
	if (cbor_uint(&reader, UINT64_MAX) != CACHE_VERSION)
		return;
	manifest = cbor_bytes(&reader, MANIFEST_MAX);
	tag = cbor_text(&reader, BUCKET_TAG_MAX);
	roster = cbor_bytes(&reader, ROSTER_MAX);
	cbor_fixed(&reader, loaded.roster_hash.bytes, DIGEST_LEN);
	loaded.wipe_checked = cbor_bool(&reader);
	if (cbor_finish(&reader) != FORMAT_OK || tag.len == 0)
		return;
	memcpy(loaded.tag.text, tag.data, tag.len);
	if (bytes_copy(manifest, &loaded.manifest) && bytes_copy(roster, &loaded.roster))
		*cache = loaded;
	else
		account_cache_clear(&loaded);
}

bool account_cache_has_seen(const struct account_cache *cache, const struct blob_name *name)
{
	for (size_t i = cache->seen_count; i-- > 0;)
		if (blob_name_equal(&cache->seen[i], name))
			return true;
	return false;
}

void account_cache_see(struct account_cache *cache, const struct blob_name *name)
{
	if (account_cache_has_seen(cache, name))
		return;
	if (cache->seen == NULL) {
		cache->seen = calloc(ACCOUNT_SEEN_MAX, sizeof(*cache->seen));
		if (cache->seen == NULL)
			return;
	}
	if (cache->seen_count == ACCOUNT_SEEN_MAX) { /* the older half goes: seldom, so cheap */
		cache->seen_count = ACCOUNT_SEEN_MAX / 2;
		memmove(cache->seen, cache->seen + ACCOUNT_SEEN_MAX / 2,
		    cache->seen_count * sizeof(*cache->seen));
	}
	cache->seen[cache->seen_count++] = *name;
}

/* The oldest goes: a compaction takes packs in the order in which they were put. */
void account_cache_keep_pack(
    struct account_cache *cache, const struct digest *hash, struct bytes *pack)
{
	if (pack->len > ACCOUNT_PACK_AT_HAND_MAX)
		return;
	if (cache->packs_count == ACCOUNT_PACKS_AT_HAND) {
		bytes_clear(&cache->packs[0].bytes);
		cache->packs_count--;
		memmove(&cache->packs[0], &cache->packs[1],
		    cache->packs_count * sizeof(cache->packs[0]));
	}
	cache->packs[cache->packs_count++] = (struct account_pack){*hash, *pack};
	*pack = (struct bytes){0};
}

const struct bytes *account_cache_pack(const struct account_cache *cache, const struct digest *hash)
{
	for (size_t i = 0; i < cache->packs_count; i++)
		if (digest_equal(&cache->packs[i].hash, hash))
			return &cache->packs[i].bytes;
	return NULL;
}

void account_cache_trim_packs(struct account_cache *cache, const struct manifest *manifest)
{
	size_t kept = 0;

	for (size_t i = 0; i < cache->packs_count; i++) {
		bool named = false;

		for (size_t k = manifest->packs_count; k-- > 0 && !named;)
			named = digest_equal(&manifest->packs[k].hash, &cache->packs[i].hash);
		if (named)
			cache->packs[kept++] = cache->packs[i];
		else
			bytes_clear(&cache->packs[i].bytes);
	}
	cache->packs_count = kept;
}

bool account_cache_is_empty(const struct account_cache *cache)
{
	return cache->manifest.len == 0;
}

void account_cache_move(struct account_cache *from, struct account_cache *to)
{
	account_cache_clear(to);
	*to = *from;
	*from = (struct account_cache){0};
}

size_t account_cache_bytes(const struct account_cache *cache)
{
	size_t bytes = cache->manifest.len + cache->roster.len + cache->index.len +
		       cache->seen_count * sizeof(*cache->seen) +
		       cache->wiping.listed.count * sizeof(*cache->wiping.listed.items);

	for (size_t i = 0; i < cache->packs_count; i++)
		bytes += cache->packs[i].bytes.len;
	return bytes;
}

uint64_t account_cache_take_put(struct account_cache *cache)
{
	uint64_t put = cache->put_bytes;

	cache->put_bytes = 0;
	return put;
}

/* The cached manifest, decoded; freed with free. NULL: there is none that holds, or no memory. */
static struct manifest *cached_manifest(const struct account_cache *cache)
{
	struct manifest *manifest = malloc(sizeof(*manifest));

	if (manifest == NULL ||
	    manifest_decode(view_bytes(&cache->manifest), manifest) == FORMAT_OK)
		return manifest;
	free(manifest);
	return NULL;
}

bool account_cache_swept(const struct account_cache *cache, int64_t *swept_ms_out)
{
	struct manifest *manifest = cached_manifest(cache);
	bool known = manifest != NULL;

	if (known)
		*swept_ms_out = manifest->swept_ms;
	free(manifest);
	return known;
}

bool account_cache_head(const struct account_cache *cache, struct head *head_out)
{
	struct manifest *manifest = cached_manifest(cache);
	bool known = manifest != NULL;

	if (known)
		*head_out = manifest->head;
	free(manifest);
	return known;
}

struct view account_cache_roster(const struct account_cache *cache, struct digest *hash_out)
{
	*hash_out = cache->roster_hash;
	return view_bytes(&cache->roster);
}

bool account_cache_copy(const struct account_cache *cache, struct account_cache *copy_out)
{
	struct account_cache copy = {.tag = cache->tag, .wipe_checked = cache->wipe_checked};

	if (!bytes_copy(view_bytes(&cache->manifest), &copy.manifest))
		return false;
	*copy_out = copy;
	return true;
}

static bool same_incarnation(const struct account_cache *a, const struct account_cache *b)
{
	struct manifest *one = cached_manifest(a), *other = cached_manifest(b);
	bool same = one != NULL && other != NULL &&
		    memcmp(one->incarnation, other->incarnation, INCARNATION_LEN) == 0;

	free(one);
	free(other);
	return same;
}

void account_cache_copy_put(
    struct account_cache *cache, const struct account_cache *copy, const struct blob_name *name)
{
	/* A blob of another incarnation may have been removed together with that. */
	if (same_incarnation(copy, cache))
		account_cache_see(cache, name);
}
