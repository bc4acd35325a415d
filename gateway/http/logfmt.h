/*
 * gateway/http/logfmt.h: a log line's parts, ` key=value` (logfmt). A value is quoted where it is
 * not one plain word. Whatever a value holds, the line stays one line, and a terminal obeys nothing
 * in it.
 */
#ifndef INKSEAL_HTTP_LOGFMT_H
#define INKSEAL_HTTP_LOGFMT_H

#include "schemas/base/base.h"

void http_log_text(struct buffer *out, const char *key, const char *value);
void http_log_number(struct buffer *out, const char *key, int64_t value);

#endif
