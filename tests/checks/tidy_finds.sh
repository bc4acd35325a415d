#!/bin/sh
# tidy.sh passes a small project without a fault, and finds each fault that is put into it.
set -eu
tidy=$(pwd)/tests/checks/tidy.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GIT_DIR="$folder/none" # the small project is in no repository
failed=0

# A project of two modules.
good() {
	rm -rf "$folder/project"
	mkdir -p "$folder/project/schemas" "$folder/project/cli/engine" "$folder/project/tests"
	cd "$folder/project"
	printf '%s\n' 'target_sources(schemas PUBLIC FILE_SET HEADERS FILES' '	a.h)' >schemas/CMakeLists.txt
	printf '%s\n' '/*' ' * schemas/a.h: a header.' ' */' '#include <stdint.h>' >schemas/a.h
	printf '%s\n' '/*' ' * cli/engine/b.c: a source.' ' */' '#include "schemas/a.h"' >cli/engine/b.c
	: >README.md
}
# finds WHAT: tidy.sh fails and says WHAT.
finds() {
	if sh "$tidy" >"$folder/out" 2>&1; then
		echo "not found: $1"
		failed=1
	elif ! grep -qF "$1" "$folder/out"; then
		echo "found something else instead of: $1"
		cat "$folder/out"
		failed=1
	fi
	good
}

good
if ! sh "$tidy"; then
	echo "the project without a fault does not pass"
	exit 1
fi
echo '#include "gateway/bucket/bucket.h"' >>cli/engine/b.c
finds 'cli/engine may include only'
echo '#include "cli/engine/b.h"' >>schemas/a.h
finds 'schemas may include only'
echo '#include "a.h"' >>schemas/a.h
finds 'schemas may include only'
mkdir cli/other && printf '%s\n' '/*' ' * cli/other/c.c: a source.' ' */' >cli/other/c.c
finds 'no rule for this folder'
echo '#include <sys/socket.h>' >>schemas/a.h
finds 'no I/O here'
echo 'static void f(void) { printf("x"); }' >>cli/engine/b.c
finds 'no I/O here'
for print in 'printf("%s", title)' 'fprintf(stderr, "%s", title)' 'puts(title)' 'fputs(title, stdout)' \
	'json_dumpf(json, stdout, 0)' 'write(STDOUT_FILENO, title, 1)' 'write(2, title, 1)'; do
	mkdir -p cli/commands
	printf '%s\n' '/*' ' * cli/commands/e.c: a source.' ' */' "void f(void) { $print; }" >cli/commands/e.c
	finds 'print by output.h'
done
printf '%s\n' '/*' ' * schemas/d.h: a header.' ' */' >schemas/d.h
finds 'not in the FILE_SET HEADERS'
echo 'int x;' >schemas/a.h
finds 'what it is for'
printf '/* TO%s: later */\n' DO >>cli/engine/b.c
finds 'finish it, or file an issue'
printf 'See /hom%s/someone/notes.\n' e >README.md
finds 'a path of one machine'
printf 'See /tm%s/notes.\n' p >README.md
finds 'a path of one machine'
printf 'blank \n' >README.md
finds 'blanks at the end of the line'
printf '        int x;\n' >>schemas/a.h
finds 'indent by tabs'
printf 'no end' >README.md
finds 'no newline at its end'
: >notes.txt
finds 'not a place for files'
exit "$failed"
