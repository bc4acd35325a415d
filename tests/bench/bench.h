/*
 * tests/bench/bench.h: what the timing programs share: time, a kept-alive libcurl handle that asks
 * a gateway or an S3 store, and accounts whose frames a gateway takes. It is the same client on
 * both sides of every comparison. A program prints one line of JSON; whatever goes wrong ends it
 * with a message and exit code 1, so nothing here returns an error.
 */
#ifndef INKSEAL_TESTS_BENCH_H
#define INKSEAL_TESTS_BENCH_H

#include "schemas/sync.h"

#include <curl/curl.h>

#define BENCH_URL_MAX 512u
#define BENCH_BODY_LEN 272u /* a frame's sealed body: padded to 256 bytes, and the cipher's tag */

void bench_start(void); /* before anything else here */
_Noreturn void bench_die(const char *format, ...) PRINTF_LIKE(1, 2);
uint64_t bench_number(const char *text, uint64_t max); /* an argument: 1 to max */
int64_t bench_now_us(void);                            /* monotonic */
/* Sorts. A median and other places: part is in thousandths. */
double bench_place(double *values, size_t count, unsigned part);

/* One server on one kept-alive connection; for one thread. */
struct bench_server {
	CURL *curl;
	char base[BENCH_URL_MAX];      /* http://host:port */
	char authority[BENCH_URL_MAX]; /* host:port */
	char user[BENCH_URL_MAX];      /* "key:secret" for SigV4; "": no S3 store */
	char bucket[BENCH_URL_MAX];    /* of an S3 store: "/bucket/prefix/" */
};
/* url: http://HOST:PORT of a gateway, or s3:http://HOST:PORT/BUCKET[/PREFIX] with AWS_* set. */
void bench_server_open(struct bench_server *server, const char *url);
void bench_server_close(struct bench_server *server);

/* A signer: one account of one device, at its head. */
struct bench_account {
	struct account_id id;
	struct device_id device;
	uint8_t sign_secret[SIGN_SECRET_LEN];
	struct bytes create; /* the request that makes it */
	struct digest roster_hash;
	struct head head;
};
void bench_account_make(struct bench_account *account);
void bench_account_clear(struct bench_account *account);
struct bench_patch {          /* yours; clear request */
	struct bytes request; /* the sync request of one new patch … */
	struct head next;     /* … and the head that its commit gives */
};
/* On the head. */
void bench_patch_make(
    const struct bench_account *account, const struct head *head, struct bench_patch *out);

/* One request to a gateway, signed if there is an account. The answer's status; *body_out is its
 * body (NULL: not wanted). */
long bench_ask(struct bench_server *server, const struct bench_account *account, const char *method,
    const char *path, const char *content_type, struct view body, struct bytes *body_out);
/* Creates the account at the gateway. */
void bench_account_open(struct bench_server *server, const struct bench_account *account);
/* Sends a patch on the account's head; it must be committed. Microseconds from signing the request
 * to the whole answer. */
int64_t bench_push(
    struct bench_server *server, struct bench_account *account, const struct bench_patch *patch);
/* A signed GET as bytes, for who writes sockets. */
void bench_get_bytes(const struct bench_server *server, const struct bench_account *account,
    const char *path, const char *query, struct buffer *out);

#define BENCH_TAG_MAX 128u
/* PUT of body at key: if match is "" the key must be absent, else have that tag, which becomes the
 * new one. Microseconds. */
int64_t bench_put(
    struct bench_server *server, const char *key, struct view body, char match[BENCH_TAG_MAX]);
void bench_get(struct bench_server *server, const char *key, struct bytes *out);

#endif
