/*
 * tests/schemas/edge.c: see edge.h.
 */
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct view at_the_edge(struct view bytes)
{
	static uint8_t *end;

	assert_true(bytes.len <= EDGE_MAX);
	if (end == NULL) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
		uint8_t *begin =
		    mmap(NULL, EDGE_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);

		assert_true(zero >= 0 && begin != MAP_FAILED);
		(void)close(zero);
		end = begin + EDGE_MAX;
		assert_int_equal(mprotect(end, page, PROT_NONE), 0);
	}
	if (bytes.len > 0)
		memcpy(end - bytes.len, bytes.data, bytes.len);
	return view_of(end - bytes.len, bytes.len);
}
