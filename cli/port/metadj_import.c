/*
 * cli/port/metadj_import.c: reads MetaDJ Nexus' export file, plain or encrypted, or the bare array
 * of its localStorage. First the whole structure is walked, so that a file that was cut off is
 * refused before any entry of it is handed out; then each item is judged by itself.
 */
#include "cli/port/metadj_crypto.h"
#include "cli/port/port_priv.h"
#include "schemas/json_scan.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TYPE "metadj-nexus-journal"

/* ---- The file's members ---- */

enum member {
	MEMBER_TYPE,
	MEMBER_VERSION,
	MEMBER_ENCRYPTED,
	MEMBER_ENTRIES,
	MEMBER_CIPHER,
	MEMBER_KDF,
	MEMBER_ITERATIONS,
	MEMBER_SALT,
	MEMBER_IV,
	MEMBER_CIPHERTEXT,
	MEMBER_COUNT,
};
static const char *const member_names[MEMBER_COUNT] = {"type", "version", "encrypted", "entries",
    "cipher", "kdf", "iterations", "salt", "iv", "ciphertext"};

struct document {
	struct view member[MEMBER_COUNT]; /* source text; data == NULL: absent */
};

/*
 * Walks the array at the cursor; *number_out counts its elements. False: broken, and then
 * *number_out is the element whose end cannot be found.
 */
static bool walk_items(struct json_scan *scan, size_t *number_out)
{
	bool first = true;
	size_t number = 0;

	json_enter(scan, '[');
	while (json_more(scan, ']', &first)) {
		number++;
		(void)json_raw(scan);
	}
	*number_out = number;
	return !scan->broken;
}

static enum port_result not_json(
    const struct json_scan *scan, struct view file, size_t item, struct call *call)
{
	size_t at = (size_t)(scan->at - file.data);

	if (item > 0)
		call_sayf(call,
		    "the file is cut off or damaged: not JSON from byte %zu on, near item %zu", at,
		    item);
	else
		call_sayf(call, "not a JSON file, or damaged: see byte %zu", at);
	return PORT_MALFORMED;
}

/* Finds the members of the object at the cursor. */
static enum port_result read_members(
    struct json_scan *scan, struct view file, struct call *call, struct document *out)
{
	bool first = true;
	size_t item = 0;

	json_enter(scan, '{');
	while (json_more(scan, '}', &first)) {
		struct view name = json_name(scan);
		const uint8_t *start;
		struct view value;
		enum member member = MEMBER_TYPE;

		if (scan->broken)
			break;
		if (json_check(name) != JSON_FINE) {
			call_sayf(call, "a member's name is not valid text");
			return PORT_MALFORMED;
		}
		while (member < MEMBER_COUNT && !json_is(name, member_names[member]))
			member++;
		(void)json_peek(scan);
		start = scan->at;
		if (member == MEMBER_ENTRIES && json_peek(scan) == '[') {
			if (!walk_items(scan, &item))
				break;
			value = (struct view){start, (size_t)(scan->at - start)};
			item = 0;
		} else {
			value = json_raw(scan);
		}
		if (member == MEMBER_COUNT)
			continue;
		if (out->member[member].data != NULL) {
			call_sayf(call, "two members are called \"%s\"", member_names[member]);
			return PORT_MALFORMED;
		}
		out->member[member] = value;
	}
	if (!json_at_end(scan))
		return not_json(scan, file, item, call);
	return PORT_OK;
}

static bool source_is(struct view source, const char *text)
{
	return view_equal(source, view_text(text));
}

/* A whole number of JSON within 32 bits; anything else: 0. */
static uint32_t source_uint(struct view source)
{
	uint64_t value = 0;

	if (source.len == 0 || source.len > 10 || source.data[0] == '0')
		return 0;
	for (size_t i = 0; i < source.len; i++) {
		if (source.data[i] < '0' || source.data[i] > '9')
			return 0;
		value = value * 10 + (uint64_t)(source.data[i] - '0');
	}
	return value > UINT32_MAX ? 0 : (uint32_t)value;
}

static bool is_string(struct view source)
{
	return source.len > 0 && source.data[0] == '"' && json_check(source) == JSON_FINE;
}

static enum port_result judge_kind(const struct document *document, struct call *call)
{
	struct view type = document->member[MEMBER_TYPE];
	struct view version = document->member[MEMBER_VERSION];

	if (!is_string(type) || !json_is(type, TYPE)) {
		call_sayf(call, "not a MetaDJ Nexus journal export: \"type\" is not \"" TYPE "\"");
		return PORT_MALFORMED;
	}
	if (source_uint(version) > 1) {
		call_sayf(call, "the export was made by a newer version: please update");
		return PORT_MALFORMED;
	}
	if (source_uint(version) != 1) {
		call_sayf(call, "not an export this program knows: \"version\" is not 1");
		return PORT_MALFORMED;
	}
	return PORT_OK;
}

/* ---- Items ---- */

struct import {
	const struct port_sink *sink;
	struct metadj_item item;
	size_t number; /* of the item, from 1 */
};

static enum port_result import_item(struct import *import, struct view source, struct call *call)
{
	struct entry entry = {0};
	char where[32];
	bool good = false;
	bool go_on;

	if (metadj_item_read(&import->item, source, &entry, &good) != PORT_OK) {
		call_sayf(call, "out of memory at item %zu", import->number);
		return PORT_FAILED;
	}
	if (good) {
		go_on = import->sink->entry(import->sink->self, &entry);
	} else {
		(void)snprintf(where, sizeof(where), "item %zu", import->number);
		go_on = import->sink->dropped(import->sink->self, where, import->item.reason);
	}
	return go_on ? PORT_OK : PORT_STOPPED;
}

/* entries is an array whose structure was walked. */
static enum port_result import_items(
    struct view entries, const struct port_sink *sink, struct call *call)
{
	struct import import = {.sink = sink};
	struct json_scan scan;
	bool first = true;
	enum port_result result = PORT_OK;

	metadj_item_init(&import.item);
	json_begin(&scan, entries);
	json_enter(&scan, '[');
	while (result == PORT_OK && json_more(&scan, ']', &first)) {
		import.number++;
		result = import_item(&import, json_raw(&scan), call);
	}
	metadj_item_clear(&import.item);
	return result;
}

/* ---- Plain and encrypted ---- */

/* The string member's bytes out of standard base64. */
static enum port_result read_base64(
    const struct document *document, enum member member, struct call *call, struct bytes *out)
{
	struct view source = document->member[member];
	struct bytes text = {0};
	struct bytes data = {0};
	enum port_result result = PORT_FAILED;

	if (!is_string(source)) {
		call_sayf(call, "\"%s\" is missing, or not a text", member_names[member]);
		return PORT_MALFORMED;
	}
	if (!bytes_new(source.len, &text) || !bytes_new(source.len / 4 * 3 + 3, &data))
		goto done;
	text.len = json_decode(source, text.data);
	if (sodium_base642bin(data.data, data.len, (const char *)text.data, text.len, NULL,
		&data.len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
		call_sayf(call, "\"%s\" is not standard base64", member_names[member]);
		result = PORT_MALFORMED;
		goto done;
	}
	*out = data;
	data = (struct bytes){0};
	result = PORT_OK;
done:
	bytes_clear(&data);
	bytes_clear(&text);
	return result;
}

static enum port_result read_seal(const struct document *document, struct call *call,
    struct metadj_seal *seal_out, struct bytes *salt_out)
{
	struct view cipher = document->member[MEMBER_CIPHER];
	struct view kdf = document->member[MEMBER_KDF];
	uint32_t iterations = source_uint(document->member[MEMBER_ITERATIONS]);
	struct bytes salt = {0};
	struct bytes iv = {0};
	enum port_result result = PORT_MALFORMED;

	if (!is_string(cipher) || !json_is(cipher, "AES-GCM") || !is_string(kdf) ||
	    !json_is(kdf, "PBKDF2")) {
		call_sayf(call, "encrypted in a way this program does not know: please update");
		goto done;
	}
	if (iterations < 1 || iterations > METADJ_ITERATIONS_MAX) {
		call_sayf(call, "\"iterations\" is not within 1 and %u", METADJ_ITERATIONS_MAX);
		goto done;
	}
	result = read_base64(document, MEMBER_SALT, call, &salt);
	if (result == PORT_OK)
		result = read_base64(document, MEMBER_IV, call, &iv);
	if (result != PORT_OK)
		goto done;
	if (salt.len < METADJ_SALT_MIN || salt.len > METADJ_SALT_MAX || iv.len != METADJ_IV_LEN) {
		call_sayf(call, "\"salt\" or \"iv\" has a length that no export has");
		result = PORT_MALFORMED;
		goto done;
	}
	*salt_out = salt;
	*seal_out = (struct metadj_seal){.iterations = iterations, .salt = view_bytes(salt_out)};
	memcpy(seal_out->iv, iv.data, iv.len);
	salt = (struct bytes){0};
done:
	bytes_clear(&iv);
	bytes_clear(&salt);
	return result;
}

/* The file inside the encrypted one. */
static enum port_result decrypt(const struct document *document, const char *passphrase,
    struct call *call, struct bytes *plain_out)
{
	struct metadj_seal seal = {0};
	struct bytes salt = {0};
	struct bytes sealed = {0};
	struct view trimmed;
	enum port_result result = PORT_PASSPHRASE;

	if (passphrase == NULL) {
		call_sayf(call, "the export is encrypted: its passphrase is needed");
		goto done;
	}
	result = metadj_passphrase(passphrase, call, &trimmed);
	if (result == PORT_OK)
		result = read_seal(document, call, &seal, &salt);
	if (result == PORT_OK)
		result = read_base64(document, MEMBER_CIPHERTEXT, call, &sealed);
	if (result == PORT_OK)
		result = metadj_decrypt(&seal, trimmed, view_bytes(&sealed), call, plain_out);
done:
	bytes_clear(&sealed);
	bytes_clear(&salt);
	return result;
}

static enum port_result import_bare(
    struct json_scan *scan, struct view file, const struct port_sink *sink, struct call *call)
{
	size_t count = 0;

	if (!walk_items(scan, &count) || !json_at_end(scan))
		return not_json(scan, file, count, call);
	return import_items(file, sink, call);
}

/* passphrase is used for the outer file only: an encrypted file inside an encrypted one is none. */
static enum port_result import_file(struct view file, const char *passphrase, bool is_inner,
    const struct port_sink *sink, struct call *call)
{
	struct document document = {0};
	struct json_scan scan;
	struct bytes plain = {0};
	struct view entries, encrypted;
	enum port_result result;

	if (file.len >= 3 && memcmp(file.data, "\xEF\xBB\xBF", 3) == 0)
		file = (struct view){file.data + 3, file.len - 3};
	json_begin(&scan, file);
	if (json_peek(&scan) == '[' && !is_inner)
		return import_bare(&scan, file, sink, call);
	result = read_members(&scan, file, call, &document);
	if (result == PORT_OK)
		result = judge_kind(&document, call);
	if (result != PORT_OK)
		return result;
	entries = document.member[MEMBER_ENTRIES];
	encrypted = document.member[MEMBER_ENCRYPTED];
	if (source_is(encrypted, "true") && !is_inner) {
		result = decrypt(&document, passphrase, call, &plain);
		if (result == PORT_OK)
			result = import_file(view_bytes(&plain), NULL, true, sink, call);
		bytes_clear(&plain);
		return result;
	}
	if (encrypted.data != NULL && !source_is(encrypted, "false")) {
		call_sayf(call, "\"encrypted\" is neither true nor false");
		return PORT_MALFORMED;
	}
	if (entries.data == NULL || entries.data[0] != '[') {
		call_sayf(call, "the export has no \"entries\"");
		return PORT_MALFORMED;
	}
	return import_items(entries, sink, call);
}

enum port_result metadj_import(
    struct view file, const char *passphrase, const struct port_sink *sink, struct call *call)
{
	enum port_result result;

	if (file.len > PORT_FILE_MAX) {
		call_sayf(call, "the file is larger than %u MiB", PORT_FILE_MAX >> 20);
		return PORT_TOO_LARGE;
	}
	call->message[0] = '\0';
	result = import_file(file, passphrase, false, sink, call);
	if (result == PORT_FAILED && call->message[0] == '\0')
		call_sayf(call, "out of memory");
	return result;
}
