/*
 * gateway/bucket/s3.h: an S3 bucket that is open, and what a request to it and an answer hold: what
 * the files of the driver share.
 */
#ifndef INKSEAL_S3_H
#define INKSEAL_S3_H

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/bucket/s3_identity.h"
#include "gateway/bucket/s3_sign.h"
#include "gateway/bucket/s3_url.h"
#include "gateway/bucket/s3_xml.h"
#include "gateway/net/net.h"

#define S3_IDLE_MAX 32u /* connections that are kept; more are closed */
#define S3_PARAMS_MAX 6u
#define S3_ENCODING_MAX 32u /* of a Content-Encoding's value */
#define S3_ENCODED_TEXT \
	"the answer came in Content-Encoding %s, which nobody asked for: the store, or a proxy " \
	"before it, must send bodies as they are"
#define S3_DOCUMENT_MAX (8u << 20) /* of a request's or an answer's XML */

/* How a store wants If-Match. Found out once: README.md, "Tags". */
enum s3_quoting { S3_QUOTING_UNKNOWN, S3_QUOTING_NONE, S3_QUOTING_QUOTED };

struct s3 { /* one opened bucket; all threads may use it */
	struct s3_url url;
	struct s3_identity identity;
	struct bytes ca_file;   /* empty: libcurl's own */
	struct bytes ca_folder; /* likewise */
	struct clock clock;
	atomic_int quoting;    /* an enum s3_quoting */
	atomic_bool unordered; /* it lists in an order of its own: README.md, "Listings" */
	atomic_bool singly;    /* it removes one object a request: README.md, "Removing many" */
	pthread_mutex_t mutex;
	struct net_line *idle[S3_IDLE_MAX]; /* these two guarded by mutex */
	size_t idle_count;
};

struct s3_request { /* every pointer is borrowed until the call returns */
	const char *method;
	const char *key;     /* without the URL's prefix; NULL: the bucket itself */
	const char *raw_key; /* instead of key: with the URL's prefix, from a listing */
	struct s3_pair params[S3_PARAMS_MAX]; /* ascending by name */
	size_t param_count;
	struct view body;     /* sent by PUT and POST */
	const char *if_match; /* these three: the header's value, or NULL */
	const char *if_none_match;
	const char *range;
	size_t answer_max; /* of a success's body; more of it is a failure */
};
struct s3_reply {          /* clear it */
	struct bytes body; /* ends in a NUL that is not counted */
	unsigned status;
	struct bucket_tag tag;              /* the ETag, unquoted; "" if none can be used */
	struct s3_error error;              /* what an error's body says, or its headers */
	char region[S3_REGION_MAX + 1];     /* the request was signed for it */
	char encoding[S3_ENCODING_MAX + 1]; /* of a body that cannot be read for it; or "" */
};

/* url, identity, ca_file, ca_folder and clock are set. False: message says why. */
MUST_USE bool s3_open(struct s3 *s3, struct call *call);
void s3_close(struct s3 *s3); /* after s3_open; clears what it was given, too */

void s3_reply_clear(struct s3_reply *reply);

#endif
