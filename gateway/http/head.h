/*
 * gateway/http/head.h: a request's header, read more strictly than libmicrohttpd does.
 */
#ifndef INKSEAL_HTTP_HEAD_H
#define INKSEAL_HTTP_HEAD_H

#include "schemas/base/base.h"

#include <microhttpd.h>

struct http_head {
	bool has_length, has_transfer_encoding;
	uint64_t length; /* of the body, in bytes */
	/* Pointers into the connection's memory; NULL if the field is missing. */
	const char *content_type, *digest, *input, *signature, *invite;
};
/*
 * NULL: the header holds. Else why the request is refused: something that libmicrohttpd lets pass
 * and RFC 9112 does not.
 */
MUST_USE const char *http_head_read(struct MHD_Connection *connection, const char *method,
    const char *uri, const char *version, struct http_head *out);

#endif
