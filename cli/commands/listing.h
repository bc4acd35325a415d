/*
 * cli/commands/listing.h: what list and search print: a table on a terminal, a line an entry
 * elsewhere, a JSON line an entry with --json.
 */
#ifndef INKSEAL_LISTING_H
#define INKSEAL_LISTING_H

#include "cli/app/app.h"
#include "cli/store/store.h"

/* query->limit 0: 50 on a terminal, unless --json; else all. */
MUST_USE enum code listing_print(struct app *app, const struct store_query *query);

#endif
