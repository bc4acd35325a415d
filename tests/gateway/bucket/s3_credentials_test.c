/*
 * tests/gateway/bucket/s3_credentials_test.c: the environment, and the shared files as botocore
 * reads them.
 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/s3_credentials.h"
#include "tests/gateway/bucket/own_stack.h"

#define VARIABLES_MAX 6u
#define WAITS_MAX 5u
#define FILE_WAIT_MS 5000

/*
 * ---- poll and the clock, in a program that is linked so (CMakeLists.txt): nothing here waits ----
 */

enum wait_ends {        /* … or an errno that poll fails with */
	WAIT_OVER = -5, /* the time that was asked for */
	WAIT_READY,     /* there is something to read, and then there is not */
	WAIT_WRITES,    /* a part of the file */
	WAIT_ENDS,      /* nothing more comes */
};
struct waited {
	int end;
	int ms; /* it took so long; 0: no time, or (WAIT_OVER) all that was asked for */
};

static int64_t now_ms; /* the clock's */
static struct {
	const struct waited *next;
	int fd; /* the pipe's other end */
	unsigned written;
	int64_t begun_ms;
} pipe_now;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	*out = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000 + 999999};
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	static const char *const parts[] = {
	    "[x]\naws_access_key_id=AK\n", "aws_secret_access_key=SK\n"};
	const struct waited *waited = pipe_now.next++;

	assert_int_equal(count, 1);
	assert_int_equal(fds->events, POLLIN);
	assert_int_equal(timeout_ms, FILE_WAIT_MS - (now_ms - pipe_now.begun_ms));
	now_ms += waited->end == WAIT_OVER ? timeout_ms : waited->ms;
	switch (waited->end) {
	case WAIT_OVER: return 0;
	case WAIT_READY: return 1;
	case WAIT_WRITES:
		assert_true(pipe_now.written < COUNT_OF(parts));
		(void)!write(pipe_now.fd, parts[pipe_now.written], strlen(parts[pipe_now.written]));
		pipe_now.written++;
		return 1;
	case WAIT_ENDS:
		(void)close(pipe_now.fd);
		pipe_now.fd = -1;
		return 1;
	default: errno = waited->end; return -1;
	}
}

/* NOLINTEND(bugprone-reserved-identifier) */

static void pipe_begin(const char *path, const struct waited *waits)
{
	pipe_now.next = waits;
	pipe_now.fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(pipe_now.fd >= 0);
	pipe_now.written = 0;
	pipe_now.begun_ms = now_ms;
}

static void pipe_end(void)
{
	if (pipe_now.fd >= 0)
		(void)close(pipe_now.fd);
}

struct variable {
	const char *name;
	const char *value;
};

static const char *get(void *self, const char *name)
{
	const struct variable *variables = self;

	for (size_t i = 0; i < VARIABLES_MAX && variables[i].name != NULL; i++)
		if (strcmp(variables[i].name, name) == 0)
			return variables[i].value;
	return NULL;
}

static bool load(const struct variable *variables, struct call *call, struct s3_credentials *out)
{
	struct variable copy[VARIABLES_MAX];
	struct s3_env env = {copy, get};

	memcpy(copy, variables, sizeof(copy));
	call_init(call, 0);
	return s3_credentials_load(&env, call, out);
}

static void from_the_environment(void **state)
{
	static const struct {
		const char *name;
		struct variable variables[VARIABLES_MAX];
		const char *says; /* NULL: it is fine */
	} rows[] = {
	    {"both", {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}}, NULL},
	    {"and a token",
		{{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"},
		    {"AWS_SESSION_TOKEN", "token"}},
		NULL},
	    {"before the file",
		{{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"},
		    {"AWS_SHARED_CREDENTIALS_FILE", "/no/such/file"}, {"AWS_PROFILE", "x"}},
		NULL},
	    {"half", {{"AWS_ACCESS_KEY_ID", "AK"}}, "together"},
	    {"the other half", {{"AWS_SECRET_ACCESS_KEY", "s3cret"}}, "together"},
	    {"a line break",
		{{"AWS_ACCESS_KEY_ID", "AK\r\nx: y"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}},
		"no value that can be used"},
	    {"nothing at all", {{NULL, NULL}}, "no credentials"},
	    {"empty is not set", {{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}},
		"no credentials"},
	    {"no file", {{"AWS_SHARED_CREDENTIALS_FILE", "/no/such/file"}}, "no credentials"},
	    {"no folder", {{"AWS_SHARED_CREDENTIALS_FILE", "/dev/null/c"}}, "no credentials"},
	    {"no home", {{"AWS_SHARED_CREDENTIALS_FILE", "~/c"}}, "no credentials"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_credentials credentials = {"old", "old", "old"};
		struct call call;
		bool ok = load(rows[i].variables, &call, &credentials);

		if (ok != (rows[i].says == NULL))
			fail_msg("%s: %s", rows[i].name, call.message);
		if (rows[i].says != NULL) {
			assert_non_null(strstr(call.message, rows[i].says));
			assert_null(strstr(call.message, "s3cret"));
			assert_string_equal(credentials.access_key, "old");
			continue;
		}
		assert_string_equal(credentials.access_key, "AK");
		assert_string_equal(credentials.secret_key, "s3cret");
		assert_string_equal(credentials.session_token,
		    rows[i].variables[2].name != NULL && i == 1 ? "token" : "");
		s3_credentials_clear(&credentials);
		assert_string_equal(credentials.secret_key, "");
	}
}

/* A folder with a credentials and a config file, and an environment that names them. */
struct files {
	char folder[40];
	char credentials[64];
	char config[64];
	struct variable variables[VARIABLES_MAX];
};

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void files_make(struct files *files, const char *profile)
{
	*files = (struct files){.folder = "/tmp/inkseal-credentials-XXXXXX"};
	assert_non_null(mkdtemp(files->folder));
	(void)snprintf(files->credentials, sizeof(files->credentials), "%s/c", files->folder);
	(void)snprintf(files->config, sizeof(files->config), "%s/d", files->folder);
	files->variables[0] = (struct variable){"AWS_SHARED_CREDENTIALS_FILE", files->credentials};
	files->variables[1] = (struct variable){"AWS_CONFIG_FILE", files->config};
	if (profile != NULL)
		files->variables[2] = (struct variable){"AWS_PROFILE", profile};
}

static void files_remove(const struct files *files)
{
	(void)unlink(files->credentials);
	(void)unlink(files->config);
	assert_int_equal(rmdir(files->folder), 0);
}

/* As a bucket is opened: both, or neither. */
static bool load_both(const struct variable *variables, struct call *call,
    struct s3_credentials *out, char region_out[S3_REGION_MAX + 1])
{
	struct variable copy[VARIABLES_MAX];
	struct s3_env env = {copy, get};

	memcpy(copy, variables, sizeof(copy));
	call_init(call, 0);
	return s3_region_load(&env, call, region_out) && s3_credentials_load(&env, call, out);
}

static bool load_texts(const char *credentials, const char *config, const char *profile,
    struct call *call, struct s3_credentials *out, char region_out[S3_REGION_MAX + 1])
{
	struct files files;
	bool ok;

	files_make(&files, profile);
	write_file(files.credentials, credentials, strlen(credentials));
	write_file(files.config, config, strlen(config));
	ok = load_both(files.variables, call, out, region_out);
	files_remove(&files);
	return ok;
}

/* clang-format off: what is expected is what botocore 1.44.5 made of the very same files. */
static const struct {
	const char *name;
	const char *credentials;
	const char *config;
	const char *profile;
	struct {
		const char *access_key; /* NULL: refused */
		const char *secret_key;
		const char *token;
		const char *region;
	} expected;
} oracle[] = {
    {"plain", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"blanks around", "[default]\naws_access_key_id  =  AK \t\naws_secret_access_key\t=\tSK\n", "",
	NULL, {"AK", "SK", "", "us-east-1"}},
    {"a colon", "[default]\naws_access_key_id: AK\naws_secret_access_key : a=b\n", "", NULL,
	{"AK", "a=b", "", "us-east-1"}},
    {"an equals sign before a colon",
	"[default]\naws_access_key_id=A:B\naws_secret_access_key=SK\n", "", NULL,
	{"A:B", "SK", "", "us-east-1"}},
    {"any case", "[default]\nAWS_ACCESS_KEY_ID=AK\nAws_Secret_Access_Key=SK\n", "", NULL,
	{"AK", "SK", "", "us-east-1"}},
    {"comments",
	"# a\n; b\n[default]\n  # indented = "
	"x\naws_access_key_id=AK\n;x\naws_secret_access_key=SK/x+y=\n#aws_session_token=no\n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"an empty token",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\naws_session_token=\n", "",
	NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"an empty token with blanks",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\naws_session_token =   \n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a token",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\naws_session_token=T//"
	"+==\n",
	"", NULL, {"AK", "SK/x+y=", "T//+==", "us-east-1"}},
    {"the token's old name",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/"
	"x+y=\naws_session_token=T\naws_security_token=OLD\n",
	"", NULL, {"AK", "SK/x+y=", "OLD", "us-east-1"}},
    {"CRLF", "[default]\r\naws_access_key_id=AK\r\naws_secret_access_key=SK/x+y=\r\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"CR alone", "[default]\raws_access_key_id=AK\raws_secret_access_key=SK/x+y=\r", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"no line feed at the end", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK", "",
	NULL, {"AK", "SK", "", "us-east-1"}},
    {"blank lines",
	"\n\n[default]\n\naws_access_key_id=AK\n\n   \naws_secret_access_key=SK/x+y=\n\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"a mark",
	"\xef\xbb\xbf"
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"", NULL, {NULL, NULL, NULL, NULL}},
    {"another profile",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/"
	"x+y=\n[two]\naws_access_key_id=TWO\naws_secret_access_key=S2\n",
	"", "two", {"TWO", "S2", "", "us-east-1"}},
    {"a profile that is not there",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", "three",
	{NULL, NULL, NULL, NULL}},
    {"blanks within the brackets",
	"[ default ]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"a comment behind the brackets",
	"[default] # mine\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"brackets within a name", "[a]b]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "",
	"a]b", {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a name of two words", "[two words]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"", "two words", {"AK", "SK/x+y=", "", "us-east-1"}},
    {"an indented header", " [default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "",
	NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"indented settings", "[default]\n  aws_access_key_id=AK\n  aws_secret_access_key=SK/x+y=\n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a setting that continues another",
	"[default]\naws_access_key_id=AK\n  aws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"less and less indented",
	"[default]\n   aws_access_key_id=AK\n aws_secret_access_key=SK/x+y=\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"a sub-section",
	"[default]\ns3 =\n  aws_access_key_id = no\n  addressing_style = "
	"path\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a sub-section after",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\ns3 =\n    "
	"aws_secret_access_key=no\n\n    # x\n    max_queue_size = 5\n[x]\naws_access_key_id=AK\n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a header as a continuation",
	"[default]\nx = 1\n  [y]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"a setting before any section",
	"aws_access_key_id=AK\n[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"", NULL, {NULL, NULL, NULL, NULL}},
    {"a line that is no setting",
	"[default]\naws_access_key_id=AK\nhello\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"no name", "[default]\n= x\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"twice the same name",
	"[default]\naws_access_key_id=AK\naws_access_key_id=BK\naws_secret_access_key=SK/x+y=\n",
	"", NULL, {NULL, NULL, NULL, NULL}},
    {"twice the same section",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/"
	"x+y=\n[default]\naws_access_key_id=AK\n",
	"", NULL, {NULL, NULL, NULL, NULL}},
    {"no secret key", "[default]\naws_access_key_id=AK\n", "", NULL, {NULL, NULL, NULL, NULL}},
    {"no access key", "[default]\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"an empty section", "[default]\n", "", NULL, {NULL, NULL, NULL, NULL}},
    {"an empty file", "", "", NULL, {NULL, NULL, NULL, NULL}},
    {"defaults for all", "[DEFAULT]\naws_secret_access_key=ALL\n[default]\naws_access_key_id=AK\n",
	"", NULL, {"AK", "ALL", "", "us-east-1"}},
    {"defaults alone", "[DEFAULT]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n", "", NULL,
	{NULL, NULL, NULL, NULL}},
    {"defaults afterwards",
	"[default]\naws_access_key_id=AK\n[DEFAULT]\naws_secret_access_key=ALL\n", "", NULL,
	{"AK", "ALL", "", "us-east-1"}},
    {"a semicolon in a value", "[default]\naws_access_key_id=AK\naws_secret_access_key=a;b#c\n", "",
	NULL, {"AK", "a;b#c", "", "us-east-1"}},
    {"quotes stay", "[default]\naws_access_key_id=\"AK\"\naws_secret_access_key=SK/x+y=\n", "",
	NULL, {"\"AK\"", "SK/x+y=", "", "us-east-1"}},
    {"a form feed is a blank",
	"[default]\n\faws_access_key_id =\vAK\n\faws_secret_access_key=SK/x+y=\n", "", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"other settings",
	"[default]\nrole_session_name = "
	"x\noutput=json\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"region in the credentials",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\nregion=eu-north-1\n",
	"[default]\nregion=eu-west-1\n", NULL, {"AK", "SK/x+y=", "", "eu-north-1"}},
    {"region in the config", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\nregion = eu-west-1\n", NULL, {"AK", "SK/x+y=", "", "eu-west-1"}},
    {"region in any case", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\nREGION: eu-west-1\n", NULL, {"AK", "SK/x+y=", "", "eu-west-1"}},
    {"region of a profile", "[two]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\nregion=eu-west-1\n[profile two]\nregion=eu-west-2\n", "two",
	{"AK", "SK/x+y=", "", "eu-west-2"}},
    {"a profile without the word", "[two]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[two]\nregion=eu-west-2\n", "two", {"AK", "SK/x+y=", "", "us-east-1"}},
    {"a quoted profile", "[two words]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile \"two words\"]\nregion=eu-west-2\n", "two words",
	{"AK", "SK/x+y=", "", "eu-west-2"}},
    {"an escaped profile", "[two words]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile two\\ words]\nregion=eu-west-2\n", "two words",
	{"AK", "SK/x+y=", "", "eu-west-2"}},
    {"an open quote", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile \"default]\nregion=eu-west-2\n", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"the default as a profile", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile default]\nregion=eu-west-3\n", NULL, {"AK", "SK/x+y=", "", "eu-west-3"}},
    {"both defaults", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\nregion=eu-west-1\n[profile default]\noutput=x\n", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"both defaults, the other way",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile default]\nregion=eu-west-3\n[default]\nregion=eu-west-1\n", NULL,
	{"AK", "SK/x+y=", "", "eu-west-1"}},
    {"many blanks before a name",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile   default  ]\nregion=eu-west-3\n", NULL, {"AK", "SK/x+y=", "", "eu-west-3"}},
    {"a third word", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[profile default x]\nregion=eu-west-3\n", NULL, {"AK", "SK/x+y=", "", "us-east-1"}},
    {"keys in the config", "",
	"[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\nregion=eu-west-1\n", NULL,
	{"AK", "SK/x+y=", "", "eu-west-1"}},
    {"keys of a profile in the config", "[x]\naws_access_key_id=AK\n",
	"[profile two]\naws_access_key_id=CK\naws_secret_access_key=CS\n", "two",
	{"CK", "CS", "", "us-east-1"}},
    {"the credentials go first", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\naws_access_key_id=CK\naws_secret_access_key=CS\n", NULL,
	{"AK", "SK/x+y=", "", "us-east-1"}},
    {"half in each", "[default]\naws_access_key_id=AK\n",
	"[default]\naws_secret_access_key=SK/x+y=\n", NULL, {NULL, NULL, NULL, NULL}},
    {"a spoilt config", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"[default]\nregion\n", NULL, {NULL, NULL, NULL, NULL}},
    {"a config with a mark", "[default]\naws_access_key_id=AK\naws_secret_access_key=SK/x+y=\n",
	"\xef\xbb\xbf"
	"[default]\nregion=eu-west-1\n",
	NULL, {NULL, NULL, NULL, NULL}},
};
/* clang-format on */

static void as_botocore_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(oracle); i++) {
		struct s3_credentials found = {"", "", ""};
		char region[S3_REGION_MAX + 1] = "";
		struct call call;
		bool ok = load_texts(oracle[i].credentials, oracle[i].config, oracle[i].profile,
		    &call, &found, region);

		if (ok != (oracle[i].expected.access_key != NULL))
			fail_msg("%s: %s", oracle[i].name, ok ? "taken" : call.message);
		if (!ok || oracle[i].expected.access_key == NULL) {
			assert_true(call.message[0] != '\0');
			assert_null(strstr(call.message, "SK/"));
			continue;
		}
		if (strcmp(found.access_key, oracle[i].expected.access_key) != 0 ||
		    strcmp(found.secret_key, oracle[i].expected.secret_key) != 0 ||
		    strcmp(found.session_token, oracle[i].expected.token) != 0 ||
		    strcmp(region, oracle[i].expected.region) != 0)
			fail_msg("%s: %s %s %s %s", oracle[i].name, found.access_key,
			    found.secret_key, found.session_token, region);
		s3_credentials_clear(&found);
		assert_string_equal(found.secret_key, "");
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *credentials;
		const char *config;
		const char *says;
	} rows[] = {
	    {"", "", "the profile [default]"},
	    {"\xef\xbb\xbf[default]\n", "", "credentials file begins with a byte order mark (BOM)"},
	    {"\xff\xfe[", "", "the mark of UTF-16"},
	    {"", "\xef\xbb\xbf[default]\n", "config file begins with a byte order mark (BOM)"},
	    {"a = b\n[default]\n", "",
		"line 1 of the credentials file stands before any [profile]"},
	    {"[default]\nwhat\n", "", "line 2 of the credentials file is no \"name = value\""},
	    {"[default]\r\n\r\nregion = eu\r\n[default]", "",
		"line 4 of the credentials file begins"},
	    {"[default]\n=a=b\n", "", "line 2 of the credentials file is no \"name = value\""},
	    {"[default]\naws_access_key_id=A\fB\n", "", "line 2 of the credentials file holds"},
	    {"\xfe\xff[", "", "the mark of UTF-16"},
	    {"\xfe[default]\n", "", "line 1 of the credentials file stands before"},
	    {"\xff[default]\n", "", "line 1 of the credentials file stands before"},
	    {"[default]\naws_access_key_id=s3cret # mine\n", "",
		"line 2 of the credentials file holds"},
	    {"[default]\naws_access_key_id=A\n aws_secret_access_key=s3cret\n", "",
		"line 3 of the credentials file is indented"},
	    {"[default]\naws_access_key_id=A\naws_access_key_id=s3cret\n", "",
		"line 3 of the credentials file gives a setting a second time"},
	    {"[default]\naws_secret_access_key=s3cret\n", "", "holds no keys"},
	    {"[default]\naws_access_key_id=A\n", "", "is not complete"},
	    {"[default]\naws_access_key_id=A\naws_secret_access_key=\n", "", "is not complete"},
	    {"[default]\nrole_arn = x\n", "", "roles, SSO and credential_process are not read"},
	    {"[default]\nregion = eu/west\n", "", "the region is not a region's name"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_credentials found = {"old", "", ""};
		char region[S3_REGION_MAX + 1];
		struct call call;

		assert_false(
		    load_texts(rows[i].credentials, rows[i].config, NULL, &call, &found, region));
		if (strstr(call.message, rows[i].says) == NULL ||
		    strstr(call.message, "s3cret") != NULL)
			fail_msg("row %zu: %s", i, call.message);
		assert_string_equal(found.access_key, "old");
	}
}

/* Where the files are, and what else than their text can be wrong with them. */
static void where_the_files_are(void **state)
{
	static const char text[] =
	    "[x]\naws_access_key_id=AK\naws_secret_access_key=SK\nregion=r\n";
	struct s3_credentials found = {"", "", ""};
	char region[S3_REGION_MAX + 1] = "";
	struct files files;
	struct call call;

	(void)state;
	files_make(&files, "x");
	write_file(files.credentials, text, strlen(text));
	/* No config file is none that is missed. */
	assert_true(load_both(files.variables, &call, &found, region));
	assert_string_equal(found.access_key, "AK");
	assert_string_equal(region, "r");
	files.variables[3] = (struct variable){"AWS_DEFAULT_PROFILE", "y"}; /* goes first */
	assert_false(load_both(files.variables, &call, &found, region));
	assert_non_null(strstr(call.message, "that AWS_PROFILE names"));
	files.variables[3] = (struct variable){"AWS_REGION", "Garage_1"}; /* over the files */
	assert_true(load_both(files.variables, &call, &found, region));
	assert_string_equal(region, "Garage_1");
	files.variables[3] = (struct variable){"AWS_DEFAULT_REGION", "two"};
	assert_true(load_both(files.variables, &call, &found, region));
	assert_string_equal(region, "two");
	files.variables[3] = (struct variable){"HOME", files.folder};
	files.variables[0].value = "~/c";
	assert_true(load_both(files.variables, &call, &found, region));
	files.variables[0].value = files.folder; /* not a file */
	assert_false(load_both(files.variables, &call, &found, region));
	assert_non_null(strstr(call.message, "the credentials file can't be read: Is a directory"));
	files.variables[0].value = files.credentials;
	assert_int_equal(unlink(files.credentials), 0);
	assert_int_equal(mkfifo(files.credentials, 0600), 0); /* nobody writes to it */
	assert_false(load_both(files.variables, &call, &found, region));
	assert_non_null(strstr(call.message, "no credentials"));
	assert_int_equal(unlink(files.credentials), 0);
	write_file(files.credentials, "[x]\0\n", 6);
	assert_false(load_both(files.variables, &call, &found, region));
	assert_non_null(strstr(call.message, "a zero byte"));
	files_remove(&files);
	s3_credentials_clear(&found);
}

/* Somebody has the file, a pipe, open for writing: what they write may take five seconds in all. */
static void a_pipe_is_waited_for(void **state)
{
	static const struct {
		const char *name;
		struct waited waits[WAITS_MAX];
		int error; /* 0: it is read */
	} rows[] = {
	    {"silent", {{WAIT_OVER, 0}}, ETIMEDOUT},
	    {"silent, with signals", {{EINTR, 2000}, {EINTR, 2000}, {WAIT_OVER, 1000}}, ETIMEDOUT},
	    {"nothing but signals", {{EINTR, 2500}, {EINTR, 2500}}, ETIMEDOUT},
	    {"out of order", {{WAIT_WRITES, 1000}, {EIO, 0}}, EIO},
	    {"slow", {{WAIT_WRITES, 2000}, {EINTR, 999}, {WAIT_WRITES, 2000}, {WAIT_ENDS, 0}}, 0},
	    {"too slow", {{WAIT_WRITES, 2000}, {WAIT_WRITES, 3000}}, ETIMEDOUT},
	    {"woken for nothing", {{WAIT_READY, 2500}, {WAIT_READY, 2500}}, ETIMEDOUT},
	};
	struct s3_credentials found = {"", "", ""};
	struct files files;
	struct call call;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool ok;

		files_make(&files, "x");
		assert_int_equal(mkfifo(files.credentials, 0600), 0);
		pipe_begin(files.credentials, rows[i].waits);
		ok = load(files.variables, &call, &found);
		pipe_end();
		if (ok != (rows[i].error == 0) ||
		    (!ok && strstr(call.message, strerror(rows[i].error)) == NULL))
			fail_msg("%s: %s", rows[i].name, call.message);
		if (ok)
			assert_string_equal(found.access_key, "AK");
		assert_int_equal(unlink(files.credentials), 0);
		files_remove(&files);
		s3_credentials_clear(&found);
	}
}

/* A token as long as it may be, longer; a file as long as it may be, and longer. */
static void maxima(void **state)
{
	static const char head[] = "[default]\naws_access_key_id=A\naws_secret_access_key=B\n";
	static char token[S3_SESSION_TOKEN_MAX + 2];
	struct s3_credentials found = {"", "", ""};
	char region[S3_REGION_MAX + 1];
	struct files files;
	struct buffer text;
	struct call call;

	(void)state;
	memset(token, 't', S3_SESSION_TOKEN_MAX);
	files_make(&files, NULL);
	for (int over = 0; over < 2; over++) {
		token[S3_SESSION_TOKEN_MAX] = over != 0 ? 't' : '\0';
		buffer_init(&text, 3 * S3_FILE_MAX);
		buffer_addf(&text, "%saws_session_token=%s\n#", head, token);
		write_file(files.credentials, text.data, text.len);
		buffer_clear(&text);
		assert_int_equal(load_both(files.variables, &call, &found, region), over == 0);
		assert_int_equal(strlen(found.session_token), S3_SESSION_TOKEN_MAX);
	}
	assert_non_null(strstr(call.message, "line 4"));
	for (int over = 0; over < 2; over++) {
		size_t len = over != 0 ? 2 * S3_FILE_MAX : S3_FILE_MAX;

		buffer_init(&text, 3 * S3_FILE_MAX);
		buffer_addf(&text, "%s#", head);
		while (text.len < len)
			buffer_add_byte(&text, 'x');
		write_file(files.credentials, text.data, text.len);
		buffer_clear(&text);
		assert_int_equal(load_both(files.variables, &call, &found, region), over == 0);
	}
	assert_non_null(strstr(call.message, "File too large"));
	files_remove(&files);
	s3_credentials_clear(&found);
}

/* Of each variable, both sides of its maximum. */
static void maxima_of_variables(void **state)
{
	static const struct {
		const char *name;
		size_t max;
	} rows[] = {{"AWS_ACCESS_KEY_ID", S3_ACCESS_KEY_MAX},
	    {"AWS_SECRET_ACCESS_KEY", S3_SECRET_KEY_MAX},
	    {"AWS_SESSION_TOKEN", S3_SESSION_TOKEN_MAX}, {"AWS_REGION", S3_REGION_MAX}};
	static char text[S3_SESSION_TOKEN_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t over = 0; over < 3; over++) {
			struct variable variables[VARIABLES_MAX] = {{rows[i].name, text},
			    {"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "SK"}};
			struct s3_credentials found = {"", "", ""};
			char region[S3_REGION_MAX + 1] = "";
			struct call call;
			bool ok;

			memset(text, 'a', sizeof(text));
			text[rows[i].max + (over > 0)] = '\0';
			if (over == 2)
				text[rows[i].max] = '!'; /* no letter of a region */
			ok = load_both(variables, &call, &found, region);
			if (ok != (over == 0))
				fail_msg("%s, %zu over: %s", rows[i].name, over, call.message);
			if (ok && i == 3)
				assert_int_equal(strlen(region), S3_REGION_MAX);
			s3_credentials_clear(&found);
		}
}

/* A path that is too long is none; it is not cut. */
static void a_path_is_whole_or_none(void **state)
{
	static const char keys[] = "[default]\naws_access_key_id=AK\naws_secret_access_key=SK\n";
	static char path[5000];
	struct variable variables[VARIABLES_MAX] = {{"AWS_SHARED_CREDENTIALS_FILE", path}};
	struct s3_credentials found = {"", "", ""};
	struct files files;
	struct call call;
	size_t len;

	(void)state;
	files_make(&files, "default");
	write_file(files.credentials, keys, strlen(keys));
	len = strlen(files.credentials);
	memset(path, '/', sizeof(path));
	memcpy(path + 4095 - len, files.credentials, len);
	path[4095] = '\0'; /* as long as one may be */
	assert_true(load(variables, &call, &found));
	assert_string_equal(found.access_key, "AK");
	for (size_t more = 1; more < 3; more++) { /* cut, it would be that file again */
		memcpy(path + 4095, "xx", more);
		path[4095 + more] = '\0';
		assert_false(load(variables, &call, &found));
		assert_non_null(strstr(call.message, "no credentials"));
	}
	files_remove(&files);
}

static void values_are_printable(void **state)
{
	static const struct {
		const char *value;
		size_t max;
		bool ok;
	} rows[] = {{"a", 1, true}, {"!~", 2, true}, {"ab", 1, false}, {"", 1, false},
	    {" ", 1, false}, {"a b", 9, false}, {"\x1f", 1, false}, {"\x7f", 1, false},
	    {"\x80", 1, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char out[10] = "old";

		if (s3_value_copy(view_text(rows[i].value), rows[i].max, out) != rows[i].ok ||
		    strcmp(out, rows[i].ok ? rows[i].value : "old") != 0)
			fail_msg("\"%s\": \"%s\"", rows[i].value, out);
	}
}

/* Whatever ends a line. */
static void lines_end_in_three_ways(void **state)
{
	static const char *const texts[] = {
	    "[default]\raws_access_key_id=AK\raws_secret_access_key=SK\r",
	    "[default]\r\naws_access_key_id=AK\r\naws_secret_access_key=SK",
	    "[default]\naws_access_key_id=AK\n\n\raws_secret_access_key=SK\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t len = strlen(texts[i]);
		uint8_t *alone = malloc(len); /* nothing that may be read is behind it */
		struct s3_profile profile = {0};
		struct call call;

		assert_non_null(alone);
		memcpy(alone, texts[i], len);
		call_init(&call, 0);
		assert_true(s3_profile_read(
		    view_of(alone, len), S3_CREDENTIALS_FILE, "default", &call, &profile));
		free(alone);
		assert_true(profile.found);
		assert_string_equal(profile.values[S3_PROFILE_ACCESS_KEY], "AK");
		assert_string_equal(profile.values[S3_PROFILE_SECRET_KEY], "SK");
		s3_profile_clear(&profile);
	}
	{
		struct s3_profile profile = {0};
		struct call call;

		call_init(&call, 0);
		assert_false(s3_profile_read(
		    view_of("\0", 1), S3_CREDENTIALS_FILE, "default", &call, &profile));
		assert_non_null(strstr(call.message, "a zero byte"));
	}
}

/* ---- what stays behind ---- */

#define SECRET "a+secret/that=is_wiped"

static struct {
	struct variable variables[VARIABLES_MAX];
	struct s3_credentials found;
	char region[S3_REGION_MAX + 1];
	struct call call;
	bool region_only, ok;
} kept;

static void load_kept(void *self)
{
	static struct s3_env kept_env;

	(void)self;
	kept_env = (struct s3_env){kept.variables, get};
	call_init(&kept.call, 0);
	kept.ok = s3_region_load(&kept_env, &kept.call, kept.region) &&
		  (kept.region_only || s3_credentials_load(&kept_env, &kept.call, &kept.found));
}

/* Read from files, for the credentials or for a region alone, or from the environment. */
static void no_secret_stays(void **state)
{
	static const char text[] =
	    "[x]\naws_access_key_id=AK\naws_secret_access_key=" SECRET "\nregion=r\n";
	static const char faulty[] =
	    "[x]\naws_access_key_id=AK\naws_secret_access_key=" SECRET "\nregion=?\n";

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const char *written = i == 2 ? faulty : text;
		struct files files;

		memset(&kept, 0, sizeof(kept));
		files_make(&files, "x");
		write_file(files.credentials, written, strlen(written));
		memcpy(kept.variables, files.variables, sizeof(kept.variables));
		kept.region_only = i == 1;
		if (i == 3) {
			kept.variables[3] = (struct variable){"AWS_ACCESS_KEY_ID", "AK"};
			kept.variables[4] = (struct variable){"AWS_SECRET_ACCESS_KEY", SECRET};
		}
		own_stack_run(load_kept, NULL);
		files_remove(&files);
		assert_int_equal(kept.ok, i != 2);
		if (i == 0 || i == 3)
			assert_string_equal(kept.found.secret_key, SECRET);
		if (own_stack_holds(SECRET, strlen(SECRET)))
			fail_msg("way %u", i);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(from_the_environment),
    cmocka_unit_test(as_botocore_reads_them),
    cmocka_unit_test(what_is_wrong_is_named),
    cmocka_unit_test(where_the_files_are),
    cmocka_unit_test(a_pipe_is_waited_for),
    cmocka_unit_test(maxima),
    cmocka_unit_test(maxima_of_variables),
    cmocka_unit_test(a_path_is_whole_or_none),
    cmocka_unit_test(values_are_printable),
    cmocka_unit_test(lines_end_in_three_ways),
    cmocka_unit_test(no_secret_stays),
};

TEST_MAIN(tests)
