/*
 * tests/cli/remote/remote_direct_test.c: the way straight into a bucket, above account code that is
 * the test's own: what is handed down to it, what its results mean to the caller, what is kept and
 * what is let go. remote_test.c is the same over the real one.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/remote/remote_open.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket_open.h"

static const struct account_id account = {{0xa5, 3}};
static const struct blob_name blob_name = {.count = 17};
static struct bucket *const bucket = (struct bucket *)&account; /* nobody looks into it */

static int64_t now(void *self)
{
	(void)self;
	return 4000;
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 0x42, len);
}
static const struct clock clock_here = {.wall_ms = now, .monotonic_ms = now};
static const struct random random_here = {.fill = fill};

static struct {
	char log[256]; /* what was called, in order */
	enum account_result result, relist_result;
	enum sync_status status; /* of an exchange that is OK */
	bool wrong;              /* what was handed down */
	struct call *call;
	const struct account_cache *last; /* that a call came with */
	bool no_bucket, no_save;
	unsigned alloc_failing, allocs; /* from 1; 0: none */
} seen;

static void note(const char *what)
{
	size_t len = strlen(seen.log);

	(void)snprintf(seen.log + len, sizeof(seen.log) - len, "%s ", what);
}

/* ---- the account code ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct bucket *__wrap_bucket_open_counted(
    const char *url, const struct clock *clock, struct bucket_counts *counts, struct call *opening);
void __wrap_bucket_close(struct bucket *closed);
bool __wrap_account_cache_save(const struct account_cache *cache, struct bytes *out);
void __wrap_account_cache_load(struct account_cache *cache, struct view saved);
void __wrap_account_cache_clear(struct account_cache *cache);
void __wrap_account_cache_see(struct account_cache *cache, const struct blob_name *name);
enum account_result __wrap_account_create(const struct account_env *env,
    struct account_cache *cache, struct view create, struct call *call);
enum account_result __wrap_account_sync(const struct account_env *env, struct account_cache *cache,
    const struct sync_request *request, struct call *call, struct sync_answer *answer);
enum account_result __wrap_account_blob_put(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, const struct blob_name *name,
    struct view blob, struct call *call);
enum account_result __wrap_account_blob_get(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, const struct blob_name *name,
    struct call *call, struct bytes *out);
enum account_result __wrap_account_roster(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, struct call *call, struct bytes *out);
enum account_result __wrap_account_compact(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, struct call *call,
    size_t *compacted_out);
enum account_result __wrap_account_wipe(const struct account_env *env, struct account_cache *cache,
    const struct account_id *of, struct view wipe, struct call *call,
    struct wipe_report *report_out);
enum account_result __wrap_account_relist(const struct account_env *env,
    const struct account_id *of, struct call *call, struct wipe_report *report_out);
enum account_result __wrap_account_wipe_record(const struct account_env *env,
    const struct account_id *of, struct call *call, struct bytes *out);
void *__real_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len);

struct bucket *__wrap_bucket_open_counted(
    const char *url, const struct clock *clock, struct bucket_counts *counts, struct call *opening)
{
	*counts = (struct bucket_counts){1, 2, 3, 4, 5, 6};
	seen.wrong |= strcmp(url, "dir:/a/bucket") != 0 || clock->monotonic_ms != now;
	note("open");
	if (seen.no_bucket)
		call_sayf(opening, "no such bucket");
	return seen.no_bucket ? NULL : bucket;
}

void __wrap_bucket_close(struct bucket *closed)
{
	seen.wrong |= closed != bucket;
	note("close");
}

bool __wrap_account_cache_save(const struct account_cache *cache, struct bytes *out)
{
	note("save");
	seen.last = cache;
	return !seen.no_save && bytes_copy(view_text("what is known"), out);
}

void __wrap_account_cache_load(struct account_cache *cache, struct view saved)
{
	note(view_equal(saved, view_text("what is known")) ? "load" : "load something else");
	seen.last = cache;
}

void __wrap_account_cache_clear(struct account_cache *cache)
{
	seen.last = cache;
	note("clear");
}

void __wrap_account_cache_see(struct account_cache *cache, const struct blob_name *name)
{
	seen.last = cache;
	seen.wrong |= name != &blob_name;
	note("see");
}

/* What each call of the account code has in common. */
static enum account_result called(const char *name, const struct account_env *env,
    const struct account_cache *cache, const struct account_id *of, struct call *call)
{
	uint8_t byte = 0;

	note(name);
	seen.last = cache;
	random_fill(env->random, &byte, 1);
	seen.wrong |= env->bucket != bucket || clock_monotonic_ms(env->clock) != 4000 ||
		      byte != 0x42 || env->prefix[0] != '\0' || env->gateway[0] != '\0' ||
		      call != seen.call || (of != NULL && !account_equal(of, &account));
	if (seen.result != ACCOUNT_OK)
		call_sayf(call, "why");
	return seen.result;
}

enum account_result __wrap_account_create(const struct account_env *env,
    struct account_cache *cache, struct view create, struct call *call)
{
	seen.wrong |= !view_equal(create, view_text("create"));
	return called("create", env, cache, NULL, call);
}

enum account_result __wrap_account_sync(const struct account_env *env, struct account_cache *cache,
    const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	enum account_result result = called("sync", env, cache, &account, call);

	seen.wrong |= request->cursor.seq != 7;
	if (result == ACCOUNT_OK)
		*answer = (struct sync_answer){.status = seen.status, .head.seq = 9};
	return result;
}

enum account_result __wrap_account_blob_put(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, const struct blob_name *name,
    struct view blob, struct call *call)
{
	seen.wrong |= name != &blob_name || !view_equal(blob, view_text("blob"));
	return called("put", env, cache, of, call);
}

/* Gives bytes where it succeeds. */
static enum account_result given(enum account_result result, const char *text, struct bytes *out)
{
	if (result == ACCOUNT_OK)
		assert_true(bytes_copy(view_text(text), out));
	return result;
}

enum account_result __wrap_account_blob_get(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, const struct blob_name *name,
    struct call *call, struct bytes *out)
{
	seen.wrong |= name != &blob_name;
	return given(called("get", env, cache, of, call), "a blob", out);
}

enum account_result __wrap_account_roster(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, struct call *call, struct bytes *out)
{
	return given(called("roster", env, cache, of, call), "a roster", out);
}

enum account_result __wrap_account_compact(const struct account_env *env,
    struct account_cache *cache, const struct account_id *of, struct call *call,
    size_t *compacted_out)
{
	*compacted_out = 3;
	return called("fold", env, cache, of, call);
}

/* As if the call before had removed some, too. */
enum account_result __wrap_account_wipe(const struct account_env *env, struct account_cache *cache,
    const struct account_id *of, struct view wipe, struct call *call,
    struct wipe_report *report_out)
{
	seen.wrong |= !view_equal(wipe, view_text("wipe"));
	cache->wiping.objects = 12;
	cache->wiping.bytes = 3456;
	*report_out = (struct wipe_report){5, 6, 789};
	return called("wipe", env, cache, of, call);
}

enum account_result __wrap_account_relist(const struct account_env *env,
    const struct account_id *of, struct call *call, struct wipe_report *report_out)
{
	enum account_result result = seen.result;

	*report_out = (struct wipe_report){0};
	seen.result = seen.relist_result;
	(void)called("relist", env, seen.last, of, call);
	seen.result = result;
	return seen.relist_result;
}

enum account_result __wrap_account_wipe_record(const struct account_env *env,
    const struct account_id *of, struct call *call, struct bytes *out)
{
	return given(called("record", env, seen.last, of, call), "a record", out);
}

/* Nobody asks for nothing, and writes to it. */
void *__wrap_calloc(size_t count, size_t len)
{
	seen.wrong |= count == 0 || len == 0;
	return ++seen.allocs == seen.alloc_failing ? NULL : __real_calloc(count, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- the caller ---- */

static const struct remote_access no_access;
static struct call call;

/* known: what is known of an earlier run; "": nothing. */
static struct remote *open_again(const char *known)
{
	return remote_open(
	    "dir:/a/bucket", &clock_here, &random_here, view_text(known), &no_access, &call);
}

static struct remote *open_with(const char *known)
{
	memset(&seen, 0, sizeof(seen));
	call_init(&call, 50);
	seen.call = &call;
	return open_again(known);
}

static struct remote *open_here(void)
{
	struct remote *remote = open_with("");

	assert_non_null(remote);
	seen.log[0] = '\0';
	return remote;
}

static void close_here(struct remote *remote)
{
	remote_close(remote);
	assert_false(seen.wrong);
}

struct outputs {
	struct bytes bytes;
	struct sync_answer answer;
	struct remote_receipt receipt;
};

static enum remote_result run(const struct remote *remote, unsigned which, struct outputs *out)
{
	const struct remote_ops *ops = remote->ops;
	const struct sync_request request = {.account = account, .cursor.seq = 7};

	switch (which) {
	case 0: return ops->create(remote->self, &account, view_text("create"), &call);
	case 1: return ops->sync(remote->self, &request, &call, &out->answer);
	case 2: return ops->blob_get(remote->self, &account, &blob_name, &call, &out->bytes);
	case 3: return ops->blob_put(remote->self, &account, &blob_name, view_text("blob"), &call);
	case 4: return ops->roster(remote->self, &account, &call, &out->bytes);
	case 5: return ops->wipe(remote->self, &account, view_text("wipe"), &call, &out->receipt);
	case 6: return ops->wipe_record(remote->self, &account, &call, &out->bytes);
	default: return ops->tidy(remote->self, &account, &call);
	}
}

static void each_call_is_handed_down_and_its_result_back(void **state)
{
	static const enum remote_result results[] = {[ACCOUNT_OK] = REMOTE_OK,
	    [ACCOUNT_ABSENT] = REMOTE_ABSENT,
	    [ACCOUNT_GONE] = REMOTE_GONE,
	    [ACCOUNT_REFUSED] = REMOTE_REFUSED,
	    [ACCOUNT_RETRY] = REMOTE_LATER,
	    [ACCOUNT_DAMAGED] = REMOTE_DAMAGED,
	    [ACCOUNT_FAILED] = REMOTE_FAILED};
	static const struct {
		const char *called, *gives;
	} calls[] = {{"create ", NULL}, {"sync ", NULL}, {"get ", "a blob"}, {"put ", NULL},
	    {"roster ", "a roster"}, {"wipe ", NULL}, {"record ", "a record"}, {"fold ", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(results); i++)
		for (unsigned which = 0; which < COUNT_OF(calls); which++) {
			struct remote *remote = open_here();
			struct outputs out, before;
			bool removed;

			memset(&out, 0, sizeof(out));
			memset(&before, 0, sizeof(before));
			seen.result = (enum account_result)i;
			removed = seen.result == ACCOUNT_OK || seen.result == ACCOUNT_RETRY;
			assert_int_equal(run(remote, which, &out), results[i]);
			assert_string_equal(seen.log, calls[which].called);
			assert_string_equal(call.message, i == ACCOUNT_OK ? "" : "why");
			if (i == ACCOUNT_OK && calls[which].gives != NULL)
				assert_string_equal((char *)out.bytes.data, calls[which].gives);
			else if (i == ACCOUNT_OK && which == 1)
				assert_int_equal(out.answer.head.seq, 9);
			else if (!(removed && which == 5))
				assert_memory_equal(&out, &before, sizeof(out));
			bytes_clear(&out.bytes);
			close_here(remote);
		}
}

/* Of all calls, also where it is not over: so much is gone. */
static void a_wipe_counts_what_its_calls_removed(void **state)
{
	static const enum account_result results[] = {ACCOUNT_OK, ACCOUNT_RETRY};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		struct remote *remote = open_here();
		struct outputs out;

		memset(&out, 0, sizeof(out));
		seen.result = results[i];
		(void)run(remote, 5, &out);
		assert_int_equal(out.receipt.objects_removed, 12);
		assert_int_equal(out.receipt.bytes_removed, 3456);
		assert_int_equal(out.receipt.empty_at_ms, 789);
		assert_null(out.receipt.encoded.data); /* who signs is the caller */
		close_here(remote);
	}
}

/* Nobody is told "gone" before a listing was empty; what an exchange says else is not touched. */
static void gone_is_told_only_once_nothing_is_left(void **state)
{
	static const struct {
		enum account_result relist;
		enum remote_result result;
	} rows[] = {
	    {ACCOUNT_OK, REMOTE_OK},
	    {ACCOUNT_ABSENT, REMOTE_OK}, /* no record that holds: nothing may be removed */
	    {ACCOUNT_RETRY, REMOTE_LATER},
	    {ACCOUNT_FAILED, REMOTE_FAILED},
	    {ACCOUNT_DAMAGED, REMOTE_DAMAGED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct remote *remote = open_here();
		bool told = rows[i].result == REMOTE_OK;
		struct outputs out;

		memset(&out, 0, sizeof(out));
		seen.status = SYNC_GONE;
		seen.relist_result = rows[i].relist;
		assert_int_equal(run(remote, 1, &out), rows[i].result);
		assert_string_equal(seen.log, "sync relist ");
		assert_int_equal(out.answer.head.seq, told ? 9 : 0);
		assert_string_equal(call.message,
		    told ? (rows[i].relist == ACCOUNT_OK ? "" : "why")
			 : "the account was wiped, but what is left of it in the bucket can't be "
			   "removed yet: why");
		close_here(remote);
	}
}

static void an_answer_that_was_not_given_is_not_looked_at(void **state)
{
	struct remote *remote = open_here();
	struct outputs out;

	(void)state;
	memset(&out, 0, sizeof(out));
	out.answer.status = SYNC_GONE;
	seen.result = ACCOUNT_RETRY;
	assert_int_equal(run(remote, 1, &out), REMOTE_LATER);
	assert_string_equal(seen.log, "sync ");
	assert_int_equal(out.answer.status, SYNC_GONE);
	seen.result = ACCOUNT_OK;
	seen.status = SYNC_REVOKED;
	assert_int_equal(run(remote, 1, &out), REMOTE_OK);
	assert_string_equal(seen.log, "sync sync ");
	close_here(remote);
}

static void a_bucket_is_no_gateway(void **state)
{
	struct remote *remote = open_here();
	struct remote_info info;
	struct remote_info none;

	(void)state;
	memset(&info, 0xff, sizeof(info));
	memset(&none, 0, sizeof(none));
	info.gateway = info.answers = true;
	assert_int_equal(remote->ops->info(remote->self, &call, &info), REMOTE_OK);
	assert_false(info.gateway || info.answers);
	assert_string_equal(info.name, "");
	assert_memory_equal(info.receipt_key, none.receipt_key, sizeof(none.receipt_key));
	close_here(remote);
}

static void what_is_known_goes_from_run_to_run(void **state)
{
	struct remote *remote = open_with("what is known");
	struct bytes known = {0};
	struct remote_counts counts;

	(void)state;
	assert_non_null(remote);
	remote_counted(remote, &counts);
	assert_int_equal(counts.get, 1);
	assert_int_equal(counts.put, 2);
	assert_int_equal(counts.list, 3);
	assert_int_equal(counts.remove, 4);
	assert_int_equal(counts.bytes_up, 5);
	assert_int_equal(counts.bytes_down, 6);
	assert_string_equal(seen.log, "open load ");
	assert_true(remote_known(remote, &known));
	assert_string_equal((const char *)known.data, "what is known");
	bytes_clear(&known);
	seen.no_save = true;
	assert_false(remote_known(remote, &known));
	close_here(remote);
	assert_string_equal(seen.log, "open load save save clear close ");

	remote = open_with("");
	close_here(remote);
	assert_string_equal(seen.log, "open clear close ");
}

/* A twin shares the bucket, knows what is known here, and what it learns goes with it. */
static void a_twin_has_a_cache_of_its_own(void **state)
{
	struct remote *remote = open_with("what is known");
	const struct account_cache *cache = seen.last;
	struct remote *twin = NULL;
	struct outputs out;

	(void)state;
	assert_non_null(remote);
	memset(&out, 0, sizeof(out));
	seen.log[0] = '\0';
	twin = remote->ops->twin(remote->self);
	assert_non_null(twin);
	assert_string_equal(seen.log, "save load ");
	assert_ptr_not_equal(seen.last, cache);
	for (unsigned which = 2; which <= 3; which++)
		assert_int_equal(run(twin, which, &out), REMOTE_OK);
	assert_ptr_not_equal(seen.last, cache);
	bytes_clear(&out.bytes);
	remote->ops->twin_put(remote->self, &blob_name);
	assert_ptr_equal(seen.last, cache);
	assert_string_equal(seen.log, "save load get put see ");
	seen.log[0] = '\0';
	remote_close(twin);
	assert_string_equal(seen.log, "clear ");

	seen.no_save = true; /* then it begins with nothing */
	twin = remote->ops->twin(remote->self);
	assert_string_equal(seen.log, "clear save ");
	remote_close(twin);
	seen.no_save = false;
	close_here(remote);
}

static void a_bucket_that_does_not_open(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.no_bucket = true;
	call_init(&call, 50);
	assert_null(open_again("what is known"));
	assert_string_equal(call.message, "no such bucket");
	assert_string_equal(seen.log, "open ");
	assert_false(seen.wrong);
}

static void memory_that_fails(void **state)
{
	struct remote *remote;

	(void)state;
	for (unsigned failing = 1; failing <= 2; failing++) {
		memset(&seen, 0, sizeof(seen));
		call_init(&call, 50);
		seen.alloc_failing = failing;
		assert_null(open_again("what is known"));
		assert_string_equal(call.message, "no memory");
		assert_string_equal(seen.log, "");
		assert_int_equal(seen.allocs, 2);
	}
	remote = open_here();
	for (unsigned failing = 1; failing <= 2; failing++) {
		seen.allocs = 0;
		seen.alloc_failing = failing;
		assert_null(remote->ops->twin(remote->self));
		assert_string_equal(seen.log, "");
	}
	close_here(remote);
	assert_string_equal(seen.log, "clear close ");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_call_is_handed_down_and_its_result_back),
    cmocka_unit_test(a_wipe_counts_what_its_calls_removed),
    cmocka_unit_test(gone_is_told_only_once_nothing_is_left),
    cmocka_unit_test(an_answer_that_was_not_given_is_not_looked_at),
    cmocka_unit_test(a_bucket_is_no_gateway),
    cmocka_unit_test(what_is_known_goes_from_run_to_run),
    cmocka_unit_test(a_twin_has_a_cache_of_its_own),
    cmocka_unit_test(a_bucket_that_does_not_open),
    cmocka_unit_test(memory_that_fails),
};

TEST_MAIN(tests)
