/*
 * tests/fuzz/s3-answer.c: an S3 store's documents (listings, removals, errors) and Retry-After.
 */
#include "gateway/bucket/s3_answer.h"
#include "gateway/bucket/s3_xml.h"
#include "gateway/net/net_text.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static void check_listing(struct view input, enum s3_listing kind)
{
	struct s3_page page;

	fuzz_mark(&page, sizeof(page));
	if (!s3_xml_listing(input, kind, &page)) {
		(void)fuzz_decoded(FORMAT_MALFORMED, &page, sizeof(page));
		return;
	}
	fuzz_check(page.count <= S3_ITEMS_MAX, "a page is bounded");
	fuzz_check(
	    ends(page.next_key, sizeof(page.next_key)) && ends(page.next_id, sizeof(page.next_id)),
	    "where the next page begins");
	for (size_t i = 0; i < page.count; i++)
		fuzz_check(ends(page.items[i].key, sizeof(page.items[i].key)) &&
			       ends(page.items[i].id, sizeof(page.items[i].id)),
		    "an item's key and id");
	s3_page_clear(&page);
}

static void check_code(const struct s3_code *code)
{
	fuzz_check(ends(code->text, sizeof(code->text)), "a code ends");
	for (const char *at = code->text; *at != '\0'; at++)
		fuzz_check((*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
			       (*at >= 'a' && *at <= 'z'),
		    "a code is letters and digits");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct s3_error error = {0};
	struct s3_code first = {""};
	struct bytes text = {0};
	size_t failed = 0;
	bool keeps = false;
	int64_t wait_ms;

	check_listing(input, S3_LIST_OBJECTS);
	check_listing(input, S3_LIST_VERSIONS);
	check_listing(input, S3_LIST_UPLOADS);
	if (s3_xml_error(input, &error)) {
		check_code(&error.code);
		fuzz_check(strspn(error.region, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
			       strnlen(error.region, sizeof(error.region)),
		    "a region is a plain name");
	}
	if (s3_xml_deleted(input, &failed, &first))
		check_code(&first);
	if (s3_xml_versioning(input, &keeps) && keeps)
		fuzz_check(!s3_xml_error(input, &error) || error.code.text[0] == '\0',
		    "one document is not two");
	for (unsigned status = 199; status < 600; status += 1 + status % 7) {
		(void)s3_put_result(status, error.code.text, BUCKET_IF_TAG);
		(void)s3_get_result(status, error.code.text);
		(void)s3_remove_result(status, error.code.text);
		(void)s3_list_result(status, error.code.text);
		fuzz_check(!s3_request_unknown(status, error.code.text) ||
			       !s3_credentials_refused(error.code.text) || status > 400,
		    "who asks is not what is unknown");
	}
	if (!bytes_copy(input, &text))
		return 0;
	wait_ms = net_retry_after_ms((const char *)text.data, 1700000000000, S3_RETRY_AFTER_MAX_MS);
	fuzz_check(wait_ms >= 0 && wait_ms <= S3_RETRY_AFTER_MAX_MS, "a wait is bounded");
	bytes_clear(&text);
	return 0;
}
