/*
 * schemas/base/utf8.c: the one decoder of UTF-8.
 */
#include "schemas/base/utf8.h"

#include <string.h>

/* RFC 3629, section 4. */
size_t utf8_char_len(struct view text)
{
	const uint8_t *data = text.data;
	size_t len = text.len;
	uint8_t low = 0x80;
	uint8_t high = 0xBF;
	size_t more;

	if (data[0] < 0x80)
		return data[0] != 0;
	if (data[0] >= 0xC2 && data[0] <= 0xDF)
		more = 1;
	else if (data[0] >= 0xE0 && data[0] <= 0xEF)
		more = 2;
	else if (data[0] >= 0xF0 && data[0] <= 0xF4)
		more = 3;
	else
		return 0;
	if (len <= more)
		return 0;
	if (data[0] == 0xE0)
		low = 0xA0; /* shorter would do */
	else if (data[0] == 0xED)
		high = 0x9F; /* surrogates */
	else if (data[0] == 0xF0)
		low = 0x90;
	else if (data[0] == 0xF4)
		high = 0x8F; /* beyond U+10FFFF */
	if (data[1] < low || data[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((data[i] & 0xC0) != 0x80)
			return 0;
	return 1 + more;
}

/* Eight bytes of ASCII without a NUL: texts are mostly that, and are looked at several times. */
static bool plain_ascii(const uint8_t *data)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return ((word | (word - ones)) & ones << 7) == 0;
}

bool utf8_valid(struct view text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t len;

		if (text.len - at >= sizeof(uint64_t) && plain_ascii(text.data + at)) {
			at += sizeof(uint64_t);
			continue;
		}
		len = utf8_char_len(view_of(text.data + at, text.len - at));

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

uint32_t utf8_char_code(struct view sequence)
{
	static const uint8_t lead_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
	uint32_t code = sequence.data[0] & lead_bits[sequence.len - 1];

	for (size_t i = 1; i < sequence.len; i++)
		code = code << 6 | (sequence.data[i] & 0x3FU);
	return code;
}
