/*
 * gateway/bucket/bucket_object.c: the words of bucket_object.h.
 */
#include "gateway/bucket/bucket_object.h"

#include <sodium.h>
#include <string.h>

#define TAG_HASH_SIZE 16u
_Static_assert(2 * TAG_HASH_SIZE <= BUCKET_TAG_MAX, "a content tag fits a tag");

void bucket_content_tag(struct view data, struct bucket_tag *out)
{
	uint8_t hash[TAG_HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), data.data, data.len, NULL, 0);
	*out = (struct bucket_tag){0};
	hex_encode(view_of(hash, sizeof(hash)), out->text);
}

bool bucket_tag_equal(const struct bucket_tag *a, const struct bucket_tag *b)
{
	return strncmp(a->text, b->text, sizeof(a->text)) == 0;
}

bool bucket_begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool bucket_first_bytes(const struct bucket_get *get, struct view data, struct bytes *out)
{
	if (get->first_bytes != 0 && get->first_bytes < data.len)
		data.len = get->first_bytes;
	return bytes_copy(data, out);
}
