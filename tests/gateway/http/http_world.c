/*
 * tests/gateway/http/http_world.c: see http_world.h.
 */
#include "tests/gateway/http/http_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CBOR "application/cbor"
#define OCTETS "application/octet-stream"
#define HERE "a.example.org"

struct world world;

/* ---- what is drawn ---- */

uint64_t draw64(void)
{
	uint64_t z = world.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned draw(unsigned below)
{
	return (unsigned)(draw64() % below);
}

/* All keys, salts and hash keys come of the seed, too: libsodium draws from here. */
static const char *draw_name(void)
{
	return "seeded";
}

static uint32_t draw32(void)
{
	return (uint32_t)draw64();
}

static void draw_bytes(void *out, size_t len)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)draw64();
}

static struct randombytes_implementation seeded = {
    .implementation_name = draw_name, .random = draw32, .buf = draw_bytes};

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	draw_bytes(out, len);
}

static const struct random from_seed = {NULL, fill};

int64_t world_wall_ms(void)
{
	return INT64_C(1700000000000) + world.now_ms;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return world_wall_ms();
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return world.now_ms;
}

/* ---- what is told of: the keeper, the log ---- */

static enum account_result reserve(
    void *self, const struct account_id *account, uint64_t bytes, bool spare, struct call *call)
{
	(void)self;
	(void)account;
	switch (world.kind ? 2 : draw(spare ? 16 : 8)) {
	case 0: call_sayf(call, "full"); return ACCOUNT_REFUSED;
	case 1: call_sayf(call, "not known"); return ACCOUNT_RETRY;
	default: world.reserved += bytes; return ACCOUNT_OK;
	}
}

static void settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed)
{
	(void)self;
	(void)account;
	world.told++;
	world.put += put;
	world.commits += committed;
	assert_true(world.reserved >= reserved);
	world.reserved -= reserved;
}

static void keep_line(void *sink, const char *line)
{
	(void)sink;
	assert_true(strlen(line) < sizeof(world.line));
	memcpy(world.line, line, strlen(line) + 1);
	world.logged++;
}

/* ---- what is asked ---- */

static void sign(struct MHD_Connection *connection, const char *path, const char *query,
    const char *type, size_t account, size_t member)
{
	const struct fixture *fixture = &world.pairs[account]->fixture;
	struct http_signature_texts texts;
	struct http_request request = {
	    connection->method, HERE, path, query, type, view_bytes(&connection->body)};
	struct http_signature signature = {.account = fixture->account,
	    .device = fixture->members[member].id,
	    .created_s = world_wall_ms() / 1000 + world.created_s,
	    .expires_s = world_wall_ms() / 1000 + world.expires_s};

	draw_bytes(signature.nonce, NONCE_LEN);
	assert_int_equal(
	    http_signature_make(&request, &signature, fixture->members[member].sign_secret, &texts),
	    FORMAT_OK);
	hand_header(connection, "Signature-Input", texts.input);
	hand_header(connection, "Signature", texts.signature);
	if (texts.digest[0] != '\0')
		hand_header(connection, "Content-Digest", texts.digest);
}

/* Signed, if member is one; *body is taken. */
static void ask(const char *method, const char *path, const char *query, const char *type,
    struct bytes *body, size_t account, size_t member)
{
	struct MHD_Connection *connection = hand_connection(method, path, query, draw(6));
	char length[24];

	if (type != NULL) {
		connection->body = *body;
		*body = (struct bytes){0};
		(void)snprintf(length, sizeof(length), "%zu", connection->body.len);
		hand_header(connection, "Content-Type", type);
		hand_header(connection, "Content-Length", length);
	}
	if (member < MEMBERS_COUNT)
		sign(connection, path, query, type, account, member);
	world.begun++;
	hand_begin(world.server, connection);
}

struct look {
	char key[BUCKET_KEY_MAX + 1];
	struct manifest *manifest;
	bool found;
};

static void look_see(void *self, const char *key, struct view data)
{
	struct look *look = self;

	if (strcmp(key, look->key) == 0)
		look->found = manifest_decode(data, look->manifest) == FORMAT_OK;
}

/* The account's manifest as it stands. False: there is none. */
static bool look_up(size_t account, struct manifest *manifest)
{
	struct look look = {.manifest = manifest};
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(world.pairs[account]->fixture.account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(look.key, sizeof(look.key), "some/prefix/a/%s/manifest", hex);
	memory_each(world.store, look_see, &look);
	return look.found;
}

/* What the account's devices share in these tests, at the head of its log. */
static struct client *client_of(size_t account)
{
	struct client *client = &world.pairs[account]->first;
	struct manifest *manifest = calloc(1, sizeof(*manifest));

	assert_non_null(manifest);
	if (look_up(account, manifest)) {
		client->head = manifest->head;
		client->answer.sweep = manifest->sweep;
	}
	free(manifest);
	return client;
}

void ask_request(size_t account, size_t member)
{
	struct bytes encoded = {0};

	assert_int_equal(
	    sync_request_encode(&world.pairs[account]->first.request, &encoded), FORMAT_OK);
	ask("POST", "/v1/sync", "", CBOR, &encoded, account, member);
}

void ask_sync(size_t account, size_t member, bool push, size_t body_len)
{
	struct client *client = client_of(account);
	struct blob_name name = {.count = client->answer.sweep};
	struct bytes body = {0};

	client->member = &client->fixture->members[member];
	bytes_clear(&client->frame);
	if (body_len > 0)
		fixture_blob(client->fixture, BLOB_BODY, body_len, NULL, 0, &body);
	blob_hash(view_bytes(&body), &name.hash);
	if (push)
		client_frame(
		    client, FRAME_PATCH, 300, body_len > 0 ? &name : NULL, NULL, (struct view){0});
	client_request(client);
	client->request.bodies[0] = view_bytes(&body);
	client->request.bodies_count = body_len > 0;
	ask_request(account, member);
	bytes_clear(&body);
}

void ask_statement(size_t account, size_t add, size_t revoke)
{
	struct client *client = client_of(account);
	struct bytes statement = {0};

	client->member = &client->fixture->members[FIRST];
	fixture_statement(client->fixture, FIRST, add, revoke, &statement);
	client_frame(client, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(client);
	client->request.roster = view_bytes(&client->fixture->roster_bytes);
	ask_request(account, FIRST);
	bytes_clear(&statement);
}

void ask_blob(size_t account, size_t member, bool put, size_t len)
{
	struct blob_name name = world.blobs[account];
	char path[128] = "/v1/blobs/";
	struct bytes blob = {0};

	if (put) {
		fixture_blob(&world.pairs[account]->fixture, BLOB_SEGMENT, len, NULL, 0, &blob);
		blob_hash(view_bytes(&blob), &name.hash);
	}
	blob_name_text(&name, path + strlen(path));
	ask(put ? "PUT" : "GET", path, "", put ? OCTETS : NULL, &blob, account, member);
	bytes_clear(&blob);
}

void ask_watch(size_t account, size_t member, unsigned behind)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	char query[40] = "seq=0";
	struct bytes none = {0};

	assert_non_null(manifest);
	if (look_up(account, manifest))
		(void)snprintf(query, sizeof(query), "seq=%llu",
		    (unsigned long long)manifest->head.seq - behind);
	ask("GET", "/v1/watch", query, NULL, &none, account, member);
	free(manifest);
}

void ask_roster(const struct account_id *account, bool wiped)
{
	char hex[2 * ACCOUNT_ID_LEN + 1], path[128];
	struct bytes none = {0};

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(path, sizeof(path), "/v1/accounts/%s/%s", hex, wiped ? "wipe" : "roster");
	ask("GET", path, "", NULL, &none, 0, MEMBERS_COUNT);
}

void ask_create(bool holds)
{
	struct fixture *fixture = &world.pairs[ACCOUNTS - 1]->fixture;
	struct create create = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .roster = view_bytes(&fixture->roster_bytes),
	    .time_ms = world_wall_ms()};
	struct bytes encoded = {0};

	assert_int_equal(
	    create_encode(&create, fixture->members[FIRST].sign_secret, &encoded), FORMAT_OK);
	if (!holds)
		encoded.data[encoded.len / 2] ^= 1;
	ask("POST", "/v1/accounts", "", CBOR, &encoded, ACCOUNTS - 1, MEMBERS_COUNT);
	bytes_clear(&encoded);
}

static void begin_wipe(size_t account, size_t member, bool forged)
{
	struct fixture *fixture = &world.pairs[account]->fixture;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	char hex[2 * ACCOUNT_ID_LEN + 1], path[128];
	struct bytes wipe = {0};

	assert_non_null(manifest);
	(void)look_up(account, manifest);
	fixture_wipe(fixture, member, manifest->incarnation, HERE, &wipe);
	if (forged)
		wipe.data[wipe.len - 1] ^= 1;
	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(path, sizeof(path), "/v1/accounts/%s", hex);
	ask("DELETE", path, "", OCTETS, &wipe, account, MEMBERS_COUNT);
	bytes_clear(&wipe);
	free(manifest);
}

void ask_wipe(size_t account, bool forged)
{
	begin_wipe(account, SECOND, forged);
}

void ask_wipe_by(size_t account, size_t member)
{
	begin_wipe(account, member, false);
}

unsigned answered(void)
{
	struct MHD_Connection *connection = hand_connections();
	unsigned status;

	while (!connection->over && connection->status == 0) {
		if (hand_next(HAND_GATE) != NULL)
			hand_run(HAND_GATE);
		else if (hand_next(HAND_WORKERS) != NULL)
			hand_run(HAND_WORKERS);
		else if (connection->suspended)
			http_accounts_expire(world.server->accounts, INT64_MAX);
		else if (connection->exchange->stage == STAGE_BODY &&
			 connection->sent < connection->body.len)
			(void)hand_body(connection, connection->body.len - connection->sent);
		else
			hand_go_on(connection);
	}
	status = connection->status;
	if (!connection->over)
		hand_end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	return status;
}

/* ---- the world ---- */

/* While one waits for it, others may go on. */
static enum memory_fault before(void *self, enum memory_op op, const char *key)
{
	(void)self;
	world.calls[op]++;
	world.reads += op == MEMORY_GET && strstr(key, "/manifest") != NULL;
	if (world.waits != NULL)
		world.waits();
	return world.bucket_fails > 0 && draw(world.bucket_fails) == 0 ? MEMORY_FAULT_BEFORE
								       : MEMORY_FAULT_NONE;
}

static void copy_object(void *self, const char *key, struct view data)
{
	struct bucket_put put = {.key = key, .data = data, .cond = BUCKET_ALWAYS};
	struct bucket_tag tag;
	struct call call;

	call_init(&call, INT64_MAX);
	assert_int_equal(bucket_put(self, &put, &call, &tag), BUCKET_OK);
}

static void commit_statement(struct client *client, size_t add, size_t revoke)
{
	struct fixture *fixture = client->fixture;
	struct bytes statement = {0};

	assert_int_equal(client_poll(client), ACCOUNT_OK);
	fixture_statement(fixture, FIRST, add, revoke, &statement);
	client_frame(client, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(client);
	client->request.roster = view_bytes(&fixture->roster_bytes);
	assert_int_equal(client_send(client), ACCOUNT_OK);
	assert_status(client, SYNC_COMMITTED);
	bytes_clear(&statement);
}

void statement_elsewhere(size_t account, size_t add, size_t revoke)
{
	struct client *client = client_of(account);

	client->member = &client->fixture->members[FIRST];
	client->fixture->env = world.config.env;
	commit_statement(client, add, revoke);
}

/* FIRST and SECOND live, THIRD revoked, one blob: made beside the gateway, then in its bucket. */
static void account_open(size_t index, struct bucket *into)
{
	void *own = NULL;
	struct pair *pair;
	struct bytes blob = {0};

	if (index == ACCOUNTS - 1) {
		pair = calloc(1, sizeof(*pair));
		assert_non_null(pair);
		fixture_open(&pair->fixture);
		client_open(&pair->first, &pair->fixture, FIRST);
		client_open(&pair->second, &pair->fixture, SECOND);
		world.pairs[index] = pair;
		return;
	}
	assert_int_equal(pair_setup(&own), 0);
	pair = world.pairs[index] = own;
	commit_statement(&pair->first, THIRD, SIZE_MAX);
	commit_statement(&pair->first, SIZE_MAX, THIRD);
	fixture_blob(&pair->fixture, BLOB_SEGMENT, index == 1 ? 5u << 20 : 50000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &world.blobs[index].hash);
	assert_int_equal(
	    account_blob_put(&pair->fixture.env, &pair->first.cache, &pair->fixture.account,
		&world.blobs[index], view_bytes(&blob), fixture_call(&pair->fixture)),
	    ACCOUNT_OK);
	bytes_clear(&blob);
	memory_each(pair->fixture.store, copy_object, into);
}

void world_open(uint64_t seed)
{
	static const char *const names[] = {HERE};
	static uint8_t receipt_secret[SIGN_SECRET_LEN];
	const struct memory_hook hook = {NULL, before};
	uint8_t public_key[SIGN_PUBLIC_LEN];
	struct bucket *plain;

	world = (struct world){.random = seed, .now_ms = 1000000, .expires_s = 60};
	assert_int_equal(randombytes_set_implementation(&seeded), 0);
	world.store = memory_store_new();
	assert_non_null(world.store);
	plain = bucket_memory(world.store, NULL);
	for (size_t i = 0; i < ACCOUNTS; i++)
		account_open(i, plain);
	bucket_close(plain);
	world.bucket = bucket_memory(world.store, &hook);
	world.clock = (struct clock){NULL, wall_ms, monotonic_ms};
	(void)crypto_sign_keypair(public_key, receipt_secret);
	http_defaults(&world.config);
	world.config.env =
	    (struct account_env){world.bucket, &world.clock, &from_seed, "some/prefix/", HERE};
	world.config.names = names;
	world.config.names_count = 1;
	world.config.version = "0";
	world.config.receipt_secret = receipt_secret;
	world.config.create_open = true;
	world.config.keeper = (struct http_keeper){.reserve = reserve, .settle = settle};
	world.config.log = keep_line;
}

void world_start(void)
{
	struct call call;

	call_init(&call, INT64_MAX);
	world.server = http_start(&world.config, &call);
	assert_non_null(world.server);
	http_ready(world.server);
}

void world_close(void)
{
	struct call call;

	if (world.server->accounts->lent != NULL)
		http_give_back(world.server);
	call_init(&call, world.now_ms);
	http_stop(world.server, &call);
	hand_free();
	bucket_close(world.bucket);
	memory_store_free(world.store);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		void *own = world.pairs[i];

		assert_int_equal(pair_teardown(&own), 0);
	}
	assert_int_equal(randombytes_set_implementation(&randombytes_sysrandom_implementation), 0);
	assert_int_equal(locks_left(), 0);
}
