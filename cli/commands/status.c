/*
 * cli/commands/status.c: where this journal stands. Offline: it says what is known here.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

static const char *switch_text(const struct sync_facts *facts)
{
	if (!facts->has_account)
		return "not set up";
	if (facts->recovering)
		return "recovering";
	return facts->on ? "on" : "off";
}

static enum code print_json(const struct session *session, const struct overview *status)
{
	const struct sync_facts *facts = &session->facts;
	const struct journal_counts *counts = &status->counts;
	json_t *json =
	    json_pack("{s:I,s:I,s:I,s:I,s:s,s:s?}", "entries", (json_int_t)counts->entries_count,
		"deleted", (json_int_t)counts->deleted_count, "pending",
		(json_int_t)counts->dirty_count, "conflicts", (json_int_t)counts->conflicts_count,
		"sync", switch_text(facts), "url", (const char *)status->url.data);

	if (json != NULL && facts->has_account) {
		json_t *more = json_pack("{s:o,s:o,s:{s:I,s:o},s:o,s:o,s:o}", "account",
		    output_hex(facts->account.bytes, ACCOUNT_ID_LEN), "device",
		    output_hex(facts->device.bytes, DEVICE_ID_LEN), "head", "seq",
		    (json_int_t)facts->head.seq, "hash",
		    output_hex(facts->head.hash.bytes, DIGEST_LEN), "root",
		    output_hex(status->root, ROOT_LEN), "lastSyncedAt",
		    output_time(facts->acknowledged_ms), "lastPulledAt",
		    output_time(facts->pulled_ms));
		int failed = more == NULL ? -1 : json_object_update(json, more);

		json_decref(more);
		if (failed != 0) {
			json_decref(json);
			json = NULL;
		}
	}
	if (!output_json(json))
		return app_fail(session->app, CODE_ERROR, "the status can't be printed");
	return CODE_OK;
}

static void print_account(const struct session *session, const struct overview *status)
{
	const struct sync_facts *facts = &session->facts;
	int64_t now_ms = clock_wall_ms(&session->app->clock);
	char account[2 * ACCOUNT_ID_LEN + 1];
	char device[2 * DEVICE_ID_LEN + 1];
	char head[2 * DIGEST_LEN + 1];
	char root[2 * ROOT_LEN + 1];
	char acknowledged[OUTPUT_AGO_MAX];
	char pulled[OUTPUT_AGO_MAX];

	hex_encode(view_of(facts->account.bytes, ACCOUNT_ID_LEN), account);
	hex_encode(view_of(facts->device.bytes, DEVICE_ID_LEN), device);
	hex_encode(view_of(facts->head.hash.bytes, DIGEST_LEN), head);
	hex_encode(view_of(status->root, ROOT_LEN), root);
	output_ago(facts->acknowledged_ms, now_ms, acknowledged);
	output_ago(facts->pulled_ms, now_ms, pulled);
	(void)output_printf("account    %s\n", account);
	(void)output_printf("device     %s\n", device);
	(void)output_printf("head       %llu (%.16s)\n", (unsigned long long)facts->head.seq, head);
	(void)output_printf("root       %.16s\n", root);
	(void)output_printf(
	    "pending    %llu to push\n", (unsigned long long)status->counts.dirty_count);
	(void)output_printf("edits acknowledged %s; remote seen %s\n", acknowledged, pulled);
}

static void print_text(const struct session *session, const struct overview *status)
{
	const struct journal_counts *counts = &status->counts;

	(void)output_printf("home       ");
	(void)output_line_end(view_text(session->home.path));
	(void)output_printf("journal    %llu entries, %llu deleted, %llu conflict copies\n",
	    (unsigned long long)counts->entries_count, (unsigned long long)counts->deleted_count,
	    (unsigned long long)counts->conflicts_count);
	(void)output_printf("sync       %s", switch_text(&session->facts));
	if (status->url.data != NULL) {
		(void)output_printf(", with ");
		(void)output_line(view_bytes(&status->url), 0);
	}
	(void)output_printf("\n");
	if (session->facts.has_account)
		print_account(session, status);
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct overview status = {.url = {0}};
	enum code code = session_open(app, SESSION_READ, &session);

	if (code == CODE_OK)
		code = session_overview(&session, &status);
	if (code == CODE_OK && options_of(app)->json)
		code = print_json(&session, &status);
	else if (code == CODE_OK)
		print_text(&session, &status);
	bytes_clear(&status.url);
	session_close(&session);
	return code;
}

const struct command status_command = {
    .name = "status",
    .args = "",
    .summary = "Shows what is pending, where it syncs to, and when it last did",
    .help = "Works offline. Two facts are told apart: when your edits were acknowledged, and\n"
	    "when the remote was last seen.\n",
    .run = run,
};
