/*
 * tests/cli/engine/root_test.c: the state root as a sum: the order does not count, the id does, and
 * what comes and goes leaves nothing.
 */
#include "cli/engine/root.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

static const struct digest v1 = {{1}}, v2 = {{2}}, v3 = {{3}};

static void assert_roots(const struct root_sum *a, const struct root_sum *b, bool equal)
{
	uint8_t root_a[ROOT_LEN], root_b[ROOT_LEN];

	root_of(a, root_a);
	root_of(b, root_b);
	assert_int_equal(memcmp(root_a, root_b, ROOT_LEN) == 0, equal);
}

static void the_order_does_not_count(void **state)
{
	struct root_sum a = {{0}}, b = {{0}};

	(void)state;
	root_add(&a, view_text("one"), &v1);
	root_add(&a, view_text("two"), &v2);
	root_add(&a, view_text("three"), &v3);
	root_add(&b, view_text("three"), &v3);
	root_add(&b, view_text("one"), &v1);
	root_add(&b, view_text("two"), &v2);
	assert_roots(&a, &b, true);
}

static void parts_add_up(void **state)
{
	struct root_sum whole = {{0}}, sum = {{0}}, part = {{0}};

	(void)state;
	root_add(&whole, view_text("one"), &v1);
	root_add(&whole, view_text("two"), &v2);
	root_add(&whole, view_text("three"), &v3);
	root_add(&sum, view_text("two"), &v2);
	root_add(&part, view_text("one"), &v1);
	root_add(&part, view_text("three"), &v3);
	root_merge(&sum, &part);
	assert_roots(&whole, &sum, true);
	root_merge(&sum, &part); /* twice is not once */
	assert_roots(&whole, &sum, false);
}

static void what_goes_leaves_nothing(void **state)
{
	struct root_sum a = {{0}};
	const struct root_sum empty = {{0}};

	(void)state;
	for (unsigned i = 0; i < 300; i++) { /* lanes wrap around */
		struct digest version = {{(uint8_t)i, (uint8_t)(i >> 8)}};

		root_add(&a, view_text("entry"), &version);
	}
	assert_roots(&a, &empty, false);
	for (unsigned i = 300; i-- > 0;) {
		struct digest version = {{(uint8_t)i, (uint8_t)(i >> 8)}};

		root_remove(&a, view_text("entry"), &version);
	}
	assert_memory_equal(&a, &empty, sizeof(a));
	assert_roots(&a, &empty, true);
}

static void other_states_have_other_roots(void **state)
{
	static const struct {
		const char *name;
		const char *id;
		const struct digest *version;
		unsigned times;
	} rows[] = {
	    {"nothing", "one", &v1, 0},
	    {"another version", "one", &v2, 1},
	    {"another id", "onE", &v1, 1},
	    {"the same twice", "one", &v1, 2},
	};
	struct root_sum first = {{0}};
	uint8_t root[ROOT_LEN], other[ROOT_LEN];

	(void)state;
	root_add(&first, view_text("one"), &v1);
	root_of(&first, root);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct root_sum sum = {{0}};

		for (unsigned k = 0; k < rows[i].times; k++)
			root_add(&sum, view_text(rows[i].id), rows[i].version);
		root_of(&sum, other);
		if (memcmp(root, other, ROOT_LEN) == 0)
			fail_msg("%s: the same root", rows[i].name);
	}
}

static void stored_lanes_come_back(void **state)
{
	struct root_sum sum = {{0}};
	struct {
		struct root_sum sum;
		uint16_t beyond; /* who reads one lane too many meets this */
	} loaded = {{{7}}, 9};
	uint8_t stored[ROOT_SUM_LEN + 2] = {0};

	(void)state;
	root_add(&sum, view_text("one"), &v1);
	root_store(&sum, stored);
	assert_int_equal(stored[0] | stored[1] << 8, sum.lanes[0]);
	assert_false(root_load(view_of(stored, ROOT_SUM_LEN - 1), &loaded.sum));
	assert_false(root_load(view_of(stored, ROOT_SUM_LEN + 1), &loaded.sum));
	assert_int_equal(loaded.sum.lanes[0], 7);
	assert_true(root_load(view_of(stored, ROOT_SUM_LEN), &loaded.sum));
	assert_memory_equal(&sum, &loaded.sum, sizeof(sum));
	assert_int_equal(loaded.beyond, 9);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_order_does_not_count),
    cmocka_unit_test(parts_add_up),
    cmocka_unit_test(what_goes_leaves_nothing),
    cmocka_unit_test(other_states_have_other_roots),
    cmocka_unit_test(stored_lanes_come_back),
};

TEST_MAIN(tests)
