/*
 * tests/gateway/bucket/scripted_server.c: see the header. No cmocka here: it runs in a thread.
 */
#include "tests/gateway/bucket/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* True: fd has something; false: the test is over. */
static bool wait_for(const struct scripted_server *server, int fd)
{
	struct pollfd fds[2] = {
	    {.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, 100) < 0)
			return false;
		if (fds[1].revents != 0)
			return false;
		if (fds[0].revents != 0)
			return true;
	}
}

static size_t body_len(const char *request)
{
	const char *header = strstr(request, "Content-Length: ");

	return header == NULL ? 0 : strtoul(header + strlen("Content-Length: "), NULL, 10);
}

/* One whole request, as far as it fits; false: the connection or the test is over. */
static bool read_request(const struct scripted_server *server, int fd, char *out)
{
	size_t len = 0;
	size_t whole = 0;

	out[0] = '\0';
	while (whole == 0 || len < whole) {
		char *end;
		ssize_t got;

		if (!wait_for(server, fd) || len + 1 >= SCRIPT_REQUEST_MAX)
			return false;
		got = recv(fd, out + len, SCRIPT_REQUEST_MAX - 1 - len, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		out[len] = '\0';
		end = strstr(out, "\r\n\r\n");
		if (end != NULL)
			whole = (size_t)(end - out) + 4 + body_len(out);
	}
	return true;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static bool send_filler(int fd, size_t len)
{
	static const char filler[4096] = "filler";

	for (; len > sizeof(filler); len -= sizeof(filler))
		if (!send_all(fd, filler, sizeof(filler)))
			return false;
	return send_all(fd, filler, len);
}

/* False: the connection is to be closed. */
static bool step_run(const struct scripted_server *server, int fd, const struct step *step)
{
	if (step->answer != NULL && !send_all(fd, step->answer, strlen(step->answer)))
		return false;
	if (!send_filler(fd, step->filler))
		return false;
	if (step->end == STEP_STALL) {
		char byte;

		while (wait_for(server, fd) && recv(fd, &byte, 1, 0) > 0)
			continue;
	}
	return step->end == STEP_KEEP;
}

static void *server_run(void *self)
{
	struct scripted_server *server = self;

	while (wait_for(server, server->listener)) {
		int fd = accept(server->listener, NULL, NULL);
		bool open = fd >= 0;

		while (open && server->request_count < SCRIPT_STEPS_MAX &&
		       read_request(server, fd, server->requests[server->request_count])) {
			size_t at = server->request_count++;

			open = at < server->step_count && step_run(server, fd, &server->steps[at]);
		}
		if (fd >= 0)
			(void)close(fd);
	}
	return NULL;
}

bool scripted_server_start(
    struct scripted_server *server, const struct step *steps, size_t step_count)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	*server = (struct scripted_server){.steps = steps, .step_count = step_count};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (server->listener < 0 ||
	    bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server->listener, 32) != 0 ||
	    getsockname(server->listener, (struct sockaddr *)&address, &len) != 0 ||
	    pipe(server->stop) != 0)
		return false;
	server->port = ntohs(address.sin_port);
	return pthread_create(&server->thread, NULL, server_run, server) == 0;
}

void scripted_server_stop(struct scripted_server *server)
{
	(void)!write(server->stop[1], "x", 1);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listener);
	(void)close(server->stop[0]);
	(void)close(server->stop[1]);
}
