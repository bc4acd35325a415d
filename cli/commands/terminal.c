/*
 * cli/commands/terminal.c: the controlling terminal, child processes that give a text.
 */
#include "cli/commands/terminal.h"
#include "cli/app/host_files.h"
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define EDITOR_MAX 4096u /* bytes: VISUAL may be a small program */

bool terminal_can_ask(const struct app *app)
{
	int fd;

	/* A job whose errors go to a file has nobody who watches, terminal or not. */
	if (options_of(app)->no_input || isatty(STDERR_FILENO) != 1)
		return false;
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

/* Byte by byte: nothing of a passphrase stays in a buffer of stdio. Returns 0 or an errno. */
static int read_line(int fd, size_t max, struct bytes *out)
{
	struct buffer line;
	int error = 0;

	buffer_init(&line, max);
	while (error == 0) {
		uint8_t byte = 0;
		ssize_t got;

		error = system_await_input(fd);
		if (error != 0)
			break;
		got = read(fd, &byte, 1);
		if (got < 0 && errno != EINTR)
			error = errno;
		if (got == 0 && line.len == 0)
			error = ENODATA;
		if (got == 0 || (got == 1 && byte == '\n'))
			break;
		if (got == 1)
			buffer_add_byte(&line, byte);
		if (line.failed)
			error = EMSGSIZE;
	}
	if (error == 0 && line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (error == 0 && !buffer_take(&line, out))
		error = ENOMEM;
	buffer_clear(&line);
	return error;
}

/* A prompt and one line from the terminal. */
static int ask(const char *prompt, bool echo, struct bytes *out)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios before;
	bool hidden = false;
	int error;

	if (fd < 0)
		return errno;
	if (!echo && tcgetattr(fd, &before) == 0) {
		struct termios without = before;

		without.c_lflag &= ~(tcflag_t)ECHO;
		hidden = tcsetattr(fd, TCSAFLUSH, &without) == 0;
	}
	if (!echo && !hidden)
		error = ENOTTY; /* better not asked than shown */
	else
		error = output_prompt(fd, prompt) ? read_line(fd, LINE_MAX_TYPED, out) : EIO;
	if (hidden) {
		(void)tcsetattr(fd, TCSAFLUSH, &before);
		(void)output_prompt(fd, "\n");
	}
	(void)close(fd);
	return error;
}

static enum code ask_result(struct app *app, int error)
{
	if (error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled");
	return app_fail(app, CODE_ERROR, "the terminal can't be read: %s", strerror(error));
}

static enum code nobody_to_ask(struct app *app, const char *what, const char *instead)
{
	app_fail(app, CODE_USAGE, "there is nobody to ask %s", what);
	app_hint(app, "pass %s", instead);
	return CODE_USAGE;
}

enum code terminal_ask(struct app *app, const char *prompt, const char *instead, struct bytes *out)
{
	if (!terminal_can_ask(app))
		return nobody_to_ask(app, "for it", instead);
	return ask_result(app, ask(prompt, true, out));
}

enum code terminal_confirm(struct app *app, const char *question, const char *word)
{
	bool any_yes = strcmp(word, "y") == 0;
	struct bytes answer = {0};
	char prompt[CALL_MESSAGE_MAX];
	enum code code;
	bool agreed;

	if (options_of(app)->yes)
		return CODE_OK;
	if (!terminal_can_ask(app))
		return nobody_to_ask(app, "whether to go on", "--yes");
	if (any_yes)
		(void)snprintf(prompt, sizeof(prompt), "%s [y/N] ", question);
	else
		(void)snprintf(prompt, sizeof(prompt), "%s Type \"%s\" to go on: ", question, word);
	code = ask_result(app, ask(prompt, true, &answer));
	if (code != CODE_OK)
		return code;
	agreed = view_equal(view_bytes(&answer), view_text(word)) ||
		 (any_yes && (view_equal(view_bytes(&answer), view_text("Y")) ||
				 view_equal(view_bytes(&answer), view_text("yes"))));
	bytes_clear(&answer);
	return agreed ? CODE_OK : app_fail(app, CODE_CANCELLED, "nothing was done");
}

/* Starts /bin/sh -c command, its output to out_fd (-1: as ours). */
static pid_t start_shell(const char *command, const char *arg, int out_fd)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	if (out_fd >= 0 && dup2(out_fd, STDOUT_FILENO) < 0)
		_exit(127);
	(void)execl("/bin/sh", "sh", "-c", command, "inkseal", arg, (char *)NULL);
	_exit(127);
}

/* True: it ended, and well. */
static bool await(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static enum code passphrase_of_command(struct app *app, struct bytes *out)
{
	struct bytes line = {0};
	enum code code = CODE_OK;
	int ends[2];
	pid_t child;
	int error;

	if (pipe(ends) != 0)
		return app_fail(app, CODE_ERROR, "no pipe: %s", strerror(errno));
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	child = start_shell(options_of(app)->password_command, NULL, ends[1]);
	(void)close(ends[1]);
	error = child < 0 ? errno : read_line(ends[0], PASSPHRASE_MAX, &line);
	(void)close(ends[0]);
	/* What it prints after its first line meets a closed pipe; that may end it. */
	if (child > 0 && !await(child) && error == 0 && line.len == 0)
		error = ENODATA;
	if (error != 0)
		code = app_fail(app, CODE_ERROR, "--password-command gave no passphrase: %s",
		    error == ENODATA ? "it printed nothing" : strerror(error));
	else
		*out = line;
	if (code != CODE_OK)
		bytes_clear(&line);
	return code;
}

static enum code ask_hidden(struct app *app, const char *what, const char *tail, struct bytes *out)
{
	char prompt[CALL_MESSAGE_MAX];

	(void)snprintf(prompt, sizeof(prompt), "%s%s: ", what, tail);
	return ask_result(app, ask(prompt, false, out));
}

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (a->len == 0 || sodium_memcmp(a->data, b->data, a->len) == 0);
}

enum code terminal_passphrase(struct app *app, const char *what, bool twice, struct bytes *out)
{
	struct bytes first = {0}, second = {0};
	enum code code;

	if (options_of(app)->password_command != NULL)
		return passphrase_of_command(app, out);
	if (!terminal_can_ask(app))
		return nobody_to_ask(app, "for the passphrase", "--password-command CMD");
	code = ask_hidden(app, what, "", &first);
	if (code == CODE_OK && twice) {
		code = ask_hidden(app, what, ", once more", &second);
		if (code == CODE_OK && !same(&first, &second))
			code = app_fail(app, CODE_ERROR, "the two passphrases differ");
	}
	if (code == CODE_OK && twice && first.len == 0)
		code = app_fail(app, CODE_ERROR, "an empty passphrase protects nothing");
	bytes_clear(&second);
	if (code == CODE_OK)
		*out = first;
	else
		bytes_clear(&first);
	return code;
}

bool terminal_stdin_wanted(const struct app *app)
{
	return options_of(app)->from_stdin || isatty(STDIN_FILENO) != 1;
}

enum code terminal_stdin(struct app *app, size_t max, struct bytes *out)
{
	int error = file_read_so_far(STDIN_FILENO, max, out);

	if (error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled");
	if (error == EFBIG)
		return app_fail(app, CODE_ERROR, "standard input is longer than %zu bytes", max);
	return app_fail(app, CODE_ERROR, "standard input can't be read: %s", strerror(error));
}

/* Its end, awaited; who is told to end hands that on, once. -1: it can't be awaited. */
static int await_editor(pid_t child)
{
	bool told = false;
	int status = 0;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
		if (system_cancelled() && !told) {
			(void)kill(child, SIGTERM);
			told = true;
		}
	}
	return status;
}

/* The editor has the terminal, and Ctrl-C and Ctrl-\ in it are its own. */
static int run_editor(const char *command, const char *file)
{
	struct sigaction ignore, interrupt, quit;
	pid_t child = start_shell(command, file, -1);
	int status;

	if (child < 0)
		return -1;
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	if (sigemptyset(&ignore.sa_mask) != 0 || sigaction(SIGINT, &ignore, &interrupt) != 0 ||
	    sigaction(SIGQUIT, &ignore, &quit) != 0)
		return -1;
	status = await_editor(child);
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return status;
}

/* The shell in between tells by 128 + N that signal N ended it. */
static int ended_by(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) > 128 ? WEXITSTATUS(status) - 128 : 0;
}

static enum code editor_result(struct app *app, const char *editor, int status)
{
	if (system_cancelled())
		return app_fail(
		    app, CODE_CANCELLED, "stopped while the editor was open; nothing was saved");
	if (status == -1)
		return app_fail(app, CODE_ERROR, "the editor can't be run: %s", strerror(errno));
	if (ended_by(status) != 0)
		return app_fail(app, ended_by(status) == SIGINT ? CODE_CANCELLED : CODE_ERROR,
		    "the editor was ended by signal %d; nothing was saved", ended_by(status));
	if (WEXITSTATUS(status) == 0)
		return CODE_OK;
	app_fail(app, CODE_ERROR, "the editor (%.100s) ended with exit code %d; nothing was saved",
	    editor, WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127) /* the shell's */
		app_hint(app, "set VISUAL or EDITOR to your editor");
	return CODE_ERROR;
}

enum code terminal_editor(struct app *app, const char *file)
{
	const char *editor = getenv("VISUAL");
	struct buffer command;
	enum code code;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	buffer_init(&command, EDITOR_MAX);
	/* Of plain words the shell makes itself the editor, so that a signal reaches it. */
	if (strpbrk(editor, "|&;<>()$`\\\"'\n*?[]#~=%:{}!") == NULL)
		buffer_add_text(&command, "exec ");
	buffer_add_text(&command, editor);
	buffer_add(&command, " \"$@\"", sizeof(" \"$@\"")); /* and the NUL */
	if (command.failed)
		code = app_fail(app, CODE_USAGE, "VISUAL or EDITOR is too long");
	else
		code = editor_result(app, editor, run_editor((const char *)command.data, file));
	buffer_clear(&command);
	return code;
}

static void note(struct app *app, const char *line)
{
	output_note(app, "%s", line);
}

static void warn(struct app *app, const char *line)
{
	(void)app;
	output_warn("%s", line);
}

static void progress(struct app *app, const char *what, uint64_t done, uint64_t all)
{
	output_progress(app, what, done, all);
}

static void progress_end(struct app *app)
{
	output_progress_end(app);
}

const struct host terminal_host = {
    .can_ask = terminal_can_ask,
    .confirm = terminal_confirm,
    .passphrase = terminal_passphrase,
    .note = note,
    .warn = warn,
    .progress = progress,
    .progress_end = progress_end,
};
