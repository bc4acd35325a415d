#!/usr/bin/env python3
"""tests/fuzz/seeds.py OUT: what the fuzz targets begin with, made into OUT/<target>/ from what the
project has already: golden vectors, tables, sample files. Bytes alone, one input a file. Nothing of
it is kept in git; tests/fuzz/corpus holds what fuzzing found. Standard library only."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "schemas" / "vectors"

# Formats whose target has another name, or several.
ALSO = {"frame-check": ["frame"], "entry": ["cbor"], "sync-answer": ["cbor"], "index": ["cbor"]}


def put(out, target, name, data):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def read_vector(path):
    return bytes.fromhex(path.read_text(encoding="ascii").split("\n\n", 1)[1])


def vector_bytes():
    """All vectors, for who wants bytes alone."""
    return [read_vector(path) for path in sorted(VECTORS.glob("*/*.txt"))]


def vectors(out):
    for path in sorted(VECTORS.glob("*/*.txt")):
        data = read_vector(path)
        for target in [path.parent.name, *ALSO.get(path.parent.name, [])]:
            put(out, target, f"{path.parent.name}-{path.stem}", data)


def strings(value):
    """Every text in a table, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def tables(out):
    def table(name):
        return json.loads((VECTORS / name).read_text(encoding="utf-8"))

    for number, text in enumerate(sorted(set(strings(table("recovery.json"))))):
        put(out, "recovery", f"text-{number}", text.encode())
    for number, text in enumerate(sorted(set(strings(table("time.json"))))):
        put(out, "entry", f"time-{number}", text.encode())
    for number, text in enumerate(sorted(set(strings(table("keys.json"))))):
        try:
            put(out, "compress", f"packed-{number}", bytes.fromhex(text))
        except ValueError:
            pass


def members(out):
    """The values of unknown members that the entries' vectors hold, behind their heads of CBOR."""
    for path in sorted((VECTORS / "entry").glob("*-member-*.txt")):
        head, found, text = read_vector(path).partition(b"\x08\xa1\x61m")
        if found:
            put(out, "json", path.stem, text[{0x78: 2, 0x79: 3}.get(text[0], 1):])


def samples(out):
    for path in sorted((ROOT / "tests/data/sample").glob("*.md")):
        put(out, "markdown", path.name, path.read_bytes())
    for path in sorted((ROOT / "tests/data/metadj").glob("*.json")):
        put(out, "metadj", path.name, path.read_bytes())
        put(out, "json", path.name, path.read_bytes())
    for number, text in enumerate(("\x1b[2J\x9b\x7f\r\n\t", "gnp\u202eexe\u2066\u200f", "a\u200b\ufeff\U000e0041",
                                   "\U0001f469\u200d\U0001f33e 1\ufe0f\u20e3 \u2764\ufe0f")):
        put(out, "shown", f"text-{number}", text.encode())


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUT")
    out = pathlib.Path(sys.argv[1])
    vectors(out)
    tables(out)
    members(out)
    samples(out)
    for target in sorted(p.stem for p in (ROOT / "tests/fuzz").glob("*.c")):
        (out / target).mkdir(parents=True, exist_ok=True)


if __name__ == "__main__":
    main()
