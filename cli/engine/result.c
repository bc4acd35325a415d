/*
 * cli/engine/result.c: results, their texts, and what others' results are among them.
 */
#include "cli/engine/result.h"

const char *engine_result_text(enum engine_result result)
{
	switch (result) {
	case ENGINE_OK: return "ok";
	case ENGINE_NOT_FOUND: return "not found";
	case ENGINE_REFUSED: return "refused";
	case ENGINE_OFF: return "sync is not set up";
	case ENGINE_WRONG_KEY: return "wrong key";
	case ENGINE_GONE: return "the account was wiped";
	case ENGINE_MISSING: return "the account is missing";
	case ENGINE_REVOKED: return "this device was revoked";
	case ENGINE_ROLLBACK: return "the log was rolled back or forked";
	case ENGINE_BRAKE: return "too many deletions";
	case ENGINE_ROOT: return "the state roots differ";
	case ENGINE_DAMAGED: return "damaged";
	case ENGINE_UNSOUND: return "an entry is damaged in this home";
	case ENGINE_NEWER: return "made by a newer version";
	case ENGINE_LATER: return "not now";
	case ENGINE_FULL: return "the disk is full";
	case ENGINE_FAILED: return "failed";
	}
	return "unknown";
}

enum engine_result engine_of_journal(enum journal_result result)
{
	switch (result) {
	case JOURNAL_OK: return ENGINE_OK;
	case JOURNAL_FULL: return ENGINE_FULL;
	case JOURNAL_NONE:
	case JOURNAL_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

enum engine_result engine_of_format(enum format_result result)
{
	switch (result) {
	case FORMAT_OK: return ENGINE_OK;
	case FORMAT_NEWER: return ENGINE_NEWER;
	case FORMAT_NO_MEMORY: return ENGINE_FAILED;
	case FORMAT_MALFORMED:
	case FORMAT_TOO_LARGE:
	case FORMAT_FORGED: return ENGINE_DAMAGED;
	}
	return ENGINE_DAMAGED;
}

enum engine_result engine_say_format(struct call *call, const char *what, enum format_result result)
{
	if (result != FORMAT_OK)
		call_sayf(call, "%s: %s", what, format_result_text(result));
	return engine_of_format(result);
}
