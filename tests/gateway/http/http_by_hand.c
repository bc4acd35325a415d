/*
 * tests/gateway/http/http_by_hand.c: see http_by_hand.h.
 */
#include "tests/gateway/http/http_by_hand.h"

#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_pool {
	void (*run)(void *self, struct http_job *job);
	void *self;
	unsigned threads, running;
	const struct exchange *runs[HAND_DEPTH_MAX]; /* each waits for those behind it */
	struct http_job *first, *last;
	size_t waiting, waiting_max;
	bool stopping, freed;
};
struct http_deadlines {
	const struct clock *clock;
	void (*tick)(void *self, int64_t now_ms);
	void *self;
	size_t count;
	bool freed;
	int64_t cap_ms;
};

static struct http_pool pools[2]; /* in the order in which http_start makes them */
static size_t pools_count;
static struct http_deadlines only_deadlines;
static struct MHD_Connection *connections;

void (*hand_closed)(struct http_server *server);
void (*hand_steps)(bool begins);

static void steps(bool begins)
{
	if (hand_steps != NULL)
		hand_steps(begins);
}

/* ---- no thread, and no rest ---- */

/* The one that compares watched accounts with the bucket is the gateway's only one that is not
 * replaced as a whole. */
static struct {
	void *(*start)(void *self);
	void *self;
} checker;
bool hand_threads_fail;
void (*hand_rests)(int64_t ms);

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);
int __wrap_pthread_join(pthread_t thread, void **out);
int __wrap_nanosleep(const struct timespec *rest, struct timespec *left);

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self)
{
	(void)attributes;
	if (hand_threads_fail)
		return EAGAIN;
	assert_null(checker.start);
	checker.start = start;
	checker.self = self;
	memset(thread, 0x5a, sizeof(*thread));
	return 0;
}

/* It ends by itself: somebody waits for that. */
int __wrap_pthread_join(pthread_t thread, void **out)
{
	pthread_t made;

	memset(&made, 0x5a, sizeof(made));
	assert_memory_equal(&thread, &made, sizeof(made));
	assert_null(out);
	assert_non_null(checker.start);
	assert_null(checker.start(checker.self));
	checker.start = NULL;
	return 0;
}

int __wrap_nanosleep(const struct timespec *rest, struct timespec *left)
{
	assert_null(left);
	assert_int_equal(rest->tv_sec, 0);
	assert_in_range(rest->tv_nsec, 1000000, 999999999);
	if (hand_rests != NULL)
		hand_rests(rest->tv_nsec / 1000000);
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

void hand_check(void)
{
	assert_non_null(checker.start);
	assert_null(checker.start(checker.self));
}

struct http_pool *http_pool_new(
    unsigned threads, unsigned queue_max, void (*run)(void *self, struct http_job *job), void *self)
{
	struct http_pool *pool = &pools[pools_count++];

	locks_alone();
	assert_true(pools_count <= COUNT_OF(pools));
	*pool = (struct http_pool){
	    .run = run, .self = self, .threads = threads, .waiting_max = queue_max};
	return pool;
}

bool http_pool_add(struct http_pool *pool, struct http_job *job)
{
	if (pool->waiting >= pool->waiting_max || pool->stopping)
		return false;
	job->next = NULL;
	if (pool->last != NULL)
		pool->last->next = job;
	else
		pool->first = job;
	pool->last = job;
	pool->waiting++;
	return true;
}

bool http_pool_full(struct http_pool *pool)
{
	return pool->waiting >= pool->waiting_max;
}

size_t http_pool_waiting(struct http_pool *pool)
{
	return pool->waiting;
}

struct exchange *hand_next(enum hand_pool pool)
{
	return pools[pool].running < pools[pool].threads ? (struct exchange *)pools[pool].first
							 : NULL;
}

bool hand_works_for(enum hand_pool pool, const struct account_id *account)
{
	for (unsigned i = 0; i < pools[pool].running; i++)
		if (account_equal(exchange_account(pools[pool].runs[i]), account))
			return true;
	return false;
}

static void pool_run(struct http_pool *pool)
{
	struct http_job *job = pool->first;

	pool->first = job->next;
	if (pool->first == NULL)
		pool->last = NULL;
	pool->waiting--;
	assert_true(pool->running < HAND_DEPTH_MAX);
	pool->runs[pool->running++] = (struct exchange *)job;
	steps(true);
	pool->run(pool->self, job);
	steps(false);
	pool->running--;
}

void hand_run(enum hand_pool pool)
{
	assert_non_null(hand_next(pool));
	pool_run(&pools[pool]);
}

void http_pool_close(struct http_pool *pool)
{
	assert_int_equal(pool->running, 0);
	pool->stopping = true;
	while (pool->first != NULL)
		pool_run(pool);
}

void http_pool_free(struct http_pool *pool)
{
	if (pool == NULL)
		return;
	http_pool_close(pool);
	pool->freed = true;
}

struct http_deadlines *http_deadlines_new(
    const struct clock *clock, void (*tick)(void *self, int64_t now_ms), void *self)
{
	only_deadlines = (struct http_deadlines){clock, tick, self, 0, false, INT64_MAX};
	return &only_deadlines;
}

void http_deadlines_free(struct http_deadlines *deadlines)
{
	if (deadlines == NULL)
		return;
	assert_int_equal(deadlines->count, 0);
	deadlines->freed = true;
}

void hand_tick(void)
{
	only_deadlines.tick(only_deadlines.self, clock_monotonic_ms(only_deadlines.clock));
}

int64_t hand_cap_ms(void)
{
	return only_deadlines.cap_ms;
}

void http_conn_open(struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms)
{
	*conn =
	    (struct http_conn){.fd = fd, .deadline_ms = clock_monotonic_ms(deadlines->clock) + ms};
	deadlines->count++;
}

void http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn)
{
	(void)conn;
	assert_true(deadlines->count > 0);
	deadlines->count--;
}

void http_conn_until(struct http_deadlines *deadlines, struct http_conn *conn, int64_t deadline_ms)
{
	(void)deadlines;
	conn->deadline_ms = deadline_ms;
}

void http_deadlines_cap(struct http_deadlines *deadlines, int64_t deadline_ms)
{
	deadlines->cap_ms = deadline_ms;
}

size_t http_deadlines_count(struct http_deadlines *deadlines)
{
	return deadlines->count;
}

/* ---- no socket ---- */

struct http_door_traits hand_doors[2];
bool hand_doors_fail[2];

bool http_door_open(
    struct http_door *door, struct http_server *server, const struct http_door_traits *traits)
{
	hand_doors[traits->metrics] = *traits;
	door->server = server;
	door->metrics = traits->metrics;
	return !hand_doors_fail[traits->metrics];
}

void http_door_shut(struct http_door *door)
{
	atomic_store(&door->shut, true);
}

/* As the library, which insists that none is suspended. */
void http_door_clear(struct http_door *door)
{
	if (door->server == NULL || door->metrics)
		return;
	for (struct MHD_Connection *one = connections; one != NULL; one = one->next)
		if (!one->over)
			hand_end(one, MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN);
	if (hand_closed != NULL)
		hand_closed(door->server);
}

/* ---- in libmicrohttpd's place ---- */

const union MHD_ConnectionInfo *MHD_get_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
	switch (type) {
	case MHD_CONNECTION_INFO_SOCKET_CONTEXT:
		connection->info.socket_context = &connection->conn;
		break;
	case MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE:
		connection->info.header_size = connection->head_len + strlen("\r\n");
		break;
	case MHD_CONNECTION_INFO_CLIENT_ADDRESS:
		connection->info.client_addr = (struct sockaddr *)&connection->peer;
		break;
	case MHD_CONNECTION_INFO_CIPHER_ALGO:
	case MHD_CONNECTION_INFO_PROTOCOL:
	case MHD_CONNECTION_INFO_GNUTLS_SESSION:
	case MHD_CONNECTION_INFO_GNUTLS_CLIENT_CERT:
	case MHD_CONNECTION_INFO_DAEMON:
	case MHD_CONNECTION_INFO_CONNECTION_FD:
	case MHD_CONNECTION_INFO_CONNECTION_SUSPENDED:
	case MHD_CONNECTION_INFO_CONNECTION_TIMEOUT:
	case MHD_CONNECTION_INFO_HTTP_STATUS: return NULL;
	}
	return &connection->info;
}

int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
    MHD_KeyValueIterator iterator, void *self)
{
	for (size_t i = 0; i < connection->headers_count; i++)
		if (iterator(self, kind, connection->names[i], connection->values[i]) != MHD_YES)
			break;
	return (int)connection->headers_count;
}

void MHD_suspend_connection(struct MHD_Connection *connection)
{
	assert_false(connection->suspended);
	connection->suspended = true;
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
	assert_true(connection->suspended);
	connection->suspended = false;
}

struct MHD_Response *MHD_create_response_from_buffer(
    size_t len, void *data, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = malloc(sizeof(*response));

	if (response != NULL)
		*response = (struct MHD_Response){data, len, mode, 1, ""};
	return response;
}

enum MHD_Result MHD_add_response_header(
    struct MHD_Response *response, const char *name, const char *value)
{
	void *room = malloc(1); /* as the library's: it may run out of memory */
	size_t len = strlen(response->fields);
	int more = snprintf(response->fields + len, HAND_FIELDS_MAX - len, "%s: %s\n", name, value);

	assert_true(more > 0 && len + (size_t)more < HAND_FIELDS_MAX);
	if (room == NULL)
		response->fields[len] = '\0';
	free(room);
	return room == NULL ? MHD_NO : MHD_YES;
}

/* What a client would see of it, for as long as the connection is remembered. */
static void keep_answer(struct MHD_Connection *connection, const struct MHD_Response *response)
{
	steps(false);
	memcpy(connection->fields, response->fields, HAND_FIELDS_MAX);
	free(connection->text);
	connection->text = NULL;
	connection->text_len = response->len;
	if (response->len < HAND_TEXT_MAX) {
		connection->text = calloc(1, response->len + 1);
		assert_non_null(connection->text);
		if (response->len > 0)
			memcpy(connection->text, response->data, response->len);
	}
	steps(true);
}

enum MHD_Result MHD_queue_response(
    struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	assert_false(connection->suspended);
	assert_null(connection->response);
	assert_in_range(status, 100, 599); /* the library takes no other */
	response->users++;
	keep_answer(connection, response);
	connection->response = response;
	connection->status = status;
	connection->held = 0;
	if (response->len > HTTP_SMALL_ANSWER &&
	    http_route_traits(connection->exchange->target->route)->by_worker)
		connection->unread = response->len;
	return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *response)
{
	if (--response->users > 0)
		return;
	if (response->mode == MHD_RESPMEM_MUST_FREE)
		free(response->data);
	free(response);
}

/* ---- what a client does ---- */

/* A part of a line, and what follows it there: a blank, a colon and a blank, or CRLF. */
static const char *add_text(struct MHD_Connection *connection, const char *text, size_t gap)
{
	char *at = connection->head + connection->head_len;
	size_t len = strlen(text);

	assert_true(connection->head_len + len + gap <= HAND_HEAD_MAX);
	memcpy(at, text, len);
	memset(at + len, ' ', gap);
	at[len] = '\0';
	connection->head_len += len + gap;
	return at;
}

struct MHD_Connection *hand_connection(
    const char *method, const char *path, const char *query, unsigned peer)
{
	struct MHD_Connection *connection = calloc(1, sizeof(*connection));
	char uri[HTTP_URI_MAX + 1];

	assert_non_null(connection);
	connection->next = connections;
	connections = connection;
	(void)snprintf(uri, sizeof(uri), "%s%s%s", path, query[0] == '\0' ? "" : "?", query);
	connection->method = add_text(connection, method, 1);
	connection->uri = add_text(connection, uri, 1);
	connection->version = add_text(connection, "HTTP/1.1", 2);
	connection->peer = (struct sockaddr_in){.sin_family = AF_INET};
	connection->peer.sin_addr.s_addr = htonl(0x08080000u + peer);
	hand_header(connection, "Host", "a.example.org");
	return connection;
}

struct MHD_Connection *hand_connections(void)
{
	return connections;
}

void hand_header(struct MHD_Connection *connection, const char *name, const char *value)
{
	assert_true(connection->headers_count < HAND_HEADERS_MAX);
	connection->names[connection->headers_count] = add_text(connection, name, 2);
	connection->values[connection->headers_count++] = add_text(connection, value, 2);
}

/* One call of the handler. False: the connection is closed. */
static bool handle(struct MHD_Connection *connection, const uint8_t *data, size_t len)
{
	void *state = connection->exchange;
	enum exchange_stage before = connection->exchange->stage;
	enum MHD_Result taken;
	size_t left = len;

	assert_false(connection->suspended);
	assert_false(connection->over);
	steps(true);
	taken = request_handle(NULL, connection, connection->uri, connection->method,
	    connection->version, (const char *)data, &left, &state);
	steps(false);
	if (taken != MHD_YES) {
		hand_end(connection, MHD_REQUEST_TERMINATED_WITH_ERROR);
		return false;
	}
	assert_int_equal(left, 0);
	if (connection->exchange->stage != before)
		connection->stage_ms = clock_monotonic_ms(only_deadlines.clock);
	return true;
}

/* As the library: the handler is called all the same, and then told of the end. */
static void nothing_begun(struct http_door *door, struct MHD_Connection *connection)
{
	void *state = NULL;

	assert_int_equal(request_handle(door, connection, connection->uri, connection->method,
			     connection->version, NULL, &(size_t){0}, &state),
	    MHD_NO);
	request_completed(door, connection, &state, MHD_REQUEST_TERMINATED_WITH_ERROR);
	connection->over = true;
	http_conn_close(door->server->deadlines, &connection->conn);
	bytes_clear(&connection->body);
}

void hand_begin_at(struct http_door *door, struct MHD_Connection *connection)
{
	http_conn_open(
	    door->server->deadlines, &connection->conn, -1, door->server->config.header_ms);
	steps(true);
	connection->exchange = request_line(door, connection->uri, connection);
	steps(false);
	if (connection->exchange == NULL)
		nothing_begun(door, connection);
	else
		(void)handle(connection, NULL, 0);
}

void hand_begin(struct http_server *server, struct MHD_Connection *connection)
{
	hand_begin_at(&server->door, connection);
}

bool hand_body(struct MHD_Connection *connection, size_t len)
{
	const uint8_t *data = connection->body.data + connection->sent;

	assert_true(len > 0 && len <= connection->body.len - connection->sent);
	connection->sent += len;
	connection->held += len;
	return handle(connection, data, len);
}

void hand_go_on(struct MHD_Connection *connection)
{
	(void)handle(connection, NULL, 0);
}

void hand_end(struct MHD_Connection *connection, enum MHD_RequestTerminationCode why)
{
	void *state = connection->exchange;
	struct http_deadlines *all = connection->exchange->server->deadlines;
	struct http_door door = *connection->exchange->door;

	assert_false(connection->suspended);
	assert_false(connection->over);
	steps(true);
	request_completed(&door, connection, &state, why);
	steps(false);
	assert_null(state);
	connection->exchange = NULL;
	connection->over = true;
	connection->held = connection->unread = 0;
	http_conn_close(all, &connection->conn);
	if (connection->response != NULL)
		MHD_destroy_response(connection->response);
	connection->response = NULL;
	bytes_clear(&connection->body);
}

void hand_free(void)
{
	while (connections != NULL) {
		struct MHD_Connection *next = connections->next;

		assert_true(connections->over);
		free(connections->text);
		free(connections);
		connections = next;
	}
	for (size_t i = 0; i < pools_count; i++)
		assert_true(pools[i].freed);
	pools_count = 0;
	assert_true(only_deadlines.clock == NULL || only_deadlines.freed);
	assert_null(checker.start);
}
