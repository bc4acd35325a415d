/*
 * tests/gateway/bucket/own_stack.c: see own_stack.h.
 */
#include "tests/gateway/bucket/own_stack.h"

#include <pthread.h>
#include <string.h>

#include "tests/test.h"

#define STACK_LEN (1u << 20)

static _Alignas(4096) uint8_t stack[STACK_LEN];
static size_t searched_len; /* of it: above are the thread's own variables, and its end's */

struct own {
	void (*run)(void *self);
	void *self;
};

/* Far down, where the thread's own end does not come. */
static void *play(void *self)
{
	const struct own *own = self;
	volatile uint8_t above[32u << 10];

	searched_len = (size_t)((uintptr_t)above - (uintptr_t)stack);
	above[0] = 0;
	own->run(own->self);
	above[sizeof(above) - 1] = above[0];
	return NULL;
}

void own_stack_run(void (*run)(void *self), void *self)
{
	struct own own = {run, self};
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, 0, sizeof(stack));
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, sizeof(stack)), 0);
	assert_int_equal(pthread_create(&thread, &attributes, play, &own), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_attr_destroy(&attributes), 0);
	assert_in_range(searched_len, STACK_LEN / 2, STACK_LEN);
}

/* What a sanitizer makes of a stack does not matter here. */
__attribute__((no_sanitize("address", "thread"))) bool own_stack_holds(
    const void *bytes, size_t len)
{
	const volatile uint8_t *at = stack;

	for (size_t i = 0; i + len <= searched_len; i++) {
		size_t k = 0;

		while (k < len && at[i + k] == ((const uint8_t *)bytes)[k])
			k++;
		if (k == len)
			return true;
	}
	return false;
}
