/*
 * gateway/daemon/serve.c: the daemon: opens what it needs, serves, stops when it is told to.
 * Signals are blocked in all threads and waited for by the main one: no code of ours runs in a
 * handler.
 */
#include "gateway/daemon/serve.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket_open.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/exit_code.h"
#include "gateway/daemon/invites.h"
#include "gateway/daemon/keep.h"
#include "gateway/daemon/key.h"
#include "gateway/daemon/log.h"
#include "gateway/daemon/system.h"
#include "gateway/daemon/upkeep.h"
#include "gateway/http/http.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 1024
#define PROBE_MS 60000 /* the short form, on a store that answers slowly */
#define PROBE_PAUSE_S 5
#define STOP_MS 30000
#define LOG_STOP_MS 2000 /* a log that nobody reads */
#define DENIED_TRY_MS 1000
#define DENIED_CALL_MS 5000
#define DAY_MS (24 * 3600 * INT64_C(1000))
#define SHARES_COUNT \
	4u /* of the memory for bodies: one account's, or all those' who are not known */
#define SHARE_MIN (8u << 20)
#define SPARE_FILES 256u /* beside the connections: buckets, workers */

struct gateway {
	const struct config *config;
	struct clock clock;
	struct random random;
	struct bucket_counts counts;
	struct bucket *bucket;
	struct account_env env;
	uint8_t receipt_secret[SIGN_SECRET_LEN];
	char names_text[CONFIG_TEXT_MAX];
	const char *names[HTTP_NAMES_MAX];
	size_t names_count;
	struct http_server *server;
	struct upkeep *upkeep;
	pthread_t background; /* probes, then keeps up */
	atomic_bool stopping;
};

struct denial { /* the store does not take our credentials */
	bool told;
	int64_t next_ms; /* when it is asked again */
};

static bool denied(void *sink)
{
	const struct gateway *gateway = sink;

	return bucket_denied(gateway->bucket);
}

static void log_request(void *sink, const char *line)
{
	(void)sink;
	daemon_log_request(line);
}

static void more_metrics(void *sink, struct buffer *out)
{
	struct gateway *gateway = sink;
	struct bucket_counts counts;

	keep_metrics(gateway->upkeep, out);
	buffer_addf(out,
	    "# HELP inkseald_log_lines_left_out_total Log lines that were too many, or not read.\n"
	    "# TYPE inkseald_log_lines_left_out_total counter\n"
	    "inkseald_log_lines_left_out_total %llu\n",
	    (unsigned long long)daemon_log_left_out());
	bucket_counted(&gateway->counts, &counts);
	buffer_addf(out,
	    "# HELP inkseald_bucket_requests_total Requests to the bucket.\n"
	    "# TYPE inkseald_bucket_requests_total counter\n"
	    "inkseald_bucket_requests_total{kind=\"get\"} %llu\n"
	    "inkseald_bucket_requests_total{kind=\"put\"} %llu\n"
	    "inkseald_bucket_requests_total{kind=\"list\"} %llu\n"
	    "inkseald_bucket_requests_total{kind=\"remove\"} %llu\n",
	    (unsigned long long)counts.get, (unsigned long long)counts.put,
	    (unsigned long long)counts.list, (unsigned long long)counts.remove);
	buffer_addf(out,
	    "# HELP inkseald_bucket_bytes_total Bytes of objects.\n"
	    "# TYPE inkseald_bucket_bytes_total counter\n"
	    "inkseald_bucket_bytes_total{way=\"up\"} %llu\n"
	    "inkseald_bucket_bytes_total{way=\"down\"} %llu\n",
	    (unsigned long long)counts.bytes_up, (unsigned long long)counts.bytes_down);
}

/* "host:port" or "[v6]:port". */
static bool split_listen(
    const char *listen_text, char host[CONFIG_TEXT_MAX], const char **port_out, struct call *call)
{
	const char *colon = strrchr(listen_text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - listen_text);
	size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");

	/* The system would take 99999 for 34463. */
	if (len == 0 || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
	    strtoul(colon + 1, NULL, 10) > UINT16_MAX) {
		call_sayf(call, "%s is not HOST:PORT, with a port of 65535 at most", listen_text);
		return false;
	}
	if (listen_text[0] == '[' && len > 2 && listen_text[len - 1] == ']') {
		listen_text++;
		len -= 2;
	}
	memcpy(host, listen_text, len);
	host[len] = '\0';
	*port_out = colon + 1;
	return true;
}

static int listen_at(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM, 0);
	int on = 1, error;

	if (fd < 0)
		return -1;
	/* A gateway that was restarted gets its address back at once. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int open_listener(const char *listen_text, struct call *call)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *addresses = NULL;
	char host[CONFIG_TEXT_MAX];
	const char *port;
	int fd = -1, why;

	if (!split_listen(listen_text, host, &port, call))
		return -1;
	why = getaddrinfo(host, port, &hints, &addresses);
	if (why != 0) {
		call_sayf(call, "%s: %s", listen_text, gai_strerror(why));
		return -1;
	}
	for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next)
		fd = listen_at(at);
	if (fd < 0)
		call_sayf(call, "%s: %s", listen_text, strerror(errno));
	freeaddrinfo(addresses);
	return fd;
}

/* The address in figures, as a client's URL would have it; false: it stands for all addresses. */
static bool bound_name(int fd, char *out, size_t out_size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[128], port[16]; /* in figures, with an IPv6 zone */

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	(void)snprintf(
	    out, out_size, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return strcmp(host, "0.0.0.0") != 0 && strcmp(host, "::") != 0;
}

/* As a client's URL gives it: lower-case, no scheme's default port, nothing but visible bytes. */
static bool tidy_name(char *name, struct call *call)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
		if (name[i] <= ' ' || name[i] > '~' || strchr("/\"\\?#@", name[i]) != NULL) {
			call_sayf(call, "names: %.80s is no HOST or HOST:PORT", name);
			return false;
		}
	}
	if (len > strlen(":443") && strcmp(name + len - strlen(":443"), ":443") == 0)
		len -= strlen(":443");
	else if (len > strlen(":80") && strcmp(name + len - strlen(":80"), ":80") == 0)
		len -= strlen(":80");
	name[len] = '\0';
	if (len == 0 || len > HTTP_NAME_MAX) {
		call_sayf(call, "names: one is empty or too long");
		return false;
	}
	return true;
}

/*
 * Where no names are set: the address that is listened on, first. This machine has other names for
 * its loopback address, which mean no other machine to whoever is on it.
 */
static void default_names(const char *bound, char *out, size_t out_size)
{
	static const struct {
		const char *address, *others[2];
	} loopback[] = {
	    {"127.0.0.1", {"localhost", "[::1]"}},
	    {"[::1]", {"localhost", "127.0.0.1"}},
	};

	(void)snprintf(out, out_size, "%s", bound);
	for (size_t i = 0; i < COUNT_OF(loopback); i++) {
		size_t len = strlen(loopback[i].address);

		if (strncmp(bound, loopback[i].address, len) == 0 && bound[len] == ':')
			(void)snprintf(out, out_size, "%s%.6s,%s%.6s,%s%.6s", loopback[i].address,
			    bound + len, loopback[i].others[0], bound + len, loopback[i].others[1],
			    bound + len);
	}
}

static bool take_names(struct gateway *gateway, const char *bound, bool is_one, struct call *call)
{
	char *at = gateway->names_text;

	if (gateway->config->names[0] != '\0')
		(void)snprintf(
		    gateway->names_text, sizeof(gateway->names_text), "%s", gateway->config->names);
	else
		default_names(bound, gateway->names_text, sizeof(gateway->names_text));
	if (gateway->config->names[0] == '\0' && !is_one) {
		call_sayf(call, "names must be set where listen stands for all addresses");
		return false;
	}
	while (at != NULL) {
		char *comma = strchr(at, ',');

		if (comma != NULL)
			*comma = '\0';
		at += strspn(at, " ");
		if (gateway->names_count == HTTP_NAMES_MAX) {
			call_sayf(call, "there are more than %u names", HTTP_NAMES_MAX);
			return false;
		}
		if (!tidy_name(at, call))
			return false;
		gateway->names[gateway->names_count++] = at;
		at = comma == NULL ? NULL : comma + 1;
	}
	return true;
}

/* As many files as the system lets us, and no more connections than that. */
static unsigned connections_max(const struct config *config)
{
	uint64_t wanted = config->connections;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return (unsigned)wanted;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur != RLIM_INFINITY && files.rlim_cur < wanted + SPARE_FILES)
		wanted = files.rlim_cur > 2u * SPARE_FILES ? files.rlim_cur - SPARE_FILES
							   : files.rlim_cur / 2;
	if (wanted < config->connections)
		daemon_log_event(
		    "warning", "limit", "fewer connections than set: the limit of open files");
	return (unsigned)wanted;
}

static void rest(void)
{
	const struct timespec moment = {.tv_nsec = 100000000};

	(void)nanosleep(&moment, NULL);
}

static bool stops(void *self)
{
	const struct gateway *gateway = self;

	return atomic_load(&gateway->stopping);
}

/*
 * Until the bucket has passed its probe, nobody is served. A bucket that is down when the machine
 * starts is tried again; one that breaks its promises never passes. Who stops the daemon waits for
 * one race at most.
 */
static bool probe(struct gateway *gateway)
{
	struct probe_rules rules = probe_rules_short;

	rules.cancelled = stops;
	rules.self = gateway;
	while (!stops(gateway)) {
		struct call call;

		system_init(&gateway->clock, PROBE_MS, &call);
		if (bucket_probe(gateway->bucket, &gateway->clock, &gateway->random, &rules,
			&call) == PROBE_KEPT)
			return true;
		if (!stops(gateway))
			daemon_log_event("error", "probe", call.message);
		for (int i = 0; i < PROBE_PAUSE_S * 10 && !stops(gateway); i++)
			rest();
	}
	return false;
}

/*
 * While the store does not take our credentials it is asked each second, and that reads them again:
 * a gateway that nobody asks anything recovers, too.
 */
static void look_at_credentials(struct gateway *gateway, struct denial *denial)
{
	const struct bucket_get get = {.key = "probe/credentials"}; /* nothing is there */
	int64_t now_ms = clock_monotonic_ms(&gateway->clock);
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;

	if (!bucket_denied(gateway->bucket)) {
		if (denial->told)
			daemon_log_event("info", "credentials", "the store takes them again");
		denial->told = false;
		return;
	}
	if (now_ms < denial->next_ms)
		return;
	denial->next_ms = now_ms + DENIED_TRY_MS;
	system_init(&gateway->clock, DENIED_CALL_MS, &call);
	if (bucket_get(gateway->bucket, &get, &call, &data, &tag) == BUCKET_OK)
		bytes_clear(&data);
	if (bucket_denied(gateway->bucket) && !denial->told) {
		daemon_log_event("error", "credentials", call.message);
		denial->told = true;
	}
}

static void *background(void *self)
{
	struct gateway *gateway = self;
	struct denial denial = {0};

	if (!probe(gateway))
		return NULL;
	http_ready(gateway->server);
	daemon_log_event("info", "ready", "");
	while (!atomic_load(&gateway->stopping)) {
		look_at_credentials(gateway, &denial);
		if (!upkeep_step(gateway->upkeep))
			rest();
	}
	return NULL;
}

static void log_upkeep(void *sink, const char *level, const char *event, const char *message)
{
	(void)sink;
	daemon_log_event(level, event, message);
}

static bool start_upkeep(struct gateway *gateway, struct call *call)
{
	struct upkeep_config upkeep = {
	    .env = gateway->env,
	    .host = keep_host(&gateway->server),
	    .quota_bytes = gateway->config->quota,
	    .retain_ms = (int64_t)gateway->config->retain_days * DAY_MS,
	    .log = log_upkeep,
	};

	gateway->upkeep = upkeep_new(&upkeep, call);
	return gateway->upkeep != NULL;
}

/* Off unless it is set: behind a proxy on this machine, loopback is the whole world's too. */
static bool open_metrics(const struct config *config, int *fd_out, struct call *call)
{
	char bound[CONFIG_TEXT_MAX] = "";
	int fd;

	if (config->metrics_listen[0] == '\0')
		return true;
	fd = open_listener(config->metrics_listen, call);
	if (fd < 0)
		return false;
	(void)bound_name(fd, bound, sizeof(bound));
	daemon_log_event("info", "metrics", bound);
	*fd_out = fd;
	return true;
}

static bool start_http(struct gateway *gateway, const char *version, struct call *call)
{
	const struct config *config = gateway->config;
	struct http_config http;
	char bound[CONFIG_TEXT_MAX] = "";
	bool is_one;

	http_defaults(&http);
	http.listen_fd = open_listener(config->listen, call);
	if (http.listen_fd < 0)
		return false;
	is_one = bound_name(http.listen_fd, bound, sizeof(bound));
	if (!take_names(gateway, bound, is_one, call) ||
	    !open_metrics(config, &http.metrics_fd, call)) {
		(void)close(http.listen_fd);
		return false;
	}
	gateway->env.gateway = gateway->names[0];
	http.env = gateway->env;
	http.names = gateway->names;
	http.names_count = gateway->names_count;
	http.version = version;
	http.receipt_secret = gateway->receipt_secret;
	http.create_open = config->create_open;
	http.invites = (struct http_invites){&gateway->env, invites_check, invites_spend};
	http.threads = (unsigned)config->threads;
	http.workers = (unsigned)config->workers;
	http.queue_max = (unsigned)config->queue;
	http.connections_max = connections_max(config);
	http.per_ip_max = (unsigned)config->per_address;
	http.account_max = (unsigned)config->account_requests;
	http.watchers_max = (unsigned)config->watchers;
	http.cache_bytes_max = (size_t)config->cache_mib << 20;
	http.body_bytes_max = (size_t)config->bodies_mib << 20;
	http.answer_bytes_max = http.body_bytes_max;
	http.account_bytes_max = http.body_bytes_max / SHARES_COUNT;
	if (http.account_bytes_max < SHARE_MIN) /* one at least must get through */
		http.account_bytes_max = SHARE_MIN;
	http.unauthenticated_bytes_max = http.account_bytes_max;
	http.rate_max = (unsigned)config->requests_per_minute;
	http.keeper = keep_keeper(gateway->upkeep);
	http.denied = denied;
	http.sink = gateway;
	http.log = log_request;
	http.more_metrics = more_metrics;
	gateway->server = http_start(&http, call);
	if (gateway->server != NULL)
		daemon_log_event("info", "listening", bound);
	return gateway->server != NULL;
}

static bool open_bucket(struct gateway *gateway, struct call *call)
{
	if (gateway->config->bucket[0] == '\0') {
		call_sayf(call, "bucket is not set");
		return false;
	}
	gateway->bucket =
	    bucket_open_counted(gateway->config->bucket, &gateway->clock, &gateway->counts, call);
	gateway->env = (struct account_env){
	    .bucket = gateway->bucket,
	    .clock = &gateway->clock,
	    .random = &gateway->random,
	    .prefix = "",
	    .gateway = "",
	};
	return gateway->bucket != NULL;
}

/* Whoever asks twice means it: the second signal ends the process as signals do. */
static void await_signal(const sigset_t *signals)
{
	struct sigaction plain;
	int which = 0;

	(void)sigwait(signals, &which);
	memset(&plain, 0, sizeof(plain));
	plain.sa_handler = SIG_DFL;
	(void)sigemptyset(&plain.sa_mask);
	(void)sigaction(SIGINT, &plain, NULL);
	(void)sigaction(SIGTERM, &plain, NULL);
	(void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static bool block_signals(sigset_t *signals)
{
	struct sigaction ignore;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN; /* of clients that left */
	return sigemptyset(&ignore.sa_mask) == 0 && sigaction(SIGPIPE, &ignore, NULL) == 0 &&
	       sigemptyset(signals) == 0 && sigaddset(signals, SIGTERM) == 0 &&
	       sigaddset(signals, SIGINT) == 0 && pthread_sigmask(SIG_BLOCK, signals, NULL) == 0;
}

enum exit_code serve(const struct config *config, const char *version)
{
	struct gateway gateway = {.config = config};
	enum exit_code code = EXIT_ERROR;
	struct call call;
	sigset_t signals;

	gateway.clock = system_clock();
	gateway.random = system_random();
	system_init(&gateway.clock, STOP_MS, &call);
	if (!block_signals(&signals)) {
		call_sayf(&call, "signals can't be set up");
		goto done;
	}
	if (!daemon_log_start()) {
		call_sayf(&call, "no thread to write the log with");
		goto done;
	}
	if (!open_bucket(&gateway, &call) ||
	    !key_load(config->key_file, gateway.receipt_secret, &call) ||
	    !start_upkeep(&gateway, &call) || !start_http(&gateway, version, &call))
		goto done;
	if (pthread_create(&gateway.background, NULL, background, &gateway) == 0) {
		await_signal(&signals);
		code = EXIT_OK;
		daemon_log_event("info", "stopping", "");
	} else {
		call_sayf(&call, "no thread to probe the bucket with");
	}
	atomic_store(&gateway.stopping, true);
	upkeep_stop(gateway.upkeep);
	if (code == EXIT_OK)
		(void)pthread_join(gateway.background, NULL);
	call.deadline_ms = clock_monotonic_ms(&gateway.clock) + STOP_MS;
	http_stop(gateway.server, &call);
done:
	upkeep_free(gateway.upkeep);
	bucket_close(gateway.bucket);
	if (code == EXIT_OK)
		daemon_log_event("info", "stopped", "");
	else
		daemon_log_event("error", "start", call.message);
	daemon_log_stop(LOG_STOP_MS);
	return code;
}
