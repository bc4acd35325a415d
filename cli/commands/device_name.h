/*
 * cli/commands/device_name.h: the name that the person knows this device by, for their other
 * devices alone: it travels sealed.
 */
#ifndef INKSEAL_DEVICE_NAME_H
#define INKSEAL_DEVICE_NAME_H

#include "cli/app/app.h"
#include "cli/engine/device_keys.h"

/* --name, else the machine's. */
MUST_USE enum code device_name(struct app *app, char out[DEVICE_NAME_MAX + 1]);

#endif
