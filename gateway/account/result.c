/*
 * gateway/account/result.c: results, translated.
 */
#include "gateway/account/result.h"

const char *account_result_text(enum account_result result)
{
	switch (result) {
	case ACCOUNT_OK: return "ok";
	case ACCOUNT_ABSENT: return "absent";
	case ACCOUNT_GONE: return "gone";
	case ACCOUNT_REFUSED: return "refused";
	case ACCOUNT_RETRY: return "try again";
	case ACCOUNT_DAMAGED: return "damaged";
	case ACCOUNT_FAILED: return "failed";
	}
	return "unknown result";
}

enum account_result account_from_bucket(enum bucket_result result)
{
	switch (result) {
	case BUCKET_OK:
	case BUCKET_UNCHANGED: return ACCOUNT_OK;
	case BUCKET_ABSENT: return ACCOUNT_ABSENT;
	case BUCKET_CONFLICT:
	case BUCKET_RETRY:
	case BUCKET_UNKNOWN: return ACCOUNT_RETRY;
	case BUCKET_REFUSED: return ACCOUNT_FAILED;
	}
	return ACCOUNT_FAILED;
}

enum account_result account_from_format(
    enum format_result result, enum account_result bad, const char *what, struct call *call)
{
	if (result == FORMAT_OK)
		return ACCOUNT_OK;
	call_sayf(call, "%s: %s", what, format_result_text(result));
	if (result == FORMAT_NO_MEMORY)
		return ACCOUNT_FAILED;
	/* Nothing is wrong with it, and trying again is no use: the program is to be updated. */
	return result == FORMAT_NEWER ? ACCOUNT_REFUSED : bad;
}
