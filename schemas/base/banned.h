/*
 * schemas/base/banned.h: functions that do not compile here. Every source is compiled with
 * -include of this file. It declares each function once more, as deprecated, and warnings are
 * errors; macros and #pragma GCC poison would break the system headers that come after it. It
 * includes nothing but time_t, so that a header that forgets an include is still found out.
 */
#ifndef INKSEAL_BANNED_H
#define INKSEAL_BANNED_H

#if defined __has_include && __has_include(<bits/types/time_t.h>)
#include <bits/types/time_t.h> /* glibc's: time_t alone */
#else
#include <time.h>
#endif

#define BANNED(why) __attribute__((deprecated("banned here: " why)))

struct tm;

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are reserved. */
/* They write without knowing how much room there is. */
char *gets(char *out) BANNED("use getline");
char *strcpy(char *restrict out, const char *restrict text) BANNED("use memcpy with a length");
char *strcat(char *restrict out, const char *restrict text) BANNED("use struct buffer");
int sprintf(char *restrict out, const char *restrict format, ...) BANNED("use snprintf");
/* They answer from one static buffer, whichever thread asks. */
char *strtok(char *restrict text, const char *restrict delimiters) BANNED("use strtok_r");
struct tm *localtime(const time_t *time) BANNED("use localtime_r");
struct tm *gmtime(const time_t *time) BANNED("use gmtime_r");
/* Anybody can guess it, and it hides from the simulator's seed. */
int rand(void) BANNED("use struct random");
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

#undef BANNED
#endif
