/*
 * cli/commands/device_name.c: --name, or the machine's name.
 */
#include "cli/commands/device_name.h"
#include "cli/commands/cli.h"
#include "schemas/base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum code device_name(struct app *app, char out[DEVICE_NAME_MAX + 1])
{
	const char *name = options_of(app)->name;

	if (name == NULL) {
		/* Cut where it is too long; POSIX does not promise a NUL then. */
		if (gethostname(out, DEVICE_NAME_MAX) != 0)
			out[0] = '\0';
		out[DEVICE_NAME_MAX] = '\0';
		if (out[0] == '\0' || !utf8_valid(view_text(out)))
			(void)snprintf(out, DEVICE_NAME_MAX + 1, "device");
		return CODE_OK;
	}
	if (strlen(name) > DEVICE_NAME_MAX)
		return app_fail(
		    app, CODE_USAGE, "a device's name has at most %u bytes", DEVICE_NAME_MAX);
	memcpy(out, name, strlen(name) + 1);
	return CODE_OK;
}
