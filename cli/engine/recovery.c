/*
 * cli/engine/recovery.c: the recovery code as people write it.
 */
#include "cli/engine/recovery.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define CODE_LEN 48u
#define CHECKED_LEN 44u
#define CHARACTERS (RECOVERY_GROUPS * RECOVERY_GROUP_LEN) /* 385 bits for 384 */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void checksum(const uint8_t code[CHECKED_LEN], uint8_t out[4])
{
	struct digest digest;

	digest_view(DOMAIN_CHECKSUM, view_of(code, CHECKED_LEN), &digest);
	memcpy(out, digest.bytes, 4);
}

void recovery_print(const struct recovery_code *code, char out[RECOVERY_TEXT_MAX])
{
	uint8_t bytes[CODE_LEN + 1] = {0}; /* the last character's spare bit is zero */
	size_t at = 0;

	memcpy(bytes, code->account.bytes, ACCOUNT_ID_LEN);
	memcpy(bytes + 20, code->key, RECOVERY_KEY_LEN);
	memcpy(bytes + 36, code->statement, RECOVERY_STATEMENT_LEN);
	checksum(bytes, bytes + CHECKED_LEN);
	for (size_t i = 0; i < CHARACTERS; i++) {
		size_t bit = 5 * i;
		unsigned pair = (unsigned)(bytes[bit / 8] << 8);

		if (bit / 8 + 1 < sizeof(bytes))
			pair |= bytes[bit / 8 + 1];
		if (i > 0 && i % RECOVERY_GROUP_LEN == 0)
			out[at++] = '-';
		out[at++] = alphabet[pair >> (11 - bit % 8) & 31];
	}
	out[at] = '\0';
	sodium_memzero(bytes, sizeof(bytes));
}

/* A character's five bits; -1: none; -2: to be skipped. */
static int value_of(uint8_t c)
{
	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return -2;
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	for (int i = 0; i < 32; i++)
		if ((uint8_t)alphabet[i] == c)
			return i;
	return -1;
}

/* True if the values' checksum holds. */
static bool decode(const uint8_t values[CHARACTERS], uint8_t out[CODE_LEN])
{
	uint8_t bytes[CODE_LEN + 1] = {0};
	uint8_t sum[4];
	bool holds;

	for (size_t i = 0; i < CHARACTERS; i++)
		for (size_t k = 0; k < 5; k++)
			if (values[i] >> (4 - k) & 1)
				bytes[(5 * i + k) / 8] |= (uint8_t)(0x80 >> (5 * i + k) % 8);
	checksum(bytes, sum);
	holds = bytes[CODE_LEN] == 0 && sodium_memcmp(sum, bytes + CHECKED_LEN, sizeof(sum)) == 0;
	if (holds)
		memcpy(out, bytes, CODE_LEN);
	sodium_memzero(bytes, sizeof(bytes));
	return holds;
}

/* The group in which one changed character, or two swapped neighbours, mend the code; or 0. */
static size_t mistyped_group(const uint8_t values[CHARACTERS])
{
	uint8_t tried[CHARACTERS];
	uint8_t code[CODE_LEN];
	size_t group = 0;

	for (size_t i = 0; i < CHARACTERS && group == 0; i++) {
		memcpy(tried, values, CHARACTERS);
		for (uint8_t value = 0; value < 32 && group == 0; value++) {
			tried[i] = value;
			if (decode(tried, code))
				group = i / RECOVERY_GROUP_LEN + 1;
		}
		if (i + 1 == CHARACTERS)
			break;
		tried[i] = values[i + 1];
		tried[i + 1] = values[i];
		if (group == 0 && decode(tried, code))
			group = i / RECOVERY_GROUP_LEN + 1;
	}
	sodium_memzero(tried, sizeof(tried));
	sodium_memzero(code, sizeof(code));
	return group;
}

bool recovery_parse(struct view text, struct recovery_code *out, char message_out[CALL_MESSAGE_MAX])
{
	uint8_t values[CHARACTERS];
	uint8_t code[CODE_LEN];
	size_t count = 0;
	size_t group;
	bool done = false;

	for (size_t i = 0; i < text.len; i++) {
		int value = value_of(text.data[i]);

		if (value == -2)
			continue;
		if (value == -1) {
			(void)snprintf(message_out, CALL_MESSAGE_MAX,
			    "group %zu of the recovery code has a character that no code has",
			    count / RECOVERY_GROUP_LEN + 1);
			goto done;
		}
		if (count < CHARACTERS)
			values[count] = (uint8_t)value;
		count++;
	}
	if (count != CHARACTERS) {
		(void)snprintf(message_out, CALL_MESSAGE_MAX,
		    "a recovery code has %u characters in %u groups of %u; this has %zu",
		    CHARACTERS, RECOVERY_GROUPS, RECOVERY_GROUP_LEN, count);
		goto done;
	}
	if (decode(values, code)) {
		memcpy(out->account.bytes, code, ACCOUNT_ID_LEN);
		memcpy(out->key, code + 20, RECOVERY_KEY_LEN);
		memcpy(out->statement, code + 36, RECOVERY_STATEMENT_LEN);
		done = true;
		goto done;
	}
	group = mistyped_group(values);
	if (group > 0)
		(void)snprintf(message_out, CALL_MESSAGE_MAX,
		    "group %zu of the recovery code is mistyped", group);
	else
		(void)snprintf(message_out, CALL_MESSAGE_MAX,
		    "the recovery code is mistyped in several places, or is no recovery code");
done:
	sodium_memzero(values, sizeof(values));
	sodium_memzero(code, sizeof(code));
	return done;
}
