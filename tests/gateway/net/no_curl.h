/*
 * tests/gateway/net/no_curl.h: libcurl's calls answered by the test, so that nothing is sent: which
 * options a request sets is noted, and what would come back is given to its callbacks. Link the
 * library no_curl, which puts itself before libcurl.
 */
#ifndef INKSEAL_NO_CURL_H
#define INKSEAL_NO_CURL_H

#include <curl/curl.h>

#include "schemas/base/base.h"

#define NO_CURL_OPTIONS_MAX 48u

typedef size_t (*no_curl_data)(char *data, size_t size, size_t count, void *self);

union no_curl_value {
	intptr_t number;
	const char *text;
	void *data;
	no_curl_data function;
	curl_prereq_callback before;
	curl_xferinfo_callback progress;
};

struct no_curl {
	struct {
		CURLoption option;
		union no_curl_value value;
	} set[NO_CURL_OPTIONS_MAX]; /* since the last reset */
	size_t set_count;
	unsigned resets;
	unsigned calls, fails_at; /* the nth call of what may run out of memory; 0: none */
	long status, sent;        /* what libcurl says of a request; sent < 0: it does not know */
	curl_off_t connected_us;
	CURLcode end;  /* of curl_easy_perform */
	char url[256]; /* libcurl copies texts; the others here stay */
};
extern struct no_curl no_curl;

bool no_curl_fails(void); /* counts one call of what may run out of memory */
union no_curl_value no_curl_value(CURLoption option); /* number -1: it was not set */
intptr_t no_curl_number(CURLoption option);
const char *no_curl_text(CURLoption option); /* NULL: it was not set */
/* Bytes for the body's or the header's callback; what that returns. */
size_t no_curl_give(CURLoption function, CURLoption data, const char *bytes, size_t len);
/* Lines that end with a line feed, all of which are taken. */
void no_curl_give_header(const char *lines);

#endif
