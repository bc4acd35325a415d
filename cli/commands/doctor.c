/*
 * cli/commands/doctor.c: prints what may be wrong with a home. A line a check: "ok", "note" (look
 * at it), "BAD" (exit code 1).
 */
#include "cli/app/doctor.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"
#include "cli/commands/text.h"

struct doctor {
	struct app *app;
	json_t *checks;
	bool failed; /* no memory, or nothing can be printed */
};

static void see_finding(void *self, enum finding finding, const char *what, const char *said)
{
	static const char *const names[] = {"ok", "note", "BAD"};
	struct doctor *doctor = self;
	json_t *row;

	if (!options_of(doctor->app)->json) {
		(void)output_printf("%-4s  %-9s ", names[finding], what);
		(void)output_line_end(view_text(said));
		return;
	}
	row = json_pack("{s:s,s:s,s:o}", "check", what, "result",
	    finding == FINDING_BAD ? "bad" : names[finding], "message",
	    output_string(view_text(said)));
	if (json_array_append_new(doctor->checks, row) != 0)
		doctor->failed = true;
}

struct unsaved_check {
	struct doctor *doctor;
	struct home home;
};

static bool see_unsaved(void *self, const struct unsaved *left)
{
	struct unsaved_check *check = self;
	struct purpose purpose = {0};
	char said[APP_HINT_MAX];

	if (unsaved_untouched(left))
		return true;
	if (!unsaved_purpose(left, &purpose))
		purpose.id = NULL;
	text_describe(&check->home, left, purpose.id, said);
	see_finding(check->doctor, FINDING_NOTE, "unsaved", said);
	purpose_clear(&purpose);
	return true;
}

static void check_unsaved(struct doctor *doctor)
{
	struct unsaved_check check = {.doctor = doctor};

	if (home_find(doctor->app, &check.home) == CODE_OK)
		unsaved_each(&check.home, see_unsaved, &check);
}

static enum code run(struct app *app)
{
	struct doctor doctor = {.app = app, .checks = json_array()};
	const struct findings findings = {.self = &doctor, .see = see_finding};
	struct session session = {0};
	enum code code;

	check_unsaved(&doctor); /* whatever is wrong with the journal: these stand beside it */
	code = session_open(app, SESSION_READ, &session);
	if (code == CODE_OK)
		code = app_examine(&session, options_of(app)->probe, &findings);
	if (options_of(app)->json && !output_json(json_pack("{s:b,s:O}", "ok",
					 (int)(code == CODE_OK), "checks", doctor.checks)))
		doctor.failed = true;
	if (doctor.failed)
		code = app_fail(app, CODE_ERROR, "the findings can't be printed");
	json_decref(doctor.checks);
	session_close(&session);
	return code;
}

const struct command doctor_command = {
    .name = "doctor",
    .args = "[--probe]",
    .summary = "Looks for what may be wrong with this home",
    .help = "Checks the journal's file, the keys, the roster and the clock, and names texts that\n"
	    "were never saved; changes nothing.\n"
	    "A line a check: ok, note or BAD. Exit code 1 if something is BAD. --probe also\n"
	    "tries the bucket for up to 20 seconds, with small objects that it removes; of a\n"
	    "gateway it asks whether its bucket was found fit, and whether it answers this\n"
	    "device.\n",
    .options = OPTION_PROBE,
    .run = run,
};
