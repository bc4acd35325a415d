/*
 * gateway/http/route_info.c: what the gateway says of itself.
 */
#include "gateway/http/route_info.h"

#include "gateway/http/answer.h"
#include "gateway/http/routes.h"
#include "gateway/http/server.h"
#include "schemas/sync.h"

#include <sodium.h>

void route_info(struct exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const struct http_config *config = &server->config;
	char key[sodium_base64_ENCODED_LEN(SIGN_PUBLIC_LEN, sodium_base64_VARIANT_ORIGINAL)];
	struct buffer text;

	buffer_init(&text, 8192);
	buffer_add_text(&text, "{\"version\":");
	json_text(&text, config->version);
	buffer_add_text(&text, ",\"names\":[");
	for (size_t i = 0; i < config->names_count; i++) {
		buffer_add_text(&text, i == 0 ? "" : ",");
		json_text(&text, config->names[i]);
	}
	(void)sodium_bin2base64(key, sizeof(key), server->receipt_public, SIGN_PUBLIC_LEN,
	    sodium_base64_VARIANT_ORIGINAL);
	buffer_addf(&text,
	    "],\"receiptKey\":\"%s\",\"time\":%lld,\"limits\":{\"request\":%u,\"blob\":%u,"
	    "\"answer\":%u,\"watchSeconds\":%lld},\"create\":\"%s\"}\n",
	    key, (long long)clock_wall_ms(config->env.clock), HTTP_SYNC_MAX, BLOB_MAX, ANSWER_MAX,
	    (long long)(config->watch_ms / 1000), config->create_open ? "open" : "invite");
	answer_text(exchange, 200, HTTP_JSON, &text);
}

void route_health(struct exchange *exchange)
{
	struct buffer text;

	buffer_init(&text, 16);
	buffer_add_text(&text, "ok\n");
	answer_text(exchange, 200, "text/plain", &text);
}

void route_ready(struct exchange *exchange)
{
	const struct http_server *server = exchange->server;

	if (!server_serves(server))
		answer_busy(exchange, 503,
		    atomic_load(&server->draining) ? "this gateway is stopping"
						   : "the bucket has not passed its probe yet");
	else if (!server_admitted(server))
		answer_busy(exchange, 503, HTTP_NOT_ADMITTED);
	else
		route_health(exchange);
}
