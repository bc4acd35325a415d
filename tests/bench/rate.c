/*
 * tests/bench/rate.c: bench_rate GATEWAY STORE ACCOUNTS SECONDS ROUNDS: how many pushes a second
 * ACCOUNTS accounts get through a gateway that all push at once, each over a warm connection of its
 * own, one push after the other; beside what the store itself takes from as many clients:
 * conditional PUTs by the same libcurl, each to a key of its own, of as many bytes as the gateway
 * put a push. Both sides take turns of SECONDS, ROUNDS times, in this one process. GATEWAY must
 * allow anybody to create an account, and STORE is its bucket. Prints medians of the rounds.
 */
#include "tests/bench/bench.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS_MAX 1024u
#define SECONDS_MAX 600u
#define ROUNDS_MAX 100u
#define PATCHES_MAX 256u

struct pusher {
	pthread_t thread;
	struct bench_server gateway, store;
	struct bench_account account;
	struct bench_patch
	    patches[PATCHES_MAX]; /* made ahead: a device's work, not the gateway's */
	char key[64], tag[BENCH_TAG_MAX];
	struct view body; /* of a PUT */
	int64_t end_us;
	uint64_t done;
};

static void *push_until(void *self)
{
	struct pusher *pusher = self;

	for (pusher->done = 0; bench_now_us() < pusher->end_us; pusher->done++) {
		if (pusher->done == PATCHES_MAX)
			bench_die(
			    "more than %u pushes of one account: ask for less time", PATCHES_MAX);
		(void)bench_push(
		    &pusher->gateway, &pusher->account, &pusher->patches[pusher->done]);
	}
	return NULL;
}

/* A chain of patches for each, from its head. */
static void make_ahead(struct pusher *pushers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pusher *pusher = &pushers[i];
		const struct head *head = &pusher->account.head;

		for (size_t j = 0; j < PATCHES_MAX; j++) {
			bytes_clear(&pusher->patches[j].request);
			bench_patch_make(&pusher->account, head, &pusher->patches[j]);
			head = &pusher->patches[j].next;
		}
	}
}

static void *put_until(void *self)
{
	struct pusher *pusher = self;

	for (pusher->done = 0; bench_now_us() < pusher->end_us; pusher->done++)
		(void)bench_put(&pusher->store, pusher->key, pusher->body, pusher->tag);
	return NULL;
}

/* All of them at once; operations a second. Who is in the middle of one at the end finishes it. */
static double all_at_once(
    struct pusher *pushers, size_t count, uint64_t seconds, void *(*run)(void *self))
{
	int64_t start_us = bench_now_us();
	uint64_t done = 0;

	for (size_t i = 0; i < count; i++) {
		pushers[i].end_us = start_us + (int64_t)seconds * 1000000;
		if (pthread_create(&pushers[i].thread, NULL, run, &pushers[i]) != 0)
			bench_die("a thread does not start");
	}
	for (size_t i = 0; i < count; i++) {
		(void)pthread_join(pushers[i].thread, NULL);
		done += pushers[i].done;
	}
	return (double)done * 1e6 / (double)(bench_now_us() - start_us);
}

/* One number of the gateway's /metrics. */
static double metric(struct bench_server *metrics, const char *name)
{
	struct bytes text = {0};
	const char *at;
	double value;

	if (bench_ask(metrics, NULL, "GET", "/metrics", NULL, (struct view){0}, &text) != 200)
		bench_die("/metrics is not there");
	at = strstr((const char *)text.data, name);
	if (at == NULL)
		bench_die("/metrics has no %s", name);
	value = strtod(at + strlen(name), NULL);
	bytes_clear(&text);
	return value;
}

static void open_all(struct pusher *pushers, size_t count, const char *gateway, const char *store)
{
	for (size_t i = 0; i < count; i++) {
		struct pusher *pusher = &pushers[i];
		char hex[2 * ACCOUNT_ID_LEN + 1];

		bench_server_open(&pusher->gateway, gateway);
		bench_server_open(&pusher->store, store);
		bench_account_make(&pusher->account);
		bench_account_open(&pusher->gateway, &pusher->account);
		hex_encode(view_of(pusher->account.id.bytes, ACCOUNT_ID_LEN), hex);
		(void)snprintf(pusher->key, sizeof(pusher->key), "bench/%s", hex);
	}
}

static void close_all(struct pusher *pushers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < PATCHES_MAX; j++)
			bytes_clear(&pushers[i].patches[j].request);
		bench_account_clear(&pushers[i].account);
		bench_server_close(&pushers[i].gateway);
		bench_server_close(&pushers[i].store);
	}
	free(pushers);
}

#define UP "\ninkseald_bucket_bytes_total{way=\"up\"} "
#define PUTS "\ninkseald_bucket_requests_total{kind=\"put\"} "

int main(int argc, char **argv)
{
	static uint8_t body[MANIFEST_MAX];
	double push_rates[ROUNDS_MAX], put_rates[ROUNDS_MAX], ratios[ROUNDS_MAX];
	double bytes = 0, puts = 0;
	struct pusher *pushers;
	struct bench_server metrics;
	size_t count, rounds;
	uint64_t seconds;

	if (argc != 7)
		bench_die("usage: bench_rate GATEWAY METRICS STORE ACCOUNTS SECONDS ROUNDS");
	bench_start();
	count = bench_number(argv[4], ACCOUNTS_MAX);
	seconds = bench_number(argv[5], SECONDS_MAX);
	rounds = bench_number(argv[6], ROUNDS_MAX);
	pushers = calloc(count, sizeof(*pushers));
	if (pushers == NULL)
		bench_die("no memory");
	open_all(pushers, count, argv[1], argv[3]);
	bench_server_open(&metrics, argv[2]);
	randombytes_buf(body, sizeof(body));
	make_ahead(pushers, count);
	(void)all_at_once(pushers, count, 1, push_until); /* connections, threads and caches */
	for (size_t i = 0; i < rounds; i++) {
		double up, put, done = 0;

		make_ahead(pushers, count);
		up = metric(&metrics, UP);
		put = metric(&metrics, PUTS);
		push_rates[i] = all_at_once(pushers, count, seconds, push_until);
		for (size_t j = 0; j < count; j++)
			done += (double)pushers[j].done;
		bytes = (metric(&metrics, UP) - up) / done;
		puts = (metric(&metrics, PUTS) - put) / done;
		if (bytes > (double)sizeof(body))
			bench_die("a push put %.0f bytes", bytes);
		for (size_t j = 0; j < count; j++)
			pushers[j].body = view_of(body, (size_t)bytes);
		if (i == 0)
			(void)all_at_once(pushers, count, 1, put_until);
		put_rates[i] = all_at_once(pushers, count, seconds, put_until);
		ratios[i] = push_rates[i] / put_rates[i];
	}
	(void)printf("{\"accounts\": %zu, \"rounds\": %zu, \"bytes_a_push\": %.0f, "
		     "\"puts_a_push\": %.3f, \"pushes_per_s\": %.1f, \"puts_per_s\": %.1f, "
		     "\"ratio\": %.3f}\n",
	    count, rounds, bytes, puts, bench_place(push_rates, rounds, 500),
	    bench_place(put_rates, rounds, 500), bench_place(ratios, rounds, 500));
	bench_server_close(&metrics);
	close_all(pushers, count);
	return 0;
}
