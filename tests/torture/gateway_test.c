/*
 * tests/torture/gateway_test.c: each call of a client to its gateway, which is a server of the
 * test's own, with each allocation failing in turn, once or from there on: of our code, or of
 * libcurl and jansson. The result is "no memory" or "again later", never a word on the gateway or
 * the account; the outputs are as they were; the same call again succeeds. Leaks are the
 * sanitizer's to find.
 */
#include "cli/remote/remote_open.h"
#include "gateway/net/net_url.h"
#include "tests/cli/remote/scripted_server.h"
#include "tests/gateway/bucket/bucket_suite.h"
#include "tests/torture/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 8u /* more than two calls send */

struct outputs { /* as they were, unless the call says OK */
	struct sync_answer answer;
	struct remote_info info;
	struct remote_receipt receipt;
	struct bytes bytes;
};

struct client {
	struct device_keys keys;
	struct remote_access access;
	struct account_id account;
	struct bytes blob; /* what blobs and rosters are here */
	struct blob_name name;
	struct bytes answer; /* the body of what the gateway answers */
	char head[256];
	struct server *server;
	struct remote *remote;
	struct call call;
};

struct request {
	const char *name;
	const char *status, *type;              /* of the answer */
	void (*prepare)(struct client *client); /* makes client->answer */
	enum remote_result (*run)(struct client *client, struct outputs *out);
	enum remote_result expected;
};

/* ---- what is asked, and what is answered ---- */

static void answer_text(struct client *client, const char *text)
{
	assert_true(bytes_copy(view_text(text), &client->answer));
}

static void prepare_info(struct client *client)
{
	answer_text(client, "{\"names\":[\"a.example\"],\"receiptKey\":"
			    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}");
}

static enum remote_result run_info(struct client *client, struct outputs *out)
{
	return client->remote->ops->info(client->remote->self, &client->call, &out->info);
}

static void prepare_create(struct client *client)
{
	answer_text(client, "{}");
}

static enum remote_result run_create(struct client *client, struct outputs *out)
{
	(void)out;
	return client->remote->ops->create(
	    client->remote->self, &client->account, view_bytes(&client->blob), &client->call);
}

static void prepare_sync(struct client *client)
{
	struct view frames[2] = {view_bytes(&client->blob), view_text("another")};
	struct sync_body body = {client->name, view_bytes(&client->blob)};
	const struct sync_answer answer = {.status = SYNC_BEHIND,
	    .head.seq = 7,
	    .sweep = 1,
	    .frames = frames,
	    .frames_count = COUNT_OF(frames),
	    .bodies = &body,
	    .bodies_count = 1,
	    .names = &client->name,
	    .names_count = 1};

	assert_int_equal(sync_answer_encode(&answer, &client->answer), FORMAT_OK);
}

static enum remote_result run_sync(struct client *client, struct outputs *out)
{
	const struct sync_request request = {.account = client->account,
	    .device = client->keys.id,
	    .cursor.seq = 5,
	    .frames[0] = view_bytes(&client->blob),
	    .frames_count = 1};

	return client->remote->ops->sync(
	    client->remote->self, &request, &client->call, &out->answer);
}

static void prepare_blob(struct client *client)
{
	assert_true(bytes_copy(view_bytes(&client->blob), &client->answer));
}

static enum remote_result run_blob_get(struct client *client, struct outputs *out)
{
	return client->remote->ops->blob_get(
	    client->remote->self, &client->account, &client->name, &client->call, &out->bytes);
}

static void prepare_nothing(struct client *client)
{
	assert_int_equal(client->answer.len, 0);
}

static enum remote_result run_blob_put(struct client *client, struct outputs *out)
{
	(void)out;
	return client->remote->ops->blob_put(client->remote->self, &client->account, &client->name,
	    view_bytes(&client->blob), &client->call);
}

static enum remote_result run_roster(struct client *client, struct outputs *out)
{
	return client->remote->ops->roster(
	    client->remote->self, &client->account, &client->call, &out->bytes);
}

static void prepare_problem(struct client *client)
{
	answer_text(client, "{\"code\":\"absent\",\"detail\":\"there is no such account\"}");
}

static void prepare_wipe(struct client *client)
{
	struct receipt receipt = {.account = client->account, .objects_removed = 3};

	memcpy(receipt.signer, client->keys.sign_public, SIGN_PUBLIC_LEN);
	assert_int_equal(
	    receipt_encode(&receipt, client->keys.sign_secret, &client->answer), FORMAT_OK);
}

static enum remote_result run_wipe(struct client *client, struct outputs *out)
{
	return client->remote->ops->wipe(client->remote->self, &client->account,
	    view_text("a wipe"), &client->call, &out->receipt);
}

/* For blobs on another thread: a connection of its own. */
static enum remote_result run_twin(struct client *client, struct outputs *out)
{
	struct remote *twin = client->remote->ops->twin(client->remote->self);
	enum remote_result result;

	if (twin == NULL) {
		call_sayf(&client->call, "no twin");
		return REMOTE_FAILED;
	}
	result = twin->ops->blob_get(
	    twin->self, &client->account, &client->name, &client->call, &out->bytes);
	remote_close(twin);
	return result;
}

#define BYTES_TYPE "application/octet-stream"
static const struct request request_info = {
    "info", "200 OK", "application/json", prepare_info, run_info, REMOTE_OK};
static const struct request request_create = {
    "create", "201 Created", "application/json", prepare_create, run_create, REMOTE_OK};
static const struct request request_sync = {
    "sync", "200 OK", "application/cbor", prepare_sync, run_sync, REMOTE_OK};
static const struct request request_blob_get = {
    "blob_get", "200 OK", BYTES_TYPE, prepare_blob, run_blob_get, REMOTE_OK};
static const struct request request_blob_put = {
    "blob_put", "201 Created", BYTES_TYPE, prepare_nothing, run_blob_put, REMOTE_OK};
static const struct request request_roster = {
    "roster", "200 OK", BYTES_TYPE, prepare_blob, run_roster, REMOTE_OK};
static const struct request request_absent = {"roster, absent", "404 Not Found",
    "application/problem+json", prepare_problem, run_roster, REMOTE_ABSENT};
static const struct request request_wipe = {
    "wipe", "200 OK", BYTES_TYPE, prepare_wipe, run_wipe, REMOTE_OK};
static const struct request request_twin = {
    "twin", "200 OK", BYTES_TYPE, prepare_blob, run_twin, REMOTE_OK};

/* ---- the client ---- */

static struct remote *open_remote(struct client *client, const char *url)
{
	remote_request(&client->call, &suite_clock);
	return remote_open(
	    url, &suite_clock, &suite_random, (struct view){0}, &client->access, &client->call);
}

static void client_init(struct client *client)
{
	memset(client, 0, sizeof(*client));
	device_keys_new(&suite_random, &client->keys);
	client->access.keys = &client->keys;
	client->access.invite = "an-invite";
	client->account.bytes[0] = 0xa5;
	assert_true(bytes_new(5000, &client->blob));
	blob_hash(view_bytes(&client->blob), &client->name.hash);
}

static void client_open(struct client *client, const struct request *request)
{
	struct script_step steps[STEPS];
	char url[64];

	client_init(client);
	request->prepare(client);
	(void)snprintf(client->head, sizeof(client->head),
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", request->status,
	    request->type, client->answer.len);
	for (size_t i = 0; i < STEPS; i++)
		steps[i] = (struct script_step){
		    .answer = client->head, .body = view_bytes(&client->answer)};
	client->server = server_start(steps, STEPS, url);
	client->remote = open_remote(client, url);
	assert_non_null(client->remote);
}

static void client_close(struct client *client)
{
	remote_close(client->remote);
	server_free(client->server);
	bytes_clear(&client->blob);
	bytes_clear(&client->answer);
}

static void outputs_free(struct outputs *out)
{
	sync_answer_clear(&out->answer);
	bytes_clear(&out->receipt.encoded);
	bytes_clear(&out->bytes);
}

static void assert_honest(const struct request *request, const struct client *client,
    enum remote_result result, bool failed)
{
	bool stands_for_it =
	    result == REMOTE_FAILED || result == REMOTE_LATER || result == REMOTE_UNREACHABLE;

	if (result != request->expected && !(failed && stands_for_it))
		fail_msg("%s, allocation %u: %s: %s", request->name, each_at(),
		    remote_result_text(result), client->call.message);
	if (result != REMOTE_OK && client->call.message[0] == '\0')
		fail_msg("%s, allocation %u: a failure without a word", request->name, each_at());
}

/* What it says of a gateway that only we had no memory for. */
static void assert_no_blame(const struct request *request, const struct client *client)
{
	if (strstr(client->call.message, "not a gateway") != NULL ||
	    strstr(client->call.message, "larger") != NULL)
		fail_msg("%s, allocation %u: %s", request->name, each_at(), client->call.message);
}

/* Nothing is sent that lacks what the same request has where nothing fails. */
static void assert_whole(const struct request *request, const struct client *client)
{
	static const char *const names[] = {"Content-Type", "Content-Digest", "Signature-Input",
	    "Signature", "Inkseal-Invite", "User-Agent"};
	const struct script_request *right;
	size_t count;

	server_stop(client->server);
	count = server_requests(client->server);
	assert_true(count > 0);
	right = server_request(client->server, count - 1);
	for (size_t i = 0; i + 1 < count; i++)
		for (size_t j = 0; j < COUNT_OF(names); j++) {
			char have[512], want[512];

			request_field(
			    server_request(client->server, i), names[j], have, sizeof(have));
			request_field(right, names[j], want, sizeof(want));
			if ((have[0] == '\0') != (want[0] == '\0'))
				fail_msg("%s, allocation %u: without %s", request->name, each_at(),
				    names[j]);
		}
}

/* The same call again, with nothing that fails. */
static void again(const struct request *request, struct client *client)
{
	struct outputs out;

	memset(&out, 0, sizeof(out));
	remote_request(&client->call, &suite_clock);
	assert_honest(request, client, request->run(client, &out), false);
	outputs_free(&out);
}

static void fails_at(const struct request *request, struct fault_turns *turns)
{
	struct outputs out, before;
	enum remote_result result;
	struct client client;
	bool failed;

	memset(&out, 0, sizeof(out));
	memset(&before, 0, sizeof(before));
	client_open(&client, request);
	remote_request(&client.call, &suite_clock);
	fault_begin(turns);
	result = request->run(&client, &out);
	failed = fault_end(turns);
	assert_honest(request, &client, result, failed);
	if (turns->whose == FAULT_OURS && result != REMOTE_OK)
		assert_no_blame(request, &client);
	if (result != REMOTE_OK)
		assert_memory_equal(&out, &before, sizeof(out));
	outputs_free(&out);
	again(request, &client);
	assert_whole(request, &client);
	client_close(&client);
}

static void each_of(const struct request *request, enum fault_whose whose)
{
	struct fault_turns turns = {.each.of = request->name, .whose = whose};

	assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
	while (fault_next(&turns))
		fails_at(request, &turns);
	print_message("%s: %u faults\n", request->name, turns.each.hits);
}

static void test_ours_open(void **state)
{
	struct fault_turns turns = {.each.of = "opening"};
	struct client client;

	(void)state;
	client_init(&client);
	while (fault_next(&turns)) {
		fault_begin(&turns);
		client.remote = open_remote(&client, "http://127.0.0.1:1");
		assert_int_equal(client.remote == NULL, fault_end(&turns));
		assert_true(client.remote != NULL || client.call.message[0] != '\0');
		remote_close(client.remote);
	}
	client.remote = NULL;
	client_close(&client);
}

/* Never another port than the one that was asked for. */
static void test_libraries_url(void **state)
{
	struct fault_turns turns = {.each.of = "reading a URL", .whose = FAULT_LIBRARIES};

	(void)state;
	while (fault_next(&turns)) {
		struct net_url url;
		enum net_url_result result;
		bool failed;

		fault_begin(&turns);
		result = net_url_parse("http://a.example:8737", &url);
		failed = fault_end(&turns);
		assert_true(result == NET_URL_OK || failed);
		if (result == NET_URL_OK)
			assert_string_equal(url.base, "http://a.example:8737");
	}
}

/* One case a call and whose memory it is, named test_<whose>_<call>. */
#define CASE(name, request, whose) \
	static void name(void **state) \
	{ \
		(void)state; \
		each_of(&(request), whose); \
	}

CASE(test_ours_info, request_info, FAULT_OURS)
CASE(test_ours_create, request_create, FAULT_OURS)
CASE(test_ours_sync, request_sync, FAULT_OURS)
CASE(test_ours_blob_get, request_blob_get, FAULT_OURS)
CASE(test_ours_blob_put, request_blob_put, FAULT_OURS)
CASE(test_ours_roster, request_roster, FAULT_OURS)
CASE(test_ours_absent, request_absent, FAULT_OURS)
CASE(test_ours_wipe, request_wipe, FAULT_OURS)
CASE(test_ours_twin, request_twin, FAULT_OURS)
CASE(test_libraries_info, request_info, FAULT_LIBRARIES)
CASE(test_libraries_create, request_create, FAULT_LIBRARIES)
CASE(test_libraries_sync, request_sync, FAULT_LIBRARIES)
CASE(test_libraries_blob_get, request_blob_get, FAULT_LIBRARIES)
CASE(test_libraries_blob_put, request_blob_put, FAULT_LIBRARIES)
CASE(test_libraries_roster, request_roster, FAULT_LIBRARIES)
CASE(test_libraries_absent, request_absent, FAULT_LIBRARIES)
CASE(test_libraries_wipe, request_wipe, FAULT_LIBRARIES)
CASE(test_libraries_twin, request_twin, FAULT_LIBRARIES)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_ours_open, each_tell),
    cmocka_unit_test_teardown(test_libraries_url, each_tell),
    cmocka_unit_test_teardown(test_ours_info, each_tell),
    cmocka_unit_test_teardown(test_ours_create, each_tell),
    cmocka_unit_test_teardown(test_ours_sync, each_tell),
    cmocka_unit_test_teardown(test_ours_blob_get, each_tell),
    cmocka_unit_test_teardown(test_ours_blob_put, each_tell),
    cmocka_unit_test_teardown(test_ours_roster, each_tell),
    cmocka_unit_test_teardown(test_ours_absent, each_tell),
    cmocka_unit_test_teardown(test_ours_wipe, each_tell),
    cmocka_unit_test_teardown(test_ours_twin, each_tell),
    cmocka_unit_test_teardown(test_libraries_info, each_tell),
    cmocka_unit_test_teardown(test_libraries_create, each_tell),
    cmocka_unit_test_teardown(test_libraries_sync, each_tell),
    cmocka_unit_test_teardown(test_libraries_blob_get, each_tell),
    cmocka_unit_test_teardown(test_libraries_blob_put, each_tell),
    cmocka_unit_test_teardown(test_libraries_roster, each_tell),
    cmocka_unit_test_teardown(test_libraries_absent, each_tell),
    cmocka_unit_test_teardown(test_libraries_wipe, each_tell),
    cmocka_unit_test_teardown(test_libraries_twin, each_tell),
};

TEST_MAIN(tests)
