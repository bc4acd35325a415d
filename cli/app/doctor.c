/*
 * cli/app/doctor.c: looks at everything that may be wrong with a home, changes nothing.
 */
#include "cli/app/doctor.h"
#include "cli/app/place.h"
#include "cli/app/unlock.h"
#include "cli/engine/key_file.h"
#include "cli/remote/remote_open.h"
#include "schemas/base/utf8.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_NOTED_MS (2 * 60 * 1000) /* from here on near edits are hard to tell apart */
#define CLOCK_FIRST_MS 1735689600000  /* 2025-01-01: no later clock is before this program */

struct doctor {
	struct session *session;
	const struct findings *findings;
	bool bad;
};

static void tell(struct doctor *doctor, enum finding finding, const char *what, const char *format,
    ...) PRINTF_LIKE(4, 5);
static void tell(
    struct doctor *doctor, enum finding finding, const char *what, const char *format, ...)
{
	char said[APP_HINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	doctor->bad = doctor->bad || finding == FINDING_BAD;
	doctor->findings->see(doctor->findings->self, finding, what, said);
}

/* Mode 0700 or 0600: nobody else reads it. */
static void check_mode(struct doctor *doctor, const char *what, const char *path)
{
	bool shared = false;
	int error = file_is_shared(path, &shared);

	if (error != 0)
		tell(doctor, FINDING_BAD, what, "%s: %s", path, strerror(error));
	else if (shared)
		tell(doctor, FINDING_BAD, what, "others may read %s: chmod go= it", path);
	else
		tell(doctor, FINDING_OK, what, "%s, yours alone", path);
}

#define DAMAGE_NAMED_MAX 20u

struct damage {
	struct doctor *doctor;
	size_t count;
};

static void see_damage(void *self, const struct store_damage *found)
{
	struct damage *damage = self;
	struct view title = found->title;

	if (damage->count++ >= DAMAGE_NAMED_MAX)
		return;
	if (title.len > 80)
		title.len = 80;
	while (title.len > 0 && !utf8_valid(title))
		title.len--; /* cut inside a letter, or damaged itself */
	tell(damage->doctor, found->current ? FINDING_BAD : FINDING_NOTE, "entry",
	    "%.*s \"%.*s\": %s", (int)found->id.len, (const char *)found->id.data, (int)title.len,
	    (const char *)title.data,
	    found->current
		? "damaged, so it can't be sent: inkseal restore ID --version N brings an older "
		  "version back (inkseal history ID), an import of a backup heals it"
		: "a version in its history is damaged; it is never sent");
}

/* Entry by entry; where it all ends is the journal's line. */
static void name_damage(struct doctor *doctor)
{
	struct damage damage = {.doctor = doctor};
	struct session *session = doctor->session;

	if (store_damaged(session->store, see_damage, &damage, &session->call) != JOURNAL_OK)
		tell(doctor, FINDING_BAD, "entry", "%s", session->call.message);
	if (damage.count > DAMAGE_NAMED_MAX)
		tell(doctor, FINDING_NOTE, "entry", "%zu more are damaged",
		    damage.count - DAMAGE_NAMED_MAX);
}

static void check_journal(struct doctor *doctor)
{
	struct session *session = doctor->session;

	session->call.message[0] = '\0';
	name_damage(doctor);
	if (store_check(session->store, &session->call) == JOURNAL_OK)
		tell(doctor, FINDING_OK, "journal", "every version is what its hash says");
	else
		tell(doctor, FINDING_BAD, "journal", "%s", session->call.message);
}

static void check_clock(struct doctor *doctor)
{
	struct app *app = doctor->session->app;
	int64_t skew_ms = doctor->session->facts.skew_ms;

	if (clock_wall_ms(&app->clock) < CLOCK_FIRST_MS)
		tell(doctor, FINDING_BAD, "clock", "this machine's clock is years behind");
	else if (skew_ms > SKEW_NOTED_MS || skew_ms < -SKEW_NOTED_MS)
		tell(doctor, FINDING_NOTE, "clock", "%lld s from the remote's, when last seen",
		    (long long)(skew_ms / 1000));
	else
		tell(doctor, FINDING_OK, "clock", "as it should be");
}

static void check_keys(struct doctor *doctor)
{
	struct session *session = doctor->session;
	uint8_t secret[SIGN_SECRET_LEN] = {0};
	struct device_id device = {{0}};
	char path[FILE_PATH_MAX];
	struct bytes file = {0};
	enum format_result format;
	int error;

	if (home_file(session->app, &session->home, HOME_KEYS, path) != CODE_OK)
		return;
	check_mode(doctor, "key file", path);
	error = file_read(path, KEYFILE_MAX, &file);
	if (error != 0)
		return; /* said */
	format = keyfile_wipe_key(view_bytes(&file), &device, secret);
	if (format != FORMAT_OK)
		tell(doctor, FINDING_BAD, "keys", "the file does not hold: %s",
		    format_result_text(format));
	else if (!device_equal(&device, &session->facts.device))
		tell(doctor, FINDING_BAD, "keys", "they are another device's");
	else
		tell(doctor, FINDING_OK, "keys", "they are this device's");
	sodium_memzero(secret, sizeof(secret));
	bytes_clear(&file);
}

static void check_roster(struct doctor *doctor)
{
	struct session *session = doctor->session;
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes encoded = {0};
	enum format_result format = FORMAT_NO_MEMORY;

	if (roster == NULL ||
	    sync_roster_get(&session->engine, &session->call, &encoded) != ENGINE_OK) {
		tell(doctor, FINDING_BAD, "roster", "it can't be read");
		goto done;
	}
	format = roster_decode(view_bytes(&encoded), false, roster);
	if (format != FORMAT_OK)
		tell(doctor, FINDING_BAD, "roster", "it does not hold: %s",
		    format_result_text(format));
	else if (!account_equal(&roster->account, &session->facts.account))
		tell(doctor, FINDING_BAD, "roster", "it is another account's");
	else if (roster_live(roster, &session->facts.device, SIZE_MAX) != NULL)
		tell(doctor, FINDING_OK, "roster", "this device belongs to the account");
	else if (session->facts.recovering)
		tell(doctor, FINDING_NOTE, "roster", "the recovery is not finished");
	else
		tell(doctor, FINDING_BAD, "roster", "this device does not belong to the account");
done:
	bytes_clear(&encoded);
	free(roster);
}

struct warnings {
	uint64_t count;
	char newest[CALL_MESSAGE_MAX];
};

static bool see_activity(void *self, const struct store_activity *row)
{
	struct warnings *warnings = self;

	if (row->kind != ACTIVITY_WARNING)
		return true;
	if (warnings->count++ == 0)
		(void)snprintf(warnings->newest, sizeof(warnings->newest), "%s", row->detail);
	return true;
}

/* A home that was copied to another machine is found out by a sync, which notes it there. */
static void check_warnings(struct doctor *doctor)
{
	struct session *session = doctor->session;
	struct warnings warnings = {0};

	if (store_activity(session->store, 0, see_activity, &warnings, &session->call) !=
	    JOURNAL_OK)
		tell(doctor, FINDING_BAD, "warnings", "the log can't be read: %s",
		    session->call.message);
	else if (warnings.count == 0)
		tell(doctor, FINDING_OK, "warnings", "none in the log");
	else
		tell(doctor, FINDING_NOTE, "warnings", "%llu in the log, the newest: %.400s",
		    (unsigned long long)warnings.count, warnings.newest);
}

/* A signed request that changes nothing: it needs the right name, key and clock. */
static enum code poll_gateway(struct session *session, const char *url, enum sync_status *out)
{
	const struct sync_request request = {
	    .account = session->facts.account,
	    .device = session->facts.device,
	    .cursor = session->facts.head,
	};
	struct sync_answer answer = {0};
	struct remote_info info = {0};
	struct call call;
	enum code code = session_remote(session, url, false);

	if (code == CODE_OK)
		code = session_ask_gateway(session, url, &info);
	if (code != CODE_OK)
		return code;
	remote_request(&call, &session->app->clock);
	code = session_remote_result(session,
	    session->remote->ops->sync(session->remote->self, &request, &call, &answer), &call);
	*out = answer.status;
	sync_answer_clear(&answer);
	return code;
}

static void check_gateway(struct doctor *doctor, const char *url)
{
	struct session *session = doctor->session;
	struct app *app = session->app;
	enum sync_status status = SYNC_CURRENT;
	const char *what = "gateway";

	if (session_unlock(session) != CODE_OK)
		tell(doctor, FINDING_NOTE, what, "not asked as this device: %s", app->error);
	else if (poll_gateway(session, url, &status) != CODE_OK)
		tell(doctor, FINDING_BAD, what, "%s%s%s", app->error,
		    app->hint[0] == '\0' ? "" : ": ", app->hint);
	else if (status == SYNC_REVOKED || status == SYNC_GONE)
		tell(doctor, FINDING_BAD, what, "%s: inkseal sync shows the proof",
		    status == SYNC_GONE ? "the account was wiped" : "this device was revoked");
	else
		tell(doctor, FINDING_OK, what, "it answers this device");
	app->error[0] = '\0'; /* a finding now */
	app->hint[0] = '\0';
}

static void check_bucket(struct doctor *doctor, const char *url)
{
	struct session *session = doctor->session;
	struct app *app = session->app;
	struct call call;

	remote_request(&call, &app->clock);
	if (remote_probe(url, &app->clock, &app->random, true, NULL, &call) != REMOTE_FIT) {
		tell(doctor, FINDING_BAD, "bucket", "%s", call.message);
		return;
	}
	tell(doctor, FINDING_OK, "bucket", "it keeps what it promises");
	if (remote_is_gateway(url) && !session->facts.recovering)
		check_gateway(doctor, url);
}

static void check_account(struct doctor *doctor, bool probe)
{
	struct session *session = doctor->session;
	struct bytes url = {0};

	check_keys(doctor);
	check_roster(doctor);
	if (!session_meta(session, META_URL, &url))
		tell(doctor, FINDING_BAD, "url", "where the account is, is not known");
	else if (probe)
		check_bucket(doctor, (const char *)url.data);
	bytes_clear(&url);
}

enum code app_examine(struct session *session, bool probe, const struct findings *findings)
{
	struct doctor doctor = {.session = session, .findings = findings};
	struct app *app = session->app;
	char journal[FILE_PATH_MAX];
	enum code code = home_file(app, &session->home, HOME_JOURNAL, journal);

	if (code != CODE_OK)
		return code;
	check_mode(&doctor, "home", session->home.path);
	check_mode(&doctor, "file", journal);
	check_journal(&doctor);
	check_clock(&doctor);
	check_warnings(&doctor);
	if (session->facts.has_account)
		check_account(&doctor, probe);
	else
		tell(&doctor, FINDING_OK, "sync", "not set up");
	return doctor.bad ? app_fail(app, CODE_ERROR, "something is wrong: see above") : CODE_OK;
}
