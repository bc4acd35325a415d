/*
 * tests/gateway/http/http_stop_test.c: stopping while connections open, requests run and watches
 * wait. The library below ends the process where something of that is left to it.
 */
#include "tests/gateway/http/http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define STOPS_COUNT 25u /* INKSEAL_STOPS: another number */
#define CROWD_COUNT 4u
#define ROSTER "/v1/accounts/0000000000000000000000000000000000000000/roster"

static const char request_text[] = "GET " ROSTER " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

struct crowd {
	uint16_t port;
	bool halves; /* such connections stay until their header's time is over */
	atomic_bool over;
	_Atomic unsigned answered;
};

/* -1: a gateway that stops refuses and resets. */
static int reach(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct timeval second = {.tv_sec = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Connections that ask, that ask by halves, and that only open. */
static void *come_and_go(void *self)
{
	struct crowd *crowd = self;
	char answer[1024];

	for (unsigned turn = 0; !atomic_load(&crowd->over); turn++) {
		int fd = reach(crowd->port);
		bool half = crowd->halves && turn % 3 == 0, silent = turn % 4 == 3;

		if (fd < 0) {
			site_pause(1);
			continue;
		}
		if (!silent)
			site_write(fd, request_text, strlen(request_text) / (half ? 2u : 1u));
		if (!silent && !half && recv(fd, answer, sizeof(answer), 0) > 0)
			atomic_fetch_add(&crowd->answered, 1);
		(void)close(fd);
	}
	return NULL;
}

static void stop_once(struct site *site, unsigned round)
{
	struct ask watch = {
	    .member = SECOND, .method = "GET", .path = "/v1/watch", .query = "seq=1"};
	bool full = round % 2 == 0; /* at times there is no room for one more */
	struct crowd crowd = {.halves = !full};
	pthread_t threads[CROWD_COUNT];
	struct reply reply = {0};
	int64_t begun_ms;
	int waits[2];

	site->config.connections_max = full ? 6 : 1024;
	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		waits[i] = site_connect(site);
		site_ask_begin(site, waits[i], &watch);
	}
	site_await_metric(site, "inkseald_watchers 2\n");
	crowd.port = site->port;
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
	while (atomic_load(&crowd.answered) < 4)
		site_pause(1);
	site_pause((long)(round % 7));
	begun_ms = site_now();
	site_stop(site, 10000);
	assert_true(site_now() - begun_ms < 5000);
	atomic_store(&crowd.over, true);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < COUNT_OF(waits); i++) { /* nobody who was let in is dropped */
		site_reply(waits[i], 1000, &reply);
		assert_int_equal(reply.status, 204);
		reply_clear(&reply);
		(void)close(waits[i]);
	}
	site->log_len = 0;
}

static void under_load_it_stops(void **state)
{
	const char *wanted = getenv("INKSEAL_STOPS");
	unsigned long stops = wanted == NULL ? STOPS_COUNT : strtoul(wanted, NULL, 10);

	assert_in_range(stops, 1, 100000);
	for (unsigned round = 0; round < stops; round++)
		stop_once(*state, round);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(under_load_it_stops, site_setup, site_teardown),
};
TEST_MAIN(tests)
