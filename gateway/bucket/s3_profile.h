/*
 * gateway/bucket/s3_profile.h: one profile of the two files that AWS's own tools share, read as
 * botocore reads them. Pure: the bytes are handed in, and nothing of them stands in a message.
 */
#ifndef INKSEAL_S3_PROFILE_H
#define INKSEAL_S3_PROFILE_H

#include "schemas/base/base.h"

#define S3_ACCESS_KEY_MAX 128u
#define S3_SECRET_KEY_MAX 256u
#define S3_SESSION_TOKEN_MAX 4096u /* AWS's are up to about 2 KiB */
#define S3_REGION_MAX 64u
#define S3_PROFILE_NAME_MAX 256u

enum s3_profile_file {
	S3_CREDENTIALS_FILE, /* "[x]" is the profile x */
	S3_CONFIG_FILE,      /* "[profile x]" is, and "[default]" */
};
enum s3_profile_name {
	S3_PROFILE_ACCESS_KEY,
	S3_PROFILE_SECRET_KEY,
	S3_PROFILE_SESSION_TOKEN,
	S3_PROFILE_SECURITY_TOKEN, /* the token's old name, which goes before the new one */
	S3_PROFILE_REGION,
	S3_PROFILE_NAMES
};
struct s3_profile { /* clear it: it holds secrets */
	bool found;
	bool has[S3_PROFILE_NAMES]; /* set, perhaps to "" */
	char values[S3_PROFILE_NAMES][S3_SESSION_TOKEN_MAX + 1];
};

/* OK also where there is no such profile (found is false). False: message says what is wrong. */
MUST_USE bool s3_profile_read(struct view text, enum s3_profile_file file, const char *profile,
    struct call *call, struct s3_profile *out);
void s3_profile_clear(struct s3_profile *profile);
const char *s3_profile_file_text(enum s3_profile_file file);

/* A value that may go into a header: 1 to max visible ASCII bytes. False: *out as it was. */
MUST_USE bool s3_value_copy(struct view value, size_t max, char *out);

#endif
