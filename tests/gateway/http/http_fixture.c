/*
 * tests/gateway/http/http_fixture.c: see http_fixture.h.
 */
#include "tests/gateway/http/http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HERE "127.0.0.1"

static int64_t clock_ms(clockid_t which)
{
	struct timespec now;

	(void)clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t site_now(void)
{
	return monotonic_ms(NULL);
}

void site_pause(long ms)
{
	const struct timespec rest = {ms / 1000, (ms % 1000) * 1000000};

	(void)nanosleep(&rest, NULL);
}

static void keep_log(void *sink, const char *line)
{
	struct site *site = sink;

	(void)pthread_mutex_lock(&site->lock);
	site->log_len += (size_t)snprintf(
	    site->log + site->log_len, sizeof(site->log) - site->log_len, "%s\n", line);
	assert_true(site->log_len < sizeof(site->log));
	(void)pthread_mutex_unlock(&site->lock);
}

bool site_log_holds(struct site *site, const char *text)
{
	bool found;

	(void)pthread_mutex_lock(&site->lock);
	found = strstr(site->log, text) != NULL;
	(void)pthread_mutex_unlock(&site->lock);
	return found;
}

/* A log line is written after its answer was sent. */
bool site_logged(struct site *site, const char *text)
{
	for (int i = 0; i < 100; i++) {
		if (site_log_holds(site, text))
			return true;
		site_pause(20);
	}
	print_error("not in the log: %s\n", text);
	return false;
}

static enum memory_fault before(void *self, enum memory_op op, const char *key)
{
	struct site *site = self;
	enum memory_fault fault;

	(void)key;
	(void)pthread_mutex_lock(&site->lock);
	if (site->gate_armed && op == site->gate_op) {
		site->gate_armed = false;
		site->gate_reached = true;
		(void)pthread_cond_broadcast(&site->moved);
		while (!site->gate_open)
			(void)pthread_cond_wait(&site->moved, &site->lock);
	}
	fault = site->failing ? MEMORY_FAULT_BEFORE : MEMORY_FAULT_NONE;
	(void)pthread_mutex_unlock(&site->lock);
	return fault;
}

void site_set_failing(struct site *site, bool failing)
{
	(void)pthread_mutex_lock(&site->lock);
	site->failing = failing;
	(void)pthread_mutex_unlock(&site->lock);
}

void site_count(struct site *site, struct bucket_counts *out)
{
	bucket_counted(&site->counts, out);
}

/* One token is known: "good". It belongs to whoever spends it first. */
static enum account_result check(void *self, const char *token, struct call *call)
{
	struct site *site = self;

	(void)pthread_mutex_lock(&site->lock);
	site->tokens_checked++;
	(void)pthread_mutex_unlock(&site->lock);
	if (strcmp(token, "good") == 0)
		return ACCOUNT_OK;
	call_sayf(call, "this invitation is not known here");
	return ACCOUNT_REFUSED;
}

static enum account_result spend(
    void *self, const char *token, const struct account_id *account, struct call *call)
{
	(void)account;
	return check(self, token, call);
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

static const struct random random_of_system = {NULL, fill};

static int listen_anywhere(uint16_t *port_out)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port_out = ntohs(address.sin_port);
	return fd;
}

int site_setup(void **state)
{
	struct site *site = calloc(1, sizeof(*site));
	struct memory_hook hook = {site, before};
	uint8_t public_key[SIGN_PUBLIC_LEN];
	void *pair = NULL;

	assert_non_null(site);
	assert_int_equal(pair_setup(&pair), 0);
	site->pair = pair;
	site->bucket = bucket_count(bucket_memory(site->pair->fixture.store, &hook), &site->counts);
	assert_non_null(site->bucket);
	site->clock = (struct clock){NULL, wall_ms, monotonic_ms};
	(void)pthread_mutex_init(&site->lock, NULL);
	(void)pthread_cond_init(&site->moved, NULL);
	(void)crypto_sign_keypair(public_key, site->receipt_secret);
	site->names[0] = site->name;
	site->names[1] = "sync.example.org";
	http_defaults(&site->config);
	site->config.env = site->pair->fixture.env;
	site->config.env.bucket = site->bucket;
	site->config.env.random = &random_of_system;
	site->config.env.clock = &site->clock;
	site->config.env.gateway = site->name;
	site->config.names = site->names;
	site->config.names_count = 2;
	site->config.version = "0.0.0";
	site->config.receipt_secret = site->receipt_secret;
	site->config.invites = (struct http_invites){site, check, spend};
	site->config.workers = 4;
	site->config.sink = site;
	site->config.log = keep_log;
	*state = site;
	return 0;
}

void site_start(struct site *site, bool ready)
{
	struct call call;

	call_init(&call, 0);
	site->config.listen_fd = listen_anywhere(&site->port);
	(void)snprintf(site->name, sizeof(site->name), "127.0.0.1:%u", (unsigned)site->port);
	site->config.metrics_fd = listen_anywhere(&site->metrics_port);
	site->server = http_start(&site->config, &call);
	assert_non_null(site->server);
	if (ready)
		http_ready(site->server);
}

void site_stop(struct site *site, int64_t within_ms)
{
	struct call call;

	call_init(&call, site_now() + within_ms);
	if (site->server != NULL)
		http_stop(site->server, &call);
	site->server = NULL;
}

int site_teardown(void **state)
{
	struct site *site = *state;
	void *pair = site->pair;

	site_open_gate(site);
	site_stop(site, 5000);
	bucket_close(site->bucket);
	assert_int_equal(pair_teardown(&pair), 0);
	(void)pthread_cond_destroy(&site->moved);
	(void)pthread_mutex_destroy(&site->lock);
	free(site);
	return 0;
}

void site_close_gate(struct site *site, enum memory_op op)
{
	(void)pthread_mutex_lock(&site->lock);
	site->gate_op = op;
	site->gate_armed = true;
	site->gate_reached = false;
	site->gate_open = false;
	(void)pthread_mutex_unlock(&site->lock);
}

void site_await_gate(struct site *site)
{
	(void)pthread_mutex_lock(&site->lock);
	while (!site->gate_reached)
		(void)pthread_cond_wait(&site->moved, &site->lock);
	(void)pthread_mutex_unlock(&site->lock);
}

void site_open_gate(struct site *site)
{
	(void)pthread_mutex_lock(&site->lock);
	site->gate_open = true;
	(void)pthread_cond_broadcast(&site->moved);
	(void)pthread_mutex_unlock(&site->lock);
}

void reply_clear(struct reply *reply)
{
	bytes_clear(&reply->body);
	*reply = (struct reply){0};
}

const char *reply_field(const struct reply *reply, const char *name)
{
	static char value[512];
	size_t len = strlen(name);

	value[0] = '\0';
	for (const char *at = strstr(reply->head, "\r\n"); at != NULL; at = strstr(at, "\r\n")) {
		at += 2;
		if (strncasecmp(at, name, len) != 0 || at[len] != ':')
			continue;
		at += len + 1;
		at += strspn(at, " ");
		(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
		break;
	}
	return value;
}

bool reply_says(const struct reply *reply, const char *text)
{
	return reply->body.data != NULL && strstr((const char *)reply->body.data, text) != NULL;
}

static int connect_to(uint16_t port, const char *source, int receive_bytes)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	if (receive_bytes > 0)
		assert_int_equal(
		    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes)),
		    0);
	assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

int site_connect(const struct site *site)
{
	return connect_to(site->port, HERE, 0);
}

int site_connect_from(const struct site *site, const char *address)
{
	return connect_to(site->port, address, 0);
}

int site_connect_narrow(const struct site *site)
{
	return connect_to(site->port, HERE, 4096);
}

int site_connect_metrics(const struct site *site)
{
	return connect_to(site->metrics_port, HERE, 0);
}

void site_write(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t wrote = send(fd, at, len, MSG_NOSIGNAL);

		if (wrote <= 0)
			return;
		at += wrote;
		len -= (size_t)wrote;
	}
}

static bool readable(int fd, int64_t deadline_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int64_t left_ms = deadline_ms - site_now();

	return left_ms > 0 && poll(&wait, 1, (int)left_ms) == 1;
}

void site_reply(int fd, int64_t within_ms, struct reply *out)
{
	int64_t deadline_ms = site_now() + within_ms;
	unsigned long length;
	size_t len = 0;

	*out = (struct reply){0};
	while (strstr(out->head, "\r\n\r\n") == NULL) {
		ssize_t got;

		if (!readable(fd, deadline_ms))
			fail_msg("no answer within %d ms", (int)within_ms);
		assert_true(len + 1 < sizeof(out->head));
		got = recv(fd, out->head + len, 1, 0);
		if (got <= 0)
			return;
		len++;
	}
	assert_memory_equal(out->head, "HTTP/1.1 ", 9);
	out->status = (unsigned)strtoul(out->head + 9, NULL, 10);
	length = strtoul(reply_field(out, "Content-Length"), NULL, 10);
	assert_true(bytes_new(length, &out->body));
	for (size_t at = 0; at < length;) {
		ssize_t got;

		if (!readable(fd, deadline_ms))
			fail_msg("no whole answer within %d ms", (int)within_ms);
		got = recv(fd, out->body.data + at, length - at, 0);
		if (got <= 0)
			fail_msg("an answer was cut off");
		at += (size_t)got;
	}
}

bool site_read_all(int fd, int64_t within_ms, char *out, size_t out_size)
{
	int64_t deadline_ms = site_now() + within_ms;
	size_t len = 0;

	out[0] = '\0';
	while (len + 1 < out_size && readable(fd, deadline_ms)) {
		ssize_t got = recv(fd, out + len, out_size - 1 - len, 0);

		if (got <= 0)
			return true;
		len += (size_t)got;
		out[len] = '\0';
	}
	return false;
}

static void sign(struct site *site, const struct ask *ask, const char *authority,
    struct http_signature_texts *out)
{
	const struct member *member = &site->pair->fixture.members[ask->member];
	struct http_request request = {ask->method, authority, ask->path,
	    ask->query == NULL ? "" : ask->query, ask->type, ask->body};
	struct http_signature signature = {
	    .account = ask->account != NULL ? *ask->account : site->pair->fixture.account,
	    .device = member->id,
	    .created_s = wall_ms(NULL) / 1000 + ask->clock_s,
	};

	signature.expires_s = signature.created_s + 300;
	randombytes_buf(signature.nonce, NONCE_LEN);
	assert_int_equal(
	    http_signature_make(&request, &signature, member->sign_secret, out), FORMAT_OK);
}

void site_ask_begin(struct site *site, int fd, const struct ask *ask)
{
	const char *authority = ask->authority != NULL ? ask->authority : site->name;
	struct http_signature_texts texts = {{0}, {0}, {0}};
	struct buffer out;

	buffer_init(&out, REQUEST_MAX + (4u << 20));
	buffer_addf(&out, "%s %s", ask->method, ask->path);
	if (ask->query != NULL)
		buffer_addf(&out, "?%s", ask->query);
	buffer_addf(&out, " HTTP/1.1\r\nHost: %s\r\n", site->name);
	if (ask->type != NULL)
		buffer_addf(
		    &out, "Content-Type: %s\r\nContent-Length: %zu\r\n", ask->type, ask->body.len);
	if (ask->member < MEMBERS_COUNT) {
		sign(site, ask, authority, &texts);
		buffer_addf(
		    &out, "Signature-Input: %s\r\nSignature: %s\r\n", texts.input, texts.signature);
		if (texts.digest[0] != '\0')
			buffer_addf(&out, "Content-Digest: %s\r\n", texts.digest);
	}
	if (ask->more != NULL)
		buffer_add_text(&out, ask->more);
	buffer_add_text(&out, "\r\n");
	buffer_add_view(&out, ask->body);
	assert_false(out.failed);
	if (ask->spoil_body)
		out.data[out.len - 1] ^= 1;
	site_write(fd, out.data, out.len - ask->cut);
	buffer_clear(&out);
}

void site_ask(struct site *site, const struct ask *ask, struct reply *out)
{
	int fd = site_connect(site);

	site_ask_begin(site, fd, ask);
	site_reply(fd, 10000, out);
	(void)close(fd);
}

void site_metrics(struct site *site, struct reply *out)
{
	const struct ask ask = {.member = MEMBERS_COUNT, .method = "GET", .path = "/metrics"};
	int fd = site_connect_metrics(site);

	site_ask_begin(site, fd, &ask);
	site_reply(fd, 10000, out);
	(void)close(fd);
}

void site_sync(struct site *site, struct client *client, size_t member, struct reply *out)
{
	struct bytes encoded = {0};
	struct ask ask = {.member = member, .method = "POST", .path = "/v1/sync", .type = CBOR};

	assert_int_equal(sync_request_encode(&client->request, &encoded), FORMAT_OK);
	ask.body = view_bytes(&encoded);
	site_ask(site, &ask, out);
	bytes_clear(&encoded);
	sync_answer_clear(&client->answer);
	if (out->status != 200)
		return;
	assert_string_equal(reply_field(out, "Content-Type"), CBOR);
	assert_true(bytes_copy(view_bytes(&out->body), &encoded));
	assert_int_equal(sync_answer_decode(view_bytes(&encoded), &client->answer), FORMAT_OK);
	assert_true(sync_answer_keep(&client->answer, &encoded)); /* its views point into it */
	if (client->answer.status == SYNC_COMMITTED)
		client->head = client->answer.head;
}

void site_create_request(struct site *site, struct bytes *out)
{
	struct fixture *fixture = &site->pair->fixture;
	struct bytes genesis = {0};

	assert_int_equal(roster_begin(fixture->roster.statements[0], &genesis), FORMAT_OK);
	site_create_of(site, view_bytes(&genesis), out);
	bytes_clear(&genesis);
}

void site_create_of(struct site *site, struct view roster, struct bytes *out)
{
	struct fixture *fixture = &site->pair->fixture;
	struct create create = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .roster = roster,
	    .time_ms = fixture->now_ms};

	assert_int_equal(
	    create_encode(&create, fixture->members[FIRST].sign_secret, out), FORMAT_OK);
}

void site_await_metric(struct site *site, const char *line)
{
	bool found = false;

	for (int i = 0; i < 200 && !found; i++) {
		struct reply reply = {0};

		site_metrics(site, &reply);
		found = reply_says(&reply, line);
		reply_clear(&reply);
		site_pause(20);
	}
	if (!found)
		fail_msg("no %s", line);
}
