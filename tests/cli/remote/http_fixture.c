/*
 * tests/cli/remote/http_fixture.c: see the header.
 */
#include "tests/cli/remote/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(clockid_t which)
{
	struct timespec now;

	assert_int_equal(clock_gettime(which, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t wall_ms(void *self)
{
	(void)self;
	return now_ms(CLOCK_REALTIME);
}

int64_t monotonic_ms(void *self)
{
	(void)self;
	return now_ms(CLOCK_MONOTONIC);
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

const struct clock test_clock = {.wall_ms = wall_ms, .monotonic_ms = monotonic_ms};
const struct random test_random = {.fill = fill};

int http_fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct sync_answer answer = {.status = SYNC_CURRENT, .head.seq = 7, .sweep = 1};

	if (fixture == NULL)
		return -1;
	assert_int_equal(unsetenv("http_proxy") | unsetenv("all_proxy") | unsetenv("ALL_PROXY"), 0);
	device_keys_new(&test_random, &fixture->keys);
	device_keys_new(&test_random, &fixture->recovery);
	fixture->access.keys = &fixture->keys;
	fixture->clock = test_clock;
	memset(fixture->account.bytes, 0xa5, ACCOUNT_ID_LEN);
	assert_int_equal(sync_answer_encode(&answer, &fixture->sync_answer), FORMAT_OK);
	*state = fixture;
	return 0;
}

int http_fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	remote_close(fixture->remote);
	server_free(fixture->server);
	bytes_clear(&fixture->sync_answer);
	free(fixture);
	return 0;
}

const struct remote_ops *start(
    struct fixture *fixture, const struct script_step *steps, size_t steps_count)
{
	remote_close(fixture->remote);
	server_free(fixture->server);
	fixture->server = server_start(steps, steps_count, fixture->url);
	remote_request(&fixture->call, &fixture->clock);
	fixture->remote = remote_open(fixture->url, &fixture->clock, &test_random, (struct view){0},
	    &fixture->access, &fixture->call);
	if (fixture->remote == NULL)
		fail_msg("%s", fixture->call.message);
	return fixture->remote->ops;
}

enum remote_result poll_once(struct fixture *fixture, struct sync_answer *answer)
{
	const struct sync_request request = {
	    .account = fixture->account, .device = fixture->keys.id, .cursor.seq = 7};

	return fixture->remote->ops->sync(fixture->remote->self, &request, &fixture->call, answer);
}

enum remote_result get_roster(struct fixture *fixture)
{
	struct bytes roster = {0};
	enum remote_result result = fixture->remote->ops->roster(
	    fixture->remote->self, &fixture->account, &fixture->call, &roster);

	assert_true(result == REMOTE_OK || roster.data == NULL);
	bytes_clear(&roster);
	return result;
}

struct remote_counts counted(const struct fixture *fixture)
{
	struct remote_counts counts;

	remote_counted(fixture->remote, &counts);
	return counts;
}

void http_outputs_clear(struct http_outputs *out)
{
	bytes_clear(&out->bytes);
	sync_answer_clear(&out->answer);
	bytes_clear(&out->receipt.encoded);
	memset(out, 0, sizeof(*out));
}

enum remote_result call_with(const struct fixture *fixture, struct remote *remote,
    enum http_call which, struct call *call, struct http_outputs *out)
{
	const struct remote_ops *ops = remote->ops;
	const struct account_id *account = &fixture->account;
	struct sync_request request = {
	    .account = *account, .device = fixture->keys.id, .cursor.seq = 7};
	struct blob_name name = {.count = 3};

	remote_request(call, &fixture->clock);
	blob_hash(view_text("hello"), &name.hash);
	switch (which) {
	case CALL_INFO: return ops->info(remote->self, call, &out->info);
	case CALL_CREATE: return ops->create(remote->self, account, view_text("create"), call);
	case CALL_PUSH:
		request.frames[0] = view_text("frame");
		request.frames_count = 1;
		return ops->sync(remote->self, &request, call, &out->answer);
	case CALL_POLL: return ops->sync(remote->self, &request, call, &out->answer);
	case CALL_BLOB_GET: return ops->blob_get(remote->self, account, &name, call, &out->bytes);
	case CALL_BLOB_PUT:
		return ops->blob_put(remote->self, account, &name, view_text("hello"), call);
	case CALL_ROSTER: return ops->roster(remote->self, account, call, &out->bytes);
	case CALL_WIPE:
		return ops->wipe(remote->self, account, view_text("wipe"), call, &out->receipt);
	case CALL_WIPE_RECORD: return ops->wipe_record(remote->self, account, call, &out->bytes);
	case CALL_READY: break;
	}
	return remote_probe(fixture->url, &fixture->clock, &test_random, false, NULL, call) ==
		       REMOTE_FIT
		   ? REMOTE_OK
		   : REMOTE_LATER;
}

enum remote_result call_once(
    struct fixture *fixture, enum http_call which, struct http_outputs *out)
{
	return call_with(fixture, fixture->remote, which, &fixture->call, out);
}

struct script_step sync_step(const struct fixture *fixture, char head_out[128])
{
	(void)snprintf(head_out, 128,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: %zu\r\n\r\n",
	    fixture->sync_answer.len);
	return (struct script_step){.answer = head_out, .body = view_bytes(&fixture->sync_answer)};
}

struct http_signature check_signed(const struct fixture *fixture, const struct script_request *sent,
    const char *path, const struct device_keys *keys)
{
	char input[512], text[256], digest[128], type[64], method[8];
	struct http_signature signature;
	struct http_request request = {
	    .method = method, .authority = fixture->url + 7, .path = path, .query = ""};
	bool has_body;

	assert_int_equal(sscanf(sent->head, "%7s", method), 1);
	request_field(sent, "Signature-Input", input, sizeof(input));
	request_field(sent, "Signature", text, sizeof(text));
	request_field(sent, "Content-Digest", digest, sizeof(digest));
	request_field(sent, "Content-Type", type, sizeof(type));
	request.content_type = type[0] == '\0' ? NULL : type;
	request.body = view_bytes(&sent->body);
	assert_int_equal(http_signature_parse(input, &signature, &has_body), FORMAT_OK);
	assert_int_equal(has_body, sent->body.len > 0);
	assert_int_equal(http_signature_check(&request, input, text,
			     digest[0] == '\0' ? NULL : digest, keys->sign_public),
	    FORMAT_OK);
	assert_true(account_equal(&signature.account, &fixture->account));
	assert_true(device_equal(&signature.device, &keys->id));
	return signature;
}
