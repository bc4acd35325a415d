/*
 * cli/commands/restore.c: brings a deleted entry back, or an old version.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

static enum code restore(struct session *session, struct bytes *id)
{
	const struct options *options = options_of(session->app);
	struct digest version;
	enum code code = session_resolve(session, options->args[0], id);

	if (code == CODE_OK && options->version > 0)
		code = session_version(session, view_bytes(id), options->version, &version);
	if (code == CODE_OK)
		code = session_restore(
		    session, view_bytes(id), options->version > 0 ? &version : NULL);
	return code;
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct bytes id = {0};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = restore(&session, &id);
	session_close(&session);
	if (code == CODE_OK && options_of(app)->json &&
	    !output_json(json_pack("{s:o}", "id", output_string(view_bytes(&id)))))
		code = app_fail(app, CODE_ERROR, "the answer can't be printed");
	else if (code == CODE_OK)
		output_note(app, "restored");
	bytes_clear(&id);
	return code;
}

const struct command restore_command = {
    .name = "restore",
    .args = "ID [--version N]",
    .summary = "Brings a deleted entry back, or an old version",
    .help = "An old version becomes the current one; the one before stays in the history.\n",
    .options = OPTION_VERSION,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
