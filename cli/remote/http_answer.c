/*
 * cli/remote/http_answer.c: reading what a gateway answers.
 */
#include "cli/remote/http_answer.h"
#include "schemas/base/shown.h"

#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MAX (64u << 10)
#define PROBLEM_TYPE "application/problem+json"

void http_reply_clear(struct http_reply *reply)
{
	bytes_clear(&reply->body);
	*reply = (struct http_reply){0};
}

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

void http_header_value(const char *line, size_t len, const char *name, char *out, size_t out_size)
{
	size_t at = strlen(name);

	if (len <= at || line[at] != ':')
		return;
	for (size_t i = 0; i < at; i++)
		if (lower(line[i]) != name[i])
			return;
	at++;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (len > at && (line[len - 1] == ' ' || line[len - 1] == '\t' ||
			       line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	if (len - at >= out_size)
		return;
	memcpy(out, line + at, len - at);
	out[len - at] = '\0';
}

void http_type_parse(const char *text, char out[HTTP_TYPE_MAX + 1])
{
	size_t len = strcspn(text, " \t;");

	out[0] = '\0';
	if (len > HTTP_TYPE_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		out[i] = lower(text[i]);
	out[len] = '\0';
}

int64_t http_date_ms(const char *text)
{
	time_t seconds = text[0] == '\0' ? -1 : curl_getdate(text, NULL);

	return seconds <= 0 || seconds > INT32_MAX * 4LL ? 0 : (int64_t)seconds * 1000;
}

int64_t http_retry_after_ms(const char *text, int64_t now_ms)
{
	size_t len = strspn(text, "0123456789");
	int64_t wait_ms;

	if (len > 0 && text[len] == '\0')
		wait_ms = len > 9 ? HTTP_RETRY_MAX_MS : strtoll(text, NULL, 10) * 1000;
	else
		wait_ms = http_date_ms(text) == 0 ? 0 : http_date_ms(text) - now_ms;
	if (wait_ms < 0)
		return 0;
	return wait_ms > HTTP_RETRY_MAX_MS ? HTTP_RETRY_MAX_MS : wait_ms;
}

static json_t *json_read(struct view text)
{
	if (text.len == 0 || text.len > JSON_MAX)
		return NULL;
	return json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
}

/* detail, else title; and the code, if they are texts. */
static void read_problem(struct view body, struct call *call, char code_out[HTTP_CODE_MAX + 1])
{
	char said[CALL_MESSAGE_MAX / 2];
	json_t *problem = json_read(body);
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *code = json_string_value(json_object_get(problem, "code"));

	if (detail == NULL || detail[0] == '\0')
		detail = json_string_value(json_object_get(problem, "title"));
	if (detail != NULL && detail[0] != '\0') {
		shown_copy(said, sizeof(said), view_text(detail), SHOWN_LINE);
		call_sayf(call, "the gateway: %s", said);
	}
	if (code != NULL && strlen(code) <= HTTP_CODE_MAX)
		shown_copy(code_out, HTTP_CODE_MAX + 1, view_text(code), SHOWN_LINE);
	json_decref(problem);
}

/* What a gateway means by a status. */
static enum remote_result gateway_status(unsigned status)
{
	switch (status) {
	case 404: return REMOTE_ABSENT;
	case 410: return REMOTE_GONE;
	case 408:
	case 429:
	case 500: /* it may not have reached its bucket; what was sent may have been done */
	case 502:
	case 503:
	case 504: return REMOTE_LATER;
	case 507: return REMOTE_FAILED;
	default: return status >= 400 && status <= 499 ? REMOTE_REFUSED : REMOTE_FAILED;
	}
}

/* Of a proxy, or of some other server: a bare 404 says nothing of the account. */
static enum remote_result stranger_status(unsigned status)
{
	enum remote_result result = gateway_status(status);

	return result == REMOTE_LATER ? REMOTE_LATER : REMOTE_FAILED;
}

enum remote_result http_reply_result(
    const struct http_reply *reply, struct call *call, char code_out[HTTP_CODE_MAX + 1])
{
	bool problem = strcmp(reply->type, PROBLEM_TYPE) == 0;
	enum remote_result result;

	code_out[0] = '\0';
	if (reply->status >= 300 && reply->status <= 399) {
		call_sayf(call,
		    "the gateway's URL leads elsewhere (%u), which is not followed: "
		    "use the URL it leads to",
		    reply->status);
		return REMOTE_FAILED;
	}
	result = problem ? gateway_status(reply->status) : stranger_status(reply->status);
	if (reply->status == 410) /* with a wipe's record, where one was asked for */
		result = REMOTE_GONE;
	if (result == REMOTE_LATER)
		call_sayf(call, "the gateway is busy or fails (%u)", reply->status);
	else if (result == REMOTE_GONE)
		call_sayf(call, "the gateway says, without a signed proof, that the account was "
				"wiped");
	else if (!problem)
		call_sayf(call, "what answers at this URL is not a gateway (%u)", reply->status);
	else
		call_sayf(call, "the gateway refuses (%u)", reply->status);
	if (problem && result != REMOTE_GONE) /* whatever it says of that is no proof */
		read_problem(view_bytes(&reply->body), call, code_out);
	if (problem && strcmp(code_out, "damaged") == 0)
		result = REMOTE_DAMAGED;
	if (result == REMOTE_LATER)
		call->retry_after_ms =
		    reply->retry_after_ms > 0 ? reply->retry_after_ms : HTTP_RETRY_DEFAULT_MS;
	return result;
}

/* A name as it may stand in a wipe and in a message: printable ASCII, without blanks. */
static bool name_read(const char *text, char out[REMOTE_NAME_MAX + 1])
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len == 0 || len > REMOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	memcpy(out, text, len + 1);
	return true;
}

static bool is_among(json_t *names, const char *authority)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name != NULL && strcmp(name, authority) == 0)
			return true;
	}
	return false;
}

bool http_info_parse(
    struct view json, const char *authority, struct call *call, struct remote_info *out)
{
	json_t *info = json_read(json);
	const char *key = json_string_value(json_object_get(info, "receiptKey"));
	json_t *names = json_object_get(info, "names");
	struct remote_info read = {.gateway = true};
	size_t key_len = 0;
	bool good;

	good = key != NULL &&
	       sodium_base642bin(read.receipt_key, sizeof(read.receipt_key), key, strlen(key), NULL,
		   &key_len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       key_len == sizeof(read.receipt_key) &&
	       name_read(json_string_value(json_array_get(names, 0)), read.name);
	read.answers = good && is_among(names, authority);
	json_decref(info);
	if (!good) {
		call_sayf(call, "what answers at this URL is not a gateway: it does not say who "
				"it is");
		return false;
	}
	*out = read;
	return true;
}
