/*
 * gateway/daemon/config.c: one table of settings, read by file (inih), environment and flags.
 * inih cuts lines at 200 bytes without a word: a longer one is refused here before it sees it.
 */
#include "gateway/daemon/config.h"
#include "gateway/account/account.h"
#include "gateway/daemon/print.h"
#include "gateway/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INI_LINE_MAX 190u
#define DIGITS_MAX 15u

enum setting_kind { KIND_TEXT, KIND_NUMBER, KIND_CREATE };
struct setting {
	const char *name; /* key-file: --key-file, INKSEALD_KEY_FILE, key-file = … */
	enum setting_kind kind;
	size_t offset;     /* of its member in struct config */
	uint64_t min, max; /* of a number */
	const char *value;
	const char *help;
};
#define IN_CONFIG(member) offsetof(struct config, member)

static const struct setting settings[] = {
    {"listen", KIND_TEXT, IN_CONFIG(listen), 0, 0, "HOST:PORT", "where to listen (127.0.0.1:8737)"},
    {"metrics-listen", KIND_TEXT, IN_CONFIG(metrics_listen), 0, 0, "HOST:PORT",
	"where /metrics is, and nothing else (nowhere)"},
    {"bucket", KIND_TEXT, IN_CONFIG(bucket), 0, 0, "URL",
	"dir:FOLDER or s3:http://HOST:PORT/BUCKET/PREFIX"},
    {"names", KIND_TEXT, IN_CONFIG(names), 0, 0, "NAME,…",
	"the public names, as in clients' URLs; the first signs for wipes (as listen)"},
    {"key-file", KIND_TEXT, IN_CONFIG(key_file), 0, 0, "FILE",
	"the receipt key; the same on all gateways of a bucket"},
    {"create", KIND_CREATE, IN_CONFIG(create_open), 0, 0, "invite|open",
	"who may create an account (invite)"},
    {"threads", KIND_NUMBER, IN_CONFIG(threads), 1, 64, "N", "of the HTTP server"},
    {"workers", KIND_NUMBER, IN_CONFIG(workers), 1, 1024, "N", "requests that run at once"},
    {"queue", KIND_NUMBER, IN_CONFIG(queue), 1, 65536, "N",
	"requests that may wait; more are answered 503"},
    {"connections", KIND_NUMBER, IN_CONFIG(connections), 16, 1000000, "N",
	"open at once; more are not accepted"},
    {"per-address", KIND_NUMBER, IN_CONFIG(per_address), 0, 1000000, "N",
	"connections of one public IP address; 0: no limit (256)"},
    {"account-requests", KIND_NUMBER, IN_CONFIG(account_requests), 1, 1024, "N",
	"requests of one account at once; more are answered 429"},
    {"watchers", KIND_NUMBER, IN_CONFIG(watchers), 1, 65536, "N", "watches of one account at once"},
    {"cache-mib", KIND_NUMBER, IN_CONFIG(cache_mib), 1, 65536, "N",
	"MiB for what is known of accounts"},
    {"bodies-mib", KIND_NUMBER, IN_CONFIG(bodies_mib), 8, 65536, "N",
	"MiB for bodies that are being received, and as much for answers being sent"},
    {"retain-days", KIND_NUMBER, IN_CONFIG(retain_days), 0, 36500, "N",
	"days that history behind a snapshot is kept (30)"},
    {"quota", KIND_NUMBER, IN_CONFIG(quota), 0, 999999999999999, "BYTES",
	"what one account may take; 0: no limit (0)"},
    {"requests-per-minute", KIND_NUMBER, IN_CONFIG(requests_per_minute), 0, 1000000, "N",
	"of one device; more are answered 429; 0: no limit (6000)"},
};

static bool set_number(
    const struct setting *setting, const char *value, uint64_t *out, struct call *call)
{
	uint64_t number = 0;
	size_t len = strspn(value, "0123456789");

	if (len > 0 && len <= DIGITS_MAX && value[len] == '\0')
		number = strtoull(value, NULL, 10);
	if (len == 0 || len > DIGITS_MAX || value[len] != '\0' || number < setting->min ||
	    number > setting->max) {
		call_sayf(call, "%s must be a number from %llu to %llu", setting->name,
		    (unsigned long long)setting->min, (unsigned long long)setting->max);
		return false;
	}
	*out = number;
	return true;
}

static bool set(
    const struct setting *setting, const char *value, struct config *config, struct call *call)
{
	char *member = (char *)config + setting->offset;
	size_t len = strlen(value);

	switch (setting->kind) {
	case KIND_NUMBER: return set_number(setting, value, (uint64_t *)(void *)member, call);
	case KIND_CREATE:
		if (strcmp(value, "open") != 0 && strcmp(value, "invite") != 0) {
			call_sayf(call, "create must be invite or open");
			return false;
		}
		*(bool *)member = strcmp(value, "open") == 0;
		return true;
	case KIND_TEXT:
		if (len == 0 || len >= CONFIG_TEXT_MAX) {
			call_sayf(call, "%s is empty or too long", setting->name);
			return false;
		}
		memcpy(member, value, len + 1);
		return true;
	}
	return false;
}

static const struct setting *find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (strlen(settings[i].name) == len && strncmp(settings[i].name, name, len) == 0)
			return &settings[i];
	return NULL;
}

struct file_reader {
	struct config *config;
	struct call *call;
	bool seen[COUNT_OF(settings)];
	bool failed;
};

/* inih's callback: 0 is a failure. */
static int file_line(void *self, const char *section, const char *name, const char *value)
{
	struct file_reader *reader = self;
	const struct setting *setting = find(name, strlen(name));

	if (reader->failed)
		return 0;
	reader->failed = true;
	if (section[0] != '\0') {
		call_sayf(reader->call, "there are no sections: [%.40s]", section);
		return 0;
	}
	if (setting == NULL) {
		call_sayf(reader->call, "there is no setting %.40s", name);
		return 0;
	}
	if (reader->seen[setting - settings]) {
		call_sayf(reader->call, "%s stands there twice", setting->name);
		return 0;
	}
	reader->seen[setting - settings] = true;
	reader->failed = !set(setting, value, reader->config, reader->call);
	return !reader->failed;
}

static bool lines_fit(const char *text, struct call *call)
{
	unsigned number = 1;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > INI_LINE_MAX) {
			call_sayf(call, "line %u is longer than %u bytes: use the environment",
			    number, INI_LINE_MAX);
			return false;
		}
		text += len;
		text += *text == '\n';
		number++;
	}
	return true;
}

/* The whole file, and a NUL after it. */
static bool read_file(const char *path, struct bytes *out, struct call *call)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bytes bytes = {0};
	size_t len = 0;
	ssize_t got = -1;

	if (fd >= 0 && bytes_new(CONFIG_FILE_MAX, &bytes)) {
		do {
			got = read(fd, bytes.data + len, bytes.len - len);
			len += got > 0 ? (size_t)got : 0;
		} while (got > 0 || (got < 0 && errno == EINTR));
	}
	if (got < 0)
		call_sayf(call, "it can't be read: %s", strerror(errno));
	else if (len == bytes.len)
		call_sayf(call, "it is larger than %u bytes", CONFIG_FILE_MAX);
	if (fd >= 0)
		(void)close(fd);
	if (got < 0 || len == bytes.len) {
		bytes_clear(&bytes);
		return false;
	}
	bytes.data[len] = 0;
	*out = bytes;
	return true;
}

static bool by_file(const char *path, struct config *config, struct call *call)
{
	struct file_reader reader = {.config = config, .call = call};
	struct bytes text = {0};
	bool done = false;
	int line;

	if (!read_file(path, &text, call) || !lines_fit((const char *)text.data, call))
		goto done;
	line = ini_parse_string((const char *)text.data, file_line, &reader);
	if (line != 0 && !reader.failed)
		call_sayf(call, "line %d is no NAME = VALUE", line);
	done = line == 0;
done:
	bytes_clear(&text);
	if (!done)
		call_prefix(call, path);
	return done;
}

static bool by_environment(struct config *config, struct call *call)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		char name[64];
		const char *value;
		size_t len = 0;

		(void)snprintf(name, sizeof(name), "INKSEALD_%s", settings[i].name);
		for (len = strlen("INKSEALD_"); name[len] != '\0'; len++) {
			if (name[len] == '-')
				name[len] = '_';
			else if (name[len] >= 'a' && name[len] <= 'z')
				name[len] = (char)(name[len] - 'a' + 'A');
		}
		value = getenv(name);
		if (value != NULL && !set(&settings[i], value, config, call)) {
			call_prefix(call, name);
			return false;
		}
	}
	return true;
}

/* What --NAME VALUE or --NAME=VALUE gives; *index moves over VALUE. NULL: it is missing. */
static const char *flag_value(int argc, char **argv, int *index)
{
	const char *equals = strchr(argv[*index], '=');

	if (equals != NULL)
		return equals + 1;
	if (*index + 1 >= argc)
		return NULL;
	*index += 1;
	return argv[*index];
}

static bool plain_flag(const char *flag, struct arguments *arguments)
{
	bool *which = NULL;

	if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0)
		which = &arguments->help;
	else if (strcmp(flag, "--version") == 0)
		which = &arguments->about;
	else if (strcmp(flag, "--yes") == 0)
		which = &arguments->yes;
	if (which != NULL)
		*which = true;
	return which != NULL;
}

/* config NULL: only --config is looked for, and words; else all is set. */
static bool by_flags(int argc, char **argv, struct config *config, const char **file_out,
    struct arguments *arguments, struct call *call)
{
	for (int i = 1; i < argc; i++) {
		const char *flag = argv[i], *value;
		const struct setting *setting;
		size_t len;

		if (flag[0] != '-') {
			if (arguments->operand != NULL && config == NULL) {
				call_sayf(call, "one argument too many: %.80s", flag);
				return false;
			}
			if (config == NULL && arguments->command != NULL)
				arguments->operand = flag;
			else if (config == NULL)
				arguments->command = flag;
			continue;
		}
		if (plain_flag(flag, arguments))
			continue;
		len = strcspn(flag, "=");
		setting = len > 2 ? find(flag + 2, len - 2) : NULL;
		if (setting == NULL &&
		    (len != strlen("--config") || strncmp(flag, "--config", len) != 0)) {
			call_sayf(call, "there is no option %.80s", flag);
			return false;
		}
		value = flag_value(argc, argv, &i);
		if (value == NULL) {
			call_sayf(call, "%s needs a value", flag);
			return false;
		}
		if (setting == NULL)
			*file_out = value;
		else if (config != NULL && !set(setting, value, config, call))
			return false;
	}
	return true;
}

static void defaults(struct config *config)
{
	struct http_config http;
	const char *folder = getenv("STATE_DIRECTORY"); /* systemd's StateDirectory= */
	const char *home = getenv("HOME");

	http_defaults(&http);
	*config = (struct config){
	    .listen = "127.0.0.1:8737",
	    .threads = http.threads,
	    .workers = http.workers,
	    .queue = http.queue_max,
	    .connections = http.connections_max,
	    .per_address = http.per_ip_max,
	    .account_requests = http.account_max,
	    .watchers = http.watchers_max,
	    .cache_mib = http.cache_bytes_max >> 20,
	    .bodies_mib = http.body_bytes_max >> 20,
	    .retain_days = 30,
	    .requests_per_minute = http.rate_max,
	};
	if (folder != NULL && folder[0] == '/')
		(void)snprintf(config->key_file, CONFIG_TEXT_MAX, "%s/receipt.key", folder);
	else if (home != NULL && home[0] == '/')
		(void)snprintf(config->key_file, CONFIG_TEXT_MAX,
		    "%s/.local/state/inkseald/receipt.key", home);
}

bool config_read(
    int argc, char **argv, struct config *config, struct arguments *arguments, struct call *call)
{
	const char *file = getenv("INKSEALD_CONFIG");

	*arguments = (struct arguments){0};
	defaults(config);
	return by_flags(argc, argv, NULL, &file, arguments, call) &&
	       (file == NULL || by_file(file, config, call)) && by_environment(config, call) &&
	       by_flags(argc, argv, config, &file, arguments, call);
}

void config_help(void)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		char flag[64];

		(void)snprintf(flag, sizeof(flag), "--%s %s", settings[i].name, settings[i].value);
		print_out("  %-26s %s\n", flag, settings[i].help);
	}
}
