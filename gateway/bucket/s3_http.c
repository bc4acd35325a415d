/*
 * gateway/bucket/s3_http.c: sends requests. libcurl's handles come from a small pool, each with its
 * kept-alive connection, so that threads neither wait for one another nor connect anew. The
 * requests themselves: s3_exchange.c.
 */
#include "gateway/bucket/s3_http.h"

#include <stdlib.h>
#include <time.h>

#include "gateway/bucket/s3_exchange.h"

#define POLL_MS 1000
#define HOLD_MS 50 /* for the store to read what it has, and to check conditions too early */

static CURL *handle_take(struct s3 *s3)
{
	CURL *curl = NULL;

	(void)pthread_mutex_lock(&s3->mutex);
	if (s3->idle_count > 0)
		curl = s3->idle[--s3->idle_count]; /* the warmest */
	(void)pthread_mutex_unlock(&s3->mutex);
	return curl == NULL ? curl_easy_init() : curl;
}

static void handle_give(struct s3 *s3, CURL *curl)
{
	(void)pthread_mutex_lock(&s3->mutex);
	if (s3->idle_count < S3_IDLE_MAX) {
		s3->idle[s3->idle_count++] = curl;
		curl = NULL;
	}
	(void)pthread_mutex_unlock(&s3->mutex);
	if (curl != NULL)
		curl_easy_cleanup(curl);
}

static enum bucket_result exchange_begin(struct s3 *s3, const struct s3_request *request, bool held,
    struct call *call, struct s3_exchange *exchange)
{
	call->retry_after_ms = 0;
	return s3_exchange_make(s3, handle_take(s3), request, held, call, exchange);
}

static void exchange_over(struct s3 *s3, struct s3_exchange *exchange)
{
	CURL *curl = exchange->curl;

	s3_exchange_clear(exchange);
	if (curl != NULL)
		handle_give(s3, curl);
}

/* *told_out: what the answer says of who we are; nothing where there was none. */
static enum bucket_result send_once(struct s3 *s3, const struct s3_request *request,
    struct call *call, struct s3_reply *reply, enum s3_told *told_out)
{
	struct s3_exchange exchange;
	enum bucket_result result = exchange_begin(s3, request, false, call, &exchange);

	*told_out = S3_TOLD_NOTHING;
	if (result == BUCKET_OK)
		result = s3_exchange_end(&exchange, curl_easy_perform(exchange.curl), call, reply);
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

void s3_reply_clear(struct s3_reply *reply)
{
	bytes_clear(&reply->body);
	*reply = (struct s3_reply){0};
}

/* Notes the exchanges that have ended; true once none is left that has not come to its last byte.
 */
static bool together_see(CURLM *multi, struct s3_exchange *exchanges, size_t count)
{
	bool ready = true;
	int queued = 0;
	CURLMsg *message;

	while ((message = curl_multi_info_read(multi, &queued)) != NULL)
		for (size_t i = 0; i < count; i++)
			if (message->msg == CURLMSG_DONE &&
			    message->easy_handle == exchanges[i].curl) {
				exchanges[i].end = message->data.result;
				exchanges[i].ended = true;
			}
	for (size_t i = 0; i < count; i++)
		ready = ready &&
			(exchanges[i].curl == NULL || exchanges[i].ended || exchanges[i].waiting);
	return ready;
}

static void together_let_go(struct s3_exchange *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		exchanges[i].held = false;
	for (size_t i = 0; i < count; i++)
		if (exchanges[i].curl != NULL && !exchanges[i].ended)
			(void)curl_easy_pause(exchanges[i].curl, CURLPAUSE_CONT);
}

/* Drives all until they have ended: each has a timeout of its own, so this ends by then. */
static void together_run(CURLM *multi, struct s3_exchange *exchanges, size_t count)
{
	int running = (int)count;
	bool gone = false;

	while (curl_multi_perform(multi, &running) == CURLM_OK) {
		if (together_see(multi, exchanges, count) && !gone) {
			struct timespec hold = {.tv_nsec = HOLD_MS * 1000000L};

			gone = true;
			(void)nanosleep(&hold, NULL);
			together_let_go(exchanges, count);
			continue;
		}
		if (running == 0 || curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
			break;
	}
}

void s3_send_together(struct s3 *s3, const struct s3_request *requests, size_t count,
    struct call *calls, struct s3_reply *replies, enum bucket_result *results)
{
	struct s3_exchange *exchanges = calloc(count, sizeof(*exchanges));
	CURLM *multi = curl_multi_init();

	for (size_t i = 0; i < count; i++) {
		results[i] = BUCKET_RETRY;
		if (exchanges == NULL || multi == NULL) {
			call_sayf(&calls[i], "no memory for several requests at once");
			continue;
		}
		results[i] = exchange_begin(s3, &requests[i], true, &calls[i], &exchanges[i]);
		exchanges[i].end = CURLE_ABORTED_BY_CALLBACK;
		if (results[i] == BUCKET_OK &&
		    curl_multi_add_handle(multi, exchanges[i].curl) != CURLM_OK) {
			call_sayf(&calls[i], "no memory for several requests at once");
			results[i] = BUCKET_RETRY;
		}
		if (results[i] != BUCKET_OK)
			exchange_over(s3, &exchanges[i]);
	}
	if (exchanges != NULL && multi != NULL)
		together_run(multi, exchanges, count);
	for (size_t i = 0; exchanges != NULL && multi != NULL && i < count; i++) {
		if (exchanges[i].curl == NULL)
			continue;
		(void)curl_multi_remove_handle(multi, exchanges[i].curl);
		results[i] =
		    s3_exchange_end(&exchanges[i], exchanges[i].end, &calls[i], &replies[i]);
		exchange_over(s3, &exchanges[i]);
	}
	if (multi != NULL)
		(void)curl_multi_cleanup(multi);
	free(exchanges);
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_started = CURLE_FAILED_INIT;

static void curl_start(void)
{
	curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool s3_open(struct s3 *s3, struct call *call)
{
	if (pthread_once(&curl_once, curl_start) != 0 || curl_started != CURLE_OK) {
		call_sayf(call, "libcurl does not start");
		return false;
	}
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
		curl_easy_cleanup(s3->idle[i]);
	(void)pthread_mutex_destroy(&s3->mutex);
	bytes_clear(&s3->ca_file);
	bytes_clear(&s3->ca_folder);
	s3_identity_close(&s3->identity);
}
