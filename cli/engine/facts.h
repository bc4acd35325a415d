/*
 * cli/engine/facts.h: what is stored of sync beside the entries, and under which names. The facts
 * (one record) and the state root's lanes move in the transaction that moves the state.
 */
#ifndef INKSEAL_FACTS_H
#define INKSEAL_FACTS_H

#include "cli/engine/engine.h"

#define META_FACTS "facts"
#define META_ROOT "root"
#define META_ROSTER "roster"
#define META_NAME "device-name"
#define META_STATEMENT "statement" /* this device's own, until the log holds it */
#define META_INDEX "index" /* the newest index's name, while its segments are not known here */
#define META_STAGE "stage" /* which segments are staged, and of which index */

struct stored_facts {
	struct sync_facts public;
	struct digest roster_at; /* roster hash after the frame at the cursor */
};
MUST_USE enum engine_result facts_load(
    struct engine *engine, struct call *call, struct stored_facts *out);
MUST_USE enum engine_result facts_store(
    struct engine *engine, const struct stored_facts *facts, struct call *call);

#endif
