/*
 * tests/gateway/bucket/fake_store.h: an S3 store by callbacks: in a program that links this, what
 * the driver sends comes here instead of to libcurl. A test writes down each request and what is
 * answered; all of the driver but s3_http.c and s3_exchange.c is the product's.
 */
#ifndef INKSEAL_FAKE_STORE_H
#define INKSEAL_FAKE_STORE_H

#include "gateway/bucket/bucket_s3.h"

struct fake_answer {
	/*
	 * "METHOD KEY?NAME=VALUE&…", plain; a key that is whole has "=" before it. Then, if they
	 * are there, " if-match:…", " if-none-match:…", " range:…", and a body after a line feed.
	 */
	const char *request;
	unsigned long status; /* 0: no answer came, but sent */
	const char *code, *body;
	const char *tag;
	enum bucket_result sent;
};

/* The store of a test, with that prefix in its URL; nothing is known of it yet. */
struct s3 *fake_store(const char *prefix);
/* What is asked from now on, and answered. */
void fake_script(const struct fake_answer *answers, size_t count);
/* All of it was asked, and nothing else. */
void fake_end(const char *name);
/* Or: each request as text, to be answered by a function that fills in what it likes. */
extern void (*fake_serves)(const char *request, struct fake_answer *answer_out);
/* The last request's bound. */
extern size_t fake_answer_max;

#endif
