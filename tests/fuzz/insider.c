/*
 * tests/fuzz/insider.c: a device of the account, with all its keys, writes what no device of ours
 * would (tests/attack/member.h). Another device meets it. It is applied, and then the device's
 * state is what its root says, or it is refused; the journal is sound and no edit is lost either
 * way.
 */
#include "tests/attack/member.h"
#include "tests/fuzz/play.h"

#include <stdlib.h>

static struct member member;

static void forget_member(void)
{
	member_close(&member);
}

static void begin(struct play *made)
{
	if (member.state.engine != NULL)
		return;
	member_open(&member, &made->a.engine, &made->b.keys.id);
	assert_true(head_equal(&member.state.facts.public.head, &made->heads[made->log_count]));
	assert_int_equal(atexit(forget_member), 0);
}

static void keep_blob(void *self, const struct blob_name *name, struct view blob)
{
	session_blob(self, name, blob);
}

static void keep_frame(void *self, struct view frame)
{
	session_frame(self, frame);
}

static enum frame_kind kind_of(uint8_t how)
{
	if (how < 0x90)
		return FRAME_PATCH;
	return how < 0xD0 ? FRAME_LOAD : FRAME_SNAPSHOT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session session = {.play = play(), .honest = false};
	struct member_sink sink = {&session, keep_blob, keep_frame};
	struct made_random made = session.play->world.made;
	struct fuzz_script script;
	enum engine_result result;
	uint8_t how;

	begin(session.play);
	fuzz_begin(&script, data, size);
	how = fuzz_byte(&script);
	session.victim = &session.play->victims[how % PLAY_VICTIMS];
	session.script = &script;
	session.count = session.play->log_count;
	member_write(&member, kind_of(how), &script, &sink);
	session.play->world.made = made;
	session_run(&session, &result);
	session_clear(&session);
	return 0;
}
