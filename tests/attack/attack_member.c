/*
 * tests/attack/attack_member.c: rounds of a hostile member against honest devices, through the real
 * account code over a bucket in memory. `attack_member [--seconds N] [--rounds N] [--seed N]
 * [--trace]`.
 * A round makes an account of two devices with unsynced edits on one; the other, which has all its
 * keys, commits what no device of ours would, up to CYCLES_MAX times. After each time must hold:
 *   - whatever the account code has not checked is not in the log, and no request ends a process;
 *   - the honest device's sync ends well, or refuses and says why; its edits are there either way;
 *   - if it refused, one `sync --reseed` leads back, whatever stands in the log;
 *   - a new device that has only the recovery code then gets the very same journal.
 * The seed of a round that fails is printed; `--seed N --rounds 1` runs it alone. Members that
 * revoke others are not here: who may outrank whom is the roster's affair.
 */
#include "cli/engine/frame_build.h"
#include "cli/engine/membership.h"
#include "cli/engine/version.h"
#include "tests/attack/member.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CYCLES_MAX 3u
#define SCRIPT_LEN 512u
#define BLOBS_MAX 4u
#define RESET_TRIES 3u
#define STATEMENTS_MAX 3u

#define MINE_EDITED "mine: edited, not synced"
#define MINE_NEW "mine: new, not synced"

enum attack_kind {
	ATTACK_PATCH,
	ATTACK_LOAD,
	ATTACK_SNAPSHOT,
	ATTACK_RESET,
	ATTACK_STATEMENT,
	ATTACK_NAME,
	ATTACK_GARBAGE,
	ATTACK_KINDS,
};
static const char *const attack_names[] = {
    "patch", "load", "snapshot", "reset", "statement", "name", "garbage"};

struct round {
	struct world world;
	struct device victim, member, newcomer;
	struct device late; /* an honest one that is seldom there */
	uint64_t random;
	struct member writer;
	struct bytes frame;
	struct {
		struct blob_name name;
		struct bytes blob;
	} blobs[BLOBS_MAX];
	size_t blobs_count;
	bool by_snapshot; /* the newest snapshot is the member's */
};

static struct round now;
static bool trace;
static struct {
	uint64_t rounds, attacks, committed[ATTACK_KINDS], refused[ATTACK_KINDS], resets,
	    unreadable;
} sums;

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(void)
{
	uint64_t value = now.random += 0x9E3779B97F4A7C15u;

	value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
	value = (value ^ value >> 27) * 0x94D049BB133111EBu;
	return value ^ value >> 31;
}

static size_t below(size_t count)
{
	return (size_t)(draw() % count);
}

static bool one_in(size_t count)
{
	return below(count) == 0;
}

static void spoil(struct bytes *bytes)
{
	if (bytes->len > 0)
		bytes->data[below(bytes->len)] ^= (uint8_t)(1u << below(8));
}

static void keep_blob(void *self, const struct blob_name *name, struct view blob)
{
	(void)self;
	assert_true(now.blobs_count < BLOBS_MAX);
	now.blobs[now.blobs_count].name = *name;
	assert_true(bytes_copy(blob, &now.blobs[now.blobs_count].blob));
	now.blobs_count++;
}

static void keep_frame(void *self, struct view frame)
{
	(void)self;
	assert_true(bytes_copy(frame, &now.frame));
}

static void forget_written(void)
{
	bytes_clear(&now.frame);
	for (size_t i = 0; i < now.blobs_count; i++)
		bytes_clear(&now.blobs[i].blob);
	now.blobs_count = 0;
}

static void put_blobs(void)
{
	struct device *member = &now.member;

	for (size_t i = 0; i < now.blobs_count; i++) {
		struct view blob = view_bytes(&now.blobs[i].blob);
		struct call call;

		if (one_in(32))
			continue; /* it names what is not there */
		call_init(&call, now.world.now_ms + 60000);
		assert_int_equal(account_blob_put(&member->env, &member->cache, &now.world.account,
				     &now.blobs[i].name, blob, &call),
		    ACCOUNT_OK);
	}
}

static struct sync_request request_of(const struct member *writer)
{
	return (struct sync_request){.account = now.world.account,
	    .device = now.member.keys.id,
	    .cursor = writer->state.facts.public.head,
	    .wants_lease = one_in(8),
	    .reseed = one_in(8)};
}

/* True: it stands in the log. */
static bool commit(const struct sync_request *request)
{
	struct sync_answer answer = {0};
	enum account_result result;
	bool committed;
	struct call call;

	call_init(&call, now.world.now_ms + 60000);
	result = account_sync(&now.member.env, &now.member.cache, request, &call, &answer);
	assert_true(result != ACCOUNT_FAILED && result != ACCOUNT_DAMAGED);
	committed = result == ACCOUNT_OK && answer.status == SYNC_COMMITTED;
	sync_answer_clear(&answer);
	return committed;
}

/* One frame of the writer's, mostly as a device would send it. */
static bool attack_frame(enum frame_kind kind)
{
	struct member_sink sink = {NULL, keep_blob, keep_frame};
	struct sync_request request = request_of(&now.writer);
	struct fuzz_script script;
	uint8_t bytes[SCRIPT_LEN];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)draw();
	fuzz_begin(&script, bytes, sizeof(bytes));
	member_write(&now.writer, kind, &script, &sink);
	if (now.frame.data == NULL)
		return false; /* what the script said can't be a frame */
	put_blobs();
	request.frames[request.frames_count++] = view_bytes(&now.frame);
	if (one_in(8))
		request.frames[request.frames_count++] = view_bytes(&now.frame);
	if (kind == FRAME_RESET || one_in(16))
		request.roster = view_bytes(&now.writer.state.roster_bytes);
	if (now.blobs_count > 0 && one_in(4))
		request.bodies[request.bodies_count++] = view_bytes(&now.blobs[0].blob);
	return commit(&request);
}

/* A statement's frame, signed by the member, whatever its body is. */
static void statement_frame(struct view statement, uint64_t seq, struct bytes *out)
{
	struct frame_header header;

	frame_build_header(&now.writer.state, FRAME_STATEMENT, &header);
	header.seq = seq;
	header.device = now.member.keys.id;
	if (frame_encode(&header, statement, now.member.keys.sign_secret, out) != FORMAT_OK)
		assert_int_equal(
		    frame_encode(&header, view_text("?"), now.member.keys.sign_secret, out),
		    FORMAT_OK);
}

/*
 * Devices that the member adds: as it may; or the frame leads to one statement and the roster holds
 * another, or two, or a spoilt one; or the body is no statement at all.
 */
static bool attack_statement(void)
{
	const struct replica *state = &now.writer.state;
	struct sync_request request = request_of(&now.writer);
	struct bytes rosters[STATEMENTS_MAX] = {{0}}, statements[STATEMENTS_MAX] = {{0}};
	struct roster *after = calloc(1, sizeof(*after));
	struct device_keys keys;
	bool committed, chained = one_in(2);

	assert_non_null(after);
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		const struct roster *before = state->roster;

		if (i > 0 && chained) {
			assert_int_equal(
			    roster_decode(view_bytes(&rosters[i - 1]), false, after), FORMAT_OK);
			before = after;
		}
		device_keys_new(&now.world.random, &keys);
		assert_int_equal(add_device_make(before, &now.member.keys, &keys,
				     view_text("one of the member's"), now.world.now_ms,
				     &now.world.random, &statements[i]),
		    FORMAT_OK);
		assert_int_equal(
		    roster_append(before->encoded, view_bytes(&statements[i]), &rosters[i]),
		    FORMAT_OK);
		device_keys_clear(&keys);
	}
	if (one_in(4))
		spoil(&statements[0]);
	if (one_in(4))
		spoil(&rosters[0]);
	statement_frame(view_bytes(&statements[0]),
	    one_in(8) ? draw() & SEQ_MAX : state->facts.public.head.seq + 1, &now.frame);
	request.frames[request.frames_count++] = view_bytes(&now.frame);
	request.roster = view_bytes(&rosters[one_in(2) ? 0 : below(STATEMENTS_MAX)]);
	if (one_in(8))
		request.roster = view_bytes(&state->roster_bytes);
	if (one_in(8))
		request.roster = (struct view){0};
	committed = commit(&request);
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		bytes_clear(&rosters[i]);
		bytes_clear(&statements[i]);
	}
	free(after);
	return committed;
}

/* A frame that names what is no blob, or a blob of another kind. */
static bool attack_name(void)
{
	static const enum frame_kind kinds[] = {FRAME_PATCH, FRAME_LOAD, FRAME_SNAPSHOT};
	struct sync_request request = request_of(&now.writer);
	struct frame_sealed sealed = {.time_ms = now.world.now_ms};
	struct blob_header header = {.account = now.world.account,
	    .epoch = 1,
	    .kind = (enum blob_kind)below(BLOB_INDEX + 1u)};
	struct blob_name name = {.count = now.writer.state.facts.public.sweep};
	struct frame_header frame;
	const struct epoch_key *key;
	struct built_frame push = {0};
	struct bytes blob = {0};

	assert_int_equal(replica_key(&now.writer.state, header.epoch, &key), ENGINE_OK);
	assert_int_equal(
	    seal_blob(key, view_text("a few bytes"), &header, &blob, &name.hash), FORMAT_OK);
	if (one_in(2)) {
		spoil(&blob);
		blob_hash(view_bytes(&blob), &name.hash);
	}
	keep_blob(NULL, &name, view_bytes(&blob));
	bytes_clear(&blob);
	put_blobs();
	frame_build_header(&now.writer.state, kinds[below(COUNT_OF(kinds))], &frame);
	frame.has_blob = true;
	frame.blob = name;
	root_of(&now.writer.state.sum, sealed.root);
	if (frame.kind == FRAME_SNAPSHOT) {
		frame.has_covered = true;
		frame.covered = request.cursor;
		sealed.has_covered_root = true;
		root_of(&now.writer.state.sum, sealed.covered_root);
	}
	assert_int_equal(frame_build_seal(&now.writer.state, &frame, &sealed, &push), ENGINE_OK);
	keep_frame(NULL, view_bytes(&push.encoded));
	built_frame_clear(&push);
	request.frames[request.frames_count++] = view_bytes(&now.frame);
	return commit(&request);
}

/* A request as bytes, some of them changed: it is refused, or does what it then says. */
static bool attack_garbage(void)
{
	struct member_sink sink = {NULL, keep_blob, keep_frame};
	struct sync_request request = request_of(&now.writer);
	struct sync_request changed = {0};
	struct fuzz_script script;
	uint8_t bytes[SCRIPT_LEN] = {0};
	struct bytes encoded = {0};
	bool committed = false;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(draw() & 0x7F);
	fuzz_begin(&script, bytes, sizeof(bytes));
	member_write(&now.writer, FRAME_PATCH, &script, &sink);
	put_blobs();
	for (unsigned i = 0; now.frame.data != NULL && i < 2 && one_in(2); i++)
		spoil(&now.frame);
	for (size_t i = 0; now.frame.data != NULL && i <= below(SYNC_PUSH_MAX); i++)
		request.frames[request.frames_count++] = view_bytes(&now.frame);
	if (one_in(2))
		request.cursor.seq = draw() & SEQ_MAX;
	request.roster = one_in(2) ? view_of(bytes, below(sizeof(bytes)))
				   : view_bytes(&now.writer.state.roster_bytes);
	request.bodies[request.bodies_count++] = view_of(bytes, below(sizeof(bytes)));
	if (sync_request_encode(&request, &encoded) != FORMAT_OK)
		return commit(&request);
	for (unsigned i = 0; i < 3 && one_in(2); i++)
		spoil(&encoded);
	if (sync_request_decode(view_bytes(&encoded), &changed) == FORMAT_OK)
		committed = commit(&changed);
	bytes_clear(&encoded);
	return committed;
}

static bool attack(enum attack_kind kind)
{
	switch (kind) {
	case ATTACK_PATCH: return attack_frame(FRAME_PATCH);
	case ATTACK_LOAD: return attack_frame(FRAME_LOAD);
	case ATTACK_SNAPSHOT: return attack_frame(FRAME_SNAPSHOT);
	case ATTACK_RESET: return attack_frame(FRAME_RESET);
	case ATTACK_STATEMENT: return attack_statement();
	case ATTACK_NAME: return attack_name();
	case ATTACK_GARBAGE:
	case ATTACK_KINDS: break;
	}
	return attack_garbage();
}

static bool content_is(struct device *device, const char *id, const char *content)
{
	struct version version = {0};
	struct digest hash;
	bool same;

	if (!device_has(device, id))
		return false;
	hash = device_version(device, id);
	assert_engine(device,
	    version_load(&device->engine, view_text("x"), &hash, &device->call, &version),
	    ENGINE_OK);
	same = view_equal(version.entry.content, view_text(content));
	version_clear(&version);
	return same;
}

/* I1: it stands, or it lost by the conflict rule and is in the history. */
static void assert_kept(struct device *device, const char *id, const char *content)
{
	if (!content_is(device, id, content) && !device_keeps(device, id, HISTORY_EDIT, content) &&
	    !device_keeps(device, id, HISTORY_LOSER, content))
		fail_msg("\"%s\" of %s is lost", content, id);
}

/* A person who says yes to what the brake asks. */
static enum engine_result sync_person(struct device *device)
{
	enum engine_result result = device_sync(device);

	return result == ENGINE_BRAKE ? device_sync_with(device, true) : result;
}

static bool refusal(enum engine_result result)
{
	return result == ENGINE_DAMAGED || result == ENGINE_ROOT || result == ENGINE_ROLLBACK ||
	       result == ENGINE_WRONG_KEY;
}

static void way_out(struct device *device)
{
	enum engine_result result = ENGINE_LATER;

	device->reseed = true;
	for (unsigned i = 0; i < RESET_TRIES && result != ENGINE_OK; i++)
		result = sync_person(device);
	device->reseed = false;
	assert_engine(device, result, ENGINE_OK);
	now.by_snapshot = false;
	sums.resets++;
}

/*
 * What it gets is what the victim has. A snapshot's index is read by who takes it alone: others
 * go on over one that can't be read, until the next snapshot replaces it; so there a newcomer may
 * be told that it is damaged.
 */
static void judge_newcomer(void)
{
	struct device *victim = &now.victim;
	struct device *newcomer = &now.newcomer;
	enum engine_result result;

	device_open(newcomer, &now.world);
	device_join(newcomer);
	result = sync_person(newcomer);
	if (now.by_snapshot && refusal(result)) {
		sums.unreadable++;
		device_close(newcomer);
		return;
	}
	assert_engine(newcomer, result, ENGINE_OK);
	assert_engine(victim, sync_person(victim), ENGINE_OK);
	assert_engine(newcomer, sync_person(newcomer), ENGINE_OK);
	assert_same_state(victim, newcomer);
	device_close(newcomer);
}

static void judge(void)
{
	struct device *victim = &now.victim;
	enum engine_result result = sync_person(victim);

	if (trace)
		(void)fprintf(stderr, "the victim's sync: %s: %s\n", engine_result_text(result),
		    victim->call.message);
	if (result != ENGINE_OK && (!refusal(result) || victim->call.message[0] == '\0'))
		fail_msg("sync: %s: %s", engine_result_text(result), victim->call.message);
	assert_kept(victim, "e1", MINE_EDITED);
	assert_kept(victim, "mine", MINE_NEW);
	if (result != ENGINE_OK)
		way_out(victim);
	assert_kept(victim, "e1", MINE_EDITED);
	assert_kept(victim, "mine", MINE_NEW);
	judge_newcomer();
	/* Sweeps go on, whatever the member has put and named. */
	if (one_in(4))
		world_sweep(&now.world);
}

/* Who was away meanwhile, perhaps behind the snapshot, comes to the same without a reset. */
static void judge_late(void)
{
	struct device *late = &now.late;
	enum engine_result result = sync_person(late);

	if (now.by_snapshot && refusal(result))
		return;
	assert_engine(late, result, ENGINE_OK);
	assert_kept(late, "e3", MINE_EDITED);
	assert_engine(&now.victim, sync_person(&now.victim), ENGINE_OK);
	assert_engine(late, sync_person(late), ENGINE_OK);
	assert_same_state(&now.victim, late);
}

static void cycle(void)
{
	enum attack_kind kind = (enum attack_kind)below(ATTACK_KINDS);
	bool committed;

	member_open(&now.writer, &now.member.engine, &now.victim.keys.id);
	sums.attacks++;
	committed = attack(kind);
	if (trace)
		(void)fprintf(
		    stderr, "%s: %s\n", attack_names[kind], committed ? "committed" : "refused");
	if (committed)
		sums.committed[kind]++;
	else
		sums.refused[kind]++;
	member_close(&now.writer);
	forget_written();
	if (committed && (kind == ATTACK_SNAPSHOT || kind == ATTACK_NAME))
		now.by_snapshot = true;
	judge();
}

static void run_round(uint64_t seed)
{
	now = (struct round){.random = seed};
	devices_pair(&now.world, &now.victim, &now.member, 6);
	now.world.made.count = seed << 20; /* keys and salts of its own */
	device_open(&now.late, &now.world);
	device_join(&now.late);
	assert_synced(&now.late);
	assert_synced(&now.victim);
	assert_synced(&now.member);
	(void)device_save(&now.victim, "e1", MINE_EDITED);
	(void)device_save(&now.late, "e3", MINE_EDITED);
	device_new(&now.victim, "mine", MINE_NEW);
	for (size_t i = 0, count = 1 + below(CYCLES_MAX); i < count; i++) {
		cycle();
		now.world.now_ms += 600000;
		/* Its own honest program takes what the others have made of it. */
		assert_engine(&now.member, sync_person(&now.member), ENGINE_OK);
		if (device_has(&now.victim, "e2"))
			(void)device_save(&now.victim, "e2", "the next edit, not synced");
	}
	judge_late();
	device_close(&now.late);
	device_close(&now.member);
	device_close(&now.victim);
	world_close(&now.world);
	sums.rounds++;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || *end != '\0') {
		(void)fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	uint64_t seconds = 60, rounds = UINT64_MAX, seed = 1;
	time_t begun = time(NULL);

	trace = argc > 1 && strcmp(argv[argc - 1], "--trace") == 0;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seconds") == 0)
			seconds = number(argv[i + 1]);
		else if (strcmp(argv[i], "--rounds") == 0)
			rounds = number(argv[i + 1]);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = number(argv[i + 1]);
	}
	/* cmocka's asserts say why, and abort. */
	if (sodium_init() < 0 || setenv("CMOCKA_TEST_ABORT", "1", 1) != 0)
		return 2;
	for (uint64_t at = seed; at - seed < rounds && (uint64_t)(time(NULL) - begun) < seconds;
	     at++) {
		(void)fprintf(stderr, "\rseed %llu ", (unsigned long long)at);
		run_round(at);
	}
	(void)printf("\n%llu rounds, %llu attacks, %llu ways out by --reseed, %llu snapshots that "
		     "can't be read\n",
	    (unsigned long long)sums.rounds, (unsigned long long)sums.attacks,
	    (unsigned long long)sums.resets, (unsigned long long)sums.unreadable);
	for (size_t i = 0; i < ATTACK_KINDS; i++)
		(void)printf("  %-9s %llu committed, %llu refused\n", attack_names[i],
		    (unsigned long long)sums.committed[i], (unsigned long long)sums.refused[i]);
	return 0;
}
