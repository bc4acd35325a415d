/*
 * tests/fuzz/fuzz.h: what the fuzz targets share. A target is one file with one function,
 * LLVMFuzzerTestOneInput: it feeds any bytes to an interface as its callers use it, and ends the
 * process where something does not hold. libFuzzer or driver.c calls it (README.md). Inputs are the
 * target's alone while it runs; whatever it allocates it frees.
 */
#ifndef INKSEAL_FUZZ_H
#define INKSEAL_FUZZ_H

#include "schemas/format.h"

int LLVMFuzzerInitialize(int *argc, char ***argv); /* fuzz.c: once, before all inputs */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* False: says what does not hold, and aborts. */
void fuzz_check(bool holds, const char *what);
void fuzz_same(struct view got, struct view want, const char *what);
/* got and want differ, if at all, only within len bytes: one signature was made by another key. */
void fuzz_same_but(struct view got, struct view want, size_t len, const char *what);

/*
 * Around a decoder: fuzz_mark fills its output; fuzz_decoded is true if it succeeded, and else
 * checks that the output is as it was (a failed call leaves outputs alone).
 */
void fuzz_mark(void *out, size_t len);
bool fuzz_decoded(enum format_result result, const void *out, size_t len);
/* What was decoded encodes to the same bytes again. Clears *again. */
void fuzz_again(enum format_result result, struct bytes *again, struct view input);
/* … but for the signature. */
void fuzz_again_signed(enum format_result result, struct bytes *again, struct view input);

/*
 * An input that is no bytes of a format but says what to do: choices are taken from its front. When
 * it is used up all choices are 0, so that every input has an end.
 */
struct fuzz_script {
	const uint8_t *at;
	const uint8_t *end;
};
void fuzz_begin(struct fuzz_script *script, const uint8_t *data, size_t size);
bool fuzz_over(const struct fuzz_script *script);
uint8_t fuzz_byte(struct fuzz_script *script);
size_t fuzz_pick(struct fuzz_script *script, size_t count); /* 0..count - 1; count is not 0 */
uint64_t fuzz_number(struct fuzz_script *script);           /* small ones, and any */
int64_t fuzz_time(struct fuzz_script *script);              /* any that there is */
void fuzz_fill(struct fuzz_script *script, void *out, size_t len);
struct view fuzz_take(struct fuzz_script *script, size_t max); /* a length, then so many bytes */
struct view fuzz_rest(struct fuzz_script *script);             /* all that is left */
/* A signing key of a fixed seed: a few known parties. */
void fuzz_key(
    uint8_t number, uint8_t public_out[SIGN_PUBLIC_LEN], uint8_t secret_out[SIGN_SECRET_LEN]);
/* Changes one bit that the script picks; message is not empty. */
void fuzz_flip(struct fuzz_script *script, struct bytes *message);

#endif
