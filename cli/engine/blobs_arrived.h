/*
 * cli/engine/blobs_arrived.h: what a blob that has arrived means, or one that has not.
 */
#ifndef INKSEAL_BLOBS_ARRIVED_H
#define INKSEAL_BLOBS_ARRIVED_H

#include "cli/engine/steps.h"

/* One that came alone: a roster, a body, an index to be learnt. */
MUST_USE enum engine_result blob_arrived(struct sync *sync, struct view blob);
/* One of a snapshot's: what was put is read back, or what is installed has come. */
MUST_USE enum engine_result transfer_arrived(
    struct sync *sync, struct transfer *transfer, struct view blob);
/* A want could not be done, as the result says. ENGINE_OK: the machine looks again, or goes on. */
MUST_USE enum engine_result blob_failed(struct sync *sync, enum engine_result result);

#endif
