/*
 * gateway/daemon/operate.c: the operator's commands. They work on the bucket, beside running
 * gateways, through the same account code: no daemon has to be asked or stopped.
 */
#include "gateway/daemon/operate.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket_open.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/exit_code.h"
#include "gateway/daemon/invites.h"
#include "gateway/daemon/print.h"
#include "gateway/daemon/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MS 60000
#define LONG_CALL_MS (15 * 60 * 1000) /* a sweep or removal of a large account */
#define DAY_MS (24 * 3600 * 1000LL)
#define HEX_ID_LEN (2u * ACCOUNT_ID_LEN)

struct operator_bucket {
	struct clock clock;
	struct random random;
	struct bucket *bucket;
	struct account_env env;
};

static enum exit_code fail(const char *what, const struct call *call)
{
	print_error("%s: %s", what, call->message);
	return EXIT_ERROR;
}

static bool open_for(struct operator_bucket *on, const char *url, struct call *call)
{
	on->clock = system_clock();
	on->random = system_random();
	system_init(&on->clock, CALL_MS, call);
	if (url[0] == '\0') {
		call_sayf(call, "bucket is not set: give --bucket URL");
		return false;
	}
	on->bucket = bucket_open(url, &on->clock, call);
	on->env = (struct account_env){
	    .bucket = on->bucket,
	    .clock = &on->clock,
	    .random = &on->random,
	    .prefix = "",
	    .gateway = "",
	};
	return on->bucket != NULL;
}

enum exit_code operate_invite(const struct config *config)
{
	struct operator_bucket on = {0};
	char token[64] = "";
	struct call call;
	enum exit_code code = EXIT_OK;

	if (!open_for(&on, config->bucket, &call))
		return fail("bucket", &call);
	if (invites_make(&on.env, &call, token) != ACCOUNT_OK)
		code = fail("invite", &call);
	else
		print_out("good for one account on the gateways of this bucket:\n%s\n", token);
	bucket_close(on.bucket);
	return code;
}

enum exit_code operate_probe(const char *url)
{
	struct operator_bucket on = {0};
	enum exit_code code = EXIT_OK;
	struct call call;

	if (!open_for(&on, url, &call))
		return fail("bucket", &call);
	system_init(&on.clock, 5 * CALL_MS, &call);
	if (bucket_probe(on.bucket, &on.clock, &on.random, &probe_rules_full, &call) == PROBE_KEPT)
		print_out("this bucket keeps its promises: conditional writes hold, also in a "
			  "race of 16\n");
	else
		code = fail("probe", &call);
	bucket_close(on.bucket);
	return code;
}

/* Is called for each account; a result but EXIT_OK is kept, and the walk goes on. */
typedef enum exit_code each_account(
    struct operator_bucket *on, const struct account_id *account, const char *hex, void *self);

/* The account of a key "a/<hex>/…" or "w/<hex>". */
static bool account_of(const char *key, struct account_id *out, char hex[HEX_ID_LEN + 1])
{
	if (strnlen(key, 2 + HEX_ID_LEN) < 2 + HEX_ID_LEN ||
	    !hex_decode(key + 2, HEX_ID_LEN, out->bytes, ACCOUNT_ID_LEN))
		return false;
	memcpy(hex, key + 2, HEX_ID_LEN);
	hex[HEX_ID_LEN] = '\0';
	return true;
}

/*
 * One LIST finds one account or more; the next begins behind all of its keys ("~" is greater than
 * what they are made of).
 */
static enum exit_code walk(
    struct operator_bucket *on, const char *prefix, each_account *each, void *self)
{
	enum exit_code code = EXIT_OK;
	char after[BUCKET_KEY_MAX + 1] = "";
	bool more = true;

	while (more) {
		struct bucket_page page = {0};
		struct call call;

		system_init(&on->clock, CALL_MS, &call);
		if (bucket_list(on->bucket, prefix, after, &call, &page) != BUCKET_OK)
			return fail("list", &call);
		for (size_t i = 0; i < page.count; i++) {
			char hex[HEX_ID_LEN + 1];
			struct account_id account;

			(void)snprintf(after, sizeof(after), "%s", page.items[i].key);
			if (!account_of(page.items[i].key, &account, hex))
				continue;
			(void)snprintf(after, sizeof(after), "%s%s/~", prefix, hex);
			if (each(on, &account, hex, self) != EXIT_OK)
				code = EXIT_PARTIAL;
			while (i + 1 < page.count && strcmp(page.items[i + 1].key, after) < 0)
				i++;
		}
		more = page.more && page.count > 0;
		free(page.items);
	}
	return code;
}

/* Live devices, without the recovery code's. SIZE_MAX: the roster does not hold, or no memory. */
static size_t devices_live(struct view encoded)
{
	static const uint8_t none[SIGN_PUBLIC_LEN];
	struct roster *roster = malloc(sizeof(*roster));
	size_t count = SIZE_MAX;

	if (roster != NULL && roster_decode(encoded, true, roster) == FORMAT_OK) {
		count = 0;
		for (size_t i = 0; i < roster->devices_count; i++)
			if (roster->devices[i].revoked_by == SIZE_MAX &&
			    memcmp(roster->devices[i].keys.wipe_public, none, sizeof(none)) != 0)
				count++;
	}
	free(roster);
	return count;
}

static enum exit_code print_account(
    struct operator_bucket *on, const struct account_id *account, const char *hex, void *self)
{
	struct account_cache cache = {0};
	struct manifest *manifest = malloc(sizeof(*manifest));
	struct bytes roster = {0};
	enum account_result result = ACCOUNT_FAILED;
	size_t devices = SIZE_MAX;
	struct call call;

	(void)self;
	system_init(&on->clock, CALL_MS, &call);
	if (manifest != NULL)
		result = account_roster(&on->env, &cache, account, &call, &roster);
	if (result == ACCOUNT_OK)
		devices = devices_live(view_bytes(&roster));
	if (result == ACCOUNT_OK &&
	    (devices == SIZE_MAX ||
		manifest_decode(view_bytes(&cache.manifest), manifest) != FORMAT_OK)) {
		call_sayf(&call, "what belongs to it can't be read");
		result = ACCOUNT_FAILED;
	}
	if (result == ACCOUNT_OK)
		print_out("%s  head %" PRIu64 "  devices %zu  packs %zu  sweeps %" PRIu64 "\n", hex,
		    manifest->head.seq, devices, manifest->packs_count, manifest->sweep);
	else
		print_out("%s  %s: %s\n", hex, account_result_text(result), call.message);
	free(manifest);
	bytes_clear(&roster);
	account_cache_clear(&cache);
	return result == ACCOUNT_OK ? EXIT_OK : EXIT_PARTIAL;
}

enum exit_code operate_accounts(const struct config *config)
{
	struct operator_bucket on = {0};
	struct call call;
	enum exit_code code;

	if (!open_for(&on, config->bucket, &call))
		return fail("bucket", &call);
	code = walk(&on, "a/", print_account, NULL);
	bucket_close(on.bucket);
	return code;
}

static enum exit_code print_usage(
    struct operator_bucket *on, const struct account_id *account, const char *hex, void *self)
{
	struct account_usage *total = self, one = {0};
	struct call call;

	system_init(&on->clock, CALL_MS, &call);
	if (account_usage(&on->env, account, &call, &one) != ACCOUNT_OK)
		return fail("list", &call);
	print_out("%s  %" PRIu64 " objects  %" PRIu64 " bytes\n", hex, one.objects, one.bytes);
	total->objects += one.objects;
	total->bytes += one.bytes;
	return EXIT_OK;
}

enum exit_code operate_usage(const struct config *config)
{
	struct operator_bucket on = {0};
	struct account_usage total = {0};
	struct call call;
	enum exit_code code;

	if (!open_for(&on, config->bucket, &call))
		return fail("bucket", &call);
	code = walk(&on, "a/", print_usage, &total);
	print_out("total  %" PRIu64 " objects  %" PRIu64 " bytes\n", total.objects, total.bytes);
	bucket_close(on.bucket);
	return code;
}

static enum exit_code sweep_one(
    struct operator_bucket *on, const struct account_id *account, const char *hex, void *self)
{
	const int64_t *retain_ms = self;
	struct account_cache cache = {0};
	struct sweep_report report = {0};
	struct call call;
	enum account_result result;

	system_init(&on->clock, LONG_CALL_MS, &call);
	result = account_sweep(&on->env, &cache, account, *retain_ms, &call, &report);
	if (result == ACCOUNT_OK)
		print_out("%s  %" PRIu64 " objects  removed %" PRIu64 " (%" PRIu64 " bytes)\n", hex,
		    report.listed, report.removed, report.bytes_removed);
	else
		print_out("%s  %s: %s\n", hex, account_result_text(result), call.message);
	account_cache_clear(&cache);
	/* Gone, though something is left of it: the next walk takes that away. */
	return result == ACCOUNT_OK || result == ACCOUNT_GONE ? EXIT_OK : EXIT_PARTIAL;
}

/* What a late writer put after a wipe. */
static enum exit_code relist_one(
    struct operator_bucket *on, const struct account_id *account, const char *hex, void *self)
{
	struct wipe_report report = {0};
	struct call call;
	enum account_result result;

	(void)self;
	system_init(&on->clock, LONG_CALL_MS, &call);
	result = account_relist(&on->env, account, &call, &report);
	if (result == ACCOUNT_OK && report.objects_removed > 0)
		print_out("%s  wiped before: removed %" PRIu64 " late objects\n", hex,
		    report.objects_removed);
	else if (result != ACCOUNT_OK)
		print_out("%s  %s: %s\n", hex, account_result_text(result), call.message);
	return result == ACCOUNT_OK ? EXIT_OK : EXIT_PARTIAL;
}

enum exit_code operate_sweep(const struct config *config)
{
	int64_t retain_ms = (int64_t)config->retain_days * DAY_MS;
	struct operator_bucket on = {0};
	enum exit_code swept, relisted;
	struct call call;

	if (!open_for(&on, config->bucket, &call))
		return fail("bucket", &call);
	swept = walk(&on, "a/", sweep_one, &retain_ms);
	relisted = walk(&on, "w/", relist_one, NULL);
	bucket_close(on.bucket);
	return swept != EXIT_OK ? swept : relisted;
}

static bool confirmed(const char *hex)
{
	char line[HEX_ID_LEN + 2] = "";

	print_out("All that is kept of this account is removed for good; its devices keep their "
		  "journals, and say \"missing\".\nType the account's id to go on: ");
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, hex) == 0;
}

enum exit_code operate_wipe(const struct config *config, const char *hex, bool yes)
{
	struct operator_bucket on = {0};
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct account_id account;
	enum exit_code code = EXIT_OK;
	struct call call;

	if (!hex_decode(hex, strlen(hex), account.bytes, ACCOUNT_ID_LEN)) {
		print_error("wipe: an account's id is 40 digits");
		return EXIT_USAGE;
	}
	if (!open_for(&on, config->bucket, &call))
		return fail("bucket", &call);
	if (!yes && !confirmed(hex)) {
		bucket_close(on.bucket);
		print_error("wipe: nothing was removed (--yes asks nothing)");
		return EXIT_ERROR;
	}
	system_init(&on.clock, LONG_CALL_MS, &call);
	if (account_wipe(&on.env, &cache, &account, (struct view){0}, &call, &report) == ACCOUNT_OK)
		print_out("removed %" PRIu64 " objects, %" PRIu64 " bytes; a listing is empty\n",
		    report.objects_removed, report.bytes_removed);
	else
		code = fail("wipe", &call);
	account_cache_clear(&cache);
	bucket_close(on.bucket);
	return code;
}
