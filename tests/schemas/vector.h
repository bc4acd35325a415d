/*
 * tests/schemas/vector.h: golden vectors (schemas/vectors/README.md), read for the tests.
 * A vector is a text header of "key: value" lines, an empty line, and bytes in hex. A file that is
 * not of that form fails the test that reads it.
 */
#ifndef INKSEAL_TEST_VECTOR_H
#define INKSEAL_TEST_VECTOR_H

#include "schemas/format.h"

#define VECTOR_PATH_MAX 1024u

struct vector {
	char path[VECTOR_PATH_MAX];
	struct bytes head; /* text */
	struct bytes data;
};

/* Calls see for each vector of a format, in no order; how many there are. */
unsigned vector_each(
    const char *format, void (*see)(void *self, const struct vector *vector), void *self);
void vector_read(const char *path, struct vector *out);
void vector_clear(struct vector *vector);
/* The field's text, valid until vector_clear; data == NULL: there is none. */
struct view vector_field(const struct vector *vector, const char *key);
/* Of a field that must be there. */
bool vector_is(const struct vector *vector, const char *key, const char *value);
uint64_t vector_number(const struct vector *vector, const char *key);
void vector_hex(const struct vector *vector, const char *key, void *out, size_t len);
void vector_blob(const struct vector *vector, const char *key, struct bytes *out);

#endif
