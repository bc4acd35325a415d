/*
 * gateway/http/head.c: a request's header, strictly. libmicrohttpd 0.9.75 takes a bare line feed
 * for a line's end, joins folded lines, hides what stands behind a NUL, and takes the first of two
 * Content-Lengths: with a proxy in front that reads it otherwise, one request could hide in
 * another. It parses in place: method, version, names and values lie in its buffer where they came.
 * So each line must begin two bytes, a CRLF, behind the last byte of the one before, the first with
 * the request line's own length and the last at the header's end, or the request is refused: what
 * is hidden in one place can't be made up for in another.
 */
#include "gateway/http/head.h"

#include <string.h>
#include <strings.h>

#define ODD_LINES "the header's lines do not end in CRLF, or hold what they may not"

struct head_reader {
	struct http_head *head;
	const char *fault;
	const char *end; /* of the lines until here, without the last one's CRLF */
	bool has_host;
};

/* A field that may stand there once alone. False: it is another. */
static bool take_once(struct head_reader *reader, const char *key, const char *name,
    const char *value, const char **slot)
{
	if (strcasecmp(key, name) != 0)
		return false;
	if (*slot != NULL)
		reader->fault = "a header field stands there twice";
	*slot = value;
	return true;
}

static void take_length(struct head_reader *reader, const char *value)
{
	struct http_head *head = reader->head;
	uint64_t length = 0;

	if (head->has_length)
		reader->fault = "Content-Length stands there twice";
	head->has_length = true;
	if (*value == '\0')
		reader->fault = "Content-Length is no number";
	for (; *value != '\0' && reader->fault == NULL; value++) {
		if (*value < '0' || *value > '9' || length > UINT64_MAX / 16)
			reader->fault = "Content-Length is no number";
		else
			length = length * 10 + (uint64_t)(*value - '0');
	}
	head->length = length;
}

static bool is_token(const char *text)
{
	return *text != '\0' &&
	       text[strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* Visible bytes, and blanks but at the end. */
static bool is_field_value(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (((uint8_t)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return len == 0 || (text[len - 1] != ' ' && text[len - 1] != '\t');
}

/* A name, its colon, which is a NUL by now, and blanks: the value follows where the name ends. */
static bool is_in_line(const char *key, const char *value)
{
	const char *at = key + strlen(key) + 1;

	while (at < value && (*at == ' ' || *at == '\t'))
		at++;
	return at == value;
}

static enum MHD_Result read_field(
    void *self, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct head_reader *reader = self;
	struct http_head *head = reader->head;

	(void)kind;
	if (key == NULL || value == NULL || !is_token(key) || !is_field_value(value)) {
		reader->fault = "a header field is malformed";
		return MHD_NO;
	}
	if (key != reader->end + strlen("\r\n") || !is_in_line(key, value)) {
		reader->fault = ODD_LINES;
		return MHD_NO;
	}
	reader->end = value + strlen(value);
	if (strcasecmp(key, "Host") == 0) {
		if (reader->has_host)
			reader->fault = "Host stands there twice";
		reader->has_host = true;
	} else if (strcasecmp(key, "Transfer-Encoding") == 0) {
		head->has_transfer_encoding = true;
	} else if (strcasecmp(key, "Content-Length") == 0) {
		take_length(reader, value);
	} else if (!take_once(reader, key, "Content-Type", value, &head->content_type) &&
		   !take_once(reader, key, "Content-Digest", value, &head->digest) &&
		   !take_once(reader, key, "Signature-Input", value, &head->input) &&
		   !take_once(reader, key, "Signature", value, &head->signature)) {
		(void)take_once(reader, key, "Inkseal-Invite", value, &head->invite);
	}
	return reader->fault == NULL ? MHD_YES : MHD_NO;
}

const char *http_head_read(struct MHD_Connection *connection, const char *method, const char *uri,
    const char *version, struct http_head *out)
{
	struct http_head head = {0};
	struct head_reader reader = {.head = &head};
	const union MHD_ConnectionInfo *size =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	if (version != method + strlen(method) + 1 + strlen(uri) + 1)
		return ODD_LINES;
	reader.end = version + strlen(version);
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, read_field, &reader);
	if (reader.fault != NULL)
		return reader.fault;
	if (size == NULL || method + size->header_size != reader.end + strlen("\r\n\r\n"))
		return ODD_LINES;
	if (head.has_transfer_encoding)
		return "Transfer-Encoding is not taken: send Content-Length";
	*out = head;
	return NULL;
}
