/*
 * tests/cli/remote/http_answer_test.c: what a gateway's answers mean, and what is left of the texts
 * in them.
 */
#include "tests/test.h"

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
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (remote_is_plain(rows[i].url) != rows[i].plain)
			fail_msg("%s", rows[i].url);
}

static void long_hosts_are_refused(void **state)
{
	char url[600] = "http://";
	struct http_url parsed;
	struct call call;

	(void)state;
	memset(url + 7, 'a', 400);
	call_init(&call, 0);
	assert_false(http_url_parse(url, &call, &parsed));
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(urls),
    cmocka_unit_test(what_is_plain),
    cmocka_unit_test(long_hosts_are_refused),
    cmocka_unit_test(statuses),
    cmocka_unit_test(retry_after),
    cmocka_unit_test(header_lines),
    cmocka_unit_test(infos),
};

TEST_MAIN(tests)
