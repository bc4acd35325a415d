/*
 * tests/gateway/bucket/s3_list_test.c: pages of keys, from stores that list in the order of bytes,
 * in an order of their own, without end, or what is none of ours.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_list.h"
#include "tests/gateway/bucket/fake_store.h"

#define ASKS "GET ?list-type=2&max-keys=1000&prefix=pre/"
#define NEXT(token) "GET ?continuation-token=" token "&list-type=2&max-keys=1000&prefix=pre/"
#define KEY(key) "<Contents><Key>" key "</Key><Size>7</Size></Contents>"
#define PAGE(keys) "<ListBucketResult>" keys "</ListBucketResult>"
#define PART(keys, token) \
	PAGE(keys "<IsTruncated>true</IsTruncated><NextContinuationToken>" token \
		  "</NextContinuationToken>")
#define AB_8 "abababab"
#define AB_64 AB_8 AB_8 AB_8 AB_8 AB_8 AB_8 AB_8 AB_8
#define AB_256 AB_64 AB_64 AB_64 AB_64

static const struct fake_answer empty = {.request = ASKS, .status = 200, .body = PAGE("")};

/* The page as text: its keys, each with a blank after it, and "+" if there is more. */
static enum bucket_result list_text(
    struct s3 *s3, const char *prefix, const char *after, struct call *call, char *out, size_t size)
{
	struct bucket_page page = {.count = 42};
	enum bucket_result result;
	size_t len = 0;

	call_init(call, INT64_MAX);
	result = s3_list(s3, prefix, after, call, &page);
	out[0] = '\0';
	if (result != BUCKET_OK) {
		assert_int_equal(page.count, 42);
		return result;
	}
	for (size_t i = 0; i < page.count; i++) {
		assert_int_equal(page.items[i].size, 7);
		len += (size_t)snprintf(out + len, size - len, "%s ", page.items[i].key);
		assert_true(len < size);
	}
	if (page.more)
		(void)snprintf(out + len, size - len, "+");
	free(page.items);
	return result;
}

/* A little before what it is to follow, for stores that take it for a folder. */
static void where_a_listing_begins(void **state)
{
	static char long_after[BUCKET_KEY_MAX + 1], long_prefix[S3_PREFIX_MAX + 1];
	static const struct {
		const char *store, *prefix, *after, *request;
	} rows[] = {
	    {"pre/", "", "", ASKS},
	    {"pre/", "a/", "", ASKS "a/"},
	    {"pre/", "", "ab", ASKS "&start-after=pre/aa~"},
	    {"pre/", "a/", "a/b", ASKS "a/&start-after=pre/a/a~"},
	    {"pre/", "", "a/", ASKS "&start-after=pre/`~"},
	    {"pre/", "", "a!", ASKS "&start-after=pre/a ~"},
	    {"pre/", "", "a ", ASKS "&start-after=pre/a "}, /* nothing is before a blank */
	    {"pre/", "", "/", ASKS "&start-after=pre.~"},
	    {"", "", "a", "GET ?list-type=2&max-keys=1000&start-after=`~"},
	    {"", "", "/", "GET ?list-type=2&max-keys=1000&start-after=/"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fake_answer answer = empty;
		struct call call;

		answer.request = rows[i].request;
		fake_script(&answer, 1);
		if (list_text(fake_store(rows[i].store), rows[i].prefix, rows[i].after, &call, text,
			sizeof(text)) != BUCKET_OK)
			fail_msg("%s", call.message);
		assert_string_equal(text, "");
		fake_end(rows[i].after);
	}
	memset(long_after, 'b', BUCKET_KEY_MAX);
	memset(long_prefix, 'p', S3_PREFIX_MAX - 1);
	long_prefix[S3_PREFIX_MAX - 1] = '/';
	for (size_t cut = 0; cut < 3; cut++) { /* a key as long as S3 has them is not lengthened */
		const char *prefix = cut == 0 ? "pre/" : long_prefix + cut - 1;
		char expected[2 * S3_KEY_MAX + S3_PREFIX_MAX];
		struct fake_answer answer = empty;
		struct call call;

		(void)snprintf(expected, sizeof(expected),
		    "GET ?list-type=2&max-keys=1000&prefix=%s&start-after=%s%.*s%s", prefix, prefix,
		    (int)BUCKET_KEY_MAX - 1, long_after, cut == 1 ? "b" : "a~");
		answer.request = expected;
		fake_script(&answer, 1);
		assert_int_equal(
		    list_text(fake_store(prefix), "", long_after, &call, text, sizeof(text)),
		    BUCKET_OK);
		fake_end("a long one");
	}
	assert_int_equal(fake_answer_max, S3_DOCUMENT_MAX);
}

/* Only what a put of ours could have made, below the prefix, and after what was listed before. */
static void what_is_listed(void **state)
{
	static const struct {
		const char *key, *prefix, *after, *text;
	} rows[] = {
	    {"pre/a", "", "", "a "},
	    {"pre/a/b.c", "", "", "a/b.c "},
	    {"pre/~ ", "", "", "~  "},
	    {"pre/" AB_256, "", "", AB_256 " "},
	    {"pre/" AB_256 "a", "", "", ""},
	    {"pre/", "", "", ""},
	    {"pre/.a", "", "", ""},
	    {"pre/a/.b", "", "", ""},
	    {"pre//a", "", "", ""},
	    {"pre/a//b", "", "", ""},
	    {"pre/a/", "", "", ""},
	    {"pre/a&#127;", "", "", ""},
	    {"pre/a&#9;", "", "", ""},
	    {"pre/\xc3\xa9", "", "", ""},
	    {"qre/a", "", "", ""},
	    {"pr", "", "", ""},
	    {"pre/b", "a", "", ""},
	    {"pre/ab", "a", "", "ab "},
	    {"pre/a", "", "a", ""},
	    {"pre/b", "", "a", "b "},
	    {"pre/a", "", "b", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char body[512], text[512];
		struct fake_answer answer = {.status = 200, .body = body};
		char request[512];
		struct call call;

		(void)snprintf(body, sizeof(body), PAGE(KEY("%s")), rows[i].key);
		(void)snprintf(request, sizeof(request), ASKS "%s%s", rows[i].prefix,
		    rows[i].after[0] == '\0'          ? ""
		    : strcmp(rows[i].after, "a") == 0 ? "&start-after=pre/`~"
						      : "&start-after=pre/a~");
		answer.request = request;
		fake_script(&answer, 1);
		if (list_text(fake_store("pre/"), rows[i].prefix, rows[i].after, &call, text,
			sizeof(text)) != BUCKET_OK ||
		    strcmp(text, rows[i].text) != 0)
			fail_msg("%s: %s (%s)", rows[i].key, text, call.message);
	}
}

static void a_page_follows_another(void **state)
{
	static const struct {
		const char *name;
		struct fake_answer answers[3];
		size_t count;
		const char *text;
	} rows[] = {
	    {"all", {{.request = ASKS, .status = 200, .body = PAGE(KEY("pre/a") KEY("pre/b"))}}, 1,
		"a b "},
	    {"more", {{.request = ASKS, .status = 200, .body = PART(KEY("pre/a"), "t1")}}, 1,
		"a +"},
	    {"more, it says, and not where",
		{{.request = ASKS,
		    .status = 200,
		    .body = PAGE(KEY("pre/a") "<IsTruncated>true</IsTruncated>")}},
		1, "a "},
	    {"where, and not that there is more",
		{{.request = ASKS,
		    .status = 200,
		    .body = PAGE(KEY("pre/a") "<NextContinuationToken>t</NextContinuationToken>")}},
		1, "a "},
	    {"others' keys first",
		{{.request = ASKS, .status = 200, .body = PART(KEY("pre/.x"), "t1")},
		    {.request = NEXT("t1"), .status = 200, .body = PART("", "t2")},
		    {.request = NEXT("t2"), .status = 200, .body = PAGE(KEY("pre/a"))}},
		3, "a "},
	    {"others' keys alone",
		{{.request = ASKS, .status = 200, .body = PART(KEY("pre/.x"), "t1")},
		    {.request = NEXT("t1"), .status = 200, .body = PAGE("")}},
		2, ""},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		fake_script(rows[i].answers, rows[i].count);
		if (list_text(fake_store("pre/"), "", "", &call, text, sizeof(text)) != BUCKET_OK)
			fail_msg("%s: %s", rows[i].name, call.message);
		fake_end(rows[i].name);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("%s: %s", rows[i].name, text);
	}
}

/* The whole listing or none: whatever page it happens at. */
static void a_failure_is_the_listings(void **state)
{
	static const struct {
		struct fake_answer answer; /* to the second page */
		enum bucket_result expected;
		const char *says;
	} rows[] = {
	    {{.status = 0, .sent = BUCKET_RETRY}, BUCKET_RETRY, "LIST: no answer"},
	    {{.status = 503, .code = "SlowDown"}, BUCKET_RETRY,
		"LIST: the store answered 503 SlowDown"},
	    {{.status = 404, .code = "NoSuchBucket"}, BUCKET_REFUSED, "there is no such bucket"},
	    {{.status = 200, .body = "<html/>"}, BUCKET_RETRY,
		"LIST: the store's answer cannot be read"},
	    {{.status = 204, .body = PAGE("")}, BUCKET_REFUSED, "LIST: the store answered 204"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fake_answer answers[2] = {
		    {.request = ASKS, .status = 200, .body = PART("", "t1")}, rows[i].answer};
		struct call call;

		answers[1].request = NEXT("t1");
		fake_script(answers, 2);
		assert_int_equal(list_text(fake_store("pre/"), "", "", &call, text, sizeof(text)),
		    rows[i].expected);
		fake_end(rows[i].says);
		if (strstr(call.message, rows[i].says) == NULL)
			fail_msg("%s", call.message);
	}
}

/* ---- stores with an order of their own ---- */

/* It is found out by the first page, and then remembered: that store is read to its end. */
static void a_store_in_disorder_is_read_to_its_end(void **state)
{
	static const char *const firsts[] = {
	    PART(KEY("pre/c") KEY("pre/b"), "t1"), /* folder by folder, say */
	    PART(KEY("pre/b") KEY("pre/b"), "t1"), /* a name twice */
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(firsts); i++) {
		const struct fake_answer answers[] = {
		    {.request = ASKS "&start-after=pre/`~", .status = 200, .body = firsts[i]},
		    {.request = ASKS, .status = 200, .body = PART(KEY("pre/d") KEY("pre/b"), "t2")},
		    {.request = NEXT("t2"), .status = 200, .body = PART(KEY("pre/.x"), "t3")},
		    {.request = NEXT("t3"), .status = 200, .body = PAGE(KEY("pre/a") KEY("pre/c"))},
		    /* the next time: */
		    {.request = ASKS, .status = 200, .body = PAGE(KEY("pre/c") KEY("pre/e"))},
		};
		struct s3 *s3 = fake_store("pre/");
		struct call call;

		fake_script(answers, COUNT_OF(answers));
		assert_int_equal(list_text(s3, "", "a", &call, text, sizeof(text)), BUCKET_OK);
		assert_string_equal(text, "b c d ");
		assert_int_equal(list_text(s3, "", "c", &call, text, sizeof(text)), BUCKET_OK);
		assert_string_equal(text, "e ");
		fake_end("in disorder");
	}
}

/* Of others' keys, too: they stand in the same order. */
static void disorder_of_others_is_disorder(void **state)
{
	static const struct fake_answer answers[] = {
	    {.request = ASKS, .status = 200, .body = PART(KEY("pre/.b") KEY("pre/.a"), "t1")},
	    {.request = ASKS, .status = 200, .body = PAGE(KEY("pre/b") KEY("pre/a"))},
	};
	struct s3 *s3 = fake_store("pre/");
	struct call call;
	char text[64];

	(void)state;
	fake_script(answers, COUNT_OF(answers));
	assert_int_equal(list_text(s3, "", "", &call, text, sizeof(text)), BUCKET_OK);
	assert_string_equal(text, "a b ");
	fake_end("others");
}

/* Pages of keys that go down, each a hundred: numbered, the last page the least. */
static struct {
	unsigned pages, keys;
	unsigned asked; /* pages */
	bool foreign;   /* none of them is ours */
	char body[64 * 1024];
} down;

static void serve_down(const char *request, struct fake_answer *answer_out)
{
	const char *token = strstr(request, "continuation-token=");
	unsigned page = token == NULL ? 0 : (unsigned)strtoul(token + 19, NULL, 10);
	size_t len = 0;

	down.asked++;
	len += (size_t)snprintf(down.body, sizeof(down.body), "<ListBucketResult>");
	for (unsigned i = 0; i < down.keys; i++)
		len += (size_t)snprintf(down.body + len, sizeof(down.body) - len, KEY("pre/%s%08u"),
		    down.foreign ? "." : "",
		    down.foreign ? page * down.keys + i : (down.pages - page) * down.keys - i);
	if (page + 1 < down.pages)
		len += (size_t)snprintf(down.body + len, sizeof(down.body) - len,
		    "<IsTruncated>true</IsTruncated><NextContinuationToken>%u"
		    "</NextContinuationToken>",
		    page + 1);
	(void)snprintf(down.body + len, sizeof(down.body) - len, "</ListBucketResult>");
	answer_out->body = down.body;
}

static void serve(unsigned pages, unsigned keys, bool foreign)
{
	down.pages = pages;
	down.keys = keys;
	down.foreign = foreign;
	down.asked = 0;
	fake_script(NULL, 0);
	fake_serves = serve_down;
}

/* The least 1,000 of however many are the page; what follows is after them. */
static void the_least_are_the_page(void **state)
{
	static const struct {
		unsigned pages, count;
		bool more;
	} rows[] = {{9, 900, false}, {10, 1000, false}, {11, 1000, true}, {35, 1000, true}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3 *s3 = fake_store("pre/");
		struct bucket_page page = {0};
		char key[16];
		struct call call;

		serve(rows[i].pages, 100, false);
		call_init(&call, INT64_MAX);
		assert_int_equal(s3_list(s3, "", "", &call, &page), BUCKET_OK);
		assert_int_equal(down.asked, 1 + rows[i].pages);
		assert_int_equal(page.count, rows[i].count);
		assert_int_equal(page.more, rows[i].more);
		for (unsigned k = 0; k < page.count; k++) {
			(void)snprintf(key, sizeof(key), "%08u", k + 1);
			assert_string_equal(page.items[k].key, key);
		}
		free(page.items);
		assert_int_equal(s3_list(s3, "", "00000500", &call, &page), BUCKET_OK);
		assert_string_equal(page.items[0].key, "00000501");
		assert_int_equal(page.more, rows[i].pages * 100 > 1500);
		free(page.items);
	}
}

/* Ten million keys are read; a store that has more than that, or only pretends to, is refused. */
static void there_is_an_end_to_reading(void **state)
{
	static const struct {
		unsigned pages;
		bool foreign;
		enum bucket_result expected;
		const char *says;
	} rows[] = {
	    {10000, false, BUCKET_OK, ""},
	    {10001, false, BUCKET_REFUSED, "LIST: more keys than can be put into order"},
	    {10000, true, BUCKET_OK, ""},
	    {10001, true, BUCKET_REFUSED, "LIST: page after page without a key"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3 *s3 = fake_store("pre/");
		struct bucket_page page = {.count = 42};
		struct call call;

		atomic_store(&s3->unordered, !rows[i].foreign);
		serve(rows[i].pages, 1, rows[i].foreign);
		call_init(&call, INT64_MAX);
		assert_int_equal(s3_list(s3, "", "", &call, &page), rows[i].expected);
		assert_int_equal(down.asked, 10000);
		assert_string_equal(call.message, rows[i].says);
		if (rows[i].expected != BUCKET_OK)
			continue;
		assert_int_equal(page.count, rows[i].foreign ? 0 : 1000);
		assert_int_equal(page.more, !rows[i].foreign);
		free(page.items);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(where_a_listing_begins),
    cmocka_unit_test(what_is_listed),
    cmocka_unit_test(a_page_follows_another),
    cmocka_unit_test(a_failure_is_the_listings),
    cmocka_unit_test(a_store_in_disorder_is_read_to_its_end),
    cmocka_unit_test(disorder_of_others_is_disorder),
    cmocka_unit_test(the_least_are_the_page),
    cmocka_unit_test(there_is_an_end_to_reading),
};

TEST_MAIN(tests)
