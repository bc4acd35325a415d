/*
 * tests/cli/remote/gateway_answer_test.c: what a gateway's answers mean, and what is left of the
 * texts in them.
 */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/remote/gateway_answer.h"
#include "cli/remote/remote_open.h"

#define PROBLEM "application/problem+json"

static void what_is_plain(void **state)
{
	static const struct {
		const char *url;
		bool plain;
	} rows[] = {
	    {"http://gateway.example", true}, {"https://gateway.example", false},
	    {"http://localhost", false}, {"http://LocalHost:8737/", false},
	    {"http://localhost.example", true}, {"http://127.0.0.1:8737", false},
	    {"http://127.255.255.254", false}, {"http://128.0.0.1", true},
	    {"http://0.0.0.0:8737", true}, {"http://192.168.0.7:8737", true},
	    {"http://127.0.0.1.example", true}, {"http://[::1]:8737", false},
	    {"http://[::2]", true}, {"http://[fe80::1]", true}, {"http://[::ffff:127.0.0.1]", true},
	    {"dir:/journal", false},
	    {"s3:http://store.example/bucket", false}, /* docs/decisions.md */
	    {"http://", false},                        /* refused for what it is */
	    {"HTTP://gateway.example", false},         /* likewise, as no bucket */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (remote_is_plain(rows[i].url) != rows[i].plain)
			fail_msg("%s", rows[i].url);
}

static void statuses(void **state)
{
	static const struct {
		const char *name;
		unsigned status;
		enum remote_result result;
		const char *type, *body, *says;
	} rows[] = {
	    {"a gateway's 404", 404, REMOTE_ABSENT, PROBLEM,
		"{\"code\":\"absent\",\"detail\":\"no account\"}", "the gateway: no account"},
	    {"a bare 404", 404, REMOTE_FAILED, "text/html", "<html>", "not a gateway"},
	    {"gone", 410, REMOTE_GONE, PROBLEM, "{\"code\":\"gone\",\"detail\":\"believe me\"}",
		"without a signed proof"},
	    {"gone, with the record", 410, REMOTE_GONE, "application/octet-stream", "x",
		"without a signed proof"},
	    {"refused", 409, REMOTE_REFUSED, PROBLEM, "{\"detail\":\"why\"}", "the gateway: why"},
	    {"refused without a word", 403, REMOTE_REFUSED, PROBLEM, "", "refuses (403)"},
	    {"a proxy's 403", 403, REMOTE_FAILED, "text/html", "", "not a gateway (403)"},
	    {"a detail that is empty", 400, REMOTE_REFUSED, PROBLEM,
		"{\"detail\":\"\",\"title\":\"Bad Request\"}", "the gateway: Bad Request"},
	    {"nothing but an empty title", 400, REMOTE_REFUSED, PROBLEM, "{\"title\":\"\"}",
		"the gateway refuses (400)"},
	    {"a title alone", 400, REMOTE_REFUSED, PROBLEM, "{\"title\":\"Bad Request\"}",
		"Bad Request"},
	    {"busy", 503, REMOTE_LATER, PROBLEM, "{\"detail\":\"the queue is full\"}",
		"the queue is full"},
	    {"a proxy without its gateway", 502, REMOTE_LATER, "text/html", "", "(502)"},
	    {"too many", 429, REMOTE_LATER, PROBLEM, "{}", "(429)"},
	    {"damaged there", 500, REMOTE_DAMAGED, PROBLEM,
		"{\"code\":\"damaged\",\"detail\":\"an object\"}", "an object"},
	    {"failed there", 500, REMOTE_LATER, PROBLEM, "{\"code\":\"failed\"}", "(500)"},
	    {"its disk is full", 507, REMOTE_FAILED, PROBLEM, "{\"detail\":\"full\"}", "full"},
	    {"a redirect", 307, REMOTE_FAILED, "text/html", "", "leads elsewhere"},
	    {"a status of nobody's", 299, REMOTE_FAILED, PROBLEM, "{}", "(299)"},
	    {"no JSON", 409, REMOTE_REFUSED, PROBLEM, "{\"detail\":", "refuses (409)"},
	    {"a key twice", 409, REMOTE_REFUSED, PROBLEM, "{\"detail\":\"a\",\"detail\":\"b\"}",
		"refuses (409)"},
	    {"detail is no text", 409, REMOTE_REFUSED, PROBLEM, "{\"detail\":7,\"code\":[]}",
		"refuses (409)"},
	    {"control characters", 409, REMOTE_REFUSED, PROBLEM,
		"{\"detail\":\"a\\u001b[2Jb\\r\\nc\\u007fd\\u009be\"}",
		"the gateway: a\\u001B[2Jb  c\\u007Fd\\u009Be"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gateway_answer reply = {.status = rows[i].status};
		char code[GATEWAY_CODE_MAX + 1] = "before";
		enum remote_result result;
		struct call call;

		call_init(&call, 0);
		gateway_type_parse(rows[i].type, reply.type);
		assert_true(bytes_copy(view_text(rows[i].body), &reply.body));
		result = gateway_answer_result(&reply, NULL, &call, code);
		if (result != rows[i].result || strstr(call.message, rows[i].says) == NULL)
			fail_msg(
			    "%s: %s: %s", rows[i].name, remote_result_text(result), call.message);
		assert_int_equal(
		    call.retry_after_ms, result == REMOTE_LATER ? GATEWAY_RETRY_DEFAULT_MS : 0);
		gateway_answer_clear(&reply);
	}
}

static void media_types(void **state)
{
	char longest[GATEWAY_TYPE_MAX + 2];
	const struct {
		const char *text, *type;
	} rows[] = {
	    {"Application/CBOR", "application/cbor"},
	    {"text/AZaz@[`{", "text/azaz@[`{"},
	    {"text/plain;q=1", "text/plain"},
	    {"text/plain ; q=1", "text/plain"},
	    {"text/plain\tx", "text/plain"},
	    {"", ""},
	    {";", ""},
	    {longest + 1, longest + 1},
	    {longest, ""},
	};

	(void)state;
	memset(longest, 't', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char type[GATEWAY_TYPE_MAX + 1] = "before";

		gateway_type_parse(rows[i].text, type);
		assert_string_equal(type, rows[i].type);
	}
}

/* What a status means where nobody explains it; and a gateway's, which says why. */
static void each_status(void **state)
{
	static const struct {
		unsigned status;
		enum remote_result gateway, stranger;
	} rows[] = {
	    {299, REMOTE_FAILED, REMOTE_FAILED},
	    {300, REMOTE_FAILED, REMOTE_FAILED},
	    {399, REMOTE_FAILED, REMOTE_FAILED},
	    {400, REMOTE_REFUSED, REMOTE_FAILED},
	    {404, REMOTE_ABSENT, REMOTE_FAILED},
	    {408, REMOTE_LATER, REMOTE_LATER},
	    {410, REMOTE_GONE, REMOTE_GONE},
	    {429, REMOTE_LATER, REMOTE_LATER},
	    {499, REMOTE_REFUSED, REMOTE_FAILED},
	    {500, REMOTE_LATER, REMOTE_LATER},
	    {501, REMOTE_FAILED, REMOTE_FAILED},
	    {502, REMOTE_LATER, REMOTE_LATER},
	    {503, REMOTE_LATER, REMOTE_LATER},
	    {504, REMOTE_LATER, REMOTE_LATER},
	    {507, REMOTE_FAILED, REMOTE_FAILED},
	    {599, REMOTE_FAILED, REMOTE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (unsigned stranger = 0; stranger < 2; stranger++) {
			struct gateway_answer reply = {
			    .status = rows[i].status, .retry_after_ms = 1234};
			char code[GATEWAY_CODE_MAX + 1] = "before";
			enum remote_result result;
			struct call call;

			call_init(&call, 0);
			gateway_type_parse(stranger ? "text/html" : PROBLEM, reply.type);
			result = gateway_answer_result(&reply, NULL, &call, code);
			if (result != (stranger ? rows[i].stranger : rows[i].gateway))
				fail_msg("%u: %s", rows[i].status, call.message);
			assert_int_equal(call.retry_after_ms, result == REMOTE_LATER ? 1234 : 0);
			assert_string_equal(code, "");
			assert_int_equal(strstr(call.message, "elsewhere") != NULL,
			    rows[i].status >= 300 && rows[i].status < 400);
		}
}

/* A success is one of the type that was asked for: else some other server answers here. */
static void successes(void **state)
{
	static const struct {
		const char *sends, *asked; /* NULL: any */
		unsigned status;
		enum remote_result result;
	} rows[] = {
	    {"application/cbor", "application/cbor", 200, REMOTE_OK},
	    {"application/json", "application/json", 201, REMOTE_OK},
	    {"", NULL, 204, REMOTE_OK},
	    {"text/html", NULL, 200, REMOTE_OK},
	    {"text/html", "application/cbor", 200, REMOTE_FAILED},
	    {"", "application/cbor", 204, REMOTE_FAILED},
	    {"application/cbor", "application/cbor", 202, REMOTE_FAILED},
	    {"application/cbor", "application/cbor", 206, REMOTE_FAILED},
	    {"application/cbor", "application/cbor", 0, REMOTE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gateway_answer answer = {.status = rows[i].status};
		char code[GATEWAY_CODE_MAX + 1] = "before";
		struct call call;

		call_init(&call, 0);
		gateway_type_parse(rows[i].sends, answer.type);
		assert_int_equal(
		    gateway_answer_result(&answer, rows[i].asked, &call, code), rows[i].result);
		assert_string_equal(code, "");
		assert_int_equal(call.message[0] != '\0', rows[i].result != REMOTE_OK);
	}
}

/* The headers, whatever carried them. */
static void what_headers_say(void **state)
{
	static const int64_t now_ms = 1445412400000; /* Wed, 21 Oct 2015 07:26:40 GMT */
	struct gateway_said said = {
	    "Text/HTML; charset=x", "100000", "Wed, 21 Oct 2015 07:28:00 GMT", "refused\x1b[2J"};
	struct gateway_answer answer = {.status = 7};

	(void)state;
	gateway_answer_say(&said, now_ms, &answer);
	assert_int_equal(answer.status, 7);
	assert_string_equal(answer.type, "text/html");
	assert_int_equal(answer.retry_after_ms, GATEWAY_RETRY_MAX_MS);
	assert_int_equal(answer.date_ms, 1445412480000);
	assert_string_equal(answer.message, "refused\\u001B[2J");
	memset(&said, 0, sizeof(said));
	memcpy(said.retry_after, "Wed, 21 Oct 2015 07:26:41 GMT", 30);
	gateway_answer_say(&said, now_ms, &answer);
	assert_string_equal(answer.type, "");
	assert_int_equal(answer.retry_after_ms, 1000);
	assert_int_equal(answer.date_ms, 0);
	assert_string_equal(answer.message, "");
}

/* A code is as long as one may be, or none; it counts only in a gateway's problem. */
static void codes(void **state)
{
	static const struct {
		const char *type, *body, *code;
		enum remote_result result;
	} rows[] = {
	    {PROBLEM, "{\"code\":\"clock\"}", "clock", REMOTE_REFUSED},
	    {PROBLEM, "{\"code\":\"12345678901234567890123456789012\"}",
		"12345678901234567890123456789012", REMOTE_REFUSED},
	    {PROBLEM, "{\"code\":\"123456789012345678901234567890123\"}", "", REMOTE_REFUSED},
	    {PROBLEM, "{\"code\":\"damaged\"}", "damaged", REMOTE_DAMAGED},
	    {PROBLEM, "{\"code\":\"\"}", "", REMOTE_REFUSED},
	    {"application/json", "{\"code\":\"damaged\",\"detail\":\"x\"}", "", REMOTE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gateway_answer reply = {.status = 409};
		char code[GATEWAY_CODE_MAX + 1] = "before";
		struct call call;

		call_init(&call, 0);
		gateway_type_parse(rows[i].type, reply.type);
		assert_true(bytes_copy(view_text(rows[i].body), &reply.body));
		assert_int_equal(gateway_answer_result(&reply, NULL, &call, code), rows[i].result);
		assert_string_equal(code, rows[i].code);
		assert_null(strstr(call.message, ": x"));
		gateway_answer_clear(&reply);
		assert_null(reply.body.data);
		assert_int_equal(reply.status, 0);
	}
}

static void infos(void **state)
{
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	static const struct {
		const char *name, *json;
		bool good, answers;
	} rows[] = {
	    {"a gateway's",
		"{\"version\":\"1\",\"names\":[\"a.example\",\"b\"],\"receiptKey\":\"" KEY "\"}",
		true, true},
	    {"its first name", "{\"names\":[\"a.example\"],\"receiptKey\":\"" KEY "\"}", true,
		false},
	    {"a name that begins so",
		"{\"names\":[\"a.example\",\"b:80\",7],\"receiptKey\":\"" KEY "\"}", true, false},
	    {"no key", "{\"names\":[\"a.example\"]}", false, false},
	    {"a short key", "{\"names\":[\"a.example\"],\"receiptKey\":\"AAECAw==\"}", false,
		false},
	    {"a long key", "{\"names\":[\"a.example\"],\"receiptKey\":\"AAAA" KEY "\"}", false,
		false},
	    {"no name", "{\"names\":[],\"receiptKey\":\"" KEY "\"}", false, false},
	    {"names is a text", "{\"names\":\"a\",\"receiptKey\":\"" KEY "\"}", false, false},
	    {"a name with a blank", "{\"names\":[\"a b\"],\"receiptKey\":\"" KEY "\"}", false,
		false},
	    {"names in another name's text", "{\"receiptKey\":\"" KEY "\",\"n\":\"names\"}", false,
		false},
	    {"names as they may be written",
		"{ \"names\" : [ \"a.example\" , \"\\u0062\" ] , \"receiptKey\" : \"" KEY "\" }",
		true, true},
	    {"a list", "[]", false, false},
	    {"more after it", "{\"names\":[\"a.example\"],\"receiptKey\":\"" KEY "\"}}", false,
		false},
	    {"nothing", "", false, false},
	};
#undef KEY

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct remote_info info = {.name = "before"};
		struct call call;

		call_init(&call, 0);
		if ((gateway_info_read(view_text(rows[i].json), "b", &call, &info) == REMOTE_OK) !=
		    rows[i].good)
			fail_msg("%s: %s", rows[i].name, call.message);
		assert_string_equal(info.name, rows[i].good ? "a.example" : "before");
		assert_int_equal(info.receipt_key[31], rows[i].good ? 31 : 0);
		assert_int_equal(info.answers, rows[i].answers);
	}
}

/* Printable ASCII without blanks, as long as one may be. */
static void names_of_gateways(void **state)
{
	char longest[REMOTE_NAME_MAX + 2];
	const struct {
		const char *name;
		bool good;
	} rows[] = {{"!", true}, {"~", true}, {longest + 1, true}, {longest, false}, {"", false},
	    {"a ", false}, {"a\x7f", false}, {"a\xc3\xa9", false}};

	(void)state;
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct remote_info info = {.name = "before"};
		char json[400];
		struct call call;

		call_init(&call, 0);
		(void)snprintf(json, sizeof(json),
		    "{\"names\":[\"%s\"],\"receiptKey\":"
		    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}",
		    rows[i].name);
		if ((gateway_info_read(view_text(json), rows[i].name, &call, &info) == REMOTE_OK) !=
		    rows[i].good)
			fail_msg("row %zu: %s", i, call.message);
		assert_string_equal(info.name, rows[i].good ? rows[i].name : "before");
		assert_int_equal(info.gateway, rows[i].good);
		assert_int_equal(info.answers, rows[i].good);
		if (!rows[i].good)
			assert_string_equal(call.message,
			    "what answers at this URL is not a gateway: it does not say who it is");
	}
}

/* A document of 64 KiB is read. */
static void infos_have_a_maximum(void **state)
{
	static const char text[] =
	    "{\"names\":[\"a\"],\"receiptKey\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}";
	struct bytes json = {0};

	(void)state;
	assert_true(bytes_new((64u << 10) + 1, &json));
	memset(json.data, ' ', json.len);
	memcpy(json.data, text, strlen(text));
	for (unsigned more = 0; more < 2; more++) {
		struct remote_info info = {0};
		struct call call;

		call_init(&call, 0);
		assert_int_equal(
		    gateway_info_read(view_of(json.data, (64u << 10) + more), "a", &call, &info),
		    more ? REMOTE_FAILED : REMOTE_OK);
	}
	bytes_clear(&json);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_plain),
    cmocka_unit_test(statuses),
    cmocka_unit_test(media_types),
    cmocka_unit_test(each_status),
    cmocka_unit_test(successes),
    cmocka_unit_test(what_headers_say),
    cmocka_unit_test(codes),
    cmocka_unit_test(infos),
    cmocka_unit_test(names_of_gateways),
    cmocka_unit_test(infos_have_a_maximum),
};

TEST_MAIN(tests)
