/*
 * tests/gateway/http/http_fields_test.c: head.c without a socket: what is read of a request's
 * header, and what is refused of it also where libmicrohttpd would have refused it before.
 */
#include "tests/gateway/http/http_by_hand.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define ODD "do not end in CRLF"
#define NUMBER "is no number"
#define MALFORMED "malformed"

static struct MHD_Connection *plain(void)
{
	return hand_connection("GET", "/healthz", "", 0);
}

/* NULL: it holds. */
static const char *read_and_free(struct MHD_Connection *connection, struct http_head *out)
{
	const char *fault = http_head_read(
	    connection, connection->method, connection->uri, connection->version, out);

	connection->over = true;
	hand_free();
	return fault;
}

static void expect_fault(const char *name, const char *fault, const char *expected)
{
	if ((fault == NULL) != (expected == NULL) ||
	    (fault != NULL && strstr(fault, expected) == NULL))
		fail_msg("%s: %s", name, fault == NULL ? "taken" : fault);
}

static void a_length_is_a_number(void **state)
{
	static const struct {
		const char *text;
		uint64_t length;
		const char *fault;
	} rows[] = {
	    {"0", 0, NULL},
	    {"7", 7, NULL},
	    {"0123456789", 123456789, NULL},
	    {"9223372036854775807", INT64_MAX, NULL},
	    {"18446744073709551616", 0, NUMBER}, /* 2^64, which would be 0 */
	    {"18446744073709551617", 0, NUMBER},
	    {"184467440737095516160", 0, NUMBER},
	    {"", 0, NUMBER},
	    {"12a", 0, NUMBER},
	    {"a12", 0, NUMBER},
	    {"1:", 0, NUMBER}, /* after '9' */
	    {"1/", 0, NUMBER}, /* before '0' */
	    {"-1", 0, NUMBER},
	    {"+1", 0, NUMBER},
	    {"1 2", 0, NUMBER},
	    {"1,1", 0, NUMBER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct MHD_Connection *connection = plain();
		struct http_head head = {0};

		hand_header(connection, "Content-Length", rows[i].text);
		expect_fault(rows[i].text, read_and_free(connection, &head), rows[i].fault);
		if (rows[i].fault == NULL && (!head.has_length || head.length != rows[i].length))
			fail_msg("%s: read as %llu", rows[i].text, (unsigned long long)head.length);
	}
}

/* Each that is read stands there once, by whatever case of its letters. */
static void each_field_stands_once(void **state)
{
	static const struct {
		const char *first, *second, *fault;
	} rows[] = {
	    {"host", "X", "Host stands there twice"},
	    {"Content-Length", "Content-LENGTH", "Content-Length stands there twice"},
	    {"Content-Type", "content-type", "a header field stands there twice"},
	    {"Content-Digest", "Content-digest", "a header field stands there twice"},
	    {"Signature-Input", "signature-input", "a header field stands there twice"},
	    {"Signature", "SIGNATURE", "a header field stands there twice"},
	    {"Inkseal-Invite", "inkseal-invite", "a header field stands there twice"},
	    {"X", "X", NULL}, /* not ours to judge */
	    {"Transfer-Encoding", "X", "Transfer-Encoding is not taken"},
	    {"transfer-encoding", "X", "Transfer-Encoding is not taken"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct MHD_Connection *connection = plain();
		struct http_head head = {0};

		hand_header(connection, rows[i].first, "1");
		hand_header(connection, rows[i].second, "1");
		expect_fault(rows[i].first, read_and_free(connection, &head), rows[i].fault);
	}
}

static void what_is_read_is_told(void **state)
{
	struct MHD_Connection *connection = plain();
	struct http_head head;

	(void)state;
	assert_null(http_head_read(
	    connection, connection->method, connection->uri, connection->version, &head));
	assert_false(head.has_length);
	assert_null(head.content_type);
	assert_null(head.digest);
	assert_null(head.input);
	assert_null(head.signature);
	assert_null(head.invite);
	hand_header(connection, "Content-Type", "type");
	hand_header(connection, "Content-Digest", "digest");
	hand_header(connection, "Signature-Input", "input");
	hand_header(connection, "Signature", "signature");
	hand_header(connection, "Inkseal-Invite", "invite");
	assert_null(http_head_read(
	    connection, connection->method, connection->uri, connection->version, &head));
	assert_string_equal(head.content_type, "type");
	assert_string_equal(head.digest, "digest");
	assert_string_equal(head.input, "input");
	assert_string_equal(head.signature, "signature");
	assert_string_equal(head.invite, "invite");
	assert_false(head.has_length);
	connection->over = true;
	hand_free();
}

static void names_and_values_are_plain(void **state)
{
	static const struct {
		const char *name, *value, *fault;
	} rows[] = {
	    {"X", "a", NULL},
	    {"!#$%&'*+-.^_`|~09AZaz", "a", NULL},
	    {"X", "", NULL},
	    {"X", "a \t~\x80\xff", NULL},
	    {"", "a", MALFORMED},
	    {"X Y", "a", MALFORMED},
	    {"X:", "a", MALFORMED},
	    {"X\x80", "a", MALFORMED},
	    {"X", "a ", MALFORMED},
	    {"X", "a\t", MALFORMED},
	    {"X", " ", MALFORMED},
	    {"X", "a\x1f", MALFORMED},
	    {"X",
		"\x01"
		"a",
		MALFORMED},
	    {"X", "a\nb", MALFORMED},
	    {"X", "a\x7f", MALFORMED},
	    {NULL, "a", MALFORMED},
	    {"X", NULL, MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct MHD_Connection *connection = plain();
		size_t at = connection->headers_count;
		struct http_head head;

		hand_header(connection, rows[i].name == NULL ? "X" : rows[i].name,
		    rows[i].value == NULL ? "a" : rows[i].value);
		if (rows[i].name == NULL)
			connection->names[at] = NULL;
		if (rows[i].value == NULL)
			connection->values[at] = NULL;
		expect_fault(rows[i].name == NULL ? "no name" : rows[i].name,
		    read_and_free(connection, &head), rows[i].fault);
	}
}

/* Nothing is hidden between a name and its value, between lines, or behind them. */
static void lines_are_where_they_must_be(void **state)
{
	static const struct {
		const char *name;
		char gap;      /* before a value, besides the colon's place */
		bool skipped;  /* a line stands there that is no field */
		size_t longer; /* bytes after the last line */
		const char *fault;
	} rows[] = {
	    {"plain", ' ', false, 0, NULL},
	    {"a tab", '\t', false, 0, NULL},
	    {"a byte", 'x', false, 0, ODD},
	    {"a line feed", '\n', false, 0, ODD},
	    {"a line that is skipped", ' ', true, 0, ODD},
	    {"bytes behind", ' ', false, 1, ODD},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct MHD_Connection *connection = plain();
		struct http_head head;
		size_t at;

		hand_header(connection, "X", "a");
		at = connection->headers_count;
		hand_header(connection, "Y", "b");
		connection->head[(size_t)(connection->values[at] - connection->head) - 1] =
		    rows[i].gap;
		if (rows[i].skipped) {
			connection->headers_count = at;
			hand_header(connection, "Z", "c");
		}
		connection->head_len += rows[i].longer;
		expect_fault(rows[i].name, read_and_free(connection, &head), rows[i].fault);
	}
}

/* One blank, and one blank. */
static void the_request_line_has_three_parts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct MHD_Connection *connection = plain();
		struct http_head head;

		if (i == 1)
			connection->uri++;
		if (i == 2)
			connection->version++;
		expect_fault(i == 0 ? "as it is" : "another blank",
		    read_and_free(connection, &head), i == 0 ? NULL : ODD);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_length_is_a_number),
    cmocka_unit_test(each_field_stands_once),
    cmocka_unit_test(what_is_read_is_told),
    cmocka_unit_test(names_and_values_are_plain),
    cmocka_unit_test(lines_are_where_they_must_be),
    cmocka_unit_test(the_request_line_has_three_parts),
};
TEST_MAIN(tests)
