/*
 * tests/gateway/http/http_sync_test.c: what devices ask of a gateway, signed and answered: create,
 * sync, blobs, roster, wipe; and who is turned away.
 */
#include "tests/gateway/http/http_fixture.h"

#include <stdio.h>
#include <string.h>

#define expect(site, ask, wanted, code) expect_at(site, ask, wanted, code, __LINE__)

static void expect_at(
    struct site *site, const struct ask *ask, unsigned status, const char *code, int line)
{
	struct reply reply = {0};
	char member[64];

	site_ask(site, ask, &reply);
	(void)snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
	if (reply.status != status || (code[0] != '\0' && !reply_says(&reply, member)))
		fail_msg("line %d: answered %u %s", line, reply.status,
		    reply.body.data == NULL ? "" : (const char *)reply.body.data);
	if (code[0] != '\0')
		assert_string_equal(
		    reply_field(&reply, "Content-Type"), "application/problem+json");
	reply_clear(&reply);
}

static void push(struct site *site, struct client *client, size_t member, struct reply *reply)
{
	client_frame(client, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(client);
	site_sync(site, client, member, reply);
}

/* The answer to one poll, as bytes, for what only differs in how it is signed. */
static void poll_bytes(struct site *site, struct bytes *out)
{
	struct client *client = &site->pair->first;

	bytes_clear(&client->frame);
	client_request(client);
	assert_int_equal(sync_request_encode(&client->request, out), FORMAT_OK);
}

static void a_push_is_committed_and_pulled(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	struct reply reply = {0};

	site_start(site, true);
	push(site, first, FIRST, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	assert_int_equal(first->head.seq, 2);
	assert_true(first->answer.time_ms > 1700000000000);
	assert_string_not_equal(reply_field(&reply, "Inkseal-Request"), "");
	reply_clear(&reply);
	push(site, second, SECOND, &reply);
	assert_int_equal(second->answer.status, SYNC_BEHIND);
	assert_int_equal(second->answer.frames_count, 1);
	reply_clear(&reply);
	assert_true(site_logged(site, "route=sync status=200"));
	assert_true(site_logged(site, "result=committed"));
	assert_true(site_logged(site, "result=behind"));
}

/* A warm push of one edit is one PUT, a poll one conditional GET. */
static void a_warm_push_is_one_put(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct bucket_counts before, now;
	struct reply reply = {0};

	site_start(site, true);
	push(site, first, FIRST, &reply);
	reply_clear(&reply);
	site_count(site, &before);
	push(site, first, FIRST, &reply);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
	site_count(site, &now);
	assert_int_equal(now.put - before.put, 1);
	assert_int_equal(now.get - before.get, 0);
	site_count(site, &before);
	bytes_clear(&first->frame);
	client_request(first);
	site_sync(site, first, FIRST, &reply);
	assert_int_equal(first->answer.status, SYNC_CURRENT);
	reply_clear(&reply);
	site_count(site, &now);
	assert_int_equal(now.put - before.put, 0);
	assert_int_equal(now.get - before.get, 1);
	assert_int_equal(now.list - before.list, 0);
}

static void any_of_its_names_will_do(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	struct ask ask = {.method = "POST", .path = "/v1/sync", .type = CBOR};

	site_start(site, true);
	poll_bytes(site, &body);
	ask.body = view_bytes(&body);
	expect(site, &ask, 200, "");
	ask.authority = "sync.example.org";
	expect(site, &ask, 200, "");
	ask.authority = "other.example.org";
	expect(site, &ask, 401, "signature");
	bytes_clear(&body);
}

static void who_is_not_the_device_is_turned_away(void **state)
{
	struct site *site = *state;
	struct account_id other = site->pair->fixture.account;
	struct bytes body = {0};
	struct ask ask = {.method = "POST", .path = "/v1/sync", .type = CBOR};

	site_start(site, true);
	poll_bytes(site, &body);
	ask.body = view_bytes(&body);
	ask.member = MEMBERS_COUNT;
	expect(site, &ask, 401, "signature");
	ask.member = SECOND; /* the body names the first */
	expect(site, &ask, 403, "signer");
	ask.member = FIRST;
	ask.spoil_body = true;
	expect(site, &ask, 400, "malformed"); /* the last byte: an array's head */
	ask.spoil_body = false;
	other.bytes[0] ^= 1;
	ask.account = &other;
	expect(site, &ask, 404, "absent"); /* by no device of an account that is here */
	bytes_clear(&body);
	site->pair->first.member = &site->pair->fixture.members[STRANGER];
	poll_bytes(site, &body);
	ask = (struct ask){.member = STRANGER,
	    .method = "POST",
	    .path = "/v1/sync",
	    .type = CBOR,
	    .body = view_bytes(&body)};
	expect(site, &ask, 401, "stranger");
	bytes_clear(&body);
}

static void a_changed_byte_is_no_longer_signed(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct bytes body = {0};
	struct ask ask = {.method = "POST", .path = "/v1/sync", .type = CBOR, .spoil_body = true};

	site_start(site, true);
	client_frame(first, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(first);
	first->request.bodies[0] = view_text("sealed"); /* its last byte is the request's */
	first->request.bodies_count = 1;
	assert_int_equal(sync_request_encode(&first->request, &body), FORMAT_OK);
	ask.body = view_bytes(&body);
	expect(site, &ask, 401, "signature");
	bytes_clear(&body);
}

static void a_wrong_clock_is_told(void **state)
{
	static const struct {
		int64_t clock_s;
		unsigned status;
	} rows[] = {{-280, 200}, {280, 200}, {-330, 401}, {330, 401}, {86400, 401}, {-86400, 401}};
	struct site *site = *state;
	struct bytes body = {0};

	site_start(site, true);
	poll_bytes(site, &body);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ask ask = {.method = "POST",
		    .path = "/v1/sync",
		    .type = CBOR,
		    .body = view_bytes(&body),
		    .clock_s = rows[i].clock_s};
		struct reply reply = {0};

		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, rows[i].status);
		if (reply.status == 401) {
			assert_true(reply_says(&reply, "\"code\":\"clock\""));
			assert_string_not_equal(reply_field(&reply, "Date"), "");
		}
		reply_clear(&reply);
	}
	bytes_clear(&body);
}

/* A statement of FIRST's that revokes SECOND, committed without the gateway. */
static void revoke_second(struct site *site)
{
	struct client *first = &site->pair->first;
	struct bytes statement = {0};

	fixture_statement(&site->pair->fixture, FIRST, SIZE_MAX, SECOND, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&statement);
}

static void a_revoked_device_is_shown_the_roster(void **state)
{
	struct site *site = *state;
	struct client *second = &site->pair->second;
	struct reply reply = {0};
	struct ask watch = {
	    .member = SECOND, .method = "GET", .path = "/v1/watch", .query = "seq=0"};

	site_start(site, true);
	push(site, second, SECOND, &reply); /* the gateway knows it as live */
	assert_int_equal(second->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
	assert_int_equal(client_poll(&site->pair->first), ACCOUNT_OK);
	revoke_second(site);
	push(site, second, SECOND, &reply);
	assert_int_equal(second->answer.status, SYNC_REVOKED);
	assert_int_equal(second->answer.roster_blob.len, site->pair->fixture.roster_bytes.len);
	assert_true(strstr(reply_field(&reply, "Inkseal-Message"), "revoked") != NULL);
	reply_clear(&reply);
	expect(site, &watch, 403, "revoked");
}

static int64_t same_ms(void *self)
{
	(void)self;
	return 1000;
}

/* All of it within one millisecond: what was read in it may be older than the request. */
static void a_new_device_is_known_at_once(void **state)
{
	struct site *site = *state;
	struct client third = {0};
	struct reply reply = {0};
	struct bytes statement = {0};
	struct client *first = &site->pair->first;

	site->clock.monotonic_ms = same_ms;
	site_start(site, true);
	push(site, first, FIRST, &reply); /* the gateway has the roster without it */
	reply_clear(&reply);
	fixture_statement(&site->pair->fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	client_open(&third, &site->pair->fixture, THIRD);
	client_request(&third);
	site_sync(site, &third, THIRD, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(third.answer.status, SYNC_BEHIND);
	reply_clear(&reply);
	client_close(&third);
	bytes_clear(&statement);
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *name, *method, *path, *type, *body, *code;
		unsigned status;
	} rows[] = {
	    {"no CBOR", "POST", "/v1/sync", CBOR, "x", "malformed", 400},
	    {"another type", "POST", "/v1/sync", OCTETS, "x", "malformed", 415},
	    {"a type with a parameter", "POST", "/v1/sync", CBOR "; a=b", "x", "malformed", 415},
	    {"no body", "POST", "/v1/sync", CBOR, "", "malformed", 400},
	    {"another method", "GET", "/v1/sync", NULL, "", "method", 405},
	    {"no such path", "GET", "/v2/sync", NULL, "", "path", 404},
	    {"no invitation", "POST", "/v1/accounts", CBOR, "x", "invite", 403},
	};
	struct site *site = *state;

	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ask ask = {.method = rows[i].method,
		    .path = rows[i].path,
		    .type = rows[i].type,
		    .body = view_text(rows[i].body)};

		print_message("%s\n", rows[i].name);
		expect(site, &ask, rows[i].status, rows[i].code);
	}
}

/* The gateway of another bucket: the account is not there yet. */
static void drop_account(struct site *site)
{
	struct account_cache cache = {0};
	struct wipe_report report;
	struct fixture *fixture = &site->pair->fixture;

	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account, (struct view){0},
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	account_cache_clear(&cache);
}

static void an_account_is_made_by_invitation(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	struct ask ask = {
	    .member = MEMBERS_COUNT, .method = "POST", .path = "/v1/accounts", .type = CBOR};
	struct reply reply = {0};

	drop_account(site);
	site_start(site, true);
	site_create_request(site, &body);
	ask.body = view_bytes(&body);
	expect(site, &ask, 403, "invite");
	ask.more = "Inkseal-Invite: bad\r\n";
	expect(site, &ask, 403, "invite");
	assert_int_equal(fixture_objects(&site->pair->fixture, "/a/"), 0);
	ask.more = "Inkseal-Invite: good\r\n";
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 201);
	assert_true(reply_says(&reply, "{\"account\":\""));
	reply_clear(&reply);
	expect(site, &ask, 200, ""); /* once it is there, it is there */
	bytes_clear(&body);
}

static void an_open_gateway_asks_for_no_invitation(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	struct ask ask = {
	    .member = MEMBERS_COUNT, .method = "POST", .path = "/v1/accounts", .type = CBOR};

	drop_account(site);
	site->config.create_open = true;
	site_start(site, true);
	site_create_request(site, &body);
	ask.body = view_bytes(&body);
	expect(site, &ask, 201, "");
	bytes_clear(&body);
}

static void blob_path(const struct blob_name *name, char out[128])
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	(void)snprintf(out, 128, "/v1/blobs/%s", text);
}

static void a_blob_is_put_and_fetched(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct bytes blob = {0};
	struct blob_name name = {.count = 0};
	struct reply reply = {0};
	char path[128];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS};
	struct ask get = {.member = SECOND, .method = "GET", .path = path};

	site_start(site, true);
	fixture_blob(fixture, BLOB_SEGMENT, 300000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_path(&name, path);
	ask.body = view_bytes(&blob);
	expect(site, &get, 404, "absent");
	expect(site, &ask, 204, "");
	expect(site, &ask, 204, "");
	site_ask(site, &get, &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply_field(&reply, "Content-Type"), OCTETS);
	assert_true(view_equal(view_bytes(&reply.body), view_bytes(&blob)));
	reply_clear(&reply);
	get.member = MEMBERS_COUNT;
	expect(site, &get, 401, "signature");
	ask.body.len--; /* not what its name says */
	expect(site, &ask, 409, "refused");
	ask.body.len++;
	name.count = 5; /* a sweep that was not */
	blob_path(&name, path);
	expect(site, &ask, 409, "refused");
	bytes_clear(&blob);
}

/* What a put remembers spares the commit a read. */
static void a_put_blob_may_be_named(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct bucket_counts before, now;
	struct reply reply = {0};
	struct bytes blob = {0};
	struct blob_name name = {.count = 0};
	char path[128];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS};

	site_start(site, true);
	push(site, first, FIRST, &reply);
	reply_clear(&reply);
	fixture_blob(&site->pair->fixture, BLOB_BODY, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_path(&name, path);
	ask.body = view_bytes(&blob);
	expect(site, &ask, 204, "");
	site_count(site, &before);
	client_frame(first, FRAME_PATCH, 300, &name, NULL, (struct view){0});
	client_request(first);
	site_sync(site, first, FIRST, &reply);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	site_count(site, &now);
	assert_int_equal(now.get - before.get, 0);
	assert_int_equal(now.put - before.put, 1);
	reply_clear(&reply);
	bytes_clear(&blob);
}

static void account_path(const struct site *site, const char *rest, char out[128])
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(site->pair->fixture.account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(out, 128, "/v1/accounts/%s%s", hex, rest);
}

static void the_roster_is_for_who_knows_the_account(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	char path[128];
	struct ask ask = {.member = MEMBERS_COUNT, .method = "GET", .path = path};

	site_start(site, true);
	account_path(site, "/roster", path);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(
	    view_equal(view_bytes(&reply.body), view_bytes(&site->pair->fixture.roster_bytes)));
	reply_clear(&reply);
	account_path(site, "/wipe", path);
	expect(site, &ask, 404, "absent");
	ask.path = "/v1/accounts/0000000000000000000000000000000000000000/roster";
	expect(site, &ask, 404, "absent");
}

static void a_wipe_leaves_a_receipt_and_its_record(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct client *first = &site->pair->first;
	struct reply reply = {0};
	struct bytes wipe = {0};
	struct receipt receipt;
	uint8_t public_key[SIGN_PUBLIC_LEN];
	struct digest hash;
	char path[128];
	struct ask ask = {
	    .member = MEMBERS_COUNT, .method = "DELETE", .path = path, .type = OCTETS};

	site_start(site, true);
	push(site, first, FIRST, &reply);
	reply_clear(&reply);
	account_path(site, "", path);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, "other.example.org", &wipe);
	ask.body = view_bytes(&wipe);
	expect(site, &ask, 409, "refused");
	bytes_clear(&wipe);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, site->name, &wipe);
	ask.body = view_bytes(&wipe);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(receipt_decode(view_bytes(&reply.body), &receipt), FORMAT_OK);
	(void)crypto_sign_ed25519_sk_to_pk(public_key, site->receipt_secret);
	assert_memory_equal(receipt.signer, public_key, SIGN_PUBLIC_LEN);
	assert_true(receipt.objects_removed >= 2);
	assert_true(account_equal(&receipt.account, &fixture->account));
	digest_view(DOMAIN_WIPE, view_bytes(&wipe), &hash);
	assert_true(digest_equal(&receipt.wipe_hash, &hash));
	reply_clear(&reply);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	expect(site, &ask, 200, ""); /* again: nothing is left to remove */

	push(site, first, FIRST, &reply); /* gone, with the proof */
	assert_int_equal(first->answer.status, SYNC_GONE);
	assert_true(first->answer.wipe_record.len > wipe.len);
	reply_clear(&reply);
	ask = (struct ask){.member = MEMBERS_COUNT, .method = "GET", .path = path};
	account_path(site, "/roster", path);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 410);
	assert_string_equal(reply_field(&reply, "Content-Type"), OCTETS);
	assert_true(view_equal(view_bytes(&reply.body), first->answer.wipe_record));
	reply_clear(&reply);
	account_path(site, "/wipe", path);
	expect(site, &ask, 200, "");
	bytes_clear(&wipe);
}

static void a_missing_account_is_not_gone(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	struct ask ask = {.method = "POST", .path = "/v1/sync", .type = CBOR};

	drop_account(site);
	site_start(site, true);
	poll_bytes(site, &body);
	ask.body = view_bytes(&body);
	expect(site, &ask, 404, "absent");
	bytes_clear(&body);
}

static void a_bucket_that_fails_is_said(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	struct ask ask = {.method = "POST", .path = "/v1/sync", .type = CBOR};
	struct reply reply = {0};

	site_start(site, true);
	poll_bytes(site, &body);
	ask.body = view_bytes(&body);
	site_set_failing(site, true);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 503);
	assert_string_equal(reply_field(&reply, "Retry-After"), "1");
	reply_clear(&reply);
	site_set_failing(site, false);
	expect(site, &ask, 200, "");
	bytes_clear(&body);
}

static void others_see_what_the_gateway_is(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	struct ask ask = {.member = MEMBERS_COUNT, .method = "GET", .path = "/v1/info"};

	site_start(site, false);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(reply_says(&reply, site->name));
	assert_true(reply_says(&reply, "\"sync.example.org\""));
	assert_true(reply_says(&reply, "\"create\":\"invite\""));
	reply_clear(&reply);
	ask.path = "/healthz";
	expect(site, &ask, 200, "");
	ask.path = "/readyz";
	expect(site, &ask, 503, "busy");
	ask.path = "/v1/accounts/0000000000000000000000000000000000000000/roster";
	expect(site, &ask, 503, "busy");
	http_ready(site->server);
	expect(site, &ask, 404, "absent");
	ask.path = "/readyz";
	expect(site, &ask, 200, "");
	ask.path = "/metrics";
	expect(site, &ask, 404, "path");
	site_metrics(site, &reply);
	assert_true(
	    reply_says(&reply, "inkseald_requests_total{route=\"readyz\",status=\"5xx\"} 1\n"));
	assert_true(reply_says(&reply, "inkseald_ready 1\n"));
	reply_clear(&reply);
}

static bool store_denies;

static bool is_denied(void *sink)
{
	(void)sink;
	return store_denies;
}

/* While the store does not take the gateway's credentials it is not ready, and then it is again. */
static void a_denied_gateway_is_not_ready(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	struct ask ask = {.member = MEMBERS_COUNT, .method = "GET", .path = "/readyz"};

	site->config.denied = is_denied;
	store_denies = true;
	site_start(site, true);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 503);
	assert_true(reply_says(&reply, "does not take its credentials"));
	reply_clear(&reply);
	ask.path = "/metrics";
	expect(site, &ask, 404, "path");
	site_metrics(site, &reply);
	assert_true(reply_says(&reply, "inkseald_ready 0\n"));
	reply_clear(&reply);
	ask.path = "/v1/accounts/0000000000000000000000000000000000000000/roster";
	expect(site, &ask, 404, "absent"); /* each request still tries */
	site_stop(site, 10000);
	store_denies = false;
	site_start(site, true);
	ask.path = "/readyz";
	expect(site, &ask, 200, "");
}

/* Nothing of a token, a signature or a path may stand in the log. */
static void the_log_holds_no_secret(void **state)
{
	struct site *site = *state;
	struct bytes body = {0};
	char hex[2 * ACCOUNT_ID_LEN + 1];
	struct ask ask = {.member = MEMBERS_COUNT,
	    .method = "POST",
	    .path = "/v1/accounts",
	    .type = CBOR,
	    .more = "Inkseal-Invite: c0ffee\r\n"};

	drop_account(site);
	site_start(site, true);
	site_create_request(site, &body);
	ask.body = view_bytes(&body);
	expect(site, &ask, 403, "invite");
	ask.more = "Inkseal-Invite: good\r\n";
	expect(site, &ask, 201, "");
	bytes_clear(&body);
	poll_bytes(site, &body);
	ask = (struct ask){
	    .method = "POST", .path = "/v1/sync", .type = CBOR, .body = view_bytes(&body)};
	expect(site, &ask, 200, "");
	bytes_clear(&body);
	assert_true(site_logged(site, "route=sync status=200"));
	hex_encode(view_of(site->pair->fixture.account.bytes, ACCOUNT_ID_LEN), hex);
	assert_false(site_log_holds(site, hex));
	assert_false(site_log_holds(site, "c0ffee"));
	assert_false(site_log_holds(site, "sig1"));
	assert_false(site_log_holds(site, "/v1/"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_push_is_committed_and_pulled, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_warm_push_is_one_put, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(any_of_its_names_will_do, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	who_is_not_the_device_is_turned_away, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_changed_byte_is_no_longer_signed, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_wrong_clock_is_told, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	a_revoked_device_is_shown_the_roster, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_new_device_is_known_at_once, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(what_is_no_request_is_refused, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(an_account_is_made_by_invitation, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	an_open_gateway_asks_for_no_invitation, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_blob_is_put_and_fetched, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_put_blob_may_be_named, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	the_roster_is_for_who_knows_the_account, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	a_wipe_leaves_a_receipt_and_its_record, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_missing_account_is_not_gone, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_bucket_that_fails_is_said, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(others_see_what_the_gateway_is, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_denied_gateway_is_not_ready, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(the_log_holds_no_secret, site_setup, site_teardown),
};
TEST_MAIN(tests)
