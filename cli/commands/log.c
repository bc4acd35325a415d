/*
 * cli/commands/log.c: what happened to this journal here, newest first.
 */
#include "cli/app/entries.h"
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

#define TERMINAL_ROWS 50u

struct rows {
	const struct app *app;
	bool failed;
};

static const char *kind_text(enum activity_kind kind)
{
	switch (kind) {
	case ACTIVITY_EDIT: return "edit";
	case ACTIVITY_IMPORT: return "import";
	case ACTIVITY_DELETE: return "delete";
	case ACTIVITY_RESTORE: return "restore";
	case ACTIVITY_EXPORT: return "export";
	case ACTIVITY_SYNC_ON: return "sync-on";
	case ACTIVITY_SYNC_OFF: return "sync-off";
	case ACTIVITY_PUSHED: return "pushed";
	case ACTIVITY_PULLED: return "pulled";
	case ACTIVITY_CONFLICT: return "conflict";
	case ACTIVITY_COPY: return "copy";
	case ACTIVITY_RECOVERED: return "recovered";
	case ACTIVITY_WIPED: return "wiped";
	case ACTIVITY_WARNING: return "warning";
	case ACTIVITY_RESET: return "reset";
	}
	return "?";
}

static bool print_json(const struct store_activity *row, const char *at)
{
	json_t *json = json_pack("{s:s,s:s,s:o}", "at", at, "kind", kind_text(row->kind), "detail",
	    output_string(view_text(row->detail)));

	if (json != NULL && row->id != NULL &&
	    json_object_set_new(json, "id", json_string(row->id)) != 0) {
		json_decref(json);
		return false;
	}
	return output_json(json);
}

static bool see(void *self, const struct store_activity *row)
{
	struct rows *rows = self;
	char at[TIME_PRINT_MAX];

	time_print_ms(row->at_ms, at);
	if (options_of(rows->app)->json) {
		rows->failed = !print_json(row, at);
		return !rows->failed && !system_cancelled();
	}
	(void)output_printf("%s  %-9s ", at, kind_text(row->kind));
	if (row->id != NULL)
		(void)output_line(view_text(row->id), 8);
	(void)output_printf("%s", row->id != NULL && row->detail[0] != '\0' ? "  " : "");
	(void)output_line_end(view_text(row->detail));
	return !system_cancelled();
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct rows rows = {.app = app};
	uint64_t limit = options_of(app)->limit;
	enum code code = session_open(app, SESSION_READ, &session);

	if (limit == 0 && !options_of(app)->json && output_is_terminal())
		limit = TERMINAL_ROWS;
	if (code == CODE_OK)
		code = session_activity(&session, limit, see, &rows);
	session_close(&session);
	if (code == CODE_OK && rows.failed)
		code = app_fail(app, CODE_ERROR, "the log can't be printed");
	return code;
}

const struct command log_command = {
    .name = "log",
    .args = "[--limit N]",
    .summary = "Shows what was done here: edits, syncs, conflicts, warnings",
    .help = "Newest first; 50 rows on a terminal, all elsewhere.\n",
    .options = OPTION_LIMIT,
    .run = run,
};
