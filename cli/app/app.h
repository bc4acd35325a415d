/*
 * cli/app/app.h: what one run of the program has: clock, randomness, whoever it runs for, and why
 * it failed. A use case of this folder is a function over it, which returns a code and, where that
 * is not CODE_OK, has said why by app_fail. It waits for nobody by itself: questions, remarks and
 * progress go through struct host, files through the home (host_home.h), requests through the
 * remote. So a command, a page's server and a browser, which may wait in each its own way, run the
 * same code.
 */
#ifndef INKSEAL_APP_H
#define INKSEAL_APP_H

#include "schemas/base/base.h"

enum code { /* exit codes: part of what others script on (design, section 10) */
	CODE_OK = 0,
	CODE_ERROR = 1,
	CODE_USAGE = 2,
	CODE_PARTIAL = 3, /* done, but something was left out, and said */
	CODE_NOT_SET_UP = 10,
	CODE_LOCKED = 11,
	CODE_WRONG_KEY = 12,
	CODE_GONE = 13,
	CODE_REVOKED = 14,
	CODE_ROLLBACK = 15,
	CODE_BRAKE = 16,
	CODE_ROOT = 17,
	CODE_CANCELLED = 130,
};
const char *code_name(enum code code); /* as it stands in the JSON of an error */

struct app;
struct host { /* a person, or a program in a person's place; app is the one that asks */
	/* False: confirm and passphrase would fail for want of anybody to ask. */
	bool (*can_ask)(const struct app *app);
	/* CODE_OK: yes. word is what has to be typed for it. Else CODE_CANCELLED, and said. */
	enum code (*confirm)(struct app *app, const char *question, const char *word);
	/* twice: it is a new one. Yours to clear. */
	enum code (*passphrase)(struct app *app, const char *what, bool twice, struct bytes *out);
	void (*note)(struct app *app, const char *line); /* a remark; it may go unheard */
	void (*warn)(struct app *app, const char *line); /* what must be heard */
	void (*progress)(struct app *app, const char *what, uint64_t done, uint64_t all);
	void (*progress_end)(struct app *app);
};

#define APP_HINT_MAX (24u << 10) /* it may hold a few paths, and a command with two */
struct app {                     /* no global state besides */
	const struct host *host;
	struct clock clock;
	struct random random;
	const char *home;             /* a folder; NULL: by the environment */
	bool plain_http;              /* http:// to another machine was dared */
	char error[CALL_MESSAGE_MAX]; /* one sentence; "": none was said */
	char hint[APP_HINT_MAX];      /* what to do about it; "": nothing to add */
};
/* Notes why, and returns code. What was said before is replaced. */
enum code app_fail(struct app *app, enum code code, const char *format, ...) PRINTF_LIKE(3, 4);
void app_hint(struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);
/* One line each. */
void app_note(struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);
void app_warn(struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
