/*
 * tests/test.h: what each cmocka program includes first, and its main.
 * TEST_MAIN(tests) runs all cases, or those that match the first argument (ctest passes one name).
 */
#ifndef INKSEAL_TEST_H
#define INKSEAL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

#define TEST_MAIN(tests) \
	TEST_CASES_LISTED(tests); \
	int main(int argc, char **argv) \
	{ \
		if (sodium_init() < 0) \
			return 2; \
		if (argc > 1) \
			cmocka_set_test_filter(argv[1]); \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

#endif
