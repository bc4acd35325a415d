/*
 * tests/torture/codecs.h: the decoders of schemas/ that allocate, or whose encoders do, as one kind
 * of call over a golden vector: in writes to trial->out and nothing else; out encodes what is
 * there.
 */
#ifndef INKSEAL_TORTURE_CODECS_H
#define INKSEAL_TORTURE_CODECS_H

#include "schemas/entry.h"
#include "schemas/manifest.h"
#include "schemas/patch.h"
#include "schemas/sync.h"
#include "tests/schemas/vector.h"

union decoded {
	struct entry entry;
	struct frame_sealed sealed;
	struct statement statement;
	struct roster roster;
	struct {
		struct create create;
		struct roster roster;
	} create;
	struct wipe wipe;
	struct {
		struct view wipe;
		struct view roster;
	} record;
	struct receipt receipt;
	struct frame frame;
	size_t roster_index;
	struct pack_header pack;
	struct manifest manifest;
	struct sync_request request;
	struct sync_answer answer;
};

/* Of one vector; all but view and out is made before anything fails. */
struct trial {
	struct view view;
	union decoded *out;
	bool bare;
	uint8_t key[SIGN_PUBLIC_LEN]; /* of a wipe, a statement */
	struct bytes roster_bytes;    /* of frame-check, and so on to the end */
	struct roster roster;
	struct head head;
	size_t roster_index;
};

struct codec {
	const char *name; /* the vectors' format */
	enum format_result (*in)(struct trial *trial);
	enum format_result (*out)(struct trial *trial, struct bytes *encoded); /* NULL: none */
};
const struct codec *codec_find(const char *name);
/* The vector's, without out; asserts. To be cleared. */
void trial_init(struct trial *trial, const struct codec *codec, const struct vector *vector);
void trial_clear(struct trial *trial);
/* What decoding allocated. */
void decoded_clear(const struct codec *codec, union decoded *decoded);

#endif
