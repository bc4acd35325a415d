/*
 * gateway/bucket/bucket_open.c: which driver a URL means, and what is put around it: the count, and
 * tries again where a driver only says that a call may be made again.
 */
#include "gateway/bucket/bucket_open.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/bucket_retry.h"
#include "gateway/bucket/bucket_s3.h"

static struct bucket *open_dir(const char *path, const struct clock *clock, struct call *call)
{
	return bucket_dir_open(path, &dir_io_system, clock, call);
}

static struct bucket *open_s3(const char *rest, const struct clock *clock, struct call *call)
{
	return bucket_s3_open(rest, &s3_env_system, clock, call);
}

static const struct scheme {
	const char *prefix;
	const char *form; /* as a person would write it */
	bool again;       /* what was not done is tried again */
	struct bucket *(*open)(const char *rest, const struct clock *clock, struct call *call);
} schemes[] = {
    {"dir:", "dir:PATH", false, open_dir},
    {"s3:", "s3:http://HOST:PORT/BUCKET/PREFIX", true, open_s3},
};

/* The count goes inside the retry: each try is a request. */
static struct bucket *open_as(const struct scheme *scheme, const char *rest,
    const struct clock *clock, struct bucket_counts *counts, struct call *call)
{
	struct bucket *bucket = scheme->open(rest, clock, call);
	struct bucket_retry_rules rules;

	if (bucket == NULL)
		return NULL;
	if (counts != NULL)
		bucket = bucket_count(bucket, counts);
	if (bucket != NULL && scheme->again) {
		bucket_retry_usual(clock, &rules);
		bucket = bucket_retry(bucket, &rules);
	}
	if (bucket == NULL)
		call_sayf(call, "no memory for a bucket");
	return bucket;
}

struct bucket *bucket_open(const char *url, const struct clock *clock, struct call *call)
{
	return bucket_open_counted(url, clock, NULL, call);
}

/* The URL is not repeated in the message: those of other stores can hold a secret. */
struct bucket *bucket_open_counted(
    const char *url, const struct clock *clock, struct bucket_counts *counts, struct call *call)
{
	char known[CALL_MESSAGE_MAX / 2] = "";
	size_t len = 0;

	assert(url != NULL && clock != NULL && call != NULL);
	if (strnlen(url, BUCKET_URL_MAX + 1) > BUCKET_URL_MAX) {
		call_sayf(call, "a bucket's URL holds up to %u bytes", BUCKET_URL_MAX);
		return NULL;
	}
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (bucket_begins(url, schemes[i].prefix))
			return open_as(
			    &schemes[i], url + strlen(schemes[i].prefix), clock, counts, call);
	for (size_t i = 0; i < COUNT_OF(schemes) && len < sizeof(known); i++)
		len += (size_t)snprintf(
		    known + len, sizeof(known) - len, "%s%s", i == 0 ? "" : ", ", schemes[i].form);
	call_sayf(call, "not a bucket's URL that is known here; known are: %s", known);
	return NULL;
}
