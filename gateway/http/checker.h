/*
 * gateway/http/checker.h: a thread that compares watched accounts with the bucket: another
 * gateway's commits are seen there alone. One account at a time: so the bucket is asked no faster
 * than it answers, however many are watched.
 */
#ifndef INKSEAL_HTTP_CHECKER_H
#define INKSEAL_HTTP_CHECKER_H

#include "gateway/http/server.h"

/* False: the thread does not start. It ends once the server is draining. */
bool http_checker_start(struct http_server *server);
void http_checker_join(struct http_server *server); /* waits for its end, if it was started */

#endif
