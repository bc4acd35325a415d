/*
 * gateway/daemon/serve.h: `inkseald serve`: the gateway, until it is told to stop.
 */
#ifndef INKSEAL_DAEMON_SERVE_H
#define INKSEAL_DAEMON_SERVE_H

#include "gateway/daemon/config.h"
#include "gateway/daemon/exit_code.h"

MUST_USE enum exit_code serve(const struct config *config, const char *version);

#endif
