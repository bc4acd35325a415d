/*
 * gateway/daemon/config.h: settings by file, then environment (INKSEALD_…), then flags: the last
 * one wins.
 */
#ifndef INKSEAL_DAEMON_CONFIG_H
#define INKSEAL_DAEMON_CONFIG_H

#include "schemas/base/base.h"

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

#endif
