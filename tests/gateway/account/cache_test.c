/*
 * tests/gateway/account/cache_test.c: the cache on disk: whole, or empty.
 */
#include "gateway/account/cache.h"
#include "schemas/cbor.h"
#include "tests/gateway/account/fixture.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void cache_comes_back_whole(void **state)
{
	struct pair *pair = *state;
	struct account_cache loaded = {0};
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	account_cache_load(&loaded, view_bytes(&saved));
	assert_true(
	    view_equal(view_bytes(&loaded.manifest), view_bytes(&pair->first.cache.manifest)));
	assert_true(view_equal(view_bytes(&loaded.roster), view_bytes(&pair->first.cache.roster)));
	assert_string_equal(loaded.tag.text, pair->first.cache.tag.text);
	assert_true(loaded.wipe_checked);
	account_cache_clear(&loaded);
	bytes_clear(&saved);
}

/* What lay on a disk is checked again by the process that reads it, and once by that. */
static void cache_from_a_disk_is_checked_once(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *client = &pair->first;
	struct bytes saved = {0};
	uint64_t before;

	client_edit(client, 100);
	assert_true(client->cache.manifest_checked && client->cache.roster_checked);
	assert_true(account_cache_save(&client->cache, &saved));
	account_cache_load(&client->cache, view_bytes(&saved));
	assert_false(client->cache.manifest_checked || client->cache.roster_checked);
	/* The newest statement's signature; its sealed part follows it. */
	client->cache.roster.data[client->cache.roster.len - strlen("more boxes") - 8] ^= 1;
	before = fixture->counts.get;
	client_edit(client, 100);
	assert_int_equal(fixture->counts.get, before + 1); /* the roster's blob */
	client_edit(client, 100);
	assert_int_equal(fixture->counts.get, before + 1);
	assert_true(client->cache.manifest_checked && client->cache.roster_checked);
	/* What comes from the bucket is checked when it comes. */
	account_cache_clear(&client->cache);
	assert_int_equal(client_poll(client), ACCOUNT_OK);
	assert_true(client->cache.manifest_checked && client->cache.roster_checked);
	bytes_clear(&saved);
}

static void cache_torn_is_empty(void **state)
{
	struct pair *pair = *state;
	struct account_cache loaded = {0};
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	for (size_t at = 0; at < saved.len; at += 11) {
		saved.data[at] ^= 2;
		account_cache_load(&loaded, view_bytes(&saved));
		saved.data[at] ^= 2;
		assert_int_equal(loaded.manifest.len, 0);
		account_cache_load(&loaded, view_of(saved.data, at));
		assert_int_equal(loaded.manifest.len, 0);
	}
	/* An empty one does no harm. */
	account_cache_clear(&pair->first.cache);
	client_edit(&pair->first, 100);
	bytes_clear(&saved);
}

static void cache_of_another_account_is_dropped(void **state)
{
	struct pair *pair = *state;
	struct pair *other;
	void *own = NULL;

	(void)pair_setup(&own);
	other = own;
	account_cache_clear(&other->first.cache);
	other->first.cache = pair->first.cache;
	pair->first.cache = (struct account_cache){0};
	client_edit(&other->first, 100);
	client_edit(&pair->first, 100);
	(void)pair_teardown(&own);
}

/* What was done here is not forgotten with what was learnt: a wipe takes late puts back by it. */
static void cache_cleared_knows_what_it_put(void **state)
{
	struct account_cache cache = {.put_bytes = 7, .has_put = true, .wipe_checked = true};

	(void)state;
	account_cache_clear(&cache);
	assert_true(cache.has_put);
	assert_int_equal(cache.put_bytes, 7);
	assert_false(cache.wipe_checked);
}

static struct blob_name numbered(unsigned number)
{
	struct blob_name name = {.count = number % 3};

	memcpy(name.hash.bytes, &number, sizeof(number));
	return name;
}

/* What its owner may know of it without looking into it. */
static void cache_tells_of_itself(void **state)
{
	struct pair *pair = *state;
	struct client *client = &pair->first;
	struct account_cache moved = {0};
	struct digest hash;
	struct head head;
	size_t bytes;

	assert_false(account_cache_head(&moved, &head));
	assert_true(account_cache_is_empty(&moved));
	(void)account_cache_take_put(&client->cache);
	client_edit(client, 100);
	assert_int_equal(account_cache_take_put(&client->cache), 0); /* the manifest alone */
	client->cache.put_bytes = 77;
	assert_int_equal(account_cache_take_put(&client->cache), 77);
	assert_int_equal(account_cache_take_put(&client->cache), 0);
	assert_true(account_cache_head(&client->cache, &head));
	assert_int_equal(head.seq, client->head.seq);
	assert_true(view_equal(
	    account_cache_roster(&client->cache, &hash), view_bytes(&pair->fixture.roster_bytes)));
	assert_true(digest_equal(&hash, roster_hash(&pair->fixture.roster)));
	bytes = account_cache_bytes(&client->cache);
	assert_true(bytes >= client->cache.manifest.len + client->cache.roster.len);
	account_cache_move(&client->cache, &moved);
	assert_true(account_cache_is_empty(&client->cache));
	assert_int_equal(account_cache_bytes(&client->cache), 0);
	assert_int_equal(account_cache_bytes(&moved), bytes);
	account_cache_clear(&moved);
}

/* The older half goes when there is no room; what came last is known all the time. */
static void cache_forgets_the_oldest_blobs(void **state)
{
	struct account_cache cache = {0};

	(void)state;
	for (unsigned i = 0; i < 2 * ACCOUNT_SEEN_MAX + 10; i++) {
		struct blob_name name = numbered(i), other = name;

		other.count++;
		assert_false(account_cache_has_seen(&cache, &name));
		account_cache_see(&cache, &name);
		account_cache_see(&cache, &name);
		assert_true(account_cache_has_seen(&cache, &name));
		assert_false(account_cache_has_seen(&cache, &other));
		assert_in_range(cache.seen_count, 1, ACCOUNT_SEEN_MAX);
		assert_true(
		    cache.seen_count * sizeof(*cache.seen) <= malloc_usable_size(cache.seen));
	}
	/* Forgotten at SEEN_MAX, and twice at every half of it from there on. */
	for (unsigned i = 0; i < 2 * ACCOUNT_SEEN_MAX + 10; i++) {
		struct blob_name name = numbered(i);

		if (account_cache_has_seen(&cache, &name) != (i >= 3 * ACCOUNT_SEEN_MAX / 2))
			fail_msg("blob %u", i);
	}
	account_cache_clear(&cache);
}

/* What a cache on disk may hold, with a hash that holds. */
struct saved {
	const char *name;
	uint64_t items, version, manifest_len, tag_len, roster_len;
	bool wipe_checked, more;
	bool good;
};

static void save_as(const struct saved *row, struct bytes *out)
{
	static const uint8_t zeros[ROSTER_MAX + 1];
	const struct digest hash = {{7}};
	char tag[BUCKET_TAG_MAX + 2];
	uint8_t sum[32];
	struct buffer buffer;

	memset(tag, 't', sizeof(tag));
	buffer_init(&buffer, 1u << 20);
	cbor_put_array(&buffer, row->items);
	cbor_put_uint(&buffer, row->version);
	cbor_put_bytes(&buffer, zeros, row->manifest_len);
	cbor_put_text(&buffer, view_of(tag, row->tag_len));
	cbor_put_bytes(&buffer, zeros, row->roster_len);
	cbor_put_bytes(&buffer, hash.bytes, DIGEST_LEN);
	cbor_put_bool(&buffer, row->wipe_checked);
	if (row->more)
		cbor_put_null(&buffer);
	assert_int_equal(crypto_generichash(sum, sizeof(sum), buffer.data, buffer.len, NULL, 0), 0);
	buffer_add(&buffer, sum, sizeof(sum));
	assert_true(buffer_take(&buffer, out));
}

static void cache_takes_its_own_form_alone(void **state)
{
	static const struct saved rows[] = {
	    {"small", 6, 1, 10, 1, 10, true, false, true},
	    {"never looked for a wipe", 6, 1, 10, 1, 10, false, false, true},
	    {"the longest of all", 6, 1, MANIFEST_MAX, BUCKET_TAG_MAX, ROSTER_MAX, true, false,
		true},
	    {"a manifest too long", 6, 1, MANIFEST_MAX + 1, 1, 10, true, false, false},
	    {"a tag too long", 6, 1, 10, BUCKET_TAG_MAX + 1, 10, true, false, false},
	    {"a roster too long", 6, 1, 10, 1, ROSTER_MAX + 1, true, false, false},
	    {"no tag", 6, 1, 10, 0, 10, true, false, false},
	    {"an older version", 6, 0, 10, 1, 10, true, false, false},
	    {"a newer version", 6, 2, 10, 1, 10, true, false, false},
	    {"an item less", 5, 1, 10, 1, 10, true, false, false},
	    {"an item more", 7, 1, 10, 1, 10, true, true, false},
	    {"something behind it", 6, 1, 10, 1, 10, true, true, false},
	};
	const struct digest hash = {{7}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct account_cache loaded = {0};
		struct bytes saved = {0};

		save_as(&rows[i], &saved);
		account_cache_load(&loaded, view_bytes(&saved));
		if ((loaded.manifest.len > 0) != rows[i].good)
			fail_msg("%s: %zu", rows[i].name, loaded.manifest.len);
		if (rows[i].good) {
			assert_int_equal(loaded.manifest.len, rows[i].manifest_len);
			assert_int_equal(strlen(loaded.tag.text), rows[i].tag_len);
			assert_int_equal(loaded.roster.len, rows[i].roster_len);
			assert_true(digest_equal(&loaded.roster_hash, &hash));
			assert_true(loaded.wipe_checked == rows[i].wipe_checked);
		} else {
			assert_string_equal(loaded.tag.text, "");
			assert_false(loaded.wipe_checked);
			assert_int_equal(loaded.roster.len, 0);
		}
		account_cache_clear(&loaded);
		bytes_clear(&saved);
	}
}

static void keep_pack(struct account_cache *cache, uint8_t number, size_t len)
{
	const struct digest hash = {{number}};
	struct bytes pack = {0};

	assert_true(bytes_new(len, &pack));
	pack.data[0] = number;
	account_cache_keep_pack(cache, &hash, &pack);
	bytes_clear(&pack);
}

static bool has_pack(const struct account_cache *cache, uint8_t number)
{
	const struct digest hash = {{number}};
	const struct bytes *pack = account_cache_pack(cache, &hash);

	if (pack != NULL)
		assert_int_equal(pack->data[0], number);
	return pack != NULL;
}

/* The newest eight are at hand, if they are small; of those the manifest's. */
static void cache_has_packs_at_hand(void **state)
{
	static struct manifest manifest;
	struct account_cache cache = {0};

	(void)state;
	assert_false(has_pack(&cache, 0));
	keep_pack(&cache, 99, ACCOUNT_PACK_AT_HAND_MAX + 1);
	assert_false(has_pack(&cache, 99));
	keep_pack(&cache, 1, ACCOUNT_PACK_AT_HAND_MAX);
	for (uint8_t number = 2; number <= 12; number++) {
		keep_pack(&cache, number, 10);
		for (uint8_t old = 1; old <= number; old++)
			assert_int_equal(has_pack(&cache, old), old + 8 > number);
		assert_false(has_pack(&cache, number + 1));
	}
	manifest.packs_count = 3;
	manifest.packs[0].hash.bytes[0] = 4;
	manifest.packs[1].hash.bytes[0] = 7;
	manifest.packs[2].hash.bytes[0] = 10;
	account_cache_trim_packs(&cache, &manifest);
	for (uint8_t number = 1; number <= 13; number++)
		assert_int_equal(has_pack(&cache, number), number == 7 || number == 10);
	keep_pack(&cache, 13, 10);
	assert_true(has_pack(&cache, 7) && has_pack(&cache, 10) && has_pack(&cache, 13));
	account_cache_clear(&cache);
	assert_false(has_pack(&cache, 7));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(cache_comes_back_whole, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_from_a_disk_is_checked_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_torn_is_empty, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_of_another_account_is_dropped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_tells_of_itself, pair_setup, pair_teardown),
    cmocka_unit_test(cache_takes_its_own_form_alone),
    cmocka_unit_test(cache_has_packs_at_hand),
    cmocka_unit_test(cache_cleared_knows_what_it_put),
    cmocka_unit_test(cache_forgets_the_oldest_blobs),
};
/* clang-format on */
TEST_MAIN(tests)
