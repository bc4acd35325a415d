/*
 * gateway/account/names.h: a push, and which blobs it may name (S6).
 */
#ifndef INKSEAL_ACCOUNT_NAMES_H
#define INKSEAL_ACCOUNT_NAMES_H

#include "gateway/account/work.h"

struct account_push {
	const struct sync_request *request;
	struct frame frames[SYNC_PUSH_MAX];         /* request->frames, decoded */
	struct blob_name body_names[SYNC_PUSH_MAX]; /* what the frames call request->bodies */
	struct blob_name
	    *missing; /* SYNC_NAMES_MAX at most: to be put again, under another count */
	size_t missing_count;
	struct bytes index; /* a load's or snapshot's, if this push has one */
	struct blob_name index_name;
};
/* Decodes the frames and names the bodies. REFUSED: the message says what does not hold. */
MUST_USE enum account_result account_push_decode(
    struct account_push *push, const struct sync_request *request, struct call *call);
/* Fills missing. REFUSED: an index does not hold. */
MUST_USE enum account_result account_push_names(
    struct account_work *work, struct account_push *push);
void account_push_clear(struct account_push *push);
MUST_USE enum account_result account_push_bodies(
    struct account_work *work, const struct account_push *push);

#endif
