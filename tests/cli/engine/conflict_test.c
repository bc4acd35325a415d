/*
 * tests/cli/engine/conflict_test.c: the conflict rule, a row for each branch. It is symmetric: what
 * one side keeps, the other takes, so that two devices that judge the same two versions agree.
 */
#include "cli/engine/conflict.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

#define T 1000000000

/* A side: which version, when, and whether it is a tombstone. version 0: the entry is not there. */
struct side {
	uint8_t version;
	int64_t updated_ms;
	bool deleted;
	bool copy; /* of another entry */
};

static struct conflict_side side_of(const struct side *side)
{
	struct conflict_side made = {.has = side->version != 0,
	    .deleted = side->deleted,
	    .updated_ms = side->updated_ms,
	    .copy = side->copy};

	made.version.bytes[0] = side->version;
	return made;
}

static const struct {
	const char *name;
	struct side base, local, cloud;
	int64_t skew_ms;
	enum conflict_outcome want;
} rows[] = {
    {"nothing changed", {1, T, false, false}, {1, T, false, false}, {1, T, false, false}, 0,
	CONFLICT_NONE_KEEP},
    {"only local changed", {1, T, false, false}, {2, T + 1, false, false}, {1, T, false, false}, 0,
	CONFLICT_NONE_KEEP},
    {"only the cloud changed", {1, T, false, false}, {1, T, false, false}, {2, T + 1, false, false},
	0, CONFLICT_NONE_TAKE},
    {"only the cloud changed, and back in time", {1, T, false, false}, {1, T, false, false},
	{2, 5, false, false}, 0, CONFLICT_NONE_TAKE},
    {"both changed alike", {1, T, false, false}, {2, T + 1, false, false}, {2, T + 1, false, false},
	0, CONFLICT_NONE_KEEP},
    {"new here", {0, 0, false, false}, {2, T, false, false}, {0, 0, false, false}, 0,
	CONFLICT_NONE_KEEP},
    {"new in the cloud", {0, 0, false, false}, {0, 0, false, false}, {2, T, false, false}, 0,
	CONFLICT_NONE_TAKE},
    {"new on both, alike", {0, 0, false, false}, {2, T, false, false}, {2, T, false, false}, 0,
	CONFLICT_NONE_KEEP},
    {"new on both, close", {0, 0, false, false}, {2, T, false, false}, {3, T + 1, false, false}, 0,
	CONFLICT_BOTH_CLOUD},
    {"new on both, far", {0, 0, false, false}, {2, T, false, false}, {3, T + 120001, false, false},
	0, CONFLICT_CLOUD_WINS},
    {"the entry is not here", {1, T, false, false}, {0, 0, false, false}, {2, T + 1, false, false},
	0, CONFLICT_NONE_TAKE},
    {"purged, unedited", {1, T, true, false}, {1, T, true, false}, {0, 0, false, false}, 0,
	CONFLICT_NONE_TAKE},
    {"purged, live and unedited", {1, T, false, false}, {1, T, false, false}, {0, 0, false, false},
	0, CONFLICT_NONE_TAKE},
    {"purged, edited", {1, T, true, false}, {2, T + 1, false, false}, {0, 0, false, false}, 0,
	CONFLICT_NONE_KEEP},
    {"purged, deleted again", {1, T, true, false}, {2, T + 1, true, false}, {0, 0, false, false}, 0,
	CONFLICT_NONE_TAKE},
    {"both deleted, local later", {1, T, false, false}, {2, T + 9, true, false},
	{3, T + 5, true, false}, 0, CONFLICT_NONE_KEEP},
    {"both deleted, cloud later", {1, T, false, false}, {2, T + 5, true, false},
	{3, T + 9, true, false}, 0, CONFLICT_NONE_TAKE},
    {"both deleted at once", {1, T, false, false}, {2, T + 5, true, false}, {3, T + 5, true, false},
	0, CONFLICT_NONE_TAKE},
    {"edited here, deleted there later", {1, T, false, false}, {2, T + 1, false, false},
	{3, T + 900000, true, false}, 0, CONFLICT_NONE_KEEP},
    {"edited here, deleted there before", {1, T, false, false}, {2, T + 9, false, false},
	{3, T + 1, true, false}, 0, CONFLICT_NONE_KEEP},
    {"deleted here later, edited there", {1, T, false, false}, {2, T + 900000, true, false},
	{3, T + 1, false, false}, 0, CONFLICT_NONE_TAKE},
    {"restored here, deleted again there", {1, T, true, false}, {2, T + 1, false, false},
	{3, T + 2, true, false}, 0, CONFLICT_NONE_KEEP},
    {"close, local later", {1, T, false, false}, {2, T + 120001, false, false},
	{3, T + 1, false, false}, 0, CONFLICT_BOTH_LOCAL},
    {"close, cloud later", {1, T, false, false}, {2, T + 1, false, false},
	{3, T + 120001, false, false}, 0, CONFLICT_BOTH_CLOUD},
    {"far, local later", {1, T, false, false}, {2, T + 120002, false, false},
	{3, T + 1, false, false}, 0, CONFLICT_LOCAL_WINS},
    {"far, cloud later", {1, T, false, false}, {2, T + 1, false, false},
	{3, T + 120002, false, false}, 0, CONFLICT_CLOUD_WINS},
    {"copies, close: none gets a copy of its own", {1, T, false, true}, {2, T + 9, false, true},
	{3, T, false, true}, 0, CONFLICT_LOCAL_WINS},
    {"copies, close, cloud later", {1, T, false, true}, {2, T, false, true},
	{3, T + 9, false, true}, 0, CONFLICT_CLOUD_WINS},
    {"close, a copy there alone", {1, T, false, false}, {2, T + 9, false, false},
	{3, T, false, true}, 0, CONFLICT_LOCAL_WINS},
    {"equal times, local's hash greater", {1, T, false, false}, {3, T + 1, false, false},
	{2, T + 1, false, false}, 0, CONFLICT_BOTH_LOCAL},
    {"equal times, cloud's hash greater", {1, T, false, false}, {2, T + 1, false, false},
	{3, T + 1, false, false}, 0, CONFLICT_BOTH_CLOUD},
    {"equal times, hash above 127", {1, T, false, false}, {200, T + 1, false, false},
	{3, T + 1, false, false}, 0, CONFLICT_BOTH_LOCAL},
    {"far, but the clocks are off by as much", {1, T, false, false}, {2, T + 180000, false, false},
	{3, T, false, false}, 60000, CONFLICT_BOTH_LOCAL},
    {"far, and a little more than the clocks", {1, T, false, false}, {2, T + 180001, false, false},
	{3, T, false, false}, 60000, CONFLICT_LOCAL_WINS},
    {"a clock behind counts alike", {1, T, false, false}, {2, T, false, false},
	{3, T + 180000, false, false}, -60000, CONFLICT_BOTH_CLOUD},
    {"a clock behind counts no more than it is", {1, T, false, false}, {2, T, false, false},
	{3, T + 180001, false, false}, -60000, CONFLICT_CLOUD_WINS},
    {"a little less than ten minutes' skew", {1, T, false, false}, {2, T + 720000, false, false},
	{3, T, false, false}, 599999, CONFLICT_LOCAL_WINS},
    {"a little less than ten minutes behind", {1, T, false, false}, {2, T + 720000, false, false},
	{3, T, false, false}, -599999, CONFLICT_LOCAL_WINS},
    {"a little more than ten minutes' skew", {1, T, false, false}, {2, T + 720001, false, false},
	{3, T, false, false}, 600001, CONFLICT_LOCAL_WINS},
    {"a little more than ten minutes behind", {1, T, false, false}, {2, T + 720001, false, false},
	{3, T, false, false}, -600001, CONFLICT_LOCAL_WINS},
    {"a day's skew counts ten minutes", {1, T, false, false}, {2, T + 720000, false, false},
	{3, T, false, false}, 86400000, CONFLICT_BOTH_LOCAL},
    {"a day's skew counts no more", {1, T, false, false}, {2, T + 720001, false, false},
	{3, T, false, false}, 86400000, CONFLICT_LOCAL_WINS},
    {"a day behind counts no more", {1, T, false, false}, {2, T + 720001, false, false},
	{3, T, false, false}, -86400000, CONFLICT_LOCAL_WINS},
    {"the least skew there is", {1, T, false, false}, {2, T + 720001, false, false},
	{3, T, false, false}, INT64_MIN, CONFLICT_LOCAL_WINS},
    {"times as far apart as can be", {1, T, false, false}, {2, INT64_MAX, false, false},
	{3, INT64_MIN, false, false}, 0, CONFLICT_LOCAL_WINS},
    {"unreadable times are 1970", {1, 0, false, false}, {2, 0, false, false}, {3, T, false, false},
	0, CONFLICT_CLOUD_WINS},
};

static void each_branch(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conflict_side base = side_of(&rows[i].base);
		struct conflict_side local = side_of(&rows[i].local);
		struct conflict_side cloud = side_of(&rows[i].cloud);
		enum conflict_outcome got = conflict_judge(&base, &local, &cloud, rows[i].skew_ms);

		if (got != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].name, (int)got, (int)rows[i].want);
	}
}

static void both_sides_agree_who_won(void **state)
{
	static const enum conflict_outcome mirrored[] = {
	    [CONFLICT_NONE_TAKE] = CONFLICT_NONE_KEEP,
	    [CONFLICT_NONE_KEEP] = CONFLICT_NONE_TAKE,
	    [CONFLICT_CLOUD_WINS] = CONFLICT_LOCAL_WINS,
	    [CONFLICT_LOCAL_WINS] = CONFLICT_CLOUD_WINS,
	    [CONFLICT_BOTH_CLOUD] = CONFLICT_BOTH_LOCAL,
	    [CONFLICT_BOTH_LOCAL] = CONFLICT_BOTH_CLOUD,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conflict_side base = side_of(&rows[i].base);
		struct conflict_side local = side_of(&rows[i].local);
		struct conflict_side cloud = side_of(&rows[i].cloud);

		if (!local.has || !cloud.has || digest_equal(&local.version, &cloud.version))
			continue;
		if (mirrored[conflict_judge(&base, &local, &cloud, rows[i].skew_ms)] !=
		    conflict_judge(&base, &cloud, &local, rows[i].skew_ms))
			fail_msg("%s: the other side judges otherwise", rows[i].name);
	}
}

/* After a reset: no base, a tombstone wins over what is not newer, and absence says nothing. */
static const struct {
	const char *name;
	struct side local, cloud;
	enum conflict_outcome want;
} reset_rows[] = {
    {"alike", {1, T, false, false}, {1, T, false, false}, CONFLICT_NONE_KEEP},
    {"not here", {0, 0, false, false}, {1, T, false, false}, CONFLICT_NONE_TAKE},
    {"not here, and deleted there", {0, 0, false, false}, {1, T, true, false}, CONFLICT_NONE_TAKE},
    {"not there", {1, T, false, false}, {0, 0, false, false}, CONFLICT_NONE_KEEP},
    {"deleted here, not there", {1, T, true, false}, {0, 0, false, false}, CONFLICT_NONE_KEEP},
    {"the later here", {2, T + 120001, false, false}, {1, T, false, false}, CONFLICT_LOCAL_WINS},
    {"the later there", {2, T, false, false}, {1, T + 120001, false, false}, CONFLICT_CLOUD_WINS},
    {"close", {2, T, false, false}, {1, T + 1, false, false}, CONFLICT_BOTH_CLOUD},
    {"deleted here, before the edit", {2, T, true, false}, {1, T + 1, false, false},
	CONFLICT_NONE_TAKE},
    {"deleted here, with the edit", {2, T, true, false}, {1, T, false, false}, CONFLICT_LOCAL_WINS},
    {"deleted here, after it", {2, T + 1, true, false}, {1, T, false, false}, CONFLICT_LOCAL_WINS},
    {"deleted there, before the edit", {2, T + 1, false, false}, {1, T, true, false},
	CONFLICT_NONE_KEEP},
    {"deleted there, with the edit", {2, T, false, false}, {1, T, true, false},
	CONFLICT_CLOUD_WINS},
    {"deleted there, after it", {2, T, false, false}, {1, T + 1, true, false}, CONFLICT_CLOUD_WINS},
    {"deleted on both", {2, T + 1, true, false}, {1, T, true, false}, CONFLICT_NONE_KEEP},
};

static void each_branch_after_a_reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reset_rows); i++) {
		struct conflict_side local = side_of(&reset_rows[i].local);
		struct conflict_side cloud = side_of(&reset_rows[i].cloud);
		enum conflict_outcome got = conflict_judge_reset(&local, &cloud, 0);

		if (got != reset_rows[i].want)
			fail_msg("%s: %d, not %d", reset_rows[i].name, (int)got,
			    (int)reset_rows[i].want);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_branch),
    cmocka_unit_test(each_branch_after_a_reset),
    cmocka_unit_test(both_sides_agree_who_won),
};

TEST_MAIN(tests)
