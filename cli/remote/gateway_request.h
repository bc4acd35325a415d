/*
 * cli/remote/gateway_request.h: what is asked of a gateway (schemas/openapi.yaml): method, path,
 * body and signed headers, as bytes. Pure: whoever sends them, libcurl here or a browser's fetch,
 * sends the same. What the answer means is gateway_answer.h's.
 */
#ifndef INKSEAL_GATEWAY_REQUEST_H
#define INKSEAL_GATEWAY_REQUEST_H

#include "cli/remote/remote.h"
#include "schemas/http_signature.h"

#define GATEWAY_PATH_MAX 256u    /* the longest names an account and a blob */
#define GATEWAY_HEADER_MAX 1024u /* of a header's value */
#define GATEWAY_HEADERS_MAX 5u

struct gateway_request { /* clear it; what it was made of is borrowed until then */
	const char *method;
	char path[GATEWAY_PATH_MAX]; /* from "/"; no query: nothing here needs one */
	const char *content_type;    /* NULL: there is no body */
	struct view body;
	struct bytes encoded;             /* the body, if it was made for this request */
	const char *invite;               /* NULL: none. A secret */
	const struct account_id *account; /* signed, for it; NULL: unsigned */
	const char *answer_type;          /* of a success; NULL: it has no body that matters */
	size_t answer_max;                /* of a success's body; more of it is a failure */
	bool writes;                      /* it carries or stores something: how it is counted */
};
void gateway_request_info(struct gateway_request *out);
void gateway_request_ready(struct gateway_request *out); /* has it passed its bucket's probe? */
void gateway_request_create(struct view create, const char *invite, struct gateway_request *out);
/* REMOTE_REFUSED: it is larger than a gateway takes. REMOTE_FAILED: no memory. */
MUST_USE enum remote_result gateway_request_sync(
    const struct sync_request *request, struct call *call, struct gateway_request *out);
void gateway_request_blob_get(
    const struct account_id *account, const struct blob_name *name, struct gateway_request *out);
void gateway_request_blob_put(const struct account_id *account, const struct blob_name *name,
    struct view blob, struct gateway_request *out);
void gateway_request_roster(const struct account_id *account, struct gateway_request *out);
void gateway_request_wipe(
    const struct account_id *account, struct view wipe, struct gateway_request *out);
void gateway_request_wipe_record(const struct account_id *account, struct gateway_request *out);
void gateway_request_clear(struct gateway_request *request); /* {0} is fine */

struct gateway_signer {
	const struct device_keys *keys;
	const char *authority; /* the gateway's host and port */
	int64_t now_ms;        /* by the gateway's clock, as far as it is known */
	const struct random *random;
};
struct gateway_headers { /* in this order; clear it: an invite is a secret */
	struct {
		const char *name;
		char value[GATEWAY_HEADER_MAX];
	} all[GATEWAY_HEADERS_MAX];
	size_t count;
};
/* The headers of one sending: each is signed anew. False: no memory. */
MUST_USE bool gateway_headers_make(const struct gateway_request *request,
    const struct gateway_signer *signer, struct gateway_headers *out);
void gateway_headers_clear(struct gateway_headers *headers);

#endif
