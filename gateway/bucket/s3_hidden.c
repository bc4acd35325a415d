/*
 * gateway/bucket/s3_hidden.c: removes what a plain listing of a bucket does not show: versions that
 * are no longer current, delete markers, unfinished uploads. Current objects stay.
 *
 * Versions go in a first pass, markers in a second: a marker that goes before the version it hides
 * would bring that version back, and bring it back as current.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/s3_answer.h"
#include "gateway/bucket/s3_hidden.h"
#include "gateway/bucket/s3_http.h"
#include "gateway/bucket/s3_remove.h"
#include "gateway/bucket/s3_say.h"

#define PAGES_MAX 100000u /* of a pass: more than a deadline lets through */
#define PAGE_TRIES 3u     /* a page is listed again where the answer to its removal was lost */

struct purge {
	struct s3 *s3;
	struct call *call;
	char prefix[S3_KEY_MAX + 1]; /* whole */
	uint64_t *removed;
	bool markers; /* the first pass met some: else there is nothing for a second */
};

enum listing { /* what a store makes of a request for hidden things */
	LISTING_SHOWN,
	LISTING_UNKNOWN,   /* it has no such request, or passes over the parameter */
	LISTING_FORBIDDEN, /* these credentials may not */
};
struct pass {
	enum s3_listing kind;
	struct s3_pair what; /* the parameter that asks for it */
	bool (*wanted)(const struct s3_item *item);
	/* *done_out: so many of the first are known to be gone, whatever the result. */
	enum bucket_result (*remove)(
	    struct purge *purge, const struct s3_page *page, size_t *done_out);
};

/* A plain listing where another was asked for: the parameter says nothing to this store. */
static bool is_plain(struct view body)
{
	struct s3_page page = {0};
	bool plain = s3_xml_listing(body, S3_LIST_OBJECTS, &page);

	s3_page_clear(&page);
	return plain;
}

static enum bucket_result page_judge(struct purge *purge, const struct pass *pass,
    const struct s3_reply *reply, struct s3_page *out, enum listing *listing_out)
{
	const char *code = reply->error.code.text;
	enum bucket_result result = s3_list_result(reply->status, code);

	*listing_out = LISTING_SHOWN;
	if (s3_request_unknown(reply->status, code)) {
		*listing_out = LISTING_UNKNOWN;
		return BUCKET_OK;
	}
	if (reply->status == 403 && strcmp(code, "AccessDenied") == 0) {
		*listing_out = LISTING_FORBIDDEN;
		return BUCKET_OK;
	}
	if (result != BUCKET_OK) {
		s3_say(purge->call, "LIST of hidden things", reply);
		return result;
	}
	if (s3_xml_listing(view_bytes(&reply->body), pass->kind, out))
		return BUCKET_OK;
	if (is_plain(view_bytes(&reply->body))) {
		*listing_out = LISTING_UNKNOWN;
		return BUCKET_OK;
	}
	call_sayf(purge->call, "LIST of hidden things: the answer cannot be read");
	return BUCKET_RETRY;
}

/* One page, which begins where before ends. */
static enum bucket_result page_get(struct purge *purge, const struct pass *pass,
    const struct s3_page *before, struct s3_page *out, enum listing *listing_out)
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
	if (result == BUCKET_OK)
		result = page_judge(purge, pass, &reply, out, listing_out);
	else
		call_prefix(purge->call, "LIST of hidden things");
	s3_reply_clear(&reply);
	return result;
}

/* The page without what the pass does not want, or must not touch. */
static void page_choose(const struct purge *purge, const struct pass *pass, struct s3_page *page)
{
	size_t kept = 0;

	for (size_t i = 0; i < page->count; i++)
		if (pass->wanted(&page->items[i]) && page->items[i].id[0] != '\0' &&
		    bucket_begins(page->items[i].key, purge->prefix))
			page->items[kept++] = page->items[i];
	page->count = kept;
}

static bool page_holds(const struct s3_page *page, const struct s3_item *item)
{
	for (size_t i = 0; i < page->count; i++)
		if (strcmp(page->items[i].key, item->key) == 0 &&
		    strcmp(page->items[i].id, item->id) == 0)
			return true;
	return false;
}

/* Those of page that are not in again, the same page listed later, are gone. */
static uint64_t count_gone(const struct s3_page *page, const struct s3_page *again)
{
	uint64_t gone = 0;

	for (size_t i = 0; i < page->count; i++)
		gone += page_holds(again, &page->items[i]) ? 0 : 1;
	return gone;
}

/* Counts what a removal is known to have taken, and leaves the rest in the page. */
static void count_done(struct purge *purge, struct s3_page *page, size_t done)
{
	*purge->removed += done;
	page->count -= done;
	if (page->count > 0 && done > 0)
		memmove(page->items, page->items + done, page->count * sizeof(*page->items));
}

/*
 * Lists and removes a page. If it is not known what came of the removal it is listed again, for the
 * count is of what was seen to go.
 */
static enum bucket_result page_run(struct purge *purge, const struct pass *pass,
    const struct s3_page *before, struct s3_page *out, enum listing *listing_out)
{
	enum bucket_result result = BUCKET_UNKNOWN;

	for (unsigned i = 0; i < PAGE_TRIES && result != BUCKET_OK; i++) {
		struct s3_page page = {0};
		size_t done = 0;

		result = page_get(purge, pass, before, &page, listing_out);
		if (result != BUCKET_OK || *listing_out != LISTING_SHOWN)
			break;
		for (size_t k = 0; k < page.count; k++)
			purge->markers = purge->markers || page.items[k].marker;
		page_choose(purge, pass, &page);
		*purge->removed += count_gone(out, &page);
		s3_page_clear(out);
		*out = page;
		if (page.count > 0)
			result = pass->remove(purge, out, &done);
		count_done(purge, out, done);
		if (result == BUCKET_REFUSED)
			break;
	}
	return result;
}

static enum bucket_result pass_run(
    struct purge *purge, const struct pass *pass, enum listing *listing_out)
{
	struct s3_page page = {0};
	enum bucket_result result = BUCKET_OK;
	bool more = true;

	for (unsigned pages = 0; result == BUCKET_OK && more && pages < PAGES_MAX; pages++) {
		struct s3_page next = {0};

		result = page_run(purge, pass, &page, &next, listing_out);
		more = result == BUCKET_OK && *listing_out == LISTING_SHOWN && next.more &&
		       next.next_key[0] != '\0';
		s3_page_clear(&page);
		page = next;
	}
	s3_page_clear(&page);
	return result;
}

/*
 * The store does not show versions. Then there are none, unless the bucket says that it keeps them:
 * what can't be seen can't be removed, and nothing is to be called gone.
 */
static enum bucket_result versions_absent(struct purge *purge, enum listing listing)
{
	const struct s3_request request = {.method = "GET",
	    .params = {{"versioning", ""}},
	    .param_count = 1,
	    .answer_max = S3_DOCUMENT_MAX};
	struct s3_reply reply = {0};
	enum bucket_result result = s3_send(purge->s3, &request, purge->call, &reply);
	bool keeps = listing == LISTING_FORBIDDEN;

	if (result != BUCKET_OK) {
		call_prefix(purge->call, "asking whether versions are kept");
		goto done;
	}
	result = s3_list_result(reply.status, reply.error.code.text);
	if (result == BUCKET_RETRY) {
		s3_say(purge->call, "asking whether versions are kept", &reply);
		goto done;
	}
	if (result == BUCKET_OK && !s3_xml_versioning(view_bytes(&reply.body), &keeps))
		keeps = false; /* it has no such question, and so no versions */
	result = keeps ? BUCKET_REFUSED : BUCKET_OK;
	if (keeps)
		call_sayf(purge->call,
		    "the bucket keeps old versions, or may, and does not show them to these "
		    "credentials: allow them s3:ListBucketVersions, s3:GetBucketVersioning and "
		    "s3:DeleteObjectVersion, or remove old versions by the store's own means and "
		    "switch versioning off");
done:
	s3_reply_clear(&reply);
	return result;
}

/* Removes the items of a page in one request. */
static enum bucket_result remove_versions(
    struct purge *purge, const struct s3_page *page, size_t *done_out)
{
	struct s3_pair pairs[S3_ITEMS_MAX];

	for (size_t i = 0; i < page->count; i++)
		pairs[i] = (struct s3_pair){page->items[i].key, page->items[i].id};
	return s3_remove_items(purge->s3, pairs, page->count, purge->call, done_out);
}

static bool is_old(const struct s3_item *item)
{
	return !item->latest;
}

static bool is_marker(const struct s3_item *item)
{
	return item->marker;
}

static bool is_any(const struct s3_item *item)
{
	(void)item;
	return true;
}

static enum bucket_result end_uploads(
    struct purge *purge, const struct s3_page *page, size_t *done_out)
{
	enum bucket_result result = BUCKET_OK;

	for (size_t i = 0; result == BUCKET_OK && i < page->count; i++) {
		struct s3_request request = {.method = "DELETE",
		    .raw_key = page->items[i].key,
		    .params = {{"uploadId", page->items[i].id}},
		    .param_count = 1,
		    .answer_max = NET_ERROR_MAX};
		struct s3_reply reply = {0};

		result = s3_send(purge->s3, &request, purge->call, &reply);
		if (result == BUCKET_OK) {
			result = s3_remove_result(reply.status, reply.error.code.text);
			if (result != BUCKET_OK)
				s3_say(purge->call, "ending an upload", &reply);
		}
		s3_reply_clear(&reply);
		*done_out += result == BUCKET_OK ? 1 : 0;
	}
	return result;
}

enum bucket_result s3_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	static const struct pass old = {
	    S3_LIST_VERSIONS, {"versions", ""}, is_old, remove_versions};
	static const struct pass markers = {
	    S3_LIST_VERSIONS, {"versions", ""}, is_marker, remove_versions};
	static const struct pass uploads = {S3_LIST_UPLOADS, {"uploads", ""}, is_any, end_uploads};
	struct s3 *s3 = self;
	struct purge purge = {.s3 = s3, .call = call, .removed = removed};
	enum listing listing = LISTING_SHOWN;
	enum bucket_result result;

	(void)snprintf(purge.prefix, sizeof(purge.prefix), "%s%s", s3->url.prefix, prefix);
	result = pass_run(&purge, &old, &listing);
	if (result == BUCKET_OK && listing != LISTING_SHOWN)
		result = versions_absent(&purge, listing);
	else if (result == BUCKET_OK && purge.markers)
		result = pass_run(&purge, &markers, &listing);
	/* Nothing here begins an upload: who may not list them has left none. */
	if (result == BUCKET_OK)
		result = pass_run(&purge, &uploads, &listing);
	return result;
}
