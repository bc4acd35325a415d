/*
 * tests/torture/port_jobs.h: a small journal out of and into each format of cli/port, as jobs that
 * can be run while allocations fail, and be judged afterwards.
 */
#ifndef INKSEAL_PORT_JOBS_H
#define INKSEAL_PORT_JOBS_H

#include "tests/cli/port/port_fixture.h"

#define JOB_WRITTEN_MAX (64u << 10)

struct job {
	struct journal_fixture journal;      /* what an export gets */
	struct entry *given;                 /* journal's, decoded */
	size_t given_count;                  /* of this run */
	struct journal_fixture wanted;       /* what an import gives */
	struct entry *entries;               /* wanted's, decoded */
	struct bytes file;                   /* what an import reads, an export writes */
	char *folder;                        /* likewise */
	const char *passphrase;              /* NULL: plain */
	size_t entries_count, dropped_count; /* of this run, as those below */
	uint8_t written[JOB_WRITTEN_MAX];
	size_t written_len;
	char wrong[256]; /* "": nothing is, so far */
	struct call call;
};

struct job_kind {
	const char *name;
	const char *passphrase;
	void (*prepare)(struct job *job);
	/* Allocates and asserts nothing itself; compares what is handed out with what is wanted. */
	enum port_result (*run)(struct job *job);
	void (*judge)(struct job *job, enum port_result result); /* what that left behind */
};
extern const struct job_kind job_metadj_import, job_metadj_import_sealed, job_metadj_export,
    job_metadj_export_sealed, job_markdown_import, job_markdown_export;

void job_open(struct job *job, const struct job_kind *kind);
void job_close(struct job *job);
void job_begin(struct job *job); /* before each run */

#endif
