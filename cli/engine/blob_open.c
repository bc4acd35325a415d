/*
 * cli/engine/blob_open.c: what was fetched, opened: blobs by the machine, which knows all epochs'
 * keys; segments also ahead of it, on a thread of the driver's, with the one key that most are
 * under.
 */
#include "cli/engine/blob_open.h"
#include "cli/engine/compress.h"
#include "cli/engine/result.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

/* Is it the blob that is named, of that kind, of that account? */
static enum format_result blob_check(const struct blob_name *name, const struct account_id *account,
    enum blob_kind kind, struct view encoded, struct blob_name *names_out, struct blob *out)
{
	struct digest hash;
	enum format_result result;

	blob_hash(encoded, &hash);
	if (!digest_equal(&hash, &name->hash))
		return FORMAT_FORGED;
	result = blob_decode(encoded, names_out, out);
	if (result == FORMAT_OK &&
	    (out->header.kind != kind || !account_equal(&out->header.account, account)))
		result = FORMAT_FORGED;
	return result;
}

static enum format_result blob_unpack(
    const struct epoch_key *key, const struct blob *blob, size_t plain_max, struct bytes *plain_out)
{
	struct bytes packed = {0};
	enum format_result result = open_blob(key, blob, &packed);

	if (result == FORMAT_OK)
		result = compress_unpack(view_bytes(&packed), plain_max, plain_out);
	bytes_clear(&packed);
	return result;
}

enum engine_result blob_open_plain(struct replica *replica, const struct blob_name *name,
    struct view encoded, enum blob_kind kind, size_t plain_max, struct blob_name *names_out,
    size_t *names_count_out, size_t *losers_count_out, struct bytes *plain_out)
{
	const struct epoch_key *key;
	struct blob blob;
	enum engine_result result;
	enum format_result opened =
	    blob_check(name, &replica->facts.public.account, kind, encoded, names_out, &blob);

	if (opened == FORMAT_OK) {
		result = replica_key(replica, blob.header.epoch, &key);
		if (result != ENGINE_OK)
			return result;
		opened = blob_unpack(key, &blob, plain_max, plain_out);
	}
	if (opened != FORMAT_OK) {
		call_sayf(replica->call,
		    "a blob of the account cannot be read: %s; nothing was changed",
		    format_result_text(opened));
		return engine_of_format(opened);
	}
	if (names_count_out != NULL)
		*names_count_out = blob.header.names_count;
	if (losers_count_out != NULL)
		*losers_count_out = blob.header.losers_count;
	return ENGINE_OK;
}

static enum format_result read_rows(struct opening *opening)
{
	struct cbor_reader reader;
	struct row *rows;
	size_t count;
	enum format_result result;

	cbor_read(&reader, view_bytes(&opening->plain));
	count = cbor_array(&reader, ROWS_COUNT_MAX);
	if (reader.result != FORMAT_OK || count != opening->rows_count)
		return FORMAT_MALFORMED;
	rows = calloc(count + 1, sizeof(*rows));
	if (rows == NULL)
		return FORMAT_NO_MEMORY;
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		row_read(&reader, false, &rows[i]);
		if (reader.result == FORMAT_OK)
			root_add(&opening->sum, rows[i].id, &rows[i].version);
	}
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		opening->rows = rows;
	else
		free(rows);
	return result;
}

enum format_result opening_read(struct opening *opening, struct bytes *plain)
{
	struct digest hash;
	enum format_result result = FORMAT_FORGED;

	opening->plain = *plain;
	opening->sum = (struct root_sum){0};
	*plain = (struct bytes){0};
	run_hash(&opening->key, view_bytes(&opening->plain), &hash);
	if (digest_equal(&hash, &opening->run_hash))
		result = read_rows(opening);
	if (result != FORMAT_OK)
		bytes_clear(&opening->plain);
	return result;
}

void opening_free(struct opening *opening)
{
	if (opening == NULL)
		return;
	bytes_clear(&opening->plain);
	free(opening->rows);
	sodium_memzero(&opening->key, sizeof(opening->key));
	free(opening);
}

/* Whatever is wrong with it, sync_got finds too, and says. */
void sync_open(struct sync_want *want, struct view blob)
{
	struct opening *opening = want->opening;
	struct bytes plain = {0};
	struct blob decoded;
	enum format_result result;

	if (opening == NULL || opening->rows != NULL)
		return;
	result = blob_check(&opening->name, &opening->account, BLOB_SEGMENT, blob, NULL, &decoded);
	if (result != FORMAT_OK || decoded.header.epoch != opening->epoch)
		return;
	result = blob_unpack(&opening->key, &decoded, SEGMENT_PLAIN_MAX + 16, &plain);
	if (result == FORMAT_OK)
		result = opening_read(opening, &plain);
	assert((result == FORMAT_OK) == (opening->rows != NULL));
}
