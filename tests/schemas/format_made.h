/*
 * tests/schemas/format_made.h: each format as one kind of thing: made so that it has all of its
 * parts, encoded, decoded.
 */
#ifndef INKSEAL_TEST_FORMAT_MADE_H
#define INKSEAL_TEST_FORMAT_MADE_H

#include "schemas/invite.h"
#include "schemas/manifest.h"
#include "schemas/patch.h"
#include "schemas/sync.h"

struct made_format {
	const char *name;
	size_t size; /* of the struct that a thing is */
	void (*base)(void *thing);
	enum format_result (*encode)(void *thing, struct bytes *out);
	enum format_result (*decode)(struct view encoded, void *out);
	void (*clear)(void *decoded); /* NULL: owns nothing */
	bool leaves;                  /* a decoder that fails leaves its output alone */
};

struct index_blob {
	struct blob_header header;
	struct blob_name names[SEGMENTS_MAX + 1];
};

struct record { /* a wipe's */
	struct view wipe, roster;
};

struct small_answer { /* with one of each; decoded, the arrays are the answer's own */
	struct sync_answer answer;
	struct view frame;
	struct sync_body body;
	struct blob_name name;
};

struct small_index { /* with one segment and one device */
	struct index_head head;
	struct index_segment segment;
	struct index_device device;
	size_t segments_count, devices_count; /* of these, so often */
};

extern const struct made_format made_manifest, made_manifest_again, made_frame, made_index_blob,
    made_statement, made_wipe, made_record, made_receipt, made_create, made_invite, made_request,
    made_answer, made_sealed, made_op, made_row, made_row_live, made_loser, made_index;
extern enum op_kind made_op_kind; /* the next operation's */
extern char *made_stuffing;       /* text, and bytes; one more than the largest string */

/* A case's set-up and end. */
int made_begin(void **state);
int made_end(void **state);

#endif
