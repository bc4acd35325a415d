/*
 * cli/app/export.h: writes the live entries of a collection to an export file, which appears whole
 * or not at all, or to a folder of Markdown.
 */
#ifndef INKSEAL_EXPORT_H
#define INKSEAL_EXPORT_H

#include "cli/app/session.h"

struct export_wish {
	const char *collection;
	const char *path;                 /* a file, or of Markdown a folder */
	bool (*write)(struct view bytes); /* NULL: to path; else of a file, and false stops it */
	bool markdown;
	bool encrypt; /* a file, under a passphrase that is asked for */
};
struct exported {
	uint64_t count;
	uint64_t damaged; /* left out, and said */
};
MUST_USE enum code app_export(
    struct session *session, const struct export_wish *wish, struct exported *out);

#endif
