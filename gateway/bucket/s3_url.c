/*
 * gateway/bucket/s3_url.c: restic's form of an S3 URL. Strict: nothing of it is ever decoded, and
 * what could hold a secret or change a request's meaning is refused. Messages repeat none of it.
 */
#include "gateway/bucket/s3_url.h"

#include <string.h>

#include "gateway/bucket/bucket_object.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool host_ok(const char *host, size_t len)
{
	size_t name = host[0] == '[' ? strspn(host + 1, DIGITS "abcdefABCDEF:.") + 2
				     : strspn(host, LETTERS DIGITS "-._");

	if (len == 0 || len > S3_HOST_MAX || name == 0 || name > len)
		return false;
	if (host[0] == '[' && host[name - 1] != ']')
		return false;
	if (name == len)
		return true;
	return host[name] == ':' && name + 1 < len && len - name - 1 <= 5 &&
	       strspn(host + name + 1, DIGITS) == len - name - 1;
}

static bool bucket_ok(const char *bucket, size_t len)
{
	return len >= 3 && len <= S3_BUCKET_MAX && bucket[0] != '.' &&
	       strspn(bucket, LETTERS DIGITS "-._") >= len;
}

/* A prefix is a key's beginning: printable, no part empty or beginning with a dot. */
static bool prefix_ok(const char *prefix, size_t len)
{
	bool part_begins = true;

	if (len >= S3_PREFIX_MAX) /* and its slash */
		return false;
	for (size_t i = 0; i < len; i++) {
		if (prefix[i] < 0x20 || prefix[i] > 0x7e || prefix[i] == '?' || prefix[i] == '#' ||
		    prefix[i] == '%')
			return false;
		if (part_begins && (prefix[i] == '/' || prefix[i] == '.'))
			return false;
		part_begins = prefix[i] == '/';
	}
	return len == 0 || !part_begins;
}

bool s3_url_parse(const char *rest, struct call *call, struct s3_url *out)
{
	struct s3_url url = {.scheme = "https"};
	size_t host_len;
	size_t bucket_len;
	size_t prefix_len = 0;
	const char *bucket;
	const char *prefix = "";

	if (bucket_begins(rest, "http://")) {
		url.scheme = "http";
		rest += strlen("http://");
	} else if (bucket_begins(rest, "https://")) {
		rest += strlen("https://");
	}
	host_len = strcspn(rest, "/");
	if (!host_ok(rest, host_len) || rest[host_len] == '\0') {
		call_sayf(call, "after s3: comes http://HOST:PORT/BUCKET/PREFIX, https://… or "
				"HOST/BUCKET, without user names and passwords");
		return false;
	}
	bucket = rest + host_len + 1;
	bucket_len = strcspn(bucket, "/");
	if (!bucket_ok(bucket, bucket_len)) {
		call_sayf(call, "the URL's bucket is not a bucket's name: 3 to 63 letters, digits, "
				"'-', '.', '_'");
		return false;
	}
	if (bucket[bucket_len] == '/') {
		prefix = bucket + bucket_len + 1;
		prefix_len = strlen(prefix);
		if (prefix_len > 1 && prefix[prefix_len - 1] == '/')
			prefix_len--;
	}
	if (!prefix_ok(prefix, prefix_len)) {
		call_sayf(call, "the URL's prefix cannot begin keys: printable ASCII without ?, #, "
				"%%, no part empty or beginning with a dot");
		return false;
	}
	memcpy(url.host, rest, host_len);
	memcpy(url.bucket, bucket, bucket_len);
	memcpy(url.prefix, prefix, prefix_len);
	if (prefix_len > 0)
		url.prefix[prefix_len] = '/';
	*out = url;
	return true;
}
