/*
 * gateway/http/pause.h: a thread that finds nothing to do rests for a moment.
 */
#ifndef INKSEAL_HTTP_PAUSE_H
#define INKSEAL_HTTP_PAUSE_H

void http_pause(long ms); /* under a second */

#endif
