/*
 * gateway/net/net_text.h: the texts of an HTTP answer's headers: one line's value, a date, a
 * Retry-After. Pure, without libcurl, so that whatever carries an answer (net.h, or a browser)
 * reads it alike. All of it was written by the other side: what can't be read is as if it were not
 * there.
 */
#ifndef INKSEAL_NET_TEXT_H
#define INKSEAL_NET_TEXT_H

#include "schemas/base/base.h"

/* The value of a header line if it has this (lower-case) name, else as it was, as if too long. */
void net_header_value(const char *line, size_t len, const char *name, char *out, size_t out_size);
/*
 * A date as HTTP has it (RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" and its two older forms),
 * in milliseconds since 1970. 0: it is none, or before 1970.
 */
int64_t net_date_ms(const char *text);
/* Retry-After, seconds or a date, in milliseconds from now: 0 (neither, or past) to max_ms. */
int64_t net_retry_after_ms(const char *text, int64_t now_ms, int64_t max_ms);

#endif
