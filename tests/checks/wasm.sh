#!/bin/sh
# wasm.sh BUILD: what a browser is to run compiles for wasm32-wasi: schemas/, cli/engine/, cli/store/,
# cli/app/ but for its host_*.c, and of cli/remote/ and gateway/net/ what speaks to a gateway without
# carrying it; with the headers of libc, libsodium, zstd and SQLite alone. It refers to nothing but each
# other, those libraries (SQLite is the store's alone), and the part of libc that neither does I/O nor
# knows the time nor makes randomness; what waits for the machine or the network cli/app asks of the
# libraries of ours below it, as they lie in BUILD. Objects go into BUILD/wasm.
set -eu
. tests/checks/lib.sh
need clang
need pkg-config
nm=$(command -v llvm-nm || command -v llvm-nm-14) || need llvm-nm
libc=${WASI_INCLUDE:-/usr/include/wasm32-wasi}
[ -d "$libc" ] || {
	echo "wasi-libc is missing: scripts/test installs it" >&2
	exit 2
}
build=$1
folder=$build/wasm
rm -rf "$folder"
mkdir -p "$folder/include"

# The libraries' headers by themselves: beside them lie those of the machine's own libc.
for header in sodium.h sodium zstd.h zstd_errors.h zdict.h sqlite3.h; do
	for library in libsodium libzstd sqlite3; do
		from=$(pkg-config --variable=includedir "$library")/$header
		[ ! -e "$from" ] || cp -r "$from" "$folder/include/"
	done
done

sources=$(c_files | grep -E '^(schemas|cli/(engine|store|app))/.*\.c$' |
	grep -v '^cli/app/host_')
sources="$sources $(c_files | grep -E '^cli/remote/(gateway_.*|remote|remote_again)\.c$')"
sources="$sources gateway/net/net_text.c $build/cli/store/store_schema.c"
failed=0
for source in $sources; do
	object=$folder/$(printf '%s' "${source#"$build/"}" | tr / _).o
	clang --target=wasm32-wasi -nostdlibinc -isystem "$libc" -isystem "$folder/include" -I . \
		-std=c17 -D_POSIX_C_SOURCE=200809L -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
		-Werror -c "$source" -o "$object" || failed=1
done
[ "$failed" = 0 ] || exit 1

# What the caller hands down instead: entropy. These would fetch their own (key pairs from a seed do
# not).
own_randomness='randombytes|crypto_.*_keygen$|crypto_box_seal$'
own_randomness="$own_randomness|crypto_(box|box_curve25519[a-z0-9]*|kx|sign|sign_ed25519)_keypair\$"
allowed='crypto_|sodium_|ZSTD_|__(assert_fail|stack_pointer|indirect_function_table|linear_memory)$'
allowed="$allowed|__(multi3|ashlti3|lshrti3|ashrti3|udivti3|umodti3|divti3|modti3)\$"
allowed="$allowed|(mem(cmp|cpy|move|set|chr)|str(n?len|n?cmp|r?chr|str|spn|cspn|pbrk|toull?|toll?))\$"
allowed="$allowed|(malloc|calloc|realloc|free|abort|qsort|bsearch|v?snprintf|strerror|errno)\$"
"$nm" --defined-only --extern-only --format=just-symbols "$folder"/*.o 2>/dev/null |
	grep -v ':$' | sort -u >"$folder/defined"
for library in cli/app/libapp cli/remote/libremote cli/port/libport; do
	"$nm" --defined-only --extern-only --format=just-symbols "$build/$library.a"
done 2>/dev/null | grep -v ':$' | sort -u >"$folder/given"
"$nm" --undefined-only --print-file-name --format=posix "$folder"/*.o >"$folder/undefined"
if [ ! -s "$folder/defined" ] || [ ! -s "$folder/undefined" ] || [ ! -s "$folder/given" ]; then
	echo "llvm-nm says nothing about the objects" >&2
	exit 1
fi
while IFS=' ' read -r object symbol _; do
	grep -qxF -e "$symbol" "$folder/defined" && continue
	case ${object##*/} in
	cli_app_*) grep -qxF -e "$symbol" "$folder/given" && continue ;;
	cli_store_*) case $symbol in sqlite3_*) continue ;; esac ;;
	esac
	if ! printf '%s\n' "$symbol" | grep -qE "^($allowed)" ||
		printf '%s\n' "$symbol" | grep -qE "^($own_randomness)"; then
		echo "${object##*/} refers to $symbol"
		failed=1
	fi
done <"$folder/undefined"
exit "$failed"
