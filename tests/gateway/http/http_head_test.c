/*
 * tests/gateway/http/http_head_test.c: requests that two readers could read in two ways, and others
 * that are none: refused, and the connection closed, with whatever stands behind them.
 */
#include "tests/gateway/http/http_fixture.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What must not be taken for a request: it would be answered, and show in the log. */
#define HIDDEN "GET /healthz HTTP/1.1\r\nHost: hidden\r\n\r\n"
#define GET "GET /healthz HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Type: application/cbor\r\n"

static const struct {
	const char *name, *text;
	unsigned status; /* 0: closed, with an answer or without */
} refused[] = {
    {"Content-Length twice", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"two Content-Lengths", POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", 400},
    {"Content-Length twice on a GET", GET "Content-Length: 0\r\nContent-Length: 41\r\n\r\n", 400},
    {"Content-Length as a list", POST "Content-Length: 5, 5\r\n\r\nhello", 400},
    {"Content-Length with a sign", POST "Content-Length: +5\r\n\r\nhello", 400},
    {"Content-Length below zero", POST "Content-Length: -1\r\n\r\n", 400},
    {"Content-Length in hexadecimal", POST "Content-Length: 0x5\r\n\r\nhello", 400},
    {"Content-Length empty", POST "Content-Length: \r\n\r\n", 400},
    {"Content-Length huge", POST "Content-Length: 99999999999999999999999\r\n\r\n", 413},
    {"Content-Length of 2^63", POST "Content-Length: 9223372036854775808\r\n\r\n", 0},
    {"length and chunks", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	400},
    {"chunks", POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400},
    {"chunks of a huge size",
	POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n", 400},
    {"chunks of a size below zero", POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n", 400},
    {"chunks, oddly spelled", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
    {"chunks on a GET", GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"a bare line feed after the request line", "GET /healthz HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"a bare line feed after a field", "GET /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
    {"a bare line feed at the end", GET "\n", 400},
    {"bare line feeds, made up for by a blank", "GET /healthz HTTP/1.1\r\nHost:  a\nX: b\r\n\r\n",
	400},
    {"a bare line feed behind a blank", "GET /healthz HTTP/1.1\r\nHost: a \n\r\n", 400},
    {"a second blank, and a bare line feed", "GET  /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 0},
    {"a second blank before the version, and a bare line feed",
	"GET /healthz  HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 0},
    {"an empty line first, and two bare line feeds",
	"\r\nGET /healthz HTTP/1.1\r\nHost: a\nX: b\nY: c\r\n\r\n", 400},
    {"a folded field, and two bare line feeds", GET "X: a\nY: b\nZ: c\r\n d\r\n\r\n", 400},
    {"a length behind a bare line feed", GET "X: a\nContent-Length: 41\r\n\r\n", 400},
    {"a bare carriage return", "GET /healthz HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
    {"a folded field", GET "X: a\r\n b\r\n\r\n", 400},
    {"a field folded to nothing", GET "X: a\r\n \r\n\r\n", 400},
    {"a blank before the colon", GET "Content-Length : 0\r\n\r\n", 400},
    {"a field without a name", GET ": a\r\n\r\n", 400},
    {"a field without a colon", GET "nonsense\r\n\r\n", 400},
    {"a control character", GET "X: a\x01\r\n\r\n", 400},
    {"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400},
    {"two hosts", GET "Host: b\r\n\r\n", 400},
    {"two types", POST "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\na", 400},
    {"two signatures", GET "Signature: a\r\nSignature: b\r\n\r\n", 400},
    {"a body on a GET", GET "Content-Length: 5\r\n\r\nhello", 400},
    {"a blank in the path", "GET /health z HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"two blanks", "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"no version", "GET /healthz\r\nHost: a\r\n\r\n", 0},
    {"another version", "GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n", 0},
    {"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 0},
};

/* A refusal at most, then the end: what follows on the wire is never taken for a request. */
static void expect_refused(
    struct site *site, const char *name, const void *text, size_t len, unsigned status)
{
	char all[8192];
	unsigned answered = 0;
	int fd = site_connect(site);

	site_write(fd, text, len);
	site_write(fd, HIDDEN, strlen(HIDDEN));
	if (!site_read_all(fd, 5000, all, sizeof(all)))
		fail_msg("%s: the connection stays open after %s", name, all);
	if (strncmp(all, "HTTP/1.1 ", 9) == 0)
		answered = (unsigned)strtoul(all + 9, NULL, 10);
	if (answered != status && (status != 0 || (answered > 0 && answered < 400)))
		fail_msg("%s: answered %s", name, all);
	if (strstr(all, " 200 ") != NULL)
		fail_msg("%s: what stands behind it was answered", name);
	(void)close(fd);
}

static void what_is_ambiguous_is_refused(void **state)
{
	struct site *site = *state;

	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		expect_refused(site, refused[i].name, refused[i].text, strlen(refused[i].text),
		    refused[i].status);
	assert_false(site_log_holds(site, "route=healthz status=200"));
}

static void a_nul_hides_nothing(void **state)
{
	static const char in_value[] = GET "X: a\0Content-Length: 41\r\n\r\n";
	static const char in_name[] = GET "X\0: a\r\n\r\n";
	static const char in_line[] = "GET /healthz\0 HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char with_line_feed[] = GET "X: a\nY: b\0\r\n\r\n";
	static const char with_two[] = GET "X: a\nY: b\nZ: c\0d\r\n\r\n";
	struct site *site = *state;

	site_start(site, true);
	expect_refused(site, "in a value", in_value, sizeof(in_value) - 1, 400);
	expect_refused(
	    site, "with a bare line feed", with_line_feed, sizeof(with_line_feed) - 1, 400);
	expect_refused(site, "with two bare line feeds", with_two, sizeof(with_two) - 1, 400);
	expect_refused(site, "in a name", in_name, sizeof(in_name) - 1, 0);
	expect_refused(site, "in the request line", in_line, sizeof(in_line) - 1, 400);
	assert_false(site_log_holds(site, "route=healthz status=200"));
}

static void ten_thousand_fields_are_too_many(void **state)
{
	struct site *site = *state;
	struct buffer text;

	site_start(site, true);
	buffer_init(&text, 1u << 20);
	buffer_add_text(&text, GET);
	for (int i = 0; i < 10000; i++)
		buffer_addf(&text, "X-%d: a\r\n", i);
	buffer_add_text(&text, "\r\n");
	expect_refused(site, "10,000 fields", text.data, text.len, 0);
	buffer_clear(&text);
	buffer_add_text(&text, "GET /");
	for (int i = 0; i < 10000; i++)
		buffer_add_byte(&text, 'a');
	buffer_add_text(&text, " HTTP/1.1\r\nHost: a\r\n\r\n");
	expect_refused(site, "a long path", text.data, text.len, 0);
	buffer_clear(&text);
}

static const struct {
	const char *name, *text;
} taken[] = {
    {"plain", GET "\r\n"},
    {"blanks before a value", "GET /healthz HTTP/1.1\r\nHost: \t a\r\n\r\n"},
    {"an empty value", GET "X:\r\nY: \r\n\r\n"},
    {"an empty line first", "\r\n" GET "\r\n"},
    {"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n"},
    {"what a proxy adds",
	GET "X-Forwarded-For: 192.0.2.1, 2001:db8::1\r\nX-Forwarded-Proto: https\r\n"
	    "X-Forwarded-Host: sync.example.org\r\nVia: 1.1 proxy.example.org (nginx)\r\n"
	    "Forwarded: for=192.0.2.1;proto=https;host=sync.example.org\r\n"
	    "User-Agent: inkseal/0.1.0 libcurl/7.88.1 GnuTLS/3.7.9 zlib/1.2.13\r\n"
	    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
	    "Accept: */*\r\nAccept-Encoding: gzip, br\r\nCookie: a=b; c=d\r\n\r\n"},
};

static void what_is_plain_is_taken(void **state)
{
	struct site *site = *state;

	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct reply reply = {0};
		int fd = site_connect(site);

		site_write(fd, taken[i].text, strlen(taken[i].text));
		site_reply(fd, 5000, &reply);
		if (reply.status != 200)
			fail_msg("%s: answered %u", taken[i].name, reply.status);
		reply_clear(&reply);
		(void)close(fd);
	}
}

/* The library's buffer grows while the header comes: its lines stay where they are. */
static void a_header_may_come_in_pieces(void **state)
{
	static const size_t pieces[] = {1, 7, 1000};
	struct site *site = *state;
	struct buffer text;

	site_start(site, true);
	buffer_init(&text, 1u << 16);
	buffer_add_text(&text, GET);
	for (int i = 0; i < 60; i++)
		buffer_addf(&text, "X-Field-%d: %d and more of it\r\n", i, i);
	buffer_add_text(&text, "\r\n");
	assert_false(text.failed);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct reply reply = {0};
		int fd = site_connect(site), on = 1;

		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
		for (size_t at = 0; at < text.len; at += pieces[i])
			site_write(fd, text.data + at,
			    text.len - at < pieces[i] ? text.len - at : pieces[i]);
		site_reply(fd, 5000, &reply);
		assert_int_equal(reply.status, 200);
		reply_clear(&reply);
		(void)close(fd);
	}
	buffer_clear(&text);
}

static void requests_follow_one_another(void **state)
{
	struct site *site = *state;
	int fd;

	site_start(site, true);
	fd = site_connect(site);
	site_write(fd, HIDDEN HIDDEN, 2 * strlen(HIDDEN));
	for (int i = 0; i < 2; i++) {
		struct reply reply = {0};

		site_reply(fd, 5000, &reply);
		assert_int_equal(reply.status, 200);
		reply_clear(&reply);
	}
	(void)close(fd);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_ambiguous_is_refused, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_nul_hides_nothing, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(ten_thousand_fields_are_too_many, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(what_is_plain_is_taken, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_header_may_come_in_pieces, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(requests_follow_one_another, site_setup, site_teardown),
};
TEST_MAIN(tests)
