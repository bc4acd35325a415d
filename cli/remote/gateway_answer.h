/*
 * cli/remote/gateway_answer.h: what a gateway's answer means: its status, its headers, the reason
 * in its problem document (RFC 9457), and its body by what was asked. Pure: it does not matter what
 * carried it. All of it was written by the other side: texts are bounded, and control characters
 * left out, before they reach a message.
 */
#ifndef INKSEAL_GATEWAY_ANSWER_H
#define INKSEAL_GATEWAY_ANSWER_H

#include "cli/remote/remote.h"

#define GATEWAY_TYPE_MAX 64u
#define GATEWAY_CODE_MAX 32u
#define GATEWAY_RETRY_MAX_MS (24 * 3600000LL) /* more is taken for this */
#define GATEWAY_RETRY_DEFAULT_MS 1000         /* busy, and it does not say for how long */

/* The headers that are read, by their names in lower case; each "" if it is not there. */
#define GATEWAY_SAYS_TYPE "content-type"
#define GATEWAY_SAYS_RETRY_AFTER "retry-after"
#define GATEWAY_SAYS_DATE "date"
#define GATEWAY_SAYS_MESSAGE "inkseal-message"
struct gateway_said {
	char type[2 * GATEWAY_TYPE_MAX];
	char retry_after[64];
	char date[64];
	char message[CALL_MESSAGE_MAX];
};

struct gateway_answer { /* clear it */
	unsigned status;
	char type[GATEWAY_TYPE_MAX + 1]; /* the media type, lower-case, without parameters; or "" */
	int64_t retry_after_ms;          /* 0: not said */
	int64_t date_ms;                 /* 0: not said */
	char message[CALL_MESSAGE_MAX / 2]; /* Inkseal-Message: why a frame was refused; or "" */
	struct bytes body;
};
/* All but status and body. */
void gateway_answer_say(
    const struct gateway_said *said, int64_t now_ms, struct gateway_answer *out);
void gateway_answer_clear(struct gateway_answer *answer);
/* "application/cbor; q=1" to "application/cbor". */
void gateway_type_parse(const char *text, char out[GATEWAY_TYPE_MAX + 1]);

/*
 * REMOTE_OK: a success of the type that was asked for (NULL: of any). Else what to do, and why in
 * call->message; code_out: the problem's, or "".
 */
MUST_USE enum remote_result gateway_answer_result(const struct gateway_answer *answer,
    const char *type, struct call *call, char code_out[GATEWAY_CODE_MAX + 1]);

/* The bodies of successes. On anything but REMOTE_OK the outputs are as they were. */

/* /v1/info, asked of authority. */
MUST_USE enum remote_result gateway_info_read(
    struct view json, const char *authority, struct call *call, struct remote_info *out);
/* *encoded is taken over. */
MUST_USE enum remote_result gateway_sync_read(
    struct bytes *encoded, struct call *call, struct sync_answer *out);
/* Is that the blob that was asked for? */
MUST_USE enum remote_result gateway_blob_read(
    struct view blob, const struct blob_name *name, struct call *call);
/* encoded is taken over into *out. Its signature is the caller's to judge, by the key it pinned. */
MUST_USE enum remote_result gateway_receipt_read(
    struct bytes *encoded, struct call *call, struct remote_receipt *out);

#endif
