/*
 * gateway/bucket/s3_url.h: what "s3:http://host:port/bucket/prefix" names.
 */
#ifndef INKSEAL_S3_URL_H
#define INKSEAL_S3_URL_H

#include "gateway/bucket/bucket.h"

#define S3_HOST_MAX 262u  /* a name of 253 bytes, a colon, a port, brackets */
#define S3_BUCKET_MAX 63u /* bytes, as S3 has it */
#define S3_KEY_MAX 1024u  /* bytes of a whole key, as S3 has it */
#define S3_PREFIX_MAX (S3_KEY_MAX - BUCKET_KEY_MAX)

struct s3_url {
	const char *scheme;         /* "http" or "https" */
	char host[S3_HOST_MAX + 1]; /* with the port, if one is named */
	char bucket[S3_BUCKET_MAX + 1];
	char prefix[S3_PREFIX_MAX + 1]; /* "", or ends with a slash: goes before every key */
};

/* rest: what follows "s3:". Without a scheme it is https. False: message says what is wrong. */
MUST_USE bool s3_url_parse(const char *rest, struct call *call, struct s3_url *out);

#endif
