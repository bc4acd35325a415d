/*
 * cli/app/import.h: entries from an export file or a folder of Markdown. They are merged by id: the
 * newer one stays, equal or older ones are skipped.
 */
#ifndef INKSEAL_IMPORT_H
#define INKSEAL_IMPORT_H

#include "cli/app/session.h"

struct import_source {      /* one of the two */
	struct view file;   /* what an export file holds, at most PORT_FILE_MAX (port.h) */
	const char *folder; /* of Markdown; NULL: it is the file */
};
struct imported {
	uint64_t added, updated, skipped;
	uint64_t dropped; /* it can't be read, and was said */
};
/* All that can be read, or on any failure nothing. An encrypted file's passphrase is asked for. */
MUST_USE enum code app_import(
    struct session *session, const struct import_source *source, struct imported *out);

#endif
