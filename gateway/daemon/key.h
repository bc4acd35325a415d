/*
 * gateway/daemon/key.h: the receipt key, a seed in a file of its own.
 */
#ifndef INKSEAL_DAEMON_KEY_H
#define INKSEAL_DAEMON_KEY_H

#include "schemas/format.h"

/* Read, or made where there is none (0600, its folder 0700). False: call->message. */
MUST_USE bool key_load(const char *path, uint8_t secret_out[SIGN_SECRET_LEN], struct call *call);

#endif
