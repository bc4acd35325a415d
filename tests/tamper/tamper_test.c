/*
 * tests/tamper/tamper_test.c: I8: any changed bit is refused and changes nothing local. Each bit of
 * one small object of each kind is changed, one at a time, where the object lies (or in what a
 * gateway answers), and a device syncs that needs the object: real store, real engine, real account
 * code. It must refuse, and its whole journal must be as it was, by a hash of all rows. With the
 * bit changed back it syncs: so it was that bit. Of a segment of 256 KiB sampled bits are tried.
 */
#include "gateway/account/object.h"
#include "tests/fuzz/victim.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_LEN 5000u             /* of an entry whose patch has a body */
#define WHOLE_SEGMENT (360u << 10) /* of text of which three quarters are left */
#define SAMPLES 200u
#define LOOK_EACH 32u /* tries after which all rows are hashed though nothing was committed */

struct scene {
	struct world world;
	struct device a, b;
	struct victim victim;
	bool stages; /* what was fetched before may be staged; else not one row may differ */
	struct digest before;         /* of the victim's journal */
	char key[BUCKET_KEY_MAX + 1]; /* the object under test */
	struct bytes object;
};

static struct scene scene;

/* What is changed in this try: one bit of the object, or of an answer on its way. */
static struct {
	size_t at;
	uint8_t mask;
	bool met; /* the device was given it */
	struct blob_name name;
} bit;

struct looked_for {
	const char *part;
	unsigned count;
};

static void find_object(void *self, const char *key, struct view data)
{
	struct looked_for *looked = self;

	if (strstr(key, looked->part) == NULL)
		return;
	looked->count++;
	(void)snprintf(scene.key, sizeof(scene.key), "%s", key);
	bytes_clear(&scene.object);
	assert_true(bytes_copy(data, &scene.object));
}

/* The one object whose key holds part. */
static void look_for(const char *part)
{
	struct looked_for looked = {.part = part};

	memory_each(scene.world.store, find_object, &looked);
	assert_int_equal(looked.count, 1);
}

static void look_for_blob(const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	look_for(text);
	bit.name = *name;
}

static int scene_setup(void **state)
{
	scene.stages = false;
	devices_pair(&scene.world, &scene.a, &scene.b, 2);
	*state = &scene;
	return 0;
}

static int scene_teardown(void **state)
{
	(void)state;
	victim_clear(&scene.victim);
	bytes_clear(&scene.object);
	device_close(&scene.a);
	device_close(&scene.b);
	world_close(&scene.world);
	return 0;
}

static void keep(struct device *device)
{
	victim_keep(&scene.victim, device);
	victim_digest(&scene.victim, !scene.stages, &scene.before);
}

/* The device begins each try as a process that has just been started. */
static enum engine_result sync_afresh(struct device *device)
{
	account_cache_clear(&device->cache);
	return device_sync(device);
}

struct
try {
	bool whole;                /* not even what was staged may be there */
	enum engine_result unless; /* ENGINE_OK: any refusal will do; else it must be this one */
};

/*
 * The rows are hashed before and after wherever anything was committed, and now and then where
 * nothing was: SQLite's word for that is the file's data_version.
 */
static void refuse(size_t number)
{
	struct digest after;
	enum engine_result result;

	bit.met = false;
	result = sync_afresh(scene.victim.device);
	if (result == ENGINE_OK)
		fail_msg("bit %zu: %s", number, engine_result_text(result));
	if (!victim_moved(&scene.victim) && number % LOOK_EACH != 0)
		return;
	victim_digest(&scene.victim, !scene.stages, &after);
	if (!digest_equal(&scene.before, &after))
		fail_msg("bit %zu: the journal has changed, and the result is %s", number,
		    engine_result_text(result));
	victim_restore(&scene.victim);
}

/* Then as it was: it syncs. */
static void accept(void)
{
	assert_engine(scene.victim.device, sync_afresh(scene.victim.device), ENGINE_OK);
}

/* Bits of the object in the bucket: all of them, or every step-th. */
static void in_the_bucket(size_t step)
{
	for (size_t number = 0; number < 8 * scene.object.len; number += step) {
		uint8_t mask = (uint8_t)(1u << number % 8);

		assert_true(memory_flip(scene.world.store, scene.key, number / 8, mask));
		refuse(number);
		assert_true(memory_flip(scene.world.store, scene.key, number / 8, mask));
	}
}

static void spoil_blob(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)device;
	if (!blob_name_equal(name, &bit.name))
		return;
	assert_true(bit.at < blob->len);
	blob->data[bit.at] ^= bit.mask;
	bit.met = true;
}

/* Bits of the blob on its way: what a gateway does that does not check its own blobs. */
static void on_its_way(size_t step)
{
	scene.victim.device->got = spoil_blob;
	for (size_t number = 0; number < 8 * scene.object.len; number += step) {
		bit.at = number / 8;
		bit.mask = (uint8_t)(1u << number % 8);
		refuse(number);
		assert_true(bit.met);
	}
	scene.victim.device->got = NULL;
}

/* ---- The index object, and what it holds ---- */

static void edit_and_keep(void)
{
	(void)device_save(&scene.a, "e1", "an edit that the other has not seen");
	assert_synced(&scene.a);
	keep(&scene.b);
}

static void each_bit_of_a_manifest(void **state)
{
	(void)state;
	edit_and_keep();
	look_for("/manifest");
	in_the_bucket(1);
	accept();
}

/* By who has the bucket's keys: head and checksum are made to fit the changed frame. */
static void each_bit_of_a_frame_in_the_tail(void **state)
{
	static struct manifest manifest;
	struct bytes sound = {0}, frame = {0}, changed = {0};
	size_t last;

	(void)state;
	edit_and_keep();
	world_manifest(&scene.world, &sound);
	assert_int_equal(manifest_decode(view_bytes(&sound), &manifest), FORMAT_OK);
	last = manifest.tail_count - 1;
	assert_true(bytes_copy(manifest.tail[last], &frame));
	manifest.tail[last] = view_bytes(&frame);
	for (size_t number = 0; number < 8 * frame.len; number++) {
		frame.data[number / 8] ^= (uint8_t)(1u << number % 8);
		digest_view(DOMAIN_FRAME, view_bytes(&frame), &manifest.head.hash);
		assert_int_equal(manifest_encode(&manifest, &changed), FORMAT_OK);
		world_manifest_set(&scene.world, view_bytes(&changed));
		refuse(number);
		frame.data[number / 8] ^= (uint8_t)(1u << number % 8);
		bytes_clear(&changed);
	}
	world_manifest_set(&scene.world, view_bytes(&sound));
	accept();
	bytes_clear(&frame);
	bytes_clear(&sound);
}

/* Two frames that b needs, moved into a pack as a commit moves a tail. */
static void pack_tail(void)
{
	static struct manifest manifest;
	static struct account_work work;
	struct bytes sound = {0}, changed = {0}, pack = {0};
	struct account_key key;
	struct bucket_tag tag;
	struct call call;
	size_t names_size = 0, first, count;

	world_manifest(&scene.world, &sound);
	assert_int_equal(manifest_decode(view_bytes(&sound), &manifest), FORMAT_OK);
	assert_int_equal(manifest.packs_count, 0);
	work.env = &scene.a.env;
	work.account = scene.world.account;
	for (size_t at = 0; at < manifest.tail_count; at += count) {
		struct manifest_pack *named = &manifest.packs[manifest.packs_count++];

		count = at == 0 ? manifest.tail_count - 2 : 2; /* b has the first of them */
		first = (size_t)manifest.head.seq - manifest.tail_count + at + 1;
		assert_int_equal(pack_encode(&scene.world.account, &manifest.tail[at], count, &pack,
				     &names_size),
		    FORMAT_OK);
		*named = (struct manifest_pack){.from_seq = first,
		    .to_seq = first + count - 1,
		    .count = manifest.sweep,
		    .size = pack.len,
		    .names_size = names_size};
		pack_hash(view_bytes(&pack), &named->hash);
		account_key_pack(&work, named, &key);
		call_init(&call, INT64_MAX);
		assert_int_equal(
		    bucket_put(scene.a.bucket,
			&(struct bucket_put){.key = key.text, .data = view_bytes(&pack)}, &call,
			&tag),
		    BUCKET_OK);
		bytes_clear(&pack);
	}
	manifest.tail_count = 0;
	assert_int_equal(manifest_encode(&manifest, &changed), FORMAT_OK);
	world_manifest_set(&scene.world, view_bytes(&changed));
	bytes_clear(&changed);
	bytes_clear(&sound);
	look_for(strrchr(key.text, '/'));
}

static void each_bit_of_a_pack(void **state)
{
	(void)state;
	(void)device_save(&scene.a, "e0", "one edit");
	assert_synced(&scene.a);
	edit_and_keep();
	pack_tail();
	in_the_bucket(1);
	accept();
}

/* ---- Blobs ---- */

/* The last frame of the log. */
static struct frame_header last_frame(void)
{
	static struct manifest manifest;
	static struct bytes sound;
	struct frame frame;
	struct frame_header header;

	world_manifest(&scene.world, &sound);
	assert_int_equal(manifest_decode(view_bytes(&sound), &manifest), FORMAT_OK);
	assert_true(manifest.tail_count > 0);
	assert_int_equal(frame_decode(manifest.tail[manifest.tail_count - 1], &frame), FORMAT_OK);
	header = frame.header;
	bytes_clear(&sound);
	return header;
}

/* An edit whose operations are a body, which the answer brings; the account code checks nothing of
 * it but its name. */
static void keep_with_body(void)
{
	char *text = made_text(&scene.world.made, LONG_LEN);
	struct frame_header header;

	device_new(&scene.a, "long", text);
	free(text);
	assert_synced(&scene.a);
	header = last_frame();
	assert_true(header.has_blob && header.kind == FRAME_PATCH);
	look_for_blob(&header.blob);
	keep(&scene.b);
}

static void bits_of_a_body_in_the_bucket(void **state)
{
	(void)state;
	keep_with_body();
	in_the_bucket(5);
	accept();
}

static void spoil_body(struct device *device, struct sync_answer *answer)
{
	(void)device;
	for (size_t i = 0; i < answer->bodies_count; i++) {
		struct bytes copy = {0};

		if (!blob_name_equal(&answer->bodies[i].name, &bit.name))
			continue;
		assert_true(bytes_copy(answer->bodies[i].blob, &copy));
		copy.data[bit.at] ^= bit.mask;
		answer->bodies[i].blob = view_bytes(&copy);
		assert_true(sync_answer_keep(answer, &copy));
		bit.met = true;
	}
}

static void each_bit_of_a_body_in_an_answer(void **state)
{
	(void)state;
	keep_with_body();
	scene.b.answered = spoil_body;
	for (size_t number = 0; number < 8 * scene.object.len; number++) {
		bit.at = number / 8;
		bit.mask = (uint8_t)(1u << number % 8);
		refuse(number);
		assert_true(bit.met);
	}
	scene.b.answered = NULL;
	accept();
}

/* A device at the log's beginning takes the first load: its index, then its one segment. */
static struct device joining;

static int load_setup(void **state)
{
	struct device *a = &scene.a;

	world_open(&scene.world);
	device_open(a, &scene.world);
	device_create(a);
	*state = &scene;
	return 0;
}

static int load_teardown(void **state)
{
	(void)state;
	victim_clear(&scene.victim);
	bytes_clear(&scene.object);
	device_close(&joining);
	device_close(&scene.a);
	world_close(&scene.world);
	return 0;
}

static void keep_joining(struct blob_name *index_out, struct blob_name *segment_out)
{
	static struct blob_name names[SEGMENTS_MAX];
	struct frame_header header;
	struct blob index;

	assert_synced(&scene.a);
	header = last_frame();
	assert_int_equal(header.kind, FRAME_LOAD);
	look_for_blob(&header.blob);
	assert_int_equal(blob_decode(view_bytes(&scene.object), names, &index), FORMAT_OK);
	assert_true(index.header.names_count > 0);
	*index_out = header.blob;
	*segment_out = names[0];
	scene.stages = true;
	device_open(&joining, &scene.world);
	device_join(&joining);
	keep(&joining);
}

static void keep_small_load(struct blob_name *index_out, struct blob_name *segment_out)
{
	device_new(&scene.a, "one", "a small entry");
	device_new(&scene.a, "two", "another");
	keep_joining(index_out, segment_out);
}

static void each_bit_of_an_index(void **state)
{
	struct blob_name index, segment;

	(void)state;
	keep_small_load(&index, &segment);
	look_for_blob(&index);
	in_the_bucket(1);
	on_its_way(1);
	accept();
}

static void each_bit_of_a_segment(void **state)
{
	struct blob_name index, segment;

	(void)state;
	keep_small_load(&index, &segment);
	look_for_blob(&segment);
	in_the_bucket(1);
	on_its_way(1);
	accept();
}

/* A number of bits that no power of two divides: all places in a byte are met. */
static void bits_of_a_segment_of_256_kib(void **state)
{
	struct blob_name index, segment;
	char *text;

	(void)state;
	text = made_text(&scene.world.made, WHOLE_SEGMENT);
	device_new(&scene.a, "long", text);
	free(text);
	keep_joining(&index, &segment);
	look_for_blob(&segment);
	assert_true(scene.object.len > (256u << 10));
	in_the_bucket((8 * scene.object.len / SAMPLES) | 1);
	on_its_way((8 * scene.object.len / SAMPLES) | 1);
	accept();
}

/* ---- Who belongs, and that all is gone ---- */

/* A third device has joined; b meets a roster that it does not know. */
static void each_bit_of_a_roster(void **state)
{
	static struct manifest manifest;
	struct bytes sound = {0};
	struct device third;

	(void)state;
	device_open(&third, &scene.world);
	device_join(&third);
	assert_synced(&third);
	keep(&scene.b);
	world_manifest(&scene.world, &sound);
	assert_int_equal(manifest_decode(view_bytes(&sound), &manifest), FORMAT_OK);
	look_for_blob(&manifest.roster);
	bytes_clear(&sound);
	in_the_bucket(1);
	on_its_way(1);
	accept();
	device_close(&third);
}

/* It is not believed, and sync stays on; as it was signed it is. */
static void each_bit_of_the_record_of_a_wipe(void **state)
{
	struct bytes wipe = {0};
	struct wipe_report report;

	(void)state;
	call_init(&scene.a.call, INT64_MAX);
	assert_engine(&scene.a, wipe_make(&scene.a.engine, "", &scene.a.call, &wipe), ENGINE_OK);
	assert_int_equal(account_wipe(&scene.a.env, &scene.a.cache, &scene.world.account,
			     view_bytes(&wipe), &scene.a.call, &report),
	    ACCOUNT_OK);
	bytes_clear(&wipe);
	keep(&scene.b);
	look_for("w/");
	for (size_t number = 0; number < 8 * scene.object.len; number++) {
		uint8_t mask = (uint8_t)(1u << number % 8);

		assert_true(memory_flip(scene.world.store, scene.key, number / 8, mask));
		refuse(number);
		assert_true(device_facts(&scene.b).on);
		assert_true(memory_flip(scene.world.store, scene.key, number / 8, mask));
	}
	assert_engine(&scene.b, sync_afresh(&scene.b), ENGINE_GONE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_bit_of_a_manifest, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_a_frame_in_the_tail, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_a_pack, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(bits_of_a_body_in_the_bucket, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_a_body_in_an_answer, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_an_index, load_setup, load_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_a_segment, load_setup, load_teardown),
    cmocka_unit_test_setup_teardown(bits_of_a_segment_of_256_kib, load_setup, load_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_a_roster, scene_setup, scene_teardown),
    cmocka_unit_test_setup_teardown(each_bit_of_the_record_of_a_wipe, scene_setup, scene_teardown),
};

TEST_MAIN(tests)
