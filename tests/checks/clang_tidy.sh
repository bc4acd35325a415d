#!/bin/sh
# clang_tidy.sh BUILD: clang-tidy, as .clang-tidy says, over every source that BUILD compiles (a
# folder configured with clang). A source that is as it was when it passed is not looked at again.
set -eu
. tests/checks/lib.sh
need clang-tidy
commands=$1/compile_commands.json
[ -f "$commands" ] || {
	echo "$commands is missing: configure preset clang first" >&2
	exit 2
}
passed=$1/clang-tidy-passed
mkdir -p "$passed"

# What an answer depends on besides the source: all headers, the checks, the flags, the tool.
rest=$({
	clang-tidy --version
	cat .clang-tidy "$commands"
	c_files | grep '\.h$' | xargs cat
} | sha256sum | cut -d ' ' -f 1)

sed -n 's,^ *"file": "\(.*\)"\,\{0\,1\}$,\1,p' "$commands" | grep -v "^$1/" | sort -u |
	while IFS= read -r file; do
		stamp=$(printf '%s\n' "$rest $file" | cat - "$file" | sha256sum | cut -d ' ' -f 1)
		[ -f "$passed/$stamp" ] || printf '%s\0%s\0' "$file" "$passed/$stamp"
	done >"$1/clang-tidy-todo"

# shellcheck disable=SC2016 # the inner shell expands these
xargs -0 -r -n 2 -P 2 sh -c '
	out=$(clang-tidy --quiet -p "$0" "$1" 2>/dev/null) && : >"$2" && exit 0
	printf "%s\n" "$out"
	exit 1' "$1" <"$1/clang-tidy-todo"
