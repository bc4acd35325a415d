/*
 * gateway/http/answer.h: what goes back: bytes, or problem details (RFC 9457), whose `code` a
 * client acts on and whose `detail` a person reads. An answer that is set again replaces the one
 * before.
 */
#ifndef INKSEAL_HTTP_ANSWER_H
#define INKSEAL_HTTP_ANSWER_H

#include "gateway/http/exchange.h"

#define HTTP_SMALL_ANSWER (4u << 10) /* bytes; the longest problem: such are not counted */
#define HTTP_CBOR "application/cbor"
#define HTTP_JSON "application/json"
#define HTTP_OCTETS "application/octet-stream"

/* result: a word for the log. */
void answer_problem(struct exchange *exchange, unsigned status, const char *code,
    const char *result, const char *detail);
/* *body is taken. */
void answer_bytes(
    struct exchange *exchange, unsigned status, const char *content_type, struct bytes *body);
/* *text is taken; without memory for it the answer is 503. */
void answer_text(
    struct exchange *exchange, unsigned status, const char *content_type, struct buffer *text);
/* The client may come again in a second. */
void answer_busy(struct exchange *exchange, unsigned status, const char *detail);
/* From the account code's result; call->message is the detail. Not for OK. */
void answer_account(struct exchange *exchange, enum account_result result, const struct call *call);
void answer_clear(struct http_answer *answer);
/* Hands the answer to libmicrohttpd; MHD_NO ends the connection. */
MUST_USE enum MHD_Result answer_send(struct exchange *exchange);
/* Quoted; what is not printable ASCII becomes a question mark. */
void json_text(struct buffer *out, const char *text);

#endif
