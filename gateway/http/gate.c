/*
 * gateway/http/gate.c: strangers: whoever is not vouched for by what is in memory. Here it is found
 * out who asks, on threads of their own, without an account's lock and without the workers that
 * devices use: a roster is read beside the account's cache, once for all who ask for it within a
 * second. What comes out is answered, or goes on as a device's request. README.md, "The gate".
 */
#include "gateway/http/http_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROSTERS_MAX 16u /* more than there are threads to load them */
#define FRESH_MS 1000   /* a roster is told from memory for so long */
#define AGAIN_MS \
	100 /* … and for a device that is not in it read again so often, at the most, … \
	     */
#define AGAIN_BURST 4 /* … but so many times at once */
#define LONG_AGO (INT64_MIN / 2)
#define FOUND_MAX 4096u /* accounts that are remembered to exist */
#define UNFOUND_PART 2u /* of the places: for accounts that are not */
#define OCTETS "application/octet-stream"

struct kept_roster {
	struct account_id account;
	bool used, loading, outdated;
	int64_t since_ms; /* when its reading began, monotonic; LONG_AGO: it is not told again */
	int64_t again_ms; /* readings for devices that were not in it are paid for by then */
	enum account_result result;
	char message[CALL_MESSAGE_MAX];
	struct bytes bytes; /* OK: the roster. GONE: the wipe's record, empty if there is none */
	struct http_member *members;
	size_t members_count;
};

struct inside {
	const struct exchange *exchange;
	struct account_id account; /* creates: all zero */
	uint64_t peer;
	bool found; /* the account was there lately */
};

struct http_gate {
	struct http_server *server;
	struct http_pool *pool;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t loaded;
	struct kept_roster rosters[ROSTERS_MAX];
	struct account_id found[FOUND_MAX]; /* by hash: the last of those that meet in a place */
	struct inside *inside;              /* each exchange that is here */
	size_t inside_count;
};

/* ---- accounts that were there lately ---- */

static struct account_id *found_place(struct http_gate *gate, const struct account_id *account)
{
	return &gate->found[http_accounts_hash(gate->server->accounts, account) % FOUND_MAX];
}

/* With the lock held. */
static bool was_found(struct http_gate *gate, const struct account_id *account)
{
	static const struct account_id none = {{0}};

	return account_equal(found_place(gate, account), account) && !account_equal(account, &none);
}

/* ---- rosters, read once for many ---- */

static struct kept_roster *kept_find(struct http_gate *gate, const struct account_id *account)
{
	for (size_t i = 0; i < ROSTERS_MAX; i++)
		if (gate->rosters[i].used && account_equal(&gate->rosters[i].account, account))
			return &gate->rosters[i];
	return NULL;
}

static void kept_clear(struct kept_roster *roster)
{
	bytes_clear(&roster->bytes);
	free(roster->members);
	*roster = (struct kept_roster){0};
}

/* A place for one more: the oldest goes. */
static struct kept_roster *kept_place(struct http_gate *gate, const struct account_id *account)
{
	struct kept_roster *place = NULL;

	for (size_t i = 0; i < ROSTERS_MAX; i++) {
		struct kept_roster *roster = &gate->rosters[i];

		if (!roster->loading && (place == NULL || roster->since_ms < place->since_ms))
			place = roster;
	}
	assert(place != NULL); /* each of those that load is one thread's */
	kept_clear(place);
	place->account = *account;
	place->used = true;
	place->since_ms = LONG_AGO;
	return place;
}

/* Without the lock. What was read is the account's cache too, if that is empty. */
static void kept_load(struct http_server *server, const struct account_id *account,
    int64_t since_ms, struct call *call, struct kept_roster *out)
{
	const struct account_env *env = &server->config.env;
	struct account_cache cache = {0};

	out->result = account_roster(env, &cache, account, call, &out->bytes);
	if (out->result == ACCOUNT_OK) {
		out->members = http_members_of(view_bytes(&out->bytes), &out->members_count);
		if (out->members == NULL) {
			call_sayf(call, "no memory");
			out->result = ACCOUNT_RETRY;
		} else {
			http_accounts_teach(server->accounts, account, since_ms, &cache,
			    out->members, out->members_count);
		}
	} else if (out->result == ACCOUNT_GONE &&
		   account_wipe_record(env, account, call, &out->bytes) != ACCOUNT_OK) {
		call_sayf(call, "the account was wiped"); /* and what says so is not at hand */
	}
	(void)snprintf(out->message, sizeof(out->message), "%s", call->message);
	account_cache_clear(&cache);
}

/* What was read, in the place of what was there; *loaded is taken. */
static void kept_renew(struct kept_roster *roster, struct kept_roster *loaded)
{
	bool told = loaded->result == ACCOUNT_OK || loaded->result == ACCOUNT_ABSENT ||
		    loaded->result == ACCOUNT_GONE;

	bytes_clear(&roster->bytes);
	free(roster->members);
	roster->bytes = loaded->bytes;
	roster->members = loaded->members;
	roster->members_count = loaded->members_count;
	roster->result = loaded->result;
	memcpy(roster->message, loaded->message, sizeof(roster->message));
	roster->loading = false;
	/* That the bucket did not answer is for those who waited for it; and what has changed here
	 * since is for those who asked before. */
	roster->since_ms = told && !roster->outdated ? loaded->since_ms : LONG_AGO;
}

/*
 * The account's roster as of since_ms or later, or why there is none; with the lock held, which the
 * caller gives back. Whoever comes while another reads it waits, as long as that one's call lasts.
 */
static struct kept_roster *kept_get(
    struct http_gate *gate, const struct account_id *account, int64_t since_ms, struct call *call)
{
	struct kept_roster *roster, loaded = {0};
	bool waited = false;

	(void)pthread_mutex_lock(&gate->lock);
	for (;; waited = true) {
		roster = kept_find(gate, account);
		if (roster == NULL)
			break;
		if (!roster->loading) {
			if (roster->since_ms >= since_ms ||
			    (waited && roster->result != ACCOUNT_OK))
				return roster;
			break;
		}
		(void)pthread_cond_wait(&gate->loaded, &gate->lock);
	}
	if (roster == NULL)
		roster = kept_place(gate, account);
	roster->loading = true;
	roster->outdated = false;
	(void)pthread_mutex_unlock(&gate->lock);
	loaded.since_ms = server_now(gate->server);
	kept_load(gate->server, account, loaded.since_ms, call, &loaded);
	(void)pthread_mutex_lock(&gate->lock);
	kept_renew(roster, &loaded);
	if (roster->result == ACCOUNT_OK)
		*found_place(gate, account) = *account;
	(void)pthread_cond_broadcast(&gate->loaded);
	return roster;
}

void http_gate_forget(struct http_gate *gate, const struct account_id *account)
{
	struct kept_roster *roster;

	(void)pthread_mutex_lock(&gate->lock);
	*found_place(gate, account) = *account;
	roster = kept_find(gate, account);
	if (roster != NULL) {
		roster->outdated = true;
		roster->since_ms = LONG_AGO;
	}
	(void)pthread_mutex_unlock(&gate->lock);
}

/* What is known of the account; call->message is why, and *copy_out the bytes that tell. */
static enum account_result account_state(struct exchange *exchange,
    const struct account_id *account, struct call *call, struct bytes *copy_out)
{
	struct http_gate *gate = exchange->server->gate;
	struct kept_roster *roster =
	    kept_get(gate, account, server_now(exchange->server) - FRESH_MS, call);
	enum account_result result = roster->result;
	bool copied = bytes_copy(view_bytes(&roster->bytes), copy_out);

	(void)snprintf(call->message, sizeof(call->message), "%s", roster->message);
	(void)pthread_mutex_unlock(&gate->lock);
	if (copied)
		return result;
	call_sayf(call, "no memory");
	return ACCOUNT_RETRY;
}

/* ---- who asks ---- */

enum gate_found {
	GATE_FOUND,
	GATE_STRANGER, /* by a roster that is newer than the request */
	GATE_BUSY,     /* one would have to be read, and was a moment ago */
};

static bool member_find(
    const struct kept_roster *roster, const struct device_id *device, struct http_member *out)
{
	for (size_t i = 0; i < roster->members_count; i++) {
		if (!device_equal(&roster->members[i].device, device))
			continue;
		*out = roster->members[i];
		return true;
	}
	return false;
}

/* With the lock held: one reading more. */
static bool may_read_again(struct kept_roster *roster, int64_t now_ms)
{
	int64_t from_ms = roster->again_ms < now_ms ? now_ms : roster->again_ms;

	if (from_ms - now_ms > (AGAIN_BURST - 1) * AGAIN_MS)
		return false;
	roster->again_ms = from_ms + AGAIN_MS;
	return true;
}

/* The device's row, of an account whose roster is there. It may have been added a moment ago. */
static enum gate_found gate_member(struct exchange *exchange, const struct account_id *account,
    const struct device_id *device, struct call *call, struct http_member *out)
{
	struct http_gate *gate = exchange->server->gate;
	int64_t since_ms = server_now(exchange->server) - FRESH_MS;

	for (unsigned i = 0; i < 2; i++) {
		struct kept_roster *roster = kept_get(gate, account, since_ms, call);
		/* What somebody read in the request's own millisecond may be older than it. */
		int64_t newer_ms = exchange->start_ms + (i == 0 ? 1 : 0);
		int64_t was_ms = roster->since_ms;
		bool found = member_find(roster, device, out);
		bool again = !found && was_ms < newer_ms &&
			     may_read_again(roster, server_now(exchange->server));

		(void)pthread_mutex_unlock(&gate->lock);
		if (found)
			return GATE_FOUND;
		if (was_ms >= newer_ms)
			return GATE_STRANGER;
		if (!again)
			return GATE_BUSY;
		since_ms = newer_ms;
	}
	return GATE_BUSY; /* it was changed while it was read */
}

static void answer_gate_busy(struct exchange *exchange, unsigned status)
{
	atomic_fetch_add(&exchange->server->metrics.refused[REFUSED_STRANGERS], 1);
	answer_busy(exchange, status, "too many ask here whom this gateway does not know");
}

/* A wiped account has no roster left; that it is gone, anybody may know. */
static void answer_state(struct exchange *exchange, enum account_result result, struct bytes *bytes,
    const struct call *call)
{
	enum http_route route = exchange->target->route;

	if (result == ACCOUNT_GONE && route == ROUTE_SYNC) {
		work_sync_gone(exchange, view_bytes(bytes));
	} else if (result == ACCOUNT_GONE && route == ROUTE_ROSTER && bytes->len > 0) {
		answer_bytes(exchange, 410, OCTETS, bytes);
		exchange->answer.result = "gone";
	} else {
		answer_account(exchange, result, call);
	}
}

static void gate_signed(struct exchange *exchange, struct call *call)
{
	const struct account_id *account = &exchange->signature.account;
	const struct device_id *device = &exchange->signature.device;
	struct bytes bytes = {0};
	struct http_member member;
	enum account_result result;

	/* Another request may have brought it in, or a commit here have added it. */
	if (http_accounts_known(exchange->server->accounts, account, device, &member)) {
		auth_vouch(exchange, &member);
		return;
	}
	result = account_state(exchange, account, call, &bytes);
	if (result != ACCOUNT_OK) {
		answer_state(exchange, result, &bytes, call);
		bytes_clear(&bytes);
		return;
	}
	bytes_clear(&bytes);
	switch (gate_member(exchange, account, device, call, &member)) {
	case GATE_FOUND: auth_vouch(exchange, &member); break;
	case GATE_STRANGER: auth_answer_stranger(exchange); break;
	case GATE_BUSY: answer_gate_busy(exchange, 429); break;
	}
}

/* ---- what needs no signature of the request ---- */

static void gate_roster(struct exchange *exchange, struct call *call)
{
	struct bytes bytes = {0};
	enum account_result result =
	    account_state(exchange, &exchange->target->account, call, &bytes);

	if (result == ACCOUNT_OK)
		answer_bytes(exchange, 200, OCTETS, &bytes);
	else
		answer_state(exchange, result, &bytes, call);
	bytes_clear(&bytes);
}

static void gate_wipe_record(struct exchange *exchange, struct call *call)
{
	struct bytes record = {0};
	enum account_result result = account_wipe_record(
	    &exchange->server->config.env, &exchange->target->account, call, &record);

	if (result == ACCOUNT_OK)
		answer_bytes(exchange, 200, OCTETS, &record);
	else
		answer_account(exchange, result, call);
}

/* Who was wiped with that record may ask again for what the first time did not end. */
static enum format_result wipe_by_record(
    struct view record, struct view encoded, const struct wipe *wipe)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	const struct roster_device *device;
	struct view stood, bare;
	enum format_result result = FORMAT_NO_MEMORY;

	if (roster != NULL)
		result = wipe_record_decode(record, &stood, &bare);
	if (result == FORMAT_OK)
		result = roster_decode(bare, true, roster);
	if (result == FORMAT_OK) {
		device = roster_live(roster, &wipe->device, SIZE_MAX);
		result = device == NULL ? FORMAT_FORGED
					: wipe_signed_by(encoded, device->keys.wipe_public);
	}
	free(roster);
	return result;
}

static enum format_result wipe_by_roster(struct exchange *exchange, struct view encoded,
    const struct wipe *wipe, struct call *call, bool *busy_out)
{
	enum format_result checked;
	struct http_member member;

	switch (gate_member(exchange, &wipe->account, &wipe->device, call, &member)) {
	case GATE_FOUND: break;
	case GATE_BUSY: *busy_out = true; return FORMAT_FORGED;
	case GATE_STRANGER: return FORMAT_FORGED;
	}
	checked = member.live ? wipe_signed_by(encoded, member.wipe_public) : FORMAT_FORGED;
	if (checked == FORMAT_OK)
		limits_known(exchange);
	return checked;
}

/* The wipe's own signature, before anything waits for the account's lock on its behalf. */
static void gate_wipe(struct exchange *exchange, struct call *call)
{
	struct view encoded = buffer_view(&exchange->body);
	struct bytes bytes = {0};
	struct wipe wipe;
	enum account_result result =
	    account_state(exchange, &exchange->target->account, call, &bytes);
	enum format_result checked = FORMAT_FORGED;
	bool busy = false;

	if (result != ACCOUNT_OK && (result != ACCOUNT_GONE || bytes.len == 0)) {
		answer_account(exchange, result, call);
		goto done;
	}
	if (wipe_decode(encoded, &wipe) == FORMAT_OK &&
	    account_equal(&wipe.account, &exchange->target->account))
		checked = result == ACCOUNT_GONE
			      ? wipe_by_record(view_bytes(&bytes), encoded, &wipe)
			      : wipe_by_roster(exchange, encoded, &wipe, call, &busy);
	if (busy)
		answer_gate_busy(exchange, 429);
	else if (checked == FORMAT_NO_MEMORY)
		answer_busy(exchange, 503, "no memory");
	else if (checked != FORMAT_OK)
		answer_problem(exchange, 409, "refused", "refused",
		    "the wipe is refused: no live device of this account has signed it");
done:
	bytes_clear(&bytes);
}

/* The invitation before anything is decoded: checking what it holds costs more than asking. */
static bool may_create(struct exchange *exchange, struct call *call)
{
	const struct http_config *config = &exchange->server->config;
	enum account_result result;

	if (config->create_open)
		return true;
	result = config->invites.check(config->invites.self, exchange->invite, call);
	if (result == ACCOUNT_REFUSED)
		answer_problem(exchange, 403, "invite", "uninvited", call->message);
	else if (result != ACCOUNT_OK)
		answer_account(exchange, result, call);
	return result == ACCOUNT_OK;
}

static void gate_create(struct exchange *exchange, struct call *call)
{
	struct roster *roster;
	struct create create;
	enum format_result format = FORMAT_NO_MEMORY;
	const char *fault;

	if (!may_create(exchange, call))
		return;
	roster = calloc(1, sizeof(*roster));
	if (roster != NULL)
		format = create_decode(buffer_view(&exchange->body), &create, roster);
	fault = format == FORMAT_OK && roster->statements_count != 1
		    ? "an account begins with one statement"
		    : format_result_text(format);
	if (format == FORMAT_NO_MEMORY) /* says nothing of the request */
		answer_busy(exchange, 503, "no memory");
	else if (format != FORMAT_OK || roster->statements_count != 1)
		answer_problem(exchange, 400, format == FORMAT_NEWER ? "newer" : "malformed",
		    "malformed", fault);
	else
		exchange->target->account = create.account;
	free(roster);
}

/* ---- in and out ---- */

static void gate_leave(struct http_gate *gate, const struct exchange *exchange)
{
	(void)pthread_mutex_lock(&gate->lock);
	for (size_t i = 0; i < gate->inside_count; i++) {
		if (gate->inside[i].exchange != exchange)
			continue;
		gate->inside[i] = gate->inside[--gate->inside_count];
		break;
	}
	(void)pthread_mutex_unlock(&gate->lock);
}

static void run(void *self, struct http_job *job)
{
	struct http_gate *gate = self;
	struct exchange *exchange = (struct exchange *)job; /* its first member */
	struct call call;

	call_init(&call, exchange->call_deadline_ms);
	if (server_now(gate->server) >= exchange->call_deadline_ms) {
		answer_busy(exchange, 503, "the request waited too long for its turn");
	} else {
		switch (exchange->target->route) {
		case ROUTE_SYNC:
		case ROUTE_BLOB_GET:
		case ROUTE_BLOB_PUT:
		case ROUTE_WATCH: gate_signed(exchange, &call); break;
		case ROUTE_CREATE: gate_create(exchange, &call); break;
		case ROUTE_WIPE: gate_wipe(exchange, &call); break;
		case ROUTE_ROSTER: gate_roster(exchange, &call); break;
		case ROUTE_WIPE_RECORD: gate_wipe_record(exchange, &call); break;
		case ROUTE_INFO:
		case ROUTE_HEALTH:
		case ROUTE_READY:
		case ROUTE_METRICS:
		case ROUTE_NONE: assert(false); /* answered without anybody */
		}
	}
	gate_leave(gate, exchange);
	exchange_wake(exchange);
}

/* Where addresses are not counted, at the door, they are not here. */
static uint64_t peer_of(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info;

	if (exchange->server->config.per_ip_max == 0)
		return 0;
	info = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info == NULL || info->client_addr == NULL ? 0 : http_peer_key(info->client_addr);
}

/*
 * No account has all places, no address, and not all accounts together that nobody has found: an
 * id is a guess until then, and a device that was forgotten asks for one that is there.
 */
static bool gate_room(struct http_gate *gate, const struct inside *next, unsigned *status_out)
{
	const struct http_config *config = &gate->server->config;
	unsigned of_account = 0, of_peer = 0, unfound = 0;

	for (size_t i = 0; i < gate->inside_count; i++) {
		const struct inside *one = &gate->inside[i];

		of_account += account_equal(&one->account, &next->account);
		of_peer += one->peer == next->peer;
		unfound += !one->found;
	}
	*status_out = 503;
	if (gate->inside_count >= config->strangers_max ||
	    (!next->found && unfound >= config->strangers_max / UNFOUND_PART))
		return false;
	*status_out = 429;
	return of_account < config->strangers_account_max &&
	       (next->peer == 0 || of_peer < config->strangers_address_max);
}

bool http_gate_admits(struct http_gate *gate, struct exchange *exchange)
{
	struct inside next = {.exchange = exchange,
	    .account = *exchange_account(exchange),
	    .peer = peer_of(exchange)};
	unsigned status;
	bool room;

	(void)pthread_mutex_lock(&gate->lock);
	next.found = was_found(gate, &next.account);
	room = gate_room(gate, &next, &status);
	if (room)
		gate->inside[gate->inside_count++] = next;
	(void)pthread_mutex_unlock(&gate->lock);
	if (!room)
		answer_gate_busy(exchange, status);
	return room;
}

void http_gate_enter(struct http_gate *gate, struct exchange *exchange)
{
	if (http_pool_add(gate->pool, &exchange->job))
		return;
	/* It is closed, for as many as are admitted fit. */
	gate_leave(gate, exchange);
	answer_busy(exchange, 503, "this gateway is stopping");
	exchange_wake(exchange);
}

size_t http_gate_count(struct http_gate *gate)
{
	size_t count;

	(void)pthread_mutex_lock(&gate->lock);
	count = gate->inside_count;
	(void)pthread_mutex_unlock(&gate->lock);
	return count;
}

struct http_gate *http_gate_new(struct http_server *server)
{
	const struct http_config *config = &server->config;
	struct http_gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		return NULL;
	assert(config->strangers_workers < ROSTERS_MAX);
	gate->server = server;
	(void)pthread_mutex_init(&gate->lock, NULL);
	(void)pthread_cond_init(&gate->loaded, NULL);
	gate->inside = calloc(config->strangers_max, sizeof(*gate->inside));
	if (gate->inside != NULL)
		gate->pool =
		    http_pool_new(config->strangers_workers, config->strangers_max, run, gate);
	if (gate->pool == NULL) {
		http_gate_free(gate);
		return NULL;
	}
	return gate;
}

void http_gate_close(struct http_gate *gate)
{
	http_pool_close(gate->pool);
}

void http_gate_free(struct http_gate *gate)
{
	if (gate == NULL)
		return;
	http_pool_free(gate->pool);
	for (size_t i = 0; i < ROSTERS_MAX; i++)
		kept_clear(&gate->rosters[i]);
	free(gate->inside);
	(void)pthread_cond_destroy(&gate->loaded);
	(void)pthread_mutex_destroy(&gate->lock);
	free(gate);
}
