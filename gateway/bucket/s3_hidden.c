/*
 * gateway/bucket/s3_hidden.c: removes what a plain listing of a bucket does not show: versions that
 * are no longer current, delete markers, unfinished uploads. Current objects stay.
 *
 * Versions go in a first pass, markers in a second: a marker that goes before the version it hides
 * would bring that version back, and bring it back as current.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/bucket/bucket_priv.h"
#include "gateway/bucket/bucket_s3.h"
#include "gateway/bucket/s3_answer.h"

#define PAGES_MAX 100000u /* of a pass: more than a deadline lets through */

struct purge {
	struct s3 *s3;
	struct call *call;
	char prefix[S3_KEY_MAX + 1]; /* whole */
	uint64_t removed;
	bool markers; /* the first pass met some: else there is nothing for a second */
};

struct pass {
	enum s3_listing kind;
	struct s3_pair what; /* the parameter that asks for it */
	enum bucket_result (*take)(struct purge *purge, const struct s3_page *page);
};

/* One page; *absent_out: the store has no such things, and said so. */
static enum bucket_result page_get(struct purge *purge, const struct pass *pass,
    const struct s3_page *before, struct s3_page *out, bool *absent_out)
{
	struct s3_request request = {.method = "GET", .answer_max = S3_DOCUMENT_MAX};
	/* Ascending by name, whichever the pass: key-…, max-…, prefix, upload…, version…. */
	const struct s3_pair all[] = {
	    {"key-marker", before->next_key},
	    {pass->kind == S3_LIST_UPLOADS ? "max-uploads" : "max-keys", "1000"},
	    {"prefix", purge->prefix},
	    {pass->kind == S3_LIST_UPLOADS ? "upload-id-marker" : "version-id-marker",
		before->next_id},
	    pass->what,
	};
	struct s3_reply reply = {0};
	enum bucket_result result;

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].value[0] != '\0' || i == COUNT_OF(all) - 1)
			request.params[request.param_count++] = all[i];
	result = s3_send(purge->s3, &request, purge->call, &reply);
	if (result != BUCKET_OK) {
		call_prefix(purge->call, "LIST of hidden things");
		goto done;
	}
	*absent_out = reply.status == 501 || strcmp(reply.error.code.text, "NotImplemented") == 0;
	if (*absent_out)
		goto done;
	result = s3_list_result(reply.status, reply.error.code.text);
	if (result != BUCKET_OK) {
		s3_say(purge->call, "LIST of hidden things", &reply);
	} else if (!s3_xml_listing(view_bytes(&reply.body), pass->kind, out)) {
		call_sayf(purge->call, "LIST of hidden things: the answer cannot be read");
		result = BUCKET_RETRY;
	}
done:
	s3_reply_clear(&reply);
	return result;
}

static enum bucket_result pass_run(struct purge *purge, const struct pass *pass)
{
	struct s3_page page = {0};
	enum bucket_result result = BUCKET_OK;
	bool more = true;

	for (unsigned pages = 0; result == BUCKET_OK && more && pages < PAGES_MAX; pages++) {
		struct s3_page next = {0};
		bool absent = false;

		result = page_get(purge, pass, &page, &next, &absent);
		more = result == BUCKET_OK && !absent && next.more && next.next_key[0] != '\0';
		if (result == BUCKET_OK && !absent)
			result = pass->take(purge, &next);
		s3_page_clear(&page);
		page = next;
	}
	s3_page_clear(&page);
	return result;
}

/* Removes those of a page that wanted wants, in one request. */
static enum bucket_result remove_some(
    struct purge *purge, const struct s3_page *page, bool (*wanted)(const struct s3_item *item))
{
	struct s3_pair pairs[S3_ITEMS_MAX];
	enum bucket_result result;
	size_t count = 0;

	for (size_t i = 0; i < page->count; i++)
		if (wanted(&page->items[i]) && page->items[i].id[0] != '\0' &&
		    bucket_begins(page->items[i].key, purge->prefix))
			pairs[count++] = (struct s3_pair){page->items[i].key, page->items[i].id};
	if (count == 0)
		return BUCKET_OK;
	result = s3_remove_items(purge->s3, pairs, count, purge->call);
	if (result == BUCKET_OK)
		purge->removed += count;
	return result;
}

static bool is_old(const struct s3_item *item)
{
	return !item->latest;
}

static bool is_marker(const struct s3_item *item)
{
	return item->marker;
}

static enum bucket_result take_old(struct purge *purge, const struct s3_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		purge->markers = purge->markers || page->items[i].marker;
	return remove_some(purge, page, is_old);
}

static enum bucket_result take_markers(struct purge *purge, const struct s3_page *page)
{
	return remove_some(purge, page, is_marker);
}

static enum bucket_result take_uploads(struct purge *purge, const struct s3_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		struct s3_request request = {.method = "DELETE",
		    .raw_key = page->items[i].key,
		    .params = {{"uploadId", page->items[i].id}},
		    .param_count = 1,
		    .answer_max = S3_ERROR_MAX};
		struct s3_reply reply = {0};
		enum bucket_result result;

		if (!bucket_begins(page->items[i].key, purge->prefix) ||
		    page->items[i].id[0] == '\0')
			continue;
		result = s3_send(purge->s3, &request, purge->call, &reply);
		if (result == BUCKET_OK)
			result = s3_remove_result(reply.status, reply.error.code.text);
		if (result != BUCKET_OK && reply.status != 0)
			s3_say(purge->call, "ending an upload", &reply);
		s3_reply_clear(&reply);
		if (result != BUCKET_OK)
			return result;
		purge->removed++;
	}
	return BUCKET_OK;
}

enum bucket_result s3_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed_out)
{
	static const struct pass passes[] = {
	    {S3_LIST_VERSIONS, {"versions", ""}, take_old},
	    {S3_LIST_VERSIONS, {"versions", ""}, take_markers},
	    {S3_LIST_UPLOADS, {"uploads", ""}, take_uploads},
	};
	struct s3 *s3 = self;
	struct purge purge = {.s3 = s3, .call = call};
	enum bucket_result result = BUCKET_OK;

	(void)snprintf(purge.prefix, sizeof(purge.prefix), "%s%s", s3->url.prefix, prefix);
	for (size_t i = 0; result == BUCKET_OK && i < COUNT_OF(passes); i++)
		if (passes[i].take != take_markers || purge.markers)
			result = pass_run(&purge, &passes[i]);
	if (result == BUCKET_OK)
		*removed_out = purge.removed;
	return result;
}
