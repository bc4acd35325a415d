/*
 * tests/gateway/account/object_test.c: keys as README.md has them, what a bucket's and a decoder's
 * results mean to a caller, and objects that are not what their name or the manifest says.
 */
#include "gateway/account/cache.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "gateway/account/work.h"
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNT_HEX "0102000000000000000000000000000000000014"
#define HASH_HEX "ab000000000000000000000000000000000000000000000000000000000000cd"

static struct digest some_hash(void)
{
	struct digest hash = {{0}};

	hash.bytes[0] = 0xAB;
	hash.bytes[DIGEST_LEN - 1] = 0xCD;
	return hash;
}

static void keys_are_as_written_down(void **state)
{
	const struct account_env env = {.prefix = "some/prefix/"};
	struct account_work *work = calloc(1, sizeof(*work));
	const struct blob_name blob = {some_hash(), 42};
	const struct manifest_pack pack = {
	    .from_seq = 3, .to_seq = SEQ_MAX, .hash = some_hash(), .count = 7};
	struct account_key key;

	(void)state;
	assert_non_null(work);
	work->env = &env;
	work->account = (struct account_id){{1, 2, [ACCOUNT_ID_LEN - 1] = 0x14}};
	account_key_of(work, "manifest", &key);
	assert_string_equal(key.text, "some/prefix/a/" ACCOUNT_HEX "/manifest");
	account_key_of(work, "", &key);
	assert_string_equal(key.text, "some/prefix/a/" ACCOUNT_HEX "/");
	account_key_blob(work, &blob, &key);
	assert_string_equal(key.text, "some/prefix/a/" ACCOUNT_HEX "/b/" HASH_HEX ".42");
	account_key_pack(work, &pack, &key);
	assert_string_equal(
	    key.text, "some/prefix/a/" ACCOUNT_HEX "/p/3-9007199254740991-" HASH_HEX ".7");
	account_key_wipe(work, &key);
	assert_string_equal(key.text, "some/prefix/w/" ACCOUNT_HEX);
	free(work);
}

/* The longest of all keys fits behind the longest prefix; a longer prefix is refused. */
static void a_prefix_leaves_room_for_each_key(void **state)
{
	char prefix[ACCOUNT_PREFIX_MAX + 2];
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_env env = fixture->env;
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	struct account_wiped *wiped = calloc(1, sizeof(*wiped));
	struct account_key key;
	const struct manifest_pack pack = {
	    .from_seq = UINT64_MAX, .to_seq = UINT64_MAX, .hash = some_hash(), .count = UINT64_MAX};

	assert_non_null(wiped);
	memset(prefix, 'p', sizeof(prefix));
	prefix[ACCOUNT_PREFIX_MAX + 1] = '\0';
	env.prefix = prefix;
	assert_int_equal(
	    account_work_open(&env, &cache, &fixture->account, fixture_call(fixture), &work),
	    ACCOUNT_REFUSED);
	assert_string_equal(fixture->call.message, "the bucket's prefix is longer than 64 bytes");
	assert_null(work);
	(void)fixture_call(fixture);
	assert_int_equal(account_wiped_next(&env, &fixture->call, wiped), ACCOUNT_REFUSED);
	assert_string_equal(fixture->call.message, "the bucket's prefix is longer than 64 bytes");
	prefix[ACCOUNT_PREFIX_MAX] = '\0';
	prefix[ACCOUNT_PREFIX_MAX - 1] = '/';
	assert_int_equal(
	    account_work_open(&env, &cache, &fixture->account, fixture_call(fixture), &work),
	    ACCOUNT_OK);
	account_key_pack(work, &pack, &key);
	assert_int_equal(strlen(key.text), 64 + 2 + 41 + 2 + 20 + 1 + 20 + 1 + 64 + 1 + 20);
	assert_int_equal(account_wiped_next(&env, fixture_call(fixture), wiped), ACCOUNT_OK);
	account_work_free(work);
	free(wiped);
}

/* Whatever is asked: no call begins with a prefix that leaves no room. */
static void a_long_prefix_is_refused_by_all(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_env env = fixture->env;
	struct account_cache cache = {0};
	const struct account_id *account = &fixture->account;
	const struct blob_name name = {some_hash(), 0};
	struct account_usage usage;
	struct sweep_report sweep;
	struct wipe_report wipe;
	struct bytes out = {0};
	struct call *call = &fixture->call;
	int64_t swept_ms = 0;
	size_t compacted = 0;
	char prefix[ACCOUNT_PREFIX_MAX + 2];

	memset(prefix, 'p', sizeof(prefix));
	prefix[ACCOUNT_PREFIX_MAX + 1] = '\0';
	env.prefix = prefix;
	for (unsigned i = 0; i < 12; i++) {
		enum account_result result = ACCOUNT_OK;

		(void)fixture_call(fixture);
		switch (i) {
		case 0: result = account_usage(&env, account, call, &usage); break;
		case 1: result = account_swept(&env, &cache, account, call, &swept_ms); break;
		case 2: result = account_sweep(&env, &cache, account, 0, call, &sweep); break;
		case 3: result = account_compact(&env, &cache, account, call, &compacted); break;
		case 4: result = account_relist(&env, account, call, &wipe); break;
		case 5: result = account_relist_done(&env, account, call); break;
		case 6:
			result = account_wipe(&env, &cache, account, (struct view){0}, call, &wipe);
			break;
		case 7: result = account_wipe_record(&env, account, call, &out); break;
		case 8: result = account_roster(&env, &cache, account, call, &out); break;
		case 9: result = account_blob_get(&env, &cache, account, &name, call, &out); break;
		case 10:
			result =
			    account_blob_put(&env, &cache, account, &name, view_text(""), call);
			break;
		default:
			client_request(&pair->first);
			sync_answer_clear(&pair->first.answer);
			result = account_sync(
			    &env, &cache, &pair->first.request, call, &pair->first.answer);
		}
		if (result != ACCOUNT_REFUSED)
			fail_msg("call %u: %s", i, account_result_text(result));
		assert_string_equal(call->message, "the bucket's prefix is longer than 64 bytes");
	}
}

static void a_bucket_s_result_says_what_to_do(void **state)
{
	static const struct {
		enum bucket_result bucket;
		enum account_result account;
	} rows[] = {
	    {BUCKET_OK, ACCOUNT_OK},
	    {BUCKET_UNCHANGED, ACCOUNT_OK},
	    {BUCKET_ABSENT, ACCOUNT_ABSENT},
	    {BUCKET_CONFLICT, ACCOUNT_RETRY},
	    {BUCKET_RETRY, ACCOUNT_RETRY},
	    {BUCKET_UNKNOWN, ACCOUNT_RETRY},
	    {BUCKET_REFUSED, ACCOUNT_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(account_from_bucket(rows[i].bucket), rows[i].account);
}

static void a_format_s_result_says_what_is_wrong(void **state)
{
	static const struct {
		enum format_result format;
		enum account_result account;
		const char *message;
	} rows[] = {
	    {FORMAT_OK, ACCOUNT_OK, ""},
	    {FORMAT_MALFORMED, ACCOUNT_DAMAGED, "a thing: damaged, or not of this format"},
	    {FORMAT_TOO_LARGE, ACCOUNT_DAMAGED, "a thing: too large"},
	    {FORMAT_NEWER, ACCOUNT_REFUSED,
		"a thing: made by a newer version: please update inkseal"},
	    {FORMAT_FORGED, ACCOUNT_DAMAGED, "a thing: a hash, signature or seal does not hold"},
	    {FORMAT_NO_MEMORY, ACCOUNT_FAILED, "a thing: out of memory"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		call_init(&call, 0);
		assert_int_equal(
		    account_from_format(rows[i].format, ACCOUNT_DAMAGED, "a thing", &call),
		    rows[i].account);
		assert_string_equal(call.message, rows[i].message);
	}
}

static void each_result_has_its_words(void **state)
{
	(void)state;
	for (int i = ACCOUNT_OK; i <= ACCOUNT_FAILED; i++)
		for (int k = ACCOUNT_OK; k < i; k++)
			assert_string_not_equal(account_result_text((enum account_result)i),
			    account_result_text((enum account_result)k));
	assert_string_equal(account_result_text(ACCOUNT_OK), "ok");
	assert_string_equal(account_result_text(ACCOUNT_FAILED), "failed");
}

/* To the millisecond, by the monotonic clock. */
static void time_is_over_at_the_deadline(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_work *work = NULL;

	assert_int_equal(account_work_open(&fixture->env, &pair->first.cache, &fixture->account,
			     fixture_call(fixture), &work),
	    ACCOUNT_OK);
	fixture->skew_ms = 1234567;
	fixture->now_ms += 60000 - 1;
	assert_int_equal(account_in_time(work), ACCOUNT_OK);
	assert_string_equal(fixture->call.message, "");
	fixture->now_ms++;
	assert_int_equal(account_in_time(work), ACCOUNT_RETRY);
	assert_string_equal(fixture->call.message, "the time for this request is over");
	account_work_free(work);
}

/* What was put is counted, once, and only if it was. */
static void an_object_is_sent_until_it_stands(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault how;
		unsigned times;
		enum account_result result;
	} rows[] = {
	    {"at once", MEMORY_FAULT_NONE, 0, ACCOUNT_OK},
	    {"twice unknown", MEMORY_FAULT_UNKNOWN, 2, ACCOUNT_OK},
	    {"three times unknown", MEMORY_FAULT_UNKNOWN, 3, ACCOUNT_RETRY},
	    {"twice not done", MEMORY_FAULT_BEFORE, 2, ACCOUNT_OK},
	    {"three times not done", MEMORY_FAULT_BEFORE, 3, ACCOUNT_RETRY},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache *cache = &pair->first.cache;
	const struct account_key key = {"some/prefix/a/x/b/y"};
	struct account_work *work = NULL;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t puts = fixture->counts.put;
		enum account_result result;

		assert_int_equal(account_work_open(&fixture->env, cache, &fixture->account,
				     fixture_call(fixture), &work),
		    ACCOUNT_OK);
		cache->put_bytes = 1000;
		cache->has_put = false;
		fixture_arm(fixture, MEMORY_PUT, "/b/", rows[i].how, 0, rows[i].times);
		result = account_object_put(work, &key, view_text("seventeen bytes!!"));
		fixture->armed = false;
		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].name, account_result_text(result));
		assert_int_equal(
		    fixture->counts.put - puts, rows[i].times < 3 ? rows[i].times + 1 : 3);
		assert_int_equal(cache->put_bytes, result == ACCOUNT_OK ? 1017 : 1000);
		assert_true(cache->has_put == (result == ACCOUNT_OK));
		account_work_free(work);
	}
	assert_int_equal(account_work_open(
			     &fixture->env, cache, &fixture->account, fixture_call(fixture), &work),
	    ACCOUNT_OK);
	/* A store that misses a key to put at has lost the bucket itself. */
	fixture_refuse(fixture, MEMORY_PUT, "/b/", 0);
	fixture->odd.refusal.result = BUCKET_ABSENT;
	assert_int_equal(account_object_put(work, &key, view_text("x")), ACCOUNT_FAILED);
	fixture->now_ms += 60000; /* nothing is sent when the time is over */
	assert_int_equal(account_object_put(work, &key, view_text("x")), ACCOUNT_RETRY);
	assert_string_equal(fixture->call.message, "the time for this request is over");
	account_work_free(work);
}

static void put_object(struct fixture *fixture, const char *key, struct view data)
{
	struct bucket_put put = {.key = key, .data = data};
	struct bucket_tag tag;

	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
}

static void fill_packs(struct pair *pair, size_t packs)
{
	while (fixture_objects(&pair->fixture, "/p/") < packs)
		client_edit(&pair->first, 2000);
}

/* A pack's hash may hold, and it may be another's all the same: the manifest says whose it is. */
static void a_pack_is_the_one_that_is_named(void **state)
{
	static const struct {
		const char *name;
		int64_t from, to; /* added to what it holds */
		bool other;       /* the account is */
		const char *message;
	} rows[] = {
	    {"as it is", 0, 0, false, NULL},
	    {"from before", -1, 0, false, "another than the manifest names"},
	    {"from later", 1, 0, false, "another than the manifest names"},
	    {"to before", 0, -1, false, "another than the manifest names"},
	    {"to later", 0, 1, false, "another than the manifest names"},
	    {"of another account", 0, 0, true, "another than the manifest names"},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0}, pack = {0}, read = {0};
	char key[BUCKET_KEY_MAX + 1];
	struct bucket_get get = {.key = key};
	struct bucket_tag tag;

	assert_non_null(manifest);
	fill_packs(pair, 2);
	fixture_manifest(fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, 2);
	fixture_key(fixture, "/p/", key);
	if (strstr(key, "/p/1-") == NULL)
		fail_msg("not the first pack");
	assert_int_equal(
	    bucket_get(fixture->bucket, &get, fixture_call(fixture), &pack, &tag), BUCKET_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct account_cache cache = {0};
		struct account_work *work = NULL;
		struct manifest_pack named = manifest->packs[0];
		struct account_id account = fixture->account;
		struct account_key at;
		struct pack_header header = {.from_seq = 99};
		enum account_result result;

		account.bytes[3] ^= rows[i].other;
		named.from_seq += (uint64_t)rows[i].from;
		named.to_seq += (uint64_t)rows[i].to;
		assert_int_equal(account_work_open(
				     &fixture->env, &cache, &account, fixture_call(fixture), &work),
		    ACCOUNT_OK);
		account_key_pack(work, &named, &at);
		put_object(fixture, at.text, view_bytes(&pack));
		(void)fixture_call(fixture);
		result = account_pack_read(work, &named, &read, &header);
		if (result != (rows[i].message == NULL ? ACCOUNT_OK : ACCOUNT_DAMAGED))
			fail_msg("%s: %s", rows[i].name, account_result_text(result));
		if (rows[i].message == NULL) {
			assert_true(view_equal(view_bytes(&read), view_bytes(&pack)));
			assert_int_equal(header.from_seq, named.from_seq);
		} else {
			assert_non_null(strstr(fixture->call.message, rows[i].message));
			assert_null(read.data);
			assert_int_equal(header.from_seq, 99);
		}
		bytes_clear(&read);
		account_work_free(work);
		account_cache_clear(&cache);
	}
	bytes_clear(&pack);
	bytes_clear(&bytes);
	free(manifest);
}

/* What is not what its name says: told apart, said, and nothing of it handed out. */
static void what_its_name_does_not_say_is_damaged(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	struct manifest_pack pack = {.from_seq = 1, .to_seq = 1};
	struct blob_name name = {.count = 0};
	struct pack_header header = {0};
	struct account_key key;
	struct bytes out = {0};

	assert_int_equal(account_work_open(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &work),
	    ACCOUNT_OK);
	account_key_blob(work, &name, &key);
	put_object(fixture, key.text, view_text("other bytes"));
	assert_int_equal(account_blob_read(work, &name, &out), ACCOUNT_DAMAGED);
	assert_non_null(strstr(fixture->call.message, "a blob in the bucket is damaged"));
	assert_null(out.data);
	assert_false(account_cache_has_seen(&cache, &name));
	account_key_pack(work, &pack, &key);
	put_object(fixture, key.text, view_text("other bytes"));
	assert_int_equal(account_pack_read(work, &pack, &out, &header), ACCOUNT_DAMAGED);
	assert_non_null(strstr(fixture->call.message, "a pack in the bucket is damaged"));
	pack_hash(view_text("no pack"), &pack.hash);
	account_key_pack(work, &pack, &key);
	put_object(fixture, key.text, view_text("no pack"));
	assert_int_equal(account_pack_read(work, &pack, &out, &header), ACCOUNT_DAMAGED);
	assert_non_null(strstr(fixture->call.message, "a pack: damaged, or not of this format"));
	assert_null(out.data);
	blob_hash(view_text("a blob"), &name.hash);
	account_key_blob(work, &name, &key);
	put_object(fixture, key.text, view_text("a blob"));
	assert_int_equal(account_blob_read(work, &name, &out), ACCOUNT_OK);
	assert_true(view_equal(view_bytes(&out), view_text("a blob")));
	assert_true(account_cache_has_seen(&cache, &name));
	bytes_clear(&out);
	account_work_free(work);
	account_cache_clear(&cache);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_are_as_written_down),
    cmocka_unit_test_setup_teardown(a_prefix_leaves_room_for_each_key, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_long_prefix_is_refused_by_all, pair_setup, pair_teardown),
    cmocka_unit_test(a_bucket_s_result_says_what_to_do),
    cmocka_unit_test(a_format_s_result_says_what_is_wrong),
    cmocka_unit_test(each_result_has_its_words),
    cmocka_unit_test_setup_teardown(time_is_over_at_the_deadline, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_object_is_sent_until_it_stands, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_pack_is_the_one_that_is_named, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_its_name_does_not_say_is_damaged, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
