/*
 * tests/fuzz/http.c: bytes at a gateway's socket: the real daemon's HTTP side in this process, over
 * a bucket in memory. Either the input's own bytes, or a request whose parts it chooses, signed as
 * a device signs. The gateway answers or closes, never with a 500; nothing that is not signed by a
 * device of the account puts or removes an object.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/gateway/http/http_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define STAGE_MS 300 /* whatever a stage of a connection may take; most end at once */
#define READ_MS 2
#define PATH_ROOM 512u

static void *state;
static struct site *site;
static struct bytes poll_request, push_request, create_request;

static void quiet(void *sink, const char *line)
{
	(void)sink;
	fuzz_check(strchr(line, '\n') == NULL, "a log line is one line");
}

static void end(void)
{
	bytes_clear(&poll_request);
	bytes_clear(&push_request);
	bytes_clear(&create_request);
	assert_int_equal(site_teardown(&state), 0);
}

static void begin(void)
{
	struct client *client;

	if (site != NULL)
		return;
	assert_int_equal(site_setup(&state), 0);
	site = state;
	site->config.log = quiet;
	site->config.threads = 1;
	site->config.workers = 2;
	site->config.watch_ms = 5;
	site->config.rate_max = 0;
	site->config.header_ms = site->config.idle_ms = STAGE_MS;
	site->config.slack_ms = site->config.call_ms = STAGE_MS;
	site->config.recheck_ms = 3600000;
	client = &site->pair->first;
	client_request(client);
	client->request.frames_count = 0;
	assert_int_equal(sync_request_encode(&client->request, &poll_request), FORMAT_OK);
	client_frame(client, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(client);
	assert_int_equal(sync_request_encode(&client->request, &push_request), FORMAT_OK);
	site_create_request(site, &create_request);
	site_start(site, true);
	assert_int_equal(atexit(end), 0);
}

/* As bytes on the wire, in one piece or two. */
static void send_all(int fd, struct fuzz_script *script, struct view request)
{
	size_t cut = fuzz_byte(script) < 0xE0 ? request.len : fuzz_pick(script, request.len + 1);

	site_write(fd, request.data, cut);
	if (cut < request.len) {
		const struct timespec rest = {.tv_nsec = 1000000};

		(void)nanosleep(&rest, NULL);
		site_write(fd, request.data + cut, request.len - cut);
	}
}

/* All until the peer closes; the first bytes of it are kept. */
static void read_answer(int fd, char first[16])
{
	int64_t deadline_ms = site_now() + PATIENCE_MS;
	size_t kept = 0;

	first[0] = '\0';
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char piece[4096];
		ssize_t got;

		fuzz_check(site_now() < deadline_ms, "the gateway answers, or closes");
		if (poll(&wait, 1, PATIENCE_MS) < 0) {
			fuzz_check(errno == EINTR, "a socket can be waited for");
			continue;
		}
		got = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return;
		for (ssize_t i = 0; i < got && kept < 15; i++)
			first[kept++] = piece[i];
		first[kept] = '\0';
	}
}

static void exchange_bytes(struct fuzz_script *script, struct view request)
{
	const struct linger at_once = {.l_onoff = 1}; /* no port waits for its end */
	int fd = site_connect(site);
	struct pollfd answered = {.fd = fd, .events = POLLIN};
	char first[16] = {0};

	send_all(fd, script, request);
	/* libmicrohttpd overlooks an end that comes with the last bytes, until the stage is over.
	 */
	(void)poll(&answered, 1, READ_MS);
	(void)shutdown(fd, SHUT_WR);
	read_answer(fd, first);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
	if (first[0] == '\0')
		return;
	fuzz_check(strncmp(first, "HTTP/1.1 ", 9) == 0 || strncmp(first, "HTTP/1.0 ", 9) == 0,
	    "an answer is HTTP's");
	fuzz_check(first[9] >= '1' && first[9] <= '5' && strncmp(first + 9, "500", 3) != 0,
	    "with a status that is meant");
}

static void make_path(struct fuzz_script *script, char out[PATH_ROOM], char query[PATH_ROOM])
{
	static const char *const paths[] = {"/v1/sync", "/v1/watch", "/v1/accounts", "/v1/info",
	    "/healthz", "/readyz", "/metrics", "/v1/blobs/", "/v1/accounts/", "/v1/accounts/"};
	static const char *const ends[] = {"", "/roster", "/wipe"};
	char hex[2 * DIGEST_LEN + 1];
	size_t which = fuzz_pick(script, COUNT_OF(paths));
	struct digest digest = {{0}};

	query[0] = '\0';
	if (which == 1)
		(void)snprintf(query, PATH_ROOM, "seq=%u", (unsigned)fuzz_byte(script));
	(void)snprintf(out, PATH_ROOM, "%s", paths[which]);
	if (which == 7) {
		fuzz_fill(script, digest.bytes, 2);
		hex_encode(view_of(digest.bytes, DIGEST_LEN), hex);
		(void)snprintf(
		    out, PATH_ROOM, "%s%s.%u", paths[which], hex, (unsigned)fuzz_byte(script) % 3);
	} else if (which > 7) {
		hex_encode(view_of(site->pair->fixture.account.bytes, ACCOUNT_ID_LEN), hex);
		(void)snprintf(out, PATH_ROOM, "%s%s%s", paths[which], hex,
		    ends[fuzz_pick(script, COUNT_OF(ends))]);
	}
}

/* A sound body with some bits changed, or the script's own bytes. Yours. */
static void make_body(struct fuzz_script *script, struct bytes *out)
{
	const struct bytes *const sound[] = {&poll_request, &push_request, &create_request};
	uint8_t how = fuzz_byte(script);

	if (how < 0x60) {
		assert_true(bytes_copy(fuzz_take(script, 4096), out));
		return;
	}
	assert_true(bytes_copy(view_bytes(sound[how % 3]), out));
	for (size_t flips = how < 0x80 ? 0 : how & 3u; flips > 0; flips--)
		fuzz_flip(script, out);
}

static void add_signature(struct buffer *out, const struct http_request *request, size_t member)
{
	const struct member *signer = &site->pair->fixture.members[member];
	struct http_signature signature = {
	    .account = site->pair->fixture.account, .device = signer->id};
	struct http_signature_texts texts = {{0}, {0}, {0}};

	signature.created_s = clock_wall_ms(&site->clock) / 1000;
	signature.expires_s = signature.created_s + 300;
	if (http_signature_make(request, &signature, signer->sign_secret, &texts) != FORMAT_OK)
		return;
	buffer_addf(out, "Signature-Input: %s\r\nSignature: %s\r\n", texts.input, texts.signature);
	if (texts.digest[0] != '\0')
		buffer_addf(out, "Content-Digest: %s\r\n", texts.digest);
}

/* Whoever signed it, if anybody, is its member; MEMBERS_COUNT: nobody. */
static size_t make_request(struct fuzz_script *script, struct buffer *out)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};
	static const char *const types[] = {
	    "application/cbor", "application/octet-stream", "text/plain"};
	char path[PATH_ROOM], query[PATH_ROOM];
	size_t member = fuzz_pick(script, MEMBERS_COUNT + 1u);
	struct http_request request = {
	    .method = methods[fuzz_pick(script, COUNT_OF(methods))], .authority = site->name};
	struct bytes body = {0};
	struct view more;

	make_path(script, path, query);
	request.path = path;
	request.query = query;
	if (fuzz_byte(script) >= 0x40) {
		request.content_type = types[fuzz_pick(script, COUNT_OF(types))];
		make_body(script, &body);
		request.body = view_bytes(&body);
	}
	buffer_addf(out, "%s %s%s%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", request.method,
	    path, query[0] == '\0' ? "" : "?", query, site->name);
	if (request.content_type != NULL)
		buffer_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    request.content_type, body.len);
	if (member < MEMBERS_COUNT)
		add_signature(out, &request, member);
	if (fuzz_byte(script) >= 0xC0)
		buffer_add_text(out, "Inkseal-Invite: bad\r\n");
	more = fuzz_take(script, 512);
	buffer_add_view(out, more);
	buffer_add_text(out, "\r\n");
	buffer_add_view(out, view_bytes(&body));
	bytes_clear(&body);
	return member;
}

/* The one token that lets anybody create an account. */
static bool holds_token(struct view bytes)
{
	for (size_t i = 0; i + 4 <= bytes.len; i++)
		if (memcmp(bytes.data + i, "good", 4) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bucket_counts before, after;
	struct fuzz_script script;
	struct buffer request;
	size_t member = MEMBERS_COUNT;
	bool live;

	begin();
	fuzz_begin(&script, data, size);
	buffer_init(&request, 1u << 20);
	if (fuzz_byte(&script) < 0x60)
		buffer_add_view(&request, fuzz_take(&script, 1u << 16));
	else
		member = make_request(&script, &request);
	live = member == FIRST || member == SECOND || member == RECOVERY;
	site_count(site, &before);
	exchange_bytes(&script, buffer_view(&request));
	site_count(site, &after);
	if (!live && !holds_token(buffer_view(&request)))
		fuzz_check(after.put == before.put && after.remove == before.remove,
		    "who does not belong changes nothing");
	buffer_clear(&request);
	return 0;
}
