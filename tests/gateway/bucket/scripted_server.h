/*
 * tests/gateway/bucket/scripted_server.h: an HTTP server on loopback that does what a test wrote
 * down, request by request, and keeps what it was sent. One connection at a time.
 */
#ifndef INKSEAL_SCRIPTED_SERVER_H
#define INKSEAL_SCRIPTED_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_STEPS_MAX 8u
#define SCRIPT_REQUEST_MAX 8192u

enum step_end { STEP_KEEP, STEP_CLOSE, STEP_STALL }; /* stall: until the script is over */
struct step {
	const char *answer; /* sent as it is; NULL: none */
	size_t filler;      /* then so many bytes more */
	enum step_end end;
};

struct scripted_server {
	pthread_t thread;
	int listener;
	int stop[2]; /* a pipe: a byte ends the script */
	uint16_t port;
	const struct step *steps;
	size_t step_count;
	/* For the test once scripted_server_stop has returned. */
	char requests[SCRIPT_STEPS_MAX][SCRIPT_REQUEST_MAX];
	size_t request_count; /* also those beyond the script, which get no answer */
};

/* False: no socket or no thread. steps is borrowed until stop. */
bool scripted_server_start(
    struct scripted_server *server, const struct step *steps, size_t step_count);
void scripted_server_stop(struct scripted_server *server);

#endif
