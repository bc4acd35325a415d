/*
 * cli/engine/recovery.h: the recovery code: one more device, kept on paper.
 * 48 bytes (account id 20, key 16, newest statement's hash 8, checksum 4) as 77 characters of
 * Crockford's base 32 in 11 groups of 7. The code is a secret: wipe every copy.
 */
#ifndef INKSEAL_RECOVERY_H
#define INKSEAL_RECOVERY_H

#include "schemas/format.h"

#define RECOVERY_KEY_LEN 16u
#define RECOVERY_STATEMENT_LEN 8u
#define RECOVERY_GROUPS 11u
#define RECOVERY_GROUP_LEN 7u
#define RECOVERY_TEXT_MAX (RECOVERY_GROUPS * (RECOVERY_GROUP_LEN + 1u)) /* with the NUL */

struct recovery_code {
	struct account_id account;
	uint8_t key[RECOVERY_KEY_LEN];
	uint8_t statement[RECOVERY_STATEMENT_LEN]; /* first bytes of the newest statement's hash */
};

void recovery_print(const struct recovery_code *code, char out[RECOVERY_TEXT_MAX]);
/*
 * Reads what a person typed: any case, O for 0, I or L for 1, with or without dashes and blanks.
 * False: message says what to look at, and names the mistyped group where one change mends it.
 */
MUST_USE bool recovery_parse(
    struct view text, struct recovery_code *out, char message_out[CALL_MESSAGE_MAX]);

#endif
