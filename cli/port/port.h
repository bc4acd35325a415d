/*
 * cli/port/port.h: import and export formats. Parsing and writing of bytes in memory and of
 * folders; no store, no engine: entries go out through a callback, and come in through one.
 */
#ifndef INKSEAL_PORT_H
#define INKSEAL_PORT_H

#include "schemas/entry.h"

enum port_result {
	PORT_OK,
	PORT_MALFORMED, /* not the format: call->message says where (line or item) and what to do */
	PORT_PASSPHRASE, /* encrypted and no passphrase was given, or a wrong one, or damaged */
	PORT_TOO_LARGE,
	PORT_IO,      /* a file or folder cannot be read or written */
	PORT_STOPPED, /* a callback said stop */
	PORT_FAILED,  /* no memory */
};

/* Import: each good item as an entry (views valid during the call); each dropped one with a reason.
 */
struct port_sink {
	void *self;
	bool (*entry)(void *self, const struct entry *entry);
	/* where: "item 12", or a file's name. reason: one line. */
	bool (*dropped)(void *self, const char *where, const char *reason);
};
/* Export: the next entry (views valid until the next call), false at the end. */
struct port_source {
	void *self;
	bool (*next)(void *self, struct entry *out, bool *failed_out);
};

#define PORT_FILE_MAX (1u << 30) /* an import file; read whole */

/*
 * MetaDJ Nexus' export file (docs/formats.md): {"type":"metadj-nexus-journal",…}, plain or
 * encrypted (then passphrase is needed; NULL: none given). Lone surrogates, \u0000, duplicate keys,
 * missing or mistyped fields, over-long strings spoil one item, never the file. A bare array of
 * entries is read too. PORT_MALFORMED and PORT_PASSPHRASE come before any item was handed out;
 * PORT_STOPPED and PORT_FAILED may come after some: undo them.
 */
MUST_USE enum port_result metadj_import(
    struct view file, const char *passphrase, const struct port_sink *sink, struct call *call);
/* passphrase NULL: plain. created_at: an ISO time. Written through write (false: stop). */
MUST_USE enum port_result metadj_export(const struct port_source *source, const char *passphrase,
    const char *created_at, const struct random *random,
    bool (*write)(void *self, struct view bytes), void *self, struct call *call);

/*
 * A folder of Markdown files, each with YAML front matter (id, title, createdAt, updatedAt,
 * collection, and what else stands there, kept). Read recursively (*.md), symbolic links not
 * followed. A bad file is dropped; any result but PORT_OK may come after some entries: undo them.
 */
MUST_USE enum port_result markdown_import(const char *folder, const struct random *random,
    const struct clock *clock, const struct port_sink *sink, struct call *call);
/* <folder>/<year>/<date>-<slug>-<id's first 8>.md; the folder is created; files there are replaced.
 * PORT_TOO_LARGE: an entry's unknown members are larger than front matter may be.
 */
MUST_USE enum port_result markdown_export(
    const struct port_source *source, const char *folder, struct call *call, uint64_t *written_out);

#endif
