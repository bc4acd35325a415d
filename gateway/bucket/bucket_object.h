/*
 * gateway/bucket/bucket_object.h: what drivers share of keys, tags and an object's bytes.
 */
#ifndef INKSEAL_BUCKET_OBJECT_H
#define INKSEAL_BUCKET_OBJECT_H

#include "gateway/bucket/bucket.h"

/* The tag of an object where the store has none. Equal bytes have equal tags, as an S3 ETag has it.
 */
void bucket_content_tag(struct view data, struct bucket_tag *out);
bool bucket_tag_equal(const struct bucket_tag *a, const struct bucket_tag *b);
bool bucket_begins(const char *text, const char *prefix);
/* What a get gives of an object that was read whole: its first bytes, a NUL after them. */
MUST_USE bool bucket_first_bytes(const struct bucket_get *get, struct view data, struct bytes *out);

#endif
