/*
 * gateway/daemon/daemon_priv.h: what the program's files share. This folder is the one place that
 * knows the bucket, the account code and the HTTP side together, and the only one that prints.
 */
#ifndef INKSEAL_DAEMON_PRIV_H
#define INKSEAL_DAEMON_PRIV_H

#include "gateway/account/account.h"
#include "gateway/bucket/bucket.h"
#include "gateway/daemon/upkeep.h"
#include "gateway/http/http.h"

/* Exit codes, a part of the client's. */
enum exit_code { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_PARTIAL = 3 };

/* system.c: the machine's clock and randomness. */
struct clock system_clock(void);
struct random system_random(void);
void system_init(const struct clock *clock, int64_t within_ms, struct call *call);

/* print.c: what the operator reads; a sentence, a row. Through the filter of shown.h. */
void print_out(const char *format, ...) PRINTF_LIKE(1, 2);
/* "inkseald: …", on standard error. */
void print_error(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * log.c: lines on standard error: t=… level=… and what is given. Nobody waits for who reads them:
 * past a bound, and while nobody reads, lines are left out and counted.
 */
MUST_USE bool daemon_log_start(void); /* until then each line is written at once */
/* Writes what waits, for so long at the most. Nothing is logged after that. */
void daemon_log_stop(int64_t within_ms);
void daemon_log_request(const char *text); /* text: logfmt */
void daemon_log_event(const char *level, const char *event, const char *message);
uint64_t daemon_log_left_out(void);

/* config.c: settings by file, then environment (INKSEALD_…), then flags: the last one wins. */
#define CONFIG_TEXT_MAX 1024u
#define CONFIG_FILE_MAX (64u << 10)
struct config {
	char listen[CONFIG_TEXT_MAX];         /* "host:port" */
	char metrics_listen[CONFIG_TEXT_MAX]; /* likewise; "": nowhere */
	char bucket[CONFIG_TEXT_MAX];         /* ""; or what bucket_open takes */
	char names[CONFIG_TEXT_MAX];          /* ""; or public authorities, with commas between */
	char key_file[CONFIG_TEXT_MAX];
	bool create_open;
	uint64_t threads, workers, queue, connections, per_address, account_requests, watchers,
	    cache_mib, bodies_mib, retain_days, quota, requests_per_minute;
};
struct arguments {             /* of the command line, as config_read leaves them */
	const char *command;   /* NULL: none */
	const char *operand;   /* what stands behind it; NULL: nothing */
	bool help, about, yes; /* --help, --version, --yes */
};
/* False: call->message says what is wrong. getenv and files are read; nothing is made. */
MUST_USE bool config_read(
    int argc, char **argv, struct config *config, struct arguments *arguments, struct call *call);
void config_help(void);

/* key.c: the receipt key, a seed in a file of its own. */
/* Read, or made where there is none (0600, its folder 0700). False: call->message. */
MUST_USE bool key_load(const char *path, uint8_t secret_out[SIGN_SECRET_LEN], struct call *call);

/* invites.c: single-use tokens in the bucket, n/<hash>. */
MUST_USE enum account_result invites_make(
    const struct account_env *env, struct call *call, char token_out[64]);
/* As struct http_invites has it; self is a const struct account_env. */
MUST_USE enum account_result invites_check(void *self, const char *token, struct call *call);
MUST_USE enum account_result invites_spend(
    void *self, const char *token, const struct account_id *account, struct call *call);

/* keep.c: the upkeep and the HTTP side, joined. */
struct upkeep_host keep_host(struct http_server **server); /* looked at when it is called */
struct http_keeper keep_keeper(struct upkeep *upkeep);
void keep_metrics(struct upkeep *upkeep, struct buffer *out);

/* serve.c, operate.c: the commands. */
MUST_USE enum exit_code serve(const struct config *config, const char *version);
MUST_USE enum exit_code operate_invite(const struct config *config);
MUST_USE enum exit_code operate_probe(const char *url);
MUST_USE enum exit_code operate_accounts(const struct config *config);
MUST_USE enum exit_code operate_usage(const struct config *config);
MUST_USE enum exit_code operate_sweep(const struct config *config);
MUST_USE enum exit_code operate_wipe(const struct config *config, const char *account, bool yes);

#endif
