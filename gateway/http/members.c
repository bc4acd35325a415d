/*
 * gateway/http/members.c: members of a roster, and what they have spent.
 */
#include "gateway/http/members.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)

struct http_member *http_members_of(struct view encoded, size_t *count_out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct http_member *members = NULL;

	if (roster != NULL && roster_decode(encoded, false, roster) == FORMAT_OK)
		members = calloc(roster->devices_count, sizeof(*members));
	for (size_t i = 0; members != NULL && i < roster->devices_count; i++) {
		const struct roster_device *device = &roster->devices[i];

		members[i].device = device->id;
		memcpy(members[i].sign_public, device->keys.sign_public, SIGN_PUBLIC_LEN);
		memcpy(members[i].wipe_public, device->keys.wipe_public, SIGN_PUBLIC_LEN);
		members[i].live = device->revoked_by == SIZE_MAX;
	}
	if (members != NULL)
		*count_out = roster->devices_count;
	free(roster);
	return members;
}

struct http_member *http_member_find(
    struct http_member *members, size_t count, const struct device_id *device)
{
	for (size_t i = 0; i < count; i++)
		if (device_equal(&members[i].device, device))
			return &members[i];
	return NULL;
}

void http_members_carry(struct http_member *members, size_t count, const struct http_member *before,
    size_t before_count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < before_count; k++)
			if (device_equal(&members[i].device, &before[k].device))
				memcpy(members[i].spent_us, before[k].spent_us,
				    sizeof(members[i].spent_us));
}

/*
 * Each request costs a rate_max-th of a minute, and what is spent may run ahead of the clock by a
 * minute: one number a device is the whole bucket of tokens.
 */
int64_t http_member_spend(
    struct http_member *member, enum http_purse purse, int64_t now_ms, unsigned rate_max)
{
	int64_t now_us = now_ms * 1000, each_us = MINUTE_US / rate_max;
	int64_t *spent_us = &member->spent_us[purse];
	int64_t from_us = *spent_us < now_us ? now_us : *spent_us;
	int64_t wait_us = from_us + each_us - now_us - MINUTE_US;

	if (wait_us > 0)
		return (wait_us + 999) / 1000;
	*spent_us = from_us + each_us;
	return 0;
}

void http_member_refund(struct http_member *member, enum http_purse purse, unsigned rate_max)
{
	/* A time that has passed is as good as any before it. */
	member->spent_us[purse] -= MINUTE_US / rate_max;
}
