"""What stands inside the seals: entries, a frame's small part, operations, runs, indexes."""
import json
import re

from .base import Raw, digest, enc, packed, packed_zstd, rnd
from .faults import emit_array, emit_list, emit_map

T0 = 1_700_000_000_000
TIME_MAX = 8_640_000_000_000_000


def entry_fields(title="A walk", content="Up betimes.\n", **more):
    fields = {0: "7f0c9a52-0b1d-4f5e-9f43-5d1f7f4f0c11", 1: "journal", 2: title, 3: content,
              4: "2023-11-14T22:13:20.000Z", 5: "2023-11-14T22:13:20.000Z"}
    return fields | {int(key[1:]): value for key, value in more.items()}


def entry(*args, **more):
    return enc(entry_fields(*args, **more))


def version_of(fields):
    return digest("VERSION", enc(fields))


EXTRAS = {"mood": '"calm"', "n": "12345678901234567890", "rate": "1e3", "é": "[1,{}]",
          "a much longer name than 23 bytes": "null"}


RESERVED = ("id", "collection", "title", "content", "createdAt", "updatedAt", "deletedAt",
            "contentHash", "conflictOf")
DEPTH_MAX = 63


class NoMember(Exception):
    pass


def unique(pairs):
    if len({name for name, value in pairs}) < len(pairs):
        raise NoMember("a name twice")
    return dict(pairs)


def no_constant(word):
    raise NoMember(word)


def depth(value):
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(inner, list) else 0


def member_fault(name, source):
    """What is wrong with an unknown member by entry.md, or None."""
    if name in RESERVED:
        return "reserved"
    if re.search(r"[ \t\r\n]", re.sub(r'"(?:[^"\\]|\\.)*"', "", source)):
        return "white space"
    try:
        value = json.loads(source, object_pairs_hook=unique, parse_constant=no_constant)
        texts = json.dumps(value, ensure_ascii=False)
        texts.encode()  # half of a pair is none
    except (ValueError, NoMember) as error:
        return str(error)
    if "\\u0000" in texts:
        return "U+0000"
    return "too deep" if depth(value) > DEPTH_MAX else None


def nested(levels):
    return "[" * levels + "]" * levels


MEMBERS = (
    ("string", "a string with every escape", r'"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"'),
    ("raw", "letters that JSON lets stand as they are", '"\u007f\u0080\u2028\u2029\ufeff\uffff𝄞"'),
    ("numbers", "numbers that no float holds", "[-0,1E+400,0.10,12345678901234567890]"),
    ("object", "names that differ, and one in two objects", '{"":0,"a":{"a":1},"A":2}'),
    ("depth-63", "63 brackets within each other", nested(63)),
)
BAD_MEMBERS = (
    ("nothing", "no value", ""),
    ("word", "a bare word", "calm"),
    ("two", "two values", "1,2"),
    ("forged", "a value, then another member", '1,"id":"forged"'),
    ("closed", "a value that closes the record around it", '1}'),
    ("line", "a value, then a line of its own", '1}\n{"id":"forged"'),
    ("escape-letter", "an escape that JSON has not", r'"\x1b"'),
    ("control", "a raw control character", '"\x1b[2J"'),
    ("raw-line", "a raw line feed", '"a\nb"'),
    ("open-string", "a string without its end", '"a'),
    ("open-bracket", "a bracket without its end", "[1"),
    ("wrong-bracket", "another bracket's end", "[1}"),
    ("comma", "a comma before the end", "[1,]"),
    ("no-colon", "a name without a value", '{"a"}'),
    ("bare-name", "a name without quotes", "{a:1}"),
    ("leading-zero", "a number with a 0 before it", "01"),
    ("fraction", "a number without a fraction", "1."),
    ("plus", "a number with a plus", "+1"),
    ("nan", "NaN", "NaN"),
    ("surrogate", "half of a pair", r'"\ud800"'),
    ("surrogate-low", "the other half of a pair", r'"\udc00a"'),
    ("zero", "U+0000 as an escape", r'"a\u0000"'),
    ("duplicate", "a name twice", '{"a":1,"b":2,"a":3}'),
    ("duplicate-escape", "a name twice, once as an escape", r'[{"a":1,"\u0061":2}]'),
    ("space-before", "white space before it", " 1"),
    ("space-after", "white space after it", "1\n"),
    ("space-array", "white space between its parts", "[1, 2]"),
    ("space-object", "white space after a colon", '{"a": 1}'),
    ("space-empty", "white space in an empty bracket", "[ ]"),
    ("no-break-space", "a no-break space, which is none to JSON", "[1,\u00a02]"),
)


def emit_members(out):
    for name, note, source in MEMBERS:
        assert member_fault("m", source) is None, name
        fields = entry_fields(_8={"m": source})
        out.vector("entry", f"ok-member-{name}", enc(fields), note=note, version=version_of(fields))
    for name, note, source in BAD_MEMBERS:
        assert member_fault("m", source) is not None, name
        out.vector("entry", f"bad-member-{name}", enc(entry_fields(_8={"m": source})), "MALFORMED",
                   "rule", note)
    assert member_fault("m", nested(64)) == "too deep"
    out.vector("entry", "bad-member-depth-64", enc(entry_fields(_8={"m": nested(64)})), "TOO_LARGE",
               "limit", "64 brackets within each other")
    for name in RESERVED:
        out.vector("entry", f"bad-member-reserved-{name}", enc(entry_fields(_8={name: '"x"'})),
                   "MALFORMED", "rule", "a name of the entry's own")


def emit_entries(out):
    form = "entry"
    full = entry_fields("Tombstone", "Kept.", _6="2024-01-01T00:00:00Z", _7="old",
                        _8=EXTRAS)
    for name, note, fields in (
            ("plain", "a plain entry", entry_fields()),
            ("empty", "empty texts", {0: "x", 1: "drafts", 2: "", 3: "", 4: "", 5: ""}),
            ("full", "all that an entry can hold", full),
            ("utf8", "letters of 2, 3 and 4 bytes", entry_fields("é € 𝄞", "\u007f\u0080\uffff")),
            ("id-128", "an id of 128 bytes", {**entry_fields(), 0: "i" * 128}),
            ("title-4096", "a title of 4 KiB in letters of two bytes", entry_fields("é" * 2048)),
            ("extras-64", "64 unknown members",
             entry_fields(_8={f"m{n}": str(n) for n in range(64)}))):
        out.vector(form, f"ok-{name}", enc(fields), note=note, version=version_of(fields))
    emit_map(out, form, full, optional=(6, 7, 8), versioned=False)
    text = [("title", 2), ("content", 3), ("id", 0)]
    for name, key in text:
        for kind, layer, data, note in (
                ("utf8", "cbor", b"\x62\xc3\x28", "no UTF-8: a bad second byte"),
                ("surrogate", "cbor", b"\x63\xed\xa0\x80", "no UTF-8: a surrogate"),
                ("overlong", "cbor", b"\x62\xc0\xaf", "no UTF-8: an overlong letter"),
                ("beyond", "cbor", b"\x64\xf4\x90\x80\x80", "no UTF-8: beyond U+10FFFF"),
                ("cut-letter", "cbor", b"\x62\xe2\x82", "no UTF-8: a letter cut short"),
                ("nul", "rule", b"\x63a\x00b", "a NUL")):
            out.vector(form, f"bad-{name}-{kind}", enc({**entry_fields(), key: Raw(data)}),
                       "MALFORMED", layer, f"{name}: {note}")
    for name, expect, layer, note, changed in (
            ("id-empty", "MALFORMED", "cddl", "an empty id", {0: ""}),
            ("id-129", "TOO_LARGE", "cddl", "an id of 129 bytes", {0: "i" * 129}),
            ("collection-empty", "MALFORMED", "cddl", "an empty collection", {1: ""}),
            ("collection-33", "TOO_LARGE", "cddl", "33 letters", {1: "a" * 33}),
            ("collection-upper", "MALFORMED", "rule", "a capital letter", {1: "Journal"}),
            ("collection-digit", "MALFORMED", "rule", "a digit", {1: "journal2"}),
            ("title-4097", "TOO_LARGE", "cddl", "a title of 4 KiB and a byte", {2: "a" * 4097}),
            ("time-65", "TOO_LARGE", "cddl", "a time of 65 bytes", {4: "2" * 65}),
            ("deleted-65", "TOO_LARGE", "cddl", "a time of 65 bytes", {6: "2" * 65}),
            ("conflict-of-empty", "MALFORMED", "cddl", "an empty id", {7: ""}),
            ("extras-none", "MALFORMED", "cddl", "an empty map of unknown members", {8: {}}),
            ("extras-65", "TOO_LARGE", "cddl", "65 unknown members",
             {8: {f"m{n}": "1" for n in range(65)}}),
            ("extras-bytes", "MALFORMED", "cddl", "a member's value as bytes", {8: {"m": b"1"}})):
        out.vector(form, f"bad-{name}", enc({**entry_fields(), **changed}), expect, layer, note)
    pair = {key: enc(key) + enc("1") for key in ("b", "aa")}
    for name, data, note in (
            ("unsorted", b"\xa2" + pair["aa"] + pair["b"], "the longer name first"),
            ("duplicate", b"\xa2" + pair["b"] + pair["b"], "a name twice")):
        out.vector(form, f"bad-extras-{name}", enc({**entry_fields(), 8: Raw(data)}), "MALFORMED",
                   "cbor", note)
    emit_members(out)


def emit_sealed(out):
    form = "frame-sealed"
    fields = {0: rnd("root"), 1: 7, 2: T0, 3: rnd("covered root"),
              4: packed_zstd(enc([[2, "gone"]]))}
    for name, note, item in (
            ("all", "all keys", fields),
            ("none", "no operations", {k: v for k, v in fields.items() if k < 3}),
            ("before-1970", "a clock before 1970", {**fields, 2: -1}),
            ("reset", "a snapshot's, behind a reset", {**{k: fields[k] for k in range(4)}, 5: 6}),
            ("ops", "operations as they are", {0: fields[0], 1: 0, 2: T0,
                                               4: packed(enc([[2, "gone"]]))})):
        out.vector(form, f"ok-{name}", enc(item), note=note)
    emit_map(out, form, fields, optional=(3, 4), versioned=False)
    out.vector(form, "bad-reset-0", enc({**fields, 5: 0}), "MALFORMED", "cddl",
               "no reset is to leave it out")
    for name, note, time in (("last", "the last time that there is", TIME_MAX),
                             ("first", "the first", -TIME_MAX)):
        out.vector(form, f"ok-time-{name}", enc({**fields, 2: time}), note=note)
    for name, note, time in (("over", "a time over int64", 1 << 63),
                             ("under", "a time under int64", -(1 << 63) - 1),
                             ("int64-max", "the greatest int64", (1 << 63) - 1),
                             ("int64-min", "the least int64", -(1 << 63)),
                             ("after-last", "a millisecond after the last", TIME_MAX + 1),
                             ("before-first", "a millisecond before the first", -TIME_MAX - 1)):
        out.vector(form, f"bad-time-{name}", enc({**fields, 2: time}), "TOO_LARGE", "limit", note)


def operation_list(world):
    phone, laptop = world.phone.id, world.laptop.id
    delta = packed_zstd(b"not a delta, but a zstd frame")[1:]
    reference, result = rnd("reference"), rnd("result")
    return {"put": [0, entry()], "delta": [1, "x", reference, result, 300, delta],
            "purge": [2, "gone"], "loser": [3, "x", laptop, entry(title="Lost")],
            "loser-delta": [4, "x", phone, reference, result, 301, delta],
            "loser-named": [5, "x", phone, reference]}


def operations(world):
    return enc(list(operation_list(world).values()))


def emit_operations(out, world):
    form, every = "operations", operation_list(world)
    out.vector(form, "ok-none", enc([]), note="no operation")
    out.vector(form, "ok-each", operations(world), note="one of each kind")
    for name, item in every.items():
        out.vector(form, f"ok-{name}", enc([item]), note=name)
        out.vector(form, f"bad-{name}-short", enc([item[:-1]]), "MALFORMED", "cddl",
                   "the last field is missing")
        out.vector(form, f"bad-{name}-long", enc([[*item, 0]]), "MALFORMED", "cddl",
                   "a field too many")
    emit_list(out, form, list(every.values()))
    for name, expect, layer, note, item in (
            ("kind-6", "MALFORMED", "cddl", "there is no kind 6", [6, "x"]),
            ("empty", "MALFORMED", "cddl", "no kind", []),
            ("id-empty", "MALFORMED", "cddl", "an empty id", [2, ""]),
            ("id-129", "TOO_LARGE", "cddl", "an id of 129 bytes", [2, "i" * 129]),
            ("id-nul", "MALFORMED", "rule", "a NUL", [2, "a\0b"]),
            ("result-len", "TOO_LARGE", "limit", "a result over 5 MiB",
             [*every["delta"][:4], (5 << 20) + 1, every["delta"][5]])):
        out.vector(form, f"bad-{name}", enc([item]), expect, layer, note)
    out.vector(form, "bad-count", b"\x82" + enc(every["purge"]), "MALFORMED",
               "cbor", "two announced, one there")


def run(world):
    return enc([[world.phone.id, entry()], [world.laptop.id, entry("Another", "Text.")]])


def index(world):
    return enc([1, 2, 40, [[T0, "first", rnd("run hash"), 40]],
                [[world.phone.id, 3, T0 + 6], [world.paper.id, 0, T0]]])


def emit_runs(out, world):
    rows = [[world.phone.id, entry()], [world.laptop.id, entry("Another", "Text.")]]
    out.vector("run", "ok-two", run(world), note="two rows")
    out.vector("run", "ok-none", enc([]), note="no row")
    emit_list(out, "run", rows)
    gone = [world.laptop.id, entry("Gone", "Kept.", _6="2024-01-01T00:00:00Z")]
    for name, note, place in (
            ("placed", "a tombstone, and the frame that brought it", [7, T0]),
            ("before-1970", "brought by a frame of before 1970", [1, -1]),
            ("load", "a tombstone that the load itself brings", None)):
        out.vector("run", f"ok-{name}", enc([rows[0], [*gone, place]]), note=note)
    for name, expect, layer, note, row in (
            ("no-place", "MALFORMED", "rule", "a tombstone without a place", gone),
            ("live-place", "MALFORMED", "rule", "a place on a live entry", [*rows[1], [7, T0]]),
            ("live-load", "MALFORMED", "rule", "a live entry that says it came with the load",
             [*rows[1], None]),
            ("place-0", "MALFORMED", "cddl", "the place 0 is to be null", [*gone, [0, T0]]),
            ("place-short", "MALFORMED", "cddl", "a place without a time", [*gone, [7]]),
            ("place-long", "MALFORMED", "cddl", "a place of three items", [*gone, [7, T0, 0]]),
            ("place-seq", "TOO_LARGE", "cddl", "a seq beyond the last", [*gone, [1 << 53, T0]]),
            ("place-time", "TOO_LARGE", "limit", "a millisecond after the last",
             [*gone, [7, TIME_MAX + 1]]),
            ("row-of-four", "MALFORMED", "cddl", "a row of four items", [*gone, [7, T0], 0]),
            ("entry", "MALFORMED", "rule", "an entry that is none",
             [world.laptop.id, b"\xa0"])):
        out.vector("run", f"bad-{name}", enc([rows[0], row]), expect, layer, note)
    losers = [[*row, T0 + n] for n, row in enumerate(rows)]
    out.vector("losers", "ok-two", enc(losers), note="two rows")
    emit_list(out, "losers", losers)
    out.vector("losers", "ok-tombstone", enc([[*gone, T0]]), note="a tombstone that lost")
    for form, name, note, row in (
            ("run", "long", "a loser's row in a run", losers[0]),
            ("run", "short", "no entry", rows[0][:1]),
            ("run", "author", "an author of 15 bytes", [bytes(15), entry()]),
            ("losers", "short", "a run's row among losers", rows[0]),
            ("losers", "time", "the time as text", [*rows[0], "now"])):
        out.vector(form, f"bad-{name}", enc([row]), "MALFORMED", "cddl", note)


def emit_indexes(out, world):
    segment, device = [T0, "first", rnd("run hash"), 40], [bytes(16), 3, T0]
    out.vector("index", "ok-full", index(world), note="one of each")
    out.vector("index", "ok-empty", enc([1, 0, 0, [], []]), note="nothing")
    out.vector("index", "ok-before-1970", enc([1, 0, 1, [[-5, "old", bytes(32), 1]], []]),
               note="a first entry before 1970")
    emit_array(out, "index", [1, 2, 40, [segment], [device]])
    out.vector("index", "newer", enc([2, 2, 40, [], []]), "NEWER", "cddl", "version 2")
    for name, note, item in (
            ("segment-short", "a segment of three items", [1, 0, 0, [segment[:3]], []]),
            ("device-long", "a device of four items", [1, 0, 0, [], [[*device, 0]]]),
            ("device-id", "a device id of 15 bytes", [1, 0, 0, [], [[bytes(15), 3, T0]]]),
            ("tombstones", "a table of tombstones, as indexes had one once",
             [1, 0, 0, [], [["gone", 2, T0]], []]),
            ("version-0", "there never was a version 0", [0, 0, 0, [], []])):
        out.vector("index", f"bad-{name}", enc(item), "MALFORMED", "cddl", note)
