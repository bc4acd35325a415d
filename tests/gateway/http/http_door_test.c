/*
 * tests/gateway/http/http_door_test.c: door.c by hand: its thread runs when the test says so, and
 * sockets and libmicrohttpd are what the test makes of them. What the library does with its options
 * is seen where there are real sockets (http_limits_test.c, http_head_test.c, http_stop_test.c).
 */
#include "gateway/http/door.h"
#include "gateway/http/request.h"
#include "gateway/http/server.h"
#include "tests/gateway/http/lock_watch.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTEN_FD 7
#define FIRST_FD 100

struct MHD_Daemon { /* the library's name */
	unsigned flags;
	MHD_AccessHandlerCallback handle;
	void *handle_self;
	unsigned threads, connections_max, per_ip_max;
	size_t memory;
	int strict;
	void *line, *line_self;
	MHD_RequestCompletedCallback completed;
	void *completed_self;
	MHD_NotifyConnectionCallback moved;
	void *moved_self;
};

/* What accept gives, beside an errno. */
#define COMES 0
#define TURNED_AWAY (-1) /* … by the library; it is the descriptor 0 */
#define NOBODY_MORE INT_MAX

static struct {
	struct http_server server;
	struct http_door door;
	struct MHD_Daemon daemon;
	bool daemon_fails, thread_fails;
	void *(*keep)(void *self);
	const int *comings; /* of each accept */
	unsigned accepts, rests, added, shuts, closes[256], joins, stops;
	int last_fd;
	struct sockaddr_storage added_address;
	socklen_t added_len;
	bool no_info, no_memory;
	unsigned conns_opened, conns_closed, cut;
	int conn_fd;
	int64_t conn_ms;
} here;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
    MHD_AcceptPolicyCallback admit, void *admit_self, MHD_AccessHandlerCallback handle,
    void *handle_self, ...);
void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon);
enum MHD_Result __wrap_MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
    const struct sockaddr *address, socklen_t address_len);
const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...);
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *address_len);
int __wrap_shutdown(int fd, int how);
int __wrap_close(int fd);
int __wrap_nanosleep(const struct timespec *rest, struct timespec *left);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);
int __wrap_pthread_join(pthread_t thread, void **out);
void *__real_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len);
void __wrap_http_conn_open(
    struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms);
void __wrap_http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn);

static void take_options(struct MHD_Daemon *daemon, va_list options)
{
	for (;;) {
		int option = va_arg(options, int);

		switch (option) {
		case MHD_OPTION_END: return;
		case MHD_OPTION_THREAD_POOL_SIZE:
			daemon->threads = va_arg(options, unsigned);
			break;
		case MHD_OPTION_CONNECTION_LIMIT:
			daemon->connections_max = va_arg(options, unsigned);
			break;
		case MHD_OPTION_PER_IP_CONNECTION_LIMIT:
			daemon->per_ip_max = va_arg(options, unsigned);
			break;
		case MHD_OPTION_CONNECTION_MEMORY_LIMIT:
			daemon->memory = va_arg(options, size_t);
			break;
		case MHD_OPTION_STRICT_FOR_CLIENT: daemon->strict = va_arg(options, int); break;
		case MHD_OPTION_URI_LOG_CALLBACK:
			daemon->line = va_arg(options, void *);
			daemon->line_self = va_arg(options, void *);
			break;
		case MHD_OPTION_NOTIFY_COMPLETED:
			daemon->completed = va_arg(options, MHD_RequestCompletedCallback);
			daemon->completed_self = va_arg(options, void *);
			break;
		case MHD_OPTION_NOTIFY_CONNECTION:
			daemon->moved = va_arg(options, MHD_NotifyConnectionCallback);
			daemon->moved_self = va_arg(options, void *);
			break;
		default: fail_msg("option %d", option);
		}
	}
}

struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
    MHD_AcceptPolicyCallback admit, void *admit_self, MHD_AccessHandlerCallback handle,
    void *handle_self, ...)
{
	va_list options;

	assert_int_equal(port, 0);
	assert_true(admit == NULL && admit_self == NULL);
	if (here.daemon_fails)
		return NULL;
	here.daemon =
	    (struct MHD_Daemon){.flags = flags, .handle = handle, .handle_self = handle_self};
	va_start(options, handle_self);
	take_options(&here.daemon, options);
	va_end(options);
	return &here.daemon;
}

void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon)
{
	assert_ptr_equal(daemon, &here.daemon);
	here.stops++;
}

enum MHD_Result __wrap_MHD_add_connection(
    struct MHD_Daemon *daemon, MHD_socket fd, const struct sockaddr *address, socklen_t address_len)
{
	assert_ptr_equal(daemon, &here.daemon);
	assert_int_equal(atomic_load(&here.door.inside), here.added + 1); /* counted before */
	here.last_fd = fd;
	here.added_len = address_len;
	memcpy(&here.added_address, address, address_len);
	if (here.comings[here.accepts - 1] == TURNED_AWAY)
		return MHD_NO;
	here.added++;
	return MHD_YES;
}

const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
	static const union MHD_ConnectionInfo info = {.connect_fd = 42};

	assert_null(connection);
	assert_int_equal(type, MHD_CONNECTION_INFO_CONNECTION_FD);
	return here.no_info ? NULL : &info;
}

/* Of 8.8.x.y; once nobody comes any more somebody shuts the door. */
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *address_len)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(1)};
	int coming = here.comings[here.accepts++];

	assert_int_equal(fd, LISTEN_FD);
	assert_int_equal(*address_len, sizeof(struct sockaddr_storage));
	if (coming == NOBODY_MORE) {
		atomic_store(&here.door.shut, true);
		errno = EINVAL;
		return -1;
	}
	if (coming > 0) {
		errno = coming;
		return -1;
	}
	from.sin_addr.s_addr = htonl(0x08080000u + here.accepts);
	memcpy(address, &from, sizeof(from));
	*address_len = sizeof(from);
	return coming == TURNED_AWAY ? 0 : FIRST_FD + (int)here.accepts;
}

int __wrap_shutdown(int fd, int how)
{
	assert_int_equal(how, SHUT_RDWR);
	if (fd == 42)
		here.cut++;
	else
		assert_int_equal(fd, LISTEN_FD);
	here.shuts += fd != 42;
	return 0;
}

int __wrap_close(int fd)
{
	assert_in_range(fd, 0, 255);
	here.closes[fd]++;
	return 0;
}

int __wrap_nanosleep(const struct timespec *rest, struct timespec *left)
{
	assert_null(left);
	assert_in_range(rest->tv_nsec, 1000000, 100000000);
	if (++here.rests > 3) /* somebody leaves while there is no room */
		atomic_store(&here.door.inside, 0);
	return 0;
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self)
{
	assert_null(attributes);
	assert_ptr_equal(self, &here.door);
	memset(thread, 0, sizeof(*thread));
	here.keep = start;
	return here.thread_fails ? EAGAIN : 0;
}

int __wrap_pthread_join(pthread_t thread, void **out)
{
	(void)thread;
	assert_null(out);
	assert_true(atomic_load(&here.door.shut));
	assert_int_equal(here.shuts, 1); /* or it would wait for somebody to come */
	here.joins++;
	return 0;
}

void *__wrap_calloc(size_t count, size_t len)
{
	return here.no_memory ? NULL : __real_calloc(count, len);
}

void __wrap_http_conn_open(
    struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms)
{
	assert_null(deadlines);
	assert_non_null(conn);
	here.conns_opened++;
	here.conn_fd = fd;
	here.conn_ms = ms;
}

void __wrap_http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn)
{
	assert_null(deadlines);
	assert_non_null(conn);
	here.conns_closed++;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static const struct http_door_traits traits = {.listen_fd = LISTEN_FD,
    .threads = 3,
    .connections_max = 4,
    .per_ip_max = 5,
    .per_ip_near = true,
    .metrics = true,
    .header_ms = 1234,
    .turned_away = &here.server.metrics.refused[REFUSED_ADDRESS],
    .line = request_line,
    .handle = request_handle,
    .completed = request_completed};

static bool open_door(void)
{
	here.door = (struct http_door){.listen_fd = -1};
	return http_door_open(&here.door, &here.server, &traits);
}

static void clear(void)
{
	memset(&here, 0, sizeof(here));
}

/* README.md, "What bounds what"; MHD's own limit and listening socket are not used. */
static void the_library_is_told(void **state)
{
	(void)state;
	clear();
	assert_true(open_door());
	assert_true(here.door.metrics);
	assert_ptr_equal(here.door.server, &here.server);
	assert_int_equal(here.daemon.flags,
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME);
	assert_ptr_equal(here.daemon.handle, request_handle);
	assert_ptr_equal(here.daemon.handle_self, &here.door);
	assert_int_equal(here.daemon.threads, 3);
	assert_int_equal(here.daemon.connections_max, UINT_MAX);
	assert_int_equal(here.daemon.per_ip_max, 5);
	assert_int_equal(here.daemon.memory, 6 * 1024);
	assert_int_equal(here.daemon.strict, 1);
	assert_ptr_equal(here.daemon.line, request_line);
	assert_ptr_equal(here.daemon.line_self, &here.door);
	assert_ptr_equal(here.daemon.completed, request_completed);
	assert_ptr_equal(here.daemon.completed_self, &here.door);
	assert_ptr_equal(here.daemon.moved_self, &here.door);
	http_door_clear(&here.door);
}

/* Its socket is the door's, also by a failure; what was opened is closed once. */
static void opened_and_shut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		clear();
		here.daemon_fails = i == 1;
		here.thread_fails = i == 2;
		assert_int_equal(open_door(), i != 1 && i != 2);
		if (i == 0) { /* in two steps: nobody comes in any more before all ends */
			http_door_shut(&here.door);
			assert_int_equal(here.closes[LISTEN_FD], 1);
			assert_int_equal(here.stops, 0);
		}
		http_door_clear(&here.door);
		http_door_clear(&here.door);
		http_door_shut(&here.door);
		assert_int_equal(here.closes[LISTEN_FD], 1);
		assert_int_equal(here.joins, i != 1 && i != 2);
		assert_int_equal(here.stops, i != 1);
		assert_int_equal(here.door.listen_fd, -1);
	}
	/* One that was never opened has nothing; the descriptor 0 is one. */
	clear();
	here.door = (struct http_door){.listen_fd = -1};
	http_door_clear(&here.door);
	here.door = (struct http_door){.listen_fd = 0};
	http_door_clear(&here.door);
	assert_int_equal(here.closes[0], 1);
	assert_int_equal(here.stops + here.joins + here.shuts, 0);
}

static void run_keeper(const int *comings)
{
	clear();
	assert_true(open_door());
	here.comings = comings;
	assert_null(here.keep(&here.door));
}

static uint64_t turned_away(void)
{
	return atomic_load(&here.server.metrics.refused[REFUSED_ADDRESS]);
}

static void who_comes_is_let_in(void **state)
{
	static const int two[] = {COMES, TURNED_AWAY, NOBODY_MORE};
	struct sockaddr_in address;

	(void)state;
	run_keeper(two);
	assert_int_equal(here.added, 1); /* the second one is turned away by the library */
	assert_int_equal(here.last_fd, 0);
	assert_int_equal(atomic_load(&here.door.inside), 1);
	assert_int_equal(turned_away(), 1);
	assert_int_equal(here.added_len, sizeof(address));
	memcpy(&address, &here.added_address, sizeof(address));
	assert_int_equal(ntohl(address.sin_addr.s_addr), 0x08080002u);
	assert_int_equal(address.sin_port, 0); /* whichever it comes from */
	http_door_clear(&here.door);
}

/* A connection that has gone again is nobody's fault; for want of files one rests. */
static void a_failure_to_accept(void **state)
{
	static const struct {
		int comings[3];
		unsigned rests; /* one of them the end's */
	} rows[] = {
	    {{EINTR, COMES, NOBODY_MORE}, 1},
	    {{ECONNABORTED, COMES, NOBODY_MORE}, 1},
	    {{EMFILE, COMES, NOBODY_MORE}, 2},
	    {{ENOBUFS, COMES, NOBODY_MORE}, 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		run_keeper(rows[i].comings);
		assert_int_equal(here.rests, rows[i].rests);
		assert_int_equal(here.added, 1);
		http_door_clear(&here.door);
	}
}

/* Who does not fit waits where the system keeps them. */
static void a_full_house_takes_nobody(void **state)
{
	static const int many[] = {COMES, COMES, COMES, COMES, NOBODY_MORE};

	(void)state;
	run_keeper(many); /* the fifth finds it full until all have gone */
	assert_int_equal(here.added, 4);
	assert_int_equal(here.accepts, 5);
	assert_int_equal(here.rests, 5);
	http_door_clear(&here.door);
}

/* Each connection has a deadline from its begin on, and is counted until its end. */
static void connections_come_and_go(void **state)
{
	void *context = NULL;

	(void)state;
	clear();
	assert_true(open_door());
	atomic_store(&here.door.inside, 2);
	here.daemon.moved(&here.door, NULL, &context, MHD_CONNECTION_NOTIFY_STARTED);
	assert_non_null(context);
	assert_int_equal(here.conns_opened, 1);
	assert_int_equal(here.conn_fd, 42);
	assert_int_equal(here.conn_ms, 1234);
	here.daemon.moved(&here.door, NULL, &context, MHD_CONNECTION_NOTIFY_CLOSED);
	assert_null(context);
	assert_int_equal(here.conns_closed, 1);
	assert_int_equal(atomic_load(&here.door.inside), 1);
	/* Without memory for its deadline it is cut off; without its descriptor there is none. */
	for (unsigned i = 0; i < 2; i++) {
		here.no_memory = i == 0;
		here.no_info = i == 1;
		here.cut = 0;
		atomic_store(&here.door.inside, 1);
		here.daemon.moved(&here.door, NULL, &context, MHD_CONNECTION_NOTIFY_STARTED);
		assert_null(context);
		assert_int_equal(here.cut, i == 0);
		here.daemon.moved(&here.door, NULL, &context, MHD_CONNECTION_NOTIFY_CLOSED);
		assert_int_equal(atomic_load(&here.door.inside), 0);
		assert_int_equal(here.conns_opened, 1);
		assert_int_equal(here.conns_closed, 1);
	}
	here.no_memory = false;
	http_door_clear(&here.door);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_library_is_told),
    cmocka_unit_test(opened_and_shut),
    cmocka_unit_test(who_comes_is_let_in),
    cmocka_unit_test(a_failure_to_accept),
    cmocka_unit_test(a_full_house_takes_nobody),
    cmocka_unit_test(connections_come_and_go),
};
TEST_MAIN(tests)
