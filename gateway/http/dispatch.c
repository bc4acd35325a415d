/*
 * gateway/http/dispatch.c: one row a route.
 */
#include "gateway/http/dispatch.h"

#include "gateway/http/route_blob.h"
#include "gateway/http/route_create.h"
#include "gateway/http/route_info.h"
#include "gateway/http/route_metrics.h"
#include "gateway/http/route_roster.h"
#include "gateway/http/route_sync.h"
#include "gateway/http/route_watch.h"
#include "gateway/http/route_wipe.h"

const struct http_handler *http_handler_of(enum http_route route)
{
	static const struct http_handler handlers[HTTP_ROUTES_COUNT] = {
	    [ROUTE_SYNC] = {.gone = route_sync_gone, .work = route_sync},
	    [ROUTE_BLOB_GET] = {.work = route_blob_get},
	    [ROUTE_BLOB_PUT] = {.work = route_blob_put},
	    [ROUTE_WATCH] = {.work_or_wait = route_watch},
	    [ROUTE_CREATE] = {.gate = route_create_gate, .work = route_create},
	    [ROUTE_WIPE] = {.gate = route_wipe_gate, .work = route_wipe},
	    [ROUTE_ROSTER] = {.gate = route_roster_gate},
	    [ROUTE_WIPE_RECORD] = {.gate = route_wipe_record_gate},
	    [ROUTE_INFO] = {.at_once = route_info},
	    [ROUTE_HEALTH] = {.at_once = route_health},
	    [ROUTE_READY] = {.at_once = route_ready},
	    [ROUTE_METRICS] = {.at_once = route_metrics},
	    [ROUTE_NONE] = {.at_once = NULL}, /* refused by its request line */
	};

	return &handlers[route];
}
