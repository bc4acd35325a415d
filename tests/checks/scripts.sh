#!/bin/sh
# Every shell script passes shellcheck; and what they share leaves their own variables alone.
set -eu
. tests/checks/lib.sh
need shellcheck
scripts=$(project_files | while IFS= read -r file; do
	case $file in
	*.sh) printf '%s\n' "$file" ;;
	scripts/* | .ci/*) ! head -n 1 "$file" | grep -q '^#!/bin/sh' || printf '%s\n' "$file" ;;
	esac
done)
# SC1091: a file that is read by "." is looked at by itself.
printf '%s\n' "$scripts" | xargs shellcheck --shell=sh --exclude=SC1091

(
	. scripts/lib.sh
	folder=its-own
	need_build
	[ "$folder" = its-own ] || die "need_build in scripts/lib.sh changes its caller's \$folder"
)
