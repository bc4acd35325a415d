"""JSON files of inputs and outputs: seals, padding, state roots, recovery, times, copies."""
import datetime
import json
import struct
import uuid

from nacl import bindings

from .account import epoch_commit
from .base import (DOMAINS, digest, domain, enc, keyed, packed, packed_zstd, padme, rnd, seal_keys,
                   seal_part)
from .plain import run


def emit_seals(out, world, log):
    rows = []
    for label, key, frame in (("f1", world.key1, log.frames[0]), ("f3", world.key1, log.frames[2]),
                              ("f5", world.key2, log.frames[4]), ("f7", world.key2, log.frames[6])):
        context = {k: v for k, v in frame.header.items() if k != 12}
        enc_key, commit = seal_keys(key, frame.header[11], enc(context))
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            frame.body, frame.header_bytes, bytes(24), enc_key)
        assert commit == frame.header[12]
        rows.append({"name": label, "key": key, "random": rnd(f"frame salt {label}"),
                     "payload": padded.rstrip(b"\0")[:-1], "padded": padded,
                     "salt": frame.header[11], "context": enc(context), "enc": enc_key,
                     "commit": commit, "associated": frame.header_bytes,
                     "ciphertext": frame.body, "frame": frame.bytes})
    blobs = [{"name": name, "key": key, "bare": blob.bare, "payload": blob.payload,
              "padded": blob.padded, "saltKey": blob.salt_key, "salt": blob.salt,
              "context": blob.context, "enc": blob.enc_key, "commit": blob.commit,
              "associated": blob.header_bytes, "ciphertext": blob.body, "blob": blob.bytes,
              "hash": blob.hash}
             for name, key, blob in (("segment", world.key1, log.segment),
                                     ("losers", world.key1, log.losers),
                                     ("body", world.key1, log.body),
                                     ("index", world.key2, log.index))]
    parts = []
    for nth, number, purpose, key, label, payload in (
            (0, 0, "inkseal names", world.key1, "s1",
             enc({d.id: d.label for d in world.live[0]})),
            (1, 0, "inkseal names", world.key1, "s2", enc({world.phone.id: "Phone"})),
            (2, 2, "inkseal oldkey", world.key2, "s3", world.key1)):
        previous = world.statements[nth].fields[2]
        assert seal_part(key, purpose, previous, payload, label) == \
            world.statements[nth].parts[number]
        parts.append({"name": label, "part": number, "key": key, "previous": previous,
                      "random": rnd(f"salt {label}"), "payload": payload,
                      "sealed": world.statements[nth].parts[number]})
    return {"frames": rows, "blobs": blobs, "parts": parts}


def emit_keys(out, world):
    runs = [{"name": name, "key": key, "run": data, "subKey": keyed("RUN", key, b""),
             "hash": keyed("RUN", keyed("RUN", key, b""), data)}
            for name, key, data in (("empty", world.key1, enc([])),
                                    ("two", world.key1, run(world)),
                                    ("two-other-key", world.key2, run(world)))]
    epochs = [{"name": f"{number}", "key": key, "previous": previous, "epoch": number,
               "commit": epoch_commit(key, previous, number)}
              for number, key, previous in ((1, world.key1, world.begin),
                                            (2, world.key2, world.statements[1].hash),
                                            (258, rnd("key 258"), rnd("previous 258")))]
    packs = [{"name": name, "payload": data, "packed": form(data)}
             for name, form, data in (("plain", packed, b"plain bytes"), ("empty", packed, b""),
                                      ("zstd", packed_zstd, b"one raw block of a zstd frame"))]
    return {"runs": runs, "epochs": epochs, "packed": packs}


def pads():
    sizes = [1, 2, 8, 9, 200, 254, 255, 256, 257, 300, 511, 512, 513, 1000, 1023, 1024, 1025, 4095,
             4096, 4097, 65536, 65537, 262144, 1000000, 5242880, 5300000]
    return {"padme": [{"n": n, "padded": padme(n)} for n in sizes],
            "pad": [{"payload": n, "padded": max(256, padme(n + 1))} for n in [0, *sizes]]}


# State roots

def chacha20_block(key, counter, nonce):
    """RFC 8439, section 2.3."""
    start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    words = list(start)

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            words[x] = (words[x] + words[y]) & 0xffffffff
            mixed = words[z] ^ words[x]
            words[z] = (mixed << turn | mixed >> 32 - turn) & 0xffffffff

    for _ in range(10):
        for n in range(4):
            quarter(n, 4 + n, 8 + n, 12 + n)
        for n in range(4):
            quarter(n, 4 + (n + 1) % 4, 8 + (n + 2) % 4, 12 + (n + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xffffffff for a, b in zip(start, words)))


# Section 2.3.2, the RFC's own example.
assert chacha20_block(bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000")).hex() == (
    "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
    "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")


def element(entry_id, version):
    seed = digest("ROOT", version, entry_id.encode())
    return b"".join(chacha20_block(seed, n, bytes(12)) for n in range(32))


def lanes(entry_id, version):
    return struct.unpack("<1024H", element(entry_id, version))


def root_of(state):
    total = [0] * 1024
    for entry_id, version in state.items():
        total = [(a + b) & 0xffff for a, b in zip(total, lanes(entry_id, version))]
    return digest("ROOT", struct.pack("<1024H", *total))


def roots():
    steps, state = [], {}
    for op, entry_id, version in (
            (None, None, None), ("add", "a", rnd("version a")), ("add", "b", rnd("version b")),
            ("add", "é" * 64, rnd("version c")), ("remove", "a", rnd("version a")),
            ("add", "a", rnd("version a2")), ("remove", "b", rnd("version b")),
            ("remove", "é" * 64, rnd("version c")), ("remove", "a", rnd("version a2"))):
        if op == "add":
            state[entry_id] = version
        elif op == "remove":
            del state[entry_id]
        steps.append({"op": op or "none", "id": entry_id or "", "version": version or b"",
                      "root": root_of(state)})
    assert steps[0]["root"] == steps[-1]["root"]
    elements = [{"id": entry_id, "version": version,
                 "seed": digest("ROOT", version, entry_id.encode()),
                 "element": element(entry_id, version)}
                for entry_id, version in (("a", rnd("version a")), ("b", rnd("version a")),
                                          ("é" * 64, rnd("version c")))]
    return {"elements": elements, "steps": steps}


# Recovery

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def code_text(code):
    """48 bytes as 77 characters, the last bit a zero, in groups of 7."""
    bits = int.from_bytes(code, "big") << 1
    text = "".join(CROCKFORD[bits >> 5 * (76 - n) & 31] for n in range(77))
    return "-".join(text[at:at + 7] for at in range(0, 77, 7))


def recovery(world):
    rows = []
    for nth, previous, account, newest in (
            (0, world.begin, world.account, world.statements[0].hash),
            (1, world.begin, world.account, world.statements[3].hash),
            (2, rnd("recovery previous"), rnd("recovery account", 20), rnd("recovery newest"))):
        key = rnd(f"recovery key {nth}", 16)
        front = account + key + newest[:8]
        both = keyed("RECOVERY", key, previous, 64)
        code = front + digest("CHECKSUM", front)[:4]
        sign_public, _ = bindings.crypto_sign_seed_keypair(both[:32])
        rows.append({"name": str(nth), "account": account, "key": key, "statement": newest[:8],
                     "code": code, "text": code_text(code), "previous": previous,
                     "signSeed": both[:32], "signPublic": sign_public, "boxSecret": both[32:],
                     "boxPublic": bindings.crypto_scalarmult_base(both[32:])})
    return {"codes": rows}


# Times and copies (schemas/entry.h)

def ms(year, month=1, day=1, hour=0, minute=0, second=0, milli=0, offset=0):
    """Milliseconds since 1970, for years that datetime knows."""
    at = datetime.datetime(year, month, day, hour % 24, minute, second)
    days = (at - datetime.datetime(1970, 1, 1)).days + hour // 24
    return ((days * 86400 + (hour % 24) * 3600 + minute * 60 + second - offset * 60) * 1000
            + milli)


def times():
    cycle = 400 * 365 + 97  # days of 400 years
    rows = [
        ("1970-01-01T00:00:00.000Z", 0), ("2023-11-14T22:13:20.000Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14T22:13:20.1Z", 1_700_000_000_100),
        ("2023-11-14T22:13:20.123999Z", 1_700_000_000_123),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13Z", ms(2023, 11, 14, 22, 13)),
        ("2023-11-14", ms(2023, 11, 14)), ("2023-11", ms(2023, 11)), ("2023", ms(2023)),
        ("2023-11-14T22:13:20", 1_700_000_000_000),
        ("2023-11-14T22:13:20+05:30", ms(2023, 11, 14, 22, 13, 20, offset=330)),
        ("2023-11-14T22:13:20.5-08:00", ms(2023, 11, 14, 22, 13, 20, 500, offset=-480)),
        ("2024-02-29T00:00:00Z", ms(2024, 2, 29)), ("2000-02-29", ms(2000, 2, 29)),
        ("2024-03-01", ms(2024, 3, 1)), ("1900-03-01", ms(1900, 3, 1)),
        ("2023-12-31T24:00:00Z", ms(2024)), ("2023-12-31T23:59:59.999Z", ms(2024) - 1),
        ("1969-12-31T23:59:59.999Z", -1), ("1660-01-01T12:00:00Z", ms(1660, hour=12)),
        ("0001-01-01", ms(1)), ("9999-12-31T23:59:59.999Z", ms(9999, 12, 31, 23, 59, 59, 999)),
        ("0000-01-01T00:00:00Z", ms(400) - cycle * 86_400_000),
        ("-000400-01-01T00:00:00Z", ms(400) - 2 * cycle * 86_400_000),
        ("+002023-11-14T22:13:20Z", 1_700_000_000_000),
        ("+010000-01-01T00:00:00.000Z", ms(2000) + 20 * cycle * 86_400_000),
        ("+275760-09-13T00:00:00.000Z", 8_640_000_000_000_000),
        ("-271821-04-20T00:00:00.000Z", -8_640_000_000_000_000),
    ]
    unreadable = [
        "", " ", "yesterday", "2023-", "2023-1-1", "2023-13-01", "2023-00-10", "2023-01-00",
        "2023-01-32", "23-01-01", "20231114", "2023-11-14T", "2023-11-14T22", "2023-11-14T25:00Z",
        "2023-11-14T24:00:01Z", "2023-11-14T22:60Z", "2023-11-14T22:13:60Z",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+0530", "2023-11-14T22:13:20+5:30",
        "2023-11-14T22:13:20Zx", "2023-11-14T22:13:20ZZ", "+2023-11-14", "-000000-01-01T00:00:00Z",
        "+275760-09-13T00:00:00.001Z", "-271821-04-19T23:59:59.999Z", "2023-11-14T22:13:20\u00e9",
        "2023-11-14T22:13:20.12345678901234567890123456789012345678901234Zx",
    ]
    printed = [(0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
               (-1, "1969-12-31T23:59:59.999Z"), (ms(9999, 12, 31), "9999-12-31T00:00:00.000Z"),
               (ms(2000) + 20 * cycle * 86_400_000, "+010000-01-01T00:00:00.000Z"),
               (ms(400) - cycle * 86_400_000, "0000-01-01T00:00:00.000Z"),
               (ms(400) - cycle * 86_400_000 - 1, "-000001-12-31T23:59:59.999Z"),
               (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
               (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z")]
    return {"parse": [{"text": text, "ms": value} for text, value in rows]
            + [{"text": text, "ms": 0} for text in unreadable],
            "print": [{"ms": value, "text": text} for value, text in printed]}


def copies(world):
    rows = []
    for entry_id in ("x", "7f0c9a52-0b1d-4f5e-9f43-5d1f7f4f0c11", "é" * 64):
        for device in (world.laptop, world.phone):
            data = bytearray(digest("COPY", device.id, entry_id.encode())[:16])
            data[6] = 0x80 | data[6] & 0x0f
            data[8] = 0x80 | data[8] & 0x3f
            rows.append({"id": entry_id, "device": device.id,
                         "copy": str(uuid.UUID(bytes=bytes(data)))})
    return {"copies": rows}


def domains():
    return {"domains": [{"name": name, "text": domain(name),
                         "hash": digest(name, b"abc")} for name in DOMAINS]}


def emit(out, world, log):
    for name, value in (("seal", emit_seals(out, world, log)), ("keys", emit_keys(out, world)),
                        ("pad", pads()), ("root", roots()), ("recovery", recovery(world)),
                        ("time", times()), ("copy", copies(world)), ("domain", domains())):
        text = json.dumps(value, indent=1, ensure_ascii=True,
                          default=lambda data: data.hex())
        out.write(f"{name}.json", text + "\n")
