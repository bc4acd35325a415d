/*
 * tests/fuzz/http-answer.c: what a device reads of a gateway's answer beside its body's format:
 * header lines, problem documents, /v1/info. Nothing of it reaches a message with a control
 * character in it, and no time to wait is longer than our bound.
 */
#include "cli/remote/gateway_answer.h"
#include "gateway/net/net_text.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define FIELD_MAX 64u

static void check_clean(const char *text, size_t room)
{
	fuzz_check(memchr(text, '\0', room) != NULL, "a message ends");
	for (const char *at = text; *at != '\0'; at++)
		fuzz_check((uint8_t)*at >= 0x20 && *at != 0x7F, "no control character");
}

static void check_texts(const char *text)
{
	char type[GATEWAY_TYPE_MAX + 1];
	int64_t wait_ms = net_retry_after_ms(text, 1700000000000, GATEWAY_RETRY_MAX_MS);

	fuzz_check(wait_ms >= 0 && wait_ms <= GATEWAY_RETRY_MAX_MS, "a wait is bounded");
	fuzz_check(net_date_ms(text) >= 0, "a date is one, or 0");
	gateway_type_parse(text, type);
	fuzz_check(memchr(type, '\0', sizeof(type)) != NULL, "a type ends");
}

static void check_lines(struct view input)
{
	static const char *const names[] = {"retry-after", "content-type", "date"};
	char value[FIELD_MAX];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		value[0] = '\0';
		net_header_value(
		    (const char *)input.data, input.len, names[i], value, sizeof(value));
		fuzz_check(memchr(value, '\0', sizeof(value)) != NULL, "a value ends");
	}
}

static void check_reply(struct fuzz_script *script)
{
	static const char *const types[] = {"application/problem+json", "text/html", ""};
	static const unsigned statuses[] = {
	    404, 410, 400, 403, 408, 409, 413, 429, 500, 503, 507, 302, 101, 0};
	struct gateway_answer reply = {.status = statuses[fuzz_pick(script, COUNT_OF(statuses))]};
	char code[GATEWAY_CODE_MAX + 1] = "";
	struct call call;

	call_init(&call, 0);
	memcpy(reply.type, types[0], strlen(types[0]) + 1);
	if (fuzz_byte(script) >= 0xC0)
		memcpy(reply.type, types[1], strlen(types[1]) + 1);
	reply.retry_after_ms = fuzz_byte(script);
	if (!bytes_copy(fuzz_rest(script), &reply.body))
		return;
	fuzz_check(gateway_answer_result(&reply, NULL, &call, code) != REMOTE_OK,
	    "no such reply is success");
	fuzz_check(call.message[0] != '\0', "and it says why");
	check_clean(call.message, sizeof(call.message));
	check_clean(code, sizeof(code));
	gateway_answer_clear(&reply);
}

static void check_info(struct view input)
{
	struct remote_info info;
	struct call call;

	call_init(&call, 0);
	fuzz_mark(&info, sizeof(info));
	if (gateway_info_read(input, "127.0.0.1", &call, &info) == REMOTE_OK)
		check_clean(info.name, sizeof(info.name));
	else
		(void)fuzz_decoded(FORMAT_MALFORMED, &info, sizeof(info));
	check_clean(call.message, sizeof(call.message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct fuzz_script script;
	struct bytes text = {0};

	if (!bytes_copy(input, &text))
		return 0;
	check_texts((const char *)text.data);
	check_lines(view_bytes(&text));
	check_info(input);
	fuzz_begin(&script, data, size);
	check_reply(&script);
	bytes_clear(&text);
	return 0;
}
