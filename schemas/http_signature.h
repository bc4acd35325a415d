/*
 * schemas/http_signature.h: how a device signs a request to a gateway: HTTP Message Signatures
 * (RFC 9421) with Ed25519, and the body's digest (RFC 9530). Pure; knows neither time nor
 * randomness.
 * One form alone is made and taken, label sig1, of these two header fields:
 *   Signature-Input: sig1=("@method" "@authority" "@path" "@query" "content-type"
 *     "content-digest");created=N;expires=N;nonce="HEX";alg="ed25519";keyid="ACCOUNT.DEVICE";
 *     tag="inkseal"                                                (on one line, without blanks)
 *   Signature: sig1=:BASE64:
 * and with a body the third, Content-Digest: sha-256=:BASE64:. Without one, "content-type" and
 * "content-digest" are left out. A base begins with a quoted component, every other message that a
 * device's key signs with a domain of format.h: no signature passes for one of the other kind.
 */
#ifndef INKSEAL_HTTP_SIGNATURE_H
#define INKSEAL_HTTP_SIGNATURE_H

#include "schemas/format.h"

/* Each with its NUL. */
#define HTTP_DIGEST_TEXT_MAX 64u     /* sha-256=:44 characters: */
#define HTTP_SIGNATURE_TEXT_MAX 104u /* sig1=:88 characters: */
#define HTTP_INPUT_TEXT_MAX 384u     /* the form above with 19-digit times is 325 */
#define HTTP_BASE_MAX 4096u          /* a signature base; paths and queries are short here */

#define HTTP_SIGNATURE_AGE_MAX_S 300 /* expires - created, and the gateway's |now - created| */

/* A line of a signature base: "name": value. Names are lower-case, without the quotes. */
struct http_component {
	const char *name;
	struct view value;
};
/*
 * The signature base (RFC 9421, section 2.5) of any components; params is what follows
 * "@signature-params": . A line feed in a value: FORMAT_MALFORMED. *out is yours.
 */
MUST_USE enum format_result http_signature_base(
    const struct http_component *components, size_t count, struct view params, struct bytes *out);

/* Content-Digest's value. */
void http_digest_text(struct view body, char out[HTTP_DIGEST_TEXT_MAX]);
/* Is digest that of the body, in the one spelling? */
MUST_USE bool http_digest_holds(struct view body, const char *digest);

struct http_request {             /* what a signature covers; all borrowed until the call returns */
	const char *method;       /* "POST" */
	const char *authority;    /* "host" or "host:port", lower-case; no scheme's default port */
	const char *path;         /* as sent, from "/" */
	const char *query;        /* as sent, without the "?"; "" if there is none */
	const char *content_type; /* NULL: there is no body */
	struct view body;
};

/* Who signed, and when: the parameters. */
struct http_signature {
	struct account_id account;
	struct device_id device;
	int64_t created_s; /* seconds since 1970 */
	int64_t expires_s; /* after created_s, by at most HTTP_SIGNATURE_AGE_MAX_S */
	uint8_t nonce[NONCE_LEN];
};

struct http_signature_texts {              /* header fields' values */
	char digest[HTTP_DIGEST_TEXT_MAX]; /* "" without a body: then do not send it */
	char input[HTTP_INPUT_TEXT_MAX];
	char signature[HTTP_SIGNATURE_TEXT_MAX];
};

/* FORMAT_TOO_LARGE: the base passes HTTP_BASE_MAX. */
MUST_USE enum format_result http_signature_make(const struct http_request *request,
    const struct http_signature *signature, const uint8_t sign_secret[SIGN_SECRET_LEN],
    struct http_signature_texts *out);

/*
 * The parameters, which nobody has vouched for yet: who signs is looked up by them. has_body_out:
 * the body's components are covered. Times are in order, but whether they are now is the caller's.
 */
MUST_USE enum format_result http_signature_parse(
    const char *input, struct http_signature *out, bool *has_body_out);
/*
 * FORMAT_OK: request, by these texts, was signed with the key of sign_public, and the body is
 * covered if request has one. digest may be NULL without a body. FORMAT_FORGED: digest or signature
 * does not hold.
 */
MUST_USE enum format_result http_signature_check(const struct http_request *request,
    const char *input, const char *signature, const char *digest,
    const uint8_t sign_public[SIGN_PUBLIC_LEN]);
/*
 * The same before the body is here: request->body is not looked at, and what the digest claims is
 * still to be compared with it (http_digest_holds).
 */
MUST_USE enum format_result http_signature_check_head(const struct http_request *request,
    const char *input, const char *signature, const char *digest,
    const uint8_t sign_public[SIGN_PUBLIC_LEN]);

#endif
