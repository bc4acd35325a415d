/*
 * tests/bench/push.c: bench_push GATEWAY STORE ROUNDS: what a gateway adds to a one-edit push. In
 * each round, and in turn:
 *   push  POST /v1/sync of one patch, over one warm connection, committed;
 *   put   what the gateway did for it, done bare: a conditional PUT of that manifest's very bytes
 *         by libcurl, over one warm connection to the same store;
 *   hop   POST /v1/sync, signed, of as many bytes, that are no request: 400, and the bucket is not
 *         asked. A GET of /healthz is timed beside it.
 * Prints medians and 95th percentiles in microseconds. GATEWAY must allow anybody to create an
 * account, and STORE is its bucket.
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 100000u
#define WARM_UP 20u
#define CBOR "application/cbor"

enum kind { PUSH, PUT, HOP, HEALTH, KINDS_COUNT };
static const char *const kind_names[] = {"push", "put", "hop", "healthz"};

struct run {
	struct bench_server gateway, store;
	struct bench_account account;
	char manifest_key[2 * ACCOUNT_ID_LEN + 16];
	struct bytes manifest; /* as the last push left it */
	char copy_key[64], copy_tag[BENCH_TAG_MAX];
	double manifest_bytes; /* summed */
	size_t request_len;
};

static double push(struct run *run)
{
	struct bench_patch patch = {0};
	double took;

	bench_patch_make(&run->account, &run->account.head, &patch);
	took = (double)bench_push(&run->gateway, &run->account, &patch);
	bytes_clear(&patch.request);
	bytes_clear(&run->manifest);
	bench_get(&run->store, run->manifest_key, &run->manifest);
	run->manifest_bytes += (double)run->manifest.len;
	return took;
}

static double put(struct run *run)
{
	return (double)bench_put(
	    &run->store, run->copy_key, view_bytes(&run->manifest), run->copy_tag);
}

static double hop(struct run *run)
{
	struct bytes nothing = {0};
	int64_t start_us;
	double took;
	long status;

	if (!bytes_new(run->request_len, &nothing))
		bench_die("no memory");
	start_us = bench_now_us();
	status = bench_ask(
	    &run->gateway, &run->account, "POST", "/v1/sync", CBOR, view_bytes(&nothing), NULL);
	took = (double)(bench_now_us() - start_us);
	if (status != 400)
		bench_die("a request that is none: status %ld", status);
	bytes_clear(&nothing);
	return took;
}

static double health(struct run *run)
{
	int64_t start_us = bench_now_us();

	if (bench_ask(&run->gateway, NULL, "GET", "/healthz", NULL, (struct view){0}, NULL) != 200)
		bench_die("/healthz is not well");
	return (double)(bench_now_us() - start_us);
}

static double (*const measure[KINDS_COUNT])(struct run *run) = {push, put, hop, health};

static void open_all(struct run *run, const char *gateway, const char *store)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];
	struct bench_patch patch = {0};

	bench_server_open(&run->gateway, gateway);
	bench_server_open(&run->store, store);
	bench_account_make(&run->account);
	bench_account_open(&run->gateway, &run->account);
	hex_encode(view_of(run->account.id.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(run->manifest_key, sizeof(run->manifest_key), "a/%s/manifest", hex);
	(void)snprintf(run->copy_key, sizeof(run->copy_key), "bench/%s", hex);
	bench_patch_make(&run->account, &run->account.head, &patch);
	run->request_len = patch.request.len;
	bytes_clear(&patch.request);
	for (unsigned i = 0; i < WARM_UP; i++)
		for (enum kind kind = PUSH; kind < KINDS_COUNT; kind++)
			(void)measure[kind](run);
	run->manifest_bytes = 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	double *took[KINDS_COUNT];
	size_t rounds;

	if (argc != 4)
		bench_die("usage: bench_push GATEWAY STORE ROUNDS");
	bench_start();
	rounds = bench_number(argv[3], ROUNDS_MAX);
	open_all(&run, argv[1], argv[2]);
	for (enum kind kind = PUSH; kind < KINDS_COUNT; kind++) {
		took[kind] = calloc(rounds, sizeof(*took[kind]));
		if (took[kind] == NULL)
			bench_die("no memory");
	}
	for (size_t i = 0; i < rounds; i++) /* to and fro: none always follows the same other */
		for (size_t at = 0; at < KINDS_COUNT; at++) {
			size_t kind = i % 2 == 0 ? at : KINDS_COUNT - 1 - at;

			took[kind][i] = measure[kind](&run);
		}
	(void)printf("{\"rounds\": %zu, \"request_bytes\": %zu, \"manifest_bytes\": %.0f", rounds,
	    run.request_len, run.manifest_bytes / (double)rounds);
	for (enum kind kind = PUSH; kind < KINDS_COUNT; kind++) {
		(void)printf(", \"%s_us\": %.0f, \"%s_p95_us\": %.0f", kind_names[kind],
		    bench_place(took[kind], rounds, 500), kind_names[kind],
		    bench_place(took[kind], rounds, 950));
		free(took[kind]);
	}
	(void)printf("}\n");
	bytes_clear(&run.manifest);
	bench_account_clear(&run.account);
	bench_server_close(&run.gateway);
	bench_server_close(&run.store);
	return 0;
}
