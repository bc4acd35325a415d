/*
 * gateway/account/log_packs.h: the log: frames in order, out of packs and tail.
 */
#ifndef INKSEAL_ACCOUNT_LOG_PACKS_H
#define INKSEAL_ACCOUNT_LOG_PACKS_H

#include "gateway/account/work.h"

struct account_log {
	struct account_work *work;
	uint64_t after;
	size_t pack; /* the next pack to read */
	size_t tail; /* the next frame of the tail */
	size_t left; /* frames left in the pack at hand */
	struct bytes bytes;
	struct view rest;
};
void account_log_begin(struct account_work *work, uint64_t after, struct account_log *out);
void account_log_clear(struct account_log *log);
/* The next frame; views are good until the next call. OK with *end_out: there is none. */
MUST_USE enum account_result account_log_next(
    struct account_log *log, struct frame *frame_out, struct view *encoded_out, bool *end_out);
uint64_t account_log_oldest(const struct account_work *work); /* the first seq still at hand */
/* Is this very frame in the log? */
MUST_USE enum account_result account_log_holds(
    struct account_work *work, const struct frame *frame, bool *holds_out);

#endif
