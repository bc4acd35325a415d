/*
 * gateway/bucket/s3_credentials.h: who we are to an S3 store, and in which region it is: from the
 * environment, else from the files that AWS's own tools share. The environment is handed down, so
 * that tests have their own.
 */
#ifndef INKSEAL_S3_CREDENTIALS_H
#define INKSEAL_S3_CREDENTIALS_H

#include "gateway/bucket/s3_profile.h"

#define S3_FILE_MAX (1u << 20) /* bytes of a credentials or config file */

struct s3_env {
	void *self;
	const char *(*get)(void *self, const char *name); /* NULL: not set */
};
extern const struct s3_env s3_env_system;

/* Clear after use, whatever came back: clear wipes all of it. */
struct s3_credentials {
	char access_key[S3_ACCESS_KEY_MAX + 1];
	char secret_key[S3_SECRET_KEY_MAX + 1];
	char session_token[S3_SESSION_TOKEN_MAX + 1]; /* "": none */
};

/*
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN); else the profile AWS_PROFILE
 * (or "default") of the file AWS_SHARED_CREDENTIALS_FILE (or ~/.aws/credentials), else of
 * AWS_CONFIG_FILE (or ~/.aws/config). False: message says what is missing, without repeating any of
 * it.
 */
MUST_USE bool s3_credentials_load(
    const struct s3_env *env, struct call *call, struct s3_credentials *out);
void s3_credentials_clear(struct s3_credentials *credentials);

/* AWS_REGION or AWS_DEFAULT_REGION, else the profile's in these files, else "us-east-1". */
MUST_USE bool s3_region_load(
    const struct s3_env *env, struct call *call, char out[S3_REGION_MAX + 1]);

#endif
