/*
 * cli/remote/gateway_request.c: requests to a gateway, one function each.
 */
#include "cli/remote/gateway_request.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TYPE_CBOR "application/cbor"
#define TYPE_BYTES "application/octet-stream"
#define TYPE_JSON "application/json"

#define SYNC_ANSWER_MAX (ANSWER_MAX + (1u << 20)) /* frames and bodies; names, roster, record */
#define INFO_MAX (64u << 10)
#define RECEIPT_MAX 1024u
#define CREATE_ANSWER_MAX 1024u

_Static_assert(
    HTTP_INPUT_TEXT_MAX <= GATEWAY_HEADER_MAX && HTTP_SIGNATURE_TEXT_MAX <= GATEWAY_HEADER_MAX &&
	HTTP_DIGEST_TEXT_MAX <= GATEWAY_HEADER_MAX && REMOTE_INVITE_MAX < GATEWAY_HEADER_MAX,
    "each header has room");

static struct gateway_request request_of(
    const char *method, const char *answer_type, size_t answer_max)
{
	return (struct gateway_request){
	    .method = method, .answer_type = answer_type, .answer_max = answer_max};
}

static void path_set(struct gateway_request *request, const char *path)
{
	(void)snprintf(request->path, sizeof(request->path), "%s", path);
}

static void path_account(
    struct gateway_request *request, const struct account_id *account, const char *tail)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(request->path, sizeof(request->path), "/v1/accounts/%s%s", hex, tail);
}

static void path_blob(struct gateway_request *request, const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	(void)snprintf(request->path, sizeof(request->path), "/v1/blobs/%s", text);
}

static void body_set(struct gateway_request *request, const char *type, struct view body)
{
	request->content_type = type;
	request->body = body;
}

void gateway_request_info(struct gateway_request *out)
{
	*out = request_of("GET", TYPE_JSON, INFO_MAX);
	path_set(out, "/v1/info");
}

void gateway_request_ready(struct gateway_request *out)
{
	*out = request_of("GET", NULL, INFO_MAX);
	path_set(out, "/readyz");
}

void gateway_request_create(struct view create, const char *invite, struct gateway_request *out)
{
	*out = request_of("POST", TYPE_JSON, CREATE_ANSWER_MAX);
	path_set(out, "/v1/accounts");
	body_set(out, TYPE_CBOR, create);
	out->invite = invite;
	out->writes = true;
}

enum remote_result gateway_request_sync(
    const struct sync_request *request, struct call *call, struct gateway_request *out)
{
	struct bytes encoded = {0};
	enum format_result format = sync_request_encode(request, &encoded);

	if (format == FORMAT_NO_MEMORY) {
		call_sayf(call, "no memory for a request to the gateway");
		return REMOTE_FAILED;
	}
	if (format != FORMAT_OK || encoded.len > REQUEST_MAX) {
		bytes_clear(&encoded);
		call_sayf(call, "the request is larger than a gateway takes");
		return REMOTE_REFUSED;
	}
	*out = request_of("POST", TYPE_CBOR, SYNC_ANSWER_MAX);
	path_set(out, "/v1/sync");
	out->encoded = encoded;
	out->account = &request->account;
	out->writes = request->frames_count > 0;
	body_set(out, TYPE_CBOR, view_bytes(&encoded));
	return REMOTE_OK;
}

void gateway_request_blob_get(
    const struct account_id *account, const struct blob_name *name, struct gateway_request *out)
{
	*out = request_of("GET", TYPE_BYTES, BLOB_MAX);
	path_blob(out, name);
	out->account = account;
}

void gateway_request_blob_put(const struct account_id *account, const struct blob_name *name,
    struct view blob, struct gateway_request *out)
{
	*out = request_of("PUT", NULL, 0);
	path_blob(out, name);
	body_set(out, TYPE_BYTES, blob);
	out->account = account;
	out->writes = true;
}

void gateway_request_roster(const struct account_id *account, struct gateway_request *out)
{
	*out = request_of("GET", TYPE_BYTES, ROSTER_MAX);
	path_account(out, account, "/roster");
}

void gateway_request_wipe(
    const struct account_id *account, struct view wipe, struct gateway_request *out)
{
	*out = request_of("DELETE", TYPE_BYTES, RECEIPT_MAX);
	path_account(out, account, "");
	body_set(out, TYPE_BYTES, wipe);
}

void gateway_request_wipe_record(const struct account_id *account, struct gateway_request *out)
{
	*out = request_of("GET", TYPE_BYTES, WIPE_RECORD_MAX);
	path_account(out, account, "/wipe");
}

void gateway_request_clear(struct gateway_request *request)
{
	bytes_clear(&request->encoded);
	*request = (struct gateway_request){0};
}

/* ---- headers ---- */

static void header_add(struct gateway_headers *headers, const char *name, const char *value)
{
	size_t len = strlen(value);

	assert(headers->count < GATEWAY_HEADERS_MAX && len < GATEWAY_HEADER_MAX);
	headers->all[headers->count].name = name;
	memcpy(headers->all[headers->count].value, value, len + 1);
	headers->count++;
}

static bool headers_sign(const struct gateway_request *request, const struct gateway_signer *signer,
    struct gateway_headers *headers)
{
	const struct http_request signs = {.method = request->method,
	    .authority = signer->authority,
	    .path = request->path,
	    .query = "",
	    .content_type = request->content_type,
	    .body = request->body};
	struct http_signature signature = {
	    .account = *request->account,
	    .device = signer->keys->id,
	    .created_s = signer->now_ms / 1000,
	};
	struct http_signature_texts texts;

	signature.expires_s = signature.created_s + HTTP_SIGNATURE_AGE_MAX_S;
	random_fill(signer->random, signature.nonce, sizeof(signature.nonce));
	if (http_signature_make(&signs, &signature, signer->keys->sign_secret, &texts) != FORMAT_OK)
		return false;
	if (texts.digest[0] != '\0')
		header_add(headers, "Content-Digest", texts.digest);
	header_add(headers, "Signature-Input", texts.input);
	header_add(headers, "Signature", texts.signature);
	return true;
}

bool gateway_headers_make(const struct gateway_request *request,
    const struct gateway_signer *signer, struct gateway_headers *out)
{
	out->count = 0;
	if (request->content_type != NULL)
		header_add(out, "Content-Type", request->content_type);
	if (request->invite != NULL)
		header_add(out, "Inkseal-Invite", request->invite);
	return request->account == NULL || headers_sign(request, signer, out);
}

void gateway_headers_clear(struct gateway_headers *headers)
{
	sodium_memzero(headers, sizeof(*headers));
}
