/*
 * schemas/patch.h: what stands inside the seals: a frame's small part, operations, a snapshot's
 * index, a segment's run (patch.cddl, index.cddl). Plaintext; only cli/engine sees it.
 */
#ifndef INKSEAL_PATCH_H
#define INKSEAL_PATCH_H

#include "schemas/cbor.h"
#include "schemas/entry.h"
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

/*
 * A segment's run, or a losers' segment: a CBOR array of rows, compressed as one. Each tombstone of
 * a run has its place: how many there may be is bounded by nothing but the segments.
 */
struct row {
	struct device_id author;
	struct view entry; /* encoded */
	bool deleted;      /* the entry's, in a run: then there is a place … */
	uint64_t seq;      /* … the frame that brought it; 0: the load whose index this is … */
	int64_t time_ms;   /* … and its time, if seq says so; a loser's: when it was settled */
	struct view id;    /* the entry's: read, not put */
	struct digest version; /* the entry's: read, not put */
};
#define ROWS_COUNT_MAX 60000u
void row_put(struct buffer *out, const struct row *row, bool loser);
/* Reads the entry too; refuses a tombstone without a place, and a place on what is live. */
void row_read(struct cbor_reader *reader, bool loser, struct row *out);

/* The sealed part of an index; segments stand in the order of the public names. */
struct index_segment {
	int64_t first_ms;       /* the first entry's created time … */
	struct view first_id;   /* … and id */
	struct digest run_hash; /* keyed, of the uncompressed run */
	uint64_t entries_count;
};
struct index_device {
	struct device_id id;
	uint64_t seq;
	int64_t time_ms;
};
struct index_head { /* then come the segments and the devices, each an array */
	uint64_t floor;
	uint64_t entries_count; /* tombstones among them */
};
/* Written piece by piece, as counts are known. */
void index_put_head(struct buffer *out, const struct index_head *head);
void index_put_segment(struct buffer *out, const struct index_segment *segment);
void index_put_device(struct buffer *out, const struct index_device *device);
/* All of it is read and held against the maxima; then its items one by one, of which none fails. */
struct index_parts {
	struct index_head head;
	size_t segments_count;
	struct view segments;
	size_t devices_count;
	struct view devices;
};
MUST_USE enum format_result index_read(struct view encoded, struct index_parts *out);
void index_read_segment(struct cbor_reader *reader, struct index_segment *out);
void index_read_device(struct cbor_reader *reader, struct index_device *out);

/* Whatever its maxima let an index hold fits its plain bytes: who may make one always can. */
#define INDEX_PLAIN_MAX (4u << 20)
#define INDEX_HEAD_LEN_MAX (1u + 1u + 9u + 9u + 5u + 5u) /* and the heads of both arrays */
#define INDEX_SEGMENT_LEN_MAX (1u + 9u + (2u + ENTRY_ID_MAX) + (2u + DIGEST_LEN) + 9u)
#define INDEX_DEVICE_LEN_MAX (1u + (1u + DEVICE_ID_LEN) + 9u + 9u)
_Static_assert(INDEX_HEAD_LEN_MAX + SEGMENTS_MAX * INDEX_SEGMENT_LEN_MAX +
		       DEVICES_MAX * INDEX_DEVICE_LEN_MAX <=
		   INDEX_PLAIN_MAX,
    "an index of as many segments and devices as may be has room");
_Static_assert(ENTRY_ID_MAX < 256, "the head of an entry's id has two bytes");

#endif
