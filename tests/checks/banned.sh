#!/bin/sh
# banned.sh COMPILER: what schemas/base/banned.h forbids does not compile, and what it does not, does.
set -eu
compiler=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compiles() { # the body of a function
	cat >"$folder/body.c" <<-END
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <time.h>
		int body(char *out, time_t *now);
		int body(char *out, time_t *now) { $1; return out == NULL || now == NULL; }
	END
	"$compiler" -std=c17 -D_POSIX_C_SOURCE=200809L -Wall -Werror -include schemas/base/banned.h \
		-c "$folder/body.c" -o "$folder/body.o" 2>"$folder/errors"
}

if ! compiles 'struct tm day; snprintf(out, 2, "x"); return gmtime_r(now, &day) == NULL'; then
	cat "$folder/errors"
	echo "banned.h forbids what it should not"
	exit 1
fi
failed=0
while IFS= read -r body; do
	if compiles "$body"; then
		echo "compiles: $body"
		failed=1
	elif ! grep -q 'banned here: use' "$folder/errors"; then
		cat "$folder/errors"
		echo "does not compile, but for another reason: $body"
		failed=1
	fi
done <<'END'
gets(out)
strcpy(out, "x")
strcat(out, "x")
sprintf(out, "%d", 1)
strtok(out, "x")
(void)localtime(now)
(void)gmtime(now)
(void)rand()
END
exit "$failed"
