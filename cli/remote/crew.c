/*
 * cli/remote/crew.c: a bounded pool of threads, for as long as one run of the sync machine. One
 * thread seals what is to be put: the compressor takes some MiB, and seals 40 MB/s and more, which
 * is more than is sent; the others send and receive. What a thread touches is its errand, its own
 * remote and what sync_seal allows; the rest is the giver's.
 */
#include "cli/remote/crew.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum job_state {
	JOB_NONE,
	JOB_TO_SEAL,
	JOB_TO_SEND,
	JOB_BUSY, /* some thread's, with its errand */
	JOB_DONE,
};
struct job {
	enum job_state state;
	struct errand errand;
};

struct sender {
	pthread_t thread;
	struct crew *crew;
	struct remote *remote;
};

struct crew {
	struct remote *remote;
	const struct account_id *account;
	const struct clock *clock;
	struct sender senders[SYNC_FLIGHTS_MAX];
	size_t senders_count;
	pthread_t sealer;
	bool has_sealer;
	pthread_mutex_t mutex;  /* guards what follows */
	pthread_cond_t to_seal; /* there is such a job, or it is over */
	pthread_cond_t to_send; /* likewise */
	pthread_cond_t done;
	struct job jobs[SYNC_FLIGHTS_MAX];
	size_t idle; /* senders */
	bool over;
};

static void lock(struct crew *crew)
{
	int error = pthread_mutex_lock(&crew->mutex);

	assert(error == 0);
}

static void unlock(struct crew *crew)
{
	int error = pthread_mutex_unlock(&crew->mutex);

	assert(error == 0);
}

static void seal_errand(struct errand *errand)
{
	errand->sealed = sync_seal(&errand->want, &errand->call);
}

static void send_errand(const struct crew *crew, struct remote *remote, struct errand *errand)
{
	struct sync_want *want = &errand->want;

	remote_request(&errand->call, crew->clock);
	if (want->kind == SYNC_WANT_PUT) {
		errand->result = remote->ops->blob_put(
		    remote->self, crew->account, &want->name, want->blob, &errand->call);
		return;
	}
	errand->result = remote->ops->blob_get(
	    remote->self, crew->account, &want->name, &errand->call, &errand->blob);
	if (errand->result == REMOTE_OK)
		sync_open(want, view_bytes(&errand->blob));
}

static struct job *find(struct crew *crew, enum job_state state)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (crew->jobs[i].state == state)
			return &crew->jobs[i];
	return NULL;
}

static void *seal_on(void *self)
{
	struct crew *crew = self;

	lock(crew);
	while (!crew->over) {
		struct job *job = find(crew, JOB_TO_SEAL);

		if (job == NULL) {
			(void)pthread_cond_wait(&crew->to_seal, &crew->mutex);
			continue;
		}
		job->state = JOB_BUSY;
		unlock(crew);
		seal_errand(&job->errand);
		lock(crew);
		job->state = job->errand.sealed == ENGINE_OK ? JOB_TO_SEND : JOB_DONE;
		(void)pthread_cond_signal(&crew->to_send);
		(void)pthread_cond_signal(&crew->done); /* or who takes sends it */
	}
	unlock(crew);
	return NULL;
}

static void *send_on(void *self)
{
	struct sender *sender = self;
	struct crew *crew = sender->crew;

	lock(crew);
	while (!crew->over) {
		struct job *job = find(crew, JOB_TO_SEND);

		if (job == NULL) {
			crew->idle++;
			(void)pthread_cond_wait(&crew->to_send, &crew->mutex);
			crew->idle--;
			continue;
		}
		job->state = JOB_BUSY;
		unlock(crew);
		send_errand(crew, sender->remote, &job->errand);
		lock(crew);
		job->state = JOB_DONE;
		(void)pthread_cond_signal(&crew->done);
	}
	unlock(crew);
	return NULL;
}

/* Signals are the first thread's: it waits with them in mind. */
static bool begin_thread(pthread_t *thread, void *(*work)(void *), void *self)
{
	sigset_t all, before;
	bool begun;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	begun = pthread_create(thread, NULL, work, self) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return begun;
}

/* One more sender if there is need and room for it; without, the job waits for one there is. */
static void begin_sender(struct crew *crew)
{
	struct sender *sender = &crew->senders[crew->senders_count];
	size_t waiting = 0;
	bool enough;

	lock(crew);
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		waiting += crew->jobs[i].state == JOB_TO_SEAL || crew->jobs[i].state == JOB_TO_SEND;
	enough = crew->idle >= waiting;
	unlock(crew);
	if (enough || crew->senders_count == SYNC_FLIGHTS_MAX)
		return;
	*sender =
	    (struct sender){.crew = crew, .remote = crew->remote->ops->twin(crew->remote->self)};
	if (sender->remote == NULL)
		return;
	if (begin_thread(&sender->thread, send_on, sender))
		crew->senders_count++;
	else
		remote_close(sender->remote);
}

struct crew *crew_new(
    struct remote *remote, const struct account_id *account, const struct clock *clock)
{
	struct crew *crew = calloc(1, sizeof(*crew));

	if (crew == NULL)
		return NULL;
	crew->remote = remote;
	crew->account = account;
	crew->clock = clock;
	if (pthread_mutex_init(&crew->mutex, NULL) != 0)
		goto no_mutex;
	if (pthread_cond_init(&crew->to_send, NULL) != 0)
		goto no_to_send;
	if (pthread_cond_init(&crew->done, NULL) != 0)
		goto no_done;
	if (pthread_cond_init(&crew->to_seal, NULL) == 0)
		return crew;
	(void)pthread_cond_destroy(&crew->done);
no_done:
	(void)pthread_cond_destroy(&crew->to_send);
no_to_send:
	(void)pthread_mutex_destroy(&crew->mutex);
no_mutex:
	free(crew);
	return NULL;
}

void crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	lock(crew);
	crew->over = true;
	(void)pthread_cond_broadcast(&crew->to_seal);
	(void)pthread_cond_broadcast(&crew->to_send);
	unlock(crew);
	if (crew->has_sealer)
		(void)pthread_join(crew->sealer, NULL);
	for (size_t i = 0; i < crew->senders_count; i++) {
		(void)pthread_join(crew->senders[i].thread, NULL);
		remote_close(crew->senders[i].remote);
	}
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		bytes_clear(&crew->jobs[i].errand.blob);
	(void)pthread_cond_destroy(&crew->to_seal);
	(void)pthread_cond_destroy(&crew->done);
	(void)pthread_cond_destroy(&crew->to_send);
	(void)pthread_mutex_destroy(&crew->mutex);
	free(crew);
}

void crew_give(struct crew *crew, const struct errand *errand)
{
	bool seals = errand->want.kind == SYNC_WANT_PUT && errand->want.blob.data == NULL;
	struct job *job;

	if (seals && !crew->has_sealer && crew->remote->ops->twin != NULL)
		crew->has_sealer = begin_thread(&crew->sealer, seal_on, crew);
	lock(crew);
	job = find(crew, JOB_NONE);
	assert(job != NULL);
	job->errand = *errand;
	if (seals && !crew->has_sealer)
		seal_errand(&job->errand);
	if (job->errand.sealed != ENGINE_OK)
		job->state = JOB_DONE;
	else
		job->state = seals && crew->has_sealer ? JOB_TO_SEAL : JOB_TO_SEND;
	(void)pthread_cond_signal(job->state == JOB_TO_SEAL ? &crew->to_seal : &crew->to_send);
	unlock(crew);
	if (crew->remote->ops->twin != NULL)
		begin_sender(crew);
}

/* Of those that nobody else sends the first, or the one that the remote picks; NULL: there is none.
 */
static struct job *pick(struct crew *crew)
{
	const struct remote *remote = crew->remote;
	struct job *waiting[SYNC_FLIGHTS_MAX];
	size_t count = 0;
	size_t at = 0;

	if (crew->senders_count > 0)
		return NULL;
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (crew->jobs[i].state == JOB_TO_SEND)
			waiting[count++] = &crew->jobs[i];
	if (count > 0 && remote->ops->pick != NULL)
		at = remote->ops->pick(remote->self, count);
	assert(count == 0 || at < count);
	return count == 0 ? NULL : waiting[at];
}

void crew_take(struct crew *crew, struct errand *out)
{
	struct job *job;

	lock(crew);
	for (job = find(crew, JOB_DONE); job == NULL; job = find(crew, JOB_DONE)) {
		job = pick(crew);
		if (job == NULL) {
			(void)pthread_cond_wait(&crew->done, &crew->mutex);
			continue;
		}
		job->state = JOB_BUSY;
		unlock(crew);
		send_errand(crew, crew->remote, &job->errand);
		lock(crew);
		job->state = JOB_DONE;
	}
	*out = job->errand;
	*job = (struct job){.state = JOB_NONE};
	unlock(crew);
}
