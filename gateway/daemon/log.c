/*
 * gateway/daemon/log.c: one event, one line (logfmt). Whoever has a line puts it into a queue; one
 * thread writes. So a reader that stalls (a full pipe, a pager) holds up that thread alone. What
 * finds the queue full, or is more than a second's worth, is left out and counted, and the count is
 * a line of its own. Standard error is one, and so is what is here.
 */
#include "gateway/daemon/log.h"
#include "gateway/daemon/system.h"
#include "gateway/http/logfmt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 3072u
#define QUEUE_BYTES (256u << 10) /* a thousand lines and more */
#define SPARE_BYTES (16u << 10)  /* of those, for events: a flood of requests hides none */
#define A_SECOND 1000u           /* lines; more would only fill the disk */
#define SPARE_A_SECOND 100u
#define WRITE_MAX 4096u /* PIPE_BUF: where poll sees room, so much does not block */
#define WAIT_MS 200

_Static_assert(LINE_MAX_BYTES <= WRITE_MAX && WRITE_MAX < SPARE_BYTES, "a line fits");

static struct {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t added, written;
	pthread_t writer;
	bool runs, stopping;
	size_t first, len; /* of what is queued, in bytes */
	size_t writing;    /* of those before it: taken out, not written yet */
	int64_t second;    /* the one that is counted */
	unsigned lines;    /* in it */
	uint64_t left_out, left_out_said;
	int64_t said_ms; /* when it was said */
	char bytes[QUEUE_BYTES];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ms(void)
{
	const struct clock clock = system_clock();

	return clock_monotonic_ms(&clock);
}

static struct timespec until_ms(int64_t ms)
{
	return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
}

static void add_time(struct buffer *line)
{
	struct timespec now = {0};
	struct tm utc;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		return;
	buffer_addf(line, "t=%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void make_line(struct buffer *line, const char *level, const char *text)
{
	buffer_init(line, LINE_MAX_BYTES);
	add_time(line);
	http_log_text(line, "level", level);
	buffer_addf(line, " %s\n", text);
}

/* False: whoever reads is gone, or the deadline has come. There is no other place to say so. */
static bool write_out(const uint8_t *data, size_t len, int64_t deadline_ms)
{
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (len > 0 && now_ms() < deadline_ms) {
		ssize_t wrote = 0;

		if (poll(&room, 1, WAIT_MS) == 1)
			wrote = write(STDERR_FILENO, data, len);
		if (wrote < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (wrote > 0) {
			data += wrote;
			len -= (size_t)wrote;
		}
	}
	return len == 0;
}

/* With the lock held. False: there is no room. */
static bool put_in(const struct buffer *line, size_t spare)
{
	size_t end = (queue.first + queue.len) % QUEUE_BYTES;
	size_t part = line->len < QUEUE_BYTES - end ? line->len : QUEUE_BYTES - end;

	if (queue.len + line->len > QUEUE_BYTES - spare)
		return false;
	memcpy(queue.bytes + end, line->data, part);
	memcpy(queue.bytes, line->data + part, line->len - part);
	queue.len += line->len;
	return true;
}

/* With the lock held. */
static bool within_rate(unsigned spare)
{
	int64_t second = now_ms() / 1000;

	if (second != queue.second)
		queue.lines = 0;
	queue.second = second;
	if (queue.lines >= A_SECOND - spare)
		return false;
	queue.lines++;
	return true;
}

/* With the lock held. False: it is to be left out. */
static bool take_line(const struct buffer *line, bool event)
{
	if (line->failed)
		return false;
	if (!queue.runs)
		return write_out(line->data, line->len, now_ms() + 1000);
	return within_rate(event ? 0 : SPARE_A_SECOND) && put_in(line, event ? 0 : SPARE_BYTES);
}

static void add(const char *level, const char *text, bool event)
{
	struct buffer line;

	make_line(&line, level, text);
	(void)pthread_mutex_lock(&queue.lock);
	if (!take_line(&line, event))
		queue.left_out++;
	else if (queue.runs)
		(void)pthread_cond_signal(&queue.added);
	(void)pthread_mutex_unlock(&queue.lock);
	buffer_clear(&line);
}

/* With the lock held. At most one such line a second, and one at the end. */
static void say_left_out(void)
{
	char text[128];
	struct buffer line;

	if (queue.left_out == queue.left_out_said ||
	    (!queue.stopping && now_ms() < queue.said_ms + 1000))
		return;
	(void)snprintf(text, sizeof(text), "event=log message=\"%llu lines left out\"",
	    (unsigned long long)(queue.left_out - queue.left_out_said));
	make_line(&line, "warning", text);
	if (!line.failed && put_in(&line, 0)) {
		queue.left_out_said = queue.left_out;
		queue.said_ms = now_ms();
	}
	buffer_clear(&line);
}

/* With the lock held: takes out as much as one write may have. */
static size_t take_out(uint8_t out[WRITE_MAX])
{
	size_t len = queue.len < WRITE_MAX ? queue.len : WRITE_MAX;
	size_t part = len < QUEUE_BYTES - queue.first ? len : QUEUE_BYTES - queue.first;

	memcpy(out, queue.bytes + queue.first, part);
	memcpy(out + part, queue.bytes, len - part);
	queue.first = (queue.first + len) % QUEUE_BYTES;
	queue.len -= len;
	queue.writing = len;
	return len;
}

static void *write_lines(void *self)
{
	uint8_t out[WRITE_MAX];

	(void)self;
	(void)pthread_mutex_lock(&queue.lock);
	for (;;) {
		struct timespec until = until_ms(now_ms() + 1000);
		size_t len;

		say_left_out();
		len = take_out(out);
		if (len == 0 && queue.stopping)
			break;
		if (len == 0) {
			(void)pthread_cond_timedwait(&queue.added, &queue.lock, &until);
			continue;
		}
		(void)pthread_mutex_unlock(&queue.lock);
		(void)write_out(out, len, INT64_MAX); /* log_stop alone does not wait so long */
		(void)pthread_mutex_lock(&queue.lock);
		queue.writing = 0;
		(void)pthread_cond_signal(&queue.written);
	}
	(void)pthread_mutex_unlock(&queue.lock);
	return NULL;
}

bool daemon_log_start(void)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&queue.added, &monotonic);
	(void)pthread_cond_init(&queue.written, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	queue.runs = pthread_create(&queue.writer, NULL, write_lines, NULL) == 0;
	return queue.runs;
}

void daemon_log_stop(int64_t within_ms)
{
	struct timespec until = until_ms(now_ms() + within_ms);
	bool written;

	if (!queue.runs)
		return;
	(void)pthread_mutex_lock(&queue.lock);
	queue.stopping = true;
	(void)pthread_cond_signal(&queue.added);
	while ((queue.len > 0 || queue.writing > 0 || queue.left_out > queue.left_out_said) &&
	       pthread_cond_timedwait(&queue.written, &queue.lock, &until) == 0)
		continue;
	written = queue.len == 0 && queue.writing == 0;
	(void)pthread_mutex_unlock(&queue.lock);
	/* Nobody reads: the thread ends with the process, and what it holds is nobody's else. */
	if (written)
		(void)pthread_join(queue.writer, NULL);
	else
		(void)pthread_detach(queue.writer);
}

uint64_t daemon_log_left_out(void)
{
	uint64_t left_out;

	(void)pthread_mutex_lock(&queue.lock);
	left_out = queue.left_out;
	(void)pthread_mutex_unlock(&queue.lock);
	return left_out;
}

void daemon_log_request(const char *text)
{
	add("info", text, false);
}

void daemon_log_event(const char *level, const char *event, const char *message)
{
	struct bytes text = {0};
	struct buffer line;

	buffer_init(&line, LINE_MAX_BYTES / 2);
	http_log_text(&line, "event", event);
	if (message[0] != '\0')
		http_log_text(&line, "message", message);
	if (buffer_take(&line, &text))
		add(level, (const char *)text.data, true);
	bytes_clear(&text);
	buffer_clear(&line);
}
