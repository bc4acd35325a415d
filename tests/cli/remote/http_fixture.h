/*
 * tests/cli/remote/http_fixture.h: a remote that leads to a scripted server, and what goes over the
 * wire looked at.
 */
#ifndef INKSEAL_HTTP_FIXTURE_H
#define INKSEAL_HTTP_FIXTURE_H

#include "tests/test.h"

#include "cli/remote/gateway_answer.h"
#include "cli/remote/remote_open.h"
#include "schemas/http_signature.h"
#include "tests/cli/remote/scripted_server.h"

#define OK_HEAD(type, len) \
	"HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nContent-Length: " len "\r\n\r\n"
#define PROBLEM_HEAD(status, more, len) \
	"HTTP/1.1 " status "\r\nContent-Type: application/problem+json\r\n" more \
	"Content-Length: " len "\r\n\r\n"
#define CLOCK_PROBLEM "{\"code\":\"clock\",\"detail\":\"the clock\"}"
#define NOTHING_HEAD "HTTP/1.1 204 No Content\r\n\r\n"

extern const struct clock test_clock;   /* the machine's */
extern const struct random test_random; /* likewise */
int64_t wall_ms(void *self);
int64_t monotonic_ms(void *self);

struct fixture {
	struct server *server;
	char url[64];
	struct device_keys keys, recovery;
	struct remote_access access;
	struct account_id account;
	struct clock clock; /* test_clock, unless a test says otherwise */
	struct remote *remote;
	struct call call;
	struct bytes sync_answer; /* encoded: the cursor is the head */
};

/* What can be asked of a gateway. */
enum http_call {
	CALL_INFO,
	CALL_CREATE,
	CALL_POLL,
	CALL_PUSH,
	CALL_BLOB_GET,
	CALL_BLOB_PUT,
	CALL_ROSTER,
	CALL_WIPE,
	CALL_WIPE_RECORD,
	CALL_READY, /* of a remote of its own */
};
#define CALLS_COUNT (CALL_READY + 1)
struct http_outputs { /* {0} before; http_outputs_clear */
	struct bytes bytes;
	struct sync_answer answer;
	struct remote_info info;
	struct remote_receipt receipt;
};
/* By the remote so far. */
struct remote_counts counted(const struct fixture *fixture);
void http_outputs_clear(struct http_outputs *out);

int http_fixture_setup(void **state);
int http_fixture_teardown(void **state);
#define cmocka_unit_test_http(test) \
	cmocka_unit_test_setup_teardown(test, http_fixture_setup, http_fixture_teardown)

/* Forgets a script before, and opens a remote on a new one. */
const struct remote_ops *start(
    struct fixture *fixture, const struct script_step *steps, size_t steps_count);
/* A poll at seq 7. */
enum remote_result poll_once(struct fixture *fixture, struct sync_answer *answer);
enum remote_result get_roster(struct fixture *fixture);
/* With a call struct made anew. The blob is "hello", a frame "frame", a wipe "wipe". READY is OK or
 * LATER. */
enum remote_result call_with(const struct fixture *fixture, struct remote *remote,
    enum http_call which, struct call *call, struct http_outputs *out);
enum remote_result call_once(
    struct fixture *fixture, enum http_call which, struct http_outputs *out);
/* Answers that poll. */
struct script_step sync_step(const struct fixture *fixture, char head_out[128]);
/* The request was signed by these keys; gives what the signature says. */
struct http_signature check_signed(const struct fixture *fixture, const struct script_request *sent,
    const char *path, const struct device_keys *keys);

#endif
