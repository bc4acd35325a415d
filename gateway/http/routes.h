/*
 * gateway/http/routes.h: what a request line asks for: the table of routes, and the parsing of a
 * target. Pure. A new route begins with a row of that table (routes.c); what it does is a row of
 * dispatch.c.
 */
#ifndef INKSEAL_HTTP_ROUTES_H
#define INKSEAL_HTTP_ROUTES_H

#include "schemas/frame.h"
#include "schemas/sync.h"

#define HTTP_URI_MAX 255u /* bytes; the longest of ours is about 120 */
#define HTTP_SYNC_MAX (REQUEST_MAX + ROSTER_MAX)
#define HTTP_CREATE_MAX (STATEMENT_MAX + (1u << 10)) /* one statement */
#define HTTP_WIPE_MAX (4u << 10)

enum http_route {
	ROUTE_SYNC,
	ROUTE_BLOB_GET,
	ROUTE_BLOB_PUT,
	ROUTE_WATCH,
	ROUTE_CREATE,
	ROUTE_WIPE,
	ROUTE_ROSTER,
	ROUTE_WIPE_RECORD,
	ROUTE_INFO,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS,
	ROUTE_NONE, /* none of ours */
};
#define HTTP_ROUTES_COUNT (ROUTE_NONE + 1u)
struct http_route_traits {
	const char *name; /* in log lines and metrics */
	const char *method;
	const char *content_type; /* of the request's body; NULL: there is none */
	size_t body_max;          /* bytes */
	bool is_signed;           /* by a device (RFC 9421) */
	bool by_worker;           /* it asks the bucket; else it is answered at once */
};
const struct http_route_traits *http_route_traits(enum http_route route);

struct http_target {
	enum http_route route;
	unsigned status;           /* 0; or 400, 404, 405: then route is ROUTE_NONE */
	const char *allow;         /* with 405: the methods that this path has */
	struct account_id account; /* of the path; signed routes and CREATE name it elsewhere */
	struct blob_name blob;
	uint64_t seq;
	char path[HTTP_URI_MAX + 1];
	char query[HTTP_URI_MAX + 1];
};
/* metrics: of the socket that serves /metrics, and nothing else; the other serves all but it. */
void http_target_parse(const char *method, const char *uri, bool metrics, struct http_target *out);

#endif
