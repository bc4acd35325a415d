/*
 * cli/commands/import.c: entries from an export file or a folder of Markdown.
 */
#include "cli/app/import.h"
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"
#include "cli/port/port.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum source { SOURCE_METADJ, SOURCE_MARKDOWN };

/* What the path is, and what is to be made of it. */
static enum code choose_source(struct app *app, const char *path, enum source *out)
{
	const char *format = options_of(app)->format;
	bool is_folder = false;
	struct stat info;

	if (strcmp(path, "-") != 0) {
		if (stat(path, &info) != 0)
			return app_fail(app, CODE_ERROR, "%s: %s", path, strerror(errno));
		is_folder = S_ISDIR(info.st_mode);
	}
	if (format == NULL)
		*out = is_folder ? SOURCE_MARKDOWN : SOURCE_METADJ;
	else if (strcmp(format, "metadj") == 0)
		*out = SOURCE_METADJ;
	else if (strcmp(format, "markdown") == 0)
		*out = SOURCE_MARKDOWN;
	else
		return app_fail(app, CODE_USAGE, "there is no format \"%.32s\"", format);
	if (*out == SOURCE_MARKDOWN && !is_folder)
		return app_fail(app, CODE_USAGE, "markdown is read from a folder");
	if (*out == SOURCE_METADJ && is_folder)
		return app_fail(
		    app, CODE_USAGE, "metadj is read from a file, %s is a folder", path);
	return CODE_OK;
}

static enum code read_source(struct app *app, const char *path, struct bytes *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int error = is_stdin ? file_read_fd(STDIN_FILENO, PORT_FILE_MAX, out)
			     : file_read_named(path, PORT_FILE_MAX, out);

	if (error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled; nothing was imported");
	return app_fail(app, CODE_ERROR, "%s: %s", is_stdin ? "standard input" : path,
	    error == EFBIG ? "it is longer than an import may be" : strerror(error));
}

static enum code report(struct app *app, const struct imported *imported)
{
	bool done;

	if (options_of(app)->json)
		done =
		    output_json(json_pack("{s:I,s:I,s:I,s:I}", "added", (json_int_t)imported->added,
			"updated", (json_int_t)imported->updated, "skipped",
			(json_int_t)imported->skipped, "dropped", (json_int_t)imported->dropped));
	else
		done = output_printf("%llu added, %llu updated, %llu skipped, %llu dropped\n",
		    (unsigned long long)imported->added, (unsigned long long)imported->updated,
		    (unsigned long long)imported->skipped, (unsigned long long)imported->dropped);
	if (!done)
		return app_fail(app, CODE_ERROR, "the counts can't be printed");
	return imported->dropped > 0 ? CODE_PARTIAL : CODE_OK;
}

static enum code run(struct app *app)
{
	const char *path = options_of(app)->args[0];
	struct import_source wanted = {.folder = NULL};
	struct imported imported = {0};
	struct session session = {0};
	struct bytes file = {0};
	enum source source = SOURCE_METADJ;
	enum code code = choose_source(app, path, &source);

	/* Read before the home is opened: a pipe may take its time. */
	if (code == CODE_OK && source == SOURCE_METADJ)
		code = read_source(app, path, &file);
	else
		wanted.folder = path;
	wanted.file = view_bytes(&file);
	if (code == CODE_OK)
		code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = app_import(&session, &wanted, &imported);
	session_close(&session);
	bytes_clear(&file);
	return code == CODE_OK ? report(app, &imported) : code;
}

const struct command import_command = {
    .name = "import",
    .args = "[--format metadj|markdown] PATH",
    .summary = "Takes entries from an export file or a folder of Markdown",
    .help = "A folder is Markdown, a file is metadj, - is standard input. Entries are merged\n"
	    "by id: the newer one stays, equal or older ones are skipped. What can't be read\n"
	    "is left out and said (exit code 3). An encrypted file's passphrase is asked\n"
	    "for.\n",
    .options = OPTION_FORMAT,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
