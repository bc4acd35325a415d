/*
 * schemas/invite.h: an invitation to create an account on a gateway (invite.cddl). The token is the
 * secret: 128 random bits in hexadecimal. The bucket holds an object under its hash, which in time
 * names the account that spent it: who spends it again for the same account is let in again.
 */
#ifndef INKSEAL_INVITE_H
#define INKSEAL_INVITE_H

#include "schemas/format.h"

#define INVITE_TOKEN_LEN 16u
#define INVITE_TOKEN_TEXT_MAX (2u * INVITE_TOKEN_LEN + 1u)
#define INVITE_MAX 128u /* bytes of the object */
#define INVITE_KEY_MAX 80u

struct invite {
	int64_t made_ms;
	bool spent;
	struct account_id account; /* if spent */
};

/* The object's key, "n/" and 64 digits. False: the text is no token. */
MUST_USE bool invite_key(const char *token, char out[INVITE_KEY_MAX]);
MUST_USE enum format_result invite_encode(const struct invite *invite, struct bytes *out);
MUST_USE enum format_result invite_decode(struct view encoded, struct invite *out);

#endif
