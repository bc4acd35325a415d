#!/bin/sh
# circles.sh BUILD: in the folders named here no file needs itself by way of others. A .c and its .h are
# one; it needs what it includes, and what defines a symbol that its object leaves undefined.
set -eu
build=$1
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
status=0

# "FILE NEEDED", by names without folder and ending.
by_includes() {
	grep -Ho "^#include \"$1/[a-z_0-9]*\.h\"" "$1"/*.[ch] |
		sed "s,^$1/\([a-z_0-9]*\)\.[ch]:.*/\([a-z_0-9]*\)\.h\"\$,\1 \2,"
}
by_symbols() {
	nm --print-file-name "$build/$1/lib$(basename "$1").a" |
		sed -n 's,^[^:]*:\([a-z_0-9]*\)\.c\.o: *[0-9a-f]* \([A-Z]\) \([^ ]*\)$,\1 \2 \3,p' |
		awk '$2 == "U" { wants[$3] = wants[$3] " " $1; next } { owner[$3] = $1 }
			END {
				for (symbol in wants)
					if (symbol in owner)
						for (i = split(wants[symbol], who, " "); i > 0; i--)
							print who[i], owner[symbol]
			}'
}

for folder in gateway/account gateway/http gateway/daemon; do
	{
		by_includes "$folder"
		by_symbols "$folder"
	} | awk '$1 != $2' | sort -u >"$scratch/needs"
	if [ ! -s "$scratch/needs" ]; then
		echo "$folder: nothing needs anything, says nm"
		status=1
	fi
	if ! tsort "$scratch/needs" >/dev/null 2>"$scratch/loops"; then
		sed -n "s,^tsort: \([a-z_0-9]*\)\$,$folder/\1 is part of a circle,p" "$scratch/loops"
		status=1
	fi
done
exit "$status"
