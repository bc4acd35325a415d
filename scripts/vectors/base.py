"""Deterministic CBOR, the hashes and signatures of the formats, and the files' text form.

Written from schemas/*.cddl and schemas/README.md alone: nothing here is taken from the C codecs,
so that agreement between the two means something. All randomness is a hash of a label.
"""
import hashlib
import struct

from nacl import bindings

DOMAINS = {
    "ACCOUNT": "inkseal account", "DEVICE": "inkseal device", "VERSION": "inkseal version",
    "FRAME": "inkseal frame", "STATEMENT": "inkseal stmt", "PART": "inkseal part",
    "BLOB": "inkseal blob", "PACK": "inkseal pack", "MANIFEST": "inkseal manifest",
    "SEAL": "inkseal seal", "SALT": "inkseal salt", "SALT_KEY": "inkseal saltkey", "RUN": "inkseal run", "EPOCH": "inkseal epoch",
    "RECOVERY": "inkseal recover", "ROOT": "inkseal root", "COPY": "inkseal copy",
    "CUT": "inkseal cut",
    "CREATE": "inkseal create", "WIPE": "inkseal wipe", "CHECKSUM": "inkseal checksum",
}


def domain(name):
    return DOMAINS[name].encode().ljust(16, b"\0")


def digest(name, *parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=domain(name)).digest()


def keyed(name, key, message, size=32):
    return hashlib.blake2b(message, digest_size=size, key=key, person=domain(name)).digest()


def rnd(label, size=32):
    """Bytes that stand for random ones: the same in every run."""
    out = b""
    while len(out) < size:
        out += hashlib.blake2b(f"inkseal vectors {label} {len(out)}".encode()).digest()
    return out[:size]


# CBOR, RFC 8949, section 4.2

class Raw(bytes):
    """Bytes that stand in the output as they are: for broken vectors."""


class Pairs(list):
    """A map in the order given, duplicates and all: for broken vectors."""


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for extra, size in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if value < 1 << 8 * struct.calcsize(size):
            return bytes([major << 5 | extra]) + struct.pack(size, value)
    raise ValueError(value)


def enc(item):
    if isinstance(item, Raw):
        return bytes(item)
    if item is None:
        return b"\xf6"
    if isinstance(item, bool):
        return b"\xf5" if item else b"\xf4"
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, Pairs):
        return head(5, len(item)) + b"".join(enc(k) + enc(v) for k, v in item)
    if isinstance(item, (list, tuple)):
        return head(4, len(item)) + b"".join(map(enc, item))
    if isinstance(item, dict):
        pairs = sorted((enc(k), enc(v)) for k, v in item.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(type(item))


# Keys

class Device:
    def __init__(self, label, recovery=False):
        self.label, self.recovery = label, recovery
        self.sign_public, self.secret = bindings.crypto_sign_seed_keypair(rnd(f"sign {label}"))
        self.box_secret = rnd(f"box {label}")
        self.box_public = bindings.crypto_scalarmult_base(self.box_secret)
        self.wipe_public, self.wipe_secret = bindings.crypto_sign_seed_keypair(
            rnd(f"wipe {label}"))
        self.id = digest("DEVICE", self.sign_public)[:16]

    def added(self):
        return {0: self.sign_public, 1: self.box_public,
                2: None if self.recovery else self.wipe_public, 3: 1 if self.recovery else 0}

    def sign(self, name, message):
        return sign(self.secret, name, message)


def sign(secret, name, message):
    return bindings.crypto_sign(domain(name) + message, secret)[:64]


def box(public, message, label):
    """crypto_box_seal with an ephemeral key that is no accident."""
    secret = rnd(f"ephemeral {label}")
    ephemeral = bindings.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(ephemeral + public, digest_size=24).digest()
    return ephemeral + bindings.crypto_box(message, nonce, public, secret)


# Seals

def padme(n):
    e = n.bit_length() - 1
    s = e.bit_length()
    mask = (1 << (e - s)) - 1
    return (n + mask) & ~mask


def pad(payload):
    size = max(256, padme(len(payload) + 1))
    return payload + b"\x80" + bytes(size - len(payload) - 1)


def seal_keys(key, salt, context):
    both = keyed("SEAL", key, salt + context, 64)
    return both[:32], both[32:]


def encrypt(enc_key, padded, associated):
    return bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        padded, associated, bytes(24), enc_key)


def seal_part(key, purpose, previous, payload, label):
    """A statement's sealed part: salt, commit, ciphertext."""
    context = purpose.encode().ljust(16, b"\0") + previous
    padded = pad(payload)
    salt = digest("SALT", rnd(f"salt {label}"), padded)
    enc_key, commit = seal_keys(key, salt, context)
    return salt + commit + encrypt(enc_key, padded, context + salt + commit)


def packed(payload):
    return b"\x00" + payload


def packed_zstd(payload):
    """One zstd frame of one raw block that announces its size (RFC 8878); up to 255 bytes."""
    assert len(payload) < 256
    frame = bytes.fromhex("28b52ffd") + bytes([0x20, len(payload)])
    return b"\x01" + frame + struct.pack("<I", len(payload) << 3 | 1)[:3] + payload


# Files

class Output:
    def __init__(self):
        self.files = {}  # path below schemas/vectors => text

    def write(self, path, text):
        if path in self.files:
            raise ValueError(f"twice: {path}")
        self.files[path] = text

    def vector(self, form, name, data, expect="ok", layer=None, note="", **more):
        head_lines = {"format": form, "expect": expect}
        if layer:
            head_lines["layer"] = layer
        head_lines["note"] = note
        head_lines |= {key.replace("_", "-"): value.hex() if isinstance(value, bytes) else value
                       for key, value in more.items()}
        lines = [f"{key}: {value}" for key, value in head_lines.items()]
        text = data.hex()
        lines += [""] + [text[at:at + 80] for at in range(0, len(text), 80)]
        self.write(f"{form}/{name}.txt", "\n".join(lines) + "\n")
