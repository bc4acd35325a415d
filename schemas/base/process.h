/*
 * schemas/base/process.h: what both programs ask of the system before they read a secret. In a
 * header alone, since schemas/ itself is compiled without a system beneath it.
 */
#ifndef INKSEAL_PROCESS_H
#define INKSEAL_PROCESS_H

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* A sanitizer traces its own process, which who is not dumpable forbids. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROCESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PROCESS_SANITIZED 1
#endif
#endif
#ifndef PROCESS_SANITIZED
#define PROCESS_SANITIZED 0
#endif

/*
 * No memory of this process goes into a core dump, nor into one that is piped to a program, which
 * no limit of size holds back; and no other process of the same user may look into it. False: the
 * system does not let us.
 */
static inline bool process_keeps_secrets(void)
{
	const struct rlimit none = {0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	       (PROCESS_SANITIZED || prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) == 0);
}

#endif
