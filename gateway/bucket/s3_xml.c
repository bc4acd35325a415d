/*
 * gateway/bucket/s3_xml.c: expat's events, folded into flat records. Every document of S3's that we
 * read has the same shape: a root, leaves below it, and records of leaves. So one reader gives each
 * leaf's name, its record's name and its text to a function; nothing deeper matters here.
 */
#include "gateway/bucket/s3_xml.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8u /* S3's own go to 4 */
#define NAME_MAX_LEN 63u
#define TEXT_MAX 1024u /* keys and ids; longer text (a message, say) is cut */
_Static_assert(TEXT_MAX >= S3_KEY_MAX && TEXT_MAX >= S3_ID_MAX, "a key or an id fits a text");

struct leaf {               /* borrowed until the function returns */
	const char *record; /* "": right below the root */
	const char *name;
	const char *text;
	bool cut; /* text is only a beginning */
};
struct reader {
	XML_Parser parser;
	void *self;
	bool (*begin)(void *self, const char *record); /* false: stop */
	bool (*take)(void *self, const struct leaf *leaf);
	const char *root;                /* the name that the document must have */
	char names[2][NAME_MAX_LEN + 1]; /* at depth 2 and 3 */
	unsigned depth;
	char text[TEXT_MAX + 1];
	size_t text_len;
	bool cut;
	bool whole; /* the root was the expected one */
	bool stopped;
	bool no_memory;
};

static void stop(struct reader *reader)
{
	reader->stopped = true;
	(void)XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *self, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = self;
	size_t len = strlen(name);

	(void)attributes;
	reader->depth++;
	reader->text_len = 0;
	reader->cut = false;
	if (reader->depth > DEPTH_MAX || len > NAME_MAX_LEN) {
		stop(reader);
		return;
	}
	if (reader->depth == 1) {
		reader->whole = strcmp(name, reader->root) == 0;
		if (!reader->whole)
			stop(reader);
	} else if (reader->depth <= 3) {
		memcpy(reader->names[reader->depth - 2], name, len + 1);
		if (reader->depth == 2 && !reader->begin(reader->self, name))
			stop(reader);
	}
}

static void XMLCALL on_text(void *self, const XML_Char *text, int len)
{
	struct reader *reader = self;
	size_t room = TEXT_MAX - reader->text_len;
	size_t take = (size_t)len < room ? (size_t)len : room;

	memcpy(reader->text + reader->text_len, text, take);
	reader->text_len += take;
	reader->cut = reader->cut || take < (size_t)len;
}

static void XMLCALL on_end(void *self, const XML_Char *name)
{
	struct reader *reader = self;
	struct leaf leaf = {"", reader->names[0], reader->text, reader->cut};

	(void)name;
	reader->text[reader->text_len] = '\0';
	if (reader->depth == 3)
		leaf = (struct leaf){reader->names[0], reader->names[1], reader->text, reader->cut};
	if ((reader->depth == 2 || reader->depth == 3) && !reader->stopped &&
	    !reader->take(reader->self, &leaf))
		stop(reader);
	reader->depth--;
	reader->text_len = 0;
	reader->cut = false;
}

/* No document of S3's has one, and entities are how small documents become large. */
static void XMLCALL on_doctype(void *self, const XML_Char *name, const XML_Char *system_id,
    const XML_Char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(self);
}

/* Some stores and proxies send a mark or blank lines first, which XML allows before no <?xml. */
static struct view without_lead(struct view body)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

	for (;;) {
		size_t skip = 0;

		if (body.len >= sizeof(mark) && memcmp(body.data, mark, sizeof(mark)) == 0)
			skip = sizeof(mark);
		else if (body.len > 0 && memchr(" \t\r\n", body.data[0], 4) != NULL)
			skip = 1;
		if (skip == 0)
			return body;
		body = view_of(body.data + skip, body.len - skip);
	}
}

/* The caller has set self, begin, take and root. */
static bool read_document(struct reader *reader, struct view body)
{
	enum XML_Status status;

	body = without_lead(body);
	if (body.len == 0 || body.len > INT_MAX)
		return false;
	reader->parser = XML_ParserCreate(NULL);
	reader->no_memory = reader->parser == NULL;
	if (reader->no_memory)
		return false;
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(reader->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
	status = XML_Parse(reader->parser, (const char *)body.data, (int)body.len, 1);
	reader->no_memory =
	    status != XML_STATUS_OK && XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY;
	XML_ParserFree(reader->parser);
	return status == XML_STATUS_OK && reader->whole && !reader->stopped;
}

static bool begin_any(void *self, const char *record)
{
	(void)self;
	(void)record;
	return true;
}

/* A code is shown to people and compared with names: nothing but letters and digits. */
static void code_copy(const struct leaf *leaf, struct s3_code *out)
{
	size_t len = strlen(leaf->text);

	if (leaf->cut || len > S3_CODE_MAX ||
	    strspn(leaf->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") !=
		len)
		return;
	memcpy(out->text, leaf->text, len + 1);
}

bool s3_region_told(const char *text, char out[S3_REGION_TOLD_MAX + 1])
{
	size_t len = strnlen(text, S3_REGION_TOLD_MAX + 1);

	if (len == 0 || len > S3_REGION_TOLD_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static bool take_error(void *self, const struct leaf *leaf)
{
	struct s3_error *error = self;

	if (leaf->record[0] != '\0')
		return true;
	if (strcmp(leaf->name, "Code") == 0)
		code_copy(leaf, &error->code);
	if (strcmp(leaf->name, "Region") == 0 && !leaf->cut)
		(void)s3_region_told(leaf->text, error->region);
	return true;
}

bool s3_xml_error(struct view body, struct s3_error *out)
{
	struct s3_error error = {0};
	struct reader reader = {
	    .self = &error, .begin = begin_any, .take = take_error, .root = "Error"};

	*out = (struct s3_error){0};
	if (read_document(&reader, body))
		*out = error;
	return !reader.no_memory;
}

struct deleted {
	size_t failed;
	struct s3_code first;
};

static bool begin_deleted(void *self, const char *record)
{
	struct deleted *deleted = self;

	deleted->failed += strcmp(record, "Error") == 0;
	return true;
}

static bool take_deleted(void *self, const struct leaf *leaf)
{
	struct deleted *deleted = self;

	if (deleted->failed == 1 && strcmp(leaf->record, "Error") == 0 &&
	    strcmp(leaf->name, "Code") == 0)
		code_copy(leaf, &deleted->first);
	return true;
}

bool s3_xml_deleted(struct view body, size_t *failed_out, struct s3_code *first_out)
{
	struct deleted deleted = {0};
	struct reader reader = {
	    .self = &deleted, .begin = begin_deleted, .take = take_deleted, .root = "DeleteResult"};

	if (!read_document(&reader, body))
		return false;
	*failed_out = deleted.failed;
	*first_out = deleted.first;
	return true;
}

static bool take_versioning(void *self, const struct leaf *leaf)
{
	bool *keeps = self;

	*keeps = *keeps ||
		 (leaf->record[0] == '\0' && strcmp(leaf->name, "Status") == 0 &&
		     (strcmp(leaf->text, "Enabled") == 0 || strcmp(leaf->text, "Suspended") == 0));
	return true;
}

bool s3_xml_versioning(struct view body, bool *keeps_out)
{
	bool keeps = false;
	struct reader reader = {.self = &keeps,
	    .begin = begin_any,
	    .take = take_versioning,
	    .root = "VersioningConfiguration"};

	if (!read_document(&reader, body))
		return false;
	*keeps_out = keeps;
	return true;
}

/* The names that a kind of listing gives its parts. */
static const struct words {
	const char *root;
	const char *record;
	const char *marker; /* another record, a delete marker's */
	const char *id;
	const char *next_key;
	const char *next_id;
} words[] = {
    [S3_LIST_OBJECTS] = {"ListBucketResult", "Contents", "", "", "", "NextContinuationToken"},
    [S3_LIST_VERSIONS] = {"ListVersionsResult", "Version", "DeleteMarker", "VersionId",
	"NextKeyMarker", "NextVersionIdMarker"},
    [S3_LIST_UPLOADS] = {"ListMultipartUploadsResult", "Upload", "", "UploadId", "NextKeyMarker",
	"NextUploadIdMarker"},
};

struct listing {
	const struct words *words;
	struct s3_page page;
	size_t capacity;
};

static bool begin_item(void *self, const char *record)
{
	struct listing *listing = self;
	struct s3_page *page = &listing->page;
	bool marker = strcmp(record, listing->words->marker) == 0;
	size_t capacity = listing->capacity == 0 ? 16 : 2 * listing->capacity;

	if (!marker && strcmp(record, listing->words->record) != 0)
		return true;
	if (page->count == S3_ITEMS_MAX)
		return false;
	if (page->count == listing->capacity) {
		struct s3_item *items;

		if (capacity > S3_ITEMS_MAX)
			capacity = S3_ITEMS_MAX;
		items = realloc(page->items, capacity * sizeof(*items));
		if (items == NULL)
			return false;
		page->items = items;
		listing->capacity = capacity;
	}
	page->items[page->count] = (struct s3_item){.marker = marker};
	page->count++;
	return true;
}

/* out holds TEXT_MAX + 1: a key or an id that was cut names something else. */
static bool text_copy(const struct leaf *leaf, char *out)
{
	if (leaf->cut)
		return false;
	memcpy(out, leaf->text, strlen(leaf->text) + 1);
	return true;
}
_Static_assert(S3_KEY_MAX == TEXT_MAX && S3_ID_MAX == TEXT_MAX, "text_copy's room");

static bool size_parse(const char *text, uint64_t *out)
{
	uint64_t size = 0;

	if (text[0] == '\0' || strlen(text) > 18) /* more digits than any size of S3's */
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		size = size * 10 + (uint64_t)(*text - '0');
	}
	*out = size;
	return true;
}

static bool take_of_item(const struct words *names, const struct leaf *leaf, struct s3_item *item)
{
	if (strcmp(leaf->name, "Key") == 0)
		return text_copy(leaf, item->key);
	if (names->id[0] != '\0' && strcmp(leaf->name, names->id) == 0)
		return text_copy(leaf, item->id);
	if (strcmp(leaf->name, "Size") == 0)
		return size_parse(leaf->text, &item->size);
	if (strcmp(leaf->name, "IsLatest") == 0)
		item->latest = strcmp(leaf->text, "true") == 0;
	return true;
}

static bool take_listing(void *self, const struct leaf *leaf)
{
	struct listing *listing = self;
	const struct words *names = listing->words;
	struct s3_page *page = &listing->page;

	if (leaf->record[0] != '\0') {
		if (page->count == 0 || (strcmp(leaf->record, names->record) != 0 &&
					    strcmp(leaf->record, names->marker) != 0))
			return true;
		return take_of_item(names, leaf, &page->items[page->count - 1]);
	}
	if (strcmp(leaf->name, "IsTruncated") == 0)
		page->more = strcmp(leaf->text, "true") == 0;
	else if (names->next_key[0] != '\0' && strcmp(leaf->name, names->next_key) == 0)
		return text_copy(leaf, page->next_key);
	else if (names->next_id[0] != '\0' && strcmp(leaf->name, names->next_id) == 0)
		return text_copy(leaf, page->next_id);
	return true;
}

bool s3_xml_listing(struct view body, enum s3_listing kind, struct s3_page *out)
{
	struct listing listing = {.words = &words[kind]};
	struct reader reader = {
	    .self = &listing, .begin = begin_item, .take = take_listing, .root = words[kind].root};
	bool ok = read_document(&reader, body);

	for (size_t i = 0; ok && i < listing.page.count; i++)
		ok = listing.page.items[i].key[0] != '\0';
	if (ok)
		*out = listing.page;
	else
		s3_page_clear(&listing.page);
	return ok;
}

void s3_page_clear(struct s3_page *page)
{
	free(page->items);
	*page = (struct s3_page){0};
}
