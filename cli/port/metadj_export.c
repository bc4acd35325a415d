/*
 * cli/port/metadj_export.c: writes MetaDJ Nexus' export file as the app itself does: the file is
 * JSON.stringify(x, null, 2), what is inside an encrypted one JSON.stringify(x). Entries leave one
 * by one; only the encrypted form has to be whole in memory, since it is sealed in one piece.
 */
#include "cli/port/metadj_crypto.h"
#include "schemas/json_scan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)
/* One entry as JSON: every byte of it may need six. */
#define ENTRY_SOURCE_MAX (6u * ENTRY_MAX + (64u << 10))
/* What is to be sealed: in base64, and with the members around it, it stays in PORT_FILE_MAX. */
#define PLAIN_MAX (PORT_FILE_MAX / 4 * 3 - CHUNK)
#define BASE64_CHUNK (CHUNK / 4 * 3) /* a multiple of 3, so that no padding falls inside */

_Static_assert(BASE64_CHUNK % 3 == 0, "chunks of base64 join without padding");

struct writer {
	struct buffer pending;
	bool pretty;    /* two spaces a level; else nothing between the parts */
	uint64_t total; /* bytes handed to write */
	bool (*write)(void *self, struct view bytes);
	void *self;
	struct call *call;
};

static enum port_result flush(struct writer *writer)
{
	struct view view = buffer_view(&writer->pending);

	if (writer->pending.failed)
		return PORT_FAILED;
	if (writer->total + view.len > PORT_FILE_MAX) {
		call_sayf(writer->call, "the export would pass %u MiB, which cannot be read back",
		    PORT_FILE_MAX >> 20);
		return PORT_TOO_LARGE;
	}
	if (view.len > 0 && !writer->write(writer->self, view))
		return PORT_STOPPED;
	writer->total += view.len;
	writer->pending.len = 0;
	return PORT_OK;
}

static void new_line(struct writer *writer, unsigned depth)
{
	if (!writer->pretty)
		return;
	buffer_add_byte(&writer->pending, '\n');
	for (unsigned i = 0; i < depth; i++)
		buffer_add_text(&writer->pending, "  ");
}

/* Everything of a member before its value. */
static void put_name(struct writer *writer, unsigned depth, bool first, struct view name)
{
	if (!first)
		buffer_add_byte(&writer->pending, ',');
	new_line(writer, depth);
	json_put_string(&writer->pending, name);
	buffer_add_text(&writer->pending, writer->pretty ? ": " : ":");
}

static void put_text(
    struct writer *writer, unsigned depth, bool first, const char *name, struct view text)
{
	put_name(writer, depth, first, view_text(name));
	json_put_string(&writer->pending, text);
}

static void put_source(struct writer *writer, unsigned depth, const char *name, const char *source)
{
	put_name(writer, depth, false, view_text(name));
	buffer_add_text(&writer->pending, source);
}

static void put_head(struct writer *writer, const char *created_at, bool encrypted)
{
	buffer_add_byte(&writer->pending, '{');
	put_text(writer, 1, true, "type", view_text("metadj-nexus-journal"));
	put_source(writer, 1, "version", "1");
	put_text(writer, 1, false, "createdAt", view_text(created_at));
	put_source(writer, 1, "encrypted", encrypted ? "true" : "false");
}

static int compare_extra(const void *left, const void *right)
{
	const struct entry_extra *a = left;
	const struct entry_extra *b = right;

	return view_compare(a->name, b->name);
}

static void put_entry(struct writer *writer, const struct entry *entry)
{
	struct entry_extra extra[EXTRA_COUNT_MAX];

	buffer_add_byte(&writer->pending, '{');
	put_text(writer, 3, true, "id", entry->id);
	put_text(writer, 3, false, "title", entry->title);
	put_text(writer, 3, false, "content", entry->content);
	put_text(writer, 3, false, "createdAt", entry->created_at);
	put_text(writer, 3, false, "updatedAt", entry->updated_at);
	if (!view_equal(entry->collection, view_text("journal")))
		put_text(writer, 3, false, "collection", entry->collection);
	if (entry->deleted_at.data != NULL)
		put_text(writer, 3, false, "deletedAt", entry->deleted_at);
	if (entry->conflict_of.data != NULL)
		put_text(writer, 3, false, "conflictOf", entry->conflict_of);
	memcpy(extra, entry->extra, entry->extra_count * sizeof(extra[0]));
	qsort(extra, entry->extra_count, sizeof(extra[0]), compare_extra);
	for (size_t i = 0; i < entry->extra_count; i++) {
		put_name(writer, 3, false, extra[i].name);
		buffer_add_view(&writer->pending, extra[i].json);
	}
	new_line(writer, 2);
	buffer_add_byte(&writer->pending, '}');
}

/* The encrypted:false form. keep: all of it stays pending, to be sealed. */
static enum port_result put_plain(
    struct writer *writer, const struct port_source *source, const char *created_at, bool keep)
{
	struct entry entry;
	bool failed = false;
	bool first = true;

	put_head(writer, created_at, false);
	put_name(writer, 1, false, view_text("entries"));
	buffer_add_byte(&writer->pending, '[');
	while (source->next(source->self, &entry, &failed)) {
		enum port_result result = PORT_OK;

		if (keep && writer->pending.len > PLAIN_MAX - ENTRY_SOURCE_MAX) {
			call_sayf(writer->call, "the journal is too large for one encrypted file");
			return PORT_TOO_LARGE;
		}
		if (!first)
			buffer_add_byte(&writer->pending, ',');
		first = false;
		new_line(writer, 2);
		put_entry(writer, &entry);
		if (!keep && writer->pending.len >= CHUNK)
			result = flush(writer);
		if (writer->pending.failed)
			result = PORT_FAILED;
		if (result != PORT_OK)
			return result;
	}
	if (failed)
		return PORT_STOPPED;
	if (!first)
		new_line(writer, 1);
	buffer_add_byte(&writer->pending, ']');
	new_line(writer, 0);
	buffer_add_byte(&writer->pending, '}');
	return writer->pending.failed ? PORT_FAILED : PORT_OK;
}

/* Standard base64 of data, with its quotes, in chunks. */
static enum port_result put_base64(struct writer *writer, const char *name, struct view data)
{
	enum port_result result = PORT_OK;

	put_name(writer, 1, false, view_text(name));
	buffer_add_byte(&writer->pending, '"');
	for (size_t at = 0; at < data.len && result == PORT_OK; at += BASE64_CHUNK) {
		size_t len = data.len - at < BASE64_CHUNK ? data.len - at : BASE64_CHUNK;
		size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
		uint8_t *out = buffer_extend(&writer->pending, room);

		if (out == NULL)
			return PORT_FAILED;
		(void)sodium_bin2base64(
		    (char *)out, room, data.data + at, len, sodium_base64_VARIANT_ORIGINAL);
		writer->pending.len--; /* the NUL */
		result = flush(writer);
	}
	buffer_add_byte(&writer->pending, '"');
	return result;
}

/* The journal as the compact plain form, sealed. */
static enum port_result seal_journal(const struct port_source *source, struct view passphrase,
    const struct metadj_seal *seal, const char *created_at, struct call *call, struct bytes *out)
{
	struct writer writer = {.call = call};
	enum port_result result;

	buffer_init(&writer.pending, PLAIN_MAX);
	result = put_plain(&writer, source, created_at, true);
	if (result == PORT_OK)
		result = metadj_encrypt(seal, passphrase, buffer_view(&writer.pending), call, out);
	buffer_clear(&writer.pending);
	return result;
}

static enum port_result export_encrypted(struct writer *writer, const struct port_source *source,
    const char *passphrase, const char *created_at, const struct random *random)
{
	uint8_t salt[METADJ_SALT_LEN];
	struct metadj_seal seal = {.iterations = METADJ_ITERATIONS, .salt = {salt, sizeof(salt)}};
	struct bytes sealed = {0};
	struct view trimmed;
	enum port_result result = metadj_passphrase(passphrase, writer->call, &trimmed);

	if (result != PORT_OK)
		return result;
	random_fill(random, salt, sizeof(salt));
	random_fill(random, seal.iv, sizeof(seal.iv));
	result = seal_journal(source, trimmed, &seal, created_at, writer->call, &sealed);
	if (result != PORT_OK)
		goto done;
	put_head(writer, created_at, true);
	put_text(writer, 1, false, "cipher", view_text("AES-GCM"));
	put_text(writer, 1, false, "kdf", view_text("PBKDF2"));
	put_name(writer, 1, false, view_text("iterations"));
	buffer_addf(&writer->pending, "%u", METADJ_ITERATIONS);
	result = put_base64(writer, "salt", seal.salt);
	if (result == PORT_OK)
		result = put_base64(writer, "iv", (struct view){seal.iv, sizeof(seal.iv)});
	if (result == PORT_OK)
		result = put_base64(writer, "ciphertext", view_bytes(&sealed));
	new_line(writer, 0);
	buffer_add_byte(&writer->pending, '}');
done:
	bytes_clear(&sealed);
	return result;
}

enum port_result metadj_export(const struct port_source *source, const char *passphrase,
    const char *created_at, const struct random *random,
    bool (*write)(void *self, struct view bytes), void *self, struct call *call)
{
	struct writer writer = {.pretty = true, .write = write, .self = self, .call = call};
	enum port_result result;

	call->message[0] = '\0';
	buffer_init(&writer.pending, ENTRY_SOURCE_MAX + CHUNK + 4096);
	if (passphrase == NULL)
		result = put_plain(&writer, source, created_at, false);
	else
		result = export_encrypted(&writer, source, passphrase, created_at, random);
	if (result == PORT_OK)
		result = flush(&writer);
	if (result == PORT_FAILED && call->message[0] == '\0')
		call_sayf(call, "out of memory");
	buffer_clear(&writer.pending);
	return result;
}
