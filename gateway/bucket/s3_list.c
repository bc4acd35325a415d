/*
 * gateway/bucket/s3_list.c: a page of keys, ascending by their bytes, from ListObjectsV2. S3 lists
 * in that order, and then a page is one request. A store that keeps objects in folders may list
 * folder by folder, which puts "a/b" before "a-b": found out by the first page that shows it, such
 * a store is from then on read through to the end, and the least keys of all are the page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/s3_answer.h"
#include "gateway/bucket/s3_http.h"
#include "gateway/bucket/s3_list.h"
#include "gateway/bucket/s3_say.h"

#define PAGES_MAX 10000u /* read for one page of ours: ten million keys */

struct walk {
	struct s3 *s3;
	struct call *call;
	const char *after;             /* as the caller gave it */
	char prefix[S3_KEY_MAX + 1];   /* whole */
	char start[S3_KEY_MAX + 1];    /* whole; "": from the beginning */
	char token[S3_ID_MAX + 1];     /* of the next page; "": the first */
	char previous[S3_KEY_MAX + 1]; /* the last key seen, whole */
	struct bucket_item *items;     /* room for two pages */
	size_t count;
	bool dropped; /* there were more keys than fit */
	bool disorder;
};

static enum bucket_result page_get(struct walk *walk, struct s3_page *out)
{
	/* Ascending by name. */
	const struct s3_pair all[] = {
	    {"continuation-token", walk->token},
	    {"list-type", "2"},
	    {"max-keys", "1000"},
	    {"prefix", walk->prefix},
	    {"start-after", walk->token[0] == '\0' ? walk->start : ""},
	};
	struct s3_request request = {.method = "GET", .answer_max = S3_DOCUMENT_MAX};
	struct s3_reply reply = {0};
	enum bucket_result result;

	_Static_assert(BUCKET_PAGE_MAX == 1000, "max-keys above");
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].value[0] != '\0')
			request.params[request.param_count++] = all[i];
	result = s3_send(walk->s3, &request, walk->call, &reply);
	if (result != BUCKET_OK) {
		call_prefix(walk->call, "LIST");
		goto done;
	}
	result = s3_list_result(reply.status, reply.error.code.text);
	if (result != BUCKET_OK) {
		s3_say(walk->call, "LIST", &reply);
	} else if (!s3_xml_listing(view_bytes(&reply.body), S3_LIST_OBJECTS, out)) {
		call_sayf(walk->call, "LIST: the store's answer cannot be read");
		result = BUCKET_RETRY;
	}
done:
	s3_reply_clear(&reply);
	return result;
}

/* Others may keep keys here that no put of ours could make; they are none of our business. */
static bool ours(const char *key)
{
	bool part_begins = true;
	size_t len = strnlen(key, BUCKET_KEY_MAX + 1);

	if (len > BUCKET_KEY_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (key[i] < 0x20 || key[i] > 0x7e ||
		    (part_begins && (key[i] == '/' || key[i] == '.')))
			return false;
		part_begins = key[i] == '/';
	}
	return !part_begins;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct bucket_item *)a)->key, ((const struct bucket_item *)b)->key);
}

/* Takes what is wanted of the store's page; of too many keys the least stay. */
static void page_take(struct walk *walk, const struct s3_page *page)
{
	size_t skip = strlen(walk->s3->url.prefix);

	for (size_t i = 0; i < page->count; i++) {
		const char *key = page->items[i].key;

		walk->disorder = walk->disorder || strcmp(walk->previous, key) >= 0;
		memcpy(walk->previous, key, strlen(key) + 1);
		if (!bucket_begins(key, walk->prefix) || !ours(key + skip) ||
		    strcmp(key + skip, walk->after) <= 0)
			continue;
		memcpy(walk->items[walk->count].key, key + skip, strlen(key + skip) + 1);
		walk->items[walk->count].size = page->items[i].size;
		walk->count++;
	}
	if (walk->disorder && walk->count > 0)
		qsort(walk->items, walk->count, sizeof(*walk->items), by_key);
	if (walk->count > BUCKET_PAGE_MAX) {
		walk->count = BUCKET_PAGE_MAX;
		walk->dropped = true;
	}
}

/*
 * Where to begin: a little before after, for a store that takes it for a folder's name would leave
 * out what is in that folder. What is not wanted is left out by page_take.
 */
static void start_make(struct walk *walk)
{
	size_t len = strlen(walk->after);

	walk->start[0] = '\0';
	if (len == 0)
		return;
	(void)snprintf(walk->start, sizeof(walk->start), "%s%s", walk->s3->url.prefix, walk->after);
	len = strlen(walk->start);
	if (walk->start[len - 1] == '/')
		len--;
	if (len > 0 && len + 1 < sizeof(walk->start) && walk->start[len - 1] > ' ') {
		walk->start[len - 1]--;
		memcpy(walk->start + len, "~", 2);
	}
}

/* Reads on: until there is a key (of a store in order), or to the end. */
static enum bucket_result walk_run(struct walk *walk, bool to_the_end, bool *more_out)
{
	enum bucket_result result = BUCKET_OK;
	bool more = true;

	walk->count = 0;
	walk->token[0] = '\0';
	walk->previous[0] = '\0';
	walk->disorder = to_the_end;
	for (unsigned pages = 0; more && pages < PAGES_MAX; pages++) {
		struct s3_page page = {0};

		result = page_get(walk, &page);
		if (result != BUCKET_OK)
			return result;
		page_take(walk, &page);
		more = page.more && page.next_id[0] != '\0';
		memcpy(walk->token, page.next_id, sizeof(walk->token));
		s3_page_clear(&page);
		if (!to_the_end && (walk->disorder || walk->count > 0))
			break;
	}
	if (to_the_end && more) {
		call_sayf(walk->call, "LIST: more keys than can be put into order");
		return BUCKET_REFUSED;
	}
	if (more && walk->count == 0 &&
	    !walk->disorder) { /* else a caller would take it for the end */
		call_sayf(walk->call, "LIST: page after page without a key");
		return BUCKET_REFUSED;
	}
	*more_out = more || walk->dropped;
	return BUCKET_OK;
}

enum bucket_result s3_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct s3 *s3 = self;
	struct walk walk = {.s3 = s3, .call = call, .after = after};
	enum bucket_result result = BUCKET_RETRY;
	bool more = false;

	walk.items = calloc(2 * BUCKET_PAGE_MAX, sizeof(*walk.items));
	if (walk.items == NULL) {
		call_sayf(call, "no memory for a listing");
		return BUCKET_RETRY;
	}
	(void)snprintf(walk.prefix, sizeof(walk.prefix), "%s%s", s3->url.prefix, prefix);
	if (!atomic_load(&s3->unordered)) {
		start_make(&walk);
		result = walk_run(&walk, false, &more);
		if (result == BUCKET_OK && walk.disorder)
			atomic_store(&s3->unordered, true);
	}
	if (atomic_load(&s3->unordered)) {
		walk.start[0] = '\0';
		walk.dropped = false;
		result = walk_run(&walk, true, &more);
	}
	if (result == BUCKET_OK) {
		*out = (struct bucket_page){walk.items, walk.count, more};
		walk.items = NULL;
	}
	free(walk.items);
	return result;
}
