/*
 * tests/gateway/account/fixture.c: see fixture.h.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN_MS INT64_C(1700000000777) /* in the middle of a second */
#define UP_MS INT64_C(7200000)          /* the machine is up so long by then */

int64_t fixture_up_ms(const struct fixture *fixture)
{
	return fixture->now_ms - BEGIN_MS + UP_MS;
}

static int64_t fixture_wall(void *self)
{
	const struct fixture *fixture = self;

	return fixture->now_ms + fixture->skew_ms;
}

static int64_t fixture_monotonic(void *self)
{
	return fixture_up_ms(self);
}

static void fixture_fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

static enum memory_fault fixture_before(void *self, enum memory_op op, const char *key)
{
	struct fixture *fixture = self;

	fixture->ops++;
	if (op == MEMORY_PUT && fixture->late_lands)
		(void)memory_deliver(fixture->store);
	if (fixture->crash_at != 0 && fixture->ops >= fixture->crash_at)
		return MEMORY_FAULT_BEFORE;
	if (!fixture->armed || op != fixture->op || strstr(key, fixture->part) == NULL)
		return MEMORY_FAULT_NONE;
	if (fixture->skip > 0) {
		fixture->skip--;
		return MEMORY_FAULT_NONE;
	}
	if (fixture->interrupt != NULL) {
		void (*interrupt)(void *) = fixture->interrupt;
		enum memory_fault how = fixture->how;

		fixture->interrupt = NULL;
		fixture->armed = false;
		interrupt(fixture->interrupt_self);
		return how;
	}
	if (fixture->times-- <= 1)
		fixture->armed = false;
	return fixture->how;
}

void fixture_arm(struct fixture *fixture, enum memory_op op, const char *part,
    enum memory_fault how, unsigned skip, unsigned times)
{
	fixture->armed = true;
	fixture->op = op;
	fixture->part = part;
	fixture->how = how;
	fixture->skip = skip;
	fixture->times = times;
}

void fixture_refuse(struct fixture *fixture, enum memory_op op, const char *part, unsigned skip)
{
	fixture->odd.refusal = (struct refusal){true, op, part, skip, BUCKET_REFUSED};
}

static void member_make(struct member *member, enum device_role role)
{
	uint8_t box_secret[32];

	crypto_sign_keypair(member->keys.sign_public, member->sign_secret);
	crypto_box_keypair(member->keys.box_public, box_secret);
	if (role == ROLE_DEVICE)
		crypto_sign_keypair(member->keys.wipe_public, member->wipe_secret);
	member->keys.role = role;
	device_id_of(member->keys.sign_public, &member->id);
}

static void make_genesis(struct fixture *fixture)
{
	struct statement genesis = {.kind = STATEMENT_GENESIS, .time_ms = 1000, .has_epoch = true};
	struct bytes encoded = {0};

	randombytes_buf(genesis.previous.bytes, DIGEST_LEN);
	randombytes_buf(genesis.epoch.commit.bytes, DIGEST_LEN);
	genesis.signer = fixture->members[FIRST].id;
	genesis.added[0] = fixture->members[FIRST].keys;
	genesis.added[1] = fixture->members[RECOVERY].keys;
	genesis.added_count = 2;
	genesis.epoch.number = 1;
	genesis.part[PART_NAMES] = view_text("sealed names");
	genesis.part[PART_BOXES] = view_text("sealed boxes");
	assert_int_equal(
	    statement_encode(&genesis, fixture->members[FIRST].sign_secret, &encoded), FORMAT_OK);
	assert_int_equal(roster_begin(view_bytes(&encoded), &fixture->roster_bytes), FORMAT_OK);
	assert_int_equal(
	    roster_decode(view_bytes(&fixture->roster_bytes), false, &fixture->roster), FORMAT_OK);
	bytes_clear(&encoded);
}

void fixture_open(struct fixture *fixture)
{
	struct memory_hook hook = {fixture, fixture_before};

	*fixture = (struct fixture){.now_ms = BEGIN_MS};
	fixture->store = memory_store_new();
	assert_non_null(fixture->store);
	fixture->bucket = bucket_count(
	    odd_bucket(bucket_memory(fixture->store, &hook), &fixture->odd), &fixture->counts);
	assert_non_null(fixture->bucket);
	fixture->clock = (struct clock){fixture, fixture_wall, fixture_monotonic};
	fixture->random = (struct random){fixture, fixture_fill};
	fixture->env = (struct account_env){
	    fixture->bucket, &fixture->clock, &fixture->random, "some/prefix/", ""};
	for (size_t i = 0; i < MEMBERS_COUNT; i++)
		member_make(&fixture->members[i], i == RECOVERY ? ROLE_RECOVERY : ROLE_DEVICE);
	make_genesis(fixture);
	fixture->account = fixture->roster.account;
}

void fixture_close(struct fixture *fixture)
{
	bytes_clear(&fixture->roster_bytes);
	bucket_close(fixture->bucket);
	memory_store_free(fixture->store);
}

struct call *fixture_call(struct fixture *fixture)
{
	call_init(&fixture->call, fixture_up_ms(fixture) + 60000);
	return &fixture->call;
}

enum account_result fixture_create(struct fixture *fixture, struct account_cache *cache)
{
	struct create create = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .roster = view_bytes(&fixture->roster_bytes),
	    .time_ms = fixture->now_ms};
	struct bytes encoded = {0};
	enum account_result result;

	assert_int_equal(
	    create_encode(&create, fixture->members[FIRST].sign_secret, &encoded), FORMAT_OK);
	result = account_create(&fixture->env, cache, view_bytes(&encoded), fixture_call(fixture));
	bytes_clear(&encoded);
	return result;
}

struct search {
	const char *part;
	size_t count;
	char key[BUCKET_KEY_MAX + 1];
	struct bytes bytes;
};

static void search_see(void *self, const char *key, struct view data)
{
	struct search *search = self;

	if (strstr(key, search->part) == NULL)
		return;
	if (search->count++ > 0)
		return;
	memcpy(search->key, key, strlen(key) + 1);
	assert_true(bytes_copy(data, &search->bytes));
}

size_t fixture_objects(struct fixture *fixture, const char *part)
{
	struct search search = {.part = part};

	memory_each(fixture->store, search_see, &search);
	bytes_clear(&search.bytes);
	return search.count;
}

void fixture_key(struct fixture *fixture, const char *part, char out[BUCKET_KEY_MAX + 1])
{
	struct search search = {.part = part};

	memory_each(fixture->store, search_see, &search);
	bytes_clear(&search.bytes);
	assert_true(search.count > 0);
	memcpy(out, search.key, sizeof(search.key));
}

void fixture_manifest(struct fixture *fixture, struct bytes *bytes, struct manifest *out)
{
	struct search search = {.part = "/manifest"};

	memory_each(fixture->store, search_see, &search);
	assert_int_equal(search.count, 1);
	bytes_clear(bytes);
	*bytes = search.bytes;
	assert_int_equal(manifest_decode(view_bytes(bytes), out), FORMAT_OK);
}

void fixture_manifest_put(struct fixture *fixture, const struct manifest *manifest)
{
	char key[BUCKET_KEY_MAX + 1];
	struct bytes encoded = {0};
	struct bucket_tag tag;

	fixture_key(fixture, "/manifest", key);
	assert_int_equal(manifest_encode(manifest, &encoded), FORMAT_OK);
	assert_int_equal(bucket_put(fixture->bucket,
			     &(struct bucket_put){
				 .key = key, .data = view_bytes(&encoded), .cond = BUCKET_ALWAYS},
			     fixture_call(fixture), &tag),
	    BUCKET_OK);
	bytes_clear(&encoded);
}

uint64_t fixture_requests(const struct fixture *fixture)
{
	const struct bucket_counts *counts = &fixture->counts;

	return counts->get + counts->put + counts->list + counts->remove;
}

void fixture_statement(
    struct fixture *fixture, size_t signer, size_t add, size_t revoke, struct bytes *out)
{
	struct statement statement = {.kind = STATEMENT_CHANGE, .time_ms = fixture->now_ms};
	struct bytes roster = {0};

	statement.previous = *roster_hash(&fixture->roster);
	statement.signer = fixture->members[signer].id;
	statement.part[PART_BOXES] = view_text("more boxes");
	if (add != SIZE_MAX)
		statement.added[statement.added_count++] = fixture->members[add].keys;
	if (revoke != SIZE_MAX) {
		statement.revoked[statement.revoked_count++] = fixture->members[revoke].id;
		statement.has_epoch = true;
		statement.epoch.number = roster_epoch(&fixture->roster) + 1;
		randombytes_buf(statement.epoch.commit.bytes, DIGEST_LEN);
		statement.epoch.previous_commit = fixture->roster.epoch_commit;
	}
	assert_int_equal(
	    statement_encode(&statement, fixture->members[signer].sign_secret, out), FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&fixture->roster_bytes), view_bytes(out), &roster), FORMAT_OK);
	bytes_clear(&fixture->roster_bytes);
	fixture->roster_bytes = roster;
	assert_int_equal(
	    roster_decode(view_bytes(&fixture->roster_bytes), false, &fixture->roster), FORMAT_OK);
}

void fixture_blob(struct fixture *fixture, enum blob_kind kind, size_t len,
    const struct blob_name *names, size_t names_count, struct bytes *out)
{
	struct blob_header header = {.account = fixture->account,
	    .epoch = roster_epoch(&fixture->roster),
	    .kind = kind,
	    .names = names,
	    .names_count = names_count};
	struct buffer buffer;

	randombytes_buf(header.salt, SALT_LEN);
	buffer_init(&buffer, BLOB_MAX);
	blob_header_put(&buffer, &header, BLOB_HEADER_WHOLE);
	randombytes_buf(buffer_extend(&buffer, len), len);
	assert_true(buffer_take(&buffer, out));
}

void fixture_wipe(struct fixture *fixture, size_t member, const uint8_t *incarnation,
    const char *gateway, struct bytes *out)
{
	struct wipe wipe = {.gateway = view_text(gateway),
	    .account = fixture->account,
	    .device = fixture->members[member].id,
	    .time_ms = fixture->now_ms};

	memcpy(wipe.incarnation, incarnation, INCARNATION_LEN);
	assert_int_equal(wipe_encode(&wipe, fixture->members[member].wipe_secret, out), FORMAT_OK);
}

void client_open(struct client *client, struct fixture *fixture, size_t member)
{
	*client = (struct client){.fixture = fixture, .member = &fixture->members[member]};
	client->head.hash = fixture->roster.hashes[0];
}

void client_close(struct client *client)
{
	sync_answer_clear(&client->answer);
	account_cache_clear(&client->cache);
	bytes_clear(&client->frame);
}

void client_frame(struct client *client, enum frame_kind kind, size_t body_len,
    const struct blob_name *blob, const struct head *covered, struct view body)
{
	struct fixture *fixture = client->fixture;
	struct frame_header header = {.account = fixture->account, .kind = kind};
	size_t statement = fixture->roster.statements_count - 1;
	uint8_t random[FRAME_MAX];

	if (kind == FRAME_STATEMENT) /* its header holds what was before it */
		statement--;
	header.seq = client->head.seq + 1;
	header.previous = client->head.hash;
	header.roster = fixture->roster.hashes[statement];
	header.epoch = fixture->roster.epochs[statement];
	header.device = client->member->id;
	if (kind != FRAME_STATEMENT) {
		randombytes_buf(header.salt, SALT_LEN);
		randombytes_buf(header.commit, COMMIT_LEN);
		randombytes_buf(random, body_len);
		body = view_of(random, body_len);
	}
	if (blob != NULL) {
		header.has_blob = true;
		header.blob = *blob;
	}
	if (covered != NULL) {
		header.has_covered = true;
		header.covered = *covered;
	}
	bytes_clear(&client->frame);
	assert_int_equal(
	    frame_encode(&header, body, client->member->sign_secret, &client->frame), FORMAT_OK);
}

void client_request(struct client *client)
{
	client->request = (struct sync_request){.account = client->fixture->account,
	    .device = client->member->id,
	    .cursor = client->head,
	    .frames[0] = view_bytes(&client->frame),
	    .frames_count = client->frame.len > 0,
	    .wants_lease = client->wants_lease};
}

/* What a device does with the frames: each must follow the head it has. Bodies are as named. */
static void client_take(struct client *client)
{
	for (size_t i = 0; i < client->answer.frames_count; i++) {
		struct frame frame;

		assert_int_equal(frame_decode(client->answer.frames[i], &frame), FORMAT_OK);
		assert_int_equal(frame.header.seq, client->head.seq + 1);
		assert_true(digest_equal(&frame.header.previous, &client->head.hash));
		client->head = (struct head){frame.header.seq, frame.hash};
		client->pulled++;
	}
	for (size_t i = 0; i < client->answer.bodies_count; i++) {
		struct digest hash;

		blob_hash(client->answer.bodies[i].blob, &hash);
		assert_true(digest_equal(&hash, &client->answer.bodies[i].name.hash));
	}
	if (client->answer.status == SYNC_COMMITTED)
		client->head = client->answer.head;
}

enum account_result client_send(struct client *client)
{
	struct fixture *fixture = client->fixture;
	enum account_result result;

	sync_answer_clear(&client->answer);
	result = account_sync(&fixture->env, &client->cache, &client->request,
	    fixture_call(fixture), &client->answer);
	if (result == ACCOUNT_OK)
		client_take(client);
	return result;
}

enum account_result client_push(struct client *client, size_t body_len)
{
	client_frame(client, FRAME_PATCH, body_len, NULL, NULL, (struct view){0});
	client_request(client);
	return client_send(client);
}

enum account_result client_poll(struct client *client)
{
	bytes_clear(&client->frame);
	client_request(client);
	return client_send(client);
}

void client_edit(struct client *client, size_t body_len)
{
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(client_push(client, body_len), ACCOUNT_OK);
		if (client->answer.status == SYNC_COMMITTED)
			return;
		assert_status(client, SYNC_BEHIND);
	}
	fail_msg("not committed after 100 tries");
}

void client_whole(struct client *client, enum frame_kind kind, const struct head *covered,
    size_t segments, struct blob_name *names_out)
{
	struct fixture *fixture = client->fixture;
	struct blob_name names[16] = {0};
	struct blob_name index = {.count = client->answer.sweep};
	struct bytes blob = {0};

	assert_true(segments <= COUNT_OF(names));

	for (size_t i = 0; i < segments; i++) {
		fixture_blob(fixture, BLOB_SEGMENT, 1000, NULL, 0, &blob);
		names[i].count = client->answer.sweep;
		blob_hash(view_bytes(&blob), &names[i].hash);
		assert_int_equal(account_blob_put(&fixture->env, &client->cache, &fixture->account,
				     &names[i], view_bytes(&blob), fixture_call(fixture)),
		    ACCOUNT_OK);
		bytes_clear(&blob);
	}
	fixture_blob(fixture, BLOB_INDEX, 500, names, segments, &blob);
	blob_hash(view_bytes(&blob), &index.hash);
	client_frame(client, kind, 200, &index, covered, (struct view){0});
	client_request(client);
	client->request.bodies[0] = view_bytes(&blob);
	client->request.bodies_count = 1;
	assert_int_equal(client_send(client), ACCOUNT_OK);
	assert_status(client, SYNC_COMMITTED);
	if (names_out != NULL)
		memcpy(names_out, names, segments * sizeof(names[0]));
	bytes_clear(&blob);
}

int pair_setup(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct bytes statement = {0};

	fixture_open(&pair->fixture);
	client_open(&pair->first, &pair->fixture, FIRST);
	client_open(&pair->second, &pair->fixture, SECOND);
	assert_int_equal(fixture_create(&pair->fixture, &pair->first.cache), ACCOUNT_OK);
	fixture_statement(&pair->fixture, RECOVERY, SECOND, SIZE_MAX, &statement);
	pair->second.member = &pair->fixture.members[RECOVERY];
	client_frame(&pair->second, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(&pair->second);
	pair->second.request.roster = view_bytes(&pair->fixture.roster_bytes);
	assert_int_equal(client_send(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
	pair->second.member = &pair->fixture.members[SECOND];
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_int_equal(pair->first.head.seq, 1);
	bytes_clear(&statement);
	*state = pair;
	return 0;
}

int pair_teardown(void **state)
{
	struct pair *pair = *state;

	client_close(&pair->first);
	client_close(&pair->second);
	fixture_close(&pair->fixture);
	free(pair);
	return 0;
}
