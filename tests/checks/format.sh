#!/bin/sh
# Every C file is laid out as .clang-format says. To repair: clang-format -i FILE.
set -eu
. tests/checks/lib.sh
need clang-format
failed=0
for file in $(c_files); do
	clang-format --dry-run --Werror "$file" 2>/dev/null || {
		echo "$file: not as clang-format lays it out"
		failed=1
	}
done
exit "$failed"
