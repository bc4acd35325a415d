#!/bin/sh
# told.sh PROGRAM: what somebody is told who is here for the first time, where it goes wrong. PROGRAM
# is any of the cmocka programs.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# told WHAT COMMAND...: the command fails, and what it says holds that, and nothing of CMake's.
told() {
	what=$1
	shift
	if "$@" >"$folder/out" 2>&1 </dev/null; then
		echo "succeeds: $*"
	elif ! grep -qF -e "$what" "$folder/out" || grep -q 'CMake' "$folder/out"; then
		echo "is not told \"$what\": $*"
	else
		return 0
	fi
	cat "$folder/out"
	failed=1
}

# A name that no test has: none is run, and that is no success.
told 'no test here is named nobody' "$program" nobody
told 'no test here is named *nobody?' "$program" '*nobody?'
told 'usage:' "$program" one other
name=$("$program" nobody 2>&1 | sed -n '2s/^ *//p')
for pattern in "$name" "?${name#?}" "*" "${name%?}*"; do
	if ! "$program" "$pattern" >"$folder/out" 2>&1 ||
		! grep -q "\[ RUN      \] $name\$" "$folder/out"; then
		echo "$pattern does not run $name"
		failed=1
	fi
done

# A build that cannot be written, and be it that build is a file, which stops root as well.
cp -r scripts tests/mutants "$folder"
mkdir "$folder/tests" "$folder/cli" "$folder/schemas"
mv "$folder/mutants" "$folder/tests"
: >"$folder/schemas/a.c"
: >"$folder/build"
for script in 'test --fast' 'quickstart tests' mutants; do
	# shellcheck disable=SC2086 # a command and its arguments
	(cd "$folder" && told 'cannot be written' scripts/$script; exit "$failed") || failed=1
done
exit "$failed"
