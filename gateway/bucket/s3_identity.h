/*
 * gateway/bucket/s3_identity.h: who signs, and for which region. Both can turn out to be another
 * while a bucket is open: credentials are rotated, and a store may name its region only where it
 * refuses. So they are learned from refusals, for all threads of a bucket at once. README.md,
 * "Regions and credentials".
 */
#ifndef INKSEAL_S3_IDENTITY_H
#define INKSEAL_S3_IDENTITY_H

#include <pthread.h>

#include "gateway/bucket/s3_credentials.h"
#include "gateway/bucket/s3_xml.h"

#define S3_REGIONS_LEARNED_MAX 4u /* by one open bucket: a store may not lead us about for ever */
#define S3_READ_AGAIN_MS 1000     /* credentials are read again that often at most */

struct s3_signer { /* a copy, for one request; clear it */
	struct s3_credentials credentials;
	char region[S3_REGION_MAX + 1];
	uint64_t version; /* counts what was learned */
};
struct s3_identity {
	struct s3_env env;
	struct clock clock;
	pthread_mutex_t mutex;
	struct s3_signer signer; /* guarded by mutex, as all below */
	unsigned regions;        /* how many were learned */
	bool asked;              /* the bucket was asked for its region */
	bool read_again;         /* … the credentials, at read_ms */
	int64_t read_ms;
	bool denied; /* the last answer about it was that these credentials do not hold */
};

/* env (borrowed until close) is read now, and again later; the clock is copied. */
MUST_USE bool s3_identity_open(struct s3_identity *identity, const struct s3_env *env,
    const struct clock *clock, struct call *call);
void s3_identity_close(struct s3_identity *identity);
void s3_identity_get(struct s3_identity *identity, struct s3_signer *out);
void s3_signer_clear(struct s3_signer *signer);
bool s3_identity_denied(struct s3_identity *identity);

enum s3_told {
	S3_TOLD_NOTHING, /* the answer is what it is */
	S3_TOLD_AGAIN,   /* signed anew, the request may do */
	S3_TOLD_ASK,     /* of another region, unnamed: a HEAD of the bucket may name it; once */
};
/* What an answer to a request that was signed as of version says about us. */
enum s3_told s3_identity_told(
    struct s3_identity *identity, uint64_t version, unsigned status, const struct s3_error *error);
/* The bucket, asked, is in this region ("": it does not say). True: that is news. */
bool s3_identity_region(struct s3_identity *identity, const char *region);

#endif
