/*
 * cli/engine/patch_build.h: what is dirty as one patch frame; its hash is stored before it is sent.
 */
#ifndef INKSEAL_PATCH_BUILD_H
#define INKSEAL_PATCH_BUILD_H

#include "cli/engine/frame_build.h"

MUST_USE enum engine_result patch_build(
    struct replica *replica, bool allow_deletions, struct built_frame *out);

#endif
