/*
 * gateway/bucket/s3_profile.c: the INI of Python's configparser, as far as botocore uses it: a line
 * that is indented deeper than the setting above it continues that setting, comments have lines of
 * their own, names are of any case, "=" or ":" comes after them, and a line that is none of these
 * spoils the file. Unlike there, what stands twice is noticed only where it matters here.
 */
#include "gateway/bucket/s3_profile.h"

#include <sodium.h>
#include <string.h>

#define BLANKS " \t\v\f\r\x1c\x1d\x1e\x1f" /* what Python strips, of ASCII */

static const struct setting {
	const char *name;
	size_t max;
} settings[S3_PROFILE_NAMES] = {
    [S3_PROFILE_ACCESS_KEY] = {"aws_access_key_id", S3_ACCESS_KEY_MAX},
    [S3_PROFILE_SECRET_KEY] = {"aws_secret_access_key", S3_SECRET_KEY_MAX},
    [S3_PROFILE_SESSION_TOKEN] = {"aws_session_token", S3_SESSION_TOKEN_MAX},
    [S3_PROFILE_SECURITY_TOKEN] = {"aws_security_token", S3_SESSION_TOKEN_MAX},
    [S3_PROFILE_REGION] = {"region", S3_REGION_MAX},
};

struct reading {
	enum s3_profile_file file;
	const char *profile;
	struct call *call;
	struct s3_profile wanted;
	struct s3_profile defaults; /* of [DEFAULT]: what a profile does not say itself */
	struct s3_profile *into;    /* one of these two, or NULL: another section */
	struct view header;         /* of the last section that was the profile */
	bool sectioned;             /* some section has begun */
	bool open;                  /* a setting that may be continued, indented by `indent` */
	bool taken;                 /* … and it is one of ours */
	size_t indent;
	unsigned line;
};

const char *s3_profile_file_text(enum s3_profile_file file)
{
	return file == S3_CREDENTIALS_FILE ? "credentials file" : "config file";
}

static bool is_blank(uint8_t byte)
{
	return byte != '\0' && strchr(BLANKS, byte) != NULL;
}

static struct view trimmed(struct view text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = view_of(text.data + 1, text.len - 1);
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

bool s3_value_copy(struct view value, size_t max, char *out)
{
	if (value.len == 0 || value.len > max)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= 0x20 || value.data[i] > 0x7e)
			return false;
	memcpy(out, value.data, value.len);
	out[value.len] = '\0';
	return true;
}

static bool line_fails(const struct reading *reading, const char *why)
{
	call_sayf(reading->call, "line %u of the %s %s", reading->line,
	    s3_profile_file_text(reading->file), why);
	return false;
}

/*
 * The next word as a shell has it, quotes and backslashes taken away. False: there is none, it is
 * too long, or a quote has no end.
 */
static bool shell_word(struct view *text, char out[S3_PROFILE_NAME_MAX + 1])
{
	char quote = '\0';
	size_t len = 0, at = 0;

	*text = trimmed(*text);
	if (text->len == 0)
		return false;
	for (; at < text->len && (quote != '\0' || !is_blank(text->data[at])); at++) {
		char byte = (char)text->data[at];
		bool escapes = byte == '\\' && quote != '\'' && at + 1 < text->len;

		if (escapes && (quote == '\0' || strchr("\"\\", text->data[at + 1]) != NULL)) {
			byte = (char)text->data[++at];
		} else if (quote == '\0' && (byte == '"' || byte == '\'')) {
			quote = byte;
			continue;
		} else if (quote != '\0' && byte == quote) {
			quote = '\0';
			continue;
		}
		if (len == S3_PROFILE_NAME_MAX)
			return false;
		out[len++] = byte;
	}
	out[len] = '\0';
	*text = view_of(text->data + at, text->len - at);
	return quote == '\0';
}

/* Is the section the wanted profile? */
static bool is_wanted(const struct reading *reading, struct view header)
{
	static const char word[] = "profile";
	char first[S3_PROFILE_NAME_MAX + 1], second[S3_PROFILE_NAME_MAX + 1];

	if (reading->file == S3_CREDENTIALS_FILE)
		return view_equal(header, view_text(reading->profile));
	if (strcmp(reading->profile, "default") == 0 && view_equal(header, view_text("default")))
		return true;
	return header.len > strlen(word) && memcmp(header.data, word, strlen(word)) == 0 &&
	       shell_word(&header, first) && shell_word(&header, second) &&
	       trimmed(header).len == 0 && strcmp(second, reading->profile) == 0;
}

/* "[name]": all up to the last bracket, as it stands. */
static bool header_of(struct view line, struct view *out)
{
	size_t end = line.len;

	if (line.len == 0 || line.data[0] != '[')
		return false;
	while (end > 0 && line.data[end - 1] != ']')
		end--;
	if (end < 3)
		return false;
	*out = view_of(line.data + 1, end - 2);
	return true;
}

static bool section_begin(struct reading *reading, struct view header)
{
	reading->sectioned = true;
	reading->open = false;
	reading->into = NULL;
	if (view_equal(header, view_text("DEFAULT"))) {
		reading->into = &reading->defaults;
	} else if (is_wanted(reading, header)) {
		if (reading->wanted.found && view_equal(header, reading->header))
			return line_fails(reading, "begins the profile a second time");
		s3_profile_clear(&reading->wanted); /* [profile default] after [default] */
		reading->wanted.found = true;
		reading->header = header;
		reading->into = &reading->wanted;
	}
	return true;
}

static bool name_is(struct view name, const char *lower)
{
	if (name.len != strlen(lower))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t byte = name.data[i];

		if ((byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) != (uint8_t)lower[i])
			return false;
	}
	return true;
}

static bool setting_take(struct reading *reading, struct view name, struct view value)
{
	struct s3_profile *into = reading->into;

	for (size_t i = 0; into != NULL && i < S3_PROFILE_NAMES; i++) {
		if (!name_is(name, settings[i].name))
			continue;
		if (into->has[i])
			return line_fails(reading, "gives a setting a second time");
		into->has[i] = true;
		reading->taken = true;
		if (value.len > 0 && !s3_value_copy(value, settings[i].max, into->values[i]))
			return line_fails(reading, "holds no value that can be used: printable "
						   "ASCII without blanks (a comment needs a line "
						   "of its own)");
	}
	return true;
}

static bool line_take(struct reading *reading, struct view line)
{
	struct view text = trimmed(line);
	struct view header;
	size_t indent = 0, at = 0;

	if (text.len == 0 || text.data[0] == '#' || text.data[0] == ';')
		return true;
	indent = (size_t)(text.data - line.data);
	if (reading->open && indent > reading->indent)
		return !reading->taken ||
		       line_fails(reading, "is indented and so continues the setting above it, "
					   "which takes one line: begin it further left");
	reading->indent = indent;
	if (header_of(text, &header))
		return section_begin(reading, header);
	if (!reading->sectioned)
		return line_fails(reading, "stands before any [profile]");
	while (at < text.len && text.data[at] != '=' && text.data[at] != ':')
		at++;
	if (at == 0 || at == text.len)
		return line_fails(reading, "is no \"name = value\"");
	reading->open = true;
	reading->taken = false;
	return setting_take(reading, trimmed(view_of(text.data, at)),
	    trimmed(view_of(text.data + at + 1, text.len - at - 1)));
}

/* A mark that some editors, and PowerShell's ">", put first: botocore refuses it too. */
static const char *mark_of(struct view text)
{
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		return "a byte order mark (BOM): save it as UTF-8 without one";
	if (text.len >= 2 &&
	    (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0))
		return "the mark of UTF-16: save it as UTF-8 without a byte order mark (BOM)";
	return NULL;
}

static bool lines_take(struct reading *reading, struct view text)
{
	size_t begin = 0;

	for (size_t at = 0; at <= text.len; at++) {
		bool ends = at == text.len || text.data[at] == '\n' || text.data[at] == '\r';

		if (!ends)
			continue;
		reading->line++;
		if (!line_take(reading, view_of(text.data + begin, at - begin)))
			return false;
		if (at + 1 < text.len && text.data[at] == '\r' && text.data[at + 1] == '\n')
			at++;
		begin = at + 1;
	}
	return true;
}

bool s3_profile_read(struct view text, enum s3_profile_file file, const char *profile,
    struct call *call, struct s3_profile *out)
{
	struct reading reading = {.file = file, .profile = profile, .call = call};
	const char *mark = mark_of(text);
	bool ok = false;

	if (mark != NULL)
		call_sayf(call, "the %s begins with %s", s3_profile_file_text(file), mark);
	else if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		call_sayf(
		    call, "the %s holds a zero byte: it is no text", s3_profile_file_text(file));
	else
		ok = text.len == 0 || lines_take(&reading, text);
	for (size_t i = 0; i < S3_PROFILE_NAMES; i++)
		if (reading.wanted.found && !reading.wanted.has[i] && reading.defaults.has[i]) {
			reading.wanted.has[i] = true;
			memcpy(reading.wanted.values[i], reading.defaults.values[i],
			    sizeof(reading.wanted.values[i]));
		}
	if (ok)
		*out = reading.wanted;
	s3_profile_clear(&reading.wanted);
	s3_profile_clear(&reading.defaults);
	return ok;
}

void s3_profile_clear(struct s3_profile *profile)
{
	sodium_memzero(profile, sizeof(*profile));
}
