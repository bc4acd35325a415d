/*
 * gateway/http/routes.c: what a request line asks for. Paths are compared as they were sent: ours
 * hold no byte that would need an escape, so there is nothing to unescape, and "%2e" is no dot.
 */
#include "gateway/http/routes.h"

#include <string.h>

#define CBOR "application/cbor"
#define OCTETS "application/octet-stream"

static const struct http_route_traits traits[HTTP_ROUTES_COUNT] = {
    [ROUTE_SYNC] = {"sync", "POST", CBOR, HTTP_SYNC_MAX, true, true},
    [ROUTE_BLOB_GET] = {"blob_get", "GET", NULL, 0, true, true},
    [ROUTE_BLOB_PUT] = {"blob_put", "PUT", OCTETS, BLOB_MAX, true, true},
    [ROUTE_WATCH] = {"watch", "GET", NULL, 0, true, true},
    [ROUTE_CREATE] = {"create", "POST", CBOR, HTTP_CREATE_MAX, false, true},
    [ROUTE_WIPE] = {"wipe", "DELETE", OCTETS, HTTP_WIPE_MAX, false, true},
    [ROUTE_ROSTER] = {"roster", "GET", NULL, 0, false, true},
    [ROUTE_WIPE_RECORD] = {"wipe_record", "GET", NULL, 0, false, true},
    [ROUTE_INFO] = {"info", "GET", NULL, 0, false, false},
    [ROUTE_HEALTH] = {"healthz", "GET", NULL, 0, false, false},
    [ROUTE_READY] = {"readyz", "GET", NULL, 0, false, false},
    [ROUTE_METRICS] = {"metrics", "GET", NULL, 0, false, false},
    [ROUTE_NONE] = {"none", "", NULL, 0, false, false},
};

const struct http_route_traits *http_route_traits(enum http_route route)
{
	return &traits[route];
}

/* Up to two routes share a path, told apart by the method. */
static void choose(
    struct http_target *target, const char *method, enum http_route one, enum http_route other)
{
	if (strcmp(method, traits[one].method) == 0)
		target->route = one;
	else if (other != ROUTE_NONE && strcmp(method, traits[other].method) == 0)
		target->route = other;
	if (target->route != ROUTE_NONE)
		return;
	target->status = 405;
	target->allow = traits[one].method;
	if (one == ROUTE_BLOB_GET)
		target->allow = "GET, PUT";
}

static void choose_account(struct http_target *target, const char *method, const char *rest)
{
	size_t len = strcspn(rest, "/");

	if (!hex_decode(rest, len, target->account.bytes, ACCOUNT_ID_LEN))
		return;
	rest += len;
	if (*rest == '\0')
		choose(target, method, ROUTE_WIPE, ROUTE_NONE);
	else if (strcmp(rest, "/roster") == 0)
		choose(target, method, ROUTE_ROSTER, ROUTE_NONE);
	else if (strcmp(rest, "/wipe") == 0)
		choose(target, method, ROUTE_WIPE_RECORD, ROUTE_NONE);
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static void choose_path(struct http_target *target, const char *method, bool metrics)
{
	static const struct {
		const char *path;
		enum http_route route;
	} fixed[] = {
	    {"/v1/sync", ROUTE_SYNC},
	    {"/v1/watch", ROUTE_WATCH},
	    {"/v1/accounts", ROUTE_CREATE},
	    {"/v1/info", ROUTE_INFO},
	    {"/healthz", ROUTE_HEALTH},
	    {"/readyz", ROUTE_READY},
	};
	const char *rest;

	if (metrics) {
		if (strcmp(target->path, "/metrics") == 0)
			choose(target, method, ROUTE_METRICS, ROUTE_NONE);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		if (strcmp(target->path, fixed[i].path) != 0)
			continue;
		choose(target, method, fixed[i].route, ROUTE_NONE);
		return;
	}
	rest = after(target->path, "/v1/blobs/");
	if (rest != NULL && blob_name_parse(rest, strlen(rest), &target->blob)) {
		choose(target, method, ROUTE_BLOB_GET, ROUTE_BLOB_PUT);
		return;
	}
	rest = after(target->path, "/v1/accounts/");
	if (rest != NULL)
		choose_account(target, method, rest);
}

/* "seq=" and a place in the log, in its shortest form. */
static bool parse_seq(const char *query, uint64_t *out)
{
	const char *digits = after(query, "seq=");
	uint64_t seq = 0;

	if (digits == NULL || *digits == '\0' || (digits[0] == '0' && digits[1] != '\0'))
		return false;
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9' ||
		    seq > (SEQ_MAX - (uint64_t)(*digits - '0')) / 10)
			return false;
		seq = seq * 10 + (uint64_t)(*digits - '0');
	}
	*out = seq;
	return true;
}

void http_target_parse(const char *method, const char *uri, bool metrics, struct http_target *out)
{
	size_t len = strnlen(uri, HTTP_URI_MAX + 1), path_len = strcspn(uri, "?");

	*out = (struct http_target){.route = ROUTE_NONE};
	if (len <= HTTP_URI_MAX) {
		memcpy(out->path, uri, path_len);
		if (path_len < len)
			memcpy(out->query, uri + path_len + 1, len - path_len - 1);
		choose_path(out, method, metrics);
	}
	if (out->route == ROUTE_NONE && out->status == 0)
		out->status = 404;
	if (out->route == ROUTE_NONE)
		return;
	if (out->route == ROUTE_WATCH ? !parse_seq(out->query, &out->seq) : path_len < len) {
		out->route = ROUTE_NONE;
		out->status = 400;
	}
}
