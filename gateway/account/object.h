/*
 * gateway/account/object.h: keys, and objects by their names. Messages name no key.
 */
#ifndef INKSEAL_ACCOUNT_OBJECT_H
#define INKSEAL_ACCOUNT_OBJECT_H

#include "gateway/account/work.h"

struct account_key {
	char text[BUCKET_KEY_MAX + 1];
};

/* <prefix>a/<account>/<what> */
void account_key_of(const struct account_work *work, const char *what, struct account_key *out);
void account_key_blob(
    const struct account_work *work, const struct blob_name *name, struct account_key *out);
void account_key_pack(
    const struct account_work *work, const struct manifest_pack *pack, struct account_key *out);
void account_key_wipe(const struct account_work *work, struct account_key *out);

/* Unconditional and of content named by its hash: sent again until it is known to be there. */
MUST_USE enum account_result account_object_put(
    struct account_work *work, const struct account_key *key, struct view data);
/* ABSENT: not there. DAMAGED: not what its name says. */
MUST_USE enum account_result account_blob_read(
    struct account_work *work, const struct blob_name *name, struct bytes *out);
MUST_USE enum account_result account_pack_read(struct account_work *work,
    const struct manifest_pack *pack, struct bytes *out, struct pack_header *header_out);

#endif
