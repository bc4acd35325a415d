/*
 * gateway/http/admission.c: a list of those inside, counted through for each one more.
 */
#include "gateway/http/admission.h"

#include <pthread.h>
#include <stdlib.h>

#define UNFOUND_PART 2u /* of the places: for accounts that were not found lately */

struct http_admission {
	struct http_admission_limits limits;
	pthread_mutex_t lock; /* guards all below */
	struct http_visitor *inside;
	size_t inside_count;
};

struct http_admission *http_admission_new(const struct http_admission_limits *limits)
{
	struct http_admission *admission = calloc(1, sizeof(*admission));

	if (admission == NULL)
		return NULL;
	admission->limits = *limits;
	(void)pthread_mutex_init(&admission->lock, NULL);
	admission->inside = calloc(limits->all_max, sizeof(*admission->inside));
	if (admission->inside == NULL) {
		http_admission_free(admission);
		return NULL;
	}
	return admission;
}

void http_admission_free(struct http_admission *admission)
{
	if (admission == NULL)
		return;
	free(admission->inside);
	(void)pthread_mutex_destroy(&admission->lock);
	free(admission);
}

/*
 * No account has all places, no address, and not all accounts together that nobody has found: an
 * id is a guess until then, and a device that was forgotten asks for one that is there.
 */
static unsigned room(const struct http_admission *admission, const struct http_visitor *next)
{
	const struct http_admission_limits *limits = &admission->limits;
	unsigned of_account = 0, of_peer = 0, unfound = 0;

	for (size_t i = 0; i < admission->inside_count; i++) {
		const struct http_visitor *one = &admission->inside[i];

		of_account += account_equal(&one->account, &next->account);
		of_peer += one->peer == next->peer;
		unfound += !one->found;
	}
	if (admission->inside_count >= limits->all_max ||
	    (!next->found && unfound >= limits->all_max / UNFOUND_PART))
		return 503;
	return of_account < limits->account_max &&
		       (next->peer == 0 || of_peer < limits->address_max)
		   ? 0
		   : 429;
}

unsigned http_admission_enter(struct http_admission *admission, const struct http_visitor *visitor)
{
	unsigned status;

	(void)pthread_mutex_lock(&admission->lock);
	status = room(admission, visitor);
	if (status == 0)
		admission->inside[admission->inside_count++] = *visitor;
	(void)pthread_mutex_unlock(&admission->lock);
	return status;
}

void http_admission_leave(struct http_admission *admission, const void *request)
{
	(void)pthread_mutex_lock(&admission->lock);
	for (size_t i = 0; i < admission->inside_count; i++) {
		if (admission->inside[i].request != request)
			continue;
		admission->inside[i] = admission->inside[--admission->inside_count];
		break;
	}
	(void)pthread_mutex_unlock(&admission->lock);
}

size_t http_admission_count(struct http_admission *admission)
{
	size_t count;

	(void)pthread_mutex_lock(&admission->lock);
	count = admission->inside_count;
	(void)pthread_mutex_unlock(&admission->lock);
	return count;
}
