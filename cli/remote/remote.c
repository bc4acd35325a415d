/*
 * cli/remote/remote.c: what all remotes have in common.
 */
#include "cli/remote/remote.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_DEADLINE_MS 60000 /* of one request, with all its tries */

const char *remote_result_text(enum remote_result result)
{
	switch (result) {
	case REMOTE_OK: return "done";
	case REMOTE_ABSENT: return "it is not there";
	case REMOTE_GONE: return "it says, without a signed proof, that the account was wiped";
	case REMOTE_REFUSED: return "the request was refused";
	case REMOTE_LATER: return "it did not answer; nothing was lost";
	case REMOTE_UNREACHABLE: return "it cannot be reached; nothing was lost";
	case REMOTE_DAMAGED: return "an object there is damaged";
	case REMOTE_FAILED: return "it failed for good";
	}
	return "unknown";
}

bool remote_is_gateway(const char *url)
{
	return strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0;
}

bool remote_known(const struct remote *remote, struct bytes *out)
{
	return remote->ops->known != NULL && remote->ops->known(remote->self, out);
}

void remote_counted(const struct remote *remote, struct remote_counts *out)
{
	*out = (struct remote_counts){0};
	if (remote->ops->counted != NULL)
		remote->ops->counted(remote->self, out);
}

void remote_close(struct remote *remote)
{
	if (remote == NULL)
		return;
	remote->ops->close(remote->self);
	free(remote);
}

void remote_request(struct call *call, const struct clock *clock)
{
	call_init(call, clock_monotonic_ms(clock) + REQUEST_DEADLINE_MS);
}
