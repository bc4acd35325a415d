/*
 * cli/commands/history.c: the versions that an entry has had here.
 */
#include "cli/app/entries.h"
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

struct rows {
	const struct session *session;
	bool failed;
};

static const char *kind_text(enum history_kind kind)
{
	switch (kind) {
	case HISTORY_EDIT: return "edit";
	case HISTORY_IMPORT: return "import";
	case HISTORY_DELETE: return "delete";
	case HISTORY_RESTORE: return "restore";
	case HISTORY_PULLED: return "pulled";
	case HISTORY_LOSER: return "loser";
	case HISTORY_COPY: return "copy";
	}
	return "?";
}

static bool see(void *self, const struct store_history *row)
{
	struct rows *rows = self;
	const struct session *session = rows->session;
	char device[2 * DEVICE_ID_LEN + 1];
	char at[TIME_PRINT_MAX];
	bool early = device_equal(&row->author, &(struct device_id){{0}});
	/* Before sync was on there was no id to note: then it was made here. */
	bool here = early || (session->facts.has_account &&
				 device_equal(&row->author, &session->facts.device));

	hex_encode(view_of(row->author.bytes, DEVICE_ID_LEN), device);
	time_print_ms(row->at_ms, at);
	if (options_of(session->app)->json)
		rows->failed = !output_json(json_pack("{s:I,s:o,s:s,s:s,s:s*}", "number",
		    (json_int_t)row->number, "version", output_hex(row->version.bytes, DIGEST_LEN),
		    "kind", kind_text(row->kind), "at", at, "device", early ? NULL : device));
	else
		rows->failed =
		    !output_printf("%4llu  %s  %-8s %s\n", (unsigned long long)row->number, at,
			kind_text(row->kind), here ? "this device" : device);
	return !rows->failed && !system_cancelled();
}

static enum code print(struct session *session)
{
	struct rows rows = {.session = session};
	struct bytes id = {0};
	enum code code = session_resolve(session, options_of(session->app)->args[0], &id);

	if (code == CODE_OK)
		code = session_history(session, view_bytes(&id), see, &rows);
	if (code == CODE_OK && rows.failed)
		code = app_fail(session->app, CODE_ERROR, "the history can't be printed");
	bytes_clear(&id);
	return code;
}

static enum code run(struct app *app)
{
	struct session session = {0};
	enum code code = session_open(app, SESSION_READ, &session);

	if (code == CODE_OK)
		code = print(&session);
	session_close(&session);
	return code;
}

const struct command history_command = {
    .name = "history",
    .args = "ID",
    .summary = "Shows the versions an entry has had",
    .help = "Oldest first. show ID --version N shows one, restore ID --version N brings it\n"
	    "back.\n",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
