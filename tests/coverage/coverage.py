#!/usr/bin/env python3
"""coverage.py BUILD: what the tests have reached of the pieces that may not be wrong.

BUILD is the folder of preset coverage, after its tests have run (scripts/coverage does both). For
each piece: how many lines and branches were reached, by gcov. A branch is one way out of a
condition, as gcov lists them; those of an assert are left out, for its other way ends the process.
Each line or branch that was not reached is printed, unless unreached.txt argues why it cannot be.
Exit code 1 if one is left, or if an argument is for more or less than was not reached.
"""
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNREACHED = ROOT / "tests/coverage/unreached.txt"
# Each piece, and the library that it is compiled into.
PIECES = {
    "cli/engine/seal.c": "engine",
    "cli/engine/conflict.c": "engine",
    "cli/engine/settle.c": "engine",
    "schemas/frame.c": "schemas",
    "schemas/roster.c": "schemas",
    "gateway/account/log_packs.c": "account",
    "gateway/account/log_answer.c": "account",
}

# What is not reached: a line, or a branch of a line that is. Lines of a function that read the same
# are one place, and are counted.
Place = collections.namedtuple("Place", "file function text what")


def gcov_lines(build, file, library):
    """What gcov says of each line that holds code."""
    path = pathlib.PurePath(file)
    notes = build / path.parent / f"CMakeFiles/{library}.dir/{path.name}.gcno"
    if not notes.with_suffix(".gcda").exists():
        sys.exit(f"{file}: no test program has run any of it ({notes})")
    made = subprocess.run(
        ["gcov", "--json-format", "--branch-probabilities", "--stdout", notes],
        stdout=subprocess.PIPE)
    if made.returncode != 0:
        sys.exit(f"{file}: gcov fails: {notes}")
    files = json.loads(made.stdout)["files"]
    return next(part["lines"] for part in files if part["file"] == str(ROOT / file))


def reached(build, file, library):
    """[lines reached, all, branches reached, all]; a counter of what was not, and where that is."""
    source = (ROOT / file).read_text().splitlines()
    counts, missing, numbers = [0, 0, 0, 0], collections.Counter(), {}
    for line in gcov_lines(build, file, library):
        number, text = line["line_number"], source[line["line_number"] - 1].strip()
        branches = [] if text.startswith("assert(") else line["branches"]
        taken = sum(branch["count"] > 0 for branch in branches)
        counts[0] += line["count"] > 0
        counts[1] += 1
        counts[2] += taken
        counts[3] += len(branches)
        if line["count"] == 0:
            what, count = "line", 1
        elif taken < len(branches):
            what, count = "branch", len(branches) - taken
        else:
            continue
        place = Place(file, line["function_name"], text, what)
        missing[place] += count
        numbers.setdefault(place, number)
    return counts, missing, numbers


def argued():
    """unreached.txt as a counter of places."""
    places = collections.Counter()
    for number, row in enumerate(UNREACHED.read_text().splitlines(), 1):
        if not row or row.startswith("#"):
            continue
        parts = row.rsplit(" | ", 2)  # C has such bars too
        name, _, text = parts[0].partition(": ")
        file, _, function = name.partition(":")
        count, _, what = parts[1].partition(" ") if len(parts) == 3 else ("", "", "")
        what = {"lines": "line", "branches": "branch"}.get(what, what)
        if what not in ("line", "branch") or not count.isdigit() or file not in PIECES:
            sys.exit(f"unreached.txt:{number}: FILE:FUNCTION: TEXT | N line(s) or branch(es) | WHY")
        places[Place(file, function, text, what)] += int(count)
    return places


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    reasons, faults, total = argued(), [], [0, 0, 0, 0]
    print(f"{'':24} {'lines':>12} {'branches':>12}   not reached, argued")
    for file, library in PIECES.items():
        counts, missing, numbers = reached(build, file, library)
        known = {place: count for place, count in reasons.items() if place.file == file}
        for place in sorted(missing.keys() | known.keys(), key=lambda p: numbers.get(p, 0)):
            have, want = missing[place], known.get(place, 0)
            if have == want:
                continue
            at = f"{file}:{numbers[place]}" if have else f"unreached.txt: {file}"
            faults.append(f"{at}: {place.function}: {place.text}: of kind {place.what}: "
                          f"{have} not reached, {want} argued")
        total = [a + b for a, b in zip(total, counts)]
        print(f"{file:24} {counts[0]:5} of {counts[1]:3} {counts[2]:5} of {counts[3]:3}   "
              f"{sum(known.values())}")
    print(f"{'all':24} {total[0]:4} of {total[1]:4} {total[2]:4} of {total[3]:4}")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
