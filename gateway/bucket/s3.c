/*
 * gateway/bucket/s3.c: what is open for as long as a bucket is.
 */
#include "gateway/bucket/s3.h"

bool s3_open(struct s3 *s3, struct call *call)
{
	if (!net_start(call))
		return false;
	if (pthread_mutex_init(&s3->mutex, NULL) != 0) {
		call_sayf(call, "no memory for a bucket");
		return false;
	}
	atomic_init(&s3->quoting, S3_QUOTING_UNKNOWN);
	atomic_init(&s3->unordered, false);
	atomic_init(&s3->singly, false);
	return true;
}

void s3_close(struct s3 *s3)
{
	for (size_t i = 0; i < s3->idle_count; i++)
		net_line_free(s3->idle[i]);
	(void)pthread_mutex_destroy(&s3->mutex);
	bytes_clear(&s3->ca_file);
	bytes_clear(&s3->ca_folder);
	s3_identity_close(&s3->identity);
}

void s3_reply_clear(struct s3_reply *reply)
{
	bytes_clear(&reply->body);
	*reply = (struct s3_reply){0};
}
