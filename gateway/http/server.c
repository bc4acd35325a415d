/*
 * gateway/http/server.c: questions to the server as a whole.
 */
#include "gateway/http/server.h"

int64_t server_now(const struct http_server *server)
{
	return clock_monotonic_ms(server->config.env.clock);
}

bool server_serves(const struct http_server *server)
{
	return atomic_load(&server->ready) && !atomic_load(&server->draining);
}

bool server_admitted(const struct http_server *server)
{
	const struct http_config *config = &server->config;

	return config->denied == NULL || !config->denied(config->sink);
}
