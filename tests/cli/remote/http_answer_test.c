/*
 * tests/cli/remote/http_answer_test.c: what a gateway's answers mean, and what is left of the texts
 * in them.
 */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/remote/http_client.h"

#define PROBLEM "application/problem+json"

static void urls(void **state)
{
	static const struct {
		const char *name, *url, *base, *authority; /* base NULL: refused */
	} rows[] = {
	    {"plain", "http://gateway.example", "http://gateway.example", "gateway.example"},
	    {"a port", "http://127.0.0.1:8737", "http://127.0.0.1:8737", "127.0.0.1:8737"},
	    {"a slash", "https://gateway.example/", "https://gateway.example", "gateway.example"},
	    {"capitals", "HTTPS://Gateway.Example:8443", "https://gateway.example:8443",
		"gateway.example:8443"},
	    {"all letters are made small", "http://AZaz.example", "http://azaz.example",
		"azaz.example"},
	    {"plain's default port", "http://gateway.example:80", "http://gateway.example",
		"gateway.example"},
	    {"plain's port of the other", "https://gateway.example:80",
		"https://gateway.example:80", "gateway.example:80"},
	    {"the highest port", "http://gateway.example:65535", "http://gateway.example:65535",
		"gateway.example:65535"},
	    {"the default port", "https://gateway.example:443", "https://gateway.example",
		"gateway.example"},
	    {"the other's default port", "http://gateway.example:443", "http://gateway.example:443",
		"gateway.example:443"},
	    {"IPv6", "http://[::1]:8737", "http://[::1]:8737", "[::1]:8737"},
	    {"a path", "https://gateway.example/journal", NULL, NULL},
	    {"a query", "https://gateway.example/?x", NULL, NULL},
	    {"a fragment", "https://gateway.example/#x", NULL, NULL},
	    {"a user", "https://me@gateway.example", NULL, NULL},
	    {"a password", "https://me:secret@gateway.example", NULL, NULL},
	    {"no host", "http://", NULL, NULL},
	    {"another scheme", "ftp://gateway.example", NULL, NULL},
	    {"no scheme", "gateway.example", NULL, NULL},
	    {"a port too high", "http://gateway.example:65536", NULL, NULL},
	    {"a blank", "http://gateway .example", NULL, NULL},
	    {"letters beyond ASCII", "http://g\xc3\xa4teway.example", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_url url = {.base = "untouched"};
		struct call call;
		bool good;

		call_init(&call, 0);
		good = http_url_parse(rows[i].url, &call, &url);
		if (good != (rows[i].base != NULL))
			fail_msg("%s: %s", rows[i].name, call.message);
		if (good && (strcmp(url.base, rows[i].base) != 0 ||
				strcmp(url.authority, rows[i].authority) != 0))
			fail_msg("%s: %s, %s", rows[i].name, url.base, url.authority);
		if (!good) {
			assert_string_equal(url.base, "untouched");
			assert_true(call.message[0] != '\0');
			assert_null(strstr(call.message, "secret"));
		}
	}
}

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

static void hosts_have_a_maximum(void **state)
{
	char url[600];
	struct http_url parsed;
	struct call call;

	(void)state;
	for (int len = 291; len <= 292; len++) {
		char host[400] = {0};

		memset(host, 'a', (size_t)len);
		(void)snprintf(url, sizeof(url), "https://%s:65535", host);
		call_init(&call, 0);
		assert_int_equal(http_url_parse(url, &call, &parsed), len == 291);
		if (len == 291)
			assert_string_equal(parsed.base, url);
	}
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
		struct http_reply reply = {.status = rows[i].status};
		char code[HTTP_CODE_MAX + 1] = "before";
		enum remote_result result;
		struct call call;

		call_init(&call, 0);
		http_type_parse(rows[i].type, reply.type);
		assert_true(bytes_copy(view_text(rows[i].body), &reply.body));
		result = http_reply_result(&reply, &call, code);
		if (result != rows[i].result || strstr(call.message, rows[i].says) == NULL)
			fail_msg(
			    "%s: %s: %s", rows[i].name, remote_result_text(result), call.message);
		assert_int_equal(
		    call.retry_after_ms, result == REMOTE_LATER ? HTTP_RETRY_DEFAULT_MS : 0);
		http_reply_clear(&reply);
	}
}

static void retry_after(void **state)
{
	static const int64_t now_ms = 1445412400000; /* Wed, 21 Oct 2015 07:26:40 GMT */
	static const struct {
		const char *name, *text;
		int64_t wait_ms;
	} rows[] = {
	    {"none", "", 0},
	    {"seconds", "120", 120000},
	    {"just a day", "86400", HTTP_RETRY_MAX_MS},
	    {"not a day", "86399", 86399000},
	    {"a date now", "Wed, 21 Oct 2015 07:26:40 GMT", 0},
	    {"a date in a day", "Thu, 22 Oct 2015 07:26:41 GMT", HTTP_RETRY_MAX_MS},
	    {"a date within a day", "Thu, 22 Oct 2015 07:26:39 GMT", HTTP_RETRY_MAX_MS - 1000},
	    {"no wait", "0", 0},
	    {"a date", "Wed, 21 Oct 2015 07:28:00 GMT", 80000},
	    {"a date that is past", "Wed, 21 Oct 2015 07:25:00 GMT", 0},
	    {"more than a day", "100000", HTTP_RETRY_MAX_MS},
	    {"digits without end", "99999999999999999999999", HTTP_RETRY_MAX_MS},
	    {"a far date", "Wed, 21 Oct 2095 07:28:00 GMT", HTTP_RETRY_MAX_MS},
	    {"below zero", "-5", 0},
	    {"neither", "soon", 0},
	    {"both", "5, 6", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t wait_ms = http_retry_after_ms(rows[i].text, now_ms);

		if (wait_ms != rows[i].wait_ms)
			fail_msg("%s: %lld", rows[i].name, (long long)wait_ms);
	}
}

static void header_lines(void **state)
{
	static const struct {
		const char *name, *line, *value;
	} rows[] = {
	    {"plain", "Date: now\r\n", "now"},
	    {"any case", "dAtE:\t now \r\n", "now"},
	    {"empty", "Date:\r\n", ""},
	    {"blank", "Date: \t \r\n", ""},
	    {"a letter", "Date: x", "x"},
	    {"the longest", "Date: 012345678901234\r\n", "012345678901234"},
	    {"a name like it", "Dat\x05: now\r\n", "before"},
	    {"no colon", "Date now\r\n", "before"},
	    {"the name alone", "Date", "before"},
	    {"another", "Dates: now\r\n", "before"},
	    {"a beginning", "Dat", "before"},
	    {"too long", "Date: 0123456789012345\r\n", "before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char value[16] = "before";

		http_header_value(rows[i].line, strlen(rows[i].line), "date", value, sizeof(value));
		if (strcmp(value, rows[i].value) != 0)
			fail_msg("%s: %s", rows[i].name, value);
	}
}

/* A line has no NUL: what follows it in memory is not its own. */
static void a_line_ends_where_it_ends(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *value;
	} rows[] = {
	    {"Date:  now", 6, ""},
	    {"Date: now then", 9, "now"},
	    {"Date:now", 5, ""},
	    {"Date:now", 4, "before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char value[16] = "before";

		http_header_value(rows[i].text, rows[i].len, "date", value, sizeof(value));
		assert_string_equal(value, rows[i].value);
	}
}

static void media_types(void **state)
{
	char longest[HTTP_TYPE_MAX + 2];
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
		char type[HTTP_TYPE_MAX + 1] = "before";

		http_type_parse(rows[i].text, type);
		assert_string_equal(type, rows[i].type);
	}
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t at_ms;
	} rows[] = {
	    {"", 0},
	    {"soon", 0},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Thu, 01 Jan 1970 00:00:01 GMT", 1000},
	    {"Wed, 31 Dec 1969 23:59:59 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:00 GMT", 1445412480000},
	    {"Mon, 16 Mar 2242 12:56:28 GMT", 8589934588000}, /* no clock shows more */
	    {"Mon, 16 Mar 2242 12:56:29 GMT", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (http_date_ms(rows[i].text) != rows[i].at_ms)
			fail_msg("%s: %lld", rows[i].text, (long long)http_date_ms(rows[i].text));
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
			struct http_reply reply = {
			    .status = rows[i].status, .retry_after_ms = 1234};
			char code[HTTP_CODE_MAX + 1] = "before";
			enum remote_result result;
			struct call call;

			call_init(&call, 0);
			http_type_parse(stranger ? "text/html" : PROBLEM, reply.type);
			result = http_reply_result(&reply, &call, code);
			if (result != (stranger ? rows[i].stranger : rows[i].gateway))
				fail_msg("%u: %s", rows[i].status, call.message);
			assert_int_equal(call.retry_after_ms, result == REMOTE_LATER ? 1234 : 0);
			assert_string_equal(code, "");
			assert_int_equal(strstr(call.message, "elsewhere") != NULL,
			    rows[i].status >= 300 && rows[i].status < 400);
		}
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
		struct http_reply reply = {.status = 409};
		char code[HTTP_CODE_MAX + 1] = "before";
		struct call call;

		call_init(&call, 0);
		http_type_parse(rows[i].type, reply.type);
		assert_true(bytes_copy(view_text(rows[i].body), &reply.body));
		assert_int_equal(http_reply_result(&reply, &call, code), rows[i].result);
		assert_string_equal(code, rows[i].code);
		assert_null(strstr(call.message, ": x"));
		http_reply_clear(&reply);
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
	    {"a list", "[]", false, false},
	    {"nothing", "", false, false},
	};
#undef KEY

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct remote_info info = {.name = "before"};
		struct call call;

		call_init(&call, 0);
		if (http_info_parse(view_text(rows[i].json), "b", &call, &info) != rows[i].good)
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
		if (http_info_parse(view_text(json), rows[i].name, &call, &info) != rows[i].good)
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
		    http_info_parse(view_of(json.data, (64u << 10) + more), "a", &call, &info),
		    !more);
	}
	bytes_clear(&json);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(urls),
    cmocka_unit_test(what_is_plain),
    cmocka_unit_test(hosts_have_a_maximum),
    cmocka_unit_test(statuses),
    cmocka_unit_test(retry_after),
    cmocka_unit_test(header_lines),
    cmocka_unit_test(a_line_ends_where_it_ends),
    cmocka_unit_test(media_types),
    cmocka_unit_test(dates),
    cmocka_unit_test(each_status),
    cmocka_unit_test(codes),
    cmocka_unit_test(infos),
    cmocka_unit_test(names_of_gateways),
    cmocka_unit_test(infos_have_a_maximum),
};

TEST_MAIN(tests)
