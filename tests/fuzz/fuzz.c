/*
 * tests/fuzz/fuzz.c: see fuzz.h.
 */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK 0xA5

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_check(sodium_init() >= 0, "libsodium starts");
	/* cmocka's asserts, in what targets share with tests, then say why and abort. */
	fuzz_check(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "memory");
	return 0;
}

void fuzz_check(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

void fuzz_same(struct view got, struct view want, const char *what)
{
	fuzz_check(view_equal(got, want), what);
}

void fuzz_same_but(struct view got, struct view want, size_t len, const char *what)
{
	size_t first = 0, last = got.len;

	fuzz_check(got.len == want.len, what);
	while (first < last && got.data[first] == want.data[first])
		first++;
	while (last > first && got.data[last - 1] == want.data[last - 1])
		last--;
	fuzz_check(last - first <= len, what);
}

void fuzz_mark(void *out, size_t len)
{
	memset(out, MARK, len);
}

bool fuzz_decoded(enum format_result result, const void *out, size_t len)
{
	const uint8_t *at = out;

	if (result == FORMAT_OK)
		return true;
	fuzz_check(format_result_text(result) != NULL, "a result that has a name");
	fuzz_check(len == 0 || (at[0] == MARK && memcmp(at, at + 1, len - 1) == 0),
	    "a failed decoder leaves its output alone");
	return false;
}

void fuzz_again(enum format_result result, struct bytes *again, struct view input)
{
	fuzz_check(result == FORMAT_OK, "what was decoded is encoded");
	fuzz_same(view_bytes(again), input, "what was decoded encodes to the same bytes");
	bytes_clear(again);
}

void fuzz_again_signed(enum format_result result, struct bytes *again, struct view input)
{
	fuzz_check(result == FORMAT_OK, "what was decoded is encoded");
	fuzz_same_but(view_bytes(again), input, SIGNATURE_LEN,
	    "what was decoded encodes to the same bytes, but for the signature");
	bytes_clear(again);
}

void fuzz_begin(struct fuzz_script *script, const uint8_t *data, size_t size)
{
	script->at = data;
	script->end = size == 0 ? data : data + size;
}

bool fuzz_over(const struct fuzz_script *script)
{
	return script->at == script->end;
}

uint8_t fuzz_byte(struct fuzz_script *script)
{
	return fuzz_over(script) ? 0 : *script->at++;
}

size_t fuzz_pick(struct fuzz_script *script, size_t count)
{
	size_t choice = fuzz_byte(script);

	if (count > 256)
		choice = choice << 16 | (size_t)fuzz_byte(script) << 8 | fuzz_byte(script);
	return choice % count;
}

uint64_t fuzz_number(struct fuzz_script *script)
{
	uint8_t first = fuzz_byte(script);
	uint64_t value = 0;

	if (first < 0xF0)
		return first;
	for (unsigned i = 0; i < 1u + first % 8u; i++)
		value = value << 8 | fuzz_byte(script);
	return value;
}

int64_t fuzz_time(struct fuzz_script *script)
{
	int64_t ms = (int64_t)fuzz_number(script);

	if (ms > TIME_MS_MAX)
		return TIME_MS_MAX;
	return ms < -TIME_MS_MAX ? -TIME_MS_MAX : ms;
}

void fuzz_fill(struct fuzz_script *script, void *out, size_t len)
{
	uint8_t *bytes = out;

	for (size_t i = 0; i < len; i++)
		bytes[i] = fuzz_byte(script);
}

struct view fuzz_take(struct fuzz_script *script, size_t max)
{
	uint64_t len = fuzz_number(script);
	size_t left = (size_t)(script->end - script->at); /* after the length was taken */
	struct view taken;

	if (len > max)
		len = max;
	if (len > left)
		len = left;
	taken = view_of(script->at, (size_t)len);
	if (len > 0)
		script->at += len;
	return taken;
}

struct view fuzz_rest(struct fuzz_script *script)
{
	struct view rest = view_of(script->at, (size_t)(script->end - script->at));

	script->at = script->end;
	return rest;
}

void fuzz_key(
    uint8_t number, uint8_t public_out[SIGN_PUBLIC_LEN], uint8_t secret_out[SIGN_SECRET_LEN])
{
	uint8_t seed[crypto_sign_SEEDBYTES];

	memset(seed, number, sizeof(seed));
	(void)crypto_sign_seed_keypair(public_out, secret_out, seed);
}

void fuzz_flip(struct fuzz_script *script, struct bytes *message)
{
	size_t at = fuzz_pick(script, message->len);

	message->data[at] ^= (uint8_t)(1u << fuzz_pick(script, 8));
}
