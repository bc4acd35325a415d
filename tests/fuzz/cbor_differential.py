#!/usr/bin/env python3
"""tests/fuzz/cbor_differential.py PIPE [ITEMS [SEED]]: our CBOR against PyPI's cbor2. Both are given
the same bytes: all of one and two bytes, random items, golden vectors, and mutations of both. They
must agree on what is accepted (cbor2's own canonical encoding of it is the very bytes, and it is of
the subset that the formats use), on what it says, and on what is written. PIPE: cbor_pipe.c."""

import itertools
import random
import struct
import subprocess
import sys

import cbor2

import seeds

DEPTH_MAX = 24  # ITEM_DEPTH_MAX of cbor_item.h
BATCH = 4000
TELLING = bytes.fromhex("00011718191a1b1f20383b405f607f80989f a0b8bfc0d8e0f4f5f6f7f8f9fafbff")


class Refused(Exception):
    pass


def words(value, depth=0):
    """What cbor_item says of a value; Refused if it is not of the formats' subset."""
    if depth > DEPTH_MAX:
        raise Refused
    if value is None:
        return "null "
    if value is True or value is False:
        return "true " if value else "false "
    if type(value) is int:
        if not -(2**63) <= value < 2**63:
            raise Refused
        return f"{value} "
    if type(value) is bytes:
        return f"b{value.hex()} "
    if type(value) is str:
        if "\0" in value:
            raise Refused
        return f"t{value.encode().hex()} "
    if type(value) is list:
        return "[ " + "".join(words(item, depth + 1) for item in value) + "] "
    if type(value) is dict:
        small = all(type(key) is int and 0 <= key <= 63 for key in value)
        if not small and not all(type(key) is str for key in value):
            raise Refused
        return "{ " + "".join(words(key) + words(inner, depth + 1)
                              for key, inner in value.items()) + "} "
    raise Refused


def judge(data):
    """cbor2's side: the words, or None."""
    try:
        value = cbor2.loads(data)
        said = words(value)
        return said if cbor2.dumps(value, canonical=True) == data else None
    except (Refused, cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError,
            EOFError, UnicodeError):
        return None


def random_item(rng, depth=0):
    kind = rng.randrange(9 if depth < 5 else 6)
    if kind <= 1:
        return rng.choice([1, -1]) * rng.getrandbits(rng.choice([3, 5, 8, 16, 32, 63]))
    if kind == 2:
        return rng.randbytes(rng.choice([0, 1, 23, 24, 32, 255, 256, 300]))
    if kind == 3:
        letters = "a\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
        return "".join(rng.choices(letters, k=rng.choice([0, 1, 5, 23, 24, 70])))
    if kind == 4:
        return rng.choice([None, True, False])
    if kind == 5:
        return rng.choice([23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, -(2**63)])
    if kind == 6:
        return [random_item(rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 5, 24]))]
    if kind == 7:
        keys = rng.sample(range(64), rng.choice([0, 1, 2, 5, 30]))
        return {key: random_item(rng, depth + 1) for key in keys}
    return {"k" * rng.randrange(30) + str(number): random_item(rng, depth + 1)
            for number in range(rng.choice([0, 1, 3, 8]))}


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.choice(TELLING)
        elif kind == 2:
            data.insert(at, rng.choice(TELLING))
        elif kind == 3 and at < len(data):
            del data[at:at + rng.randrange(1, 9)]
        elif kind == 4:
            data[at:at] = data[:rng.randrange(1, 9)]
    return bytes(data)


def texts():
    """Text strings at every edge of UTF-8's sequences, whole and cut."""
    edges = bytes.fromhex("007f808f909fa0bfc0")
    for lead in bytes.fromhex("c0c1c2dfe0e1ecedeeeff0f1f3f4f5ff"):
        for rest in itertools.product(edges, edges, edges[1:8:3]):
            for size in range(1, 5):
                yield bytes([0x60 + size, lead, *rest])[:1 + size]


def inputs(rng, count):
    yield b""
    yield from texts()
    for first in range(256):
        yield bytes([first])
        for second in range(256):
            yield bytes([first, second])
    pool = [item for item in seeds.vector_bytes() if len(item) < 4096]
    yield from pool
    for number in range(count):
        if number % 4 == 0:
            data = cbor2.dumps(random_item(rng), canonical=number % 8 == 0)
            if len(pool) < 2000:
                pool.append(data)
            else:
                pool[rng.randrange(len(pool))] = data
            yield data
        else:
            yield mutated(rng, rng.choice(pool))


def blocks(data):
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4:at + 4 + size]
        at += 4 + size


def run(pipe, batch):
    """What our side says of each, and writes."""
    sent = b"".join(struct.pack(">I", len(item)) + item for item in batch)
    ran = subprocess.run([pipe], input=sent, stdout=subprocess.PIPE, check=True)
    got = list(blocks(ran.stdout))
    if len(got) != 2 * len(batch):
        raise AssertionError(f"{len(got)} answers to {len(batch)} items")
    return list(zip(got[0::2], got[1::2]))


def compare(pipe, batch):
    accepted = 0
    for data, (said, again) in zip(batch, run(pipe, batch)):
        want = judge(data)
        ours = said.decode("ascii") or None
        if ours != want:
            sys.exit(f"error: {data.hex()}: ours says {ours!r}, cbor2 {want!r}")
        if ours is not None and again != data:
            sys.exit(f"error: {data.hex()}: ours writes {again.hex()}")
        accepted += ours is not None
    return accepted


def main():
    pipe = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    batch, accepted, total = [], 0, 0
    for data in inputs(rng, count):
        batch.append(data)
        if len(batch) == BATCH:
            accepted += compare(pipe, batch)
            total += len(batch)
            batch = []
    accepted += compare(pipe, batch)
    total += len(batch)
    if accepted < 1000:
        sys.exit(f"error: only {accepted} of {total} items were accepted: this compares too little")
    print(f"{total} items, {accepted} accepted by both, the rest refused by both")


if __name__ == "__main__":
    main()
