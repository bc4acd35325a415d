/*
 * tests/schemas/tables_test.c: the JSON tables of schemas/vectors that need no key: times,
 * conflict copies, domains.
 */
#include "schemas/entry.h"
#include "tests/test.h"

#include <jansson.h>
#include <string.h>

static json_t *read_table(const char *path, const char *name)
{
	json_error_t error;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	json_t *rows = json_object_get(file, name);

	if (!json_is_array(rows) || json_array_size(rows) == 0)
		fail_msg("%s: no %s", path, name);
	json_incref(rows);
	json_decref(file);
	return rows;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_non_null(text);
	return text;
}

static void hex_of(const json_t *row, const char *key, void *out, size_t len)
{
	const char *text = text_of(row, key);

	assert_true(hex_decode(text, strlen(text), out, len));
}

static void times_are_parsed(void **state)
{
	json_t *rows = read_table(INKSEAL_VECTORS "/time.json", "parse");
	unsigned faults = 0;
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		const char *text = text_of(row, "text");
		int64_t want = json_integer_value(json_object_get(row, "ms"));
		int64_t got = time_parse_ms(view_text(text));

		if (got == want)
			continue;
		faults++;
		print_error("\"%s\": %lld, not %lld\n", text, (long long)got, (long long)want);
	}
	json_decref(rows);
	assert_int_equal(faults, 0);
}

static void times_are_printed(void **state)
{
	json_t *rows = read_table(INKSEAL_VECTORS "/time.json", "print");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		int64_t ms = json_integer_value(json_object_get(row, "ms"));
		char text[TIME_PRINT_MAX];

		time_print_ms(ms, text);
		assert_string_equal(text, text_of(row, "text"));
		assert_true(time_parse_ms(view_text(text)) == ms);
	}
	json_decref(rows);
}

static void copies_have_their_ids(void **state)
{
	json_t *rows = read_table(INKSEAL_VECTORS "/copy.json", "copies");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct device_id device;
		char id[COPY_ID_LEN + 1];

		hex_of(row, "device", device.bytes, DEVICE_ID_LEN);
		entry_copy_id(view_text(text_of(row, "id")), &device, id);
		assert_string_equal(id, text_of(row, "copy"));
	}
	json_decref(rows);
}

/* In the order of enum domain. */
static void domains_are_apart(void **state)
{
	json_t *rows = read_table(INKSEAL_VECTORS "/domain.json", "domains");
	json_t *row;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(rows), DOMAIN_CHECKSUM + 1);
	json_array_foreach(rows, i, row)
	{
		uint8_t text[DOMAIN_TEXT_LEN];
		struct digest want, got;

		hex_of(row, "text", text, sizeof(text));
		assert_memory_equal(domain_text((enum domain)i), text, sizeof(text));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(domain_text((enum domain)k), text, sizeof(text));
		hex_of(row, "hash", want.bytes, DIGEST_LEN);
		digest_view((enum domain)i, view_text("abc"), &got);
		assert_true(digest_equal(&want, &got));
	}
	json_decref(rows);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_are_parsed),
    cmocka_unit_test(times_are_printed),
    cmocka_unit_test(copies_have_their_ids),
    cmocka_unit_test(domains_are_apart),
};

TEST_MAIN(tests)
