/*
 * gateway/bucket/s3_identity.c: see the header. Nothing here waits or sends; that a refused request
 * goes again is s3_http.c's.
 */
#include "gateway/bucket/s3_identity.h"

#include <string.h>

#include "gateway/bucket/s3_answer.h"

bool s3_identity_open(struct s3_identity *identity, const struct s3_env *env,
    const struct clock *clock, struct call *call)
{
	*identity = (struct s3_identity){.env = *env, .clock = *clock};
	if (!s3_region_load(env, call, identity->signer.region) ||
	    !s3_credentials_load(env, call, &identity->signer.credentials))
		return false;
	if (pthread_mutex_init(&identity->mutex, NULL) == 0)
		return true;
	s3_signer_clear(&identity->signer);
	call_sayf(call, "no memory for a bucket");
	return false;
}

void s3_identity_close(struct s3_identity *identity)
{
	(void)pthread_mutex_destroy(&identity->mutex);
	s3_signer_clear(&identity->signer);
}

void s3_identity_get(struct s3_identity *identity, struct s3_signer *out)
{
	(void)pthread_mutex_lock(&identity->mutex);
	*out = identity->signer;
	(void)pthread_mutex_unlock(&identity->mutex);
}

void s3_signer_clear(struct s3_signer *signer)
{
	s3_credentials_clear(&signer->credentials);
	*signer = (struct s3_signer){0};
}

bool s3_identity_denied(struct s3_identity *identity)
{
	bool denied;

	(void)pthread_mutex_lock(&identity->mutex);
	denied = identity->denied;
	(void)pthread_mutex_unlock(&identity->mutex);
	return denied;
}

/* With the mutex held, as below. False: it is no news, or there has been too much of it. */
static bool region_learned(struct s3_identity *identity, const char *region)
{
	if (strcmp(region, identity->signer.region) == 0 ||
	    identity->regions == S3_REGIONS_LEARNED_MAX)
		return false;
	identity->regions++;
	identity->signer.version++;
	memcpy(identity->signer.region, region, strlen(region) + 1);
	return true;
}

bool s3_identity_region(struct s3_identity *identity, const char *region)
{
	bool learned;

	(void)pthread_mutex_lock(&identity->mutex);
	learned = region[0] != '\0' && region_learned(identity, region);
	(void)pthread_mutex_unlock(&identity->mutex);
	return learned;
}

static enum s3_told region_told(struct s3_identity *identity, const struct s3_error *error)
{
	bool ask = !identity->asked;

	if (error->region[0] != '\0')
		return region_learned(identity, error->region) ? S3_TOLD_AGAIN : S3_TOLD_NOTHING;
	identity->asked = true;
	return ask ? S3_TOLD_ASK : S3_TOLD_NOTHING;
}

static bool credentials_equal(const struct s3_credentials *a, const struct s3_credentials *b)
{
	return strcmp(a->access_key, b->access_key) == 0 &&
	       strcmp(a->secret_key, b->secret_key) == 0 &&
	       strcmp(a->session_token, b->session_token) == 0;
}

static enum s3_told credentials_told(struct s3_identity *identity)
{
	int64_t now_ms = clock_monotonic_ms(&identity->clock);
	struct s3_credentials found = {0};
	struct call call; /* why a file can't be read now: what the store says is what counts */
	bool other;

	identity->denied = true;
	if (identity->read_again && now_ms - identity->read_ms < S3_READ_AGAIN_MS)
		return S3_TOLD_NOTHING;
	identity->read_again = true;
	identity->read_ms = now_ms;
	call_init(&call, 0);
	other = s3_credentials_load(&identity->env, &call, &found) &&
		!credentials_equal(&found, &identity->signer.credentials);
	if (other) {
		identity->signer.credentials = found;
		identity->signer.version++;
	}
	s3_credentials_clear(&found);
	return other ? S3_TOLD_AGAIN : S3_TOLD_NOTHING;
}

enum s3_told s3_identity_told(
    struct s3_identity *identity, uint64_t version, unsigned status, const struct s3_error *error)
{
	bool elsewhere = s3_region_wrong(status, error->code.text, error->region);
	bool refused = s3_credentials_refused(error->code.text);
	enum s3_told told = S3_TOLD_NOTHING;

	(void)pthread_mutex_lock(&identity->mutex);
	if ((elsewhere || refused) && identity->signer.version != version)
		told = S3_TOLD_AGAIN; /* another thread has learned it meanwhile */
	else if (elsewhere)
		told = region_told(identity, error);
	else if (refused)
		told = credentials_told(identity);
	else if (status < 400 || (status < 500 && error->code.text[0] != '\0'))
		identity->denied = false;
	(void)pthread_mutex_unlock(&identity->mutex);
	return told;
}
