#!/bin/sh
# tests/model/check.sh MODEL EXPECTED [-DNAME[=VALUE]...]: searches all states of docs/model/MODEL.pml
# with spin. EXPECTED is "holds", or the property that the search is to find broken. Prints the
# number of states and the depth.
set -eu
[ $# -ge 2 ] || {
	echo "usage: tests/model/check.sh MODEL holds|PROPERTY [-DNAME[=VALUE]...]" >&2
	exit 2
}
cd "$(dirname "$0")/../.."
command -v spin >/dev/null || {
	echo "spin is missing: scripts/test installs it" >&2
	exit 2
}
model=$1
expected=$2
shift 2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp docs/model/property.h "docs/model/$model.pml" "$folder"
cd "$folder"
spin -a "$@" "$model.pml" >spin.txt 2>&1 || {
	cat spin.txt
	exit 1
}
# Safety only, states compressed, at most 2 GiB. The code that spin writes has warnings.
"${CC:-cc}" -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=2048 -o pan pan.c
./pan -m10000 -w23 >pan.txt 2>&1 || true

states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.txt)
depth=$(sed -n 's/.*depth reached \([0-9]*\),.*/\1/p' pan.txt)
errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.txt)
found=$(sed -n 's/^pan:1: assertion violated \([a-z_]*\).*/\1/p' pan.txt)
echo "$model $*: ${states:-no} states, depth ${depth:-none}: ${found:-holds}"
if [ "$expected" = holds ]; then
	[ "$errors" = 0 ] && ! grep -qE 'not completed|too small|reached.*bound' pan.txt && exit 0
else
	[ "$found" = "$expected" ] && exit 0
fi
echo "expected: $expected" >&2
grep -vE '^(Depth=|unreached|	)' pan.txt >&2
[ ! -f "$model.pml.trail" ] || spin -t -p "$@" "$model.pml" | tail -n 200 >&2
exit 1
