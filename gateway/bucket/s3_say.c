/*
 * gateway/bucket/s3_say.c: what a refusal says: the region, the credentials, the bucket, or the
 * code alone.
 */
#include "gateway/bucket/s3_say.h"
#include "gateway/bucket/s3_answer.h"

#include <string.h>

/* The store takes requests for another region than the one that this was signed for. */
static void say_region(struct call *call, const char *what, const struct s3_reply *reply)
{
	const char *named = reply->error.region;
	bool other = named[0] != '\0' && strcmp(named, reply->region) != 0;
	bool moved = reply->status == 301 || reply->status == 307;

	call_sayf(call,
	    "%s: the store answered %u%s%s: the bucket is not in the region %s%s%s; set "
	    "AWS_REGION=%s (or region in ~/.aws/config)%s",
	    what, reply->status, reply->error.code.text[0] == '\0' ? "" : " ",
	    reply->error.code.text, reply->region, other ? " but in " : "", other ? named : "",
	    other ? named : "NAME, as the store's settings have it",
	    moved ? ", and name that region's host in the URL" : "");
}

void s3_say(struct call *call, const char *what, const struct s3_reply *reply)
{
	const char *code = reply->error.code.text;

	if (s3_region_wrong(reply->status, code, reply->error.region)) {
		say_region(call, what, reply);
		return;
	}
	call_sayf(call, "%s: the store answered %u%s%s", what, reply->status,
	    code[0] == '\0' ? "" : " ", code);
	if (strcmp(code, "RequestTimeTooSkewed") == 0)
		call_sayf(call, "%s: the store's clock and this machine's differ too much", what);
	else if (s3_credentials_refused(code))
		call_sayf(call,
		    "%s: the store does not take the credentials (%u %s): set AWS_ACCESS_KEY_ID "
		    "and "
		    "AWS_SECRET_ACCESS_KEY, or the profile in the credentials file, to ones that "
		    "hold; the file is read again by itself",
		    what, reply->status, code);
	else if (strcmp(code, "NoSuchBucket") == 0)
		call_sayf(call,
		    "%s: the store answered %u %s: there is no such bucket; create it, or look at "
		    "its "
		    "name in the URL",
		    what, reply->status, code);
	else if (reply->encoding[0] != '\0')
		call_sayf(
		    call, "%s: %u, and " S3_ENCODED_TEXT, what, reply->status, reply->encoding);
}
