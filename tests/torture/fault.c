/*
 * tests/torture/fault.c: see fault.h. What is defined here comes before the C library's and the
 * sanitizer's for every caller; INKSEAL_REAL(malloc) is the one behind it (CMakeLists.txt).
 */
#include "tests/torture/fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define INKSEAL_JOIN(a, b) a##b
#define INKSEAL_NAMED(a, b) INKSEAL_JOIN(a, b)
#define INKSEAL_REAL(name) INKSEAL_NAMED(INKSEAL_REAL_PREFIX, name)

void *INKSEAL_REAL(malloc)(size_t len);
void *INKSEAL_REAL(calloc)(size_t count, size_t len);
void *INKSEAL_REAL(realloc)(void *old, size_t len);
void INKSEAL_REAL(free)(void *block);
void *malloc(size_t len);
void *calloc(size_t count, size_t len);
void *realloc(void *old, size_t len);
void free(void *block);

/* The linker's: where the program's own code is. */
extern const char __executable_start[]; /* NOLINT(bugprone-reserved-identifier) */
extern const char etext[];

static struct {
	atomic_bool armed;
	pthread_t thread; /* whose allocations fail */
	bool forever, hit, paused;
	void (*seen)(void);
	enum fault_whose whose;
	unsigned nth, count;
} fault;
static atomic_long live;

void fault_arm(enum fault_whose whose, unsigned nth, bool forever)
{
	fault.whose = whose;
	fault.nth = nth;
	fault.forever = forever;
	fault.count = 0;
	fault.hit = false;
	fault.thread = pthread_self();
	atomic_store(&fault.armed, true);
}

void fault_pause(bool paused)
{
	fault.paused = paused;
}

void fault_watch(void (*seen)(void))
{
	fault.seen = seen;
}

bool fault_disarm(void)
{
	atomic_store(&fault.armed, false);
	return fault.hit;
}

unsigned fault_count(void)
{
	return fault.count;
}

long fault_live(void)
{
	return atomic_load(&live);
}

static void *counted(void *block)
{
	if (block != NULL)
		(void)atomic_fetch_add(&live, 1);
	return block;
}

static bool fails(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	bool ours = at >= (uintptr_t)__executable_start && at < (uintptr_t)etext;

	if (!atomic_load(&fault.armed) || !pthread_equal(fault.thread, pthread_self()) ||
	    fault.paused || ours != (fault.whose == FAULT_OURS))
		return false;
	fault.count++;
	if (fault.seen != NULL) {
		fault.paused = true;
		fault.seen();
		fault.paused = false;
	}
	if (fault.count != fault.nth && !(fault.forever && fault.count > fault.nth))
		return false;
	fault.hit = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t len)
{
	return fails(__builtin_return_address(0)) ? NULL : counted(INKSEAL_REAL(malloc)(len));
}

void *calloc(size_t count, size_t len)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : counted(INKSEAL_REAL(calloc)(count, len));
}

void *realloc(void *old, size_t len)
{
	void *block;

	if (fails(__builtin_return_address(0)))
		return NULL;
	block = INKSEAL_REAL(realloc)(old, len);
	return old == NULL ? counted(block) : block;
}

void free(void *block)
{
	if (block != NULL)
		(void)atomic_fetch_sub(&live, 1);
	INKSEAL_REAL(free)(block);
}
