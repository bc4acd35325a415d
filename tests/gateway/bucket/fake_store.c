/*
 * tests/gateway/bucket/fake_store.c: see fake_store.h.
 */
#include "tests/gateway/bucket/fake_store.h"

#include <string.h>

#include "tests/test.h"

#define REQUEST_MAX (1u << 20)

static struct s3 store;
static const struct fake_answer *script;
static size_t script_count, script_at;
void (*fake_serves)(const char *request, struct fake_answer *answer_out);
size_t fake_answer_max;

struct s3 *fake_store(const char *prefix)
{
	size_t len = strlen(prefix);

	memset(&store, 0, sizeof(store));
	assert_true(len < sizeof(store.url.prefix));
	memcpy(store.url.prefix, prefix, len + 1);
	atomic_init(&store.quoting, S3_QUOTING_UNKNOWN);
	atomic_init(&store.unordered, false);
	atomic_init(&store.singly, false);
	return &store;
}

void fake_script(const struct fake_answer *answers, size_t count)
{
	script = answers;
	script_count = count;
	script_at = 0;
	fake_serves = NULL;
}

void fake_end(const char *name)
{
	if (script_at != script_count)
		fail_msg("%s: %zu of %zu requests", name, script_at, script_count);
}

static void add_field(struct buffer *out, const char *name, const char *value)
{
	if (value != NULL)
		buffer_addf(out, " %s:%s", name, value);
}

static void add_request(struct buffer *out, const struct s3_request *request)
{
	buffer_addf(out, "%s %s%s", request->method, request->raw_key != NULL ? "=" : "",
	    request->raw_key != NULL ? request->raw_key
	    : request->key != NULL   ? request->key
				     : "");
	for (size_t i = 0; i < request->param_count; i++) {
		/* As signing wants them. */
		assert_true(
		    i == 0 || strcmp(request->params[i - 1].name, request->params[i].name) < 0);
		buffer_addf(out, "%s%s=%s", i == 0 ? "?" : "&", request->params[i].name,
		    request->params[i].value);
	}
	add_field(out, "if-match", request->if_match);
	add_field(out, "if-none-match", request->if_none_match);
	add_field(out, "range", request->range);
	if (request->body.len > 0) {
		buffer_add_byte(out, '\n');
		buffer_add(out, request->body.data, request->body.len);
	}
}

static struct fake_answer answer_to(const char *request)
{
	struct fake_answer answer = {.status = 200};

	if (fake_serves != NULL) {
		fake_serves(request, &answer);
		return answer;
	}
	if (script_at == script_count)
		fail_msg("asked beyond the script: %s", request);
	if (strcmp(script[script_at].request, request) != 0)
		fail_msg("asked %s\nand not %s", request, script[script_at].request);
	return script[script_at++];
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's name (CMakeLists.txt) */
enum bucket_result __wrap_s3_send(
    struct s3 *s3, const struct s3_request *request, struct call *call, struct s3_reply *reply);

enum bucket_result __wrap_s3_send(
    struct s3 *s3, const struct s3_request *request, struct call *call, struct s3_reply *reply)
{
	struct bytes text = {0};
	struct fake_answer answer;
	struct buffer out;

	assert_non_null(s3);
	fake_answer_max = request->answer_max;
	buffer_init(&out, REQUEST_MAX);
	add_request(&out, request);
	assert_true(buffer_take(&out, &text));
	answer = answer_to((const char *)text.data);
	bytes_clear(&text);
	if (answer.status == 0) {
		call_sayf(call, "no answer");
		return answer.sent;
	}
	reply->status = (unsigned)answer.status;
	if (answer.code != NULL)
		memcpy(reply->error.code.text, answer.code, strlen(answer.code) + 1);
	if (answer.tag != NULL)
		memcpy(reply->tag.text, answer.tag, strlen(answer.tag) + 1);
	assert_true(bytes_copy(view_text(answer.body == NULL ? "" : answer.body), &reply->body));
	return BUCKET_OK;
}
/* NOLINTEND(bugprone-reserved-identifier) */
