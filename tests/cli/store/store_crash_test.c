/*
 * Kill -9 at random moments: a child edits, one transaction each, and tells a pipe the number of
 * every edit that commit has acknowledged. Killed, its journal must open, be sound, and hold all of
 * them (I1). This does not lose what the kernel holds: only the process dies, not the machine.
 */
#include "tests/cli/store/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 48
#define FRESH_EVERY 12 /* kills: then a new file, so that creation is hit too */
#define DELAY_MS_MAX 250u
#define ENTRIES 40u /* edits go round over so many entries */
#define FILL 3000u  /* bytes of an entry: checkpoints come often */

/* A small generator of our own: the same delays for the same seed everywhere. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void sleep_us(uint32_t us)
{
	struct timespec left = {.tv_sec = us / 1000000u, .tv_nsec = (long)(us % 1000000u) * 1000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* The nth edit; what it writes follows from n alone. */
static void edit(struct fixture *fixture, uint32_t n)
{
	static const struct device_id author = {{1}};
	static char content[FILL + 1];
	char id[32];
	struct digest version;

	(void)snprintf(id, sizeof(id), "entry-%u", (unsigned)(n % ENTRIES));
	memset(content, 'a' + (int)(n % 26), FILL);
	(void)snprintf(content, sizeof(content), "edit %u", (unsigned)n);
	content[strlen(content)] = ' ';
	version = put_local(fixture, &(struct words){.id = id, .content = content});
	assert_ok(fixture, fixture->journal.ops->history_add(fixture->store, view_text(id),
			       &version, &author, HISTORY_EDIT, n, &fixture->call));
}

static void child_main(const char *path, uint32_t first, int pipe_fd)
{
	struct fixture fixture = {0};

	call_init(&fixture.call, 1000);
	if (store_open(path, &store_options_disk, &fixture_clock, &fixture.call, &fixture.store) !=
	    JOURNAL_OK)
		_exit(3);
	fixture.journal = store_journal(fixture.store);
	for (uint32_t n = first;; n++) {
		begin(&fixture);
		edit(&fixture, n);
		commit(&fixture);
		if (write(pipe_fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
			_exit(4);
	}
}

/* Lets a child edit from `first` on until it is killed. The last number acknowledged, or first - 1.
 */
static uint32_t run_and_kill(const char *path, uint32_t first, uint32_t delay_us)
{
	uint32_t acknowledged = first - 1;
	uint32_t n;
	int ends[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		child_main(path, first, ends[1]);
	}
	assert_int_equal(close(ends[1]), 0);
	sleep_us(delay_us);
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(ends[0], &n, sizeof(n)) == (ssize_t)sizeof(n)) {
		assert_int_equal(n, acknowledged + 1);
		acknowledged = n;
	}
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return acknowledged;
}

struct edits {
	uint32_t next;
	uint32_t count;
};

static bool see_edit(void *self, const struct store_history *row)
{
	struct edits *edits = self;

	assert_int_equal(row->at_ms, edits->next);
	edits->next += ENTRIES;
	edits->count++;
	return true;
}

/* All edits from 0 to the last acknowledged one are there, in order; at most one more is. The next
 * number to use. */
static uint32_t check_all(struct fixture *fixture, uint32_t acknowledged_count)
{
	uint32_t count = 0;

	assert_ok(fixture, store_check(fixture->store, &fixture->call));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		struct edits edits = {.next = i};
		char id[32];

		(void)snprintf(id, sizeof(id), "entry-%u", (unsigned)i);
		assert_ok(fixture,
		    store_history(fixture->store, view_text(id), see_edit, &edits, &fixture->call));
		count += edits.count;
		if (edits.count > 0) { /* the last is what the person sees */
			struct bytes encoded = {0};
			struct digest local = get_entry(fixture, id).local;
			struct entry entry;
			char want[32];

			assert_ok(fixture, fixture->journal.ops->version_get(
					       fixture->store, &local, &fixture->call, &encoded));
			assert_int_equal(entry_decode(view_bytes(&encoded), &entry), FORMAT_OK);
			(void)snprintf(
			    want, sizeof(want), "edit %u ", (unsigned)(edits.next - ENTRIES));
			assert_memory_equal(entry.content.data, want, strlen(want));
			bytes_clear(&encoded);
		}
	}
	assert_in_range(count, acknowledged_count, acknowledged_count + 1);
	return count;
}

static void test_killed_at_any_moment(void **state)
{
	struct fixture *fixture = *state;
	const char *wish = getenv("INKSEAL_SEED");
	uint32_t seed = wish == NULL ? 20261124u : (uint32_t)strtoul(wish, NULL, 10);
	uint32_t next = 0;
	uint32_t total = 0;
	uint32_t with_edits = 0;

	print_message("seed %u\n", (unsigned)seed);
	store_close(fixture->store);
	fixture->store = NULL;
	for (int i = 0; i < KILLS; i++) {
		uint32_t done;

		if (i % FRESH_EVERY == 0) {
			(void)snprintf(fixture->path, sizeof(fixture->path), "%s/journal-%d.db",
			    fixture->folder, i);
			next = 0;
		}
		done = 1 + run_and_kill(
			       fixture->path, next, next_random(&seed) % (DELAY_MS_MAX * 1000u));
		total += done - next;
		with_edits += done > next;
		fixture_reopen(fixture);
		next = check_all(fixture, done);
		store_close(fixture->store);
		fixture->store = NULL;
	}
	print_message("%u edits acknowledged over %d kills\n", (unsigned)total, KILLS);
	assert_true(with_edits >= KILLS / 4); /* else the test shows nothing */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(test_killed_at_any_moment),
};

TEST_MAIN(tests)
