/*
 * gateway/bucket/s3_sign.h: AWS's Signature Version 4 for S3, in headers. Pure: no clock, no I/O.
 */
#ifndef INKSEAL_S3_SIGN_H
#define INKSEAL_S3_SIGN_H

#include "gateway/bucket/s3_credentials.h"

struct s3_pair { /* a header or a query parameter; both borrowed */
	const char *name;
	const char *value;
};
struct s3_sign { /* every pointer is borrowed until the call returns */
	const char *method;
	const char *path;  /* encoded by s3_encode */
	const char *query; /* made by s3_query */
	/* All that are sent and matter, ascending by name, names in lower case, values trimmed.
	 * host, x-amz-content-sha256 and x-amz-date are among them. */
	const struct s3_pair *headers;
	size_t header_count;
	const char *body_sha256; /* what x-amz-content-sha256 says */
	const char *date;        /* what x-amz-date says */
	const char *region;
	const struct s3_credentials *credentials;
};

#define S3_DATE_SIZE 17u /* "20130524T000000Z" and a NUL */
void s3_date(int64_t wall_ms, char out[S3_DATE_SIZE]);
/* Percent-encodes all but A-Z a-z 0-9 - _ . ~ and, for a path, the slash. */
void s3_encode(struct buffer *out, const char *text, bool path);
/* "a=b&c=": encoded, in the order given, which is to be ascending by name. */
void s3_query(struct buffer *out, const struct s3_pair *params, size_t count);
/* The Authorization header's value. Without memory out fails. */
void s3_sign(const struct s3_sign *sign, struct buffer *out);

#endif
