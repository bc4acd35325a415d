/*
 * cli/commands/rm.c: deletes entries. They stay in the trash, on every device, until purged.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	struct session session = {0};
	json_t *deleted = json_array();
	enum code code = session_open(app, SESSION_WRITE, &session);

	for (size_t i = 0; code == CODE_OK && i < options->args_count; i++) {
		struct bytes id = {0};

		code = session_resolve(&session, options->args[i], &id);
		if (code == CODE_OK)
			code = session_delete(&session, view_bytes(&id));
		if (code == CODE_OK &&
		    json_array_append_new(deleted, output_string(view_bytes(&id))) != 0)
			code = app_fail(app, CODE_ERROR, "no memory; the entry was deleted");
		bytes_clear(&id);
	}
	session_close(&session);
	if (json_array_size(deleted) > 0)
		output_note(app, "%zu deleted; inkseal restore ID brings one back",
		    json_array_size(deleted));
	/* Those before one that failed are deleted: they are named either way. */
	if (options_of(app)->json && !output_json(json_pack("{s:O}", "deleted", deleted)) &&
	    code == CODE_OK)
		code = app_fail(app, CODE_ERROR, "the answer can't be printed");
	json_decref(deleted);
	return code;
}

const struct command rm_command = {
    .name = "rm",
    .args = "ID…",
    .summary = "Deletes entries; restore brings them back",
    .help = "",
    .args_min = 1,
    .args_max = OPTION_ARGS_MAX,
    .run = run,
};
