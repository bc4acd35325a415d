/*
 * cli/commands/listing.c: rows of entries, without their content.
 */
#include "cli/commands/listing.h"
#include "cli/app/entries.h"
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/output.h"

#define TERMINAL_ROWS 50u
#define TITLE_COLUMNS 60u
#define ID_SHORT 8u      /* of a UUID: enough to name it */
#define DATE_COLUMNS 10u /* YYYY-MM-DD of any ISO time */

struct listing {
	const struct app *app;
	bool table;
	uint64_t rows_max; /* 0: no end */
	uint64_t rows;
	bool cut; /* there are more */
	bool failed;
};

static bool add_text(json_t *row, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(row, name, json_string(text)) == 0;
}

static bool print_json(const struct store_item *item)
{
	json_t *row = json_object();

	if (row == NULL || !add_text(row, "id", item->id) ||
	    !add_text(row, "collection", item->collection) ||
	    !add_text(row, "title", item->title) || !add_text(row, "createdAt", item->created_at) ||
	    !add_text(row, "updatedAt", item->updated_at) ||
	    !add_text(row, "deletedAt", item->deleted_at) ||
	    !add_text(row, "conflictOf", item->conflict_of) ||
	    json_object_set_new(row, "pending", json_boolean(item->dirty)) != 0 ||
	    !add_text(row, "snippet", item->snippet)) {
		json_decref(row);
		return false;
	}
	return output_json(row);
}

static const char *mark_of(const struct store_item *item)
{
	if (item->conflict_of != NULL)
		return "conflict copy";
	return item->dirty ? "pending" : "";
}

/* Its first columns, and two blanks. */
static void print_field(const char *text, size_t columns)
{
	size_t taken = output_line(view_text(text), columns);

	(void)output_printf("%*s", (int)(columns - taken) + 2, "");
}

static void print_table_row(const struct listing *listing, const struct store_item *item)
{
	print_field(item->id, ID_SHORT);
	print_field(item->created_at, DATE_COLUMNS);
	(void)output_line(view_text(item->title), TITLE_COLUMNS);
	if (item->conflict_of != NULL)
		(void)output_printf("  (conflict copy)");
	(void)output_printf("\n");
	if (item->snippet != NULL && !options_of(listing->app)->quiet) {
		(void)output_printf("%*s", (int)(ID_SHORT + DATE_COLUMNS) + 4, "");
		(void)output_line(view_text(item->snippet), TITLE_COLUMNS * 2);
		(void)output_printf("\n");
	}
}

static bool print_line(const struct store_item *item)
{
	(void)output_line(view_text(item->id), 0);
	(void)output_printf("\t");
	(void)output_line(view_text(item->created_at), 0);
	(void)output_printf("\t");
	(void)output_line(view_text(item->title), 0);
	return output_printf("\t%s\n", mark_of(item));
}

static bool see(void *self, const struct store_item *item)
{
	struct listing *listing = self;

	if (listing->rows_max > 0 && listing->rows == listing->rows_max) {
		listing->cut = true;
		return false;
	}
	listing->rows++;
	if (options_of(listing->app)->json)
		listing->failed = !print_json(item);
	else if (listing->table)
		print_table_row(listing, item);
	else
		listing->failed = !print_line(item);
	return !listing->failed && !system_cancelled();
}

enum code listing_print(struct app *app, const struct store_query *query)
{
	struct listing listing = {.app = app};
	struct store_query asked = *query;
	struct session session = {0};
	enum code code;

	listing.table = !options_of(app)->json && output_is_terminal();
	if (listing.table && asked.limit == 0) {
		listing.rows_max = TERMINAL_ROWS;
		asked.limit = TERMINAL_ROWS + 1; /* to know whether there are more */
	}
	code = session_open(app, SESSION_READ, &session);
	if (code == CODE_OK)
		code = session_list(&session, &asked, see, &listing);
	session_close(&session);
	if (code != CODE_OK)
		return code;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled");
	if (listing.failed)
		return app_fail(app, CODE_ERROR, "the list can't be printed");
	if (listing.cut)
		output_note(app, "and more: --limit N shows them");
	else if (listing.table && listing.rows == 0)
		output_note(app, "nothing here");
	return CODE_OK;
}
