/*
 * cli/engine/settle.h: applies the conflict rule's outcome to one entry; in a transaction.
 */
#ifndef INKSEAL_SETTLE_H
#define INKSEAL_SETTLE_H

#include "cli/engine/engine.h"

struct settle_input {
	struct view id;
	bool has_base;
	struct digest base;
	bool has_local;
	struct digest local;
	struct device_id local_author;
	bool has_cloud;
	struct digest cloud;
	struct device_id cloud_author;
	int64_t skew_ms;
	bool no_base; /* a reset was installed: base is not looked at */
};
MUST_USE enum engine_result settle_entry(struct engine *engine, const struct settle_input *input,
    struct call *call, bool *changed_out, struct edit_outcome *out);

#endif
