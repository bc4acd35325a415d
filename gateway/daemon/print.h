/*
 * gateway/daemon/print.h: what the operator reads: a sentence, a row. Through the filter of
 * shown.h.
 */
#ifndef INKSEAL_DAEMON_PRINT_H
#define INKSEAL_DAEMON_PRINT_H

#include "schemas/base/base.h"

void print_out(const char *format, ...) PRINTF_LIKE(1, 2);
/* "inkseald: …", on standard error. */
void print_error(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
