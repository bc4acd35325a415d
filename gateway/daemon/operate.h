/*
 * gateway/daemon/operate.h: the operator's commands, on the bucket, beside running gateways.
 */
#ifndef INKSEAL_DAEMON_OPERATE_H
#define INKSEAL_DAEMON_OPERATE_H

#include "gateway/daemon/config.h"
#include "gateway/daemon/exit_code.h"

MUST_USE enum exit_code operate_invite(const struct config *config);
MUST_USE enum exit_code operate_probe(const char *url);
MUST_USE enum exit_code operate_accounts(const struct config *config);
MUST_USE enum exit_code operate_usage(const struct config *config);
MUST_USE enum exit_code operate_sweep(const struct config *config);
MUST_USE enum exit_code operate_wipe(const struct config *config, const char *account, bool yes);

#endif
