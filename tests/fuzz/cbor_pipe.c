/*
 * tests/fuzz/cbor_pipe.c: the CBOR reader and writer on a pipe, for cbor_differential.py. In:
 * items, each after its length as 4 bytes, big-endian. Out, for each: a length likewise, then what
 * cbor_item says of it in words, or nothing where it is refused; then the bytes written again.
 */
#include "tests/fuzz/cbor_item.h"

#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)
#define SAID_MAX (8u << 20)

static bool read_length(uint32_t *out)
{
	uint8_t bytes[4];

	if (fread(bytes, 1, sizeof(bytes), stdin) != sizeof(bytes))
		return false;
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	return true;
}

static bool write_block(struct view block)
{
	const uint8_t bytes[4] = {(uint8_t)(block.len >> 24), (uint8_t)(block.len >> 16),
	    (uint8_t)(block.len >> 8), (uint8_t)block.len};

	return fwrite(bytes, 1, sizeof(bytes), stdout) == sizeof(bytes) &&
	       (block.len == 0 || fwrite(block.data, 1, block.len, stdout) == block.len);
}

/* In a block of exactly its length, so that a read past its end is seen. */
static bool answer(size_t len)
{
	uint8_t *input = malloc(len == 0 ? 1 : len);
	struct buffer again, said;
	bool good = input != NULL && fread(input, 1, len, stdin) == len;
	struct view none = {0};

	buffer_init(&again, INPUT_MAX + 16);
	buffer_init(&said, SAID_MAX);
	if (good) {
		bool read = cbor_item(view_of(input, len), &again, &said) == FORMAT_OK;

		good = write_block(read ? buffer_view(&said) : none) &&
		       write_block(read ? buffer_view(&again) : none) && fflush(stdout) == 0;
	}
	buffer_clear(&said);
	buffer_clear(&again);
	free(input);
	return good;
}

int main(void)
{
	uint32_t len;

	while (read_length(&len))
		if (len > INPUT_MAX || !answer(len))
			return 1;
	return 0;
}
