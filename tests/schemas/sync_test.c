/*
 * tests/schemas/sync_test.c: the exchange's maxima, and who owns an answer's arrays.
 */
#include "schemas/cbor.h"
#include "schemas/sync.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static struct sync_answer answer_with(size_t frames, size_t bodies, size_t names)
{
	struct sync_answer answer = {.status = SYNC_BEHIND};

	answer.frames = calloc(frames + 1, sizeof(answer.frames[0]));
	answer.bodies = calloc(bodies + 1, sizeof(answer.bodies[0]));
	answer.names = calloc(names + 1, sizeof(answer.names[0]));
	assert_true(answer.frames != NULL && answer.bodies != NULL && answer.names != NULL);
	answer.frames_count = frames;
	answer.bodies_count = bodies;
	answer.names_count = names;
	return answer;
}

static void counts_hold_to_the_last(void **state)
{
	static const struct {
		const char *name;
		size_t frames, bodies, names;
		enum format_result result;
	} rows[] = {
	    {"nothing", 0, 0, 0, FORMAT_OK},
	    {"most frames", SYNC_FRAMES_MAX, 0, 0, FORMAT_OK},
	    {"a frame more", SYNC_FRAMES_MAX + 1, 0, 0, FORMAT_TOO_LARGE},
	    {"most bodies", 0, SYNC_FRAMES_MAX, 0, FORMAT_OK},
	    {"a body more", 0, SYNC_FRAMES_MAX + 1, 0, FORMAT_TOO_LARGE},
	    {"most names", 0, 0, SYNC_NAMES_MAX, FORMAT_OK},
	    {"a name more", 0, 0, SYNC_NAMES_MAX + 1, FORMAT_TOO_LARGE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sync_answer answer =
		    answer_with(rows[i].frames, rows[i].bodies, rows[i].names);
		struct sync_answer decoded = {0};
		struct bytes encoded = {0};
		enum format_result result;

		assert_int_equal(sync_answer_encode(&answer, &encoded), FORMAT_OK);
		result = sync_answer_decode(view_bytes(&encoded), &decoded);
		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].name, format_result_text(result));
		if (result == FORMAT_OK)
			assert_true(decoded.frames_count == rows[i].frames &&
				    decoded.bodies_count == rows[i].bodies &&
				    decoded.names_count == rows[i].names &&
				    (decoded.frames != NULL) == (rows[i].frames > 0) &&
				    (decoded.bodies != NULL) == (rows[i].bodies > 0) &&
				    (decoded.names != NULL) == (rows[i].names > 0));
		else
			assert_null(decoded.frames);
		sync_answer_clear(&decoded);
		sync_answer_clear(&answer);
		bytes_clear(&encoded);
	}
}

/* A count announces nothing that is not there: 4,096 frames in 40 bytes take no memory. */
static void an_announced_count_is_not_believed(void **state)
{
	struct sync_answer answer = answer_with(0, 0, 0);
	struct sync_answer decoded = {0};
	struct bytes encoded = {0};
	const uint8_t none[] = {7, 0x80}; /* frames: none */
	uint8_t *at = NULL;

	(void)state;
	assert_int_equal(sync_answer_encode(&answer, &encoded), FORMAT_OK);
	for (size_t i = 0; i + 2 < encoded.len; i++)
		if (memcmp(encoded.data + i, none, sizeof(none)) == 0)
			at = encoded.data + i;
	assert_non_null(at);
	if (at != NULL) /* 23 items where the rest of the answer follows */
		at[1] = 0x97;
	assert_int_equal(sync_answer_decode(view_bytes(&encoded), &decoded), FORMAT_MALFORMED);
	assert_null(decoded.frames);
	sync_answer_clear(&answer);
	bytes_clear(&encoded);
}

static void an_answer_keeps_what_its_views_point_into(void **state)
{
	struct sync_answer answer = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answer.storage); i++) {
		struct bytes owned = {0};

		assert_true(bytes_copy(view_text("bytes"), &owned));
		assert_true(sync_answer_keep(&answer, &owned));
		assert_null(owned.data);
	}
	{
		struct bytes owned = {0};

		assert_true(bytes_copy(view_text("one too many"), &owned));
		assert_false(sync_answer_keep(&answer, &owned));
		assert_non_null(owned.data);
		bytes_clear(&owned);
	}
	sync_answer_clear(&answer);
	assert_int_equal(answer.storage_count, 0);
	sync_answer_clear(&answer);
}

static void a_request_s_views_point_into_its_bytes(void **state)
{
	struct sync_request request = {.cursor = {7, {{1}}}, .frames_count = 1, .bodies_count = 1};
	struct sync_request decoded;
	struct bytes encoded = {0};

	(void)state;
	request.frames[0] = view_text("frame");
	request.bodies[0] = view_text("body");
	assert_int_equal(sync_request_encode(&request, &encoded), FORMAT_OK);
	assert_int_equal(sync_request_decode(view_bytes(&encoded), &decoded), FORMAT_OK);
	assert_true(head_equal(&decoded.cursor, &request.cursor));
	assert_true(view_equal(decoded.frames[0], request.frames[0]));
	assert_true(view_equal(decoded.bodies[0], request.bodies[0]));
	assert_true(decoded.frames[0].data > encoded.data &&
		    decoded.frames[0].data < encoded.data + encoded.len);
	assert_null(decoded.roster.data);
	bytes_clear(&encoded);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_hold_to_the_last),
    cmocka_unit_test(an_announced_count_is_not_believed),
    cmocka_unit_test(an_answer_keeps_what_its_views_point_into),
    cmocka_unit_test(a_request_s_views_point_into_its_bytes),
};

TEST_MAIN(tests)
