/*
 * tests/gateway/http/http_fixture.h: a gateway in this process, on a port of its own, over the
 * account fixture's memory bucket; and a client that writes what it is told to a socket. The
 * fixture's own clients reach the same bucket without the gateway: to it they are another gateway.
 */
#ifndef INKSEAL_TESTS_HTTP_FIXTURE_H
#define INKSEAL_TESTS_HTTP_FIXTURE_H

#include "gateway/http/http.h"
#include "schemas/http_signature.h"
#include "tests/gateway/account/fixture.h"

#include <pthread.h>

#define CBOR "application/cbor"
#define OCTETS "application/octet-stream"
#define SITE_LOG_MAX (256u << 10)

struct site {
	struct pair *pair; /* FIRST and SECOND, live; head 1 */
	struct clock clock;
	struct http_config config; /* may be changed between site_setup and site_start */
	char name[64];             /* 127.0.0.1:PORT */
	const char *names[2];
	struct http_server *server;
	uint16_t port, metrics_port;
	uint8_t receipt_secret[SIGN_SECRET_LEN];
	/* The server's own way into the fixture's store: the fixture's is for one thread. */
	struct bucket *bucket;
	struct bucket_counts counts;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t moved;
	char log[SITE_LOG_MAX];
	size_t log_len;
	enum memory_op gate_op;
	bool gate_armed, gate_reached, gate_open;
	unsigned tokens_checked;
	bool failing; /* all of the server's bucket operations fail */
};
/* cmocka's: makes keys, account and config; the server is not started. */
int site_setup(void **state);
int site_teardown(void **state);
void site_start(struct site *site, bool ready);
void site_stop(struct site *site, int64_t within_ms);
/* The next such bucket operation of the server's waits until site_open_gate. */
void site_close_gate(struct site *site, enum memory_op op);
void site_await_gate(struct site *site);
void site_open_gate(struct site *site);
bool site_logged(struct site *site, const char *text);    /* in time */
bool site_log_holds(struct site *site, const char *text); /* now */
void site_set_failing(struct site *site, bool failing);
void site_count(struct site *site, struct bucket_counts *out);
int64_t site_now(void); /* monotonic ms */
void site_pause(long ms);

/* One request as bytes, and its answer. */
struct ask {
	size_t member; /* who signs; MEMBERS_COUNT: nobody */
	const char *method, *path, *query, *type;
	struct view body;
	const char *more;                 /* header lines, each with its CRLF; NULL: none */
	int64_t clock_s;                  /* how wrong the signer's clock is */
	const char *authority;            /* NULL: the site's */
	const struct account_id *account; /* in keyid; NULL: the fixture's */
	bool spoil_body;                  /* another body is sent than was signed */
	size_t cut;                       /* so many of the body's last bytes are not sent */
};
struct reply {           /* clear with reply_clear */
	unsigned status; /* 0: closed without an answer */
	char head[4096]; /* the header's text */
	struct bytes body;
};
void reply_clear(struct reply *reply);
/* The value of a field, in a static buffer; "" if it is not there. */
const char *reply_field(const struct reply *reply, const char *name);
bool reply_says(const struct reply *reply, const char *text); /* the body holds text */

int site_connect(const struct site *site);
int site_connect_from(const struct site *site, const char *address); /* an IPv4 one of ours */
int site_connect_narrow(const struct site *site);      /* little fits between us and it */
int site_connect_metrics(const struct site *site);     /* at the door of /metrics */
void site_write(int fd, const void *data, size_t len); /* a peer that closed is no failure here */
void site_ask_begin(struct site *site, int fd, const struct ask *ask);
/* Reads one answer; within_ms bounds the whole. */
void site_reply(int fd, int64_t within_ms, struct reply *out);
/* All that comes until the peer closes. False: it did not within_ms, or sent more than fits. */
bool site_read_all(int fd, int64_t within_ms, char *out, size_t out_size);
/* On a connection of its own. */
void site_ask(struct site *site, const struct ask *ask, struct reply *out);
/* A sync of the client's request; its answer becomes client->answer, its head moves. */
void site_sync(struct site *site, struct client *client, size_t member, struct reply *out);
void site_metrics(struct site *site, struct reply *out); /* GET /metrics, where it is */
/* Until /metrics says that line. */
void site_await_metric(struct site *site, const char *line);
/* Of the genesis, or of another roster. */
void site_create_request(struct site *site, struct bytes *out);
void site_create_of(struct site *site, struct view roster, struct bytes *out);

#endif
