/*
 * cli/remote/http_answer.h: what a gateway's answer means: its status, its headers, the reason in
 * its problem document (RFC 9457), /v1/info. Pure. All of it was written by the other side: texts
 * are bounded, and control characters left out, before they reach a message.
 */
#ifndef INKSEAL_HTTP_ANSWER_H
#define INKSEAL_HTTP_ANSWER_H

#include "cli/remote/remote.h"

#define HTTP_TYPE_MAX 64u
#define HTTP_CODE_MAX 32u
#define HTTP_RETRY_MAX_MS (24 * 3600000LL) /* more is taken for this */
#define HTTP_RETRY_DEFAULT_MS 1000         /* busy, and it does not say for how long */

struct http_reply { /* clear it */
	unsigned status;
	char type[HTTP_TYPE_MAX + 1]; /* the media type, lower-case, without parameters; or "" */
	int64_t retry_after_ms;       /* 0: not said */
	int64_t date_ms;              /* 0: not said */
	char message[CALL_MESSAGE_MAX / 2]; /* Inkseal-Message: why a frame was refused; or "" */
	struct bytes body;
};
void http_reply_clear(struct http_reply *reply);

/* The value of a header line if it has this (lower-case) name, else as it was, as if too long. */
void http_header_value(const char *line, size_t len, const char *name, char *out, size_t out_size);
/* "application/cbor; q=1" to "application/cbor". */
void http_type_parse(const char *text, char out[HTTP_TYPE_MAX + 1]);
/* Retry-After: seconds or a date. 0: neither; never more than HTTP_RETRY_MAX_MS. */
int64_t http_retry_after_ms(const char *text, int64_t now_ms);
int64_t http_date_ms(const char *text); /* 0: none */

/* A reply that is no success: what to do, and why in call->message; code: the problem's, or "". */
MUST_USE enum remote_result http_reply_result(
    const struct http_reply *reply, struct call *call, char code_out[HTTP_CODE_MAX + 1]);

/* /v1/info, asked of authority. False: it is none, and the message says so. */
MUST_USE bool http_info_parse(
    struct view json, const char *authority, struct call *call, struct remote_info *out);

#endif
