/*
 * gateway/http/limits.h: what a request may take: of its device's rate, of its account's room in
 * the bucket, of the memory for bodies and answers, of the workers. How much room there is, the
 * keeper knows (config.h). A function that says "False: answered" has set the exchange's answer,
 * and has counted the refusal.
 */
#ifndef INKSEAL_HTTP_LIMITS_H
#define INKSEAL_HTTP_LIMITS_H

#include "gateway/http/exchange.h"

#define HTTP_SMALL_BODY (64u << 10) /* bytes; a longer one is not read until it is known whose */
#define HTTP_STATEMENTS_MAX 60u     /* bogus ones of a device in a minute, beyond its requests */

struct http_push {
	uint64_t bytes; /* to be put, and charged; 0: a poll, or statements alone */
	bool statement; /* it says that it changes who belongs */
	bool spare;     /* small, or a snapshot: also out of what is kept for such */
};
void limits_push(const struct sync_request *request, struct http_push *out);
bool limits_blob_spare(struct view blob);

/* ---- how often a device asks ---- */

/* statement: what it sends says that it holds one. False: answered, 429. */
MUST_USE bool limits_rate(struct exchange *exchange, bool statement);
/* The statement that it was let in for was one: it paid for nothing. */
void limits_rate_back(struct exchange *exchange);

/* ---- what an account takes of the bucket ---- */

/* As http_keeper.reserve, into exchange->reserved; counts a refusal. */
MUST_USE enum account_result limits_reserve(
    struct exchange *exchange, uint64_t bytes, bool spare, struct call *call);
/* Answers 507, by call->message. */
void limits_full(struct exchange *exchange, const struct call *call);
/* Tells the keeper that so many bytes were put, and whether something was committed. */
void limits_settle(
    struct exchange *exchange, const struct account_id *account, uint64_t put, bool committed);

/* ---- memory ---- */

/* Whether a body of that length fits beside what is here of all others. False: answered, 503. */
MUST_USE bool limits_body(struct exchange *exchange, size_t len);
/* So many bytes of it are here. False: too much is; nothing is answered. */
MUST_USE bool limits_hold(struct exchange *exchange, size_t len);
/* Its body and its worker are others'. */
void limits_release(struct exchange *exchange);
/* Whether an answer of that length fits beside those that were not read yet. False: answered, 503.
 */
MUST_USE bool limits_answer_room(struct exchange *exchange, size_t len);
/* Its answer is there, and held until limits_answer_gone; or it is another one, 503. */
void limits_answer(struct exchange *exchange);
void limits_answer_gone(struct exchange *exchange);

/* ---- who is not authenticated ---- */

/*
 * A worker for it, or its place in the queue. Whoever is not authenticated has a part of the
 * workers at the most, and does not wait for one. False: answered, 503.
 */
MUST_USE bool limits_worker(struct exchange *exchange);
/* Too many such requests are here. */
void limits_answer_crowd(struct exchange *exchange, unsigned status);
/* It is a live device's: what is held of its body counts as its account's from now on. */
void limits_known(struct exchange *exchange);

#endif
