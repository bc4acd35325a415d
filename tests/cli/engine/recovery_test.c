/*
 * tests/cli/engine/recovery_test.c: the recovery code as people copy it from paper.
 */
#include "tests/cli/engine/engine_fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct recovery_code made_code(uint64_t number)
{
	struct made_random made = {.count = 1000 * number};
	struct random random = made_random(&made);
	struct recovery_code code;

	random_fill(&random, &code, sizeof(code));
	return code;
}

static bool parses(const char *text, const struct recovery_code *code)
{
	struct recovery_code parsed = {0};
	char message[CALL_MESSAGE_MAX] = "";

	if (!recovery_parse(view_text(text), &parsed, message))
		return false;
	assert_memory_equal(&parsed, code, sizeof(parsed));
	return true;
}

static void assert_refused(const char *name, const char *text, const char *message_part)
{
	struct recovery_code parsed, before;
	char message[CALL_MESSAGE_MAX] = "";

	memset(&parsed, 7, sizeof(parsed));
	before = parsed;
	if (recovery_parse(view_text(text), &parsed, message))
		fail_msg("%s: taken", name);
	if (strstr(message, message_part) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", name, message, message_part);
	assert_memory_equal(&parsed, &before, sizeof(parsed));
}

static void printed_codes_parse(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 50; number++) {
		struct recovery_code code = made_code(number);
		char text[RECOVERY_TEXT_MAX];

		recovery_print(&code, text);
		assert_int_equal(strlen(text), RECOVERY_TEXT_MAX - 1);
		for (size_t i = 0; text[i] != '\0'; i++)
			assert_int_equal(text[i] == '-', i % 8 == 7);
		assert_true(parses(text, &code));
	}
}

/* Each character, changed to its neighbour in the alphabet and to one far away. */
static void a_typo_names_its_group(void **state)
{
	struct recovery_code code = made_code(1);
	char text[RECOVERY_TEXT_MAX];

	(void)state;
	recovery_print(&code, text);
	for (size_t i = 0; text[i] != '\0'; i++) {
		static const size_t steps[] = {1, 17};
		char right = text[i];
		char name[32], group[32];

		if (right == '-')
			continue;
		(void)snprintf(name, sizeof(name), "character %zu", i);
		(void)snprintf(group, sizeof(group), "group %zu of", i / 8 + 1);
		for (size_t k = 0; k < COUNT_OF(steps); k++) {
			size_t at = (size_t)(strchr(alphabet, right) - alphabet);

			text[i] = alphabet[(at + steps[k]) % 32];
			assert_refused(name, text, group);
		}
		text[i] = right;
	}
}

static void swapped_neighbours_name_their_group(void **state)
{
	struct recovery_code code = made_code(2);
	char text[RECOVERY_TEXT_MAX];
	unsigned swapped = 0;

	(void)state;
	recovery_print(&code, text);
	for (size_t i = 0; text[i + 1] != '\0'; i++) {
		size_t next = text[i + 1] == '-' ? i + 2 : i + 1;
		char left = text[i], right = text[next];
		char name[32], group[32];

		if (left == '-' || left == right)
			continue;
		(void)snprintf(name, sizeof(name), "characters %zu and %zu", i, next);
		(void)snprintf(group, sizeof(group), "group %zu of", i / 8 + 1);
		text[i] = right;
		text[next] = left;
		assert_refused(name, text, group);
		text[i] = left;
		text[next] = right;
		swapped++;
	}
	assert_true(swapped > 60);
}

static void people_write_it_as_they_like(void **state)
{
	struct recovery_code code = made_code(3);
	char text[RECOVERY_TEXT_MAX], changed[2 * RECOVERY_TEXT_MAX + 8];
	size_t at = 0;

	(void)state;
	recovery_print(&code, text);
	for (size_t i = 0; text[i] != '\0'; i++) /* lower case */
		changed[i] = (char)tolower((unsigned char)text[i]);
	changed[strlen(text)] = '\0';
	assert_true(parses(changed, &code));
	for (size_t i = 0; text[i] != '\0'; i++) { /* letters that look like digits */
		changed[i] = text[i];
		if (text[i] == '0')
			changed[i] = i % 2 ? 'O' : 'o';
		if (text[i] == '1')
			changed[i] = i % 3 == 0 ? 'I' : i % 3 == 1 ? 'l' : 'L';
	}
	assert_true(parses(changed, &code));
	for (size_t i = 0; text[i] != '\0'; i++) /* no dashes, blanks between all, a new line */
		if (text[i] != '-') {
			changed[at++] = text[i];
			changed[at++] = i % 9 == 0 ? '\t' : ' ';
		}
	changed[at++] = '\r';
	changed[at++] = '\n';
	changed[at] = '\0';
	assert_true(parses(changed, &code));
}

static void what_is_no_code_is_refused(void **state)
{
	struct recovery_code code = made_code(4);
	char text[RECOVERY_TEXT_MAX], changed[RECOVERY_TEXT_MAX + 8];

	(void)state;
	recovery_print(&code, text);
	assert_refused("nothing", "", "this has 0");
	(void)snprintf(changed, sizeof(changed), "%.*s", (int)strlen(text) - 1, text);
	assert_refused("a character too few", changed, "this has 76");
	(void)snprintf(changed, sizeof(changed), "%s0", text);
	assert_refused("a character too many", changed, "this has 78");
	(void)snprintf(changed, sizeof(changed), "%s", text);
	changed[17] = '!';
	assert_refused("a stranger", changed, "group 3 of");
	(void)snprintf(changed, sizeof(changed), "%s", text);
	changed[17] = 'u'; /* no code has a U: it would spell words */
	assert_refused("a U", changed, "group 3 of");
	(void)snprintf(changed, sizeof(changed), "%s", text);
	changed[0] = changed[0] == 'A' ? 'B' : 'A';
	changed[30] = changed[30] == 'A' ? 'B' : 'A';
	assert_refused("two typos", changed, "several places");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(printed_codes_parse),
    cmocka_unit_test(a_typo_names_its_group),
    cmocka_unit_test(swapped_neighbours_name_their_group),
    cmocka_unit_test(people_write_it_as_they_like),
    cmocka_unit_test(what_is_no_code_is_refused),
};

TEST_MAIN(tests)
