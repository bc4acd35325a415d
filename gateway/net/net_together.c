/*
 * gateway/net/net_together.c: several requests whose last bytes go at once: a race on purpose, for
 * who wants to know whether a store decides it.
 */
#include "gateway/net/net.h"

#include <time.h>

#include "gateway/net/net_priv.h"

#define POLL_MS 1000
#define HOLD_MS 50 /* for the server to read what it has, and to check conditions too early */

/* Notes the exchanges that have ended; true once none is left that has not come to its last byte.
 */
static bool together_see(CURLM *multi, struct net_exchange *const *exchanges, size_t count)
{
	bool ready = true;
	int queued = 0;
	CURLMsg *message;

	while ((message = curl_multi_info_read(multi, &queued)) != NULL)
		for (size_t i = 0; i < count; i++)
			if (message->msg == CURLMSG_DONE && exchanges[i] != NULL &&
			    message->easy_handle == exchanges[i]->line->curl) {
				exchanges[i]->end = (int)message->data.result;
				exchanges[i]->ended = true;
			}
	for (size_t i = 0; i < count; i++)
		ready =
		    ready && (exchanges[i] == NULL || exchanges[i]->ended || exchanges[i]->waiting);
	return ready;
}

static void together_let_go(struct net_exchange *const *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (exchanges[i] != NULL)
			exchanges[i]->let_go = true;
	for (size_t i = 0; i < count; i++)
		if (exchanges[i] != NULL && !exchanges[i]->ended)
			(void)curl_easy_pause(exchanges[i]->line->curl, CURLPAUSE_CONT);
}

/* Drives all until they have ended: each has a timeout of its own, so this ends by then. */
static void together_run(CURLM *multi, struct net_exchange *const *exchanges, size_t count)
{
	int running = (int)count;
	bool gone = false;

	while (curl_multi_perform(multi, &running) == CURLM_OK) {
		if (together_see(multi, exchanges, count) && !gone) {
			struct timespec hold = {.tv_nsec = HOLD_MS * 1000000L};

			gone = true;
			(void)nanosleep(&hold, NULL);
			together_let_go(exchanges, count);
			continue;
		}
		if (running == 0 || curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
			break;
	}
}

bool net_together(struct net_exchange *const *exchanges, size_t count)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (exchanges[i] == NULL)
			continue;
		exchanges[i]->end = CURLE_ABORTED_BY_CALLBACK;
		if (curl_multi_add_handle(multi, exchanges[i]->line->curl) != CURLM_OK) {
			exchanges[i]->end = CURLE_OUT_OF_MEMORY;
			exchanges[i]->ended = true;
		}
	}
	together_run(multi, exchanges, count);
	for (size_t i = 0; i < count; i++)
		if (exchanges[i] != NULL)
			(void)curl_multi_remove_handle(multi, exchanges[i]->line->curl);
	(void)curl_multi_cleanup(multi);
	return true;
}
