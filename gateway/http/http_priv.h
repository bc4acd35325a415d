/*
 * gateway/http/http_priv.h: what the files of this folder share. One struct exchange is one request
 * and its answer: made when the request line is there, freed when the answer is sent or the
 * connection gone. It belongs to its libmicrohttpd thread, but while its connection is suspended:
 * then to a worker, or to the accounts' table as a watcher. README.md has the picture.
 */
#ifndef INKSEAL_HTTP_PRIV_H
#define INKSEAL_HTTP_PRIV_H

#include "gateway/http/http.h"
#include "schemas/http_signature.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_URI_MAX 255u       /* the longest of ours is about 120 */
#define HTTP_REQUEST_ID_MAX 28u /* with its NUL */
#define HTTP_HASH_KEY_LEN 16u   /* crypto_shorthash_KEYBYTES */
#define HTTP_SYNC_MAX (REQUEST_MAX + ROSTER_MAX)
#define HTTP_CREATE_MAX (STATEMENT_MAX + (1u << 10)) /* one statement */
#define HTTP_WIPE_MAX (4u << 10)
#define HTTP_INVITE_MAX 128u /* with its NUL */
#define HTTP_SMALL_BODY \
	(64u << 10)                  /* a stranger's that is read before it is known who sends it \
				      */
#define HTTP_SMALL_ANSWER (4u << 10) /* the longest problem: such are not counted */
#define HTTP_CLOCK_SLACK_S 300       /* |now - created| */
#define HTTP_STATEMENTS_MAX 60u      /* bogus ones of a device in a minute, beyond its requests */
#define HTTP_ROSTER_AGE_MS 60000     /* how old a view may be that a blob or a watch is served on */

/* routes.c: what a request line asks for. Pure. */
enum http_route {
	ROUTE_SYNC,
	ROUTE_BLOB_GET,
	ROUTE_BLOB_PUT,
	ROUTE_WATCH,
	ROUTE_CREATE,
	ROUTE_WIPE,
	ROUTE_ROSTER,
	ROUTE_WIPE_RECORD,
	ROUTE_INFO,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS,
	ROUTE_NONE, /* none of ours */
};
#define HTTP_ROUTES_COUNT (ROUTE_NONE + 1u)
struct http_route_traits {
	const char *name; /* in log lines and metrics */
	const char *method;
	const char *content_type; /* of the body; NULL: there is none */
	size_t body_max;
	bool is_signed;
	bool by_worker; /* else it is answered at once */
};
const struct http_route_traits *http_route_traits(enum http_route route);
struct http_target {
	enum http_route route;
	unsigned status;           /* 0; or 400, 404, 405: then route is ROUTE_NONE */
	const char *allow;         /* with 405 */
	struct account_id account; /* CREATE has none yet; signed routes: see exchange.signature */
	struct blob_name blob;
	uint64_t seq;
	char path[HTTP_URI_MAX + 1];
	char query[HTTP_URI_MAX + 1];
};
/* metrics: there is /metrics alone; else there is all but it. */
void http_target_parse(const char *method, const char *uri, bool metrics, struct http_target *out);

/* head.c: a request's header, strictly. */
struct http_head {
	bool has_length, has_transfer_encoding;
	uint64_t length; /* of the body */
	/* Pointers into the connection's memory, NULL if the field is missing. */
	const char *content_type, *digest, *input, *signature, *invite;
};
/* NULL: it holds. Else why it is refused: what MHD lets pass, and RFC 9112 does not. */
MUST_USE const char *http_head_read(struct MHD_Connection *connection, const char *method,
    const char *uri, const char *version, struct http_head *out);

/* deadline.c: a time for each connection by which its present stage must be over. */
struct http_conn {
	struct http_conn *next, *before;
	int fd;
	int64_t deadline_ms; /* monotonic; INT64_MAX: suspended */
};
struct http_deadlines;
/* tick is called about twice a second, by the thread that shuts sockets down. */
MUST_USE struct http_deadlines *http_deadlines_new(
    const struct clock *clock, void (*tick)(void *self, int64_t now_ms), void *self);
void http_deadlines_free(struct http_deadlines *deadlines); /* NULL is fine; no connection left */
void http_conn_open(struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms);
void http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn);
void http_conn_until(struct http_deadlines *deadlines, struct http_conn *conn, int64_t deadline_ms);
/* No connection's deadline is later than this from now on. */
void http_deadlines_cap(struct http_deadlines *deadlines, int64_t deadline_ms);
size_t http_deadlines_count(struct http_deadlines *deadlines);

/* pool.c: a bounded queue and its threads. */
struct http_job {
	struct http_job *next;
};
struct http_pool;
MUST_USE struct http_pool *http_pool_new(unsigned threads, unsigned queue_max,
    void (*run)(void *self, struct http_job *job), void *self);
/* False: full. */
MUST_USE bool http_pool_add(struct http_pool *pool, struct http_job *job);
bool http_pool_full(struct http_pool *pool);
size_t http_pool_waiting(struct http_pool *pool);
void http_pool_close(struct http_pool *pool); /* runs what waits, ends, takes nothing more */
void http_pool_free(struct http_pool *pool);  /* NULL is fine */

struct exchange;

/* accounts.c: what is known of each account that is in use, or was not long ago. */
enum http_purse {
	PURSE_REQUESTS,
	PURSE_STATEMENTS, /* beyond those, for what says that it holds a statement */
};
#define HTTP_PURSES_COUNT (PURSE_STATEMENTS + 1u)
struct http_member {
	struct device_id device;
	uint8_t sign_public[SIGN_PUBLIC_LEN];
	uint8_t wipe_public[SIGN_PUBLIC_LEN];
	bool live;
	int64_t spent_us[HTTP_PURSES_COUNT]; /* what it asked so far is paid for by then (monotonic)
					      */
};
struct http_slot {
	struct account_id account;
	pthread_mutex_t lock; /* guards cache; held across calls of the account code */
	struct account_cache cache;

	/* All below: by the table's lock. */
	struct http_slot *hash_next;
	struct http_slot *older, *newer;                 /* of all, by last use */
	struct http_slot *watched_next, *watched_before; /* of the watched, by last check */
	unsigned users;                                  /* exchanges that hold it; 0: it may go */
	unsigned requests;                               /* of those, waiting or running */
	size_t bytes; /* of cache and members, when last counted */
	struct http_member *members;
	size_t members_count;
	struct digest roster_hash;
	int64_t roster_ms; /* when that was the newest roster; INT64_MIN: unknown */
	bool head_known;
	uint64_t head_seq;
	int64_t checked_ms; /* when head was compared with the bucket */
	struct exchange *watchers;
	unsigned watchers_count;
};
#define HTTP_CHAINS_COUNT 4096u
struct http_accounts { /* accounts.c's, and lend.c's */
	size_t bytes_max;
	unsigned requests_max, watchers_max;
	uint8_t hash_key[HTTP_HASH_KEY_LEN]; /* ids are the callers' choice: no long chains */
	pthread_mutex_t lock;                /* guards all below, and what slots say it does */
	struct http_slot *chains[HTTP_CHAINS_COUNT];
	struct http_slot *newest, *oldest;
	struct http_slot *watched_first, *watched_last;
	struct exchange *late_first, *late_last; /* all watchers, the first to expire first */
	size_t slots_count, watchers_count, bytes;
};
MUST_USE struct http_accounts *http_accounts_new(
    size_t bytes_max, unsigned requests_max, unsigned watchers_max);
void http_accounts_free(struct http_accounts *accounts); /* no user left; NULL is fine */
enum http_took { TOOK_OK, TOOK_BUSY, TOOK_NO_MEMORY };
/* Keyed: whoever chooses ids does not choose this. */
uint32_t http_accounts_hash(const struct http_accounts *accounts, const struct account_id *account);
/* For one request. Given back by http_accounts_drop. */
MUST_USE enum http_took http_accounts_take(
    struct http_accounts *accounts, const struct account_id *account, struct http_slot **out);
void http_accounts_drop(struct http_accounts *accounts, struct http_slot *slot);
enum http_known {
	KNOWN_LIVE,
	KNOWN_REVOKED,
	KNOWN_STALE,    /* the roster must be read: the view is older than asked for */
	KNOWN_STRANGER, /* by a view that is new enough, no device of this account */
};
/*
 * The view must be of since_ms or later; for a device that is not in it, of strange_ms: who was
 * added a moment ago must not be turned away.
 */
MUST_USE enum http_known http_accounts_member(struct http_accounts *accounts,
    struct http_slot *slot, const struct device_id *device, int64_t since_ms, int64_t strange_ms);
/* Of a roster's bytes; NULL: no memory, or it does not hold. Freed with free. */
MUST_USE struct http_member *http_members_of(struct view roster, size_t *count_out);
/*
 * Of an account that nothing is known of: the roster that was the newest at since_ms. Takes no
 * slot's lock: the cache is taken over where that is free. What requests learn is better, and
 * stays.
 */
void http_accounts_teach(struct http_accounts *accounts, const struct account_id *account,
    int64_t since_ms, struct account_cache *cache, const struct http_member *members, size_t count);
/*
 * With slot->lock held, after the account code ran from since_ms on: takes over the roster of the
 * cache (newest since then, if roster_hash is its) and head (NULL: not known), and wakes who waited
 * for it.
 */
void http_accounts_learn(struct http_accounts *accounts, struct http_slot *slot, int64_t since_ms,
    const struct digest *roster_hash, const struct head *head);
/* With slot->lock held: the account is gone or missing. Nothing is known any more; watchers wake.
 */
void http_accounts_forget(struct http_accounts *accounts, struct http_slot *slot);

/* Watchers. An exchange that waits belongs to the table until it is woken (exchange_wake). */
enum http_watch { WATCH_WAITS, WATCH_PASSED, WATCH_BUSY };
/* PASSED: the head is beyond exchange->target.seq already, and is *head_out. */
MUST_USE enum http_watch http_accounts_watch(struct http_accounts *accounts,
    struct exchange *exchange, int64_t deadline_ms, uint64_t *head_out);
/* Wakes those whose time is over: all, if now_ms is INT64_MAX. */
void http_accounts_expire(struct http_accounts *accounts, int64_t now_ms);
/*
 * A watched account that was not compared with the bucket since since_ms, taken as for a request,
 * and counted as checked from now_ms on; NULL: there is none.
 */
MUST_USE struct http_slot *http_accounts_due(
    struct http_accounts *accounts, int64_t since_ms, int64_t now_ms);
struct http_accounts_numbers {
	size_t slots, watchers, bytes;
};
void http_accounts_count(struct http_accounts *accounts, struct http_accounts_numbers *out);

/* With the lock held: NULL if it is not in memory. */
struct http_slot *http_accounts_find(
    struct http_accounts *accounts, const struct account_id *account);
/* With the lock held, after a user less: what nobody needs goes. */
void http_accounts_settle(struct http_accounts *accounts, struct http_slot *slot);

/* lend.c: what may be asked of the table without taking part in it. */
/* By a view of any age. False: it is not in memory, which proves nothing. */
MUST_USE bool http_accounts_known(struct http_accounts *accounts, const struct account_id *account,
    const struct device_id *device, struct http_member *out);
/*
 * One request of the device's, of rate_max a minute; a minute's worth may come at once. 0: it is
 * paid for; else in how many ms it would be. Whoever is not a member any more pays nothing.
 */
MUST_USE int64_t http_accounts_spend(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, int64_t now_ms, unsigned rate_max);
/* Gives one of rate_max a minute back. */
void http_accounts_refund(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, unsigned rate_max);

enum http_refused {
	REFUSED_FULL,
	REFUSED_RATE,
	REFUSED_BODIES,
	REFUSED_ANSWERS,
	REFUSED_ACCOUNT,
	REFUSED_STRANGE,
	REFUSED_STRANGERS,
	REFUSED_ADDRESS
};
#define HTTP_REFUSED_COUNT (REFUSED_ADDRESS + 1u)

/* limits.c: what a request may take. */
struct http_push {
	uint64_t bytes; /* to be put, and charged; 0: a poll, or statements alone */
	bool statement; /* it says that it changes who belongs */
	bool spare;     /* small, or a snapshot: also out of what is kept for such */
};
void limits_push(const struct sync_request *request, struct http_push *out);
bool limits_blob_spare(struct view blob);
/* False: answered, 429. */
MUST_USE bool limits_rate(struct exchange *exchange, bool statement);
/* The statement that it was let in for was one: it paid for nothing. */
void limits_rate_back(struct exchange *exchange);
/* As http_keeper.reserve, into exchange->reserved; counts a refusal. */
MUST_USE enum account_result limits_reserve(
    struct exchange *exchange, uint64_t bytes, bool spare, struct call *call);
/* 507, by call->message. */
void limits_full(struct exchange *exchange, const struct call *call);
/* Tells the keeper what the cache says was put, and that something was committed. */
void limits_settle(struct exchange *exchange, const struct account_id *account,
    struct account_cache *cache, bool committed);
#define HTTP_PARTS_COUNT 1024u
struct http_budget {               /* of memory */
	size_t max;                /* bytes, of all together */
	size_t account_max;        /* … of one account, by its live devices */
	size_t strange_max;        /* … of all others */
	enum http_refused refused; /* … why, if it is all together */
	_Atomic size_t held;
	_Atomic size_t strange;
	_Atomic size_t accounts[HTTP_PARTS_COUNT];
};
/* Whether a body of that length fits beside what is here of all others. False: answered, 503. */
MUST_USE bool limits_body(struct exchange *exchange, size_t len);
/* So many bytes of it are here. False: too much is. */
MUST_USE bool limits_hold(struct exchange *exchange, size_t len);
void limits_release(struct exchange *exchange);
/* Whether an answer of that length fits beside those that were not read yet. False: answered, 503.
 */
MUST_USE bool limits_answer_room(struct exchange *exchange, size_t len);
/* It is there, and held until limits_answer_gone; or it is another one, 503. */
void limits_answer(struct exchange *exchange);
void limits_answer_gone(struct exchange *exchange);
/*
 * A worker for it, or its place in the queue. Of whoever is not known a part of the workers has as
 * many as it is, and none waits for one: the others are found free. False: answered, 503.
 */
MUST_USE bool limits_worker(struct exchange *exchange);
/* It is known who sends it: what is held of it is no stranger's any more. */
void limits_known(struct exchange *exchange);

/* answer.c: what goes back. */
struct http_answer {
	unsigned status; /* 0: none yet */
	const char *content_type;
	struct bytes body;
	int64_t retry_after_s; /* 0: not said */
	const char *allow;
	bool close;         /* the connection ends with it */
	const char *result; /* for the log: a word of ours */
	char *message;      /* for the log and Inkseal-Message; owned; may be NULL */
};

/* One request. Fields by stage: the first block always, auth only until it was checked. */
struct exchange_auth { /* what a signature is checked against */
	struct http_signature_texts texts;
	bool has_digest;
};
enum exchange_stage { STAGE_HEAD, STAGE_GATE, STAGE_BODY, STAGE_WORK, STAGE_DONE };
struct exchange {
	struct http_job job; /* first: the pool's */
	struct http_server *server;
	const struct http_door *door;
	struct MHD_Connection *connection;
	struct http_conn *conn;
	enum exchange_stage stage;
	bool active; /* counted as accepted */
	uint64_t number;
	int64_t start_ms, call_deadline_ms; /* monotonic */
	char *uri;                          /* as sent, until target is made of it */
	struct http_target *target;
	struct http_signature signature; /* of a signed route, not yet vouched for */
	struct exchange_auth *auth;
	bool passed; /* the gate, or it need not: what it may ask for was checked */
	bool known;  /* … and is a live device's, as far as is known without asking */
	char *invite;
	struct buffer body;
	uint64_t body_len;             /* as announced */
	bool body_here;                /* all of it */
	int64_t body_start_ms;         /* when its reading began */
	size_t body_held, answer_held; /* of the server's budgets */
	uint64_t reserved;             /* of the account's room, until it is settled */
	bool spared;                   /* paid for as a statement */
	bool strange_worker;           /* counted among those */
	uint64_t in_bytes, out_bytes;
	struct http_slot *slot;
	struct http_answer answer;
	/* As a watcher, by the table's lock: */
	struct exchange *watch_next, *watch_before; /* of the account */
	struct exchange *late_next, *late_before;   /* of all, by deadline */
	int64_t watch_deadline_ms;
	uint64_t watch_seq;
};

void answer_problem(struct exchange *exchange, unsigned status, const char *code,
    const char *result, const char *detail);
/* body is taken. */
void answer_bytes(
    struct exchange *exchange, unsigned status, const char *content_type, struct bytes *body);
void answer_busy(struct exchange *exchange, unsigned status, const char *detail);
/* A watch's end. passed: head is beyond what was asked for; else its time is over. */
void answer_watch(struct exchange *exchange, bool passed, uint64_t head);
/* From the account code's result; call->message is the detail. Not for OK. */
void answer_account(struct exchange *exchange, enum account_result result, const struct call *call);
void answer_clear(struct http_answer *answer);
/* Queues it; MHD_NO ends the connection. */
MUST_USE enum MHD_Result answer_send(struct exchange *exchange);
void json_text(struct buffer *out, const char *text); /* quoted; printable ASCII passes */
/* The request's id, as in the log and the header Inkseal-Request. */
void exchange_id(const struct exchange *exchange, char out[HTTP_REQUEST_ID_MAX]);

/* auth.c: who asks? */
/*
 * OK: the request is the device's, which is live. GONE, ABSENT, RETRY…: the account could not be
 * read. REFUSED: exchange->answer says why. revoked_too: OK also for a device that was live once.
 */
MUST_USE enum account_result auth_check(
    struct exchange *exchange, struct call *call, bool revoked_too);
/* When the header is here: form and time, and of a device that is known its signature. False:
 * answered. */
MUST_USE bool auth_begin(struct exchange *exchange, const struct http_head *head);
/* The signature against the device's key: passed from then on, or answered. */
void auth_vouch(struct exchange *exchange, const struct http_member *member);
void auth_answer_stranger(struct exchange *exchange);
/* Reads the newest roster into the slot. */
MUST_USE enum account_result auth_refresh(
    struct http_server *server, struct http_slot *slot, struct call *call);

/* The account that it is about; all zero for a create that has not passed the gate. */
const struct account_id *exchange_account(const struct exchange *exchange);

/* gate.c: whoever is not vouched for by what is in memory. */
struct http_gate;
MUST_USE struct http_gate *http_gate_new(struct http_server *server); /* NULL: no memory */
void http_gate_close(struct http_gate *gate); /* runs what waits, takes nothing more */
void http_gate_free(struct http_gate *gate);  /* NULL is fine */
/* Whether there is room for one more. False: answered. */
MUST_USE bool http_gate_admits(struct http_gate *gate, struct exchange *exchange);
/* Suspended and admitted: it is the gate's until it is woken, with an answer or passed. */
void http_gate_enter(struct http_gate *gate, struct exchange *exchange);
/* The account was changed here: what is in memory of its roster is told no more. */
void http_gate_forget(struct http_gate *gate, const struct account_id *account);
size_t http_gate_count(struct http_gate *gate); /* of those inside */

/* Takes the account's slot for this request. False: answered. */
MUST_USE bool work_take(struct exchange *exchange);
/* A sync's answer about an account that was wiped; record may be empty. */
void work_sync_gone(struct exchange *exchange, struct view record);
/* work.c: what each route does, in a worker. True: exchange->answer is set; false: it watches. */
MUST_USE bool work_run(struct exchange *exchange);

/* metrics.c */
struct http_metrics {
	_Atomic uint64_t requests[HTTP_ROUTES_COUNT][6]; /* by status / 100; 0: cut off */
	_Atomic uint64_t ms[HTTP_ROUTES_COUNT];
	_Atomic uint64_t bytes_in, bytes_out;
	_Atomic uint64_t syncs[SYNC_LATER + 1u];
	_Atomic uint64_t refused[HTTP_REFUSED_COUNT];
};
void metrics_add(struct http_metrics *metrics, enum http_route route, unsigned status, int64_t ms,
    uint64_t in, uint64_t out);
void metrics_text(struct http_server *server, struct buffer *out);

/*
 * peer.c: whose connections are counted together. Pure. near: also those of addresses that are not
 * routed on the Internet. What is not to be counted has a length that is no address's:
 * libmicrohttpd, which counts, tells addresses by that.
 */
struct http_peer {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} of;
	socklen_t len;
};
void http_peer(const struct sockaddr_storage *address, bool near, struct http_peer *out);
/* Of what http_peer made: the same for those who are counted together; 0: not counted. */
uint64_t http_peer_key(const struct sockaddr *counted);

/* door.c: a listening socket, the thread that accepts on it, and those that serve what came in. */
struct http_door {
	struct http_server *server;
	bool metrics;  /* it is the way to /metrics, and to nothing else */
	int listen_fd; /* -1: none */
	unsigned connections_max;
	bool per_ip_near;
	_Atomic unsigned inside; /* connections let in, and not closed yet */
	atomic_bool shut;
	struct MHD_Daemon *daemon;
	pthread_t keeper; /* accepts */
	bool is_kept;
};
struct http_door_traits {
	int listen_fd; /* bound and listening; the door's from now on, also by a failure */
	unsigned threads, connections_max, per_ip_max;
	bool per_ip_near, metrics;
};
/* The door begins as {.listen_fd = -1}. False: it does not start; clear it. */
MUST_USE bool http_door_open(
    struct http_door *door, struct http_server *server, const struct http_door_traits *traits);
void http_door_shut(struct http_door *door); /* nobody comes in any more */
/* Cuts off who is still inside, and ends its threads. None of its connections is suspended. */
void http_door_clear(struct http_door *door);

/* request.c: libmicrohttpd's callbacks, and the pool's. Their self is a struct http_door. */
void *request_line(void *self, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_handle(void *self, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **state);
void request_completed(void *self, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why);
void request_run(void *self, struct http_job *job);
/* The answer is set: back to the connection's own thread. From here on it is not the caller's. */
void exchange_wake(struct exchange *exchange);

/* server.c */
struct http_server {
	struct http_config config;
	struct http_door door, metrics_door;
	struct http_deadlines *deadlines;
	struct http_pool *pool;
	struct http_accounts *accounts;
	struct http_gate *gate;
	struct http_metrics metrics;
	pthread_t checker; /* compares watched accounts with the bucket */
	bool checker_runs;
	atomic_bool ready, draining;
	_Atomic uint64_t numbers; /* requests so far */
	_Atomic size_t active;    /* accepted and not answered yet */
	struct http_budget bodies, answers;
	_Atomic unsigned strange_workers; /* requests of senders not known, with a worker */
	struct http_slot *lent;           /* the upkeep thread's */
	uint32_t instance;                /* begins request ids */
	uint8_t receipt_public[SIGN_PUBLIC_LEN];
};
int64_t server_now(const struct http_server *server); /* monotonic, ms */
void server_pause(long ms);                           /* under a second */
/* The bucket takes our credentials, as far as is known; else who asks is told to come again. */
bool server_admitted(const struct http_server *server);
#define HTTP_NOT_ADMITTED \
	"this gateway's store does not take its credentials at present: who runs it has to renew " \
	"them; nothing is lost"

#endif
