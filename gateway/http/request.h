/*
 * gateway/http/request.h: one request, from its request line to its last byte: libmicrohttpd's
 * callbacks. Their self is the struct http_door that the connection came through.
 */
#ifndef INKSEAL_HTTP_REQUEST_H
#define INKSEAL_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stddef.h>

/* As soon as there is a request line. What it returns is the handler's *state. */
void *request_line(void *self, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_handle(void *self, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **state);
void request_completed(void *self, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why);

#endif
