/*
 * tests/gateway/bucket/bucket_suite.c: the cases that every driver passes (bucket_suite.h).
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 16u
#define ROUNDS 4u
#define MANY 1500u

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	assert_int_equal(clock_gettime(id, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return read_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return read_ms(CLOCK_MONOTONIC);
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

const struct clock suite_clock = {NULL, wall_ms, monotonic_ms};
const struct random suite_random = {NULL, fill};

int suite_quick_sync(void *self, int fd)
{
	(void)self;
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

int suite_remove_tree(const char *path)
{
	DIR *list = opendir(path);
	const struct dirent *entry;
	int result = 0;

	if (list == NULL)
		return -1;
	while (result == 0 && (entry = readdir(list)) != NULL) {
		char below[1200];
		struct stat info;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			(int)sizeof(below) ||
		    lstat(below, &info) != 0)
			result = -1;
		else
			result = S_ISDIR(info.st_mode) ? suite_remove_tree(below) : unlink(below);
	}
	(void)closedir(list);
	return result == 0 ? rmdir(path) : result;
}

void suite_call(struct call *call)
{
	call_init(call, clock_monotonic_ms(&suite_clock) + 60000);
}

static enum bucket_result put_text(struct bucket *bucket, const char *key, const char *text,
    enum bucket_if cond, const struct bucket_tag *tag, struct bucket_tag *tag_out)
{
	struct bucket_put put = {.key = key, .data = view_text(text), .cond = cond};
	struct call call;
	enum bucket_result result;

	if (tag != NULL)
		put.tag = *tag;
	suite_call(&call);
	result = bucket_put(bucket, &put, &call, tag_out);
	/* A failure has a reason, and the reason is one line. */
	assert_true(result == BUCKET_OK || call.message[0] != '\0');
	assert_null(strchr(call.message, '\n'));
	return result;
}

struct bucket_tag suite_put_text(
    struct bucket *bucket, const char *key, const char *text, enum bucket_if cond)
{
	struct bucket_tag tag = {""};

	assert_int_equal(put_text(bucket, key, text, cond, NULL, &tag), BUCKET_OK);
	assert_int_not_equal(tag.text[0], '\0');
	return tag;
}

void suite_expect_text(struct bucket *bucket, const char *key, const char *text)
{
	struct bucket_get get = {.key = key};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;
	enum bucket_result result;

	suite_call(&call);
	result = bucket_get(bucket, &get, &call, &data, &tag);
	if (text == NULL) {
		assert_int_equal(result, BUCKET_ABSENT);
		assert_int_not_equal(call.message[0], '\0');
		return;
	}
	assert_int_equal(result, BUCKET_OK);
	assert_string_equal((const char *)data.data, text);
	assert_int_equal(data.len, strlen(text));
	bytes_clear(&data);
}

size_t suite_count_keys(struct bucket *bucket, const char *prefix)
{
	char after[BUCKET_KEY_MAX + 1] = "";
	size_t count = 0;
	bool more = true;

	for (size_t pages = 0; more && pages < 100; pages++) {
		struct bucket_page page = {0};
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_list(bucket, prefix, after, &call, &page), BUCKET_OK);
		count += page.count;
		more = page.more;
		if (page.count > 0)
			memcpy(after, page.items[page.count - 1].key, sizeof(after));
		free(page.items);
	}
	assert_false(more);
	return count;
}

static void expect_failure(
    enum bucket_result result, enum bucket_result expected, struct call *call, const char *says)
{
	assert_int_equal(result, expected);
	assert_string_equal(call->message, says);
	call->message[0] = '\0';
}

void suite_expect_failures(struct bucket *bucket, enum bucket_result reads,
    enum bucket_result changes, const char *reads_say, const char *changes_say)
{
	static const char *const keys[] = {"k"};
	struct bucket_put put = {"k", view_text("text"), BUCKET_ALWAYS, {""}};
	struct bucket_get get = {.key = "k"};
	struct bucket_page page = {0};
	struct bucket_tag tag = {"old"};
	struct bytes data = {0};
	uint64_t removed = 7;
	struct call call;

	suite_call(&call);
	expect_failure(bucket_put(bucket, &put, &call, &tag), changes, &call, changes_say);
	expect_failure(bucket_get(bucket, &get, &call, &data, &tag), reads, &call, reads_say);
	expect_failure(bucket_remove(bucket, "k", &call), changes, &call, changes_say);
	expect_failure(bucket_remove_many(bucket, keys, 1, &call), changes, &call, changes_say);
	expect_failure(bucket_list(bucket, "", "", &call, &page), reads, &call, reads_say);
	expect_failure(bucket_purge_hidden(bucket, "", &call, &removed), reads, &call, reads_say);
	assert_string_equal(tag.text, "old");
	assert_null(data.data);
	assert_null(page.items);
	assert_int_equal(removed, 7);
}

void suite_put_then_get(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag first = suite_put_text(bucket, "a/one", "first", BUCKET_ALWAYS);
	struct bucket_tag second;
	struct bucket_get get = {.key = "a/one"};
	struct bucket_tag read;
	struct bytes data = {0};
	struct call call;

	suite_expect_text(bucket, "a/one", "first");
	second = suite_put_text(bucket, "a/one", "second", BUCKET_ALWAYS);
	assert_string_not_equal(first.text, second.text);
	suite_expect_text(bucket, "a/one", "second");
	suite_call(&call);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &read), BUCKET_OK);
	assert_string_equal(read.text, second.text);
	bytes_clear(&data);
	suite_expect_text(bucket, "a/two", NULL);
	suite_expect_text(bucket, "b/no/such/folder", NULL);
}

void suite_put_if_absent(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag tag = {"old"};

	(void)suite_put_text(bucket, "a/one", "first", BUCKET_IF_ABSENT);
	assert_int_equal(
	    put_text(bucket, "a/one", "second", BUCKET_IF_ABSENT, NULL, &tag), BUCKET_CONFLICT);
	/* Not even with the same bytes: they are another writer's. */
	assert_int_equal(
	    put_text(bucket, "a/one", "first", BUCKET_IF_ABSENT, NULL, &tag), BUCKET_CONFLICT);
	suite_expect_text(bucket, "a/one", "first");
	assert_string_equal(tag.text, "old");
}

void suite_put_if_tag(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag none = {""};
	struct bucket_tag first = suite_put_text(bucket, "a/one", "first", BUCKET_ALWAYS);
	struct bucket_tag second = {""};
	struct bucket_tag third = {""};
	struct bucket_tag garbage;

	assert_int_equal(
	    put_text(bucket, "a/one", "second", BUCKET_IF_TAG, &first, &second), BUCKET_OK);
	assert_string_not_equal(first.text, second.text);
	assert_int_equal(
	    put_text(bucket, "a/one", "third", BUCKET_IF_TAG, &first, &third), BUCKET_CONFLICT);
	suite_expect_text(bucket, "a/one", "second");
	assert_int_equal(
	    put_text(bucket, "a/two", "x", BUCKET_IF_TAG, &second, &third), BUCKET_CONFLICT);
	assert_int_equal(put_text(bucket, "new/folder/two", "x", BUCKET_IF_TAG, &second, &third),
	    BUCKET_CONFLICT);
	assert_int_equal(suite_count_keys(bucket, ""), 1);
	assert_int_equal(
	    put_text(bucket, "a/one", "third", BUCKET_IF_TAG, &none, &third), BUCKET_CONFLICT);
	memset(garbage.text, 0x01, sizeof(garbage.text)); /* and no NUL at its end */
	assert_int_equal(
	    put_text(bucket, "a/one", "third", BUCKET_IF_TAG, &garbage, &third), BUCKET_CONFLICT);
	suite_expect_text(bucket, "a/one", "second");
	assert_string_equal(third.text, "");
}

void suite_get_unless_tag(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag old = suite_put_text(bucket, "a/one", "first", BUCKET_ALWAYS);
	struct bucket_get get = {.key = "a/one", .unless = old};
	struct bytes data = {0};
	struct bucket_tag tag = {"old"};
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_UNCHANGED);
	assert_int_not_equal(call.message[0], '\0');
	assert_null(data.data);
	assert_string_equal(tag.text, "old");
	(void)suite_put_text(bucket, "a/one", "second", BUCKET_ALWAYS);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_OK);
	assert_string_equal((const char *)data.data, "second");
	bytes_clear(&data);
	get.key = "a/two";
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_ABSENT);
}

void suite_get_first_bytes(void **state)
{
	static const struct {
		const char *name;
		size_t first_bytes;
		const char *expected;
	} rows[] = {
	    {"one", 1, "a"},
	    {"some", 4, "abcd"},
	    {"all", 6, "abcdef"},
	    {"more than there are", 7, "abcdef"},
	    {"a great number", SIZE_MAX, "abcdef"},
	};
	struct bucket *bucket = *state;
	struct bucket_tag whole = suite_put_text(bucket, "a/one", "abcdef", BUCKET_ALWAYS);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_get get = {.key = "a/one", .first_bytes = rows[i].first_bytes};
		struct bytes data = {0};
		struct bucket_tag tag;
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_OK);
		if (strcmp((const char *)data.data, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, (const char *)data.data);
		assert_int_equal(data.len, strlen(rows[i].expected));
		assert_string_equal(tag.text, whole.text); /* the object's, not the range's */
		bytes_clear(&data);
	}
}

void suite_outputs_only_on_success(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_get get = {.key = "no/such"};
	uint8_t byte = 7;
	struct bytes data = {&byte, 1};
	struct bucket_tag tag = {"old"};
	struct bucket_page page = {NULL, 42, true};
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_ABSENT);
	assert_ptr_equal(data.data, &byte);
	assert_string_equal(tag.text, "old");
	assert_int_equal(bucket_list(bucket, "\n", "", &call, &page), BUCKET_REFUSED);
	assert_int_equal(page.count, 42);
}

void suite_empty_object(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag tag = suite_put_text(bucket, "a/empty", "", BUCKET_IF_ABSENT);
	struct bucket_tag next = {""};

	suite_expect_text(bucket, "a/empty", "");
	assert_int_equal(suite_count_keys(bucket, "a/"), 1);
	assert_int_equal(put_text(bucket, "a/empty", "x", BUCKET_IF_TAG, &tag, &next), BUCKET_OK);
	suite_expect_text(bucket, "a/empty", "x");
}

void suite_largest_object(void **state)
{
	struct bucket *bucket = *state;
	struct bytes data = {0};
	struct bytes read = {0};
	struct bucket_put put = {.key = "a/large"};
	struct bucket_get get = {.key = "a/large"};
	struct bucket_tag tag;
	struct call call;

	suite_call(&call);
	assert_true(bytes_new(BUCKET_OBJECT_MAX + 1, &data));
	randombytes_buf_deterministic(data.data, data.len, (const uint8_t[32]){1});
	put.data = view_of(data.data, BUCKET_OBJECT_MAX);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	put.data = view_of(data.data, BUCKET_OBJECT_MAX + 1);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_REFUSED);
	assert_int_equal(bucket_get(bucket, &get, &call, &read, &tag), BUCKET_OK);
	assert_true(view_equal(view_bytes(&read), view_of(data.data, BUCKET_OBJECT_MAX)));
	bytes_clear(&read);
	bytes_clear(&data);
}

/* len times "k/" and then an "x": a key of 2 * len + 1 bytes. */
static void long_key(size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		memcpy(out + 2 * i, "k/", 2);
	memcpy(out + 2 * len, "x", 2);
}

void suite_refused_keys(void **state)
{
	char too_long[BUCKET_KEY_MAX + 2];
	const struct {
		const char *name;
		const char *key;
	} rows[] = {
	    {"empty", ""},
	    {"slash at the start", "/a"},
	    {"slash at the end", "a/"},
	    {"slash alone", "/"},
	    {"doubled slash", "a//b"},
	    {"dot", "."},
	    {"dot inside", "a/./b"},
	    {"up", "../a"},
	    {"up inside", "a/../b"},
	    {"up at the end", "a/.."},
	    {"hidden", ".tmp/x"},
	    {"hidden inside", "a/.x"},
	    {"newline", "a\nb"},
	    {"delete", "a\x7f"},
	    {"not ASCII", "a\xc3\xa9"},
	    {"too long", too_long},
	};
	struct bucket *bucket = *state;

	long_key(BUCKET_KEY_MAX / 2, too_long);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *const keys[] = {"a/good", rows[i].key};
		struct bucket_get get = {.key = rows[i].key};
		struct bucket_tag tag;
		struct bytes data = {0};
		struct call call;

		suite_call(&call);
		if (put_text(bucket, rows[i].key, "x", BUCKET_ALWAYS, NULL, &tag) !=
			BUCKET_REFUSED ||
		    bucket_get(bucket, &get, &call, &data, &tag) != BUCKET_REFUSED ||
		    bucket_remove(bucket, rows[i].key, &call) != BUCKET_REFUSED ||
		    bucket_remove_many(bucket, keys, 2, &call) != BUCKET_REFUSED)
			fail_msg("%s: not refused", rows[i].name);
	}
	assert_int_equal(suite_count_keys(bucket, ""), 0);
}

void suite_accepted_keys(void **state)
{
	char longest[BUCKET_KEY_MAX + 2];
	const char *const keys[] = {"a", "0/-_=+,@~", "x/a.b", "x/a..", "x/a b", longest};
	struct bucket *bucket = *state;

	long_key(BUCKET_KEY_MAX / 2 - 1, longest);
	memcpy(longest + BUCKET_KEY_MAX - 1, "y", 2);
	assert_int_equal(strlen(longest), BUCKET_KEY_MAX);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		(void)suite_put_text(bucket, keys[i], keys[i], BUCKET_IF_ABSENT);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		suite_expect_text(bucket, keys[i], keys[i]);
	assert_int_equal(suite_count_keys(bucket, ""), COUNT_OF(keys));
}

void suite_remove(void **state)
{
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	(void)suite_put_text(bucket, "a/b/one", "1", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/two", "2", BUCKET_ALWAYS);
	assert_int_equal(bucket_remove(bucket, "a/b/one", &call), BUCKET_OK);
	suite_expect_text(bucket, "a/b/one", NULL);
	suite_expect_text(bucket, "a/two", "2");
	assert_int_equal(bucket_remove(bucket, "a/b/one", &call), BUCKET_OK);
	assert_int_equal(bucket_remove(bucket, "never/was", &call), BUCKET_OK);
	(void)suite_put_text(bucket, "a/b/one", "again", BUCKET_IF_ABSENT);
	suite_expect_text(bucket, "a/b/one", "again");
}

void suite_remove_many(void **state)
{
	static const char *const keys[] = {"a/1", "a/2", "a/b/3", "none", "a/4", "c"};
	static char numbers[BUCKET_PAGE_MAX + 1][16];
	static const char *many[BUCKET_PAGE_MAX + 1];
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(keys[i], "none") != 0)
			(void)suite_put_text(bucket, keys[i], "x", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/kept", "x", BUCKET_ALWAYS);
	assert_int_equal(bucket_remove_many(bucket, NULL, 0, &call), BUCKET_OK);
	assert_int_equal(suite_count_keys(bucket, ""), COUNT_OF(keys));
	assert_int_equal(bucket_remove_many(bucket, keys, COUNT_OF(keys), &call), BUCKET_OK);
	assert_int_equal(suite_count_keys(bucket, ""), 1);
	suite_expect_text(bucket, "a/kept", "x");
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "a/%zu", i);
		many[i] = numbers[i];
	}
	assert_int_equal(
	    bucket_remove_many(bucket, many, BUCKET_PAGE_MAX + 1, &call), BUCKET_REFUSED);
	assert_int_equal(bucket_remove_many(bucket, many, BUCKET_PAGE_MAX, &call), BUCKET_OK);
	suite_expect_text(bucket, "a/kept", "x");
}

void suite_list_order(void **state)
{
	/* By the bytes of the whole key: '-' and '.' come before '/', '0' and letters after. */
	static const char *const sorted[] = {
	    "a-b/x", "a.b", "a/b-c", "a/b/z", "a/b0", "a/c", "a0", "ab", "b/1"};
	struct bucket *bucket = *state;
	struct bucket_page page = {0};
	struct call call;

	suite_call(&call);
	for (size_t i = 0; i < COUNT_OF(sorted); i++)
		(void)suite_put_text(
		    bucket, sorted[(i * 4 + 3) % COUNT_OF(sorted)], "four", BUCKET_IF_ABSENT);
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_OK);
	assert_int_equal(page.count, COUNT_OF(sorted));
	assert_false(page.more);
	for (size_t i = 0; i < page.count; i++) {
		assert_string_equal(page.items[i].key, sorted[i]);
		assert_int_equal(page.items[i].size, 4);
	}
	free(page.items);
}

void suite_list_prefix_and_after(void **state)
{
	static const char *const all[] = {"a/1", "a/b/1", "a/b/2", "a/b2", "a2", "b/1"};
	static const struct {
		const char *name;
		const char *prefix;
		const char *after;
		const char *expected;
	} rows[] = {
	    {"all", "", "", "a/1 a/b/1 a/b/2 a/b2 a2 b/1 "},
	    {"folder", "a/", "", "a/1 a/b/1 a/b/2 a/b2 "},
	    {"part of a name", "a", "", "a/1 a/b/1 a/b/2 a/b2 a2 "},
	    {"part of a name below", "a/b", "", "a/b/1 a/b/2 a/b2 "},
	    {"folder below", "a/b/", "", "a/b/1 a/b/2 "},
	    {"a whole key", "a/b/1", "", "a/b/1 "},
	    {"nothing", "c", "", ""},
	    {"longer than any", "a/b/1/x", "", ""},
	    {"after a key", "", "a/b/1", "a/b/2 a/b2 a2 b/1 "},
	    {"after what is no key", "", "a/b/", "a/b/1 a/b/2 a/b2 a2 b/1 "},
	    {"after a folder's name", "", "a/b", "a/b/1 a/b/2 a/b2 a2 b/1 "},
	    {"after and prefix", "a/b", "a/b/1", "a/b/2 a/b2 "},
	    {"after before the prefix", "a/b", "a/1", "a/b/1 a/b/2 a/b2 "},
	    {"after beyond the prefix", "a/b", "b", ""},
	    {"after the last", "", "b/1", ""},
	};
	struct bucket *bucket = *state;

	for (size_t i = 0; i < COUNT_OF(all); i++)
		(void)suite_put_text(bucket, all[i], "x", BUCKET_IF_ABSENT);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_page page = {0};
		struct buffer found;
		struct bytes text = {0};
		struct call call;

		suite_call(&call);
		buffer_init(&found, 1000);
		assert_int_equal(
		    bucket_list(bucket, rows[i].prefix, rows[i].after, &call, &page), BUCKET_OK);
		for (size_t item = 0; item < page.count; item++)
			buffer_addf(&found, "%s ", page.items[item].key);
		assert_true(buffer_take(&found, &text));
		if (strcmp((const char *)text.data, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, (const char *)text.data);
		assert_false(page.more);
		bytes_clear(&text);
		free(page.items);
	}
}

void suite_list_pages(void **state)
{
	static bool seen[MANY];
	struct bucket *bucket = *state;
	struct bucket_page first = {0};
	struct bucket_page second = {0};
	char key[BUCKET_KEY_MAX + 1];
	struct call call;

	suite_call(&call);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < MANY; i++) {
		/* 7 and 1500 have no common factor: all numbers, in no order, in 10 folders */
		(void)snprintf(key, sizeof(key), "m/%u/%04u", i * 7 % MANY % 10, i * 7 % MANY);
		(void)suite_put_text(bucket, key, "x", BUCKET_IF_ABSENT);
	}
	assert_int_equal(bucket_list(bucket, "m/", "", &call, &first), BUCKET_OK);
	assert_int_equal(first.count, BUCKET_PAGE_MAX);
	assert_true(first.more);
	assert_int_equal(
	    bucket_list(bucket, "m/", first.items[first.count - 1].key, &call, &second), BUCKET_OK);
	assert_int_equal(second.count, MANY - BUCKET_PAGE_MAX);
	assert_false(second.more);
	for (size_t i = 0; i < MANY; i++) {
		const struct bucket_item *item =
		    i < first.count ? &first.items[i] : &second.items[i - first.count];
		unsigned long number = strtoul(item->key + 4, NULL, 10);

		assert_true(number < MANY && !seen[number]);
		seen[number] = true;
		assert_true(i == 0 || strcmp(key, item->key) < 0);
		memcpy(key, item->key, sizeof(key));
	}
	free(first.items);
	free(second.items);
}

void suite_purge_hidden(void **state)
{
	struct bucket *bucket = *state;
	uint64_t removed = 42;
	struct call call;

	suite_call(&call);
	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_OK);
	assert_int_equal(removed, 42);
	suite_expect_text(bucket, "a/one", "1");
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct bucket *bucket;
	enum bucket_if cond;
	struct bucket_tag tag;
	char text[32];
	enum bucket_result result;
};

/* No cmocka asserts here: they would jump across threads. */
static void *racer_run(void *self)
{
	struct racer *racer = self;
	struct bucket_put put = {"race/one", view_text(racer->text), racer->cond, racer->tag};
	struct bucket_tag tag;
	struct call call;

	suite_call(&call);
	(void)pthread_barrier_wait(racer->barrier);
	racer->result = bucket_put(racer->bucket, &put, &call, &tag);
	return NULL;
}

static void race(struct bucket *bucket, enum bucket_if cond, struct bucket_tag tag, unsigned round)
{
	struct racer racers[WRITERS] = {0};
	pthread_barrier_t barrier;
	const struct racer *winner = NULL;

	assert_int_equal(pthread_barrier_init(&barrier, NULL, WRITERS), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		struct racer *racer = &racers[i];

		racer->barrier = &barrier;
		racer->bucket = bucket;
		racer->cond = cond;
		racer->tag = tag;
		(void)snprintf(racer->text, sizeof(racer->text), "round %u writer %u", round, i);
		assert_int_equal(pthread_create(&racer->thread, NULL, racer_run, racer), 0);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&barrier), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		if (racers[i].result != BUCKET_OK) {
			assert_int_equal(racers[i].result, BUCKET_CONFLICT);
			continue;
		}
		assert_null(winner);
		winner = &racers[i];
	}
	assert_non_null(winner);
	suite_expect_text(bucket, "race/one", winner->text);
}

void suite_race_if_absent(void **state)
{
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	for (unsigned round = 0; round < ROUNDS; round++) {
		race(bucket, BUCKET_IF_ABSENT, (struct bucket_tag){""}, round);
		assert_int_equal(bucket_remove(bucket, "race/one", &call), BUCKET_OK);
	}
}

void suite_race_if_tag(void **state)
{
	struct bucket *bucket = *state;

	for (unsigned round = 0; round < ROUNDS; round++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "before round %u", round);
		race(bucket, BUCKET_IF_TAG, suite_put_text(bucket, "race/one", text, BUCKET_ALWAYS),
		    round);
	}
}

#define ADDERS 4u
#define ADDITIONS 10u

struct adder {
	pthread_t thread;
	struct bucket *bucket;
	bool ok;
};

/* Adds one by compare-and-swap, as a commit does: read, put if nobody was faster, else again. */
static bool add_one(struct bucket *bucket)
{
	for (unsigned try = 0; try < 10000; try++) {
		struct bucket_get get = {.key = "race/sum"};
		struct bucket_put put = {.key = "race/sum", .cond = BUCKET_IF_TAG};
		struct bytes data = {0};
		enum bucket_result result;
		struct call call;
		char text[16];

		suite_call(&call);
		if (bucket_get(bucket, &get, &call, &data, &put.tag) != BUCKET_OK)
			return false;
		(void)snprintf(
		    text, sizeof(text), "%lu", strtoul((const char *)data.data, NULL, 10) + 1);
		bytes_clear(&data);
		put.data = view_text(text);
		result = bucket_put(bucket, &put, &call, &put.tag);
		if (result != BUCKET_CONFLICT)
			return result == BUCKET_OK;
	}
	return false;
}

static void *adder_run(void *self)
{
	struct adder *adder = self;

	adder->ok = true;
	for (unsigned i = 0; adder->ok && i < ADDITIONS; i++)
		adder->ok = add_one(adder->bucket);
	return NULL;
}

void suite_race_increments(void **state)
{
	struct bucket *bucket = *state;
	struct adder adders[ADDERS] = {0};

	(void)suite_put_text(bucket, "race/sum", "0", BUCKET_IF_ABSENT);
	for (unsigned i = 0; i < ADDERS; i++) {
		adders[i].bucket = bucket;
		assert_int_equal(pthread_create(&adders[i].thread, NULL, adder_run, &adders[i]), 0);
	}
	for (unsigned i = 0; i < ADDERS; i++)
		assert_int_equal(pthread_join(adders[i].thread, NULL), 0);
	for (unsigned i = 0; i < ADDERS; i++)
		assert_true(adders[i].ok);
	suite_expect_text(bucket, "race/sum", "40");
}
_Static_assert(ADDERS *ADDITIONS == 40, "the sum above");

void suite_probe_passes(void **state)
{
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	if (bucket_probe(bucket, &suite_clock, &suite_random,
		&(struct probe_rules){.rounds = 3, .gate_rounds = 3}, &call) != PROBE_KEPT)
		fail_msg("%s", call.message);
	assert_int_equal(suite_count_keys(bucket, "probe/"), 0);
	assert_int_equal(suite_count_keys(bucket, ""), 1);
}
