#!/usr/bin/env python3
"""check_cddl.py SCHEMAS: check the golden vectors against the CDDL by pycddl and cbor2.

Every sound vector must satisfy its rules and be what cbor2 writes canonically. Of a broken one the
header names the layer that must refuse it: "cbor" (cbor2 does not give the same bytes back), "cddl"
(pycddl refuses), or one that stands above both ("rule", "limit", "hash", "signature", "chain"),
where the CDDL must accept: so each vector has one fault, and it is where the header says.
"""
import collections
import io
import pathlib
import re
import sys

import cbor2
import pycddl

ABOVE = {"rule", "limit", "hash", "signature", "chain"}
FILES = {
    "entry": "entry", "frame-header": "frame", "blob-header": "frame", "frame-sealed": "patch",
    "operations": "patch", "operation": "patch", "run": "index", "losers": "index",
    "index": "index", "statement": "statement", "signed-part": "statement", "boxes": "statement",
    "roster": "statement", "wipe": "statement", "wipe-part": "statement",
    "wipe-record": "statement", "receipt": "statement", "receipt-part": "statement",
    "create": "statement", "create-part": "statement", "manifest-fields": "manifest",
    "manifest-checksum": "manifest", "pack-header": "manifest", "pack-frames": "manifest", "sync-request": "sync",
    "sync-answer": "sync",
}


# pycddl 0.6.4 differs from RFC 8610 in four places, so it is given texts of the same meaning: a
# choice with null at an array's end, member names that are rules' names too, map keys of a type
# with .size (taken for literals; their lengths are checked below), and tstr with .size, which it
# lets byte strings pass: so every item is checked once more without these sizes.
REWRITES = (
    (r"\n\tdigest / null", "\n\tdigest-or-null"), (r"device-id =>", "bytes =>"),
    (r"wipe: bytes, roster: bytes", "bytes, bytes"),
)
UNSIZED = ((r"tstr \.size \(.*?\)", "tstr"),)
MORE_RULES = "digest-or-null = digest / null\n"


def rewrite(text, rewrites):
    for pattern, replacement in rewrites:
        text = re.sub(pattern, replacement, text)
    return text


class Refused(Exception):
    """Its first argument is the layer that refused."""


class Checker:
    def __init__(self, schemas):
        common = (schemas / "common.cddl").read_text()
        self.rules = {}
        for rule, name in FILES.items():
            text = f"start = {rule}\n{common}\n{(schemas / (name + '.cddl')).read_text()}"
            text = rewrite(text, REWRITES) + MORE_RULES
            self.rules[rule] = pycddl.Schema(text), pycddl.Schema(rewrite(text, UNSIZED))

    def item(self, rule, data):
        """One item that must be all of data; its value."""
        value, rest = self.first(rule, data)
        if rest:
            raise Refused("cbor", f"{rule}: {len(rest)} bytes too many")
        return value

    def first(self, rule, data):
        """The item that data begins with, and what follows it."""
        stream = io.BytesIO(data)
        try:
            value = cbor2.CBORDecoder(stream).decode()
        except (cbor2.CBORDecodeError, ValueError, EOFError) as error:
            raise Refused("cbor", f"{rule}: {error}") from error
        encoded, rest = data[:stream.tell()], data[stream.tell():]
        if cbor2.dumps(value, canonical=True) != encoded:
            raise Refused("cbor", f"{rule}: not canonical")
        try:
            for schema in self.rules[rule]:
                schema.validate_cbor(encoded)
        except pycddl.ValidationError as error:
            raise Refused("cddl", f"{rule}: {str(error)[:100]}") from error
        return value, rest

    # What each format is made of. Items inside byte strings are checked too.

    def signed(self, rule, part, data):
        value = self.item(rule, data)
        return self.item(part, value[0])

    def statement(self, data):
        value = self.item("statement", data)
        self.item("signed-part", value[0])
        if value[2][1] is not None:
            self.boxes(value[2][1])

    def boxes(self, data):
        if any(len(device) != 16 for device in self.item("boxes", data)):
            raise Refused("cddl", "boxes: a device id of another length")

    def roster(self, data):
        for one in self.item("roster", data):
            self.statement(one)

    def frame(self, data):
        header, rest = self.first("frame-header", data)
        if header[7] == 3 and len(rest) > 64:
            self.statement(rest[:-64])

    def frame_sealed(self, data):
        self.packed(self.item("frame-sealed", data).get(4))

    def packed(self, data):
        if data is not None and data[0] == 0:
            self.operations(data[1:])

    # pycddl looks at arrays in an array only until one of them fits: hence one at a time.

    def operations(self, data):
        for one in self.item("operations", data):
            self.item("operation", cbor2.dumps(one, canonical=True))

    def rows(self, form, data):
        for one in self.item(form, data):
            self.item(form, cbor2.dumps([one], canonical=True))

    def pack(self, data):
        _, rest = self.first("pack-header", data)
        for one in self.item("pack-frames", rest):
            self.frame(one)

    def manifest(self, data):
        value, rest = self.first("manifest-fields", data)
        self.item("manifest-checksum", rest)
        for one in value[14]:
            self.frame(one)
        if 17 in value:
            self.signed("wipe", "wipe-part", value[17])

    def create(self, data):
        self.roster(self.signed("create", "create-part", data)[3])

    def wipe_record(self, data):
        wipe, roster = self.item("wipe-record", data)
        self.signed("wipe", "wipe-part", wipe)
        self.roster(roster)

    def check(self, form, data):
        special = {
            "statement": self.statement, "boxes": self.boxes, "roster": self.roster,
            "frame": self.frame, "frame-check": self.frame, "frame-sealed": self.frame_sealed,
            "run": lambda data: self.rows("run", data),
            "losers": lambda data: self.rows("losers", data),
            "operations": self.operations, "pack": self.pack, "manifest": self.manifest,
            "create": self.create, "wipe-record": self.wipe_record,
            "blob": lambda data: self.first("blob-header", data),
            "wipe": lambda data: self.signed("wipe", "wipe-part", data),
            "receipt": lambda data: self.signed("receipt", "receipt-part", data),
        }
        special.get(form, lambda data: self.item(form, data))(data)


def read_vector(path):
    head, _, body = path.read_text().partition("\n\n")
    fields = dict(line.partition(": ")[::2] for line in head.split("\n"))
    return fields, bytes.fromhex(body.replace("\n", ""))


def verdict(checker, form, data):
    try:
        checker.check(form, data)
    except Refused as refused:
        return refused.args
    return None, ""


def check_page(schemas, page):
    """The annotated hex after each "Vector:" line stands, in this order, in that vector."""
    blocks = r"^Vector: `(.*?)`\n```\n(.*?)^```"
    for name, block in re.findall(blocks, page.read_text(), re.M | re.S):
        _, data = read_vector(schemas / "vectors" / name)
        whole, at = data.hex(), 0
        for line in block.splitlines():
            piece = line.partition(";")[0].strip()
            if whole.find(piece, at) < 0:
                yield f"{page}: {name} does not hold {piece} there"
                return
            at = whole.find(piece, at) + len(piece)


def main():
    schemas = pathlib.Path(sys.argv[1])
    checker = Checker(schemas)
    counts, wrong = collections.Counter(), []
    for path in sorted((schemas / "vectors").glob("*/*.txt")):
        fields, data = read_vector(path)
        layer, why = verdict(checker, fields["format"], data)
        expected = fields.get("layer")
        counts[expected or "ok"] += 1
        if (fields["expect"] == "ok") != (expected is None):
            wrong.append(f"{path}: a layer and {fields['expect']} do not go together")
        elif layer != (None if expected in ABOVE else expected):
            wrong.append(f"{path}: expected {expected or 'ok'}, is {layer or 'accepted'} {why}")
    for page in sorted(schemas.glob("*.md")):
        wrong += check_page(schemas, page)
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    if wrong:
        print("\n".join(wrong))
    return 1 if wrong or not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
