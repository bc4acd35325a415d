/*
 * schemas/patch.h: what stands inside the seals: a frame's small part, operations, a snapshot's
 * index, a segment's run (patch.cddl, index.cddl). Plaintext; only cli/engine sees it.
 */
#ifndef INKSEAL_PATCH_H
#define INKSEAL_PATCH_H

#include "schemas/cbor.h"
#include "schemas/frame.h"

/* The frame's own small sealed part: always in the frame, never in the body. */
struct frame_sealed {
	uint8_t root[ROOT_LEN]; /* state root after the frame */
	uint64_t floor;         /* tombstones older than this seq may be gone */
	int64_t time_ms;        /* the maker's clock */
	bool has_covered_root;
	uint8_t covered_root[ROOT_LEN]; /* a snapshot's or reset's: root of the state it covers */
	struct view ops;    /* data == NULL: none here (they are in the body, or there are none) */
	uint64_t reset_seq; /* a snapshot's or load's: the newest reset before it; 0: none */
};
MUST_USE enum format_result frame_sealed_encode(
    const struct frame_sealed *sealed, struct bytes *out);
MUST_USE enum format_result frame_sealed_decode(struct view encoded, struct frame_sealed *out);

/*
 * Operations: a CBOR array, compressed as one (compress.h). References are to the cloud state just
 * before the frame. A delta is a zstd frame with the reference as prefix.
 */
enum op_kind {
	OP_PUT,         /* whole entry */
	OP_DELTA,       /* entry as a delta against its cloud version */
	OP_PURGE,       /* the id's tombstone leaves the state */
	OP_LOSER,       /* a losing version, whole */
	OP_LOSER_DELTA, /* … as a delta */
	OP_LOSER_NAMED, /* … is the cloud version itself */
};
struct op {
	enum op_kind kind;
	struct view id;          /* not for OP_PUT: the entry holds it */
	struct view data;        /* PUT, LOSER: the entry's encoding; DELTA: the zstd frame */
	struct digest reference; /* DELTA, LOSER_DELTA, LOSER_NAMED: the cloud version */
	struct digest result;    /* DELTA, LOSER_DELTA: the version it gives */
	uint64_t result_len;     /* DELTA, LOSER_DELTA: bytes, at most ENTRY_MAX */
	struct device_id author; /* LOSER…: the device that made it */
};
#define OPS_COUNT_MAX 20000u
void op_put(struct buffer *out, const struct op *op);
/* Reads the next operation of an array already entered with cbor_array(reader, OPS_COUNT_MAX). */
void op_read(struct cbor_reader *reader, struct op *out);

/* A segment's run, or a losers' segment: a CBOR array of rows, compressed as one. */
struct row {
	struct device_id author;
	struct view entry;  /* encoded */
	int64_t settled_ms; /* losers only: the time of the frame that settled it */
};
#define ROWS_COUNT_MAX 60000u
void row_put(struct buffer *out, const struct row *row, bool loser);
void row_read(struct cbor_reader *reader, bool loser, struct row *out);

/* The sealed part of an index; segments stand in the order of the public names. */
struct index_segment {
	int64_t first_ms;       /* the first entry's created time … */
	struct view first_id;   /* … and id */
	struct digest run_hash; /* keyed, of the uncompressed run */
	uint64_t entries_count;
};
struct index_tombstone {
	struct view id;
	uint64_t seq;
	int64_t time_ms;
};
struct index_device {
	struct device_id id;
	uint64_t seq;
	int64_t time_ms;
};
struct index_head { /* then come the segments, tombstones and devices, each an array */
	uint64_t floor;
	uint64_t entries_count; /* tombstones among them */
};
/* Written piece by piece, as counts are known; read with the functions below, in this order. */
void index_put_head(struct buffer *out, const struct index_head *head);
void index_put_segment(struct buffer *out, const struct index_segment *segment);
void index_put_tombstone(struct buffer *out, const struct index_tombstone *tombstone);
void index_put_device(struct buffer *out, const struct index_device *device);
void index_read_head(struct cbor_reader *reader, struct index_head *out);
void index_read_segment(struct cbor_reader *reader, struct index_segment *out);
void index_read_tombstone(struct cbor_reader *reader, struct index_tombstone *out);
void index_read_device(struct cbor_reader *reader, struct index_device *out);
#define TOMBSTONES_MAX 100000u
#define INDEX_PLAIN_MAX (4u << 20)

#endif
