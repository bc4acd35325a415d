#!/bin/sh
# tests/sim/same_twice.sh SIM: a seed's run and its trace are the same twice, whatever else the machine
# does: with a restored bucket, a lying gateway, wipes and damage among them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for seed in 4 6 8 10 13; do
	"$1" --seed "$seed" --trace >"$folder/first"
	"$1" --seed "$seed" --trace >"$folder/second"
	cmp "$folder/first" "$folder/second"
done
