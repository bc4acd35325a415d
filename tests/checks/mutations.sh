#!/bin/sh
# mutations.sh FOLDER: of the deliberate bugs (schemas/base/mutation.h) nothing is in the programs that
# people run; the simulator's second program shows that they would be seen here.
set -eu
folder=$1

holds() { # a program: its symbols, and the strings that an unstripped build has of its names
	grep -q -a -e mutation_on -e INKSEAL_MUTATIONS -e SWEEP_OFF_BY_ONE "$1"
}

if ! holds "$folder/sim_mutations"; then
	echo "sim_mutations holds no mutations"
	exit 1
fi
for program in inkseal inkseald sim; do
	if holds "$folder/$program"; then
		echo "$program holds mutations"
		exit 1
	fi
done
