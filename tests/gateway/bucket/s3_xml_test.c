/*
 * tests/gateway/bucket/s3_xml_test.c: the documents of real stores, and broken ones.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_xml.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void error_codes(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *expected;
	} rows[] = {
	    {"plain",
		HEAD "<Error><Code>NoSuchKey</Code><Message>gone</Message><Key>k</Key></Error>",
		"NoSuchKey"},
	    {"with a namespace", "<Error" NS ">\n <Code>SlowDown</Code></Error>\n", "SlowDown"},
	    {"after a blank line", "\r\n \t\n" HEAD "<Error><Code>A</Code></Error>", "A"},
	    {"after a mark", "\xef\xbb\xbf" HEAD "<Error><Code>A</Code></Error>", "A"},
	    {"after both", "\n\xef\xbb\xbf\n" HEAD "<Error><Code>A</Code></Error>", "A"},
	    {"after half a mark", "\xef\xbb" HEAD "<Error><Code>A</Code></Error>", ""},
	    {"nothing but blanks", " \r\n\xef\xbb\xbf", ""},
	    {"no code", "<Error><Message>x</Message></Error>", ""},
	    {"a code deeper down", "<Error><X><Code>Inner</Code></X></Error>", ""},
	    {"a page", "<html><body><Code>x</Code></body></html>", ""},
	    {"blanks in it", "<Error><Code>No Such</Code></Error>", ""},
	    {"a terminal's codes", "<Error><Code>\x1b[31m</Code></Error>", ""},
	    {"too long",
		"<Error><Code>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"</Code></Error>",
		""},
	    {"as long as it may be",
		"<Error><Code>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"</Code></Error>",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	    {"cut", "<Error><Code>NoSuchKey</Code>", ""},
	    {"nothing", "", ""},
	    {"no XML", "internal server error", ""},
	    {"entities", "<!DOCTYPE Error [<!ENTITY a \"x\">]><Error><Code>&a;</Code></Error>", ""},
	    {"unknown entity", "<Error><Code>&a;</Code></Error>", ""},
	    {"after the end", "<Error><Code>A</Code></Error><Error/>", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_error error = {{"old"}, "old"};

		assert_true(s3_xml_error(view_text(rows[i].text), &error));
		if (strcmp(error.code.text, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, error.code.text);
		assert_string_equal(error.region, "");
	}
}

static void error_regions(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
	    {"<Region>eu-central-1</Region>", "eu-central-1"},
	    {"<Region>garage</Region>", "garage"},
	    {"<Region>0123456789012345678901234567890-</Region>",
		"0123456789012345678901234567890-"},
	    {"<Region>0123456789012345678901234567890-x</Region>", ""},
	    {"<Region>0123456789012345678901234567890-!</Region>", ""},
	    {"<Region>eu central</Region>", ""},
	    {"<Region>evil.example/x</Region>", ""},
	    {"<Region>EU</Region>", ""},
	    {"<Region>a&#10;b</Region>", ""},
	    {"<Region/>", ""},
	    {"<X><Region>a</Region></X>", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_error error = {{"old"}, "old"};
		char text[256];

		(void)snprintf(text, sizeof(text), "<Error><Code>A</Code>%s</Error>", rows[i].text);
		assert_true(s3_xml_error(view_text(text), &error));
		assert_string_equal(error.code.text, "A");
		if (strcmp(error.region, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].text, error.region);
	}
}

/* What stood in a longer text before is no part of it. */
static void a_code_ends_where_it_ends(void **state)
{
	struct s3_error error;
	char text[1024], code[S3_CODE_MAX + 1], message[201];

	(void)state;
	memset(code, 'C', S3_CODE_MAX);
	code[S3_CODE_MAX] = '\0';
	memset(message, 'm', 200);
	message[200] = '\0';
	(void)snprintf(text, sizeof(text),
	    "<Error><Region>eu</Region><Message>%s</Message><Code>%s</Code></Error>", message,
	    code);
	assert_true(s3_xml_error(view_text(text), &error));
	assert_string_equal(error.code.text, code);
	assert_string_equal(error.region, "eu");
	assert_true(s3_xml_error((struct view){0}, &error));
	assert_string_equal(error.code.text, "");
}

static void deleted(void **state)
{
	struct s3_code code = {"old"};
	size_t failed = 42;

	(void)state;
	assert_true(s3_xml_deleted(view_text(HEAD "<DeleteResult" NS "/>"), &failed, &code));
	assert_int_equal(failed, 0);
	assert_true(s3_xml_deleted(
	    view_text("<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key>"
		      "<Code>AccessDenied</Code></Error><Error><Code>Other</Code></Error>"
		      "</DeleteResult>"),
	    &failed, &code));
	assert_int_equal(failed, 2);
	assert_string_equal(code.text, "AccessDenied");
	assert_false(s3_xml_deleted(view_text("<Error><Code>x</Code></Error>"), &failed, &code));
	assert_false(s3_xml_deleted(view_text("<DeleteResult><Error>"), &failed, &code));
	assert_int_equal(failed, 2);
}

static void versioning(void **state)
{
	static const struct {
		const char *text;
		bool read, keeps;
	} rows[] = {
	    {HEAD "<VersioningConfiguration" NS "/>", true, false},
	    {"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", true,
		true},
	    {"<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>"
	     "</VersioningConfiguration>",
		true, true},
	    {"<VersioningConfiguration><Status/></VersioningConfiguration>", true, false},
	    {"<VersioningConfiguration><X><Status>Enabled</Status></X></VersioningConfiguration>",
		true, false},
	    {"<ListBucketResult><Status>Enabled</Status></ListBucketResult>", false, false},
	    {"<VersioningConfiguration>", false, false},
	    {"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool keeps = !rows[i].keeps;

		assert_int_equal(s3_xml_versioning(view_text(rows[i].text), &keeps), rows[i].read);
		assert_int_equal(keeps, rows[i].read ? rows[i].keeps : !rows[i].keeps);
	}
}

static void listings(void **state)
{
	struct s3_page page = {0};

	(void)state;
	assert_true(s3_xml_listing(
	    view_text(HEAD
		"<ListBucketResult" NS "><Name>b</Name><Prefix>a</Prefix><KeyCount>2</KeyCount>"
		"<IsTruncated>true</IsTruncated><NextContinuationToken>tok</NextContinuationToken>"
		"<Contents><Key>a/&lt;1&amp;2</Key><Size>17</Size><ETag>&#34;x&#34;</ETag>"
		"<Owner><ID>o</ID><Key>no</Key></Owner></Contents>"
		"<Contents>\n<Key>b</Key>\n<Size>0</Size></Contents>"
		"<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></ListBucketResult>"),
	    S3_LIST_OBJECTS, &page));
	assert_int_equal(page.count, 2);
	assert_string_equal(page.items[0].key, "a/<1&2");
	assert_int_equal(page.items[0].size, 17);
	assert_string_equal(page.items[1].key, "b");
	assert_true(page.more);
	assert_string_equal(page.next_id, "tok");
	s3_page_clear(&page);
	assert_true(s3_xml_listing(
	    view_text("<ListVersionsResult><IsTruncated>true</IsTruncated>"
		      "<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
		      "<Version><Key>a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>"
		      "</Version><DeleteMarker><Key>b</Key><VersionId>null</VersionId>"
		      "<IsLatest>false</IsLatest></DeleteMarker></ListVersionsResult>"),
	    S3_LIST_VERSIONS, &page));
	assert_int_equal(page.count, 2);
	assert_true(page.items[0].latest && !page.items[0].marker);
	assert_true(!page.items[1].latest && page.items[1].marker);
	assert_string_equal(page.items[1].id, "null");
	assert_string_equal(page.next_key, "k");
	assert_string_equal(page.next_id, "v");
	s3_page_clear(&page);
	assert_true(s3_xml_listing(
	    view_text("<ListMultipartUploadsResult><Upload><Key>a</Key><UploadId>u</UploadId>"
		      "</Upload></ListMultipartUploadsResult>"),
	    S3_LIST_UPLOADS, &page));
	assert_int_equal(page.count, 1);
	assert_string_equal(page.items[0].id, "u");
	s3_page_clear(&page);
}

/* As deep and as long as may be, and as large. */
static void what_is_passed_over(void **state)
{
	struct s3_page page = {0};

	(void)state;
	assert_true(s3_xml_listing(
	    view_text("<ListBucketResult><a><a><a><a><a><a><a/></a></a></a></a></a></a>"
		      "<n23456789012345678901234567890123456789012345678901234567890123/>"
		      "<Other><Key>no</Key><Size>x</Size></Other>"
		      "<Contents><Key>a</Key><Size>999999999999999999</Size></Contents>"
		      "<IsTruncated>false</IsTruncated></ListBucketResult>"),
	    S3_LIST_OBJECTS, &page));
	assert_int_equal(page.count, 1);
	assert_string_equal(page.items[0].key, "a");
	assert_true(page.items[0].size == UINT64_C(999999999999999999));
	assert_false(page.more);
	assert_string_equal(page.next_id, "");
	s3_page_clear(&page);
}

static void refused_listings(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
	    {"nothing", ""},
	    {"another document", "<ListVersionsResult/>"},
	    {"cut", "<ListBucketResult><Contents><Key>a</Key>"},
	    {"no key", "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>"},
	    {"no size", "<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents>"
			"</ListBucketResult>"},
	    {"an empty size",
		"<ListBucketResult><Contents><Key>a</Key><Size/></Contents></ListBucketResult>"},
	    {"a size that is longer than any",
		"<ListBucketResult><Contents><Key>a</Key><Size>0000000000000000001</Size>"
		"</Contents></ListBucketResult>"},
	    {"a size below zero",
		"<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
		"</ListBucketResult>"},
	    {"a second item without a key",
		"<ListBucketResult><Contents><Key>a</Key></Contents><Contents/>"
		"</ListBucketResult>"},
	    {"a long name",
		"<ListBucketResult><n23456789012345678901234567890123456789012345678901234567890123"
		"4/></ListBucketResult>"},
	    {"deep by one",
		"<ListBucketResult><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>"
		"</ListBucketResult>"},
	    {"a size beyond any",
		"<ListBucketResult><Contents><Key>a</Key><Size>9999999999999999999</Size>"
		"</Contents></ListBucketResult>"},
	    {"deep", "<ListBucketResult><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>"
		     "</ListBucketResult>"},
	    {"a DTD", "<!DOCTYPE ListBucketResult><ListBucketResult/>"},
	    {"NUL", "<ListBucketResult>&#0;</ListBucketResult>"},
	    {"not UTF-8", "<ListBucketResult>\xff</ListBucketResult>"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_page page = {.count = 42};

		if (s3_xml_listing(view_text(rows[i].text), S3_LIST_OBJECTS, &page))
			fail_msg("accepted: %s", rows[i].name);
		assert_int_equal(page.count, 42);
	}
}

/* Both sides of a maximum. */
static void expect_listing(size_t items, size_t key_len, bool ok)
{
	struct s3_page page = {0};
	struct buffer text;

	buffer_init(&text, 4u << 20);
	buffer_add_text(&text, "<ListBucketResult>");
	for (size_t i = 0; i < items; i++) {
		buffer_add_text(&text, "<Contents><Key>");
		for (size_t at = 0; at < key_len; at++)
			buffer_add_byte(&text, 'k');
		buffer_add_text(&text, "</Key></Contents>");
	}
	buffer_add_text(&text, "</ListBucketResult>");
	assert_false(text.failed);
	assert_int_equal(s3_xml_listing(buffer_view(&text), S3_LIST_OBJECTS, &page), ok);
	assert_int_equal(page.count, ok ? items : 0);
	s3_page_clear(&page);
	buffer_clear(&text);
}

static void maxima(void **state)
{
	(void)state;
	expect_listing(S3_ITEMS_MAX, 10, true);
	expect_listing(S3_ITEMS_MAX + 1, 10, false);
	expect_listing(2, S3_KEY_MAX, true);
	expect_listing(2, S3_KEY_MAX + 1, false);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(error_codes),
    cmocka_unit_test(error_regions),
    cmocka_unit_test(a_code_ends_where_it_ends),
    cmocka_unit_test(deleted),
    cmocka_unit_test(versioning),
    cmocka_unit_test(listings),
    cmocka_unit_test(what_is_passed_over),
    cmocka_unit_test(refused_listings),
    cmocka_unit_test(maxima),
};

TEST_MAIN(tests)
