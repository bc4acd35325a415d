#!/bin/sh
# doubles.sh BUILD: the programs that people run hold nothing of the bucket in memory, which stands for
# a store in tests (tests/gateway/bucket/bucket_memory.h) and loses what it is given.
set -eu
build=$1
symbols() { # what a program or a library defines for others
	nm --defined-only --extern-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u
}

double=$(symbols "$build/tests/gateway/bucket/libbucket_memory.a" | grep -E '^(bucket_)?memory' || true)
for symbol in $double; do
	symbols "$build/bin/sim" | grep -qxF "$symbol" && seen=1
done
if [ -z "${seen-}" ]; then
	echo "the simulator holds no bucket in memory: this check would not see one"
	exit 1
fi
for program in inkseal inkseald; do
	held=$(symbols "$build/bin/$program")
	for symbol in $double; do
		if printf '%s\n' "$held" | grep -qxF "$symbol"; then
			echo "$program holds $symbol"
			exit 1
		fi
	done
done
