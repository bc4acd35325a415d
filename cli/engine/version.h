/*
 * cli/engine/version.h: one stored version of an entry, held against its hash whenever it is read.
 */
#ifndef INKSEAL_VERSION_H
#define INKSEAL_VERSION_H

#include "cli/engine/engine.h"

struct version {
	struct bytes encoded;
	struct entry entry;
	struct digest hash;
};
void version_clear(struct version *version);
/* ENGINE_UNSOUND, with a message that names id: it is not what its hash says, or can't be decoded.
 */
MUST_USE enum engine_result version_load(struct engine *engine, struct view id,
    const struct digest *hash, struct call *call, struct version *out);
/* As it is stored. Not *sound_out: what can be read is in out->entry, which is {0} if nothing can.
 */
MUST_USE enum engine_result version_look(struct engine *engine, const struct digest *hash,
    struct call *call, struct version *out, bool *sound_out);
/* ENGINE_UNSOUND, and the message for it. */
enum engine_result version_unsound(struct view id, struct call *call);
/* Encodes, hashes and stores an entry as a version. */
MUST_USE enum engine_result version_store(
    struct engine *engine, const struct entry *entry, struct call *call, struct digest *hash_out);

#endif
