/*
 * schemas/base/bytes.c: views, byte strings, buffers, hexadecimal.
 * Every buffer is wiped before it is freed: most of them have held plaintext or keys at some time,
 * and the cost is small beside sealing.
 */
#include "schemas/base/bytes.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view view_of(const void *data, size_t len)
{
	assert(data != NULL || len == 0);
	return (struct view){data, len};
}

struct view view_text(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

struct view view_bytes(const struct bytes *bytes)
{
	return (struct view){bytes->data, bytes->len};
}

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int view_compare(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

void bytes_clear(struct bytes *bytes)
{
	if (bytes->data != NULL)
		sodium_memzero(bytes->data, bytes->len);
	free(bytes->data);
	*bytes = (struct bytes){0};
}

bool bytes_new(size_t len, struct bytes *out)
{
	uint8_t *data;

	assert(len < SIZE_MAX);
	data = calloc(1, len + 1);
	if (data == NULL)
		return false;
	*out = (struct bytes){data, len};
	return true;
}

bool bytes_copy(struct view view, struct bytes *out)
{
	struct bytes copy;

	if (!bytes_new(view.len, &copy))
		return false;
	if (view.len > 0)
		memcpy(copy.data, view.data, view.len);
	*out = copy;
	return true;
}

void buffer_init(struct buffer *buffer, size_t max)
{
	assert(max < SIZE_MAX / 4);
	*buffer = (struct buffer){.max = max};
}

void buffer_clear(struct buffer *buffer)
{
	if (buffer->data != NULL)
		sodium_memzero(buffer->data, buffer->capacity);
	free(buffer->data);
	*buffer = (struct buffer){.max = buffer->max};
}

/* Makes room for len more bytes and a NUL. realloc would leave an unwiped copy behind. */
static bool buffer_reserve(struct buffer *buffer, size_t len)
{
	size_t capacity = buffer->capacity;
	uint8_t *data;

	if (buffer->failed)
		return false;
	if (len > buffer->max - buffer->len) {
		buffer->failed = true;
		buffer->over = true;
		return false;
	}
	if (buffer->len + len + 1 <= capacity)
		return true;
	if (capacity == 0)
		capacity = 256;
	while (capacity < buffer->len + len + 1)
		capacity *= 2;
	data = malloc(capacity);
	if (data == NULL) {
		buffer->failed = true;
		return false;
	}
	if (buffer->len > 0)
		memcpy(data, buffer->data, buffer->len);
	if (buffer->data != NULL)
		sodium_memzero(buffer->data, buffer->capacity);
	free(buffer->data);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

uint8_t *buffer_extend(struct buffer *buffer, size_t len)
{
	uint8_t *room;

	if (!buffer_reserve(buffer, len))
		return NULL;
	room = buffer->data + buffer->len;
	buffer->len += len;
	return room;
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
	uint8_t *room = buffer_extend(buffer, len);

	if (room != NULL && len > 0)
		memcpy(room, data, len);
}

void buffer_add_view(struct buffer *buffer, struct view view)
{
	buffer_add(buffer, view.data, view.len);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_byte(struct buffer *buffer, uint8_t byte)
{
	buffer_add(buffer, &byte, 1);
}

void buffer_addf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	char *room;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buffer->failed = true;
		return;
	}
	if (!buffer_reserve(buffer, (size_t)len))
		return;
	room = (char *)buffer->data + buffer->len;
	va_start(args, format);
	(void)vsnprintf(room, (size_t)len + 1, format, args);
	va_end(args);
	buffer->len += (size_t)len;
}

struct view buffer_view(const struct buffer *buffer)
{
	return (struct view){buffer->data, buffer->len};
}

bool buffer_take(struct buffer *buffer, struct bytes *out)
{
	if (!buffer_reserve(buffer, 0))
		return false;
	buffer->data[buffer->len] = 0;
	*out = (struct bytes){buffer->data, buffer->len};
	*buffer = (struct buffer){.max = buffer->max};
	return true;
}

void hex_encode(struct view data, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < data.len; i++) {
		out[2 * i] = digits[data.data[i] >> 4];
		out[2 * i + 1] = digits[data.data[i] & 15];
	}
	out[2 * data.len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t text_len, uint8_t *out, size_t out_len)
{
	if (text_len != 2 * out_len)
		return false;
	for (size_t i = 0; i < out_len; i++)
		if (hex_digit(text[2 * i]) < 0 || hex_digit(text[2 * i + 1]) < 0)
			return false;
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return true;
}
