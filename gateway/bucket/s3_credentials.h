/*
 * gateway/bucket/s3_credentials.h: who we are to an S3 store: from the environment, else from the
 * file that AWS's own tools share. The environment is handed down, so that tests have their own.
 */
#ifndef INKSEAL_S3_CREDENTIALS_H
#define INKSEAL_S3_CREDENTIALS_H

#include "schemas/base/base.h"

#define S3_ACCESS_KEY_MAX 128u
#define S3_SECRET_KEY_MAX 256u
#define S3_SESSION_TOKEN_MAX 4096u /* AWS's are up to about 2 KiB */

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
 * (or "default") of the file AWS_SHARED_CREDENTIALS_FILE (or ~/.aws/credentials). False: message
 * says what is missing, without repeating any of it.
 */
MUST_USE bool s3_credentials_load(
    const struct s3_env *env, struct call *call, struct s3_credentials *out);
void s3_credentials_clear(struct s3_credentials *credentials);

#endif
