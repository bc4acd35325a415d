/*
 * tests/fuzz/hostile.c: a device syncs with a gateway that answers what the input says: frames and
 * blobs swapped, changed, left out and repeated, false heads, false claims, failures at any want.
 * It holds no key. Whatever it does, the device is at a place of the log that there is, with the
 * state that belongs there, its journal is sound, and none of its edits is lost.
 */
#include "tests/fuzz/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session session = {.play = play(), .honest = true};
	struct fuzz_script script;
	enum engine_result result;
	uint8_t how;

	fuzz_begin(&script, data, size);
	how = fuzz_byte(&script);
	session.victim = &session.play->victims[how % PLAY_VICTIMS];
	session.far_behind = (how & 0x80u) != 0;
	session.script = &script;
	session.count = session.play->log_count;
	session_run(&session, &result);
	session_clear(&session);
	return 0;
}
