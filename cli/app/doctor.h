/*
 * cli/app/doctor.h: looks at everything that may be wrong with a home, and changes nothing.
 */
#ifndef INKSEAL_DOCTOR_H
#define INKSEAL_DOCTOR_H

#include "cli/app/session.h"

enum finding {
	FINDING_OK,
	FINDING_NOTE, /* look at it */
	FINDING_BAD,
};
struct findings { /* who is told, a line a check */
	void *self;
	void (*see)(void *self, enum finding finding, const char *what, const char *said);
};
/* CODE_ERROR: something is bad. probe: also tries the bucket, or asks the gateway. */
MUST_USE enum code app_examine(
    struct session *session, bool probe, const struct findings *findings);

#endif
