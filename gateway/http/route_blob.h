/*
 * gateway/http/route_blob.h: GET and PUT /v1/blobs/{name}.
 */
#ifndef INKSEAL_HTTP_ROUTE_BLOB_H
#define INKSEAL_HTTP_ROUTE_BLOB_H

#include "gateway/http/exchange.h"

/* Both in a worker, and without the lock of the account's cache while the blob travels: so a device
 * may send and fetch several at once. */
void route_blob_get(struct exchange *exchange, struct call *call);
void route_blob_put(struct exchange *exchange, struct call *call);

#endif
