/*
 * tests/gateway/net/net_test.c: net.c without libcurl: which options a request has, and what is
 * made of what libcurl's callbacks are given and of how it ends.
 */
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/net/net.h"
#include "tests/each.h"
#include "tests/gateway/net/no_curl.h"

static struct net_line *line;
static struct {
	char type[16], date[16];
} heard;
static const struct net_wanted wanted[] = {
    {"content-type", heard.type, sizeof(heard.type)}, {"date", heard.date, sizeof(heard.date)}};

static int setup(void **state)
{
	(void)state;
	memset(&no_curl, 0, sizeof(no_curl));
	line = net_line_new();
	return line != NULL ? 0 : 1;
}

static int teardown(void **state)
{
	(void)state;
	no_curl.fails_at = 0;
	net_line_free(line);
	return 0;
}

/* The request is borrowed: it is the caller's. */
static void make(struct net_exchange *exchange, const struct net_request *request)
{
	net_exchange_init(exchange, line, request);
	assert_true(net_exchange_make(exchange, 65000));
}

static struct net_request get_request(void)
{
	return (struct net_request){.method = "GET",
	    .url = "https://h:9000/x",
	    .wanted = wanted,
	    .wanted_count = COUNT_OF(wanted),
	    .answer_max = 100};
}

/* ---- what is sent ---- */

static void each_method_has_its_options(void **state)
{
	static const struct {
		const char *method, *custom;
		bool held;
		size_t body_len;
		intptr_t nobody, upload, post_len, file_len;
	} rows[] = {
	    {"GET", "GET", false, 0, -1, -1, -1, -1},
	    {"DELETE", "DELETE", false, 0, -1, -1, -1, -1},
	    {"HEAD", NULL, false, 0, 1, -1, -1, -1},
	    {"PUT", "PUT", false, 4, -1, -1, 4, -1},
	    {"POST", "POST", false, 4, -1, -1, 4, -1},
	    {"DELETE", "DELETE", false, 4, -1, -1, 4, -1},
	    {"PUT", "PUT", true, 4, -1, 1, -1, 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_exchange exchange;
		const char *custom;

		request.method = rows[i].method;
		request.has_body = rows[i].body_len > 0;
		request.body = view_of((const uint8_t *)"data", rows[i].body_len);
		request.held = rows[i].held;
		make(&exchange, &request);
		custom = no_curl_text(CURLOPT_CUSTOMREQUEST);
		assert_int_equal(custom == NULL, rows[i].custom == NULL);
		if (custom != NULL)
			assert_string_equal(custom, rows[i].custom);
		assert_int_equal(no_curl_number(CURLOPT_NOBODY), rows[i].nobody);
		assert_int_equal(no_curl_number(CURLOPT_UPLOAD), rows[i].upload);
		assert_int_equal(no_curl_number(CURLOPT_POSTFIELDSIZE_LARGE), rows[i].post_len);
		assert_int_equal(no_curl_number(CURLOPT_INFILESIZE_LARGE), rows[i].file_len);
		if (rows[i].post_len >= 0)
			assert_ptr_equal(no_curl_text(CURLOPT_POSTFIELDS), request.body.data);
		if (rows[i].file_len >= 0)
			assert_ptr_equal(no_curl_text(CURLOPT_READDATA), &exchange);
		net_exchange_clear(&exchange);
	}
}

/* Without a pointer libcurl would ask a callback, which there is none for. */
static void a_body_may_be_empty(void **state)
{
	struct net_request request = get_request();
	struct net_exchange exchange;

	(void)state;
	request.method = "PUT";
	request.has_body = true;
	make(&exchange, &request);
	assert_int_equal(no_curl_number(CURLOPT_POSTFIELDSIZE_LARGE), 0);
	assert_string_equal(no_curl_text(CURLOPT_POSTFIELDS), "");
	net_exchange_clear(&exchange);
}

/* Nothing of a machine's is left to chance: no redirects, no signals, TLS looked at. */
static void what_holds_for_all(void **state)
{
	struct net_request request = get_request();
	struct net_exchange exchange;

	(void)state;
	make(&exchange, &request);
	assert_string_equal(no_curl_text(CURLOPT_URL), "https://h:9000/x");
	assert_int_equal(no_curl_number(CURLOPT_PATH_AS_IS), 1);
	assert_string_equal(no_curl_text(CURLOPT_PROTOCOLS_STR), "http,https");
	assert_int_equal(no_curl_number(CURLOPT_FOLLOWLOCATION), 0);
	assert_int_equal(no_curl_number(CURLOPT_HTTP_VERSION), CURL_HTTP_VERSION_1_1);
	assert_int_equal(no_curl_number(CURLOPT_SUPPRESS_CONNECT_HEADERS), 1);
	assert_int_equal(no_curl_number(CURLOPT_NOSIGNAL), 1);
	assert_int_equal(no_curl_number(CURLOPT_TCP_KEEPALIVE), 1);
	assert_int_equal(no_curl_number(CURLOPT_SSL_VERIFYPEER), 1);
	assert_int_equal(no_curl_number(CURLOPT_SSL_VERIFYHOST), 2);
	assert_int_equal(no_curl_number(CURLOPT_SSLVERSION), CURL_SSLVERSION_TLSv1_2);
	assert_ptr_equal(no_curl_text(CURLOPT_HTTPHEADER), exchange.headers);
	assert_ptr_equal(no_curl_text(CURLOPT_HEADERDATA), &exchange);
	assert_ptr_equal(no_curl_text(CURLOPT_WRITEDATA), &exchange);
	assert_ptr_equal(no_curl_text(CURLOPT_PREREQDATA), &exchange);
	net_exchange_clear(&exchange);
	assert_int_equal(no_curl.set_count, 0); /* what the line pointed to is gone */
}

/* What a request says by itself, and nothing where it does not. */
static void what_is_a_requests_own(void **state)
{
	struct net_request request = get_request();
	struct net_exchange exchange;

	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		if (own) {
			request.agent = "me";
			request.direct = true;
			request.trust = (struct net_trust){"/file", "/folder"};
		}
		make(&exchange, &request);
		if (own) {
			assert_string_equal(no_curl_text(CURLOPT_USERAGENT), "me");
			assert_string_equal(no_curl_text(CURLOPT_PROXY), "");
			assert_string_equal(no_curl_text(CURLOPT_CAINFO), "/file");
			assert_string_equal(no_curl_text(CURLOPT_CAPATH), "/folder");
		} else {
			assert_null(no_curl_text(CURLOPT_USERAGENT));
			assert_null(no_curl_text(CURLOPT_PROXY));
			assert_null(no_curl_text(CURLOPT_CAINFO));
			assert_null(no_curl_text(CURLOPT_CAPATH));
		}
		net_exchange_clear(&exchange);
	}
}

static const char *variables[3];

static const char *get_env(void *self, const char *name)
{
	static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"};

	assert_ptr_equal(self, &variables);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return variables[i];
	fail_msg("%s", name);
	return NULL;
}

static void whom_the_environment_trusts(void **state)
{
	static const struct {
		const char *variables[3], *file, *folder;
	} rows[] = {
	    {{NULL, NULL, NULL}, NULL, NULL},
	    {{"bundle", "file", "folder"}, "bundle", "folder"},
	    {{NULL, "file", NULL}, "file", NULL},
	    {{"", "file", ""}, "file", NULL},
	    {{"bundle", NULL, NULL}, "bundle", NULL},
	    {{"", "", "folder"}, NULL, "folder"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_trust trust;

		memcpy(variables, rows[i].variables, sizeof(variables));
		trust = net_trust_of(get_env, &variables);
		assert_ptr_equal(trust.file, rows[i].file);
		assert_ptr_equal(trust.folder, rows[i].folder);
	}
}

static void each_request_has_its_time(void **state)
{
	static const struct {
		int64_t timeout_ms;
		intptr_t connect_ms;
	} rows[] = {{1, 1}, {9999, 9999}, {10000, 10000}, {10001, 10000}, {INT32_MAX, 10000}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_exchange exchange;

		net_exchange_init(&exchange, line, &request);
		assert_true(net_exchange_make(&exchange, rows[i].timeout_ms));
		assert_int_equal(no_curl_number(CURLOPT_TIMEOUT_MS), rows[i].timeout_ms);
		assert_int_equal(no_curl_number(CURLOPT_CONNECTTIMEOUT_MS), rows[i].connect_ms);
		net_exchange_clear(&exchange);
	}
}

static int64_t now_is_5000(void *self)
{
	(void)self;
	return 5000;
}

static void what_is_left_of_a_call(void **state)
{
	static const struct clock clock = {NULL, now_is_5000, now_is_5000};
	static const struct {
		int64_t deadline_ms, left_ms;
	} rows[] = {{0, -5000}, {5000, 0}, {5001, 1}, {INT64_MAX, INT32_MAX},
	    {5000 + (int64_t)INT32_MAX, INT32_MAX}, {4999 + (int64_t)INT32_MAX, INT32_MAX - 1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		call_init(&call, rows[i].deadline_ms);
		assert_int_equal(net_left_ms(&call, &clock), rows[i].left_ms);
	}
}

static bool is_cancelled;

static bool cancelled(void)
{
	return is_cancelled;
}

static void a_caller_is_asked_while_it_waits(void **state)
{
	struct net_request request = get_request();
	struct net_exchange exchange;

	(void)state;
	make(&exchange, &request);
	assert_int_equal(no_curl_number(CURLOPT_NOPROGRESS), -1);
	assert_int_equal(no_curl_number(CURLOPT_XFERINFOFUNCTION), -1);
	net_exchange_clear(&exchange);
	request.cancelled = cancelled;
	make(&exchange, &request);
	assert_int_equal(no_curl_number(CURLOPT_NOPROGRESS), 0);
	for (int is = 0; is < 2; is++) {
		is_cancelled = is == 1;
		assert_int_equal(
		    no_curl_value(CURLOPT_XFERINFOFUNCTION)
			.progress(no_curl_value(CURLOPT_XFERINFODATA).data, 0, 0, 0, 0),
		    is);
	}
	net_exchange_clear(&exchange);
}

/* As they are given, in their order; "" takes out what libcurl would add. */
static void headers_are_sent(void **state)
{
	static const char *const expected[] = {"A: b", "Expect:"};
	struct net_request request = get_request();
	char longest[NET_HEADER_MAX] = "";
	const struct curl_slist *one;
	struct net_exchange exchange;

	(void)state;
	net_exchange_init(&exchange, line, &request);
	assert_true(net_header_add(&exchange, "A", "b"));
	assert_true(net_header_add(&exchange, "Expect", ""));
	one = exchange.headers;
	for (size_t at = 0; at < COUNT_OF(expected); at++, one = one->next) {
		assert_non_null(one);
		assert_string_equal(one->data, expected[at]);
	}
	assert_null(one);
	memset(longest, 'v', sizeof(longest) - 2);
	assert_true(net_header_add(&exchange, "", longest));
	assert_false(net_header_add(&exchange, "L", longest));
	net_exchange_clear(&exchange);
}

/* Whatever runs out of memory: nothing was sent, and nothing of it stays. */
static void each_failure_is_told(void **state)
{
	struct net_request request = get_request();

	(void)state;
	request.method = "PUT";
	request.has_body = true;
	request.body = view_text("data");
	request.agent = "me";
	request.direct = true;
	request.trust = (struct net_trust){"/file", "/folder"};
	request.cancelled = cancelled;
	for (unsigned held = 0; held < 2; held++) {
		struct each each = {.of = "an exchange", .least = 23, .most = 60};

		request.held = held == 1;
		while (each_next(&each)) {
			struct net_exchange exchange;
			bool made;

			no_curl.calls = 0;
			no_curl.fails_at = each.nth;
			net_exchange_init(&exchange, line, &request);
			made = net_header_add(&exchange, "A", "b") &&
			       net_exchange_make(&exchange, 65000);
			net_exchange_clear(&exchange);
			each.hit = no_curl.calls >= each.nth;
			assert_int_equal(made, !each.hit);
		}
	}
	{
		struct net_exchange exchange;

		net_exchange_init(&exchange, NULL, &request);
		assert_false(net_exchange_make(&exchange, 65000));
		net_exchange_clear(&exchange);
	}
	no_curl.calls = 0;
	no_curl.fails_at = 1;
	assert_null(net_line_new());
}

/* ---- what comes ---- */

static size_t give_body(const char *text, size_t len)
{
	return no_curl_give(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, text, len);
}

/* Runs an exchange whose end libcurl tells. */
static enum net_result run(struct net_exchange *exchange, CURLcode end, struct net_answer *answer)
{
	no_curl.end = end;
	net_exchange_run(exchange);
	return net_exchange_end(exchange, answer);
}

static void headers_are_read(void **state)
{
	static const struct {
		const char *lines, *type, *date;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nDate: b\r\n\r\n", "a", "b"},
	    {"HTTP/1.1 200 OK\r\nDATE:b\n\r\n", "", "b"},
	    {"HTTP/1.1 200 OK\r\nContent-Type: 0123456789012345\r\n\r\n", "", ""},
	    {"HTTP/1.1 100 x\r\nContent-Type: a\r\nDate: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_answer answer = {0};
		struct net_exchange exchange;

		memcpy(heard.type, "before", 7);
		make(&exchange, &request);
		assert_string_equal(heard.type, "");
		no_curl.status = 200;
		no_curl_give_header(rows[i].lines);
		assert_int_equal(give_body("body", 4), 4);
		assert_int_equal(run(&exchange, CURLE_OK, &answer), NET_ANSWERED);
		assert_string_equal(heard.type, rows[i].type);
		assert_string_equal(heard.date, rows[i].date);
		assert_int_equal(answer.status, 200);
		assert_string_equal((const char *)answer.body.data, "body");
		assert_int_equal(answer.received, 4);
		assert_false(answer.cut);
		bytes_clear(&answer.body);
		net_exchange_clear(&exchange);
	}
}

/* libcurl is content with these. */
static void a_header_that_is_cut_is_no_answer(void **state)
{
	static const struct {
		const char *lines;
		long status;
		enum net_result result;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nDate: b\r\n", 200, NET_CUT},
	    {"HTTP/1.1 100 Continue\r\n\r\n", 100, NET_CUT},
	    {"HTTP/1.1 199 x\r\n\r\n", 199, NET_CUT},
	    {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n", 200, NET_CUT},
	    {"", 0, NET_CUT},
	    {"HTTP/1.1 200 OK\r\n\n", 200, NET_ANSWERED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_answer answer = {.status = 42};
		struct net_exchange exchange;

		make(&exchange, &request);
		no_curl.status = rows[i].status;
		no_curl_give_header(rows[i].lines);
		assert_int_equal(run(&exchange, CURLE_OK, &answer), rows[i].result);
		assert_int_equal(answer.status, rows[i].result == NET_ANSWERED ? 200 : 42);
		bytes_clear(&answer.body);
		net_exchange_clear(&exchange);
	}
}

/* Of a success as much as was asked for, of anything else 64 KiB. */
static void bodies_have_bounds(void **state)
{
	static const struct {
		long status;
		size_t max;
		enum net_result over;
	} rows[] = {{200, 7999, NET_TOO_LONG}, {299, 7999, NET_TOO_LONG},
	    {300, NET_ERROR_MAX, NET_ANSWERED}, {500, NET_ERROR_MAX, NET_ANSWERED},
	    {199, NET_ERROR_MAX, NET_TOO_LONG}};
	static char text[8000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		bool over = i % 2 == 1;
		long status = rows[i / 2].status;
		size_t max = rows[i / 2].max, at = 0;
		struct net_request request = get_request();
		struct net_answer answer = {0};
		struct net_exchange exchange;
		enum net_result result;

		request.answer_max = 7999;
		make(&exchange, &request);
		no_curl.status = status;
		no_curl_give_header("HTTP/1.1 200 x\r\n\r\n");
		while (at < max) {
			size_t len = max - at < 7999 ? max - at : 7999;

			assert_int_equal(give_body(text, len), len);
			at += len;
		}
		if (over)
			assert_int_equal(give_body("x", 1), 0);
		result = run(&exchange, over ? CURLE_WRITE_ERROR : CURLE_OK, &answer);
		if (over)
			assert_int_equal(result, rows[i / 2].over);
		else
			assert_int_equal(result, status < 200 ? NET_CUT : NET_ANSWERED);
		if (result == NET_ANSWERED) {
			assert_int_equal(answer.body.len, max);
			assert_int_equal(answer.cut, over);
		}
		assert_int_equal(answer.received, max);
		bytes_clear(&answer.body);
		net_exchange_clear(&exchange);
	}
}

static void headers_have_a_bound(void **state)
{
	static char text[8000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (size_t over = 0; over < 2; over++) {
		struct net_request request = get_request();
		struct net_answer answer = {0};
		struct net_exchange exchange;

		make(&exchange, &request);
		no_curl.status = 200;
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(
			    no_curl_give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, text, 7999),
			    7999);
		assert_int_equal(
		    no_curl_give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, text, 772 + over),
		    over == 0 ? 772 : 0);
		assert_int_equal(run(&exchange, CURLE_WRITE_ERROR, &answer),
		    over == 0 ? NET_STRANGE : NET_TOO_LONG);
		net_exchange_clear(&exchange);
	}
}

/* ---- how it ends ---- */

static void each_end(void **state)
{
	static const struct {
		curl_off_t connected_us;
		CURLcode end;
		enum net_result result;
	} rows[] = {
	    {0, CURLE_COULDNT_RESOLVE_PROXY, NET_UNREACHABLE},
	    {0, CURLE_COULDNT_RESOLVE_HOST, NET_UNREACHABLE},
	    {0, CURLE_COULDNT_CONNECT, NET_UNREACHABLE},
	    {0, CURLE_OPERATION_TIMEDOUT, NET_UNREACHABLE},
	    {1, CURLE_OPERATION_TIMEDOUT, NET_CUT},
	    {1, CURLE_PARTIAL_FILE, NET_CUT},
	    {1, CURLE_GOT_NOTHING, NET_CUT},
	    {1, CURLE_SEND_ERROR, NET_CUT},
	    {1, CURLE_SEND_FAIL_REWIND, NET_CUT},
	    {1, CURLE_RECV_ERROR, NET_CUT},
	    {1, CURLE_ABORTED_BY_CALLBACK, NET_CANCELLED},
	    {0, CURLE_OUT_OF_MEMORY, NET_NO_MEMORY},
	    {0, CURLE_UNSUPPORTED_PROTOCOL, NET_UNTRUSTED},
	    {0, CURLE_URL_MALFORMAT, NET_UNTRUSTED},
	    {0, CURLE_NOT_BUILT_IN, NET_UNTRUSTED},
	    {0, CURLE_PEER_FAILED_VERIFICATION, NET_UNTRUSTED},
	    {0, CURLE_SSL_CERTPROBLEM, NET_UNTRUSTED},
	    {0, CURLE_SSL_CACERT_BADFILE, NET_UNTRUSTED},
	    {0, CURLE_SSL_ISSUER_ERROR, NET_UNTRUSTED},
	    {0, CURLE_SSL_CONNECT_ERROR, NET_NO_TLS},
	    {1, CURLE_WEIRD_SERVER_REPLY, NET_STRANGE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_answer answer = {.status = 42};
		struct net_exchange exchange;

		make(&exchange, &request);
		no_curl.connected_us = rows[i].connected_us;
		if (run(&exchange, rows[i].end, &answer) != rows[i].result)
			fail_msg("%s", curl_easy_strerror(rows[i].end));
		assert_string_equal(answer.why, curl_easy_strerror(rows[i].end));
		assert_int_equal(answer.status, 42);
		assert_null(answer.body.data);
		net_exchange_clear(&exchange);
	}
}

/* Whether all of it may have left, that is: a part of a body is no request. */
static void what_may_have_left(void **state)
{
	static const struct {
		const char *name;
		size_t body_len;
		long sent;
		unsigned given; /* how often the held body was asked for a byte */
		bool held, left;
	} rows[] = {
	    {"a request", 0, 100, 0, false, true},
	    {"nothing", 4, 0, 0, false, false},
	    {"nobody knows", 4, -1, 0, false, true},
	    {"a held body that did not begin", 4, 100, 0, true, false},
	    {"a held body's first byte", 4, 100, 1, true, true},
	    {"a held body of nothing", 0, 100, 0, true, true},
	    {"a held body of nothing that was not sent", 0, 0, 0, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_answer answer = {0};
		struct net_exchange exchange;
		char byte;

		request.has_body = true;
		request.body = view_of((const uint8_t *)"data", rows[i].body_len);
		request.held = rows[i].held;
		make(&exchange, &request);
		for (unsigned given = 0; given < rows[i].given; given++)
			assert_int_equal(
			    no_curl_value(CURLOPT_READFUNCTION).function(&byte, 1, 1, &exchange),
			    1);
		no_curl.sent = rows[i].sent;
		no_curl.status = 0;
		assert_int_equal(run(&exchange, CURLE_GOT_NOTHING, &answer), NET_CUT);
		if (answer.sent != rows[i].left)
			fail_msg("%s", rows[i].name);
		net_exchange_clear(&exchange);
	}
}

/* All but the last byte, until net_together lets it go. */
static void a_last_byte_is_held(void **state)
{
	struct net_request request = get_request();
	struct net_exchange exchange;
	no_curl_data read_body;
	char out[8] = "";

	(void)state;
	request.has_body = true;
	request.body = view_text("data");
	request.held = true;
	make(&exchange, &request);
	read_body = no_curl_value(CURLOPT_READFUNCTION).function;
	assert_int_equal(read_body(out, 2, 1, &exchange), 2);
	assert_memory_equal(out, "da", 2);
	assert_false(exchange.waiting);
	assert_int_equal(read_body(out, 1, 8, &exchange), 1);
	assert_memory_equal(out, "t", 1);
	assert_int_equal(read_body(out, 1, 8, &exchange), CURL_READFUNC_PAUSE);
	assert_true(exchange.waiting);
	exchange.let_go = true;
	assert_int_equal(read_body(out, 1, 8, &exchange), 1);
	assert_memory_equal(out, "a", 1);
	assert_int_equal(read_body(out, 1, 8, &exchange), 0);
	net_exchange_clear(&exchange);
}

/* libcurl begins again where a kept connection was dead: a write must not go twice. */
static void what_changes_something_begins_once(void **state)
{
	static const struct {
		bool once;
		long sent;
		int again;
	} rows[] = {{false, 100, CURL_PREREQFUNC_OK}, {true, 100, CURL_PREREQFUNC_ABORT},
	    {true, 0, CURL_PREREQFUNC_OK}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_request request = get_request();
		struct net_exchange exchange;
		curl_prereq_callback before;

		request.once = rows[i].once;
		make(&exchange, &request);
		before = no_curl_value(CURLOPT_PREREQFUNCTION).before;
		no_curl.sent = rows[i].sent;
		assert_int_equal(before(&exchange, NULL, NULL, 0, 0), CURL_PREREQFUNC_OK);
		assert_int_equal(before(&exchange, NULL, NULL, 0, 0), rows[i].again);
		net_exchange_clear(&exchange);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_method_has_its_options, setup, teardown),
    cmocka_unit_test_setup_teardown(a_body_may_be_empty, setup, teardown),
    cmocka_unit_test_setup_teardown(what_holds_for_all, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_a_requests_own, setup, teardown),
    cmocka_unit_test_setup_teardown(whom_the_environment_trusts, setup, teardown),
    cmocka_unit_test_setup_teardown(each_request_has_its_time, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_left_of_a_call, setup, teardown),
    cmocka_unit_test_setup_teardown(a_caller_is_asked_while_it_waits, setup, teardown),
    cmocka_unit_test_setup_teardown(headers_are_sent, setup, teardown),
    cmocka_unit_test_setup_teardown(each_failure_is_told, setup, teardown),
    cmocka_unit_test_setup_teardown(headers_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(a_header_that_is_cut_is_no_answer, setup, teardown),
    cmocka_unit_test_setup_teardown(bodies_have_bounds, setup, teardown),
    cmocka_unit_test_setup_teardown(headers_have_a_bound, setup, teardown),
    cmocka_unit_test_setup_teardown(each_end, setup, teardown),
    cmocka_unit_test_setup_teardown(what_may_have_left, setup, teardown),
    cmocka_unit_test_setup_teardown(a_last_byte_is_held, setup, teardown),
    cmocka_unit_test_setup_teardown(what_changes_something_begins_once, setup, teardown),
};

TEST_MAIN(tests)
