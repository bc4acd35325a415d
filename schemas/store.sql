-- schemas/store.sql: the local journal's file, version 1 (cli/store, design section 8).
-- It is read whole into the program at build time and run once, in one transaction, on an empty
-- file; later versions add a script of their own. Digests are 32 bytes (schemas/format.h), device
-- ids 16, times milliseconds since 1970 unless their name ends in _at (text, as it came).
-- References are kept by the program and checked by `inkseal doctor`, not by foreign keys: a
-- pulled frame moves 100,000 of them at a time.
PRAGMA application_id = 0x496e6b73; -- "Inks"

-- Versions of entries: immutable, found by hash. The columns before `encoded` are read from it
-- once, when it is put, so that lists and orders touch no entry's text.
CREATE TABLE versions (
	hash        BLOB NOT NULL UNIQUE,
	id          TEXT NOT NULL,
	created_ms  INTEGER NOT NULL,
	updated_ms  INTEGER NOT NULL,
	deleted     INTEGER NOT NULL, -- 1: a tombstone
	conflict    INTEGER NOT NULL, -- 1: a conflict copy
	collection  TEXT NOT NULL,
	title       TEXT NOT NULL,
	created_at  TEXT NOT NULL,
	updated_at  TEXT NOT NULL,
	deleted_at  TEXT,             -- NULL: live
	conflict_of TEXT,             -- NULL: no conflict copy
	encoded     BLOB NOT NULL     -- schemas/entry.cddl
) STRICT;

-- Entries: which version of each is what (cli/engine/journal.h). NULL: none; a row with three
-- NULLs is removed. A number is never used again: the search index goes by it.
CREATE TABLE entries (
	number     INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT NOT NULL UNIQUE,
	local      BLOB,
	base       BLOB,
	cloud      BLOB,
	author     BLOB,                       -- who made the cloud version
	cloud_seq  INTEGER NOT NULL DEFAULT 0, -- the frame that brought it
	cloud_ms   INTEGER NOT NULL DEFAULT 0, -- that frame's time
	created_ms INTEGER,                    -- these three repeat the local version's
	deleted    INTEGER,
	conflict   INTEGER
) STRICT;
CREATE INDEX entries_order ON entries (deleted, created_ms, id) WHERE local IS NOT NULL;
-- To be pushed. Without a local version there is nothing to push: absence is never deletion.
CREATE INDEX entries_dirty ON entries (id) WHERE local IS NOT NULL AND local IS NOT cloud;
-- To be judged: the cloud version has moved and the base has not followed.
CREATE INDEX entries_unsettled ON entries (id) WHERE base IS NOT cloud;
-- Tombstones: a purge goes through them by id, whatever the journal's size.
CREATE INDEX entries_trash ON entries (id) WHERE deleted = 1 AND local IS NOT NULL;
CREATE INDEX entries_conflicts ON entries (id) WHERE conflict = 1 AND deleted = 0;

-- The search index over every local version, tombstones too (the trash is searched as well). It
-- holds no text of its own: snippets are read through this view. entry_content() is the
-- program's; without it (in another SQLite shell) everything but the search can be read.
CREATE VIEW search_text AS
	SELECT entries.number AS number, versions.title AS title,
		entry_content(versions.encoded) AS content
	FROM entries JOIN versions ON versions.hash = entries.local;
CREATE VIRTUAL TABLE search USING fts5 (title, content,
	content = 'search_text', content_rowid = 'number',
	tokenize = "unicode61 remove_diacritics 2");
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(4.0, 1.0)'); -- a title weighs four times
-- Bytes of postings that a transaction gathers before it writes them: 1 MiB, the default, makes a
-- first pull of 10,000 entries merge them over and over.
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);

-- Why a version stood in an entry, oldest first. kind: enum history_kind, from 0.
CREATE TABLE history (
	number  INTEGER PRIMARY KEY,
	id      TEXT NOT NULL,
	version BLOB NOT NULL,
	author  BLOB NOT NULL,
	kind    INTEGER NOT NULL,
	at_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX history_by_id ON history (id, number);

-- What happened, for people. kind: enum activity_kind, from 0. No title, no text.
CREATE TABLE activity (
	number INTEGER PRIMARY KEY,
	at_ms  INTEGER NOT NULL,
	kind   INTEGER NOT NULL,
	id     TEXT, -- NULL: not about one entry
	detail TEXT NOT NULL
) STRICT;

-- Frames of ours, stored before they are sent, and the versions each carries.
CREATE TABLE sent (
	number INTEGER PRIMARY KEY,
	frame  BLOB NOT NULL UNIQUE,
	seq    INTEGER NOT NULL
) STRICT;
CREATE TABLE sent_versions (
	sent    INTEGER NOT NULL, -- sent.number: a first push has 100,000 of these rows
	id      TEXT NOT NULL,
	version BLOB NOT NULL,
	PRIMARY KEY (sent, id)
) STRICT, WITHOUT ROWID;

-- Versions that lost a conflict here, until a patch has carried them.
CREATE TABLE losers (
	id      TEXT NOT NULL,
	version BLOB NOT NULL,
	author  BLOB NOT NULL,
	PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- Segments known to be in the cloud, by what they hold.
CREATE TABLE segments (
	run_hash   BLOB NOT NULL PRIMARY KEY,
	name_count INTEGER NOT NULL,
	name_hash  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A snapshot being taken, until the whole has given its root.
CREATE TABLE staged (
	id      TEXT NOT NULL PRIMARY KEY,
	version BLOB NOT NULL,
	author  BLOB NOT NULL,
	deleted INTEGER NOT NULL, -- 1: a tombstone, whose place comes next
	seq     INTEGER NOT NULL, -- 0: the frame's that is taken, and so its time
	time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last frame seen of each device.
CREATE TABLE devices (
	device  BLOB NOT NULL PRIMARY KEY,
	seq     INTEGER NOT NULL,
	time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The engine's named values: cursor, state root, roster, cached manifest.
CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT;

PRAGMA user_version = 1;
