#!/bin/sh
# commands.sh BUILD: cli/commands parses options, calls cli/app, prints. Its objects in that build name
# no symbol of the layers below cli/app, nor of SQLite or libcurl: what a page or a browser needs too
# stands in cli/app.
set -eu
build=$1
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

for layer in engine store remote port; do
	nm --defined-only --extern-only --format=just-symbols "$build/cli/$layer/lib$layer.a"
done 2>/dev/null | grep -v ':$' | sort -u >"$scratch/below"
nm --undefined-only --format=just-symbols "$build/cli/commands/libcommands.a" 2>/dev/null |
	grep -v ':$' | sort -u >"$scratch/named"
if [ ! -s "$scratch/below" ] || ! grep -q '^app_' "$scratch/named"; then
	echo "nm says nothing about the libraries in $build"
	exit 1
fi
{
	comm -12 "$scratch/below" "$scratch/named"
	grep -E '^(sqlite3|curl)_' "$scratch/named" || true
} | sed 's/$/ is named by cli\/commands: it belongs behind cli\/app/' >"$scratch/found"
cat "$scratch/found"
[ ! -s "$scratch/found" ]
