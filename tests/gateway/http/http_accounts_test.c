/*
 * tests/gateway/http/http_accounts_test.c: the table of accounts alone: what it counts, who goes
 * when it holds too much, what a roster teaches it, and which watched account is due.
 */
#include "tests/gateway/account/fixture.h"
#include "tests/gateway/http/http_by_hand.h"

#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 3u
#define WATCHERS_MAX 2u
#define SLOT_BYTES sizeof(struct http_slot)

static struct account_id id(unsigned number)
{
	return (struct account_id){{(uint8_t)(number >> 8), (uint8_t)number}};
}

static struct http_accounts *table(size_t bytes_max)
{
	struct http_accounts *accounts = http_accounts_new(bytes_max, REQUESTS_MAX, WATCHERS_MAX);

	assert_non_null(accounts);
	return accounts;
}

static struct http_slot *take(struct http_accounts *accounts, unsigned number)
{
	struct account_id account = id(number);
	struct http_slot *slot = NULL;

	assert_int_equal(http_accounts_take(accounts, &account, &slot), TOOK_OK);
	return slot;
}

static struct http_accounts_numbers numbers(struct http_accounts *accounts)
{
	struct http_accounts_numbers out;

	http_accounts_count(accounts, &out);
	return out;
}

static bool is_there(struct http_accounts *accounts, unsigned number)
{
	struct account_id account = id(number);

	return http_accounts_find(accounts, &account) != NULL;
}

static struct device_id device(uint8_t number)
{
	return (struct device_id){{number}};
}

static struct http_member member(uint8_t number)
{
	return (struct http_member){.device = device(number), .live = true};
}

/* One member, and a cache of that many bytes. */
static void teach(
    struct http_accounts *accounts, unsigned number, int64_t since_ms, size_t cache_bytes)
{
	const struct account_id account = id(number);
	struct http_member one = member(1);
	struct account_cache cache = {0};

	if (cache_bytes > 0)
		assert_true(bytes_new(cache_bytes, &cache.manifest));
	http_accounts_teach(accounts, &account, since_ms, &cache, &one, 1);
	account_cache_clear(&cache);
}

/* ---- what is counted ---- */

static void fill(struct account_cache *cache)
{
	assert_true(bytes_new(100, &cache->manifest));
	assert_true(bytes_new(1000, &cache->index));
	cache->packs_count = 3;
	for (size_t i = 0; i < cache->packs_count; i++)
		assert_true(bytes_new(10000, &cache->packs[i].bytes));
}

static void what_is_kept_is_counted(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slot = take(accounts, 1);
	struct digest none = {{0}};

	(void)state;
	assert_int_equal(numbers(accounts).slots, 1);
	assert_int_equal(numbers(accounts).bytes, SLOT_BYTES); /* a guess, too */
	fill(&slot->cache);
	(void)pthread_mutex_lock(&slot->lock);
	http_accounts_learn(accounts, slot, 0, &none, NULL);
	assert_int_equal(numbers(accounts).bytes, SLOT_BYTES + 100 + 1000 + 3 * 10000);
	slot->cache.packs_count = 1;
	bytes_clear(&slot->cache.packs[1].bytes);
	bytes_clear(&slot->cache.packs[2].bytes);
	http_accounts_learn(accounts, slot, 0, &none, NULL);
	assert_int_equal(numbers(accounts).bytes, SLOT_BYTES + 100 + 1000 + 10000);
	/* Gone: of what was known of it nothing stays. */
	http_accounts_forget(accounts, slot);
	assert_int_equal(numbers(accounts).bytes, SLOT_BYTES);
	assert_int_equal(slot->cache.manifest.len, 0);
	(void)pthread_mutex_unlock(&slot->lock);
	teach(accounts, 2, 0, 5000);
	assert_int_equal(numbers(accounts).slots, 2);
	assert_int_equal(
	    numbers(accounts).bytes, 2 * SLOT_BYTES + 5000 + sizeof(struct http_member));
	http_accounts_drop(accounts, slot);
	assert_int_equal(numbers(accounts).slots, 1);
	assert_int_equal(numbers(accounts).bytes, SLOT_BYTES + 5000 + sizeof(struct http_member));
	http_accounts_free(accounts);
}

/* Two that are asked for in turn lie in one chain or in two: each is found, and goes alone. */
static void each_is_found_by_its_name(void **state)
{
	enum { MANY = 3000 };
	struct http_accounts *accounts = table(SIZE_MAX);

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		teach(accounts, i, 0, 0);
	assert_int_equal(numbers(accounts).slots, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct account_id account = id(i);
		struct http_slot *slot = http_accounts_find(accounts, &account);

		assert_non_null(slot);
		assert_true(account_equal(&slot->account, &account));
	}
	assert_false(is_there(accounts, MANY));
	for (unsigned i = 0; i < MANY; i += 2) {
		struct http_slot *slot = take(accounts, i);

		(void)pthread_mutex_lock(&slot->lock);
		http_accounts_forget(accounts, slot);
		(void)pthread_mutex_unlock(&slot->lock);
		http_accounts_drop(accounts, slot);
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(is_there(accounts, i), i % 2 == 1);
	http_accounts_free(accounts);
}

/* ---- who goes ---- */

/* To the byte; the one that was asked for last stays, and the one that somebody has. */
static void the_oldest_goes(void **state)
{
	const size_t each = SLOT_BYTES + sizeof(struct http_member) + 1000;
	struct http_accounts *accounts = table(3 * each);
	struct http_slot *slot;

	(void)state;
	teach(accounts, 1, 0, 1000);
	teach(accounts, 2, 0, 1000);
	teach(accounts, 3, 0, 1000);
	assert_int_equal(numbers(accounts).bytes, 3 * each);
	http_accounts_drop(accounts, take(accounts, 1)); /* asked for again */
	teach(accounts, 4, 0, 1000);
	assert_false(is_there(accounts, 2));
	assert_true(is_there(accounts, 1) && is_there(accounts, 3) && is_there(accounts, 4));
	slot = take(accounts, 3);
	http_accounts_drop(accounts, take(accounts, 1));
	http_accounts_drop(accounts, take(accounts, 4));
	teach(accounts, 5, 0, 1000);
	assert_false(is_there(accounts, 1));
	assert_true(is_there(accounts, 3) && is_there(accounts, 4) && is_there(accounts, 5));
	assert_int_equal(slot->cache.manifest.len, 1000);
	http_accounts_drop(accounts, slot);
	/* As many as are too many. */
	teach(accounts, 6, 0, 1000 + each);
	assert_int_equal(numbers(accounts).slots, 2);
	assert_true(is_there(accounts, 6));
	http_accounts_free(accounts);
}

struct watch {
	struct http_watcher watcher;
	bool woken, passed;
	uint64_t head;
};

static void wake(void *self, bool passed, uint64_t head)
{
	struct watch *watch = self;

	assert_false(watch->woken);
	watch->woken = true;
	watch->passed = passed;
	watch->head = head;
}

static struct watch *watch(struct http_accounts *accounts, struct http_slot *slot, uint64_t seq,
    int64_t deadline_ms, enum http_watch expected)
{
	struct watch *made = calloc(1, sizeof(*made));
	uint64_t head = 0;

	assert_non_null(made);
	made->watcher = (struct http_watcher){.slot = slot, .seq = seq, .wake = wake, .self = made};
	assert_int_equal(
	    http_accounts_watch(accounts, &made->watcher, deadline_ms, &head), expected);
	if (expected == WATCH_PASSED)
		assert_int_equal(head, slot->head_seq);
	return made;
}

static bool is_woken(const struct watch *watch)
{
	return watch->woken;
}

static void end_watch(struct http_accounts *accounts, struct watch *watch)
{
	http_accounts_drop(accounts, watch->watcher.slot);
	free(watch);
}

/* Nobody asks for it, but it is watched: what the cache holds goes, the account stays. */
static void a_watched_account_stays(void **state)
{
	const size_t each = SLOT_BYTES + sizeof(struct http_member);
	struct http_accounts *accounts = table(2 * each + 1500);
	struct watch *one;
	struct http_slot *slot;

	(void)state;
	teach(accounts, 1, 0, 1000);
	slot = take(accounts, 1);
	one = watch(accounts, slot, 0, 1000, WATCH_WAITS);
	teach(accounts, 2, 0, 1000);
	assert_true(is_there(accounts, 1) && is_there(accounts, 2));
	assert_int_equal(slot->cache.manifest.len, 0);
	assert_int_equal(numbers(accounts).bytes, 2 * each + 1000);
	http_accounts_expire(accounts, 1000);
	assert_true(is_woken(one));
	/* A request has it now, and what it works with stays. */
	(void)pthread_mutex_lock(&slot->lock);
	assert_true(bytes_new(2000, &slot->cache.manifest));
	(void)pthread_mutex_unlock(&slot->lock);
	teach(accounts, 3, 0, 1000);
	assert_int_equal(slot->cache.manifest.len, 2000);
	end_watch(accounts, one);
	http_accounts_free(accounts);
	hand_free();
}

static void so_many_have_it_at_once(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slots[REQUESTS_MAX], *one = NULL;
	struct account_id account = id(1);

	(void)state;
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		slots[i] = take(accounts, 1);
	assert_int_equal(http_accounts_take(accounts, &account, &one), TOOK_BUSY);
	assert_null(one);
	http_accounts_drop(accounts, take(accounts, 2)); /* another's are its own */
	http_accounts_drop(accounts, slots[0]);
	slots[0] = take(accounts, 1);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		http_accounts_drop(accounts, slots[i]);
	assert_int_equal(numbers(accounts).slots, 0); /* it was a guess */
	http_accounts_free(accounts);
}

/* ---- what is known ---- */

static void expect_known(struct http_accounts *accounts, struct http_slot *slot, uint8_t number,
    int64_t since_ms, int64_t unknown_ms, enum http_known expected)
{
	struct device_id who = device(number);

	assert_int_equal(
	    http_accounts_member(accounts, slot, &who, since_ms, unknown_ms), expected);
}

static void a_view_is_as_old_as_it_is(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slot;

	(void)state;
	teach(accounts, 1, 50, 0);
	slot = take(accounts, 1);
	expect_known(accounts, slot, 1, 50, INT64_MAX, KNOWN_LIVE);
	expect_known(accounts, slot, 1, 51, INT64_MIN, KNOWN_STALE);
	expect_known(accounts, slot, 2, INT64_MAX, 50, KNOWN_NOT_MEMBER);
	expect_known(accounts, slot, 2, INT64_MIN, 51, KNOWN_STALE);
	slot->members[0].live = false;
	expect_known(accounts, slot, 1, 50, INT64_MAX, KNOWN_REVOKED);
	expect_known(accounts, slot, 1, 51, INT64_MIN, KNOWN_STALE);
	http_accounts_drop(accounts, slot);
	http_accounts_free(accounts);
}

/* What requests have learned is better than what was read beside them. */
static void a_lesson_takes_nothing_away(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slot = take(accounts, 1);

	(void)state;
	/* One that holds it is about to learn more. */
	(void)pthread_mutex_lock(&slot->lock);
	teach(accounts, 1, 10, 100);
	(void)pthread_mutex_unlock(&slot->lock);
	assert_int_equal(slot->members_count, 0);
	assert_true(bytes_new(77, &slot->cache.manifest));
	teach(accounts, 1, 20, 100);
	assert_int_equal(slot->members_count, 1);
	assert_int_equal(slot->cache.manifest.len, 77);
	expect_known(accounts, slot, 1, 20, 20, KNOWN_LIVE);
	teach(accounts, 1, 30, 100); /* it is known by now */
	expect_known(accounts, slot, 1, 30, 30, KNOWN_STALE);
	http_accounts_drop(accounts, slot);
	teach(accounts, 2, 10, 100);
	slot = take(accounts, 2);
	assert_int_equal(slot->cache.manifest.len, 100);
	http_accounts_drop(accounts, slot);
	http_accounts_free(accounts);
}

/* The bytes in the cache may be older than the hash that an answer names. */
static void another_roster_is_not_learned(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slot = take(accounts, 1);
	struct digest other = {{7}};
	struct pair *pair;
	void *own = NULL;

	assert_int_equal(pair_setup(&own), 0);
	(void)state;
	pair = own;
	(void)pthread_mutex_lock(&slot->lock);
	assert_true(bytes_copy(view_bytes(&pair->fixture.roster_bytes), &slot->cache.roster));
	slot->cache.roster_hash = (struct digest){{5}};
	http_accounts_learn(accounts, slot, 10, &other, NULL);
	assert_int_equal(slot->members_count, 0);
	http_accounts_learn(accounts, slot, 20, &slot->cache.roster_hash, NULL);
	assert_int_equal(slot->members_count, pair->fixture.roster.devices_count);
	assert_int_equal(slot->roster_ms, 20);
	slot->members[0].spent_us[PURSE_REQUESTS] = 42;
	/* The same one again; then one that is not here. */
	http_accounts_learn(accounts, slot, 30, &slot->cache.roster_hash, NULL);
	assert_int_equal(slot->roster_ms, 30);
	http_accounts_learn(accounts, slot, 40, &other, NULL);
	assert_int_equal(slot->roster_ms, INT64_MIN);
	/* A new one: who stays has spent what they had. */
	slot->cache.roster_hash = other;
	http_accounts_learn(accounts, slot, 50, &other, NULL);
	assert_int_equal(slot->roster_ms, 50);
	assert_int_equal(slot->members[0].spent_us[PURSE_REQUESTS], 42);
	(void)pthread_mutex_unlock(&slot->lock);
	http_accounts_drop(accounts, slot);
	http_accounts_free(accounts);
	assert_int_equal(pair_teardown(&own), 0);
}

/* ---- watches ---- */

static void learn_head(struct http_accounts *accounts, struct http_slot *slot, uint64_t seq)
{
	const struct head head = {.seq = seq};
	struct digest none = {{0}};

	(void)pthread_mutex_lock(&slot->lock);
	http_accounts_learn(accounts, slot, 5, &none, &head);
	(void)pthread_mutex_unlock(&slot->lock);
}

static void watchers_wake_for_what_is_beyond_them(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct http_slot *slot = take(accounts, 1);
	struct watch *watches[4];

	(void)state;
	slot->requests += 3; /* of four exchanges */
	slot->users += 3;
	watches[0] = watch(accounts, slot, 4, 1000, WATCH_WAITS);
	watches[1] = watch(accounts, slot, 5, 1000, WATCH_WAITS);
	watches[2] = watch(accounts, slot, 6, 1000, WATCH_BUSY);
	assert_int_equal(numbers(accounts).watchers, 2);
	learn_head(accounts, slot, 4);
	assert_false(is_woken(watches[0]) || is_woken(watches[1]));
	learn_head(accounts, slot, 5);
	assert_true(is_woken(watches[0]));
	assert_true(watches[0]->passed);
	assert_int_equal(watches[0]->head, 5);
	assert_false(is_woken(watches[1]));
	assert_int_equal(numbers(accounts).watchers, 1);
	watches[3] = watch(accounts, slot, 4, 1000, WATCH_PASSED);
	http_accounts_expire(accounts, INT64_MAX);
	assert_true(is_woken(watches[1]));
	assert_false(watches[1]->passed);
	assert_int_equal(numbers(accounts).watchers, 0);
	for (size_t i = 0; i < COUNT_OF(watches); i++)
		end_watch(accounts, watches[i]);
	http_accounts_free(accounts);
	hand_free();
}

/* The first to expire first, wherever they stand in their accounts. */
static void watches_expire_in_turn(void **state)
{
	struct http_accounts *accounts = table(SIZE_MAX);
	struct watch *watches[4];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(watches); i++)
		watches[i] =
		    watch(accounts, take(accounts, i % 2), 0, 1000 + (int64_t)i, WATCH_WAITS);
	for (unsigned i = 0; i < COUNT_OF(watches); i++) {
		http_accounts_expire(accounts, 1000 + (int64_t)i - 1);
		assert_false(is_woken(watches[i]));
		http_accounts_expire(accounts, 1000 + (int64_t)i);
		assert_true(is_woken(watches[i]));
		assert_int_equal(numbers(accounts).watchers, COUNT_OF(watches) - 1 - i);
	}
	for (size_t i = 0; i < COUNT_OF(watches); i++)
		end_watch(accounts, watches[i]);
	assert_int_equal(numbers(accounts).slots, 0);
	http_accounts_free(accounts);
	hand_free();
}

/* Each once, until its time has come again. */
static void each_watched_account_is_due(void **state)
{
	enum { MANY = 5 };
	struct http_accounts *accounts = table(SIZE_MAX);
	struct watch *watches[MANY];
	struct http_slot *due;

	(void)state;
	assert_null(http_accounts_due(accounts, 100, 101));
	for (unsigned i = 0; i < MANY; i++)
		watches[i] = watch(accounts, take(accounts, i), 0, INT64_MAX, WATCH_WAITS);
	for (int64_t now_ms = 100; now_ms <= 300; now_ms += 100) {
		bool was_due[MANY] = {false};

		for (unsigned i = 0; i < MANY; i++) {
			unsigned which = 0;

			due = http_accounts_due(accounts, now_ms - 100, now_ms);
			while (which < MANY && watches[which]->watcher.slot != due)
				which++;
			assert_true(which < MANY && !was_due[which]);
			was_due[which] = true;
			assert_int_equal(due->requests, 1);
			http_accounts_drop(accounts, due);
		}
		assert_null(http_accounts_due(accounts, now_ms - 100, now_ms));
		assert_null(http_accounts_due(accounts, now_ms - 1, now_ms));
	}
	/* One of them alone. */
	watches[2]->watcher.slot->checked_ms = 7;
	due = http_accounts_due(accounts, 7, 500);
	assert_ptr_equal(due, watches[2]->watcher.slot);
	assert_int_equal(due->checked_ms, 500);
	http_accounts_drop(accounts, due);
	http_accounts_expire(accounts, INT64_MAX);
	assert_null(http_accounts_due(accounts, INT64_MAX, INT64_MAX));
	for (unsigned i = 0; i < MANY; i++)
		end_watch(accounts, watches[i]);
	http_accounts_free(accounts);
	hand_free();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_kept_is_counted),
    cmocka_unit_test(each_is_found_by_its_name),
    cmocka_unit_test(the_oldest_goes),
    cmocka_unit_test(a_watched_account_stays),
    cmocka_unit_test(so_many_have_it_at_once),
    cmocka_unit_test(a_view_is_as_old_as_it_is),
    cmocka_unit_test(a_lesson_takes_nothing_away),
    cmocka_unit_test(another_roster_is_not_learned),
    cmocka_unit_test(watchers_wake_for_what_is_beyond_them),
    cmocka_unit_test(watches_expire_in_turn),
    cmocka_unit_test(each_watched_account_is_due),
};
TEST_MAIN(tests)
