/*
 * gateway/daemon/invites.c: single-use tokens in the bucket. Spending one writes the account's id
 * into its object, on the condition that nobody did before; so of two accounts one gets it, and who
 * crashed between spending and creating may come again.
 */
#include "gateway/daemon/invites.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket.h"
#include "schemas/invite.h"

#include <sodium.h>

#define SPEND_ROUNDS 4u

static enum account_result from_bucket(enum bucket_result result)
{
	switch (result) {
	case BUCKET_OK:
	case BUCKET_UNCHANGED: return ACCOUNT_OK;
	case BUCKET_ABSENT: return ACCOUNT_ABSENT;
	case BUCKET_CONFLICT:
	case BUCKET_RETRY:
	case BUCKET_UNKNOWN: return ACCOUNT_RETRY;
	case BUCKET_REFUSED: return ACCOUNT_FAILED;
	}
	return ACCOUNT_FAILED;
}

enum account_result invites_make(
    const struct account_env *env, struct call *call, char token_out[64])
{
	uint8_t secret[INVITE_TOKEN_LEN];
	char token[INVITE_TOKEN_TEXT_MAX], key[INVITE_KEY_MAX];
	struct invite invite = {.made_ms = clock_wall_ms(env->clock)};
	struct bucket_put put = {.key = key, .cond = BUCKET_ALWAYS}; /* nobody else has this key */
	enum account_result result = ACCOUNT_FAILED;
	struct bytes encoded = {0};
	struct bucket_tag tag;

	random_fill(env->random, secret, sizeof(secret));
	hex_encode(view_of(secret, sizeof(secret)), token);
	sodium_memzero(secret, sizeof(secret));
	if (!invite_key(token, key) || invite_encode(&invite, &encoded) != FORMAT_OK) {
		call_sayf(call, "no memory");
		return ACCOUNT_FAILED;
	}
	put.data = view_bytes(&encoded);
	for (unsigned i = 0; i < SPEND_ROUNDS; i++) {
		result = from_bucket(bucket_put(env->bucket, &put, call, &tag));
		if (result != ACCOUNT_RETRY)
			break;
	}
	bytes_clear(&encoded);
	if (result == ACCOUNT_OK)
		for (size_t i = 0; i < sizeof(token); i++)
			token_out[i] = token[i];
	return result;
}

/* The invitation's object; ACCOUNT_REFUSED if there is none. */
static enum account_result invite_read(const struct account_env *env, const char *key,
    struct call *call, struct invite *out, struct bucket_tag *tag_out)
{
	struct bucket_get get = {.key = key};
	struct bytes found = {0};
	enum account_result result =
	    from_bucket(bucket_get(env->bucket, &get, call, &found, tag_out));

	if (result == ACCOUNT_ABSENT) {
		call_sayf(call, "this invitation is not known here");
		result = ACCOUNT_REFUSED;
	}
	if (result == ACCOUNT_OK && invite_decode(view_bytes(&found), out) != FORMAT_OK) {
		call_sayf(call, "the invitation's object is damaged");
		result = ACCOUNT_DAMAGED;
	}
	bytes_clear(&found);
	return result;
}

/* One look, and one conditional put if it is unspent; RETRY: look again. */
static enum account_result spend_once(const struct account_env *env, const char *key,
    const struct account_id *account, struct call *call)
{
	struct bucket_put put = {.key = key, .cond = BUCKET_IF_TAG};
	struct bytes spent = {0};
	struct invite invite = {0};
	enum account_result result;
	struct bucket_tag tag;

	result = invite_read(env, key, call, &invite, &put.tag);
	if (result != ACCOUNT_OK)
		return result;
	if (invite.spent) {
		if (account_equal(&invite.account, account))
			return ACCOUNT_OK;
		call_sayf(call, "this invitation was used already");
		return ACCOUNT_REFUSED;
	}
	invite.spent = true;
	invite.account = *account;
	if (invite_encode(&invite, &spent) != FORMAT_OK) {
		call_sayf(call, "no memory");
		return ACCOUNT_FAILED;
	}
	put.data = view_bytes(&spent);
	result = from_bucket(bucket_put(env->bucket, &put, call, &tag));
	bytes_clear(&spent);
	return result;
}

enum account_result invites_check(void *self, const char *token, struct call *call)
{
	char key[INVITE_KEY_MAX];
	struct invite invite;
	struct bucket_tag tag;

	if (invite_key(token, key))
		return invite_read(self, key, call, &invite, &tag);
	call_sayf(call, "this is no invitation");
	return ACCOUNT_REFUSED;
}

enum account_result invites_spend(
    void *self, const char *token, const struct account_id *account, struct call *call)
{
	const struct account_env *env = self;
	enum account_result result = ACCOUNT_RETRY;
	char key[INVITE_KEY_MAX];

	if (!invite_key(token, key)) {
		call_sayf(call, "this is no invitation");
		return ACCOUNT_REFUSED;
	}
	for (unsigned i = 0; i < SPEND_ROUNDS && result == ACCOUNT_RETRY; i++)
		result = spend_once(env, key, account, call);
	return result;
}
