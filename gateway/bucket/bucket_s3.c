/*
 * gateway/bucket/bucket_s3.c: the bucket of bucket.h over S3's HTTP API. Each call here is one
 * request (but for some listings, s3_list.c, and an If-Match that may want quotes) and
 * says what came of it; s3_http.c sends, s3_answer.c judges, bucket_retry.c tries again.
 */
#include "gateway/bucket/bucket_s3.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/s3_answer.h"
#include "gateway/bucket/s3_hidden.h"
#include "gateway/bucket/s3_http.h"
#include "gateway/bucket/s3_list.h"
#include "gateway/bucket/s3_remove.h"
#include "gateway/bucket/s3_say.h"

#define RANGE_SIZE 48u
#define QUOTED_SIZE (BUCKET_TAG_MAX + 3u)

static void quoted(const struct bucket_tag *tag, char out[QUOTED_SIZE])
{
	int len = snprintf(out, QUOTED_SIZE, "\"%s\"", tag->text);

	assert(len > 0 && (size_t)len < QUOTED_SIZE);
}

/* A PUT with the tag in one form; quoted_tag has room for it. */
static struct s3_request put_request(
    const struct bucket_put *put, bool with_quotes, char quoted_tag[QUOTED_SIZE])
{
	struct s3_request request = {.method = "PUT", .key = put->key, .body = put->data};

	request.answer_max = NET_ERROR_MAX;
	if (put->cond == BUCKET_IF_ABSENT)
		request.if_none_match = "*";
	if (put->cond == BUCKET_IF_TAG) {
		quoted(&put->tag, quoted_tag);
		request.if_match = with_quotes ? quoted_tag : put->tag.text;
	}
	return request;
}

/* What an answer to a PUT means. A success has an empty body and a tag. */
static enum bucket_result put_judge(const struct bucket_put *put, const struct s3_reply *reply,
    struct call *call, struct bucket_tag *tag_out)
{
	enum bucket_result result = s3_put_result(reply->status, reply->error.code.text, put->cond);
	struct s3_error error;

	if (result != BUCKET_OK) {
		s3_say(call, "PUT", reply);
		return result;
	}
	if (!s3_xml_error(view_bytes(&reply->body), &error)) {
		call_sayf(call, "PUT: no memory for the store's answer");
		return BUCKET_UNKNOWN;
	}
	if (error.code.text[0] != '\0' || reply->tag.text[0] == '\0') {
		call_sayf(call, "PUT: the store answered 200 %s",
		    error.code.text[0] != '\0' ? error.code.text
					       : "without an ETag that can be used");
		return BUCKET_UNKNOWN;
	}
	*tag_out = reply->tag;
	return BUCKET_OK;
}

static enum bucket_result put_once(struct s3 *s3, const struct bucket_put *put, bool with_quotes,
    struct call *call, struct bucket_tag *tag_out)
{
	char quoted_tag[QUOTED_SIZE];
	struct s3_request request = put_request(put, with_quotes, quoted_tag);
	struct s3_reply reply = {0};
	enum bucket_result result = s3_send(s3, &request, call, &reply);

	if (result == BUCKET_OK)
		result = put_judge(put, &reply, call, tag_out);
	else
		call_prefix(call, "PUT");
	s3_reply_clear(&reply);
	return result;
}

/* Does the key have this tag still? False also if the store does not say. */
static bool tag_stands(struct s3 *s3, const struct bucket_put *put, const struct call *call)
{
	struct s3_request request = {.method = "HEAD", .key = put->key};
	struct s3_reply reply = {0};
	struct call own;
	bool same;

	call_init(&own, call->deadline_ms);
	same = s3_send(s3, &request, &own, &reply) == BUCKET_OK && reply.status == 200 &&
	       bucket_tag_equal(&reply.tag, &put->tag);
	s3_reply_clear(&reply);
	return same;
}

/*
 * Most stores take an If-Match with and without quotes, some only one of the two. The first form to
 * succeed is kept to; until then a refusal whose tag still stands is tried once with quotes.
 */
static enum bucket_result s3_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct s3 *s3 = self;
	int quoting = atomic_load(&s3->quoting);
	enum bucket_result result = put_once(s3, put, quoting == S3_QUOTING_QUOTED, call, tag_out);

	if (put->cond != BUCKET_IF_TAG || quoting != S3_QUOTING_UNKNOWN)
		return result;
	if (result == BUCKET_OK)
		atomic_store(&s3->quoting, S3_QUOTING_NONE);
	if (result == BUCKET_CONFLICT && tag_stands(s3, put, call)) {
		result = put_once(s3, put, true, call, tag_out);
		if (result == BUCKET_OK)
			atomic_store(&s3->quoting, S3_QUOTING_QUOTED);
	}
	return result;
}

static bool s3_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results)
{
	struct s3 *s3 = self;
	bool with_quotes = atomic_load(&s3->quoting) == S3_QUOTING_QUOTED;
	char quoted_tags[BUCKET_RACE_MAX][QUOTED_SIZE];
	struct s3_request requests[BUCKET_RACE_MAX] = {0};
	struct s3_reply replies[BUCKET_RACE_MAX] = {0};
	struct bucket_tag unused;

	for (size_t i = 0; i < count; i++)
		requests[i] = put_request(&puts[i], with_quotes, quoted_tags[i]);
	s3_send_together(s3, requests, count, calls, replies, results);
	for (size_t i = 0; i < count; i++) {
		if (results[i] == BUCKET_OK)
			results[i] = put_judge(&puts[i], &replies[i], &calls[i], &unused);
		s3_reply_clear(&replies[i]);
	}
	return true;
}

/* A success that is no object: an error's document, or a page of a proxy's. */
static enum bucket_result get_untagged(struct s3_reply *reply, struct call *call)
{
	if (!s3_xml_error(view_bytes(&reply->body), &reply->error)) {
		call_sayf(call, "GET: no memory for the store's answer");
		return BUCKET_RETRY;
	}
	if (reply->error.code.text[0] != '\0') {
		s3_say(call, "GET", reply);
		return s3_kept_result(reply->error.code.text);
	}
	call_sayf(call, "GET: the answer has no ETag that can be used: is this an S3 store?");
	return BUCKET_REFUSED;
}

static enum bucket_result get_once(
    struct s3 *s3, const struct s3_request *request, struct call *call, struct s3_reply *reply)
{
	enum bucket_result result = s3_send(s3, request, call, reply);

	if (result != BUCKET_OK) {
		call_prefix(call, "GET");
		return result;
	}
	result = s3_get_result(reply->status, reply->error.code.text);
	if (result != BUCKET_OK)
		s3_say(call, "GET", reply);
	else if (reply->tag.text[0] == '\0')
		result = get_untagged(reply, call);
	return result;
}

static enum bucket_result s3_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct s3 *s3 = self;
	char unless[QUOTED_SIZE];
	char range[RANGE_SIZE];
	struct s3_request request = {
	    .method = "GET", .key = get->key, .answer_max = BUCKET_OBJECT_MAX};
	struct s3_reply reply = {0};
	enum bucket_result result;

	if (get->unless.text[0] != '\0') {
		quoted(&get->unless, unless);
		request.if_none_match = unless;
	}
	if (get->first_bytes != 0 && get->first_bytes < BUCKET_OBJECT_MAX) {
		(void)snprintf(range, sizeof(range), "bytes=0-%zu", get->first_bytes - 1);
		request.range = range;
	}
	result = get_once(s3, &request, call, &reply);
	if (reply.status == 416 && request.range != NULL) { /* of an empty object */
		s3_reply_clear(&reply);
		request.range = NULL;
		result = get_once(s3, &request, call, &reply);
	}
	if (result != BUCKET_OK)
		goto done;
	/* Stores may give the whole all the same. */
	if (!bucket_first_bytes(get, view_bytes(&reply.body), out)) {
		call_sayf(call, "no memory for an object");
		result = BUCKET_RETRY;
		goto done;
	}
	*tag_out = reply.tag;
done:
	s3_reply_clear(&reply);
	return result;
}

static enum bucket_result s3_remove(void *self, const char *key, struct call *call)
{
	const struct s3_request request = {
	    .method = "DELETE", .key = key, .answer_max = NET_ERROR_MAX};

	return s3_remove_one(self, &request, call);
}

static enum bucket_result s3_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct s3 *s3 = self;
	size_t prefix_len = strlen(s3->url.prefix);
	size_t key_size = prefix_len + BUCKET_KEY_MAX + 1;
	struct s3_pair *pairs = calloc(count, sizeof(*pairs));
	char *text = calloc(count, key_size);
	enum bucket_result result = BUCKET_RETRY;
	size_t done;

	if (pairs == NULL || text == NULL) {
		call_sayf(call, "no memory for a request to the store");
		goto done;
	}
	for (size_t i = 0; i < count; i++) {
		char *whole = text + i * key_size;

		(void)snprintf(whole, key_size, "%s%s", s3->url.prefix, keys[i]);
		pairs[i] = (struct s3_pair){whole, ""};
	}
	result = s3_remove_items(s3, pairs, count, call, &done);
done:
	free(text);
	free(pairs);
	return result;
}

static bool s3_denied(void *self)
{
	struct s3 *s3 = self;

	return s3_identity_denied(&s3->identity);
}

static void s3_free(void *self)
{
	s3_close(self);
	free(self);
}

static const struct bucket_ops s3_ops = {
    .put = s3_put,
    .race = s3_race,
    .get = s3_get,
    .remove = s3_remove,
    .remove_many = s3_remove_many,
    .list = s3_list,
    .purge_hidden = s3_purge_hidden,
    .denied = s3_denied,
    .close = s3_free,
};

/* False: message says what is wrong. */
static bool settings_load(struct s3 *s3, const struct s3_env *env, struct call *call)
{
	const struct net_trust trust = net_trust_of(env->get, env->self);

	if ((trust.file == NULL || bytes_copy(view_text(trust.file), &s3->ca_file)) &&
	    (trust.folder == NULL || bytes_copy(view_text(trust.folder), &s3->ca_folder)))
		return true;
	call_sayf(call, "no memory for a bucket");
	return false;
}

struct bucket *bucket_s3_open(
    const char *rest, const struct s3_env *env, const struct clock *clock, struct call *call)
{
	struct s3 *s3 = calloc(1, sizeof(*s3));
	struct bucket *bucket;

	if (s3 == NULL) {
		call_sayf(call, "no memory for a bucket");
		return NULL;
	}
	s3->clock = *clock;
	if (!s3_url_parse(rest, call, &s3->url) || !settings_load(s3, env, call) ||
	    !s3_identity_open(&s3->identity, env, clock, call))
		goto fail;
	if (!s3_open(s3, call)) {
		s3_identity_close(&s3->identity);
		goto fail;
	}
	bucket = bucket_new(&s3_ops, s3);
	if (bucket == NULL)
		call_sayf(call, "no memory for a bucket");
	return bucket;
fail:
	bytes_clear(&s3->ca_file);
	bytes_clear(&s3->ca_folder);
	free(s3);
	return NULL;
}
