/*
 * gateway/daemon/log.h: lines on standard error: t=… level=… and what is given. Nobody waits for
 * who reads them: past a bound, and while nobody reads, lines are left out and counted.
 */
#ifndef INKSEAL_DAEMON_LOG_H
#define INKSEAL_DAEMON_LOG_H

#include "schemas/base/base.h"

MUST_USE bool daemon_log_start(void); /* until then each line is written at once */
/* Writes what waits, for so long at the most. Nothing is logged after that. */
void daemon_log_stop(int64_t within_ms);
void daemon_log_request(const char *text); /* text: logfmt */
void daemon_log_event(const char *level, const char *event, const char *message);
uint64_t daemon_log_left_out(void);

#endif
