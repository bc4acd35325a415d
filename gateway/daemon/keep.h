/*
 * gateway/daemon/keep.h: the upkeep and the HTTP side, joined.
 */
#ifndef INKSEAL_DAEMON_KEEP_H
#define INKSEAL_DAEMON_KEEP_H

#include "gateway/daemon/upkeep.h"
#include "gateway/http/http.h"

struct upkeep_host keep_host(struct http_server **server); /* looked at when it is called */
struct http_keeper keep_keeper(struct upkeep *upkeep);
void keep_metrics(struct upkeep *upkeep, struct buffer *out);

#endif
