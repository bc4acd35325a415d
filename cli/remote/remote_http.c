/*
 * cli/remote/remote_http.c: by HTTP to a gateway (schemas/openapi.yaml). It owns one connection and
 * what the answers taught it: how far the gateway's clock is from ours, which of our keys sign.
 * Counted are requests: an exchange that carries frames, and whatever writes, as a put; a DELETE as
 * one; the others as a get. The bytes are the HTTP bodies'.
 */
#include "cli/remote/http_client.h"
#include "cli/remote/remote_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_CBOR "application/cbor"
#define TYPE_BYTES "application/octet-stream"
#define TYPE_JSON "application/json"

#define SYNC_ANSWER_MAX (ANSWER_MAX + (1u << 20)) /* frames and bodies; names, roster, record */
#define INFO_MAX (64u << 10)
#define RECEIPT_MAX 1024u
#define CREATE_ANSWER_MAX 1024u
#define CUT_TRIES 2u            /* of a request whose answer is lost: the second at once */
#define CUT_WAIT_MIN_MS 500     /* then after this, and up to as much again: a gateway that is */
#define CUT_WAIT_MORE_MS 500    /* started anew needs a moment, and not all of us at once */
#define BUSY_SPREAD_MAX_MS 1000 /* beyond a Retry-After, for the same reason */

struct http {
	struct http_client client;
	struct bucket_counts own_counts; /* used if the caller has none, and by a twin */
	struct bucket_counts *twin_of;   /* where a twin's are added in the end; NULL: no twin */
	struct remote_access access;
	bool as_recovery; /* the recovery device's keys sign: this one is not added yet */
	bool reached;     /* it has answered before: it is there, or was */
};

/* What is common to a request and its answer. */
struct asking {
	struct http_send send;
	const char *answer_type; /* that of a success; NULL: it has no body that matters */
	char path[HTTP_PATH_MAX];
	char code[HTTP_CODE_MAX + 1]; /* the problem's, after a failure */
};

bool remote_is_plain(const char *url)
{
	struct http_url parsed;
	struct call call = {0};

	return remote_is_gateway(url) && http_url_parse(url, &call, &parsed) && !parsed.tls &&
	       !parsed.local;
}

static const struct device_keys *signing_keys(const struct http *http)
{
	return http->as_recovery ? http->access.recovery : http->access.keys;
}

/* False: the clocks are too far apart, or the gateway does not say what its own shows. */
static bool follow_clock(struct http *http, const struct http_reply *reply, struct call *call)
{
	int64_t skew_ms = reply->date_ms - clock_wall_ms(&http->client.clock);

	if (reply->date_ms == 0)
		return false;
	if (skew_ms > HTTP_SKEW_MAX_MS || skew_ms < -HTTP_SKEW_MAX_MS) {
		call_sayf(call, "this device's clock and the gateway's are more than a day apart: "
				"set this one");
		return false;
	}
	http->client.skew_ms = skew_ms;
	return true;
}

/* From 0 to less than below, evenly enough for jitter. */
static int64_t some_of(const struct http *http, int64_t below)
{
	uint32_t random;

	random_fill(&http->client.random, &random, sizeof(random));
	return below <= 0 ? 0 : (int64_t)(random % (uint64_t)below);
}

static int64_t cut_wait_ms(const struct http *http)
{
	return CUT_WAIT_MIN_MS + some_of(http, CUT_WAIT_MORE_MS);
}

/* Many that were refused together are not to come again together. */
static int64_t busy_wait_ms(const struct http *http, int64_t asked_ms)
{
	int64_t spread_ms = asked_ms / 2;

	return asked_ms +
	       some_of(http, spread_ms < BUSY_SPREAD_MAX_MS ? spread_ms : BUSY_SPREAD_MAX_MS);
}

static enum remote_result lost_result(
    const struct http *http, enum http_sent sent, struct call *call)
{
	switch (sent) {
	case HTTP_ANSWERED: break;
	case HTTP_UNREACHABLE:
		if (!http->reached)
			return REMOTE_UNREACHABLE;
		call->retry_after_ms = cut_wait_ms(http);
		return REMOTE_LATER;
	case HTTP_CUT: call->retry_after_ms = cut_wait_ms(http); return REMOTE_LATER;
	case HTTP_CANCELLED: return REMOTE_LATER;
	case HTTP_STRANGE:
	case HTTP_FAILED: break;
	}
	return REMOTE_FAILED;
}

/* A success, and of the type that it must have: else some other server answers here. */
static enum remote_result reply_result(
    struct asking *asking, const struct http_reply *reply, struct call *call)
{
	if (reply->status != 200 && reply->status != 201 && reply->status != 204)
		return http_reply_result(reply, call, asking->code);
	if (asking->answer_type == NULL || strcmp(reply->type, asking->answer_type) == 0)
		return REMOTE_OK;
	call_sayf(call, "what answers at this URL is not a gateway: it sends \"%s\"", reply->type);
	return REMOTE_FAILED;
}

/* The gateway's names may have been changed since the URL was kept. */
static void advise_name(struct call *call)
{
	char said[CALL_MESSAGE_MAX];

	memcpy(said, call->message, sizeof(said));
	call_sayf(call,
	    "%.300s; if this device has its URL with another name, inkseal sync on URL, with that "
	    "one, changes it",
	    said);
}

/*
 * Sends, and sends again where that is of use at once: everything that goes to a gateway has one
 * effect however often it is sent. *out is the success's body.
 */
static enum remote_result ask(
    struct http *http, struct asking *asking, struct call *call, struct bytes *out)
{
	bool clock_followed = false;
	unsigned tries = 0;

	for (;;) {
		struct http_reply reply = {0};
		enum remote_result result;
		enum http_sent sent = http_send(&http->client, &asking->send, call, &reply);

		if (sent == HTTP_CUT && ++tries < CUT_TRIES)
			continue;
		if (sent != HTTP_ANSWERED)
			return lost_result(http, sent, call);
		http->reached = true;
		result = reply_result(asking, &reply, call);
		if (result == REMOTE_LATER)
			call->retry_after_ms = busy_wait_ms(http, call->retry_after_ms);
		if (result == REMOTE_OK) {
			bytes_clear(out);
			*out = reply.body;
			reply.body = (struct bytes){0};
			if (reply.message[0] != '\0')
				call_sayf(call, "the gateway: %s", reply.message);
		}
		if (result == REMOTE_REFUSED && strcmp(asking->code, "clock") == 0 &&
		    !clock_followed && follow_clock(http, &reply, call)) {
			clock_followed = true;
			http_reply_clear(&reply);
			continue;
		}
		if (result == REMOTE_REFUSED && strcmp(asking->code, "signature") == 0)
			advise_name(call);
		http_reply_clear(&reply);
		return result;
	}
}

static struct asking asking_make(const char *method, size_t answer_max, const char *answer_type)
{
	return (struct asking){
	    .send = {.method = method, .answer_max = answer_max}, .answer_type = answer_type};
}

static void asking_sign(
    struct asking *asking, const struct http *http, const struct account_id *account)
{
	asking->send.account = account;
	asking->send.keys = signing_keys(http);
}

static void path_account(struct asking *asking, const struct account_id *account, const char *tail)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(asking->path, sizeof(asking->path), "/v1/accounts/%s%s", hex, tail);
	asking->send.path = asking->path;
}

static void path_blob(struct asking *asking, const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	(void)snprintf(asking->path, sizeof(asking->path), "/v1/blobs/%s", text);
	asking->send.path = asking->path;
}

static void body_set(struct asking *asking, const char *type, struct view body)
{
	asking->send.content_type = type;
	asking->send.body = body;
}

/* ---- the operations ---- */

static enum remote_result http_info(void *self, struct call *call, struct remote_info *out)
{
	struct http *http = self;
	struct asking asking = asking_make("GET", INFO_MAX, TYPE_JSON);
	struct bytes json = {0};
	enum remote_result result;

	asking.send.path = "/v1/info";
	result = ask(http, &asking, call, &json);
	if (result == REMOTE_OK &&
	    !http_info_parse(view_bytes(&json), http->client.url.authority, call, out))
		result = REMOTE_FAILED;
	bytes_clear(&json);
	return result;
}

static enum remote_result http_create(
    void *self, const struct account_id *account, struct view create, struct call *call)
{
	struct http *http = self;
	struct asking asking = asking_make("POST", CREATE_ANSWER_MAX, TYPE_JSON);
	struct bytes body = {0};
	enum remote_result result;

	(void)account; /* the request names it, and is signed */
	asking.send.path = "/v1/accounts";
	asking.send.invite = http->access.invite;
	asking.send.writes = true;
	body_set(&asking, TYPE_CBOR, create);
	result = ask(http, &asking, call, &body);
	bytes_clear(&body);
	return result;
}

static enum remote_result sync_decode(
    struct bytes *encoded, struct call *call, struct sync_answer *answer)
{
	enum format_result format = sync_answer_decode(view_bytes(encoded), answer);

	if (format == FORMAT_OK && sync_answer_keep(answer, encoded))
		return REMOTE_OK;
	sync_answer_clear(answer);
	call_sayf(call, "the gateway's answer can't be read: %s", format_result_text(format));
	return format == FORMAT_OK || format == FORMAT_NO_MEMORY ? REMOTE_FAILED : REMOTE_DAMAGED;
}

static enum remote_result http_sync(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct http *http = self;
	struct asking asking = asking_make("POST", SYNC_ANSWER_MAX, TYPE_CBOR);
	struct bytes encoded = {0}, body = {0};
	enum format_result format;
	enum remote_result result;

	http->as_recovery = http->access.recovery != NULL &&
			    device_equal(&request->device, &http->access.recovery->id);
	format = sync_request_encode(request, &encoded);
	if (format == FORMAT_NO_MEMORY) {
		call_sayf(call, "no memory for a request to the gateway");
		return REMOTE_FAILED;
	}
	if (format != FORMAT_OK || encoded.len > REQUEST_MAX) {
		bytes_clear(&encoded);
		call_sayf(call, "the request is larger than a gateway takes");
		return REMOTE_REFUSED;
	}
	asking.send.path = "/v1/sync";
	asking.send.writes = request->frames_count > 0;
	asking_sign(&asking, http, &request->account);
	body_set(&asking, TYPE_CBOR, view_bytes(&encoded));
	result = ask(http, &asking, call, &body);
	if (result == REMOTE_OK)
		result = sync_decode(&body, call, answer);
	bytes_clear(&body);
	bytes_clear(&encoded);
	return result;
}

static enum remote_result http_blob_get(void *self, const struct account_id *account,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	struct asking asking = asking_make("GET", BLOB_MAX, TYPE_BYTES);
	struct bytes blob = {0};
	struct digest hash;
	enum remote_result result;

	path_blob(&asking, name);
	asking_sign(&asking, self, account);
	result = ask(self, &asking, call, &blob);
	if (result != REMOTE_OK)
		return result;
	blob_hash(view_bytes(&blob), &hash);
	if (!digest_equal(&hash, &name->hash)) {
		bytes_clear(&blob);
		call_sayf(call, "a blob from the gateway is not the one that was asked for");
		return REMOTE_DAMAGED;
	}
	*out = blob;
	return REMOTE_OK;
}

static enum remote_result http_blob_put(void *self, const struct account_id *account,
    const struct blob_name *name, struct view blob, struct call *call)
{
	struct asking asking = asking_make("PUT", 0, NULL);
	struct bytes none = {0};
	enum remote_result result;

	path_blob(&asking, name);
	asking_sign(&asking, self, account);
	asking.send.writes = true;
	body_set(&asking, TYPE_BYTES, blob);
	result = ask(self, &asking, call, &none);
	bytes_clear(&none);
	return result;
}

static enum remote_result http_roster(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct asking asking = asking_make("GET", ROSTER_MAX, TYPE_BYTES);

	path_account(&asking, account, "/roster");
	return ask(self, &asking, call, out);
}

static enum remote_result http_wipe_record(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct asking asking = asking_make("GET", WIPE_RECORD_MAX, TYPE_BYTES);

	path_account(&asking, account, "/wipe");
	return ask(self, &asking, call, out);
}

/* The signature is the caller's to judge, by the key it has pinned. */
static enum remote_result http_wipe(void *self, const struct account_id *account, struct view wipe,
    struct call *call, struct remote_receipt *out)
{
	struct asking asking = asking_make("DELETE", RECEIPT_MAX, TYPE_BYTES);
	struct bytes encoded = {0};
	struct receipt receipt;
	enum format_result format;
	enum remote_result result;

	path_account(&asking, account, "");
	body_set(&asking, TYPE_BYTES, wipe);
	result = ask(self, &asking, call, &encoded);
	if (result != REMOTE_OK)
		return result;
	format = receipt_decode(view_bytes(&encoded), &receipt);
	if (format != FORMAT_OK) {
		bytes_clear(&encoded);
		if (format == FORMAT_NO_MEMORY) {
			call_sayf(call, "no memory to check the gateway's receipt of the wipe");
			return REMOTE_FAILED;
		}
		call_sayf(call, "the gateway's receipt of the wipe does not hold");
		return REMOTE_DAMAGED;
	}
	*out = (struct remote_receipt){
	    .encoded = encoded,
	    .objects_removed = receipt.objects_removed,
	    .bytes_removed = receipt.bytes_removed,
	    .empty_at_ms = receipt.empty_at_ms,
	};
	return REMOTE_OK;
}

/* A gateway compacts, sweeps and lists wiped accounts by itself. */
static enum remote_result http_tidy(void *self, const struct account_id *account, struct call *call)
{
	(void)self;
	(void)account;
	(void)call;
	return REMOTE_OK;
}

static struct remote *http_twin(void *self);

static void http_close(void *self)
{
	struct http *http = self;

	if (http->twin_of != NULL) {
		http->twin_of->get += http->own_counts.get;
		http->twin_of->put += http->own_counts.put;
		http->twin_of->remove += http->own_counts.remove;
		http->twin_of->bytes_up += http->own_counts.bytes_up;
		http->twin_of->bytes_down += http->own_counts.bytes_down;
	}
	http_client_close(&http->client);
	free(http);
}

static const struct remote_ops http_ops = {
    .info = http_info,
    .create = http_create,
    .sync = http_sync,
    .blob_get = http_blob_get,
    .blob_put = http_blob_put,
    .twin = http_twin,
    .roster = http_roster,
    .wipe = http_wipe,
    .wipe_record = http_wipe_record,
    .tidy = http_tidy,
    .close = http_close,
};

/* A connection of its own. The gateway knows what was put: there is nothing to be told. */
static struct remote *http_twin(void *self)
{
	const struct http *http = self;
	struct http *twin = calloc(1, sizeof(*twin));
	struct remote *remote = calloc(1, sizeof(*remote));
	struct call call = {0};

	if (twin == NULL || remote == NULL)
		goto fail;
	*twin = *http;
	twin->client.curl = NULL;
	twin->own_counts = (struct bucket_counts){0};
	twin->client.counts = &twin->own_counts;
	twin->twin_of = http->client.counts;
	if (!http_client_open(&twin->client, &call))
		goto fail;
	*remote = (struct remote){.self = twin, .ops = &http_ops};
	return remote;
fail:
	free(twin);
	free(remote);
	return NULL;
}

static bool header_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* NULL: call->message. */
static struct http *http_open(const char *url, const struct clock *clock,
    const struct random *random, const struct remote_access *access, struct bucket_counts *counts,
    struct call *call)
{
	struct http *http = calloc(1, sizeof(*http));
	int64_t skew_ms = access->skew_ms;

	if (http == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	http->access = *access;
	http->as_recovery = access->recovery != NULL;
	http->client.clock = *clock;
	http->client.random = *random;
	http->client.counts = counts != NULL ? counts : &http->own_counts;
	http->client.cancelled = access->cancelled;
	if (skew_ms <= HTTP_SKEW_MAX_MS && skew_ms >= -HTTP_SKEW_MAX_MS)
		http->client.skew_ms = skew_ms;
	if (access->invite != NULL &&
	    (strlen(access->invite) > REMOTE_INVITE_MAX || access->invite[0] == '\0' ||
		!header_text(access->invite)))
		call_sayf(call, "that is not an invite: it is one word, as inkseald invite prints");
	else if (http_url_parse(url, call, &http->client.url) &&
		 http_client_open(&http->client, call))
		return http;
	free(http);
	return NULL;
}

struct remote *remote_http(const char *url, const struct clock *clock, const struct random *random,
    const struct remote_access *access, struct bucket_counts *counts, struct call *call)
{
	struct remote *remote = calloc(1, sizeof(*remote));
	struct http *http;

	if (remote == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	http = http_open(url, clock, random, access, counts, call);
	if (http == NULL) {
		free(remote);
		return NULL;
	}
	*remote = (struct remote){.self = http, .ops = &http_ops};
	return remote;
}

bool remote_http_ready(
    const char *url, const struct clock *clock, const struct random *random, struct call *call)
{
	const struct remote_access access = {0};
	struct http *http = http_open(url, clock, random, &access, NULL, call);
	struct asking asking = asking_make("GET", INFO_MAX, NULL);
	struct bytes body = {0};
	bool ready;

	if (http == NULL)
		return false;
	asking.send.path = "/readyz";
	ready = ask(http, &asking, call, &body) == REMOTE_OK;
	bytes_clear(&body);
	http_close(http);
	return ready;
}
