/*
 * gateway/bucket/s3_http.c: sends requests. Connections come from a small pool and are kept alive
 * in it, so that threads neither wait for one another nor connect anew. The requests themselves:
 * s3_exchange.c.
 */
#include "gateway/bucket/s3_http.h"

#include <stdlib.h>

#include "gateway/bucket/s3_exchange.h"

static struct net_line *line_take(struct s3 *s3)
{
	struct net_line *line = NULL;

	(void)pthread_mutex_lock(&s3->mutex);
	if (s3->idle_count > 0)
		line = s3->idle[--s3->idle_count]; /* the warmest */
	(void)pthread_mutex_unlock(&s3->mutex);
	return line == NULL ? net_line_new() : line;
}

static void line_give(struct s3 *s3, struct net_line *line)
{
	(void)pthread_mutex_lock(&s3->mutex);
	if (line != NULL && s3->idle_count < S3_IDLE_MAX) {
		s3->idle[s3->idle_count++] = line;
		line = NULL;
	}
	(void)pthread_mutex_unlock(&s3->mutex);
	net_line_free(line);
}

static enum bucket_result exchange_begin(struct s3 *s3, const struct s3_request *request, bool held,
    struct call *call, struct s3_exchange *exchange)
{
	call->retry_after_ms = 0;
	return s3_exchange_make(s3, line_take(s3), request, held, call, exchange);
}

static void exchange_over(struct s3 *s3, struct s3_exchange *exchange)
{
	struct net_line *line = exchange->net.line;

	s3_exchange_clear(exchange);
	line_give(s3, line);
}

/* *told_out: what the answer says of who we are; nothing where there was none. */
static enum bucket_result send_once(struct s3 *s3, const struct s3_request *request,
    struct call *call, struct s3_reply *reply, enum s3_told *told_out)
{
	struct s3_exchange exchange;
	enum bucket_result result = exchange_begin(s3, request, false, call, &exchange);

	*told_out = S3_TOLD_NOTHING;
	if (result == BUCKET_OK) {
		net_exchange_run(&exchange.net);
		result = s3_exchange_end(&exchange, call, reply);
	}
	if (result == BUCKET_OK)
		*told_out = s3_identity_told(
		    &s3->identity, exchange.signer.version, reply->status, &reply->error);
	exchange_over(s3, &exchange);
	return result;
}

/* Does the bucket itself name its region, where a refusal did not? In a header, whatever the
 * status.
 */
static bool ask_region(struct s3 *s3, const struct call *call)
{
	const struct s3_request request = {.method = "HEAD"};
	struct s3_reply reply = {0};
	enum s3_told told = S3_TOLD_NOTHING;
	struct call own;
	bool learned;

	call_init(&own, call->deadline_ms);
	learned = send_once(s3, &request, &own, &reply, &told) == BUCKET_OK &&
		  (told == S3_TOLD_AGAIN || s3_identity_region(&s3->identity, reply.error.region));
	s3_reply_clear(&reply);
	return learned;
}

enum bucket_result s3_send(
    struct s3 *s3, const struct s3_request *request, struct call *call, struct s3_reply *reply)
{
	enum s3_told told;
	enum bucket_result result = send_once(s3, request, call, reply, &told);

	if (told == S3_TOLD_ASK)
		told = ask_region(s3, call) ? S3_TOLD_AGAIN : S3_TOLD_NOTHING;
	if (told != S3_TOLD_AGAIN)
		return result;
	/* The store refused it before it looked at more than who asks: a write, too, goes again. */
	s3_reply_clear(reply);
	return send_once(s3, request, call, reply, &told);
}

static void say_no_memory_for_several(struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		call_sayf(&calls[i], "no memory for several requests at once");
}

/* *under_way_out[i] is NULL where a request could not be made, and results[i] says so. */
static void together_begin(struct s3 *s3, const struct s3_request *requests, size_t count,
    struct call *calls, struct s3_exchange *exchanges, struct net_exchange **under_way_out,
    enum bucket_result *results)
{
	for (size_t i = 0; i < count; i++) {
		results[i] = exchange_begin(s3, &requests[i], true, &calls[i], &exchanges[i]);
		under_way_out[i] = results[i] == BUCKET_OK ? &exchanges[i].net : NULL;
	}
}

void s3_send_together(struct s3 *s3, const struct s3_request *requests, size_t count,
    struct call *calls, struct s3_reply *replies, enum bucket_result *results)
{
	struct s3_exchange *exchanges = calloc(count, sizeof(*exchanges));
	struct net_exchange **under_way = calloc(count, sizeof(struct net_exchange *));

	for (size_t i = 0; i < count; i++)
		results[i] = BUCKET_RETRY;
	if (exchanges == NULL || under_way == NULL) {
		say_no_memory_for_several(calls, count);
		free(exchanges);
		free(under_way);
		return;
	}
	together_begin(s3, requests, count, calls, exchanges, under_way, results);
	if (net_together(under_way, count)) {
		for (size_t i = 0; i < count; i++)
			if (under_way[i] != NULL)
				results[i] = s3_exchange_end(&exchanges[i], &calls[i], &replies[i]);
	} else {
		say_no_memory_for_several(calls, count);
	}
	for (size_t i = 0; i < count; i++)
		exchange_over(s3, &exchanges[i]);
	free(exchanges);
	free(under_way);
}
