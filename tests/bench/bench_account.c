/*
 * tests/bench/bench_account.c: accounts for the timing programs. Keys, genesis and frames are made
 * and signed as a device makes them; only what a frame seals is random bytes, which no gateway
 * opens.
 */
#include "tests/bench/bench.h"

#include <sodium.h>
#include <string.h>

static void device_make(struct statement_device *keys, enum device_role role, uint8_t *sign_secret)
{
	uint8_t secret[SIGN_SECRET_LEN], box_secret[crypto_box_SECRETKEYBYTES];

	*keys = (struct statement_device){.role = role};
	(void)crypto_sign_keypair(keys->sign_public, sign_secret);
	(void)crypto_box_keypair(keys->box_public, box_secret);
	if (role == ROLE_DEVICE)
		(void)crypto_sign_keypair(keys->wipe_public, secret);
}

void bench_account_make(struct bench_account *account)
{
	struct statement genesis = {.kind = STATEMENT_GENESIS, .time_ms = 1000, .has_epoch = true};
	uint8_t paper_secret[SIGN_SECRET_LEN];
	struct bytes statement = {0}, roster = {0};
	static struct roster decoded; /* large; the programs make accounts one after the other */
	struct create create = {.time_ms = 1000};

	*account = (struct bench_account){0};
	device_make(&genesis.added[0], ROLE_DEVICE, account->sign_secret);
	device_make(&genesis.added[1], ROLE_RECOVERY, paper_secret);
	genesis.added_count = 2;
	device_id_of(genesis.added[0].sign_public, &account->device);
	genesis.signer = account->device;
	randombytes_buf(genesis.previous.bytes, DIGEST_LEN);
	randombytes_buf(genesis.epoch.commit.bytes, DIGEST_LEN);
	genesis.epoch.number = 1;
	genesis.part[PART_NAMES] = view_text("sealed names");
	genesis.part[PART_BOXES] = view_text("sealed boxes");
	if (statement_encode(&genesis, account->sign_secret, &statement) != FORMAT_OK ||
	    roster_begin(view_bytes(&statement), &roster) != FORMAT_OK ||
	    roster_decode(view_bytes(&roster), false, &decoded) != FORMAT_OK)
		bench_die("an account can't be made");
	account->id = decoded.account;
	account->roster_hash = *roster_hash(&decoded);
	account->head.hash = decoded.hashes[0];
	create.account = account->id;
	create.device = account->device;
	create.roster = view_bytes(&roster);
	if (create_encode(&create, account->sign_secret, &account->create) != FORMAT_OK)
		bench_die("an account can't be made");
	bytes_clear(&roster);
	bytes_clear(&statement);
}

void bench_account_clear(struct bench_account *account)
{
	bytes_clear(&account->create);
	*account = (struct bench_account){0};
}

void bench_patch_make(
    const struct bench_account *account, const struct head *head, struct bench_patch *out)
{
	struct frame_header header = {.account = account->id,
	    .epoch = 1,
	    .seq = head->seq + 1,
	    .previous = head->hash,
	    .roster = account->roster_hash,
	    .device = account->device,
	    .kind = FRAME_PATCH};
	struct sync_request request = {
	    .account = account->id, .device = account->device, .cursor = *head};
	uint8_t body[BENCH_BODY_LEN];
	struct bytes encoded = {0};
	struct frame frame;

	randombytes_buf(header.salt, SALT_LEN);
	randombytes_buf(header.commit, COMMIT_LEN);
	randombytes_buf(body, sizeof(body));
	if (frame_encode(&header, view_of(body, sizeof(body)), account->sign_secret, &encoded) !=
		FORMAT_OK ||
	    frame_decode(view_bytes(&encoded), &frame) != FORMAT_OK)
		bench_die("a frame can't be made");
	request.frames[0] = view_bytes(&encoded);
	request.frames_count = 1;
	if (sync_request_encode(&request, &out->request) != FORMAT_OK)
		bench_die("a request can't be made");
	out->next = (struct head){header.seq, frame.hash};
	bytes_clear(&encoded);
}

void bench_account_open(struct bench_server *server, const struct bench_account *account)
{
	long status = bench_ask(server, NULL, "POST", "/v1/accounts", "application/cbor",
	    view_bytes(&account->create), NULL);

	if (status != 201)
		bench_die("an account can't be created: status %ld (is create = open?)", status);
}

int64_t bench_push(
    struct bench_server *server, struct bench_account *account, const struct bench_patch *patch)
{
	struct bytes encoded = {0};
	struct sync_answer answer = {0};
	int64_t start_us, took_us;
	long status;

	start_us = bench_now_us();
	status = bench_ask(server, account, "POST", "/v1/sync", "application/cbor",
	    view_bytes(&patch->request), &encoded);
	took_us = bench_now_us() - start_us;
	if (status != 200 || sync_answer_decode(view_bytes(&encoded), &answer) != FORMAT_OK ||
	    answer.status != SYNC_COMMITTED)
		bench_die("a push was not committed: status %ld", status);
	account->head = patch->next;
	sync_answer_clear(&answer);
	bytes_clear(&encoded);
	return took_us;
}
