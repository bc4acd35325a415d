/*
 * tests/gateway/http/http_keep_test.c: what a device, an account and a stranger may take; what the
 * keeper is told; and an account's cache lent between requests.
 */
#include "gateway/http/http.h"
#include "gateway/http/limits.h"
#include "tests/gateway/http/http_fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNSIGNED MEMBERS_COUNT

/* Stands in for the upkeep. */
static struct {
	atomic_bool is_full, spare_too; /* what is full */
	_Atomic uint64_t asked, reserved, wrote_calls, wrote_bytes, wiped;
	atomic_bool asked_spare;
} keeper;

static enum account_result reserve(
    void *self, const struct account_id *account, uint64_t bytes, bool spare, struct call *call)
{
	struct site *site = self;

	assert_true(account_equal(account, &site->pair->fixture.account));
	atomic_store(&keeper.asked, bytes);
	atomic_store(&keeper.asked_spare, spare);
	if (!atomic_load(&keeper.is_full) || (spare && !atomic_load(&keeper.spare_too))) {
		atomic_fetch_add(&keeper.reserved, bytes);
		return ACCOUNT_OK;
	}
	call_sayf(call, "the account is full, the keeper says");
	return ACCOUNT_REFUSED;
}

static void settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed)
{
	struct site *site = self;

	assert_true(account_equal(account, &site->pair->fixture.account));
	atomic_fetch_add(&keeper.wrote_calls, committed || put > 0);
	atomic_fetch_add(&keeper.wrote_bytes, put);
	assert_true(atomic_fetch_sub(&keeper.reserved, reserved) >= reserved);
}

static void wiped(void *self, const struct account_id *account)
{
	struct site *site = self;

	assert_true(account_equal(account, &site->pair->fixture.account));
	atomic_fetch_add(&keeper.wiped, 1);
}

/* Whatever came of its requests, none has anything reserved. */
static int keep_teardown(void **state)
{
	assert_int_equal(atomic_load(&keeper.reserved), 0);
	return site_teardown(state);
}

static int keep_setup(void **state)
{
	struct site *site;

	memset(&keeper, 0, sizeof(keeper));
	if (site_setup(state) != 0)
		return 1;
	site = *state;
	site->config.keeper = (struct http_keeper){site, reserve, settle, wiped};
	return 0;
}

static unsigned poll(struct site *site, struct client *client, size_t member, char retry[16])
{
	struct reply reply = {0};
	unsigned status;

	bytes_clear(&client->frame);
	client_request(client);
	site_sync(site, client, member, &reply);
	status = reply.status;
	if (retry != NULL)
		(void)snprintf(retry, 16, "%s", reply_field(&reply, "Retry-After"));
	reply_clear(&reply);
	return status;
}

static unsigned push(
    struct site *site, struct client *client, size_t member, size_t body_len, char code[32])
{
	struct reply reply = {0};
	unsigned status;

	client_frame(client, FRAME_PATCH, body_len, NULL, NULL, (struct view){0});
	client_request(client);
	site_sync(site, client, member, &reply);
	status = reply.status;
	if (code != NULL)
		(void)snprintf(code, 32, "%s", reply_says(&reply, "\"full\"") ? "full" : "");
	if (status >= 400 && code != NULL && code[0] != '\0')
		assert_true(reply_says(&reply, "the keeper says"));
	reply_clear(&reply);
	return status;
}

static void a_device_that_asks_too_often_waits(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	char retry[16];

	site->config.rate_max = 6; /* one in ten seconds, after six at once */
	site_start(site, true);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(poll(site, first, FIRST, NULL), 200);
	assert_int_equal(poll(site, first, FIRST, retry), 429);
	assert_in_range(strtoul(retry, NULL, 10), 5, 10);
	assert_int_equal(poll(site, second, SECOND, NULL), 200); /* another's allowance */
	site_await_metric(site, "inkseald_refused_total{why=\"rate\"} 1\n");
	assert_true(site_logged(site, "route=sync status=429"));
}

/* Nor does one pay for what another forged in its name. */
static void only_what_is_signed_is_paid_for(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct ask ask = {.member = FIRST, .method = "GET", .path = "/v1/watch", .query = "seq=0"};

	site->config.rate_max = 6;
	site_start(site, true);
	assert_int_equal(poll(site, first, FIRST, NULL), 200);
	ask.authority = "elsewhere.example.org"; /* signed for another gateway */
	for (unsigned i = 0; i < 20; i++) {
		struct reply reply = {0};

		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, 401);
		reply_clear(&reply);
	}
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(poll(site, first, FIRST, NULL), 200);
	assert_int_equal(poll(site, first, FIRST, NULL), 429);
}

/* A commit of a statement that revokes SECOND, by FIRST. */
static void revoke(struct site *site, struct reply *reply)
{
	struct client *first = &site->pair->first;
	struct bytes statement = {0};

	fixture_statement(&site->pair->fixture, FIRST, SIZE_MAX, SECOND, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	site_sync(site, first, FIRST, reply);
	bytes_clear(&statement);
}

static void a_statement_always_passes(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct reply reply = {0};

	site->config.rate_max = 1;
	atomic_store(&keeper.is_full, true);
	atomic_store(&keeper.spare_too, true);
	site_start(site, true);
	assert_int_equal(poll(site, first, FIRST, NULL), 200);
	assert_int_equal(poll(site, first, FIRST, NULL), 429);
	revoke(site, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
	/* What was spent is remembered with the new roster. */
	assert_int_equal(poll(site, first, FIRST, NULL), 429);
}

/* The clock stands: nothing of an allowance comes back, however long the requests take. */
static int64_t same_ms(void *self)
{
	(void)self;
	return 1000;
}

/* A sync of what the client's frame and request hold now; how it was answered. */
static unsigned answered(struct site *site, struct client *client, size_t member)
{
	struct reply reply = {0};
	unsigned status;

	site_sync(site, client, member, &reply);
	status = reply.status;
	reply_clear(&reply);
	return status;
}

/* One that is none: how it was answered. */
static unsigned bogus(struct site *site, struct client *client, size_t member)
{
	client_frame(client, FRAME_STATEMENT, 0, NULL, NULL, view_text("no statement"));
	client_request(client);
	client->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	return answered(site, client, member);
}

/* What only says that it is a statement has an allowance, and it ends. */
static void a_bogus_statement_pays(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	struct bytes statement = {0};

	site->clock.monotonic_ms = same_ms;
	site->config.rate_max = 1;
	atomic_store(&keeper.is_full, true);
	atomic_store(&keeper.spare_too, true);
	site_start(site, true);
	for (unsigned i = 0; i < 1 + HTTP_STATEMENTS_MAX; i++) {
		assert_int_equal(bogus(site, first, FIRST), 200);
		assert_int_equal(first->answer.status, SYNC_REFUSED);
	}
	assert_int_equal(bogus(site, first, FIRST), 429);
	assert_int_equal(atomic_load(&keeper.wrote_bytes), 0);
	/* Another device's statement passes, and revokes whoever did that. */
	assert_int_equal(poll(site, second, SECOND, NULL), 200);
	assert_int_equal(poll(site, second, SECOND, NULL), 429);
	fixture_statement(&site->pair->fixture, SECOND, SIZE_MAX, FIRST, &statement);
	client_frame(second, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(second);
	second->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	assert_int_equal(answered(site, second, SECOND), 200);
	assert_int_equal(second->answer.status, SYNC_COMMITTED);
	bytes_clear(&statement);
}

/* It is given back what it was let in on. */
static void a_real_statement_pays_nothing(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct reply reply = {0};

	site->clock.monotonic_ms = same_ms;
	site->config.rate_max = 1;
	site_start(site, true);
	for (unsigned i = 0; i < HTTP_STATEMENTS_MAX; i++)
		assert_int_equal(bogus(site, first, FIRST), 200);
	revoke(site, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
	assert_int_equal(bogus(site, first, FIRST), 200); /* in its stead */
	assert_int_equal(bogus(site, first, FIRST), 429);
}

/* A push that is committed already is answered so again, whatever else it holds: it pays. */
static void what_was_committed_before_pays(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct head before = first->head;
	struct bytes patch = {0};

	site->clock.monotonic_ms = same_ms;
	site->config.rate_max = 1;
	site_start(site, true);
	client_frame(first, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(answered(site, first, FIRST), 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	assert_true(bytes_copy(view_bytes(&first->frame), &patch));
	first->head = before;
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_text("no statement"));
	for (unsigned i = 0; i < 1 + HTTP_STATEMENTS_MAX; i++) {
		first->head = before;
		client_request(first);
		first->request.frames[1] = view_bytes(&patch);
		first->request.frames_count = 2;
		if (i == HTTP_STATEMENTS_MAX)
			break;
		assert_int_equal(answered(site, first, FIRST), 200);
		assert_int_equal(first->answer.status, SYNC_COMMITTED);
	}
	assert_int_equal(answered(site, first, FIRST), 429);
	bytes_clear(&patch);
}

/* Beside a statement, whether that holds or not, a body is charged; and so is a reset. */
static void nothing_hides_behind_a_kind(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct client *first = &site->pair->first;
	struct http_push push;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0}, patch = {0}, statement = {0};

	fixture_blob(fixture, BLOB_BODY, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	patch = first->frame;
	first->frame = (struct bytes){0};
	fixture_statement(fixture, FIRST, SIZE_MAX, SECOND, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&fixture->roster_bytes);
	limits_push(&first->request, &push);
	assert_true(push.statement);
	assert_int_equal(push.bytes, 0);
	first->request.frames[1] = view_bytes(&patch);
	first->request.frames_count = 2;
	first->request.bodies[0] = view_bytes(&blob);
	first->request.bodies_count = 1;
	limits_push(&first->request, &push);
	assert_true(push.statement);
	assert_false(push.spare);
	assert_int_equal(push.bytes, patch.len + blob.len);
	/* A roster that no statement came with is a body like any other. */
	first->request.frames[0] = view_text("no frame at all");
	limits_push(&first->request, &push);
	assert_false(push.statement);
	assert_int_equal(push.bytes, 15 + patch.len + blob.len + fixture->roster_bytes.len);
	bytes_clear(&statement);
	bytes_clear(&patch);
	bytes_clear(&blob);
}

static void a_reset_is_rated_and_charged(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct client *first = &site->pair->first;
	struct frame_header header = {.account = fixture->account, .kind = FRAME_RESET};
	struct bytes index = {0};
	struct reply reply = {0};

	site->config.rate_max = 2;
	atomic_store(&keeper.is_full, true);
	atomic_store(&keeper.spare_too, true);
	site_start(site, true);
	fixture_blob(fixture, BLOB_INDEX, 500, NULL, 0, &index);
	header.seq = first->head.seq + 1;
	header.previous = first->head.hash;
	header.roster = *roster_hash(&fixture->roster);
	header.epoch = roster_epoch(&fixture->roster);
	header.device = first->member->id;
	header.has_blob = header.has_covered = header.has_abandoned = true;
	blob_hash(view_bytes(&index), &header.blob.hash);
	header.abandoned = header.covered = first->head;
	bytes_clear(&first->frame);
	assert_int_equal(
	    frame_encode(&header, view_text("sealed"), first->member->sign_secret, &first->frame),
	    FORMAT_OK);
	client_request(first);
	first->request.reseed = true;
	first->request.bodies[0] = view_bytes(&index);
	first->request.bodies_count = 1;
	first->request.roster = view_bytes(&fixture->roster_bytes);
	site_sync(site, first, FIRST, &reply);
	assert_int_equal(reply.status, 507);
	assert_true(reply_says(&reply, "the keeper says"));
	assert_int_equal(
	    atomic_load(&keeper.asked), first->frame.len + index.len + fixture->roster_bytes.len);
	reply_clear(&reply);
	assert_int_equal(atomic_load(&keeper.wrote_bytes), 0);
	atomic_store(&keeper.is_full, false);
	assert_int_equal(answered(site, first, FIRST), 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	assert_int_equal(answered(site, first, FIRST), 429);
	bytes_clear(&index);
}

static void a_full_account_can_still_be_read(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	char code[32];

	site_start(site, true);
	assert_int_equal(push(site, first, FIRST, 300, NULL), 200);
	atomic_store(&keeper.is_full, true);
	assert_int_equal(
	    push(site, first, FIRST, 300, NULL), 200); /* small: it may be a deletion */
	assert_true(atomic_load(&keeper.asked_spare));
	assert_int_equal(atomic_load(&keeper.asked), first->frame.len);
	atomic_store(&keeper.spare_too, true);
	assert_int_equal(push(site, first, FIRST, 300, code), 507);
	assert_string_equal(code, "full");
	assert_int_equal(first->head.seq, 3);
	assert_int_equal(poll(site, first, FIRST, NULL), 200);
	/* What it lacks comes, whatever it wanted to push; only then it learns that there is no
	 * room. */
	assert_int_equal(push(site, second, SECOND, 300, NULL), 200);
	assert_int_equal(second->answer.status, SYNC_BEHIND);
	assert_int_equal(second->answer.frames_count, 2);
	second->head = first->head;
	assert_int_equal(push(site, second, SECOND, 300, code), 507);
	assert_string_equal(code, "full");
	site_await_metric(site, "inkseald_refused_total{why=\"full\"} 3\n");
}

static unsigned put_blob(struct site *site, enum blob_kind kind, size_t len, bool *full_out)
{
	struct fixture *fixture = &site->pair->fixture;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS};
	struct reply reply = {0};
	unsigned status;

	fixture_blob(fixture, kind, len, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(&blob);
	site_ask(site, &ask, &reply);
	status = reply.status;
	*full_out = reply_says(&reply, "\"full\"");
	reply_clear(&reply);
	bytes_clear(&blob);
	return status;
}

static void blobs_meet_the_quota_by_their_kind(void **state)
{
	static const struct {
		enum blob_kind kind;
		bool spare;
	} rows[] = {
	    {BLOB_BODY, false}, {BLOB_SEGMENT, true}, {BLOB_INDEX, true}, {BLOB_LOSERS, true}};
	struct site *site = *state;

	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool full;

		atomic_store(&keeper.is_full, true);
		assert_int_equal(
		    put_blob(site, rows[i].kind, 5000, &full), rows[i].spare ? 204 : 507);
		assert_int_equal(full, !rows[i].spare);
		assert_int_equal(atomic_load(&keeper.asked_spare), rows[i].spare);
		assert_true(atomic_load(&keeper.asked) >= 5000);
		atomic_store(&keeper.is_full, false);
		assert_int_equal(put_blob(site, rows[i].kind, 5000, &full), 204);
	}
}

static void the_keeper_is_told(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct fixture *fixture = &site->pair->fixture;
	char path[128], hex[2 * ACCOUNT_ID_LEN + 1];
	struct bytes encoded = {0};
	struct ask ask = {.member = UNSIGNED, .method = "DELETE", .path = path, .type = OCTETS};
	struct reply reply = {0};
	bool full;

	site_start(site, true);
	assert_int_equal(poll(site, first, FIRST, NULL), 200);
	assert_int_equal(atomic_load(&keeper.wrote_calls), 0); /* nothing was written */
	assert_int_equal(push(site, first, FIRST, 300, NULL), 200);
	assert_int_equal(atomic_load(&keeper.wrote_calls), 1);
	assert_int_equal(atomic_load(&keeper.wrote_bytes), 0); /* the manifest alone */
	assert_int_equal(put_blob(site, BLOB_SEGMENT, 5000, &full), 204);
	assert_int_equal(atomic_load(&keeper.wrote_calls), 2);
	assert_in_range(atomic_load(&keeper.wrote_bytes), 5000, 5200);
	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(path, sizeof(path), "/v1/accounts/%s", hex);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, "other.example.org", &encoded);
	ask.body = view_bytes(&encoded);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 409);
	assert_int_equal(atomic_load(&keeper.wiped), 0);
	reply_clear(&reply);
	bytes_clear(&encoded);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, site->name, &encoded);
	ask.body = view_bytes(&encoded);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(atomic_load(&keeper.wiped), 1);
	reply_clear(&reply);
	bytes_clear(&encoded);
}

/* The header of a sync with a body of that length, of which nothing follows. */
static int begin_sync(struct site *site, size_t member, size_t len, const char *authority)
{
	struct ask ask = {.member = member,
	    .method = "POST",
	    .path = "/v1/sync",
	    .type = CBOR,
	    .authority = authority};
	struct bytes body = {0};
	int fd = site_connect(site);

	assert_true(bytes_new(len, &body));
	ask.body = view_bytes(&body);
	ask.cut = len;
	site_ask_begin(site, fd, &ask);
	bytes_clear(&body);
	return fd;
}

/* A device that is known here: its signature is checked by the header alone. */
static void what_is_forged_is_refused_before_its_body(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	char rest[64];
	int fd;

	site_start(site, true);
	assert_int_equal(poll(site, &site->pair->first, FIRST, NULL), 200);
	fd = begin_sync(site, FIRST, 1000000, "elsewhere.example.org");
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 401);
	assert_true(reply_says(&reply, "\"signature\""));
	reply_clear(&reply);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest))); /* and the connection closed */
	(void)close(fd);
	site_await_metric(site, "inkseald_bodies_bytes 0\n");
}

/* … but its body is still compared with the digest that it signed. */
static void another_body_is_refused_all_the_same(void **state)
{
	struct site *site = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS, .spoil_body = true};

	site_start(site, true);
	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, 100, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(&blob);
	for (unsigned i = 0; i < 2; i++) { /* not known yet, and known */
		struct reply reply = {0};

		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, 401);
		assert_true(reply_says(&reply, "\"signature\""));
		reply_clear(&reply);
		assert_int_equal(poll(site, &site->pair->first, FIRST, NULL), 200);
	}
	bytes_clear(&blob);
}

static void strangers_leave_room_for_devices(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int strangers[3], fd;
	char zeros[1000] = {0};

	site->config.body_bytes_max = 100000;
	site->config.unauthenticated_bytes_max = 2500;
	site_start(site, true);
	assert_int_equal(poll(site, &site->pair->first, FIRST, NULL), 200);
	for (size_t i = 0; i < 2; i++) { /* most of a body each, then they wait */
		strangers[i] = begin_sync(site, STRANGER, 1000, NULL);
		site_write(strangers[i], zeros, 999);
	}
	site_await_metric(site, "inkseald_bodies_bytes 1998\n");
	strangers[2] = begin_sync(site, STRANGER, 1000, NULL);
	site_reply(strangers[2], 5000, &reply);
	assert_int_equal(reply.status, 503);
	reply_clear(&reply);
	site_await_metric(site, "inkseald_refused_total{why=\"strange_bytes\"} 1\n");
	/* A device that is known sends what it likes. */
	fd = begin_sync(site, FIRST, 90000, NULL);
	for (size_t i = 0; i < 90; i++)
		site_write(fd, zeros, sizeof(zeros));
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 400); /* all of it came, and is nonsense */
	reply_clear(&reply);
	(void)close(fd);
	for (size_t i = 0; i < 3; i++)
		(void)close(strangers[i]);
	site_await_metric(site, "inkseald_bodies_bytes 0\n");
	fd = begin_sync(site, STRANGER, 1000, NULL); /* and what they held is theirs again */
	site_write(fd, zeros, 1000);
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 401);
	reply_clear(&reply);
	(void)close(fd);
}

struct pusher {
	struct site *site;
	unsigned status;
	atomic_bool done;
};

static void *push_meanwhile(void *self)
{
	struct pusher *pusher = self;

	pusher->status = push(pusher->site, &pusher->site->pair->first, FIRST, 300, NULL);
	atomic_store(&pusher->done, true);
	return NULL;
}

static void a_lent_cache_is_waited_for(void **state)
{
	struct site *site = *state;
	struct account_id other = {{1}};
	const struct account_id *account = &site->pair->fixture.account;
	struct pusher pusher = {.site = site};
	struct account_cache *cache;
	struct call call;
	pthread_t thread;

	site_start(site, true);
	assert_null(http_borrow(site->server, account)); /* nothing is known of it yet */
	assert_false(http_wanted(site->server));
	assert_int_equal(push(site, &site->pair->first, FIRST, 300, NULL), 200);
	assert_null(http_borrow(site->server, &other));
	/* The answer is there a moment before the request lets go. */
	for (int i = 0; (cache = http_borrow(site->server, account)) == NULL; i++) {
		assert_true(i < 100);
		site_pause(20);
	}
	assert_true(cache->manifest.len > 0);
	assert_false(http_wanted(site->server));
	assert_int_equal(pthread_create(&thread, NULL, push_meanwhile, &pusher), 0);
	for (int i = 0; !http_wanted(site->server); i++) {
		assert_true(i < 200);
		site_pause(20);
	}
	site_pause(100);
	assert_false(atomic_load(&pusher.done));
	http_give_back(site->server);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pusher.status, 200);
	assert_int_equal(site->pair->first.answer.status, SYNC_COMMITTED);
	call_init(&call, site_now() + 5000);
	http_changed(site->server, &other, &call); /* not in memory: nobody asks */
	http_changed(site->server, account, &call);
}

/* What a sweep did beside the requests is known to the next one. */
static void a_change_beside_requests_is_read(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct account_cache cache = {0};
	struct sweep_report report;
	struct bucket_counts before, now;
	struct call call;

	site_start(site, true);
	assert_int_equal(push(site, first, FIRST, 300, NULL), 200);
	call_init(&call, site_now() + 5000);
	assert_int_equal(account_sweep(&site->config.env, &cache, &site->pair->fixture.account, 0,
			     &call, &report),
	    ACCOUNT_OK);
	http_changed(site->server, &site->pair->fixture.account, &call);
	site_count(site, &before);
	assert_int_equal(push(site, first, FIRST, 300, NULL), 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	site_count(site, &now);
	assert_int_equal(now.put - before.put, 1);
	assert_int_equal(now.get - before.get, 0);
	account_cache_clear(&cache);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_device_that_asks_too_often_waits, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(only_what_is_signed_is_paid_for, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_statement_always_passes, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_bogus_statement_pays, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_real_statement_pays_nothing, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(what_was_committed_before_pays, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(nothing_hides_behind_a_kind, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_reset_is_rated_and_charged, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_full_account_can_still_be_read, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(blobs_meet_the_quota_by_their_kind, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(the_keeper_is_told, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(
	what_is_forged_is_refused_before_its_body, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(
	another_body_is_refused_all_the_same, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(strangers_leave_room_for_devices, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_lent_cache_is_waited_for, keep_setup, keep_teardown),
    cmocka_unit_test_setup_teardown(a_change_beside_requests_is_read, keep_setup, keep_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
