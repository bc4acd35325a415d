/*
 * gateway/net/net_url.c: a server's URL, part by part.
 */
#include "gateway/net/net_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static bool url_part(CURLU *parsed, CURLUPart part, unsigned flags, char *out, size_t out_size)
{
	char *text = NULL;
	size_t len;
	bool got;

	out[0] = '\0';
	got = curl_url_get(parsed, part, &text, flags) == CURLUE_OK;
	len = got ? strlen(text) : 0;
	if (got && len < out_size)
		memcpy(out, text, len + 1);
	curl_free(text);
	return got && len < out_size;
}

static bool url_has(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

/* The host as it is signed: lower-case ASCII. */
static bool host_lower(char *host)
{
	for (char *at = host; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~')
			return false;
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return host[0] != '\0';
}

/* By its name: no name service is asked, so none can say otherwise. */
static bool host_is_local(const char *host)
{
	static const uint8_t self[16] = {[15] = 1};
	char address[INET6_ADDRSTRLEN + 2];
	uint8_t bytes[16];
	size_t len = strlen(host);

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, bytes) == 1)
		return bytes[0] == 127;
	if (len < 2 || len >= sizeof(address) || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(address, host + 1, len - 2);
	address[len - 2] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1 && memcmp(bytes, self, sizeof(self)) == 0;
}

struct parts {
	char scheme[8];
	char host[NET_AUTHORITY_MAX - 8];
	char port[8];
};

static bool server_parts(CURLU *parsed, const char *url, struct parts *out)
{
	return curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	       url_part(parsed, CURLUPART_SCHEME, 0, out->scheme, sizeof(out->scheme)) &&
	       (strcmp(out->scheme, "http") == 0 || strcmp(out->scheme, "https") == 0) &&
	       url_part(parsed, CURLUPART_HOST, 0, out->host, sizeof(out->host)) &&
	       host_lower(out->host) &&
	       url_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT, out->port, sizeof(out->port));
}

static bool has_more(CURLU *parsed)
{
	char path[2];

	return url_has(parsed, CURLUPART_USER) || url_has(parsed, CURLUPART_PASSWORD) ||
	       url_has(parsed, CURLUPART_QUERY) || url_has(parsed, CURLUPART_FRAGMENT) ||
	       !url_part(parsed, CURLUPART_PATH, 0, path, sizeof(path)) || strcmp(path, "/") != 0;
}

static struct net_url url_join(const struct parts *parts)
{
	struct net_url url = {
	    .tls = strcmp(parts->scheme, "https") == 0,
	    .local = host_is_local(parts->host),
	};

	if (strcmp(parts->port, url.tls ? "443" : "80") == 0)
		(void)snprintf(url.authority, sizeof(url.authority), "%s", parts->host);
	else
		(void)snprintf(
		    url.authority, sizeof(url.authority), "%s:%s", parts->host, parts->port);
	(void)snprintf(url.base, sizeof(url.base), "%s://%s", parts->scheme, url.authority);
	return url;
}

enum net_url_result net_url_parse(const char *url, struct net_url *out)
{
	CURLU *parsed = curl_url();
	enum net_url_result result = NET_URL_OK;
	struct parts parts;

	if (parsed == NULL)
		return NET_URL_NO_MEMORY;
	if (!server_parts(parsed, url, &parts))
		result = NET_URL_OTHER;
	else if (has_more(parsed))
		result = NET_URL_MORE;
	else
		*out = url_join(&parts);
	curl_url_cleanup(parsed);
	return result;
}
