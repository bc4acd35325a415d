/*
 * tests/fuzz/driver.c: a main for a target where there is no libFuzzer: runs the files and folders
 * it is given, then seeded mutations of them. `TARGET [--mutations N] [--seed N] [--keep FILE]
 * PATH...`. The same arguments run the same inputs. The input under way stands in FILE (the
 * target's name and ".input" in this folder), which is removed at the end: what a crash leaves is
 * the input that crashes. Other inputs are at most INPUT_MAX bytes, a few thousand files at most.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX (64u << 10) /* larger ones are run as they are, but not changed */
#define FILE_MAX (8u << 20)
#define FILES_MAX 8192u
#define CHANGES_MAX 8u /* of one mutation */

static struct bytes files[FILES_MAX];
static size_t files_count;
static uint64_t state;
static const char *keep;
static int keep_fd = -1;
static unsigned long long runs;

static _Noreturn void stop(const char *what, const char *which)
{
	(void)fprintf(stderr, "%s: %s\n", which, what);
	exit(2);
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next(void)
{
	uint64_t value = state += 0x9E3779B97F4A7C15u;

	value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
	value = (value ^ value >> 27) * 0x94D049BB133111EBu;
	return value ^ value >> 31;
}

static size_t below(size_t count)
{
	return (size_t)(next() % count);
}

static void read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buffer buffer;
	uint8_t piece[4096];
	size_t len;

	if (file == NULL)
		stop("cannot be opened", path);
	buffer_init(&buffer, FILE_MAX);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_add(&buffer, piece, len);
	(void)fclose(file);
	if (files_count == FILES_MAX)
		stop("too many files", path);
	if (!buffer_take(&buffer, &files[files_count]))
		stop("too large", path);
	files_count++;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

/* In order of their names, so that a run repeats everywhere. */
static void read_folder(const char *path)
{
	static char *names[FILES_MAX];
	DIR *folder = opendir(path);
	const struct dirent *item;
	size_t count = 0;
	char whole[4096];

	if (folder == NULL)
		stop("cannot be read", path);
	while ((item = readdir(folder)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		if (count == FILES_MAX || (names[count] = strdup(item->d_name)) == NULL)
			stop("too many files", path);
		count++;
	}
	(void)closedir(folder);
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (snprintf(whole, sizeof(whole), "%s/%s", path, names[i]) >= (int)sizeof(whole))
			stop("a path is too long", path);
		read_file(whole);
		free(names[i]);
	}
}

static void read_path(const char *path)
{
	struct stat about;

	if (stat(path, &about) != 0)
		stop("is not there", path);
	if (S_ISDIR(about.st_mode))
		read_folder(path);
	else
		read_file(path);
}

static void keep_input(struct view input)
{
	if (ftruncate(keep_fd, 0) != 0 ||
	    pwrite(keep_fd, input.data, input.len, 0) != (ssize_t)input.len)
		stop("cannot be written", keep);
}

/* In a block of exactly its length, so that a read past its end is seen. */
static void run(struct view input)
{
	uint8_t *copy = malloc(input.len == 0 ? 1 : input.len);

	if (copy == NULL)
		stop("no memory", "driver");
	if (input.len > 0)
		memcpy(copy, input.data, input.len);
	keep_input(input);
	(void)LLVMFuzzerTestOneInput(copy, input.len);
	free(copy);
	runs++;
}

static const uint8_t telling[] = {0x00, 0x01, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1F, 0x20, 0x40, 0x5F,
    0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xF6, 0xF7, 0xFB, 0xFE, 0xFF};

static void change_byte(uint8_t *byte)
{
	switch (below(3)) {
	case 0: *byte ^= (uint8_t)(1u << below(8)); break;
	case 1: *byte = telling[below(sizeof(telling))]; break;
	default: *byte = (uint8_t)next(); break;
	}
}

/* Cuts a piece of other out and puts it into what is there, over it or between. */
static size_t splice(uint8_t *input, size_t len, struct view other)
{
	size_t from = other.len == 0 ? 0 : below(other.len);
	size_t piece = other.len == 0 ? 0 : 1 + below(other.len - from);
	size_t at = below(len + 1);
	bool over = below(2) == 0;

	if (piece > INPUT_MAX - (over ? at : len))
		piece = INPUT_MAX - (over ? at : len);
	if (piece == 0)
		return len;
	if (!over)
		memmove(input + at + piece, input + at, len - at);
	memcpy(input + at, other.data + from, piece);
	if (over)
		return at + piece > len ? at + piece : len;
	return len + piece;
}

static size_t mutate(uint8_t *input, size_t len)
{
	for (size_t changes = 1 + below(CHANGES_MAX); changes > 0; changes--) {
		size_t kind = below(8);

		if (kind < 4 && len > 0) {
			change_byte(&input[below(len)]);
		} else if (kind == 4 && len > 0) { /* without a piece */
			size_t at = below(len);
			size_t piece = 1 + below(len - at);

			memmove(input + at, input + at + piece, len - at - piece);
			len -= piece;
		} else if (kind == 5 && len < INPUT_MAX) { /* with one byte more */
			size_t at = below(len + 1);

			memmove(input + at + 1, input + at, len - at);
			input[at] = 0;
			change_byte(&input[at]);
			len++;
		} else if (kind == 6 && len > 0 && changes == 1) { /* cut off */
			len = below(len);
		} else {
			len = splice(input, len, view_bytes(&files[below(files_count)]));
		}
	}
	return len;
}

static void run_mutations(unsigned long count)
{
	static uint8_t input[INPUT_MAX];

	for (unsigned long i = 0; i < count && files_count > 0; i++) {
		const struct bytes *file = &files[below(files_count)];
		size_t len = file->len < INPUT_MAX ? file->len : 0;

		if (len > 0)
			memcpy(input, file->data, len);
		run(view_of(input, mutate(input, len)));
	}
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	unsigned long mutations = 0;
	char own[256];

	name = name == NULL ? argv[0] : name + 1;
	(void)snprintf(own, sizeof(own), "%s.input", name);
	keep = own;
	state = 1;
	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
			mutations = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			state = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc)
			keep = argv[++i];
		else
			read_path(argv[i]);
	}
	keep_fd = open(keep, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (keep_fd < 0)
		stop("cannot be written", keep);
	run((struct view){0});
	for (size_t i = 0; i < files_count; i++)
		run(view_bytes(&files[i]));
	run_mutations(mutations);
	(void)close(keep_fd);
	(void)unlink(keep);
	for (size_t i = 0; i < files_count; i++)
		bytes_clear(&files[i]);
	(void)printf("%s: %llu inputs, %zu of them from files\n", name, runs, files_count);
	return 0;
}
