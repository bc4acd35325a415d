/*
 * tests/bench/watchers.c: bench_watchers GATEWAY PID WATCHERS PER_ACCOUNT: the gateway's memory
 * with so many devices waiting for their accounts to move, and after each of them was woken at once
 * by a push. The watchers are this process' sockets; GATEWAY is the process PID, whose resident
 * memory is read from /proc. It must allow anybody to create an account. Prints MiB.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WATCHERS_MAX 60000u
#define ACCOUNT_WATCHERS_MAX 64u /* a gateway's default */
#define AHEAD_MAX 256u           /* sent and not yet seen to wait: less than its queue holds */
#define WAIT_US 40000000         /* a watch ends by itself after 55 s */
#define SPARE_FILES 64u
#define ANSWER_MAX_LEN 2048u

struct run {
	struct bench_server gateway, metrics;
	struct sockaddr_in address;
	const char *pid;
	size_t watchers_count, accounts_count;
	struct bench_account *accounts;
	struct pollfd *watchers;
};

/* A line of /proc/PID/status, in KiB. */
static double memory(const struct run *run, const char *name)
{
	char path[64], line[256];
	double kib = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%s/status", run->pid);
	file = fopen(path, "r");
	if (file == NULL)
		bench_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtod(line + strlen(name), NULL);
	(void)fclose(file);
	if (kib < 0)
		bench_die("%s has no %s", path, name);
	return kib / 1024;
}

static void pause_briefly(void)
{
	const struct timespec rest = {.tv_nsec = 5000000};

	(void)nanosleep(&rest, NULL);
}

static void await_watchers(struct run *run, size_t count)
{
	static const char name[] = "\ninkseald_watchers ";
	int64_t end_us = bench_now_us() + WAIT_US;
	size_t waiting;

	do {
		struct bytes text = {0};
		const char *at;

		if (bench_ask(&run->metrics, NULL, "GET", "/metrics", NULL, (struct view){0},
			&text) != 200)
			bench_die("/metrics is not there");
		at = strstr((const char *)text.data, name);
		if (at == NULL)
			bench_die("/metrics has no inkseald_watchers");
		waiting = strtoul(at + strlen(name), NULL, 10);
		bytes_clear(&text);
		if (waiting < count)
			pause_briefly();
		if (bench_now_us() > end_us)
			bench_die("only %zu of %zu wait", waiting, count);
	} while (waiting < count);
}

static void open_run(struct run *run, const char *url)
{
	struct rlimit files;
	const char *port;

	bench_server_open(&run->gateway, url);
	port = strchr(run->gateway.authority, ':');
	run->address = (struct sockaddr_in){.sin_family = AF_INET};
	run->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (port == NULL || strncmp(run->gateway.authority, "127.0.0.1:", 10) != 0)
		bench_die("the gateway must be at http://127.0.0.1:PORT");
	run->address.sin_port = htons((uint16_t)bench_number(port + 1, UINT16_MAX));
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		bench_die("getrlimit: %s", strerror(errno));
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < run->watchers_count + SPARE_FILES)
		bench_die(
		    "at most %llu files may be open here", (unsigned long long)files.rlim_max);
	run->accounts = calloc(run->accounts_count, sizeof(*run->accounts));
	run->watchers = calloc(run->watchers_count, sizeof(*run->watchers));
	if (run->accounts == NULL || run->watchers == NULL)
		bench_die("no memory");
	for (size_t i = 0; i < run->accounts_count; i++) {
		bench_account_make(&run->accounts[i]);
		bench_account_open(&run->gateway, &run->accounts[i]);
	}
}

static void watch(struct run *run, size_t number)
{
	const struct bench_account *account = &run->accounts[number % run->accounts_count];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct buffer request;

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&run->address, sizeof(run->address)) != 0)
		bench_die("watcher %zu: %s", number, strerror(errno));
	buffer_init(&request, ANSWER_MAX_LEN);
	bench_get_bytes(&run->gateway, account, "/v1/watch", "seq=0", &request);
	if (request.failed ||
	    send(fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
		bench_die("watcher %zu can't ask", number);
	buffer_clear(&request);
	run->watchers[number] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void wake(struct run *run)
{
	for (size_t i = 0; i < run->accounts_count; i++) {
		struct bench_patch patch = {0};

		bench_patch_make(&run->accounts[i], &run->accounts[i].head, &patch);
		(void)bench_push(&run->gateway, &run->accounts[i], &patch);
		bytes_clear(&patch.request);
	}
}

/* Answers fit one packet, and are read whole. */
static void take_answer(struct pollfd *watcher)
{
	char answer[ANSWER_MAX_LEN];
	ssize_t len = recv(watcher->fd, answer, sizeof(answer) - 1, 0);

	answer[len < 0 ? 0 : len] = '\0';
	if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
		bench_die("a watcher was answered %.40s", answer);
	watcher->events = 0; /* the connection stays open, as a device's does */
}

static void take_answers(struct run *run)
{
	int64_t end_us = bench_now_us() + WAIT_US;
	size_t woken = 0;

	while (woken < run->watchers_count) {
		int ready = poll(run->watchers, (nfds_t)run->watchers_count, 100);

		for (size_t i = 0; ready > 0 && i < run->watchers_count; i++) {
			if (run->watchers[i].events == 0 || run->watchers[i].revents == 0)
				continue;
			take_answer(&run->watchers[i]);
			woken++;
		}
		if (bench_now_us() > end_us)
			bench_die("only %zu of %zu were woken", woken, run->watchers_count);
	}
}

static void close_run(struct run *run)
{
	for (size_t i = 0; i < run->watchers_count; i++)
		(void)close(run->watchers[i].fd);
	for (size_t i = 0; i < run->accounts_count; i++)
		bench_account_clear(&run->accounts[i]);
	free(run->watchers);
	free(run->accounts);
	bench_server_close(&run->gateway);
	bench_server_close(&run->metrics);
}

int main(int argc, char **argv)
{
	static struct run run;
	double before, waiting, woken;
	int64_t start_us, wake_us;
	size_t per_account;

	if (argc != 6)
		bench_die("usage: bench_watchers GATEWAY METRICS PID WATCHERS PER_ACCOUNT");
	bench_start();
	run.pid = argv[3];
	run.watchers_count = bench_number(argv[4], WATCHERS_MAX);
	per_account = bench_number(argv[5], ACCOUNT_WATCHERS_MAX);
	run.accounts_count = (run.watchers_count + per_account - 1) / per_account;
	bench_server_open(&run.metrics, argv[2]);
	open_run(&run, argv[1]);
	before = memory(&run, "VmRSS:");
	start_us = bench_now_us();
	for (size_t i = 0; i < run.watchers_count; i++) {
		if (i % AHEAD_MAX == 0)
			await_watchers(&run, i);
		watch(&run, i);
	}
	await_watchers(&run, run.watchers_count);
	waiting = memory(&run, "VmRSS:");
	wake_us = bench_now_us();
	wake(&run);
	take_answers(&run);
	woken = memory(&run, "VmRSS:");
	(void)printf("{\"watchers\": %zu, \"accounts\": %zu, \"before_mib\": %.1f, "
		     "\"waiting_mib\": %.1f, \"woken_mib\": %.1f, \"peak_mib\": %.1f, "
		     "\"gather_s\": %.1f, \"wake_s\": %.1f}\n",
	    run.watchers_count, run.accounts_count, before, waiting, woken, memory(&run, "VmHWM:"),
	    (double)(wake_us - start_us) / 1e6, (double)(bench_now_us() - wake_us) / 1e6);
	close_run(&run);
	return 0;
}
