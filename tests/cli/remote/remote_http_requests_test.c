/*
 * tests/cli/remote/remote_http_requests_test.c: what is sent to a gateway, to the last header: of
 * each call, of a twin, with an invite, by which way and clock; and what becomes of the answers
 * that each call takes, and of all others.
 */
#include "tests/cli/remote/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_HEX "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
#define BLOB_PATH "/v1/blobs/0ef01852082cfdd0a22a11e0d7d92e9b24d951622ec27fdf2be69a04ac01a5c9.3"
#define BYTES "application/octet-stream"
#define CBOR "application/cbor"
#define JSON "application/json"

#define BARE "Host User-Agent Accept"
#define SIGNED BARE " Signature-Input Signature"
#define BODY BARE " Content-Type Content-Length"
#define SIGNED_BODY BARE " Content-Type Content-Digest Signature-Input Signature Content-Length"

static const struct {
	const char *name, *method, *path, *fields;
	const char *type, *body; /* NULL: none, or what a sync encodes */
	const char *answer_type; /* of a success; NULL: any */
	char counted;            /* as a put, a get, a removal; '-': elsewhere */
} calls[CALLS_COUNT] = {
    [CALL_INFO] = {"info", "GET", "/v1/info", BARE, NULL, NULL, JSON, 'g'},
    [CALL_CREATE] = {"create", "POST", "/v1/accounts",
	BARE " Content-Type Inkseal-Invite Content-Length", CBOR, "create", JSON, 'p'},
    [CALL_POLL] = {"poll", "POST", "/v1/sync", SIGNED_BODY, CBOR, NULL, CBOR, 'g'},
    [CALL_PUSH] = {"push", "POST", "/v1/sync", SIGNED_BODY, CBOR, NULL, CBOR, 'p'},
    [CALL_BLOB_GET] = {"blob_get", "GET", BLOB_PATH, SIGNED, NULL, NULL, BYTES, 'g'},
    [CALL_BLOB_PUT] = {"blob_put", "PUT", BLOB_PATH, SIGNED_BODY, BYTES, "hello", NULL, 'p'},
    [CALL_ROSTER] = {"roster", "GET", "/v1/accounts/" ACCOUNT_HEX "/roster", BARE, NULL, NULL,
	BYTES, 'g'},
    [CALL_WIPE] = {"wipe", "DELETE", "/v1/accounts/" ACCOUNT_HEX, BODY, BYTES, "wipe", BYTES, 'r'},
    [CALL_WIPE_RECORD] = {"wipe_record", "GET", "/v1/accounts/" ACCOUNT_HEX "/wipe", BARE, NULL,
	NULL, BYTES, 'g'},
    [CALL_READY] = {"ready", "GET", "/readyz", BARE, NULL, NULL, NULL, '-'},
};

/* The names of a head's fields, in order. */
static void field_names(const struct script_request *request, char *out, size_t out_size)
{
	const char *line = strstr(request->head, "\r\n") + 2;
	size_t len = 0;

	out[0] = '\0';
	for (; *line != '\r'; line = strstr(line, "\r\n") + 2) {
		len += (size_t)snprintf(out + len, out_size - len, "%s%.*s", len == 0 ? "" : " ",
		    (int)strcspn(line, ":"), line);
		assert_true(len < out_size);
	}
}

static void assert_field(
    const struct script_request *request, const char *name, const char *expected)
{
	char value[128];

	request_field(request, name, value, sizeof(value));
	assert_string_equal(value, expected);
}

static void assert_counted(const struct fixture *fixture, char as, size_t up, size_t down)
{
	assert_int_equal(counted(fixture).get, as == 'g');
	assert_int_equal(counted(fixture).put, as == 'p');
	assert_int_equal(counted(fixture).remove, as == 'r');
	assert_int_equal(counted(fixture).list, 0);
	assert_int_equal(counted(fixture).bytes_up, as == '-' ? 0 : up);
	assert_int_equal(counted(fixture).bytes_down, as == '-' ? 0 : down);
}

static void assert_sent(
    const struct fixture *fixture, unsigned which, const struct script_request *sent)
{
	char line[256], names[256];

	(void)snprintf(
	    line, sizeof(line), "%s %s HTTP/1.1\r\n", calls[which].method, calls[which].path);
	assert_memory_equal(sent->head, line, strlen(line));
	field_names(sent, names, sizeof(names));
	assert_string_equal(names, calls[which].fields);
	assert_field(sent, "Host", fixture->url + strlen("http://"));
	assert_field(sent, "User-Agent", "inkseal");
	assert_field(sent, "Content-Type", calls[which].type == NULL ? "" : calls[which].type);
	assert_field(sent, "Inkseal-Invite", which == CALL_CREATE ? "one-word" : "");
	if (calls[which].type == NULL)
		assert_int_equal(sent->body.len, 0);
	else if (calls[which].body != NULL)
		assert_true(view_equal(view_bytes(&sent->body), view_text(calls[which].body)));
	if (strstr(calls[which].fields, "Signature") != NULL)
		(void)check_signed(fixture, sent, calls[which].path, &fixture->keys);
}

/* And what it carries, as the gateway reads it. */
static void assert_exchange(
    const struct fixture *fixture, unsigned which, const struct script_request *sent)
{
	struct sync_request request;

	assert_int_equal(sync_request_decode(view_bytes(&sent->body), &request), FORMAT_OK);
	assert_int_equal(request.cursor.seq, 7);
	assert_true(device_equal(&request.device, &fixture->keys.id));
	assert_int_equal(request.frames_count, which == CALL_PUSH);
	if (which == CALL_PUSH)
		assert_true(view_equal(request.frames[0], view_text("frame")));
}

static void each_request_is_as_it_is_to_be(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {
	    {.answer = PROBLEM_HEAD("404 Not Found", "", "16") "{\"detail\":\"why\"}"}};

	fixture->access.invite = "one-word";
	for (unsigned which = 0; which < CALLS_COUNT; which++) {
		const struct script_request *sent;
		struct http_outputs out = {0};
		struct http_outputs before = {0};

		print_message("%s\n", calls[which].name);
		(void)start(fixture, steps, COUNT_OF(steps));
		assert_int_equal(call_once(fixture, which, &out),
		    which == CALL_READY ? REMOTE_LATER : REMOTE_ABSENT);
		assert_string_equal(fixture->call.message, "the gateway: why");
		assert_memory_equal(&out, &before, sizeof(out));
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), 1);
		sent = server_request(fixture->server, 0);
		assert_sent(fixture, which, sent);
		assert_counted(fixture, calls[which].counted, sent->body.len, 16);
		if (which == CALL_POLL || which == CALL_PUSH)
			assert_exchange(fixture, which, sent);
	}
}

/* What each call takes for a success's body, made anew; and what it says to any other. */
static enum remote_result good_body(
    const struct fixture *fixture, unsigned which, struct bytes *out)
{
	struct receipt receipt = {.account = fixture->account, .objects_removed = 12};

	memcpy(receipt.signer, fixture->keys.sign_public, SIGN_PUBLIC_LEN);
	switch (which) {
	case CALL_INFO:
		assert_true(
		    bytes_copy(view_text("{\"names\":[\"a.example\"],\"receiptKey\":\"AAECAw"
					 "QFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}"),
			out));
		return REMOTE_FAILED;
	case CALL_POLL:
	case CALL_PUSH:
		assert_true(bytes_copy(view_bytes(&fixture->sync_answer), out));
		return REMOTE_DAMAGED;
	case CALL_BLOB_GET: assert_true(bytes_copy(view_text("hello"), out)); return REMOTE_DAMAGED;
	case CALL_BLOB_PUT: assert_true(bytes_new(0, out)); return REMOTE_OK;
	case CALL_WIPE:
		assert_int_equal(
		    receipt_encode(&receipt, fixture->keys.sign_secret, out), FORMAT_OK);
		return REMOTE_DAMAGED;
	default: assert_true(bytes_copy(view_text("bytes"), out)); return REMOTE_OK;
	}
}

static enum remote_result answered(struct fixture *fixture, unsigned which, const char *status,
    const char *type, struct view body, struct http_outputs *out)
{
	struct script_step step = {.body = body};
	char head[256];

	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type,
	    body.len);
	step.answer = head;
	(void)start(fixture, &step, 1);
	return call_once(fixture, which, out);
}

static void each_success_gives_what_it_brought(void **state)
{
	struct fixture *fixture = *state;
	static const char *const statuses[] = {"200 OK", "201 Created", "204 No Content"};

	for (unsigned which = 0; which < CALLS_COUNT; which++)
		for (size_t i = 0; i < COUNT_OF(statuses); i++) {
			struct http_outputs out = {0};
			struct bytes body = {0};
			enum remote_result empty = good_body(fixture, which, &body);
			bool has_body = strncmp(statuses[i], "204", 3) != 0;
			enum remote_result result = answered(fixture, which, statuses[i],
			    calls[which].answer_type == NULL ? BYTES : calls[which].answer_type,
			    has_body ? view_bytes(&body) : (struct view){0}, &out);

			if (result != (has_body ? REMOTE_OK : empty))
				fail_msg("%s, %s: %s: %s", calls[which].name, statuses[i],
				    remote_result_text(result), fixture->call.message);
			if (has_body && which == CALL_INFO)
				assert_string_equal(out.info.name, "a.example");
			if (has_body && (which == CALL_POLL || which == CALL_PUSH))
				assert_int_equal(out.answer.head.seq, 7);
			if (has_body && which == CALL_WIPE)
				assert_int_equal(out.receipt.objects_removed, 12);
			if (has_body && out.bytes.data != NULL)
				assert_true(view_equal(view_bytes(&out.bytes), view_bytes(&body)));
			http_outputs_clear(&out);
			bytes_clear(&body);
		}
}

static void what_is_no_gateways_success_is_none(void **state)
{
	struct fixture *fixture = *state;
	static const char *const statuses[] = {"202 Accepted", "203 No", "205 No", "206 Part"};

	for (unsigned which = 0; which < CALL_READY; which++) {
		struct http_outputs out = {0}, before = {0};
		struct bytes body = {0};
		enum remote_result result;

		(void)good_body(fixture, which, &body);
		result = answered(fixture, which, "200 OK", "text/plain", view_bytes(&body), &out);
		if (calls[which].answer_type != NULL) {
			assert_int_equal(result, REMOTE_FAILED);
			assert_string_equal(fixture->call.message,
			    "what answers at this URL is not a gateway: it sends \"text/plain\"");
		}
		for (size_t i = 0; i < COUNT_OF(statuses); i++) {
			result = answered(fixture, which, statuses[i],
			    calls[which].answer_type == NULL ? BYTES : calls[which].answer_type,
			    view_bytes(&body), &out);
			assert_int_equal(result, REMOTE_FAILED);
			assert_non_null(strstr(fixture->call.message, "is not a gateway (20"));
		}
		assert_memory_equal(&out, &before, sizeof(out));
		bytes_clear(&body);
	}
}

/* Of a later version, too: the type with what follows it. */
static void types_are_read_without_parameters(void **state)
{
	struct fixture *fixture = *state;
	struct http_outputs out = {0};

	assert_int_equal(answered(fixture, CALL_ROSTER, "200 OK",
			     "Application/OCTET-stream; charset=x", view_text("bytes"), &out),
	    REMOTE_OK);
	assert_true(view_equal(view_bytes(&out.bytes), view_text("bytes")));
	http_outputs_clear(&out);
}

static void tidying_up_is_a_gateways_own_affair(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {{.answer = NOTHING_HEAD}};
	const struct remote_ops *ops = start(fixture, steps, COUNT_OF(steps));

	assert_int_equal(
	    ops->tidy(fixture->remote->self, &fixture->account, &fixture->call), REMOTE_OK);
	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 0);
}

/* A large body waits for the gateway's word; a small one goes with its header. */
static void a_large_body_waits_for_a_word(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {{.answer = NOTHING_HEAD}};
	const struct blob_name name = {.count = 3};
	struct bytes blob = {0};

	assert_true(bytes_new((64u << 10) + 1, &blob));
	for (unsigned larger = 0; larger < 2; larger++) {
		const struct remote_ops *ops = start(fixture, steps, COUNT_OF(steps));

		assert_int_equal(
		    ops->blob_put(fixture->remote->self, &fixture->account, &name,
			view_of(blob.data, blob.len - (larger ? 0 : 1)), &fixture->call),
		    REMOTE_OK);
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), 1);
		assert_field(
		    server_request(fixture->server, 0), "Expect", larger ? "100-continue" : "");
		assert_int_equal(
		    server_request(fixture->server, 0)->body.len, (64u << 10) + (larger ? 1 : 0));
	}
	bytes_clear(&blob);
}

/* Nothing of it is sent: no gateway takes it. */
static void a_request_over_the_maximum_is_not_sent(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head)};
	struct bytes body = {0}, encoded = {0};
	struct sync_request request = {
	    .account = fixture->account, .device = fixture->keys.id, .bodies_count = 1};
	size_t around; /* the bytes of the request that are not the body's */

	assert_true(bytes_new(REQUEST_MAX + 1, &body));
	request.bodies[0] = view_of(body.data, REQUEST_MAX - 1000);
	assert_int_equal(sync_request_encode(&request, &encoded), FORMAT_OK);
	around = encoded.len - request.bodies[0].len;
	bytes_clear(&encoded);
	for (unsigned over = 0; over < 3; over++) {
		const struct remote_ops *ops = start(fixture, steps, COUNT_OF(steps));
		struct sync_answer answer = {0};
		enum remote_result result;

		request.bodies[0].len = REQUEST_MAX - around + over;
		if (over == 2) /* more than can be encoded at all */
			request.roster = view_of(body.data, ROSTER_MAX + 1);
		result = ops->sync(fixture->remote->self, &request, &fixture->call, &answer);
		assert_int_equal(result, over ? REMOTE_REFUSED : REMOTE_OK);
		if (over)
			assert_string_equal(
			    fixture->call.message, "the request is larger than a gateway takes");
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), over ? 0 : 1);
		if (!over)
			assert_int_equal(server_request(fixture->server, 0)->body.len, REQUEST_MAX);
		sync_answer_clear(&answer);
	}
	bytes_clear(&body);
}

static void an_invite_is_one_word(void **state)
{
	struct fixture *fixture = *state;
	char longest[REMOTE_INVITE_MAX + 2];
	const struct {
		const char *invite;
		bool good;
	} rows[] = {
	    {"!", true},
	    {"~", true},
	    {longest + 1, true},
	    {longest, false},
	    {"", false},
	    {" ", false},
	    {"a ", false},
	    {"a\x7f", false},
	    {"a\x80", false},
	    {"a\tb", false},
	    {"a\r\nHost: b", false},
	};

	memset(longest, 'w', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static const struct script_step steps[] = {{.answer = OK_HEAD(JSON, "2") "{}"}};
		struct http_outputs out = {0};
		struct remote *remote;

		fixture->access.invite = rows[i].invite;
		remote_request(&fixture->call, &test_clock);
		remote = remote_open("http://127.0.0.1:9", &test_clock, &test_random,
		    (struct view){0}, &fixture->access, &fixture->call);
		if ((remote != NULL) != rows[i].good)
			fail_msg("row %zu: %s", i, fixture->call.message);
		remote_close(remote);
		if (!rows[i].good) {
			assert_string_equal(fixture->call.message,
			    "that is not an invite: it is one word, as inkseald invite prints");
			continue;
		}
		(void)start(fixture, steps, COUNT_OF(steps));
		assert_int_equal(call_once(fixture, CALL_CREATE, &out), REMOTE_OK);
		server_stop(fixture->server);
		assert_non_null(strstr(server_request(fixture->server, 0)->head, rows[i].invite));
	}
}

/* A twin asks as its original does, by a connection of its own, and its requests count at its end.
 */
static void a_twin_asks_likewise(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {{.answer = NOTHING_HEAD, .manner = SCRIPT_CLOSE},
	    {.answer = NOTHING_HEAD}, {.answer = NOTHING_HEAD},
	    {.answer = PROBLEM_HEAD("404 Not Found", "", "2") "{}", .manner = SCRIPT_CLOSE},
	    {.answer = PROBLEM_HEAD("404 Not Found", "", "2") "{}"},
	    {.answer = PROBLEM_HEAD("404 Not Found", "", "2") "{}"},
	    {.answer = PROBLEM_HEAD("404 Not Found", "", "2") "{}", .manner = SCRIPT_CLOSE}};
	struct http_outputs out = {0};
	struct remote *twin;
	struct call call;

	fixture->access.skew_ms = 7200000;
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(call_once(fixture, CALL_BLOB_PUT, &out), REMOTE_OK);
	twin = fixture->remote->ops->twin(fixture->remote->self);
	assert_non_null(twin);
	/* Of each kind another number: none is counted for another. */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(call_with(fixture, twin, CALL_BLOB_PUT, &call, &out), REMOTE_OK);
	assert_int_equal(call_with(fixture, twin, CALL_BLOB_GET, &call, &out), REMOTE_ABSENT);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(call_with(fixture, twin, CALL_WIPE, &call, &out), REMOTE_ABSENT);
	assert_counted(fixture, 'p', 5, 0);
	remote_close(twin);
	assert_int_equal(counted(fixture).put, 1 + 2);
	assert_int_equal(counted(fixture).get, 1);
	assert_int_equal(counted(fixture).remove, 3);
	assert_int_equal(counted(fixture).bytes_up, 5 + 2 * 5 + 3 * 4);
	assert_int_equal(counted(fixture).bytes_down, 2 + 3 * 2);
	server_stop(fixture->server);
	for (size_t i = 0; i < 4; i++) {
		const struct script_request *sent = server_request(fixture->server, i);
		struct http_signature signature =
		    check_signed(fixture, sent, BLOB_PATH, &fixture->keys);

		assert_int_equal(sent->connection, i == 0 ? 1 : 2);
		assert_true(llabs(signature.created_s - wall_ms(NULL) / 1000 - 7200) <= 10);
	}
}

/* What is not encrypted, because it stays on this machine, goes to no proxy elsewhere. */
static void what_stays_here_goes_through_no_proxy(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head)};
	struct sync_answer answer = {0};

	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
	assert_int_equal(unsetenv("no_proxy") | unsetenv("NO_PROXY"), 0);
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	sync_answer_clear(&answer);
	assert_int_equal(unsetenv("http_proxy"), 0);
}

/* Nobody's, and of no use but to be one. */
static const char some_authority[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBejCCAR+gAwIBAgIUbmaWxChBzSPPYCabOxjsKjbfcR4wCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTIwMTA5MjQxOFoYDzIxMjYxMTA3MDky\n"
    "NDE4WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AAS3n9mQM8RXkV4rPjNiYFQNcVo7kpAmD/SwaoWm5ouNFE+FY97Amdn6KVG9x8z8\n"
    "LN7NarC+95E5JeHingnYMkFzo1MwUTAdBgNVHQ4EFgQUOZyaaFDg3of58u7C2Ket\n"
    "xW4o4F0wHwYDVR0jBBgwFoAUOZyaaFDg3of58u7C2KetxW4o4F0wDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAm6BP22V5X0dqiTTqyTlTjdK74MqG\n"
    "LVCZmDnTFFGKzygCIQChck6jbG7p0dM+Ia98C21CrROWRsuWACJ5hTtwaDIMuw==\n"
    "-----END CERTIFICATE-----\n";

static void set_variable(const char *name, const char *value)
{
	assert_int_equal(value == NULL ? unsetenv(name) : setenv(name, value, 1), 0);
}

/* What is said to https:// of a server that speaks no TLS at all. */
static void ask_by_tls(struct fixture *fixture)
{
	static const struct script_step steps[] = {
	    {.answer = "HTTP/1.1 400 Bad Request\r\n\r\n", .manner = SCRIPT_FIRST}};
	struct http_outputs out = {0};
	char url[80];

	(void)start(fixture, steps, COUNT_OF(steps));
	remote_close(fixture->remote);
	(void)snprintf(url, sizeof(url), "https%s", fixture->url + strlen("http"));
	fixture->remote = remote_open(
	    url, &test_clock, &test_random, (struct view){0}, &fixture->access, &fixture->call);
	assert_non_null(fixture->remote);
	assert_int_equal(call_once(fixture, CALL_ROSTER, &out), REMOTE_FAILED);
}

/* Those of the environment, where it names any; a variable that is empty names none. */
static void the_authorities_of_tls_are_the_environments(void **state)
{
	struct fixture *fixture = *state;
	char real[] = "/tmp/inkseal-authority-XXXXXX";
	static const char none[] = "/no/such/file";
	int fd = mkstemp(real);
	const struct {
		const char *bundle, *file;
		bool found;
	} rows[] = {
	    {NULL, real, true},
	    {real, NULL, true},
	    {real, none, true},
	    {"", real, true},
	    {real, "", true},
	    {none, NULL, false},
	    {NULL, none, false},
	    {"", none, false},
	    {none, real, false},
	};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, some_authority, strlen(some_authority)), strlen(some_authority));
	assert_int_equal(close(fd), 0);
	set_variable("SSL_CERT_DIR", "");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		set_variable("CURL_CA_BUNDLE", rows[i].bundle);
		set_variable("SSL_CERT_FILE", rows[i].file);
		ask_by_tls(fixture);
		if (strstr(fixture->call.message,
			rows[i].found ? "a gateway without TLS has a URL that begins with http://"
				      : "CA cert") == NULL)
			fail_msg("row %zu: %s", i, fixture->call.message);
	}
	set_variable("CURL_CA_BUNDLE", NULL);
	set_variable("SSL_CERT_FILE", NULL);
	set_variable("SSL_CERT_DIR", NULL);
	assert_int_equal(unlink(real), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_http(each_request_is_as_it_is_to_be),
    cmocka_unit_test_http(each_success_gives_what_it_brought),
    cmocka_unit_test_http(what_is_no_gateways_success_is_none),
    cmocka_unit_test_http(types_are_read_without_parameters),
    cmocka_unit_test_http(tidying_up_is_a_gateways_own_affair),
    cmocka_unit_test_http(a_large_body_waits_for_a_word),
    cmocka_unit_test_http(a_request_over_the_maximum_is_not_sent),
    cmocka_unit_test_http(an_invite_is_one_word),
    cmocka_unit_test_http(a_twin_asks_likewise),
    cmocka_unit_test_http(what_stays_here_goes_through_no_proxy),
    cmocka_unit_test_http(the_authorities_of_tls_are_the_environments),
};

TEST_MAIN(tests)
