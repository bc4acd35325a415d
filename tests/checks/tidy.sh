#!/bin/sh
# The mechanical rules of the project, looked for by grep, in the folder it is started in. Each
# finding is one line, "FILE:LINE: text: rule"; none, and it succeeds. tidy_finds.sh tests it.
set -eu
. "$(dirname "$0")/lib.sh"
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

files=$(project_files)
product=$(printf '%s\n' "$files" | grep -E '^(schemas|gateway|cli)/' || true)
# Bytes made on purpose: vectors and sample data may hold anything.
text=$(printf '%s\n' "$files" | grep -vE '^(schemas/vectors|tests/data)/' || true)

# list REGEX: those of standard input's names that match; none is fine.
list() {
	grep -E "$1" || true
}
# forbid RULE REGEX [IGNORED]: no line of the files named on standard input matches, but for what
# also matches IGNORED (of "FILE:LINE:text").
forbid() {
	tr '\n' '\0' | xargs -0 -r grep -nHIE -e "$2" -- /dev/null | grep -vE -e "${3:-^$}" |
		rule=$1 awk '{ print $0 ": " ENVIRON["rule"] }' >>"$findings"
}

# Dependencies point one way. FOLDER: what its sources may include, as one regular expression. A
# folder that is not in this table has no rule yet: add it here.
rules='
schemas|schemas/
gateway/net|gateway/net/|schemas/
gateway/bucket|gateway/(bucket|net)/|schemas/
gateway/account|gateway/account/|gateway/bucket/|schemas/
gateway/http|gateway/http/|gateway/account/|schemas/
gateway/daemon|gateway/|schemas/
cli/engine|cli/engine/|schemas/
cli/store|cli/store/|cli/engine/journal\.h|schemas/
cli/remote|cli/(remote|engine)/|gateway/(account|bucket|net)/|schemas/
cli/port|cli/port/|schemas/
cli/app|cli/(app|engine|store|remote|port)/|schemas/
cli/commands|cli/(commands|app|engine|store|port)/|schemas/
'
sources=$(printf '%s\n' "$product" | list '\.[ch]$')
for rule in $rules; do
	folder=${rule%%|*}
	printf '%s\n' "$sources" | list "^$folder/" |
		forbid "$folder may include only ${rule#*|}" '^ *# *include *"' \
			"include *\"(${rule#*|})"
	sources=$(printf '%s\n' "$sources" | list '.' | grep -vE "^$folder/" || true)
done
for file in $sources; do
	echo "$file: tests/checks/tidy.sh has no rule for this folder" >>"$findings"
done

# The formats and the engine do no I/O and know no clock: they run in a browser and in a simulator.
# process.h is for the two programs' first lines, and no part of what is compiled here.
pure=$(printf '%s\n' "$product" | list '^(schemas|cli/engine)/.*\.[ch]$' |
	grep -vxE 'schemas/base/(banned|process).h' || true)
printf '%s\n' "$pure" | forbid 'no I/O here' \
	'^ *# *include *<(unistd|fcntl|poll|time|pthread|threads|signal|dirent|netdb|locale|sys/[a-z]+|arpa/[a-z]+|netinet/[a-z]+)\.h>'
printf '%s\n' "$pure" | forbid 'no I/O here' \
	'\b(FILE \*|std(in|out|err)\b|(f?open|fdopen|freopen|fclose|fread|fwrite|fputs|fputc|fgets|fgetc|getc|putc|puts|v?f?printf|perror|remove|rename|tmpfile|getenv|system) *\()'

# What is printed may have come from outside: one file a program prints, through the filter of
# schemas/base/shown.h. The log writes lines that were filtered as they were made.
printf '%s\n' "$product" | list '^(cli|gateway)/.*\.c$' |
	grep -vxE 'cli/commands/output\.c|gateway/daemon/print\.c' |
	forbid 'print by output.h or print_out' \
		'\b(v?f?printf|v?dprintf|f?puts|putchar|f?putc|fwrite|perror|psignal|psiginfo|json_dumpf|json_dumpfd) *\(|\bwrite *\(( *STD|[12] *,)' \
		'^gateway/daemon/log\.c:[0-9]+:.*\bwrite\(STDERR_FILENO'

# Public headers are compiled by themselves: their folder's list must name them.
for header in $(printf '%s\n' "$product" | list '\.h$' | grep -v '_priv\.h$' || true); do
	folder=$(dirname "$header")
	while [ ! -f "$folder/CMakeLists.txt" ] && [ "$folder" != . ]; do
		folder=$(dirname "$folder")
	done
	grep -qE "(^|[[:space:](])${header#"$folder"/}([[:space:])]|\$)" "$folder/CMakeLists.txt" ||
		echo "$header: not in the FILE_SET HEADERS of $folder/CMakeLists.txt" >>"$findings"
done

# A file says at its top what it is for.
for file in $(printf '%s\n' "$product" | list '\.[ch]$'); do
	[ "$(head -n 1 "$file")" = '/*' ] && sed -n 2p "$file" | grep -qF " * $file: " ||
		echo "$file:1: begins with \"/*\" and \" * $file: what it is for\"" >>"$findings"
done

printf '%s\n' "$text" | forbid 'finish it, or file an issue' '\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b'

# Paths of somebody's machine. Tests and scripts may speak of the folder for temporary files.
printf '%s\n' "$text" | forbid 'a path of one machine' \
	'(^|[^A-Za-z0-9_./}-])/(hom[e]|roo[t]|wor[k])/'
printf '%s\n' "$text" | grep -vE '^(tests|scripts)/' |
	forbid 'a path of one machine' '(^|[^A-Za-z0-9_./}-])/tm[p]/'

printf '%s\n' "$text" | forbid 'blanks at the end of the line' '[[:blank:]]$'
printf '%s\n' "$text" | list '(^|/)(CMakeLists\.txt|CMakePresets\.json)$|\.(cmake|sh|c|h)$' |
	forbid 'indent by tabs' '^ {8}'
for file in $(printf '%s\n' "$text" | list '\.(c|h|sh|py|md|txt|json|yaml|sql|cddl)$'); do
	[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at its end" >>"$findings"
done

allowed='CMakeLists\.txt|CMakePresets\.json|README\.md|LICENSE|CHANGELOG\.md|\..*'
printf '%s\n' "$files" | grep -vE "^((gateway|cli|schemas|tests|scripts|docs)/|($allowed)(/|\$))" |
	sed 's|$|: not a place for files|' >>"$findings"

if [ -s "$findings" ]; then
	cat "$findings"
	exit 1
fi
