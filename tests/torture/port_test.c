/*
 * tests/torture/port_test.c: the jobs of port_jobs.h with each allocation failing in turn, once or
 * from there on: of our code, or of the libraries (libyaml, GnuTLS, the C library's folders). The
 * result is "no memory", never a fault of the file; what was handed out until then is right, and
 * nothing is left out for want of memory. Then the same without the fault is whole. Leaks are the
 * sanitizer's to find.
 */
#include "tests/torture/fault.h"
#include "tests/torture/port_jobs.h"

#include <stdlib.h>

#define ALLOCATIONS_MAX 20000u

static void fails_at(struct job *job, const struct job_kind *kind, struct fault_turns *turns)
{
	enum port_result result;
	bool failed;

	job_begin(job);
	fault_begin(turns);
	result = kind->run(job);
	failed = fault_end(turns);
	if (result != (failed ? PORT_FAILED : PORT_OK) && !(failed && result == PORT_OK))
		fail_msg("%s, allocation %u: result %d: %s", kind->name, each_at(), (int)result,
		    job->call.message);
	if (result != PORT_OK && job->call.message[0] == '\0')
		fail_msg("%s, allocation %u: a failure without a word", kind->name, each_at());
	if (job->wrong[0] != '\0')
		fail_msg("%s, allocation %u: %s", kind->name, each_at(), job->wrong);
	kind->judge(job, result);
}

static void each_of(const struct job_kind *kind, enum fault_whose whose)
{
	struct job *job = calloc(1, sizeof(*job));
	struct fault_turns turns = {
	    .each = {.of = kind->name, .most = ALLOCATIONS_MAX}, .whose = whose};

	assert_non_null(job);
	job_open(job, kind);
	while (fault_next(&turns))
		fails_at(job, kind, &turns);
	print_message("%s: %u faults\n", kind->name, turns.each.hits);
	job_close(job);
	free(job);
}

/* One case a job and whose memory it is, named test_<whose>_<job>. */
#define CASE(name, job, whose) \
	static void name(void **state) \
	{ \
		(void)state; \
		each_of(&(job), whose); \
	}

CASE(test_ours_metadj_import, job_metadj_import, FAULT_OURS)
CASE(test_ours_metadj_import_sealed, job_metadj_import_sealed, FAULT_OURS)
CASE(test_ours_metadj_export, job_metadj_export, FAULT_OURS)
CASE(test_ours_metadj_export_sealed, job_metadj_export_sealed, FAULT_OURS)
CASE(test_ours_markdown_import, job_markdown_import, FAULT_OURS)
CASE(test_ours_markdown_export, job_markdown_export, FAULT_OURS)
CASE(test_libraries_metadj_import_sealed, job_metadj_import_sealed, FAULT_LIBRARIES)
CASE(test_libraries_metadj_export_sealed, job_metadj_export_sealed, FAULT_LIBRARIES)
CASE(test_libraries_markdown_import, job_markdown_import, FAULT_LIBRARIES)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_ours_metadj_import, each_tell),
    cmocka_unit_test_teardown(test_ours_metadj_import_sealed, each_tell),
    cmocka_unit_test_teardown(test_ours_metadj_export, each_tell),
    cmocka_unit_test_teardown(test_ours_metadj_export_sealed, each_tell),
    cmocka_unit_test_teardown(test_ours_markdown_import, each_tell),
    cmocka_unit_test_teardown(test_ours_markdown_export, each_tell),
    cmocka_unit_test_teardown(test_libraries_metadj_import_sealed, each_tell),
    cmocka_unit_test_teardown(test_libraries_metadj_export_sealed, each_tell),
    cmocka_unit_test_teardown(test_libraries_markdown_import, each_tell),
};

TEST_MAIN(tests)
