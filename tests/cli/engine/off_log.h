/*
 * tests/cli/engine/off_log.h: rosters that no log has led to: one statement more, or several, by a
 * member who is live in the roster that they continue. Each rule of rosters holds, each signature
 * and each box; only the log does not know of them. What a hostile member makes, and a hostile
 * bucket or gateway shows.
 */
#ifndef INKSEAL_TESTS_OFF_LOG_H
#define INKSEAL_TESTS_OFF_LOG_H

#include "cli/engine/device_keys.h"

enum off_log {
	OFF_LOG_ADDS,    /* a device that nobody has */
	OFF_LOG_EPOCH,   /* an epoch begins */
	OFF_LOG_REVOKES, /* the victim, and so an epoch begins */
	OFF_LOG_SEVERAL, /* the first two, one after the other */
	OFF_LOG_KINDS,
};
const char *off_log_text(enum off_log kind);
/* The roster's bytes, continued by signer. */
MUST_USE enum format_result off_log_make(struct view roster, const struct device_keys *signer,
    enum off_log kind, const struct device_id *victim, const struct random *random,
    struct bytes *out);

#endif
