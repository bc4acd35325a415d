/*
 * cli/port/front_matter.h: the YAML between two lines of "---" at the head of a Markdown file.
 * Read by libyaml's events into a flat list of members: a scalar as its text, and any value as the
 * compact JSON it stands for. Written so that reading gives back exactly the entry's texts and the
 * JSON source of its unknown members (README.md, "Front matter").
 */
#ifndef INKSEAL_FRONT_MATTER_H
#define INKSEAL_FRONT_MATTER_H

#include "cli/port/port.h"

/* Unknown members may be far larger than a person's front matter: 64 KiB would not hold them. */
#define FRONT_MATTER_MAX (1u << 20)
#define FRONT_ITEMS_MAX (EXTRA_COUNT_MAX + 16u) /* the unknown ones and those we know */
#define FRONT_REASON_MAX 128u

struct front_item {
	struct bytes name;
	struct bytes text; /* a scalar's; data == NULL: it is no scalar */
	struct bytes json; /* passed by json_check_member */
};
struct front {
	struct front_item items[FRONT_ITEMS_MAX];
	size_t count;
};

/*
 * Cuts file into what stands between the "---" lines and what follows, without the one blank line
 * that front_matter_write puts there. No front matter: *yaml_out has data == NULL, *body_out is
 * all. A byte order mark is taken off before.
 */
void front_matter_split(struct view file, struct view *yaml_out, struct view *body_out);

enum front_result {
	FRONT_OK,
	FRONT_REFUSED, /* reason says why, in one line without the text itself */
	FRONT_NO_MEMORY,
};
/* *out is {0} before; clear it afterwards whatever the result was. */
MUST_USE enum front_result front_matter_read(
    struct view yaml, struct front *out, char reason[FRONT_REASON_MAX]);
void front_clear(struct front *front);

/* The front matter of an entry, with both "---" lines and the blank line. */
void front_matter_write(const struct entry *entry, struct buffer *out);

#endif
