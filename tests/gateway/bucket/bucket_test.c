/*
 * tests/gateway/bucket/bucket_test.c: opening by URL, the result's names, and what a driver is
 * asked for and what is answered without it.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/bucket_open.h"

static void open_refuses(void **state)
{
	static char too_long[BUCKET_URL_MAX + 2], longest[BUCKET_URL_MAX + 1] = "dir:";
	const struct {
		const char *name;
		const char *url;
		const char *says;
	} rows[] = {
	    {"nothing", "", "known are: dir:PATH, s3:http://HOST:PORT/BUCKET/PREFIX"},
	    {"a bare path", "/somewhere", "known are: dir:PATH"},
	    {"another scheme", "ftp://user:secret@host/", "known are: dir:PATH"},
	    {"no path", "dir:", "needs the path"},
	    {"no parent", "dir:/no/such/parent/folder", "parent does not exist"},
	    {"not a folder", "dir:/dev/null", "stands where another was expected"},
	    {"too long", too_long, "up to 1024 bytes"},
	    {"as long as may be", longest, "parent does not exist"},
	    {"an S3 URL with a password", "s3:http://user:secret@host/bucket", "after s3: comes"},
	    {"an S3 URL without a bucket", "s3:http://host", "after s3: comes"},
	};

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	for (size_t i = strlen("dir:"); i < BUCKET_URL_MAX; i++)
		longest[i] = i % 2 == 0 ? '/' : 'x';
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		suite_call(&call);
		assert_null(bucket_open(rows[i].url, &suite_clock, &call));
		if (strstr(call.message, rows[i].says) == NULL ||
		    strstr(call.message, "secret") != NULL)
			fail_msg("%s: %s", rows[i].name, call.message);
	}
}

static void open_makes_the_folder(void **state)
{
	char parent[] = "/tmp/inkseal-bucket-XXXXXX";
	struct bucket_counts counts = {0};
	struct buffer text;
	struct bytes url = {0};
	struct bucket *bucket;
	struct call call;

	(void)state;
	assert_non_null(mkdtemp(parent));
	buffer_init(&text, BUCKET_URL_MAX);
	buffer_addf(&text, "dir:%s/new//", parent);
	assert_true(buffer_take(&text, &url));
	suite_call(&call);
	for (int times = 0; times < 2; times++) {
		bucket = bucket_open((const char *)url.data, &suite_clock, &call);
		assert_non_null(bucket);
		assert_int_equal(suite_count_keys(bucket, ""), 0);
		bucket_close(bucket);
	}
	bucket = bucket_open_counted((const char *)url.data, &suite_clock, &counts, &call);
	assert_non_null(bucket);
	assert_int_equal(suite_count_keys(bucket, ""), 0);
	assert_int_equal(counts.list, 1);
	bucket_close(bucket);
	assert_int_equal(rmdir((const char *)url.data + strlen("dir:")), 0);
	assert_int_equal(rmdir(parent), 0);
	bytes_clear(&url);
	bucket_close(NULL);
}

static void results_have_names(void **state)
{
	(void)state;
	for (int result = BUCKET_OK; result <= BUCKET_REFUSED; result++) {
		const char *name = bucket_result_text((enum bucket_result)result);

		assert_true(strlen(name) > 1);
		for (int other = BUCKET_OK; other < result; other++)
			assert_string_not_equal(
			    name, bucket_result_text((enum bucket_result)other));
	}
}

/* The waits between tries take no time here. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
/* NOLINTEND(bugprone-reserved-identifier) */

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)pause;
	(void)left;
	return 0;
}

/* Over the network what was not done is tried again, each try counted; a folder is asked once. */
static void open_tries_again(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t address_len = sizeof(address);
	int nobody = socket(AF_INET, SOCK_STREAM, 0); /* has a port, and does not listen there */
	struct bucket_counts counts = {0};
	struct bucket_get get = {.key = "a"};
	struct bytes data = {0};
	struct bucket *bucket;
	struct bucket_tag tag;
	struct call call;
	char url[64];

	(void)state;
	assert_true(nobody >= 0);
	assert_int_equal(bind(nobody, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(nobody, (struct sockaddr *)&address, &address_len), 0);
	(void)snprintf(
	    url, sizeof(url), "s3:http://127.0.0.1:%u/bucket", (unsigned)ntohs(address.sin_port));
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "id", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "secret", 1), 0);
	suite_call(&call);
	bucket = bucket_open_counted(url, &suite_clock, &counts, &call);
	if (bucket == NULL)
		fail_msg("%s", call.message);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_RETRY);
	assert_int_equal(counts.get, 5);
	bucket_close(bucket);
	assert_int_equal(close(nobody), 0);
}

/* ---- a driver that notes what it is asked ---- */

static struct asked {
	unsigned calls;
	size_t count; /* of keys, of puts, of bytes */
	struct bucket_tag tag;
} asked;

static enum bucket_result ask_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	(void)self;
	(void)call;
	(void)tag_out;
	asked.calls++;
	asked.count = put->data.len;
	asked.tag = put->tag;
	return BUCKET_OK;
}

static enum bucket_result ask_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	(void)self;
	(void)call;
	(void)out;
	(void)tag_out;
	asked.calls++;
	asked.tag = get->unless;
	return BUCKET_OK;
}

static enum bucket_result ask_remove(void *self, const char *key, struct call *call)
{
	(void)self;
	(void)key;
	(void)call;
	asked.calls++;
	return BUCKET_OK;
}

static enum bucket_result ask_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	(void)self;
	(void)keys;
	(void)call;
	asked.calls++;
	asked.count = count;
	return BUCKET_OK;
}

static enum bucket_result ask_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	(void)self;
	(void)prefix;
	(void)after;
	(void)call;
	(void)out;
	asked.calls++;
	return BUCKET_OK;
}

static enum bucket_result ask_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	(void)self;
	(void)prefix;
	(void)call;
	asked.calls++;
	*removed += 3;
	return BUCKET_UNKNOWN;
}

static bool ask_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results_out)
{
	(void)puts;
	(void)calls;
	asked.calls++;
	asked.count = count;
	results_out[0] = BUCKET_CONFLICT;
	return *(bool *)self;
}

static bool ask_denied(void *self)
{
	return *(bool *)self;
}

static void ask_close(void *self)
{
	(void)self;
}

static const struct bucket_ops least_ops = {
    .put = ask_put,
    .get = ask_get,
    .remove = ask_remove,
    .remove_many = ask_remove_many,
    .list = ask_list,
    .close = ask_close,
};
static bool answer; /* of the calls that say yes or no */

static struct bucket *open_ask(bool all)
{
	static struct bucket_ops all_ops;
	struct bucket *bucket;

	all_ops = least_ops;
	all_ops.purge_hidden = ask_purge_hidden;
	all_ops.race = ask_race;
	all_ops.denied = ask_denied;
	asked = (struct asked){0};
	bucket = bucket_new(all ? &all_ops : &least_ops, &answer);
	assert_non_null(bucket);
	return bucket;
}

static enum bucket_result put_key(struct bucket *bucket, const char *text, struct call *call)
{
	struct bucket_put put = {.key = text};
	struct bucket_tag tag;

	return bucket_put(bucket, &put, call, &tag);
}

static enum bucket_result get_key(struct bucket *bucket, const char *text, struct call *call)
{
	struct bucket_get get = {.key = text};
	struct bucket_tag tag;
	struct bytes data = {0};

	return bucket_get(bucket, &get, call, &data, &tag);
}

static enum bucket_result remove_last(struct bucket *bucket, const char *text, struct call *call)
{
	const char *const keys[] = {"a", "b", text};

	return bucket_remove_many(bucket, keys, COUNT_OF(keys), call);
}

static enum bucket_result list_prefix(struct bucket *bucket, const char *text, struct call *call)
{
	struct bucket_page page = {0};

	return bucket_list(bucket, text, "", call, &page);
}

static enum bucket_result list_after(struct bucket *bucket, const char *text, struct call *call)
{
	struct bucket_page page = {0};

	return bucket_list(bucket, "", text, call, &page);
}

static enum bucket_result purge_prefix(struct bucket *bucket, const char *text, struct call *call)
{
	uint64_t removed = 0;
	enum bucket_result result = bucket_purge_hidden(bucket, text, call, &removed);

	assert_int_equal(removed, result == BUCKET_UNKNOWN ? 3 : 0);
	return result == BUCKET_UNKNOWN ? BUCKET_OK : result; /* what the driver answers */
}

/* What is no key, and no beginning of one, never comes to a driver, whatever the call. */
static void front_checks_texts(void **state)
{
	static const struct {
		enum bucket_result (*run)(
		    struct bucket *bucket, const char *text, struct call *call);
		bool whole; /* a key: not empty, no slash at its end */
	} calls[] = {{put_key, true}, {get_key, true}, {bucket_remove, true}, {remove_last, true},
	    {list_prefix, false}, {list_after, false}, {purge_prefix, false}};
	char longest[BUCKET_KEY_MAX + 1] = "", too_long[BUCKET_KEY_MAX + 2] = "";
	const struct {
		const char *text;
		bool key, part; /* is it one, is it the beginning of one? */
	} rows[] = {{"a", true, true}, {" ~", true, true}, {"a\x1f", false, false},
	    {"a\x7f", false, false}, {"a\x80", false, false}, {"", false, true},
	    {"a/", false, true}, {longest, true, true}, {too_long, false, false}};

	(void)state;
	memset(longest, 'k', BUCKET_KEY_MAX);
	memset(too_long, 'k', BUCKET_KEY_MAX + 1);
	for (size_t c = 0; c < COUNT_OF(calls); c++)
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			bool good = calls[c].whole ? rows[i].key : rows[i].part;
			struct bucket *bucket = open_ask(true);
			struct call call;

			suite_call(&call);
			if (calls[c].run(bucket, rows[i].text, &call) !=
				(good ? BUCKET_OK : BUCKET_REFUSED) ||
			    asked.calls != good || good != (call.message[0] == '\0') ||
			    (!good && strstr(call.message, "256 printable ASCII bytes") == NULL))
				fail_msg("call %zu, text %zu: %u calls: %s", c, i, asked.calls,
				    call.message);
			bucket_close(bucket);
		}
}

static void front_checks_sizes(void **state)
{
	static const char *keys[BUCKET_PAGE_MAX + 1];
	struct bucket *bucket = open_ask(true);
	struct bucket_put put = {.key = "a", .data = {(const uint8_t *)"", BUCKET_OBJECT_MAX}};
	struct bucket_tag tag;
	struct call call;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		keys[i] = "a";
	suite_call(&call);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	assert_int_equal(asked.count, BUCKET_OBJECT_MAX);
	put.data.len++;
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_REFUSED);
	assert_string_equal(
	    call.message, "an object of 6291457 bytes is over the maximum of 6291456");
	assert_int_equal(bucket_remove_many(bucket, keys, BUCKET_PAGE_MAX, &call), BUCKET_OK);
	assert_int_equal(asked.count, BUCKET_PAGE_MAX);
	assert_int_equal(
	    bucket_remove_many(bucket, keys, BUCKET_PAGE_MAX + 1, &call), BUCKET_REFUSED);
	assert_string_equal(call.message, "1001 keys in one call are over the maximum of 1000");
	assert_int_equal(bucket_remove_many(bucket, NULL, 0, &call), BUCKET_OK);
	assert_int_equal(asked.calls, 2);
	bucket_close(bucket);
}

/* What is no tag (of a damaged cache, say) is no object's: a put's condition does not hold, and for
 * a get it is none. */
static void front_checks_tags(void **state)
{
	struct bucket_tag rows[] = {{""}, {"tag"}, {""}, {""}, {"a\x7f"}}, out;
	const bool good[COUNT_OF(rows)] = {false, true, true, false, false};

	(void)state;
	memset(rows[2].text, 't', BUCKET_TAG_MAX);
	memset(rows[3].text, 't', sizeof(rows[3].text));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_ask(true);
		struct bucket_put put = {.key = "a", .cond = BUCKET_IF_TAG, .tag = rows[i]};
		struct bucket_get get = {.key = "a", .unless = rows[i]};
		struct bytes data = {0};
		struct call call;

		suite_call(&call);
		assert_int_equal(
		    bucket_put(bucket, &put, &call, &out), good[i] ? BUCKET_OK : BUCKET_CONFLICT);
		assert_int_equal(asked.calls, good[i]);
		assert_int_equal(call.message[0] == '\0', good[i]);
		put.cond = BUCKET_IF_ABSENT; /* then it is not looked at */
		assert_int_equal(bucket_put(bucket, &put, &call, &out), BUCKET_OK);
		assert_int_equal(bucket_get(bucket, &get, &call, &data, &out), BUCKET_OK);
		assert_string_equal(asked.tag.text, good[i] ? rows[i].text : "");
		bucket_close(bucket);
	}
}

/* A race is run whole or not at all. */
static void front_checks_each_of_a_race(void **state)
{
	(void)state;
	for (size_t bad = 0; bad <= BUCKET_RACE_MAX; bad++) {
		struct bucket *bucket = open_ask(true), *least;
		struct bucket_put puts[BUCKET_RACE_MAX];
		enum bucket_result results[BUCKET_RACE_MAX] = {BUCKET_OK};
		struct call calls[BUCKET_RACE_MAX];

		for (size_t i = 0; i < BUCKET_RACE_MAX; i++) {
			puts[i] = (struct bucket_put){.key = i == bad ? "a/" : "a"};
			suite_call(&calls[i]);
		}
		answer = true;
		assert_int_equal(bucket_race(bucket, puts, BUCKET_RACE_MAX, calls, results),
		    bad == BUCKET_RACE_MAX);
		assert_int_equal(asked.calls, bad == BUCKET_RACE_MAX);
		assert_int_equal(asked.count, bad == BUCKET_RACE_MAX ? BUCKET_RACE_MAX : 0);
		assert_int_equal(results[0], bad == BUCKET_RACE_MAX ? BUCKET_CONFLICT : BUCKET_OK);
		if (bad < BUCKET_RACE_MAX)
			assert_true(calls[bad].message[0] != '\0');
		answer = false;
		assert_false(bucket_race(bucket, puts, BUCKET_RACE_MAX, calls, results));
		bucket_close(bucket);
		least = open_ask(false);
		assert_false(bucket_race(least, puts, BUCKET_RACE_MAX, calls, results));
		bucket_close(least);
	}
}

static void what_a_driver_may_leave_out(void **state)
{
	struct bucket *bucket = open_ask(true);
	uint64_t removed = 42;
	struct call call;

	(void)state;
	suite_call(&call);
	for (int yes = 0; yes < 2; yes++) {
		answer = yes;
		assert_int_equal(bucket_denied(bucket), yes);
	}
	bucket_close(bucket);
	bucket = open_ask(false);
	assert_false(bucket_denied(bucket));
	assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_OK);
	assert_int_equal(bucket_purge_hidden(bucket, "\n", &call, &removed), BUCKET_REFUSED);
	assert_int_equal(removed, 42);
	assert_int_equal(asked.calls, 0);
	bucket_close(bucket);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(open_refuses),
    cmocka_unit_test(open_makes_the_folder),
    cmocka_unit_test(open_tries_again),
    cmocka_unit_test(results_have_names),
    cmocka_unit_test(front_checks_texts),
    cmocka_unit_test(front_checks_sizes),
    cmocka_unit_test(front_checks_tags),
    cmocka_unit_test(front_checks_each_of_a_race),
    cmocka_unit_test(what_a_driver_may_leave_out),
};

TEST_MAIN(tests)
