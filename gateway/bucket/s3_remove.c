/*
 * gateway/bucket/s3_remove.c: in one request, or one each where the store has none for many.
 */
#include "gateway/bucket/s3_remove.h"
#include "gateway/bucket/s3_answer.h"
#include "gateway/bucket/s3_http.h"
#include "gateway/bucket/s3_say.h"

enum bucket_result s3_remove_one(struct s3 *s3, const struct s3_request *request, struct call *call)
{
	struct s3_reply reply = {0};
	enum bucket_result result = s3_send(s3, request, call, &reply);

	if (result == BUCKET_OK) {
		result = s3_remove_result(reply.status, reply.error.code.text);
		if (result != BUCKET_OK)
			s3_say(call, "DELETE", &reply);
	} else {
		call_prefix(call, "DELETE");
	}
	s3_reply_clear(&reply);
	return result;
}

/* For stores that can't remove many at once. What is gone already is no failure. */
static enum bucket_result remove_singly(struct s3 *s3, const struct s3_pair *keys_and_ids,
    size_t count, struct call *call, size_t *done_out)
{
	enum bucket_result result = BUCKET_OK;

	for (size_t i = 0; result == BUCKET_OK && i < count; i++) {
		const struct s3_request request = {.method = "DELETE",
		    .raw_key = keys_and_ids[i].name,
		    .params = {{"versionId", keys_and_ids[i].value}},
		    .param_count = keys_and_ids[i].value[0] == '\0' ? 0 : 1,
		    .answer_max = NET_ERROR_MAX};

		result = s3_remove_one(s3, &request, call);
		*done_out = result == BUCKET_OK ? i + 1 : i;
	}
	return result;
}

static void add_escaped(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': buffer_add_text(out, "&amp;"); break;
		case '<': buffer_add_text(out, "&lt;"); break;
		case '>': buffer_add_text(out, "&gt;"); break;
		default: buffer_add_byte(out, (uint8_t)*text);
		}
}

/* *singly_out: it is to be done one by one; the result says nothing then. */
static enum bucket_result removed_judge(
    struct s3 *s3, const struct s3_reply *reply, struct call *call, bool *singly_out)
{
	enum bucket_result result = s3_remove_result(reply->status, reply->error.code.text);
	struct s3_code first;
	size_t kept;

	if (s3_request_unknown(reply->status, reply->error.code.text)) {
		atomic_store(&s3->singly, true);
		*singly_out = true;
		return BUCKET_OK;
	}
	if (result != BUCKET_OK) {
		s3_say(call, "removing", reply);
		return result;
	}
	if (!s3_xml_deleted(view_bytes(&reply->body), &kept, &first)) {
		*singly_out = true; /* a success of what, nobody knows */
		return BUCKET_OK;
	}
	if (kept == 0)
		return BUCKET_OK;
	call_sayf(call, "removing: the store kept %zu of the objects: %s", kept,
	    first.text[0] == '\0' ? "it does not say why" : first.text);
	return s3_kept_result(first.text);
}

static void add_removals(struct buffer *text, const struct s3_pair *keys_and_ids, size_t count)
{
	buffer_add_text(text, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			      "<Quiet>true</Quiet>");
	for (size_t i = 0; i < count; i++) {
		buffer_add_text(text, "<Object><Key>");
		add_escaped(text, keys_and_ids[i].name);
		buffer_add_text(text, "</Key>");
		if (keys_and_ids[i].value[0] != '\0') {
			buffer_add_text(text, "<VersionId>");
			add_escaped(text, keys_and_ids[i].value);
			buffer_add_text(text, "</VersionId>");
		}
		buffer_add_text(text, "</Object>");
	}
	buffer_add_text(text, "</Delete>");
}

static enum bucket_result remove_together(struct s3 *s3, const struct s3_pair *keys_and_ids,
    size_t count, struct call *call, bool *singly_out)
{
	struct s3_request request = {.method = "POST",
	    .params = {{"delete", ""}},
	    .param_count = 1,
	    .answer_max = S3_DOCUMENT_MAX};
	struct s3_reply reply = {0};
	struct buffer text;
	enum bucket_result result;

	buffer_init(&text, S3_DOCUMENT_MAX);
	add_removals(&text, keys_and_ids, count);
	request.body = buffer_view(&text);
	if (text.failed) {
		call_sayf(call, "no memory for a request to the store");
		result = BUCKET_RETRY;
	} else {
		result = s3_send(s3, &request, call, &reply);
		if (result == BUCKET_OK)
			result = removed_judge(s3, &reply, call, singly_out);
		else
			call_prefix(call, "removing");
	}
	s3_reply_clear(&reply);
	buffer_clear(&text);
	return result;
}

enum bucket_result s3_remove_items(struct s3 *s3, const struct s3_pair *keys_and_ids, size_t count,
    struct call *call, size_t *done_out)
{
	bool singly = atomic_load(&s3->singly);
	enum bucket_result result = BUCKET_OK;

	*done_out = 0;
	if (!singly)
		result = remove_together(s3, keys_and_ids, count, call, &singly);
	if (singly)
		return remove_singly(s3, keys_and_ids, count, call, done_out);
	*done_out = result == BUCKET_OK ? count : 0;
	return result;
}
