/*
 * cli/store/store_scan.c: the rows of a scan: a list of entries that is made before the first is
 * given, so that entries may change under it.
 */
#include "cli/store/store_scan.h"
#include "cli/store/store_sql.h"

static enum journal_result scan_fill(
    struct store *store, const struct digest *sent_frame, struct call *call)
{
	struct sql sql;

	/* Sent rows have no author and no time: the frame is ours, and the engine knows them. */
	sql_read(&sql, store,
	    "INSERT INTO temp.scan (id, version, author, seq, ms, len, replaced)"
	    " SELECT s.id, s.version, s.author, s.seq, s.ms, length(v.encoded), s.replaced FROM ("
	    "  SELECT sv.id AS id, sv.version AS version, zeroblob(16) AS author,"
	    "   sent.seq AS seq, 0 AS ms, e.cloud AS replaced"
	    "  FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    "   LEFT JOIN entries AS e ON e.id = sv.id WHERE sent.frame = ?1"
	    "  UNION ALL"
	    "  SELECT e.id, e.cloud, e.author, e.cloud_seq, e.cloud_ms, NULL FROM entries AS e"
	    "  WHERE e.cloud IS NOT NULL AND NOT EXISTS (SELECT 1"
	    "   FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    "   WHERE sent.frame = ?1 AND sv.id = e.id)"
	    " ) AS s LEFT JOIN versions AS v ON v.hash = s.version ORDER BY v.created_ms, s.id");
	sql_digest(&sql, sent_frame); /* NULL equals no frame: the cloud state alone */
	return sql_run(&sql, call);
}

/* One row a loser, though it may have been filed more than once before it was carried. */
static enum journal_result scan_fill_losers(struct store *store, struct call *call)
{
	struct sql sql;

	sql_read(&sql, store,
	    "INSERT INTO temp.scan (id, version, author, seq, ms, len)"
	    " SELECT h.id, h.version, h.author, 0, max(h.at_ms), length(v.encoded)"
	    " FROM history AS h LEFT JOIN versions AS v ON v.hash = h.version"
	    " WHERE h.kind = ?1 AND NOT EXISTS (SELECT 1 FROM losers"
	    "  WHERE losers.id = h.id AND losers.version = h.version)"
	    " GROUP BY h.id, h.version ORDER BY max(h.at_ms) DESC, h.id, h.version");
	sql_int(&sql, HISTORY_LOSER);
	return sql_run(&sql, call);
}

static void scan_forget(struct store *store)
{
	for (size_t i = store->scan_given; i < store->scan_read; i++) {
		bytes_clear(&store->scan_rows[i].id);
		bytes_clear(&store->scan_rows[i].encoded);
	}
	store->scan_given = 0;
	store->scan_read = 0;
}

/* Of the scan before, too, if its rows could not be removed when it was closed. */
static enum journal_result scan_empty(struct store *store, struct call *call)
{
	struct sql sql;

	scan_forget(store);
	store->scan_rank = 0;
	store->scan_count = 0;
	sql_read(&sql, store, "DELETE FROM temp.scan");
	return sql_run(&sql, call);
}

/* The rows are written down first: what comes later may change any entry. */
enum journal_result store_scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out)
{
	struct store *store = self;
	int64_t size[2];
	enum journal_result result = scan_empty(store, call);

	if (result != JOURNAL_OK)
		return result;
	result = which == JOURNAL_SCAN_LOSERS
		     ? scan_fill_losers(store, call)
		     : scan_fill(store, which == JOURNAL_SCAN_SENT ? sent_frame : NULL, call);
	if (result == JOURNAL_OK)
		result =
		    store_numbers(store, "SELECT count(*), coalesce(sum(len), 0) FROM temp.scan",
			call, size, COUNT_OF(size));
	if (result != JOURNAL_OK)
		return result;
	store->scan_count = size[0];
	*count_out = (uint64_t)size[0];
	*bytes_out = (uint64_t)size[1];
	return JOURNAL_OK;
}

/* The columns of one row of the scan. */
static void scan_row_at(struct sql *sql, struct journal_row *out)
{
	struct journal_row row = {0};

	sql_bytes_at(sql, 1, &row.id);
	sql_bytes_at(sql, 2, &row.encoded);
	(void)sql_digest_at(sql, 3, &row.version);
	(void)sql_device_at(sql, 4, &row.author);
	row.created_ms = sql_int_at(sql, 5);
	row.deleted = sql_int_at(sql, 6) != 0;
	row.cloud_seq = (uint64_t)sql_int_at(sql, 7);
	row.cloud_ms = sql_int_at(sql, 8);
	row.replaces = sql_digest_at(sql, 9, &row.replaced);
	*out = row;
}

/* Some rows at once: a statement for each would take and leave the file's lock 10,000 times. */
static enum journal_result scan_read_on(struct store *store, struct call *call)
{
	struct sql sql;
	size_t bytes = 0;
	enum journal_result result = JOURNAL_OK;

	sql_read(&sql, store,
	    "SELECT s.rank, s.id, v.encoded, s.version, s.author, v.created_ms, v.deleted, s.seq,"
	    " s.ms, s.replaced"
	    " FROM temp.scan AS s CROSS JOIN versions AS v ON v.hash = s.version"
	    " WHERE s.rank > ?1 ORDER BY s.rank");
	sql_int(&sql, store->scan_rank);
	while (store->scan_read < STORE_SCAN_ROWS && bytes < STORE_SCAN_BYTES) {
		struct journal_row *row = &store->scan_rows[store->scan_read];

		result = sql_row(&sql, call);
		if (result != JOURNAL_OK)
			break;
		if (sql_int_at(&sql, 0) != store->scan_rank + 1 + (int64_t)store->scan_read)
			break; /* the version of the one between is missing */
		scan_row_at(&sql, row);
		bytes += row->encoded.len;
		store->scan_read++;
	}
	if (result == JOURNAL_OK)
		result = sql_finish(&sql, call);
	if (result != JOURNAL_OK && result != JOURNAL_NONE) {
		scan_forget(store);
		return result;
	}
	if (store->scan_read == 0) { /* never the end: an entry left out would look deleted */
		call_sayf(call, "a version is missing from the journal: run `inkseal doctor`");
		return JOURNAL_FAILED;
	}
	return JOURNAL_OK;
}

enum journal_result store_scan_next(void *self, struct call *call, struct journal_row *out)
{
	struct store *store = self;

	if (store->scan_rank >= store->scan_count)
		return JOURNAL_NONE;
	if (store->scan_given == store->scan_read) {
		enum journal_result result;

		scan_forget(store);
		result = scan_read_on(store, call);
		if (result != JOURNAL_OK)
			return result;
	}
	*out = store->scan_rows[store->scan_given++];
	store->scan_rank++;
	return JOURNAL_OK;
}

void store_scan_close(void *self)
{
	struct call call;

	call_init(&call, 0);
	(void)scan_empty(self, &call); /* where it fails, the next scan_open tries again */
}
