/*
 * cli/store/store_search.c: the search index, and a person's words as a query of it.
 */
#include "cli/store/store_search.h"
#include "cli/store/store_sql.h"

/*
 * FTS5 gathers postings in memory only while row numbers ascend, and has to be told the old text to
 * forget it. So local_set notes what it moves, and here, at the commit, all old texts go and all
 * new ones come, each in order: a load of 100,000 entries is a few merges instead of 100,000.
 */
enum journal_result store_index(struct store *store, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, store,
	    "INSERT INTO search (search, rowid, title, content)"
	    " SELECT 'delete', u.number, v.title, entry_content(v.encoded)"
	    " FROM temp.unindexed AS u JOIN versions AS v ON v.hash = u.old"
	    " ORDER BY u.number");
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, store,
	    "INSERT INTO search (rowid, title, content)"
	    " SELECT u.number, v.title, entry_content(v.encoded)"
	    " FROM temp.unindexed AS u JOIN entries AS e ON e.number = u.number"
	    " JOIN versions AS v ON v.hash = e.local"
	    " ORDER BY u.number");
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, store, "DELETE FROM temp.unindexed");
	return sql_run(&sql, call);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One word as an FTS5 string, which can hold anything: a quote in it is doubled. */
static void add_word(struct buffer *out, const char *word, size_t len)
{
	bool prefix = false;

	while (len > 0 && word[len - 1] == '*') {
		prefix = true;
		len--;
	}
	if (len == 0)
		return;
	buffer_add_text(out, out->len == 0 ? "\"" : " \"");
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '"')
			buffer_add_byte(out, '"');
		buffer_add(out, &word[i], 1);
	}
	buffer_add_text(out, prefix ? "\"*" : "\"");
}

enum journal_result store_words(const char *match, struct call *call, struct bytes *query_out)
{
	struct buffer query;
	size_t words_count = 0;
	const char *at = match;

	buffer_init(&query, STORE_WORDS_LEN_MAX);
	while (words_count <= STORE_WORDS_MAX) {
		const char *begin;

		while (is_space(*at))
			at++;
		if (*at == '\0')
			break;
		begin = at;
		while (*at != '\0' && !is_space(*at))
			at++;
		add_word(&query, begin, (size_t)(at - begin));
		words_count++;
	}
	if (words_count > STORE_WORDS_MAX || !buffer_take(&query, query_out)) {
		buffer_clear(&query);
		call_sayf(call, "the search is too long: %u words at most", STORE_WORDS_MAX);
		return JOURNAL_FAILED;
	}
	return JOURNAL_OK;
}
