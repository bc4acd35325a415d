/*
 * cli/remote/gateway_answer.c: reading what a gateway answers. Its two small JSON documents are
 * read by the project's own scanner (docs/decisions.md): of them three texts and a list of names
 * are wanted.
 */
#include "cli/remote/gateway_answer.h"

#include <sodium.h>
#include <string.h>

#include "gateway/net/net_text.h"
#include "schemas/base/shown.h"
#include "schemas/json_scan.h"

#define JSON_MAX (64u << 10)
#define PROBLEM_TYPE "application/problem+json"

void gateway_answer_clear(struct gateway_answer *answer)
{
	bytes_clear(&answer->body);
	*answer = (struct gateway_answer){0};
}

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

void gateway_type_parse(const char *text, char out[GATEWAY_TYPE_MAX + 1])
{
	size_t len = strcspn(text, " \t;");

	out[0] = '\0';
	if (len > GATEWAY_TYPE_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		out[i] = lower(text[i]);
	out[len] = '\0';
}

void gateway_answer_say(const struct gateway_said *said, int64_t now_ms, struct gateway_answer *out)
{
	gateway_type_parse(said->type, out->type);
	shown_copy(out->message, sizeof(out->message), view_text(said->message), SHOWN_LINE);
	out->date_ms = net_date_ms(said->date);
	out->retry_after_ms = net_retry_after_ms(said->retry_after, now_ms, GATEWAY_RETRY_MAX_MS);
}

/* ---- JSON ---- */

/* An object as it stands; data NULL: the text is none, or there was no memory to find that out. */
static struct view json_object(struct view text, bool *no_memory_out)
{
	struct json_scan scan;
	enum json_fault fault;

	*no_memory_out = false;
	json_begin(&scan, text);
	if (text.len == 0 || text.len > JSON_MAX || json_peek(&scan) != '{')
		return (struct view){0};
	fault = json_check(text);
	*no_memory_out = fault == JSON_NO_MEMORY;
	return fault == JSON_FINE ? text : (struct view){0};
}

/* The member of an object (or of none); data NULL: there is none. */
static struct view json_member(struct view object, const char *name)
{
	struct json_scan scan;
	bool first = true;

	if (object.data == NULL)
		return object;
	json_begin(&scan, object);
	json_enter(&scan, '{');
	while (json_more(&scan, '}', &first)) {
		struct view key = json_name(&scan);
		struct view value = json_raw(&scan);

		if (json_is(key, name))
			return value;
	}
	return (struct view){0};
}

static bool json_is_text(struct view value)
{
	return value.data != NULL && value.data[0] == '"';
}

/* Is the text among an array's elements? */
static bool json_holds(struct view array, const char *text)
{
	struct json_scan scan;
	bool first = true, holds = false;

	if (array.data == NULL || array.data[0] != '[')
		return false;
	json_begin(&scan, array);
	json_enter(&scan, '[');
	while (!holds && json_more(&scan, ']', &first)) {
		struct view value = json_raw(&scan);

		holds = json_is_text(value) && json_is(value, text);
	}
	return holds;
}

static struct view json_first(struct view array)
{
	struct json_scan scan;
	bool first = true;

	if (array.data == NULL || array.data[0] != '[')
		return (struct view){0};
	json_begin(&scan, array);
	json_enter(&scan, '[');
	return json_more(&scan, ']', &first) ? json_raw(&scan) : (struct view){0};
}

/* ---- statuses ---- */

/* A text, cut if need be. False: it is none, or empty. */
static bool detail_read(struct view value, char out[2 * CALL_MESSAGE_MAX])
{
	if (json_is_text(value))
		(void)json_decode_into(value, out, (size_t)2 * CALL_MESSAGE_MAX);
	return json_is_text(value) && out[0] != '\0';
}

/* detail, else title; and the code, if they are texts. */
static void read_problem(struct view body, struct call *call, char code_out[GATEWAY_CODE_MAX + 1])
{
	char detail[2 * CALL_MESSAGE_MAX], said[CALL_MESSAGE_MAX / 2];
	char code[GATEWAY_CODE_MAX + 1];
	bool no_memory; /* then it says no more than the status does */
	struct view problem = json_object(body, &no_memory);
	struct view named = json_member(problem, "code");

	if (detail_read(json_member(problem, "detail"), detail) ||
	    detail_read(json_member(problem, "title"), detail)) {
		shown_copy(said, sizeof(said), view_text(detail), SHOWN_LINE);
		call_sayf(call, "the gateway: %s", said);
	}
	if (json_is_text(named) && json_decode_into(named, code, sizeof(code)))
		shown_copy(code_out, GATEWAY_CODE_MAX + 1, view_text(code), SHOWN_LINE);
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

static void say_failure(unsigned status, bool problem, enum remote_result result, struct call *call)
{
	if (result == REMOTE_LATER)
		call_sayf(call, "the gateway is busy or fails (%u)", status);
	else if (result == REMOTE_GONE)
		call_sayf(call, "the gateway says, without a signed proof, that the account was "
				"wiped");
	else if (!problem)
		call_sayf(call, "what answers at this URL is not a gateway (%u)", status);
	else
		call_sayf(call, "the gateway refuses (%u)", status);
}

/* An answer that is no success. */
static enum remote_result failure_result(
    const struct gateway_answer *answer, struct call *call, char code_out[GATEWAY_CODE_MAX + 1])
{
	bool problem = strcmp(answer->type, PROBLEM_TYPE) == 0;
	enum remote_result result;

	if (answer->status >= 300 && answer->status <= 399) {
		call_sayf(call,
		    "the gateway's URL leads elsewhere (%u), which is not followed: "
		    "use the URL it leads to",
		    answer->status);
		return REMOTE_FAILED;
	}
	result = problem ? gateway_status(answer->status) : stranger_status(answer->status);
	if (answer->status == 410) /* with a wipe's record, where one was asked for */
		result = REMOTE_GONE;
	say_failure(answer->status, problem, result, call);
	if (problem && result != REMOTE_GONE) /* whatever it says of that is no proof */
		read_problem(view_bytes(&answer->body), call, code_out);
	if (problem && strcmp(code_out, "damaged") == 0)
		result = REMOTE_DAMAGED;
	if (result == REMOTE_LATER)
		call->retry_after_ms =
		    answer->retry_after_ms > 0 ? answer->retry_after_ms : GATEWAY_RETRY_DEFAULT_MS;
	return result;
}

enum remote_result gateway_answer_result(const struct gateway_answer *answer, const char *type,
    struct call *call, char code_out[GATEWAY_CODE_MAX + 1])
{
	code_out[0] = '\0';
	if (answer->status != 200 && answer->status != 201 && answer->status != 204)
		return failure_result(answer, call, code_out);
	if (type == NULL || strcmp(answer->type, type) == 0)
		return REMOTE_OK;
	/* A success of another type: some other server answers here. */
	call_sayf(call, "what answers at this URL is not a gateway: it sends \"%s\"", answer->type);
	return REMOTE_FAILED;
}

/* ---- bodies ---- */

/* A name as it may stand in a wipe and in a message: printable ASCII, without blanks. */
static bool name_read(struct view value, char out[REMOTE_NAME_MAX + 1])
{
	if (!json_is_text(value) || !json_decode_into(value, out, REMOTE_NAME_MAX + 1))
		return false;
	for (const char *at = out; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return out[0] != '\0';
}

static bool key_read(struct view value, uint8_t out[SIGN_PUBLIC_LEN])
{
	char text[sodium_base64_ENCODED_LEN(SIGN_PUBLIC_LEN, sodium_base64_VARIANT_ORIGINAL)];
	size_t len = 0;

	return json_is_text(value) && json_decode_into(value, text, sizeof(text)) &&
	       sodium_base642bin(out, SIGN_PUBLIC_LEN, text, strlen(text), NULL, &len, NULL,
		   sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       len == SIGN_PUBLIC_LEN;
}

enum remote_result gateway_info_read(
    struct view json, const char *authority, struct call *call, struct remote_info *out)
{
	bool no_memory;
	struct view info = json_object(json, &no_memory);
	struct view names = json_member(info, "names");
	struct remote_info read = {.gateway = true};

	if (no_memory) {
		call_sayf(call, "no memory for the gateway's answer");
		return REMOTE_FAILED;
	}
	if (!key_read(json_member(info, "receiptKey"), read.receipt_key) ||
	    !name_read(json_first(names), read.name)) {
		call_sayf(call, "what answers at this URL is not a gateway: it does not say who "
				"it is");
		return REMOTE_FAILED;
	}
	read.answers = json_holds(names, authority);
	*out = read;
	return REMOTE_OK;
}

enum remote_result gateway_sync_read(
    struct bytes *encoded, struct call *call, struct sync_answer *out)
{
	enum format_result format = sync_answer_decode(view_bytes(encoded), out);

	if (format == FORMAT_OK && sync_answer_keep(out, encoded))
		return REMOTE_OK;
	sync_answer_clear(out);
	call_sayf(call, "the gateway's answer can't be read: %s", format_result_text(format));
	return format == FORMAT_OK || format == FORMAT_NO_MEMORY ? REMOTE_FAILED : REMOTE_DAMAGED;
}

enum remote_result gateway_blob_read(
    struct view blob, const struct blob_name *name, struct call *call)
{
	struct digest hash;

	blob_hash(blob, &hash);
	if (digest_equal(&hash, &name->hash))
		return REMOTE_OK;
	call_sayf(call, "a blob from the gateway is not the one that was asked for");
	return REMOTE_DAMAGED;
}

enum remote_result gateway_receipt_read(
    struct bytes *encoded, struct call *call, struct remote_receipt *out)
{
	struct receipt receipt;
	enum format_result format = receipt_decode(view_bytes(encoded), &receipt);

	if (format == FORMAT_NO_MEMORY) {
		call_sayf(call, "no memory to check the gateway's receipt of the wipe");
		return REMOTE_FAILED;
	}
	if (format != FORMAT_OK) {
		call_sayf(call, "the gateway's receipt of the wipe does not hold");
		return REMOTE_DAMAGED;
	}
	*out = (struct remote_receipt){
	    .encoded = *encoded,
	    .objects_removed = receipt.objects_removed,
	    .bytes_removed = receipt.bytes_removed,
	    .empty_at_ms = receipt.empty_at_ms,
	};
	*encoded = (struct bytes){0};
	return REMOTE_OK;
}
