/*
 * tests/gateway/bucket/bucket_suite.h: what every driver of bucket.h must do, as cmocka cases. A
 * driver's test lists the cases and gives a setup that puts an empty struct bucket into *state.
 */
#ifndef INKSEAL_BUCKET_SUITE_H
#define INKSEAL_BUCKET_SUITE_H

#include "tests/test.h"

#include "gateway/bucket/bucket.h"

extern const struct clock suite_clock;   /* the system's */
extern const struct random suite_random; /* libsodium's */

/* A call that has a minute; the longest case of the suite takes seconds. */
void suite_call(struct call *call);
/* Puts a text and wants OK; the tag it got. */
struct bucket_tag suite_put_text(
    struct bucket *bucket, const char *key, const char *text, enum bucket_if cond);
/* Fails unless text is what stands under key; NULL: nothing may. */
void suite_expect_text(struct bucket *bucket, const char *key, const char *text);
/*
 * For a folder's struct dir_io, instead of a sync: looks that there is something open to be synced.
 * A disk takes its time for one, and no unit test cuts the power: which are asked for, and in which
 * order, is looked at by itself, and tests/crash has a disk that forgets.
 */
int suite_quick_sync(void *self, int fd);
/* A folder and all below it; 0, or it is not gone. */
int suite_remove_tree(const char *path);
/* How many keys begin with prefix. */
size_t suite_count_keys(struct bucket *bucket, const char *prefix);

/* Each call, of a bucket whose calls all fail: not done is said of reads, perhaps of what changes.
 * What is said comes through a wrapper, and no output is set. */
void suite_expect_failures(struct bucket *bucket, enum bucket_result reads,
    enum bucket_result changes, const char *reads_say, const char *changes_say);

void suite_put_then_get(void **state);
void suite_put_if_absent(void **state);
void suite_put_if_tag(void **state);
void suite_get_unless_tag(void **state);
void suite_get_first_bytes(void **state);
void suite_outputs_only_on_success(void **state);
void suite_empty_object(void **state);
void suite_largest_object(void **state);
void suite_refused_keys(void **state);
void suite_accepted_keys(void **state);
void suite_remove(void **state);
void suite_remove_many(void **state);
void suite_list_order(void **state);
void suite_list_prefix_and_after(void **state);
void suite_list_pages(void **state);
void suite_purge_hidden(void **state);
void suite_race_if_absent(void **state);
void suite_race_if_tag(void **state);
void suite_race_increments(void **state);
void suite_probe_passes(void **state);

#endif
