/*
 * gateway/http/answer.c: answers, and their headers.
 */
#include "gateway/http/answer.h"

#include "gateway/http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_clear(struct http_answer *answer)
{
	bytes_clear(&answer->body);
	free(answer->message);
	*answer = (struct http_answer){0};
}

void json_text(struct buffer *out, const char *text)
{
	buffer_add_byte(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buffer_add_byte(out, '\\');
		buffer_add_byte(out, *text >= ' ' && *text <= '~' ? (uint8_t)*text : '?');
	}
	buffer_add_byte(out, '"');
}

/* For the log; best effort. */
static void keep_message(struct exchange *exchange, const char *message)
{
	free(exchange->answer.message);
	exchange->answer.message = message[0] == '\0' ? NULL : strdup(message);
}

void answer_problem(struct exchange *exchange, unsigned status, const char *code,
    const char *result, const char *detail)
{
	struct http_answer *answer = &exchange->answer;
	const char *title = MHD_get_reason_phrase_for(status);
	struct buffer body;

	buffer_init(&body, HTTP_SMALL_ANSWER);
	buffer_add_text(&body, "{\"type\":\"about:blank\",\"title\":");
	json_text(&body, title);
	buffer_addf(&body, ",\"status\":%u,\"code\":", status);
	json_text(&body, code);
	buffer_add_text(&body, ",\"detail\":");
	json_text(&body, detail);
	buffer_add_text(&body, "}\n");
	bytes_clear(&answer->body);
	(void)!buffer_take(&body, &answer->body); /* without memory the status has to do */
	buffer_clear(&body);
	answer->status = status;
	answer->content_type = "application/problem+json";
	answer->result = result;
	keep_message(exchange, detail);
}

void answer_bytes(
    struct exchange *exchange, unsigned status, const char *content_type, struct bytes *body)
{
	struct http_answer *answer = &exchange->answer;

	bytes_clear(&answer->body);
	answer->body = *body;
	*body = (struct bytes){0};
	answer->status = status;
	answer->content_type = content_type;
	answer->result = "ok";
}

void answer_text(
    struct exchange *exchange, unsigned status, const char *content_type, struct buffer *text)
{
	struct bytes body = {0};

	if (buffer_take(text, &body))
		answer_bytes(exchange, status, content_type, &body);
	else
		answer_busy(exchange, 503, "no memory");
	buffer_clear(text);
}

void answer_busy(struct exchange *exchange, unsigned status, const char *detail)
{
	answer_problem(exchange, status, "busy", "busy", detail);
	exchange->answer.retry_after_s = 1;
}

void answer_account(struct exchange *exchange, enum account_result result, const struct call *call)
{
	static const struct {
		unsigned status;
		const char *code;
	} rows[] = {
	    [ACCOUNT_OK] = {500, "failed"},
	    [ACCOUNT_ABSENT] = {404, "absent"},
	    [ACCOUNT_GONE] = {410, "gone"},
	    [ACCOUNT_REFUSED] = {409, "refused"},
	    [ACCOUNT_RETRY] = {503, "busy"},
	    [ACCOUNT_DAMAGED] = {500, "damaged"},
	    [ACCOUNT_FAILED] = {507, "failed"},
	};
	char detail[CALL_MESSAGE_MAX];

	if (result == ACCOUNT_FAILED && !server_admitted(exchange->server)) {
		answer_busy(exchange, 503, HTTP_NOT_ADMITTED);
		return;
	}
	if (result == ACCOUNT_FAILED)
		(void)snprintf(detail, sizeof(detail),
		    "%.400s; it is for who runs this gateway to mend", call->message);
	answer_problem(exchange, rows[result].status, rows[result].code, rows[result].code,
	    result == ACCOUNT_FAILED ? detail : call->message);
	if (result != ACCOUNT_RETRY)
		return;
	exchange->answer.retry_after_s = 1;
	if (call->retry_after_ms > 0)
		exchange->answer.retry_after_s = (call->retry_after_ms + 999) / 1000;
}

/* A field's value must be one line of visible bytes. */
static bool add_message(struct MHD_Response *response, const char *message)
{
	char value[CALL_MESSAGE_MAX];
	size_t len = strnlen(message, sizeof(value) - 1);

	for (size_t i = 0; i < len; i++)
		value[i] = message[i] >= ' ' && message[i] <= '~' ? message[i] : '?';
	value[len] = '\0';
	return MHD_add_response_header(response, "Inkseal-Message", value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct exchange *exchange)
{
	const struct http_answer *answer = &exchange->answer;
	char id[HTTP_REQUEST_ID_MAX], seconds[24];
	bool done = true;

	exchange_id(exchange, id);
	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)answer->retry_after_s);
	done = MHD_add_response_header(response, "Inkseal-Request", id) == MHD_YES &&
	       MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES;
	if (answer->content_type != NULL)
		done = done && MHD_add_response_header(
				   response, "Content-Type", answer->content_type) == MHD_YES;
	if (answer->retry_after_s > 0)
		done = done && MHD_add_response_header(response, "Retry-After", seconds) == MHD_YES;
	if (answer->allow != NULL)
		done = done && MHD_add_response_header(response, "Allow", answer->allow) == MHD_YES;
	if (answer->status == 401) /* RFC 9110 wants a scheme named */
		done = done && MHD_add_response_header(response, "WWW-Authenticate", "Signature") ==
				   MHD_YES;
	if (answer->close)
		done = done && MHD_add_response_header(response, "Connection", "close") == MHD_YES;
	if (answer->message != NULL && answer->status < 300)
		done = done && add_message(response, answer->message);
	return done;
}

enum MHD_Result answer_send(struct exchange *exchange)
{
	struct http_answer *answer = &exchange->answer;
	struct bytes body = answer->body;
	enum MHD_Result queued = MHD_NO;
	struct MHD_Response *response;

	answer->body = (struct bytes){0}; /* the response frees it */
	response =
	    body.data == NULL
		? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
		: MHD_create_response_from_buffer(body.len, body.data, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		bytes_clear(&body);
		return MHD_NO;
	}
	if (add_headers(response, exchange))
		queued = MHD_queue_response(exchange->connection, answer->status, response);
	MHD_destroy_response(response);
	return queued;
}
