"""The faults that every format must refuse, one a vector, made from a sound item."""
from .base import Pairs, Raw, enc

WRONG = {int: "0", bytes: "bytes", str: b"text", bool: 0, type(None): 0, list: {}, dict: []}


def wrong_type(value):
    return WRONG[type(value)]


def pairs_of(fields):
    return sorted(fields.items(), key=lambda pair: enc(pair[0]))


def broken_encodings(fields):
    """name, bytes, note: encodings of the map that mean the same to a lenient reader."""
    pairs = pairs_of(fields)
    sound = enc(fields)
    first, second = pairs[0], pairs[1]
    yield "trailing-byte", sound + b"\x00", "a byte after the item"
    yield "duplicate-key", enc(Pairs(pairs[:2] + [second] + pairs[2:])), "key 1 twice"
    yield "unsorted-keys", enc(Pairs([second, first] + pairs[2:])), "key 1 before key 0"
    yield ("long-key", enc(Pairs([(Raw(b"\x18" + enc(first[0])), first[1])] + pairs[1:])),
           "key 0 in two bytes")
    yield "long-map", bytes([0xb8, len(pairs)]) + sound[1:], "the count in two bytes"
    yield "indefinite-map", b"\xbf" + sound[1:] + b"\xff", "a map of indefinite length"
    yield "tag", b"\xc0" + sound, "a tag before the map"
    size = next(pair for pair in pairs if isinstance(pair[1], (bytes, str)))
    value = size[1] if isinstance(size[1], bytes) else size[1].encode()
    major = 2 if isinstance(size[1], bytes) else 3
    at = pairs.index(size)
    longer = bytes([major << 5 | 25]) + len(value).to_bytes(2, "big") + value
    yield ("long-length", enc(Pairs(pairs[:at] + [(size[0], Raw(longer))] + pairs[at + 1:])),
           f"key {size[0]}'s length in three bytes")
    chunks = bytes([major << 5 | 31]) + enc(size[1]) + b"\xff"
    yield ("indefinite-string",
           enc(Pairs(pairs[:at] + [(size[0], Raw(chunks))] + pairs[at + 1:])),
           f"key {size[0]} in chunks")


def broken_shapes(fields, optional=()):
    """name, bytes, note: sound CBOR that the CDDL forbids."""
    for key, value in pairs_of(fields):
        yield f"wrong-type-{key}", enc({**fields, key: wrong_type(value)}), f"key {key}"
        if key not in optional:
            rest = {k: v for k, v in fields.items() if k != key}
            yield f"missing-{key}", enc(rest), f"without key {key}"
    yield "unknown-key", enc({**fields, 40: 0}), "key 40"
    yield "null", enc(None), "null in place of the map"


def cuts(data, count=4):
    """name, bytes, note: the data cut short at several places."""
    for nth in range(count):
        at = len(data) * nth // count
        yield f"cut-{at}", data[:at], f"the first {at} of {len(data)} bytes"
    yield f"cut-{len(data) - 1}", data[:-1], "without the last byte"


def emit_map(out, form, fields, wrap=lambda data: data, optional=(), cut=True, versioned=True,
             inner="", alone=True, **more):
    """All of the above for a format that is a map, or (by wrap) holds one.

    inner: before the names, where the map stands inside another item. alone: nothing may follow the
    map (else what follows is the next part, and a byte more is no fault of the map's).
    """
    for name, data, note in broken_encodings(fields):
        if name == "trailing-byte" and not alone:
            continue
        out.vector(form, f"bad-{inner}{name}", wrap(data), "MALFORMED", "cbor", note, **more)
    for name, data, note in broken_shapes(fields, optional):
        out.vector(form, f"bad-{inner}{name}", wrap(data), "MALFORMED", "cddl", note, **more)
    if versioned:
        out.vector(form, "bad-version-0", wrap(enc({**fields, 0: 0})), "MALFORMED", "cddl",
                   "there never was a version 0", **more)
        out.vector(form, "newer", wrap(enc({**fields, 0: 2, 40: 0})), "NEWER", "cddl",
                   "version 2, with a key that only version 2 knows", **more)
    if cut:
        for name, data, note in cuts(wrap(enc(fields))):
            out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note, **more)


def emit_array(out, form, items, **more):
    """The faults of a format that is an array."""
    sound = enc(items)
    count = len(items)
    for name, data, note in (
            ("trailing-byte", sound + b"\x00", "a byte after the item"),
            ("long-array", bytes([0x98, count]) + sound[1:], "the count in two bytes"),
            ("indefinite-array", b"\x9f" + sound[1:] + b"\xff", "an array of indefinite length"),
            *cuts(sound)):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note, **more)
    for name, data, note in (
            ("one-less", enc(items[:-1]), "without the last item"),
            ("one-more", enc([*items, 0]), "an item too many"),
            ("map", enc({0: 0}), "a map in place of the array"),
            ("wrong-type", enc([wrong_type(items[0]), *items[1:]]), "the first item")):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cddl", note, **more)


def emit_list(out, form, items, **more):
    """The faults of an array of any length."""
    sound = enc(items)
    for name, data, note in (
            ("trailing-byte", sound + b"\x00", "a byte after the item"),
            ("long-array", bytes([0x98, len(items)]) + sound[1:], "the count in two bytes"),
            ("indefinite-array", b"\x9f" + sound[1:] + b"\xff", "an array of indefinite length"),
            *cuts(sound)):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note, **more)
    for name, data, note in (("map", enc({0: 0}), "a map in its place"),
                             ("wrong-type", enc([*items[:-1], 0]), "the last item is 0")):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cddl", note, **more)
