/*
 * cli/remote/workers.c: a bounded pool of threads. One seals what is to be put: the compressor
 * takes some MiB, and seals 40 MB/s and more, which is more than is sent; the others send and
 * receive. What a thread touches is its job, its own remote and what sync_seal allows; the rest is
 * the giver's.
 */
#include "cli/remote/workers.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct sender {
	pthread_t thread;
	struct workers *workers;
	struct remote *remote;
};

struct workers {
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

static void lock(struct workers *workers)
{
	int error = pthread_mutex_lock(&workers->mutex);

	assert(error == 0);
}

static void unlock(struct workers *workers)
{
	int error = pthread_mutex_unlock(&workers->mutex);

	assert(error == 0);
}

static void seal(struct job *job)
{
	job->sealed = sync_seal(&job->want, &job->call);
}

static void send_job(const struct workers *workers, struct remote *remote, struct job *job)
{
	struct sync_want *want = &job->want;

	remote_request(&job->call, workers->clock);
	if (want->kind == SYNC_WANT_PUT) {
		job->result = remote->ops->blob_put(
		    remote->self, workers->account, &want->name, want->blob, &job->call);
		return;
	}
	job->result = remote->ops->blob_get(
	    remote->self, workers->account, &want->name, &job->call, &job->blob);
	if (job->result == REMOTE_OK)
		sync_open(want, view_bytes(&job->blob));
}

static struct job *find(struct workers *workers, enum job_state state)
{
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (workers->jobs[i].state == state)
			return &workers->jobs[i];
	return NULL;
}

static void *seal_on(void *self)
{
	struct workers *workers = self;

	lock(workers);
	while (!workers->over) {
		struct job *job = find(workers, JOB_TO_SEAL);

		if (job == NULL) {
			(void)pthread_cond_wait(&workers->to_seal, &workers->mutex);
			continue;
		}
		job->state = JOB_BUSY;
		unlock(workers);
		seal(job);
		lock(workers);
		job->state = job->sealed == ENGINE_OK ? JOB_TO_SEND : JOB_DONE;
		(void)pthread_cond_signal(&workers->to_send);
		(void)pthread_cond_signal(&workers->done); /* or who takes sends it */
	}
	unlock(workers);
	return NULL;
}

static void *send_on(void *self)
{
	struct sender *sender = self;
	struct workers *workers = sender->workers;

	lock(workers);
	while (!workers->over) {
		struct job *job = find(workers, JOB_TO_SEND);

		if (job == NULL) {
			workers->idle++;
			(void)pthread_cond_wait(&workers->to_send, &workers->mutex);
			workers->idle--;
			continue;
		}
		job->state = JOB_BUSY;
		unlock(workers);
		send_job(workers, sender->remote, job);
		lock(workers);
		job->state = JOB_DONE;
		(void)pthread_cond_signal(&workers->done);
	}
	unlock(workers);
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
static void begin_sender(struct workers *workers)
{
	struct sender *sender = &workers->senders[workers->senders_count];
	size_t waiting = 0;
	bool enough;

	lock(workers);
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		waiting +=
		    workers->jobs[i].state == JOB_TO_SEAL || workers->jobs[i].state == JOB_TO_SEND;
	enough = workers->idle >= waiting;
	unlock(workers);
	if (enough || workers->senders_count == SYNC_FLIGHTS_MAX)
		return;
	*sender = (struct sender){
	    .workers = workers, .remote = workers->remote->ops->twin(workers->remote->self)};
	if (sender->remote == NULL)
		return;
	if (begin_thread(&sender->thread, send_on, sender))
		workers->senders_count++;
	else
		remote_close(sender->remote);
}

struct workers *workers_new(
    struct remote *remote, const struct account_id *account, const struct clock *clock)
{
	struct workers *workers = calloc(1, sizeof(*workers));

	if (workers == NULL)
		return NULL;
	workers->remote = remote;
	workers->account = account;
	workers->clock = clock;
	if (pthread_mutex_init(&workers->mutex, NULL) != 0)
		goto no_mutex;
	if (pthread_cond_init(&workers->to_send, NULL) != 0)
		goto no_to_send;
	if (pthread_cond_init(&workers->done, NULL) != 0)
		goto no_done;
	if (pthread_cond_init(&workers->to_seal, NULL) == 0)
		return workers;
	(void)pthread_cond_destroy(&workers->done);
no_done:
	(void)pthread_cond_destroy(&workers->to_send);
no_to_send:
	(void)pthread_mutex_destroy(&workers->mutex);
no_mutex:
	free(workers);
	return NULL;
}

void workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	lock(workers);
	workers->over = true;
	(void)pthread_cond_broadcast(&workers->to_seal);
	(void)pthread_cond_broadcast(&workers->to_send);
	unlock(workers);
	if (workers->has_sealer)
		(void)pthread_join(workers->sealer, NULL);
	for (size_t i = 0; i < workers->senders_count; i++) {
		(void)pthread_join(workers->senders[i].thread, NULL);
		remote_close(workers->senders[i].remote);
	}
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		bytes_clear(&workers->jobs[i].blob);
	(void)pthread_cond_destroy(&workers->to_seal);
	(void)pthread_cond_destroy(&workers->done);
	(void)pthread_cond_destroy(&workers->to_send);
	(void)pthread_mutex_destroy(&workers->mutex);
	free(workers);
}

void workers_give(struct workers *workers, const struct job *given)
{
	bool seals = given->want.kind == SYNC_WANT_PUT && given->want.blob.data == NULL;
	struct job *job;

	if (seals && !workers->has_sealer && workers->remote->ops->twin != NULL)
		workers->has_sealer = begin_thread(&workers->sealer, seal_on, workers);
	lock(workers);
	job = find(workers, JOB_NONE);
	assert(job != NULL);
	*job = *given;
	if (seals && !workers->has_sealer)
		seal(job);
	if (job->sealed != ENGINE_OK)
		job->state = JOB_DONE;
	else
		job->state = seals && workers->has_sealer ? JOB_TO_SEAL : JOB_TO_SEND;
	(void)pthread_cond_signal(
	    job->state == JOB_TO_SEAL ? &workers->to_seal : &workers->to_send);
	unlock(workers);
	if (workers->remote->ops->twin != NULL)
		begin_sender(workers);
}

/* Of those that nobody else sends the first, or the one that the remote picks; NULL: there is none.
 */
static struct job *pick(struct workers *workers)
{
	const struct remote *remote = workers->remote;
	struct job *waiting[SYNC_FLIGHTS_MAX];
	size_t count = 0;
	size_t at = 0;

	if (workers->senders_count > 0)
		return NULL;
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		if (workers->jobs[i].state == JOB_TO_SEND)
			waiting[count++] = &workers->jobs[i];
	if (count > 0 && remote->ops->pick != NULL)
		at = remote->ops->pick(remote->self, count);
	assert(count == 0 || at < count);
	return count == 0 ? NULL : waiting[at];
}

void workers_take(struct workers *workers, struct job *out)
{
	struct job *job;

	lock(workers);
	for (job = find(workers, JOB_DONE); job == NULL; job = find(workers, JOB_DONE)) {
		job = pick(workers);
		if (job == NULL) {
			(void)pthread_cond_wait(&workers->done, &workers->mutex);
			continue;
		}
		job->state = JOB_BUSY;
		unlock(workers);
		send_job(workers, workers->remote, job);
		lock(workers);
		job->state = JOB_DONE;
	}
	*out = *job;
	*job = (struct job){.state = JOB_NONE};
	unlock(workers);
}
