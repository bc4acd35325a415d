/*
 * tests/cli/remote/scripted_server.c: see the header.
 */
#include "tests/cli/remote/scripted_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRICKLE_MS 100

struct server {
	struct script_step steps[SCRIPT_STEPS_MAX]; /* pointing into the next */
	struct bytes answers[SCRIPT_STEPS_MAX], bodies[SCRIPT_STEPS_MAX];
	size_t steps_count;
	struct script_request requests[SCRIPT_STEPS_MAX];
	size_t requests_count;
	int listener;
	unsigned connections;
	pthread_t thread;
	int stop[2]; /* a pipe: the thread has the end that is read, which ends when it is to stop
		      */
	bool stopped;
};

/* False: told to stop, or nothing more comes. */
static bool readable(struct server *server, int fd)
{
	struct pollfd waits[] = {
	    {.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

	return poll(waits, COUNT_OF(waits), -1) > 0 && waits[1].revents == 0;
}

static size_t body_len(const struct script_request *request)
{
	char text[32];

	request_field(request, "Content-Length", text, sizeof(text));
	return (size_t)strtoull(text, NULL, 10);
}

static void send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		len -= (size_t)sent;
	}
}

/* A client may want to hear before it sends a body that its head is fine. */
static void go_on(int fd, const struct script_request *request)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char field[32];

	request_field(request, "Expect", field, sizeof(field));
	if (strcmp(field, "100-continue") == 0)
		send_all(fd, text, sizeof(text) - 1);
}

/* What follows what is there already, to len. */
static bool read_on(struct server *server, int fd, uint8_t *data, size_t have, size_t len)
{
	while (have < len && readable(server, fd)) {
		ssize_t got = read(fd, data + have, len - have);

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return have == len;
}

/* A head, and what came of the body with it. */
static bool read_head(struct server *server, int fd, struct script_request *out, struct bytes *rest)
{
	char text[SCRIPT_HEAD_MAX + 1] = {0};
	const char *end = NULL;
	size_t len = 0;

	while (end == NULL && len < SCRIPT_HEAD_MAX && readable(server, fd)) {
		ssize_t got = read(fd, text + len, SCRIPT_HEAD_MAX - len);

		if (got <= 0)
			return false;
		len += (size_t)got;
		end = strstr(text, "\r\n\r\n");
	}
	if (end == NULL)
		return false;
	end += 4;
	out->head = calloc(1, (size_t)(end - text) + 1);
	assert(out->head != NULL);
	memcpy(out->head, text, (size_t)(end - text));
	return bytes_copy(view_of(end, len - (size_t)(end - text)), rest);
}

/* One whole request. False: there is none any more. */
static bool read_request(struct server *server, int fd, struct script_request *out)
{
	struct bytes rest = {0};
	bool whole = read_head(server, fd, out, &rest);
	size_t len = whole ? body_len(out) : 0;

	assert(rest.len <= len && len <= SCRIPT_BODY_MAX);
	if (whole && len > 0) {
		whole = bytes_new(len, &out->body);
		assert(whole);
		memcpy(out->body.data, rest.data, rest.len);
		go_on(fd, out);
		whole = read_on(server, fd, out->body.data, rest.len, len);
	}
	if (!whole) {
		free(out->head);
		bytes_clear(&out->body);
	}
	bytes_clear(&rest);
	return whole;
}

static void trickle(struct server *server, int fd, const char *text)
{
	for (; *text != '\0'; text++) {
		struct pollfd waits[] = {
		    {.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

		/* Whatever comes is the client's going, or the end. */
		if (send(fd, text, 1, MSG_NOSIGNAL) != 1 ||
		    poll(waits, COUNT_OF(waits), TRICKLE_MS) != 0)
			return;
	}
}

/* What is sent stays to be read: closed with something unread, a connection is reset. */
static void hear_out(struct server *server, int fd)
{
	char rest[1024];

	(void)shutdown(fd, SHUT_WR);
	while (readable(server, fd) && read(fd, rest, sizeof(rest)) > 0)
		;
}

/* True: the connection stays. */
static bool give_answer(struct server *server, int fd, const struct script_step *step)
{
	if (step->manner == SCRIPT_MUTE) {
		(void)readable(server, fd); /* the client's going */
		return false;
	}
	if (step->manner == SCRIPT_TRICKLE) {
		trickle(server, fd, step->answer);
		return false;
	}
	send_all(fd, step->answer, strlen(step->answer));
	send_all(fd, step->body.data, step->body.len);
	if (step->manner == SCRIPT_FIRST)
		hear_out(server, fd);
	return step->manner == SCRIPT_KEEP;
}

static void serve(struct server *server, int fd)
{
	bool stays = true;

	while (stays && server->requests_count < server->steps_count) {
		struct script_request request = {.connection = server->connections};
		const struct script_step *step = &server->steps[server->requests_count];

		if (step->manner != SCRIPT_FIRST && !read_request(server, fd, &request))
			return;
		server->requests[server->requests_count++] = request;
		stays = give_answer(server, fd, step);
	}
}

static void *run(void *self)
{
	struct server *server = self;

	while (server->requests_count < server->steps_count && readable(server, server->listener)) {
		int fd = accept(server->listener, NULL, NULL);

		if (fd < 0)
			break;
		server->connections++;
		serve(server, fd);
		(void)close(fd);
	}
	return NULL;
}

struct server *server_start(const struct script_step *steps, size_t steps_count, char url_out[64])
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	bool good;

	assert(server != NULL && steps_count <= SCRIPT_STEPS_MAX);
	server->steps_count = steps_count;
	for (size_t i = 0; i < steps_count; i++) {
		good = bytes_copy(view_text(steps[i].answer), &server->answers[i]) &&
		       bytes_copy(steps[i].body, &server->bodies[i]);
		assert(good);
		server->steps[i] = (struct script_step){
		    .answer = (const char *)server->answers[i].data,
		    .body = view_bytes(&server->bodies[i]),
		    .manner = steps[i].manner,
		};
	}
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	good = server->listener >= 0 &&
	       bind(server->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(server->listener, 8) == 0 &&
	       getsockname(server->listener, (struct sockaddr *)&address, &size) == 0 &&
	       pipe(server->stop) == 0 && pthread_create(&server->thread, NULL, run, server) == 0;
	assert(good);
	(void)snprintf(url_out, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
	return server;
}

void server_stop(struct server *server)
{
	if (server->stopped)
		return;
	(void)close(server->stop[1]);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->stop[0]);
	(void)close(server->listener);
	server->stopped = true;
}

size_t server_requests(const struct server *server)
{
	assert(server->stopped);
	return server->requests_count;
}

const struct script_request *server_request(const struct server *server, size_t index)
{
	assert(server->stopped && index < server->requests_count);
	return &server->requests[index];
}

void request_field(
    const struct script_request *request, const char *name, char *out, size_t out_size)
{
	const char *line = strstr(request->head, "\r\n");
	size_t name_len = strlen(name);

	out[0] = '\0';
	for (; line != NULL; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		line += name_len + 1;
		line += strspn(line, " ");
		(void)snprintf(out, out_size, "%.*s", (int)strcspn(line, "\r"), line);
		return;
	}
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	server_stop(server);
	for (size_t i = 0; i < server->steps_count; i++) {
		bytes_clear(&server->answers[i]);
		bytes_clear(&server->bodies[i]);
	}
	for (size_t i = 0; i < server->requests_count; i++) {
		free(server->requests[i].head);
		bytes_clear(&server->requests[i].body);
	}
	free(server);
}
