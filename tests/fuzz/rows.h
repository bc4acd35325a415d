/*
 * tests/fuzz/rows.h: what the targets `run` and `losers` share: an array of rows.
 */
#ifndef INKSEAL_FUZZ_ROWS_H
#define INKSEAL_FUZZ_ROWS_H

#include "schemas/patch.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_rows(struct view input, bool losers)
{
	struct cbor_reader reader;
	struct buffer again;
	size_t count;

	cbor_read(&reader, input);
	count = cbor_array(&reader, ROWS_COUNT_MAX);
	buffer_init(&again, SEGMENT_PLAIN_MAX);
	cbor_put_array(&again, count);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct row row;

		row_read(&reader, losers, &row);
		if (reader.result == FORMAT_OK)
			row_put(&again, &row, losers);
	}
	if (cbor_finish(&reader) == FORMAT_OK)
		fuzz_same(buffer_view(&again), input, "rows are written as they were");
	buffer_clear(&again);
}

#endif
