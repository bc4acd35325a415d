/*
 * tests/gateway/http/http_answers_test.c: all that a client is told, and what the log and /metrics
 * say of it: status, fields, problem details; of requests that end by their header, of what the
 * account code answers, of the routes that ask nobody.
 */
#include "gateway/http/logfmt.h"
#include "tests/gateway/http/http_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CBOR "Content-Type: application/cbor\n"
#define OCTETS "Content-Type: application/octet-stream\n"
#define BLOB "/v1/blobs/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f.0"
#define TAKES_MS 7 /* each request here */

static enum account_result check_invite(void *self, const char *token, struct call *call)
{
	(void)self;
	if (strcmp(token, "good") == 0)
		return ACCOUNT_OK;
	call_sayf(call, "not an invitation of ours");
	return ACCOUNT_REFUSED;
}

static enum account_result spend_invite(
    void *self, const char *token, const struct account_id *account, struct call *call)
{
	(void)account;
	return check_invite(self, token, call);
}

static bool denied;    /* what the bucket thinks of our credentials */
static unsigned asked; /* rows, each of them with a number of its own */

static bool is_denied(void *sink)
{
	(void)sink;
	return denied;
}

static void open_world(void)
{
	static const char *const names[] = {"a.example.org", "b.example.org:8443"};

	denied = false;
	asked = 0;
	world_open(1);
	world.kind = true;
	world.config.names = names;
	world.config.names_count = COUNT_OF(names);
	world.config.create_open = false;
	world.config.invites = (struct http_invites){NULL, check_invite, spend_invite};
	world.config.denied = is_denied;
	world.config.metrics_fd = 0; /* a door by hand asks for none */
	hand_closed = NULL;
}

static int world_setup(void **state)
{
	(void)state;
	open_world();
	world_start();
	return 0;
}

static int world_teardown(void **state)
{
	(void)state;
	world_close();
	return 0;
}

/* ---- one request, and all that is told of it ---- */

struct row {
	const char *name, *method, *path, *query;
	const char *fields; /* of the request: "Name: value", a line each */
	/* What the log calls them; the problem's code and detail. Of what is no problem detail is
	 * the body, and code its type. */
	const char *route;
	unsigned status;
	const char *result, *code, *detail;
	const char *more; /* of the answer's fields, beside those that are always there */
};

static void add_fields(struct MHD_Connection *connection, const char *fields)
{
	while (*fields != '\0') {
		const char *colon = strchr(fields, ':'), *end = strchr(fields, '\n');
		char name[64], value[512];

		(void)snprintf(name, sizeof(name), "%.*s", (int)(colon - fields), fields);
		(void)snprintf(value, sizeof(value), "%.*s", (int)(end - colon - 2), colon + 2);
		hand_header(connection, name, value);
		fields = end + 1;
	}
}

static bool is_problem(const struct row *row)
{
	return row->status >= 400;
}

static void body_of(const struct row *row, char *out, size_t size)
{
	if (is_problem(row))
		(void)snprintf(out, size,
		    "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"code\":\"%s\","
		    "\"detail\":\"%s\"}\n",
		    MHD_get_reason_phrase_for(row->status), row->status, row->code, row->detail);
	else
		(void)snprintf(out, size, "%s", row->detail);
}

static void expect_text(const char *name, const char *text, const char *expected)
{
	if (strcmp(text, expected) != 0)
		fail_msg("%s: told\n%s\nand not\n%s", name, text, expected);
}

static void expect_told(const struct row *row, const struct MHD_Connection *connection)
{
	static char body[HAND_TEXT_MAX], text[HAND_TEXT_MAX];
	unsigned long instance = world.server->instance;
	unsigned number = asked;

	if (connection->status != row->status)
		fail_msg("%s: %u", row->name, connection->status);
	body_of(row, body, sizeof(body));
	expect_text(row->name, connection->text, body);
	(void)snprintf(text, sizeof(text),
	    "Inkseal-Request: %08lx-%x\nCache-Control: no-store\nContent-Type: %s\n%s", instance,
	    number, is_problem(row) ? "application/problem+json" : row->code, row->more);
	expect_text(row->name, connection->fields, text);
	(void)snprintf(text, sizeof(text),
	    "id=%08lx-%x route=%s status=%u ms=%d in=0 out=%zu result=%s%s%s%s", instance, number,
	    row->route, row->status, TAKES_MS, strlen(body), row->result,
	    is_problem(row) ? " message=\"" : "", is_problem(row) ? row->detail : "",
	    is_problem(row) ? "\"" : "");
	expect_text(row->name, world.line, text);
}

/* Begun by its header, and answered as soon as that is there, or with the body that is none. */
static void expect_row(const struct row *row)
{
	struct MHD_Connection *connection = hand_connection(row->method, row->path, row->query, 0);

	add_fields(connection, row->fields);
	asked++;
	world.begun++;
	hand_begin(world.server, connection);
	world.now_ms += TAKES_MS;
	if (connection->status == 0)
		hand_go_on(connection);
	assert_false(connection->over);
	if (connection->status != 0)
		hand_end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	expect_told(row, connection);
}

#define BUSY "Retry-After: 1\n"
#define CLOSE "Connection: close\n"
#define SCHEME "WWW-Authenticate: Signature\n"

static void what_ends_by_its_header(void **state)
{
	static const struct row rows[] = {
	    {"no such path", "GET", "/nothing", "", "", "none", 404, "path", "path",
		"there is nothing at this path", ""},
	    {"the other door's", "GET", "/metrics", "", "", "none", 404, "path", "path",
		"there is nothing at this path", ""},
	    {"another method", "GET", "/v1/sync", "", "", "none", 405, "method", "method",
		"not by this method", "Allow: POST\n"},
	    {"another method of two", "DELETE", BLOB, "", "", "none", 405, "method", "method",
		"not by this method", "Allow: GET, PUT\n"},
	    {"a query that is none", "GET", "/v1/watch", "seq=x", "", "none", 400, "malformed",
		"malformed", "the query is not what belongs here", ""},
	    {"a query", "GET", "/v1/info", "x", "", "none", 400, "malformed", "malformed",
		"the query is not what belongs here", ""},
	    {"a body where none is taken", "GET", "/v1/info", "", "Content-Length: 5\n", "info",
		400, "malformed", "malformed", "this request takes no body", CLOSE},
	    {"a type where none is taken", "GET", "/v1/info", "", "Content-Type: text/plain\n",
		"info", 400, "malformed", "malformed", "this request takes no body", ""},
	    {"no length", "POST", "/v1/sync", "", CBOR, "sync", 411, "malformed", "malformed",
		"Content-Length is missing", ""},
	    {"no body", "POST", "/v1/sync", "", CBOR "Content-Length: 0\n", "sync", 400,
		"malformed", "malformed", "the body is missing", ""},
	    {"no type", "POST", "/v1/sync", "", "Content-Length: 5\n", "sync", 415, "malformed",
		"malformed", "the body is of another type", CLOSE},
	    {"another type", "POST", "/v1/sync", "", OCTETS "Content-Length: 5\n", "sync", 415,
		"malformed", "malformed", "the body is of another type", CLOSE},
	    {"what could be read in two ways", "POST", "/v1/sync", "",
		CBOR "Transfer-Encoding: chunked\n", "sync", 400, "malformed", "malformed",
		"Transfer-Encoding is not taken: send Content-Length", CLOSE},
	    {"unsigned", "POST", "/v1/sync", "", CBOR "Content-Length: 5\n", "sync", 401,
		"unsigned", "signature", "the request is not signed", SCHEME CLOSE},
	    {"half signed", "GET", "/v1/watch", "seq=1", "Signature-Input: a\n", "watch", 401,
		"unsigned", "signature", "the request is not signed", SCHEME},
	    {"the other half", "GET", BLOB, "", "Signature: a\n", "blob_get", 401, "unsigned",
		"signature", "the request is not signed", SCHEME},
	    {"signed in another way", "GET", BLOB, "", "Signature: a\nSignature-Input: a\n",
		"blob_get", 401, "unsigned", "signature",
		"the signature is not in the form that is taken here", SCHEME},
	    {"uninvited", "POST", "/v1/accounts", "", CBOR "Content-Length: 5\n", "create", 403,
		"uninvited", "invite", "creating an account here needs an invitation", CLOSE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_row(&rows[i]);
	assert_int_equal(world.logged, COUNT_OF(rows));
}

struct signed_row {
	const char *name, *method;
	size_t input_len, signature_len, digest_len; /* not 0: made so long */
	const char *detail;
	unsigned status;
	bool body, covers, digest; /* the request has one; it is signed for one; a digest is sent */
};

static void lengthen(char *text, size_t size, size_t len)
{
	assert_true(len < size);
	if (len == 0)
		return;
	assert_true(len > strlen(text));
	memset(text + strlen(text), 'x', len - strlen(text));
	text[len] = '\0';
}

static void expect_signed_row(const struct signed_row *row)
{
	const struct fixture *fixture = &world.pairs[0]->fixture;
	struct http_request request = {row->method, "a.example.org", BLOB, "",
	    row->covers ? "application/octet-stream" : NULL,
	    row->covers ? view_text("body") : (struct view){0}};
	struct http_signature signature = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .created_s = world_wall_ms() / 1000,
	    .expires_s = world_wall_ms() / 1000 + 60};
	struct MHD_Connection *connection = hand_connection(row->method, BLOB, "", 0);
	char input[512], proof[512], digest[512];
	struct http_signature_texts texts;

	assert_int_equal(
	    http_signature_make(&request, &signature, fixture->members[FIRST].sign_secret, &texts),
	    FORMAT_OK);
	memcpy(input, texts.input, sizeof(texts.input));
	memcpy(proof, texts.signature, sizeof(texts.signature));
	http_digest_text(view_text("body"), digest);
	lengthen(input, sizeof(input), row->input_len);
	lengthen(proof, sizeof(proof), row->signature_len);
	lengthen(digest, sizeof(digest), row->digest_len);
	if (row->body)
		add_fields(connection, OCTETS "Content-Length: 4\n");
	if (row->digest)
		hand_header(connection, "Content-Digest", digest);
	hand_header(connection, "Signature-Input", input);
	hand_header(connection, "Signature", proof);
	hand_begin(world.server, connection);
	if (connection->status != row->status ||
	    (row->status != 0 && strstr(connection->text, row->detail) == NULL))
		fail_msg("%s: %u %s", row->name, connection->status, connection->text);
	if (row->status == 401)
		assert_non_null(strstr(connection->fields, "\n" SCHEME));
	hand_end(connection, MHD_REQUEST_TERMINATED_CLIENT_ABORT);
}

#define COVER "the signature does not cover the body, or covers one that is not there"
#define FORM "the signature is not in the form that is taken here"
#define FORGED \
	"the signature does not hold for this request under any name of this gateway, such as " \
	"a.example.org"

/* By a device that is known, so that the signature itself is looked at, too. */
static void a_signature_covers_what_is_there(void **state)
{
	static const struct signed_row rows[] = {
	    {"a GET", "GET", 0, 0, 0, "", 0, false, false, false},
	    {"a PUT", "PUT", 0, 0, 0, "", 0, true, true, true},
	    {"a GET that covers a body", "GET", 0, 0, 0, COVER, 401, false, true, false},
	    {"… and names its digest", "GET", 0, 0, 0, COVER, 401, false, true, true},
	    {"a GET with a digest", "GET", 0, 0, 0, COVER, 401, false, false, true},
	    {"a PUT that covers none", "PUT", 0, 0, 0, COVER, 401, true, false, true},
	    {"… nor names a digest", "PUT", 0, 0, 0, COVER, 401, true, false, false},
	    {"a PUT without its digest", "PUT", 0, 0, 0, COVER, 401, true, true, false},
	    {"a signature as long as there is room", "GET", 0, HTTP_SIGNATURE_TEXT_MAX - 1, 0,
		FORGED, 401, false, false, false},
	    {"a longer one", "GET", 0, HTTP_SIGNATURE_TEXT_MAX, 0, FORM, 401, false, false, false},
	    {"an input that is too long", "GET", HTTP_INPUT_TEXT_MAX, 0, 0, FORM, 401, false, false,
		false},
	    {"a digest as long as there is room", "PUT", 0, 0, HTTP_DIGEST_TEXT_MAX - 1, FORGED,
		401, true, true, true},
	    {"a longer one", "PUT", 0, 0, HTTP_DIGEST_TEXT_MAX, FORM, 401, true, true, true},
	};

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_signed_row(&rows[i]);
}

/* To the byte: what is announced, and what an invitation may have. */
static void what_is_too_long_by_its_header(void **state)
{
	static const struct {
		const char *method, *path, *type;
		size_t max;
	} bodies[] = {
	    {"POST", "/v1/sync", CBOR, HTTP_SYNC_MAX},
	    {"PUT", BLOB, OCTETS, BLOB_MAX},
	    {"POST", "/v1/accounts", CBOR, HTTP_CREATE_MAX},
	    {"DELETE", "/v1/accounts/000102030405060708090a0b0c0d0e0f10111213", OCTETS,
		HTTP_WIPE_MAX},
	};
	char fields[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		for (size_t over = 0; over < 2; over++) {
			struct MHD_Connection *connection =
			    hand_connection(bodies[i].method, bodies[i].path, "", 0);

			(void)snprintf(fields, sizeof(fields), "%sContent-Length: %zu\n",
			    bodies[i].type, bodies[i].max + over);
			add_fields(connection, fields);
			hand_begin(world.server, connection);
			if (over == 1)
				assert_non_null(strstr(connection->text,
				    "\"code\":\"too_large\",\"detail\":\"the body is too large\""));
			if ((connection->status == 413) != (over == 1))
				fail_msg("%s: %u", bodies[i].path, connection->status);
			hand_end(connection, MHD_REQUEST_TERMINATED_CLIENT_ABORT);
		}
	for (size_t len = HTTP_INVITE_MAX - 1; len <= HTTP_INVITE_MAX; len++) {
		struct MHD_Connection *connection = hand_connection("POST", "/v1/accounts", "", 0);

		(void)snprintf(fields, sizeof(fields),
		    CBOR "Content-Length: 5\nInkseal-Invite: %0*d\n", (int)len, 0);
		add_fields(connection, fields);
		hand_begin(world.server, connection);
		if (len < HTTP_INVITE_MAX)
			assert_int_equal(connection->status, 0);
		else
			assert_non_null(strstr(connection->text,
			    "\"code\":\"invite\",\"detail\":\"this is no invitation\""));
		hand_end(connection, MHD_REQUEST_TERMINATED_CLIENT_ABORT);
	}
}

static void a_gateway_says_what_it_is_about(void **state)
{
	static const struct row not_ready[] = {
	    {"not ready", "GET", "/readyz", "", "", "readyz", 503, "busy", "busy",
		"the bucket has not passed its probe yet", BUSY},
	    {"a request before that", "GET", BLOB, "", "", "blob_get", 503, "busy", "busy",
		"this gateway is not ready yet", BUSY},
	    {"alive", "GET", "/healthz", "", "", "healthz", 200, "ok", "text/plain", "ok\n", ""},
	};
	static const struct row ready[] = {
	    {"ready", "GET", "/readyz", "", "", "readyz", 200, "ok", "text/plain", "ok\n", ""},
	    {"alive", "GET", "/healthz", "", "Content-Length: 0\n", "healthz", 200, "ok",
		"text/plain", "ok\n", ""},
	};
	static const struct row is_denied_now[] = {
	    {"denied", "GET", "/readyz", "", "", "readyz", 503, "busy", "busy", HTTP_NOT_ADMITTED,
		BUSY},
	    {"alive", "GET", "/healthz", "", "", "healthz", 200, "ok", "text/plain", "ok\n", ""},
	};
	static const struct row stopping[] = {
	    {"stopping", "GET", "/readyz", "", "", "readyz", 503, "busy", "busy",
		"this gateway is stopping", BUSY CLOSE},
	    {"a request", "GET", BLOB, "", "", "blob_get", 503, "busy", "busy",
		"this gateway is stopping", BUSY CLOSE},
	    {"alive", "GET", "/healthz", "", "", "healthz", 200, "ok", "text/plain", "ok\n", CLOSE},
	};

	(void)state;
	atomic_store(&world.server->ready, false);
	for (size_t i = 0; i < COUNT_OF(not_ready); i++)
		expect_row(&not_ready[i]);
	atomic_store(&world.server->ready, true);
	for (size_t i = 0; i < COUNT_OF(ready); i++)
		expect_row(&ready[i]);
	denied = true;
	for (size_t i = 0; i < COUNT_OF(is_denied_now); i++)
		expect_row(&is_denied_now[i]);
	atomic_store(&world.server->draining, true);
	for (size_t i = 0; i < COUNT_OF(stopping); i++)
		expect_row(&stopping[i]);
}

static void a_full_queue_is_said_by_the_header(void **state)
{
	static const struct row row = {"full", "GET", BLOB, "", "", "blob_get", 503, "busy", "busy",
	    "too many requests wait here", BUSY};

	(void)state;
	open_world();
	world.config.queue_max = 0;
	world_start();
	expect_row(&row);
	world_close();
}

/* What is said of it, whatever the names and the settings. */
static void a_gateway_says_who_it_is(void **state)
{
	char key[sodium_base64_ENCODED_LEN(SIGN_PUBLIC_LEN, sodium_base64_VARIANT_ORIGINAL)];
	char text[1024];
	struct row row = {
	    "info", "GET", "/v1/info", "", "", "info", 200, "ok", "application/json", text, ""};

	(void)state;
	(void)sodium_bin2base64(key, sizeof(key), world.server->receipt_public, SIGN_PUBLIC_LEN,
	    sodium_base64_VARIANT_ORIGINAL);
	assert_int_equal(memcmp(world.config.receipt_secret + SIGN_SECRET_LEN - SIGN_PUBLIC_LEN,
			     world.server->receipt_public, SIGN_PUBLIC_LEN),
	    0);
	for (unsigned i = 0; i < 2; i++) {
		world.server->config.create_open = i == 1;
		(void)snprintf(text, sizeof(text),
		    "{\"version\":\"0\",\"names\":[\"a.example.org\",\"b.example.org:8443\"],"
		    "\"receiptKey\":\"%s\",\"time\":%lld,\"limits\":{\"request\":%u,\"blob\":%u,"
		    "\"answer\":%u,\"watchSeconds\":55},\"create\":\"%s\"}\n",
		    key, (long long)world_wall_ms() + TAKES_MS, HTTP_SYNC_MAX, BLOB_MAX, ANSWER_MAX,
		    i == 1 ? "open" : "invite");
		expect_row(&row);
	}
}

/* That it is there now, or was already; and that it is gone. */
static void a_create_is_told_the_account(void **state)
{
	const struct account_id *account = &world.pairs[ACCOUNTS - 1]->fixture.account;
	char hex[2 * ACCOUNT_ID_LEN + 1], text[128];

	(void)state;
	world.server->config.create_open = true;
	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(text, sizeof(text), "{\"account\":\"%s\"}\n", hex);
	for (unsigned status = 201; status >= 200; status--) {
		ask_create(true);
		assert_int_equal(answered(), status);
		assert_string_equal(hand_connections()->text, text);
		assert_non_null(
		    strstr(hand_connections()->fields, "\nContent-Type: application/json\n"));
	}
	ask_wipe_by(ACCOUNTS - 1, FIRST);
	assert_int_equal(answered(), 200);
	ask_create(true);
	assert_int_equal(answered(), 410);
	assert_non_null(
	    strstr(hand_connections()->fields, "\nContent-Type: application/octet-stream\n"));
	assert_non_null(strstr(world.line, " route=create status=410 "));
	assert_non_null(strstr(world.line, " result=gone"));
}

/* Whoever is cut off, or was answered by the library itself, is in the log all the same. */
static void what_was_cut_off_is_logged(void **state)
{
	struct MHD_Connection *connection;
	void *none = NULL;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	connection = hand_connections();
	hand_end(connection, MHD_REQUEST_TERMINATED_CLIENT_ABORT);
	assert_non_null(strstr(world.line, " route=sync status=0 "));
	assert_non_null(strstr(world.line, " result=cut"));
	/* In the middle of its answer. */
	connection = hand_connection("GET", "/healthz", "", 0);
	hand_begin(world.server, connection);
	hand_go_on(connection);
	hand_end(connection, MHD_REQUEST_TERMINATED_WITH_ERROR);
	assert_non_null(strstr(world.line, " route=healthz status=0 "));
	assert_non_null(strstr(world.line, " out=3 result=cut"));
	/* The library has refused what stood there before its header was whole. */
	connection = hand_connection("GET", "/healthz", "", 0);
	http_conn_open(world.server->deadlines, &connection->conn, -1, 0);
	connection->exchange = request_line(&world.server->door, connection->uri, connection);
	hand_end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	assert_non_null(strstr(world.line, " route=none status=0 "));
	assert_non_null(strstr(world.line, " result=malformed"));
	/* For a connection that asked for nothing, or for which there was no memory, there is
	 * nothing to be said. */
	world.line[0] = '\0';
	request_completed(&world.server->door, NULL, &none, MHD_REQUEST_TERMINATED_WITH_ERROR);
	assert_string_equal(world.line, "");
	assert_int_equal(
	    request_handle(NULL, NULL, "", "GET", "", NULL, &(size_t){0}, &none), MHD_NO);
}

/* ---- what the account code says ---- */

static void each_result_has_its_answer(void **state)
{
	static const struct {
		enum account_result result;
		bool denied;
		int64_t after_ms, after_s; /* asked for by the store; told */
		unsigned status;
		const char *code, *detail;
	} rows[] = {
	    {ACCOUNT_ABSENT, false, 0, 0, 404, "absent", "why"},
	    {ACCOUNT_GONE, false, 0, 0, 410, "gone", "why"},
	    {ACCOUNT_REFUSED, false, 5000, 0, 409, "refused", "why"},
	    {ACCOUNT_RETRY, false, 0, 1, 503, "busy", "why"},
	    {ACCOUNT_RETRY, false, 1, 1, 503, "busy", "why"},
	    {ACCOUNT_RETRY, false, 1000, 1, 503, "busy", "why"},
	    {ACCOUNT_RETRY, false, 1001, 2, 503, "busy", "why"},
	    {ACCOUNT_RETRY, false, 7000, 7, 503, "busy", "why"},
	    {ACCOUNT_RETRY, true, 7000, 7, 503, "busy", "why"},
	    {ACCOUNT_DAMAGED, false, 0, 0, 500, "damaged", "why"},
	    {ACCOUNT_DAMAGED, true, 0, 0, 500, "damaged", "why"},
	    {ACCOUNT_FAILED, false, 5000, 0, 507, "failed",
		"why; it is for who runs this gateway to mend"},
	    {ACCOUNT_FAILED, true, 5000, 1, 503, "busy", HTTP_NOT_ADMITTED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct exchange exchange = {.server = world.server};
		struct call call;
		char text[1024];

		denied = rows[i].denied;
		call_init(&call, 0);
		call.retry_after_ms = rows[i].after_ms;
		call_sayf(&call, "why");
		answer_account(&exchange, rows[i].result, &call);
		(void)snprintf(text, sizeof(text),
		    "\"status\":%u,\"code\":\"%s\",\"detail\":\"%s\"", rows[i].status, rows[i].code,
		    rows[i].detail);
		if (exchange.answer.status != rows[i].status ||
		    exchange.answer.retry_after_s != rows[i].after_s ||
		    strstr((const char *)exchange.answer.body.data, text) == NULL ||
		    strcmp(exchange.answer.result, rows[i].code) != 0)
			fail_msg("row %zu: %u, again in %d s: %s", i, exchange.answer.status,
			    (int)exchange.answer.retry_after_s,
			    (const char *)exchange.answer.body.data);
		answer_clear(&exchange.answer);
	}
}

/* The last one stands, whatever was there before. */
static void an_answer_may_be_another(void **state)
{
	struct exchange exchange = {.server = world.server};
	struct bytes body = {0};

	(void)state;
	answer_problem(&exchange, 409, "refused", "refused", "first");
	assert_true(bytes_copy(view_text("second"), &body));
	answer_bytes(&exchange, 200, "text/plain", &body);
	assert_int_equal(exchange.answer.status, 200);
	assert_string_equal((const char *)exchange.answer.body.data, "second");
	assert_null(body.data);
	answer_busy(&exchange, 503, "third");
	assert_int_equal(exchange.answer.status, 503);
	assert_string_equal(exchange.answer.message, "third");
	assert_int_equal(exchange.answer.retry_after_s, 1);
	answer_clear(&exchange.answer);
	assert_int_equal(exchange.answer.status, 0);
}

/* One line of visible bytes, whatever the message holds. */
static void a_message_is_one_line(void **state)
{
	static const struct {
		unsigned status;
		const char *message, *told;
	} rows[] = {
	    {200, "why\n~ \x01 \x7f \x80!", "Inkseal-Message: why?~ ? ? ?!\n"},
	    {299, "why", "Inkseal-Message: why\n"},
	    {300, "why", ""},
	    {409, "why", ""},
	    {200, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct MHD_Connection *connection = hand_connection("GET", "/healthz", "", 0);
		struct http_answer *answer;
		const char *last;

		hand_begin(world.server, connection);
		answer = &connection->exchange->answer;
		answer->status = rows[i].status;
		answer->message = rows[i].message == NULL ? NULL : strdup(rows[i].message);
		assert_int_equal(answer_send(connection->exchange), MHD_YES);
		last = strstr(connection->fields, "no-store\n") + strlen("no-store\n");
		expect_text("a message", last, rows[i].told);
		hand_end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	}
}

static void json_is_quoted(void **state)
{
	struct bytes text = {0};
	struct buffer out;

	(void)state;
	buffer_init(&out, 100);
	json_text(&out, "a \"b\" \\ \x1f \x7f \x80 ~");
	assert_true(buffer_take(&out, &text));
	assert_string_equal((const char *)text.data, "\"a \\\"b\\\" \\\\ ? ? ? ~\"");
	bytes_clear(&text);
	buffer_clear(&out);
}

/* ---- /metrics ---- */

static void add_more(void *sink, struct buffer *out)
{
	(void)sink;
	buffer_add_text(out, "# HELP more More.\n# TYPE more gauge\nmore 1\n");
}

/* Each sample stands below its own HELP and TYPE. */
static void expect_prometheus(const char *text)
{
	char name[64] = "", type[64] = "", help[64] = "";

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "{ ");

		assert_non_null(strchr(line, '\n'));
		if (sscanf(line, "# HELP %63s", help) == 1 ||
		    sscanf(line, "# TYPE %63s", type) == 1)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, line);
		assert_string_equal(name, help);
		assert_string_equal(name, type);
	}
}

static const char *metrics_now(void)
{
	struct MHD_Connection *connection = hand_connection("GET", "/metrics", "", 0);

	hand_begin_at(&world.server->metrics_door, connection);
	hand_go_on(connection);
	assert_int_equal(connection->status, 200);
	assert_non_null(strstr(connection->fields, "Content-Type: text/plain; version=0.0.4\n"));
	hand_end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	return connection->text;
}

static void expect_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line)) != NULL && (at[len] != '\n' || at[-1] != '\n'))
		at++;
	if (at == NULL)
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static size_t lines_of(const char *text, const char *begin)
{
	size_t count = 0;

	for (const char *at = strstr(text, begin); at != NULL; at = strstr(at + 1, begin))
		count++;
	return count;
}

/* As set_numbers has it; of the requests under way one waits for a worker, two are at the gate. */
static const char *const numbers[] = {
    "inkseald_requests_total{route=\"sync\",status=\"cut\"} 1000",
    "inkseald_requests_total{route=\"sync\",status=\"1xx\"} 1001",
    "inkseald_requests_total{route=\"sync\",status=\"2xx\"} 1002",
    "inkseald_requests_total{route=\"sync\",status=\"5xx\"} 1005",
    "inkseald_requests_total{route=\"blob_get\",status=\"3xx\"} 1013",
    "inkseald_requests_total{route=\"none\",status=\"4xx\"} 1124",
    "inkseald_request_seconds_total{route=\"sync\"} 1000.000",
    "inkseald_request_seconds_total{route=\"blob_get\"} 1001.001",
    "inkseald_request_seconds_total{route=\"none\"} 1012.012",
    "inkseald_syncs_total{status=\"current\"} 300",
    "inkseald_syncs_total{status=\"committed\"} 301",
    "inkseald_syncs_total{status=\"behind\"} 302",
    "inkseald_syncs_total{status=\"far_behind\"} 303",
    "inkseald_syncs_total{status=\"diverged\"} 304",
    "inkseald_syncs_total{status=\"ahead\"} 305",
    "inkseald_syncs_total{status=\"rename\"} 306",
    "inkseald_syncs_total{status=\"revoked\"} 307",
    "inkseald_syncs_total{status=\"gone\"} 308",
    "inkseald_syncs_total{status=\"refused\"} 309",
    "inkseald_syncs_total{status=\"later\"} 310",
    "inkseald_refused_total{why=\"full\"} 400",
    "inkseald_refused_total{why=\"rate\"} 401",
    "inkseald_refused_total{why=\"bodies\"} 402",
    "inkseald_refused_total{why=\"answers\"} 403",
    "inkseald_refused_total{why=\"account_bytes\"} 404",
    "inkseald_refused_total{why=\"strange_bytes\"} 405",
    "inkseald_refused_total{why=\"strangers\"} 406",
    "inkseald_refused_total{why=\"address\"} 407",
    "inkseald_received_bytes_total 500",
    "inkseald_sent_bytes_total 501",
    "inkseald_connections 502",
    "inkseald_requests_active 503",
    "inkseald_requests_waiting 1",
    "inkseald_strangers 2",
    "inkseald_bodies_bytes 506",
    "inkseald_answers_bytes 507",
    "inkseald_watchers 508",
    "inkseald_accounts_cached 509",
    "inkseald_accounts_cached_bytes 510",
    "inkseald_ready 1",
    "more 1",
};

struct held { /* numbers that are what is there, but for the time of one question */
	size_t active, bodies, answers, watchers, slots, bytes;
};

static struct held set_held(struct http_server *server, struct held held)
{
	struct http_accounts *accounts = server->accounts;
	struct held before = {atomic_exchange(&server->active, held.active),
	    atomic_exchange(&server->bodies.held, held.bodies),
	    atomic_exchange(&server->answers.held, held.answers), accounts->watchers_count,
	    accounts->slots_count, accounts->bytes};

	accounts->watchers_count = held.watchers;
	accounts->slots_count = held.slots;
	accounts->bytes = held.bytes;
	return before;
}

static void set_numbers(struct http_server *server)
{
	struct http_metrics *metrics = &server->metrics;

	for (unsigned route = 0; route < HTTP_ROUTES_COUNT; route++)
		for (unsigned class = 0; class < 6; class ++)
			metrics->requests[route][class] = 1000 + 10 * route + class;
	for (unsigned route = 0; route < HTTP_ROUTES_COUNT; route++)
		metrics->ms[route] = 1000000 + 1001 * route;
	for (unsigned i = 0; i <= SYNC_LATER; i++)
		metrics->syncs[i] = 300 + i;
	for (unsigned i = 0; i < HTTP_REFUSED_COUNT; i++)
		metrics->refused[i] = 400 + i;
	metrics->bytes_in = 500;
	metrics->bytes_out = 501;
	server->door.inside = 502;
}

static void until_suspended(struct MHD_Connection *connection)
{
	while (!connection->suspended) {
		assert_int_equal(connection->status, 0);
		if (connection->sent < connection->body.len)
			assert_true(hand_body(connection, connection->body.len - connection->sent));
		else
			hand_go_on(connection);
	}
}

static void each_number_is_told(void **state)
{
	struct http_server *server = world.server;
	const char *text = metrics_now();
	struct held held;

	(void)state;
	assert_null(strstr(text, "_total{route")); /* of what was never asked for, no line */
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	ask_sync(0, FIRST, false, 0);
	until_suspended(hand_connections());
	ask_sync(1, FIRST, false, 0);
	until_suspended(hand_connections());
	ask_sync(1, SECOND, false, 0);
	until_suspended(hand_connections());
	set_numbers(server);
	server->config.more_metrics = add_more;
	held = set_held(server, (struct held){503, 506, 507, 508, 509, 510});
	text = metrics_now();
	(void)set_held(server, held);
	expect_prometheus(text);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		expect_line(text, numbers[i]);
	assert_int_equal(lines_of(text, "inkseald_requests_total{"), 6 * HTTP_ROUTES_COUNT);
	assert_int_equal(lines_of(text, "inkseald_request_seconds_total{"), HTTP_ROUTES_COUNT);
	assert_int_equal(lines_of(text, "inkseald_syncs_total{"), SYNC_LATER + 1);
	assert_int_equal(lines_of(text, "inkseald_refused_total{"), HTTP_REFUSED_COUNT);
	while (hand_next(HAND_GATE) != NULL || hand_next(HAND_WORKERS) != NULL)
		hand_run(hand_next(HAND_GATE) != NULL ? HAND_GATE : HAND_WORKERS);
}

static void expect_ready(const char *line)
{
	expect_line(metrics_now(), line);
}

static void ready_is_as_readyz_says(void **state)
{
	struct http_server *server = world.server;

	(void)state;
	expect_ready("inkseald_ready 1");
	denied = true;
	expect_ready("inkseald_ready 0");
	denied = false;
	atomic_store(&server->ready, false);
	expect_ready("inkseald_ready 0");
	atomic_store(&server->ready, true);
	atomic_store(&server->draining, true);
	expect_ready("inkseald_ready 0");
}

static void what_ended_is_counted(void **state)
{
	static const struct {
		unsigned status, class;
	} rows[] = {{0, 0}, {99, 0}, {100, 1}, {204, 2}, {399, 3}, {400, 4}, {599, 5}, {600, 0}};
	static struct http_metrics metrics;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t before = metrics.requests[ROUTE_WATCH][rows[i].class];

		metrics_add(&metrics, ROUTE_WATCH, rows[i].status, 3, 5, 7);
		assert_int_equal(metrics.requests[ROUTE_WATCH][rows[i].class], before + 1);
		assert_int_equal(metrics.ms[ROUTE_WATCH], 3 * (i + 1));
		assert_int_equal(metrics.bytes_in, 5 * (i + 1));
		assert_int_equal(metrics.bytes_out, 7 * (i + 1));
	}
	assert_int_equal(metrics.ms[ROUTE_CREATE], 0);
}

/* Of a request with a body, and of its answer. */
static void bytes_are_counted_as_they_pass(void **state)
{
	struct http_metrics *metrics = &world.server->metrics;
	struct MHD_Connection *connection;
	size_t len;

	(void)state;
	ask_sync(0, FIRST, true, 0);
	connection = hand_connections();
	len = connection->body.len;
	world.now_ms += TAKES_MS;
	assert_int_equal(answered(), 200);
	assert_int_equal(metrics->bytes_in, len);
	assert_true(metrics->bytes_out > 100 && metrics->bytes_out < 10000);
	assert_int_equal(metrics->requests[ROUTE_SYNC][2], 1);
	assert_int_equal(metrics->ms[ROUTE_SYNC], TAKES_MS);
	assert_int_equal(metrics->syncs[SYNC_COMMITTED], 1);
	assert_non_null(strstr(world.line, " route=sync status=200 ms=7 in="));
	assert_non_null(strstr(world.line, " result=committed"));
}

/* ---- the log ---- */

static void a_line_is_words(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
	    {"word", "a=1 k=word"},
	    {"", "a=1 k=\"\""},
	    {"two words", "a=1 k=\"two words\""},
	    {"a=b", "a=1 k=\"a=b\""},
	    {"\"", "a=1 k=\"\\\"\""},
	    {"\\", "a=1 k=\"\\\\\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes text = {0};
		struct buffer out;

		buffer_init(&out, 100);
		http_log_number(&out, "a", 1);
		http_log_text(&out, "k", rows[i].value);
		assert_true(buffer_take(&out, &text));
		expect_text(rows[i].value, (const char *)text.data, rows[i].text);
		bytes_clear(&text);
		buffer_clear(&out);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_ends_by_its_header, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_signature_covers_what_is_there, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(what_is_too_long_by_its_header, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_gateway_says_what_it_is_about, world_setup, world_teardown),
    cmocka_unit_test(a_full_queue_is_said_by_the_header),
    cmocka_unit_test_setup_teardown(a_gateway_says_who_it_is, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_create_is_told_the_account, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(what_was_cut_off_is_logged, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(each_result_has_its_answer, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(an_answer_may_be_another, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_message_is_one_line, world_setup, world_teardown),
    cmocka_unit_test(json_is_quoted),
    cmocka_unit_test_setup_teardown(each_number_is_told, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(ready_is_as_readyz_says, world_setup, world_teardown),
    cmocka_unit_test(what_ended_is_counted),
    cmocka_unit_test_setup_teardown(bytes_are_counted_as_they_pass, world_setup, world_teardown),
    cmocka_unit_test(a_line_is_words),
};
TEST_MAIN(tests)
