/*
 * tests/sim/sim_item.c: an item of an export file as one of the texts that stand for it. Order of
 * members, white space, a contentHash, and null for what is not there make no other version of it;
 * another spelling of a number does.
 */
#include "schemas/json_scan.h"
#include "tests/sim/sim_person.h"

#define MEMBERS_MAX 9u

struct member {
	const char *name;
	struct view text;   /* a string; data == NULL: */
	const char *source; /* … JSON as it stands */
};

static void put_space(struct sim_random *random, struct buffer *out)
{
	static const char *const spaces[] = {"", "", " ", "\n\t"};

	buffer_add_text(out, spaces[sim_below(random, COUNT_OF(spaces))]);
}

static void put_member(struct sim_random *random, const struct member *member, struct buffer *out)
{
	put_space(random, out);
	json_put_string(out, view_text(member->name));
	put_space(random, out);
	buffer_add_byte(out, ':');
	put_space(random, out);
	if (member->text.data != NULL)
		json_put_string(out, member->text);
	else
		buffer_add_text(out, member->source);
	put_space(random, out);
}

void sim_item_write(
    struct sim_random *random, const struct sim_item_words *words, struct buffer *out)
{
	static const char *const numbers[] = {"[1e3]", "[ 1e3 ]", "[1E3]", "[1000]"};
	struct member members[MEMBERS_MAX] = {
	    {.name = "id", .text = view_text(words->id)},
	    {.name = "title", .text = view_text(words->title)},
	    {.name = "content", .text = words->content},
	    {.name = "createdAt", .text = view_text(words->time)},
	    {.name = "updatedAt", .text = view_text(words->time)},
	    {.name = "n", .source = numbers[sim_below(random, COUNT_OF(numbers))]},
	};
	size_t count = 6;
	size_t first;

	if (sim_one_in(random, 2))
		members[count++] = (struct member){.name = "contentHash",
		    .source = sim_one_in(random, 2) ? "\"0123456789abcdef\"" : "17"};
	if (sim_one_in(random, 2))
		members[count++] = (struct member){.name = "deletedAt", .source = "null"};
	if (sim_one_in(random, 2))
		members[count++] = (struct member){.name = "collection", .source = "\"journal\""};
	first = sim_below(random, count);
	buffer_add_text(out, "[{");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_add_byte(out, ',');
		put_member(random, &members[(first + i) % count], out);
	}
	buffer_add_text(out, "}]");
}
