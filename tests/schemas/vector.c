/*
 * tests/schemas/vector.c: golden vectors, read for the tests.
 */
#include "tests/schemas/vector.h"
#include "tests/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_FILE_MAX (1u << 20)

static void read_file(const char *path, struct bytes *out)
{
	struct buffer buffer;
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t len;

	if (file == NULL) {
		fail_msg("%s: cannot be opened", path);
		return; /* which fail_msg never does */
	}
	buffer_init(&buffer, VECTOR_FILE_MAX);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_add(&buffer, piece, len);
	(void)fclose(file);
	if (!buffer_take(&buffer, out))
		fail_msg("%s: too large", path);
}

/* The hex digits of text without its line ends. */
static void read_hex(const char *path, const char *text, struct bytes *out)
{
	size_t len = strlen(text);
	char *digits = malloc(len + 1);
	size_t count = 0;

	assert_non_null(digits);
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n')
			digits[count++] = text[i];
	if (!bytes_new(count / 2, out) || !hex_decode(digits, count, out->data, out->len))
		fail_msg("%s: not in hex", path);
	free(digits);
}

void vector_read(const char *path, struct vector *out)
{
	struct bytes file = {0};
	const char *text, *end;

	memset(out, 0, sizeof(*out));
	assert_true(strlen(path) < VECTOR_PATH_MAX);
	memcpy(out->path, path, strlen(path) + 1);
	read_file(path, &file);
	text = (const char *)file.data;
	end = text == NULL ? NULL : strstr(text, "\n\n");
	if (end == NULL) {
		fail_msg("%s: no empty line", path);
		return; /* likewise */
	}
	if (!bytes_copy(view_of(file.data, (size_t)(end + 1 - text)), &out->head))
		fail_msg("%s: no memory", path);
	read_hex(path, end + 2, &out->data);
	bytes_clear(&file);
}

unsigned vector_each(
    const char *format, void (*see)(void *self, const struct vector *vector), void *self)
{
	char folder[VECTOR_PATH_MAX / 2], path[VECTOR_PATH_MAX];
	struct dirent *item;
	unsigned count = 0;
	DIR *dir;

	assert_true(snprintf(folder, sizeof(folder), "%s/%s", INKSEAL_VECTORS, format) <
		    (int)sizeof(folder));
	dir = opendir(folder);
	if (dir == NULL) {
		fail_msg("%s: cannot be opened", folder);
		return 0; /* likewise */
	}
	while ((item = readdir(dir)) != NULL) {
		struct vector vector;

		if (item->d_name[0] == '.')
			continue;
		assert_true(snprintf(path, sizeof(path), "%s/%s", folder, item->d_name) <
			    (int)sizeof(path));
		vector_read(path, &vector);
		see(self, &vector);
		vector_clear(&vector);
		count++;
	}
	(void)closedir(dir);
	return count;
}

void vector_clear(struct vector *vector)
{
	bytes_clear(&vector->head);
	bytes_clear(&vector->data);
}

struct view vector_field(const struct vector *vector, const char *key)
{
	const char *line = (const char *)vector->head.data;
	size_t key_len = strlen(key);

	while (*line != '\0') {
		const char *end = strchr(line, '\n');

		if (strncmp(line, key, key_len) == 0 && strncmp(line + key_len, ": ", 2) == 0)
			return view_of(line + key_len + 2, (size_t)(end - (line + key_len + 2)));
		line = end + 1;
	}
	return (struct view){0};
}

static struct view need_field(const struct vector *vector, const char *key)
{
	struct view field = vector_field(vector, key);

	if (field.data == NULL)
		fail_msg("%s: no %s", vector->path, key);
	return field;
}

bool vector_is(const struct vector *vector, const char *key, const char *value)
{
	return view_equal(need_field(vector, key), view_text(value));
}

uint64_t vector_number(const struct vector *vector, const char *key)
{
	struct view field = need_field(vector, key);

	return strtoull((const char *)field.data, NULL, 10);
}

void vector_hex(const struct vector *vector, const char *key, void *out, size_t len)
{
	struct view field = need_field(vector, key);

	if (!hex_decode((const char *)field.data, field.len, out, len))
		fail_msg("%s: %s is not %zu bytes", vector->path, key, len);
}

void vector_blob(const struct vector *vector, const char *key, struct bytes *out)
{
	struct view field = need_field(vector, key);

	if (!bytes_new(field.len / 2, out) ||
	    !hex_decode((const char *)field.data, field.len, out->data, out->len))
		fail_msg("%s: %s is not in hex", vector->path, key);
}
