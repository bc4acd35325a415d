/*
 * gateway/daemon/log.c: one event, one line (logfmt), one write: lines of several threads do not
 * mix.
 */
#include "gateway/daemon/daemon_priv.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 3072u

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

void daemon_log(const char *level, const char *text)
{
	struct buffer line;
	size_t done = 0;

	buffer_init(&line, LINE_MAX_BYTES);
	add_time(&line);
	http_log_text(&line, "level", level);
	buffer_addf(&line, " %s\n", text);
	while (!line.failed && done < line.len) {
		ssize_t wrote = write(STDERR_FILENO, line.data + done, line.len - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break; /* nobody reads it: there is no other place to say so */
		done += (size_t)wrote;
	}
	buffer_clear(&line);
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
		daemon_log(level, (const char *)text.data);
	bytes_clear(&text);
	buffer_clear(&line);
}
