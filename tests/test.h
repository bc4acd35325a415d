/*
 * tests/test.h: what each cmocka program includes first, and its main.
 * TEST_MAIN(tests) runs all cases, or those that match the argument: a name (ctest passes one), in
 * which * is any characters and ? is one. One that matches none fails, and says what there is.
 */
#ifndef INKSEAL_TEST_H
#define INKSEAL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

/* The ctest entries that inkseal_test() made of a program: a case without one would never run. */
#ifdef INKSEAL_TEST_CASES
#define TEST_CASES_LISTED(tests) \
	_Static_assert(sizeof(tests) / sizeof((tests)[0]) == INKSEAL_TEST_CASES, \
	    "name each case in a cmocka_unit_test of its own")
#else
#define TEST_CASES_LISTED(tests) _Static_assert(sizeof(tests) > 0, "cases")
#endif

/* As cmocka itself matches them. */
static inline bool test_matches(const char *name, const char *pattern)
{
	if (*pattern == '*')
		return test_matches(name, pattern + 1) ||
		       (*name != '\0' && test_matches(name + 1, pattern));
	if (*pattern == '\0' || *name == '\0')
		return *pattern == *name;
	return (*pattern == '?' || *pattern == *name) && test_matches(name + 1, pattern + 1);
}

/* cmocka runs no case at all where none matches, and calls that success. */
static inline bool test_chosen(const struct CMUnitTest *tests, size_t count, int argc, char **argv)
{
	if (argc > 2) {
		(void)fprintf(stderr, "usage: %s [NAME]\n", argv[0]);
		return false;
	}
	if (argc < 2)
		return true;
	for (size_t i = 0; i < count; i++)
		if (test_matches(tests[i].name, argv[1])) {
			cmocka_set_test_filter(argv[1]);
			return true;
		}
	(void)fprintf(stderr, "%s: no test here is named %s; there are:\n", argv[0], argv[1]);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(stderr, "  %s\n", tests[i].name);
	return false;
}

#define TEST_MAIN(tests) \
	TEST_CASES_LISTED(tests); \
	int main(int argc, char **argv) \
	{ \
		if (sodium_init() < 0) \
			return 2; \
		if (!test_chosen(tests, sizeof(tests) / sizeof((tests)[0]), argc, argv)) \
			return 2; \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

#endif
