/*
 * tests/fuzz/recovery.c: a recovery code as it was typed: what is read prints as a code that is
 * read as the same one, and one wrong letter of it is never taken for a code.
 */
#include "cli/engine/recovery.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

static void check_mistyped(struct fuzz_script *script, const char *printed)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	size_t at = fuzz_pick(script, strlen(printed));
	char letter = letters[fuzz_pick(script, sizeof(letters) - 1)];
	char typed[RECOVERY_TEXT_MAX], message[CALL_MESSAGE_MAX];
	struct recovery_code other;

	memcpy(typed, printed, strlen(printed) + 1);
	if (typed[at] == '-' || typed[at] == letter)
		return;
	typed[at] = letter;
	fuzz_check(!recovery_parse(view_text(typed), &other, message), "a wrong letter is seen");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recovery_code code = {0}, other;
	struct fuzz_script script;
	char message[CALL_MESSAGE_MAX] = "", printed[RECOVERY_TEXT_MAX];

	fuzz_mark(&other, sizeof(other));
	if (!recovery_parse(view_of(data, size), &other, message)) {
		(void)fuzz_decoded(FORMAT_MALFORMED, &other, sizeof(other));
		fuzz_check(message[0] != '\0' && memchr(message, '\0', sizeof(message)) != NULL,
		    "it says what to look at");
	}
	fuzz_begin(&script, data, size);
	fuzz_fill(&script, &code, sizeof(code));
	recovery_print(&code, printed);
	fuzz_check(recovery_parse(view_text(printed), &other, message) &&
		       memcmp(&code, &other, sizeof(code)) == 0,
	    "what is printed is read");
	check_mistyped(&script, printed);
	return 0;
}
