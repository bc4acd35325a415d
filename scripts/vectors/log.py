"""Frames, blobs, manifest, packs and the sync exchange (frame.cddl, manifest.cddl, sync.cddl)."""
from .account import T0, boxes, statement
from .base import digest, enc, encrypt, keyed, packed, pad, rnd, seal_keys
from .faults import cuts, emit_map
from .plain import entry, index, operations, run

PATCH, LOAD, SNAPSHOT, STATEMENT, RESET = range(5)
SEGMENT, LOSERS, BODY, INDEX = range(4)


class Frame:
    def __init__(self, header, body, device):
        self.header, self.body, self.device = header, body, device
        self.header_bytes = enc(header)
        self.bytes = self.around(self.header_bytes)
        self.hash = digest("FRAME", self.bytes)
        self.seq = header[3]
        self.head = [self.seq, self.hash]

    def around(self, header_bytes):
        signed = header_bytes + self.body
        return signed + self.device.sign("FRAME", signed)


def frame_header(world, epoch, seq, previous, roster, device, kind, **more):
    header = {0: 1, 1: world.account, 2: epoch, 3: seq, 4: previous, 5: roster, 6: device.id,
              7: kind}
    return header | {int(key[1:]): value for key, value in more.items()}


def sealed_frame(header, device, key, payload, label):
    padded = pad(payload)
    context = {**header, 11: digest("SALT", rnd(f"frame salt {label}"), padded)}
    enc_key, commit = seal_keys(key, context[11], enc(context))
    whole = {**context, 12: commit}
    return Frame(whole, encrypt(enc_key, padded, enc(whole)), device)


class Blob:
    def __init__(self, world, epoch, key, kind, payload, names=None, losers=None):
        bare = {0: 1, 1: world.account, 2: epoch, 3: kind}
        if names is not None:
            bare |= {4: names, 5: losers}
        self.payload, self.padded, self.bare = payload, pad(payload), enc(bare)
        self.salt_key = keyed("SALT_KEY", key, b"")
        self.salt = keyed("SALT_KEY", self.salt_key, self.bare + self.padded)
        self.context = enc({**bare, 6: self.salt})
        self.enc_key, self.commit = seal_keys(key, self.salt, self.context)
        self.header = {**bare, 6: self.salt, 7: self.commit}
        self.header_bytes = enc(self.header)
        self.body = encrypt(self.enc_key, self.padded, self.header_bytes)
        self.bytes = self.header_bytes + self.body
        self.hash = digest("BLOB", self.bytes)
        self.name = [self.hash, 3]


class Log:
    """Eight frames of the world's account: each kind, over its first three statements."""

    def __init__(self, world):
        self.world = world
        s1, s2, s3, _ = world.statements
        laptop, phone, key1, key2 = world.laptop, world.phone, world.key1, world.key2
        root = [rnd(f"root {n}") for n in range(9)]
        ops = packed(operations(world))
        self.body = Blob(world, 1, key1, BODY, ops)
        self.segment = Blob(world, 1, key1, SEGMENT, packed(run(world)))
        self.losers = Blob(world, 1, key1, LOSERS, packed(enc([[phone.id, entry(), T0]])))
        self.index = Blob(world, 2, key2, INDEX, packed(index(world)),
                          [self.segment.name, self.losers.name], 1)

        def sealed(n, **more):
            fields = {0: root[n], 1: 0, 2: T0 + n} | {int(k[1:]): v for k, v in more.items()}
            return enc(fields)

        small = packed(enc([[0, entry(title="Small")]]))
        f1 = sealed_frame(frame_header(world, 1, 1, s1.hash, s1.hash, laptop, PATCH), laptop,
                          key1, sealed(1, _4=small), "f1")
        f2 = Frame(frame_header(world, 1, 2, f1.hash, s1.hash, world.paper, STATEMENT), s2.bytes,
                   world.paper)
        f3 = sealed_frame(frame_header(world, 1, 3, f2.hash, s2.hash, phone, PATCH,
                                       _8=self.body.name), phone, key1, sealed(3), "f3")
        f4 = Frame(frame_header(world, 1, 4, f3.hash, s2.hash, phone, STATEMENT), s3.bytes, phone)
        f5 = sealed_frame(frame_header(world, 2, 5, f4.hash, s3.hash, phone, SNAPSHOT,
                                       _8=self.index.name, _9=f3.head), phone, key2,
                          sealed(5, _3=root[3]), "f5")
        f6 = sealed_frame(frame_header(world, 2, 6, f5.hash, s3.hash, phone, LOAD,
                                       _8=self.index.name), phone, key2, sealed(6), "f6")
        f7 = sealed_frame(frame_header(world, 2, 7, f6.hash, s3.hash, phone, PATCH), phone, key2,
                          sealed(7), "f7")
        self.reset = sealed_frame(
            frame_header(world, 2, 9, f7.hash, s3.hash, phone, RESET, _8=self.index.name,
                         _9=f7.head, _10=[8, rnd("abandoned")]),
            phone, key2, sealed(8, _3=root[7]), "reset")
        self.frames = [f1, f2, f3, f4, f5, f6, f7]
        self.kinds = ["patch", "statement", "patch-body", "statement-revoke", "snapshot", "load",
                      "patch-empty"]


def emit_frames(out, log):
    form = "frame"
    for frame, name in zip([*log.frames, log.reset], [*log.kinds, "reset"]):
        out.vector(form, f"ok-{name}", frame.bytes, note=name, hash=frame.hash,
                   header_size=len(frame.header_bytes), secret=frame.device.secret)
    patch, snapshot, stated, reset = log.frames[0], log.frames[4], log.frames[1], log.reset
    emit_map(out, form, patch.header, patch.around, optional=(11, 12), cut=False, alone=False)
    for name, data, note in cuts(patch.header_bytes):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note)
    out.vector(form, "bad-no-signature", patch.header_bytes + patch.body[:63], "MALFORMED",
               "rule", "63 bytes after the header")

    def bad(name, base, note, without=(), layer="rule", expect="MALFORMED", **more):
        header = {k: v for k, v in base.header.items() if k not in without}
        header |= {int(key[1:]): value for key, value in more.items()}
        out.vector(form, f"bad-{name}", base.around(enc(header)), expect, layer, note)

    bad("kind-5", patch, "there is no kind 5", layer="cddl", _7=5)
    bad("epoch-0", patch, "epochs begin at 1", layer="cddl", _2=0)
    bad("no-salt", patch, "a patch without salt", without=(11,))
    bad("no-commit", patch, "a patch without commitment", without=(12,))
    bad("patch-covered", patch, "a patch covers nothing", _9=[1, rnd("covered")])
    bad("patch-abandoned", patch, "a patch abandons nothing", _10=[1, rnd("covered")])
    bad("statement-salt", stated, "a statement is not sealed", _11=rnd("salt"), _12=rnd("commit"))
    bad("statement-blob", stated, "a statement has no blob", _8=log.body.name)
    bad("snapshot-no-index", snapshot, "a snapshot names its index", without=(8,))
    bad("snapshot-no-covered", snapshot, "a snapshot names what it covers", without=(9,))
    bad("load-no-index", log.frames[5], "a load names its index", without=(8,))
    bad("load-covered", log.frames[5], "a load is its own state", _9=log.frames[2].head)
    bad("reset-no-abandoned", reset, "a reset names the head it gives up", without=(10,))
    bad("reset-no-covered", reset, "a reset names what it covers", without=(9,))
    bad("blob-name-3", snapshot, "a blob's name of three items", layer="cddl",
        _8=[*log.index.name, 0])
    bad("hash-31", patch, "a previous hash of 31 bytes", layer="cddl", _4=bytes(31))
    out.vector(form, "bad-10241", patch.header_bytes + bytes(10241 - len(patch.header_bytes)),
               "TOO_LARGE", "limit", "one byte over 10 KiB")
    last = {**patch.header, 3: (1 << 53) - 1}
    out.vector(form, "ok-seq-last", patch.around(enc(last)), note="the last place there is",
               hash=digest("FRAME", patch.around(enc(last))), header_size=len(enc(last)),
               secret=patch.device.secret)
    for name, key in (("seq", 3), ("epoch", 2)):
        bad(f"{name}-over", patch, "no double holds all integers from here on", layer="cddl",
            expect="TOO_LARGE", **{f"_{key}": 1 << 53})
    bad("abandoned-over", reset, "a head that no log can have", layer="cddl",
        expect="TOO_LARGE", _10=[1 << 53, rnd("abandoned")])


def emit_checks(out, log):
    """One frame against a head and a roster: what a gateway and every reader checks."""
    world, form = log.world, "frame-check"
    s1, s2, s3, _ = world.statements
    laptop, phone, paper, key1 = world.laptop, world.phone, world.paper, world.key1
    f1, f2, f3, f4, f5, _, f7 = log.frames
    after = [0, 1, 1, 2, 2, 2, 2]
    before = [0, 0, 1, 1, 2, 2, 2]

    def vector(name, data, expect, layer, note, previous, index, roster=3, **more):
        head = [0, s1.hash] if previous is None else previous.head
        out.vector(form, name, data, expect, layer, note, roster=world.roster(roster),
                   head_seq=head[0], head_hash=head[1], roster_index=index, **more)

    for n, (frame, kind) in enumerate(zip(log.frames, log.kinds)):
        vector(f"ok-{kind}", frame.bytes, "ok", None, kind, log.frames[n - 1] if n else None,
               before[n], roster_index_after=after[n])

    def bad(name, layer, note, header, device, key=key1, previous=f2, index=1, roster=3):
        frame = sealed_frame(header, device, key, b"", f"check {name}")
        vector(f"bad-{name}", frame.bytes, "FORGED", layer, note, previous, index, roster)

    def resets(name, skip, expect, layer, note, head_seq=7, index=2):
        header = {k: v for k, v in log.reset.header.items() if k < 11}
        header |= {3: head_seq + skip, 10: [head_seq + skip - 1, rnd("abandoned")]}
        frame = sealed_frame(header, phone, world.key2, b"", f"check {name}")
        out.vector(form, name, frame.bytes, expect, layer, note, roster=world.roster(3),
                   head_seq=head_seq, head_hash=f7.hash, roster_index=index,
                   **({"roster_index_after": 2} if expect == "ok" else {}))

    last = (1 << 53) - 1
    resets("ok-reset", 1, "ok", None, "one place on")
    resets("ok-reset-carries", 2, "ok", None, "under statements that its head does not know",
           index=0)
    resets("ok-reset-skip-2-32", 1 << 32, "ok", None, "as far as a reset may skip")
    resets("bad-reset-skip-over", (1 << 32) + 1, "FORGED", "chain", "one place more")
    resets("ok-reset-last", 2, "ok", None, "to the last place there is", head_seq=last - 2)
    good = frame_header(world, 1, 3, f2.hash, s2.hash, phone, PATCH)
    bad("account", "chain", "another account's", {**good, 1: rnd("account", 20)}, phone)
    bad("seq-skipped", "chain", "seq 4 after seq 2", {**good, 3: 4}, phone)
    bad("seq-again", "chain", "seq 2 after seq 2", {**good, 3: 2}, phone)
    bad("previous", "chain", "another frame before it", {**good, 4: f1.hash}, phone)
    bad("roster-behind", "chain", "the roster hash of before the statement", {**good, 5: s1.hash},
        laptop)
    bad("roster-ahead", "chain", "a roster hash that the log has not reached",
        {**good, 5: s3.hash}, phone)
    bad("epoch-ahead", "chain", "epoch 2 in epoch 1", {**good, 2: 2}, phone)
    late = frame_header(world, 2, 5, f4.hash, s3.hash, phone, PATCH)
    bad("epoch-behind", "chain", "epoch 1 in epoch 2", {**late, 2: 1}, phone, key1, f4, 2)
    bad("revoked", "chain", "by a revoked device", {**late, 6: laptop.id}, laptop, world.key2, f4,
        2)
    bad("not-yet", "chain", "by a device that a later statement adds",
        {**good, 6: world.tablet.id}, world.tablet, roster=4)
    bad("unknown", "chain", "by a device that never belonged",
        {**good, 6: rnd("stranger", 16)}, laptop)
    bad("impostor", "signature", "signed by another device's key", good, laptop)
    for name, at in (("signature", -1), ("body", len(f3.header_bytes) + 5)):
        flipped = bytearray(f3.bytes)
        flipped[at] ^= 1
        vector(f"bad-{name}-bit", bytes(flipped), "FORGED", "signature",
               f"one bit of the {name}", f2, 1)
    vector("bad-cut-body", f3.bytes[:-65] + f3.bytes[-64:], "FORGED", "signature",
           "the body's last byte is gone", f2, 1)
    other = Frame({**f2.header, 6: laptop.id}, s2.bytes, laptop)
    vector("bad-statement-signer", other.bytes, "FORGED", "chain",
           "a statement in a frame by another than its signer", f1, 0)
    vector("bad-statement-missing", f4.bytes, "FORGED", "chain",
           "a statement that the roster at hand does not hold", f3, 1, roster=2)
    fork = statement(1, s1.hash, paper, T0 + 1500, [world.tablet],
                     parts=(None, boxes(key1, [world.tablet], "fork"), None))
    frame = Frame(f2.header, fork.bytes, paper)
    vector("bad-statement-fork", frame.bytes, "FORGED", "chain",
           "a statement that is not the roster's next", f1, 0)


def emit_blobs(out, log):
    form = "blob"
    for blob, name in ((log.segment, "segment"), (log.losers, "losers"), (log.body, "body"),
                       (log.index, "index")):
        out.vector(form, f"ok-{name}", blob.bytes, note=name, hash=blob.hash,
                   header_size=len(blob.header_bytes))
    empty = Blob(log.world, 2, log.world.key2, INDEX, packed(enc([1, 0, 0, [], [], []])), [], 0)
    out.vector(form, "ok-index-empty", empty.bytes, note="an index of nothing", hash=empty.hash,
               header_size=len(empty.header_bytes))
    blob = log.index

    def around(header_bytes):
        return header_bytes + blob.body

    emit_map(out, form, blob.header, around, optional=(4, 5), cut=False, alone=False)
    for name, data, note in cuts(blob.header_bytes):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note)
    for name, note, base, without, more, layer, expect in (
            ("kind-4", "there is no kind 4", blob, (), {3: 4}, "cddl", "MALFORMED"),
            ("index-no-names", "an index has names", blob, (4,), {}, "rule", "MALFORMED"),
            ("index-no-losers", "an index says how many are losers'", blob, (5,), {}, "rule",
             "MALFORMED"),
            ("losers-over", "more losers' segments than segments", blob, (), {5: 3}, "rule",
             "MALFORMED"),
            ("segment-names", "a segment has no names", log.segment, (), {4: [], 5: 0}, "rule",
             "MALFORMED"),
            ("epoch-0", "epochs begin at 1", blob, (), {2: 0}, "cddl", "MALFORMED"),
            ("names-1501", "1,501 names", blob, (), {4: [[bytes(32), 0]] * 1501}, "limit",
             "TOO_LARGE")):
        header = {k: v for k, v in base.header.items() if k not in without} | more
        out.vector(form, f"bad-{name}", enc(header) + base.body, expect, layer, note)


def pack(world, frames, **override):
    names = [frame.header[8] for frame in frames if 8 in frame.header]
    header = {0: 1, 1: world.account, 2: frames[0].seq, 3: frames[-1].seq, 4: names}
    return header | {int(k[1:]): v for k, v in override.items()}


def emit_packs(out, log):
    world, frames, form = log.world, log.frames, "pack"
    for name, some in (("one", frames[:1]), ("three", frames[:3]), ("names", frames[2:6])):
        header = enc(pack(world, some))
        data = header + enc([frame.bytes for frame in some])
        out.vector(form, f"ok-{name}", data, note=f"{len(some)} frames", names_size=len(header),
                   hash=digest("PACK", data))
    some = frames[:3]
    tail = enc([frame.bytes for frame in some])
    fields = pack(world, some)
    emit_map(out, form, fields, lambda data: data + tail, cut=False, alone=False)
    for name, data, note in cuts(enc(fields) + tail):
        out.vector(form, f"bad-{name}", data, "MALFORMED", "cbor", note)
    for name, note, header, items, layer in (
            ("gap", "frames 1 and 3 as 1 to 3", fields, [some[0], some[2]], "rule"),
            ("to-before-from", "from 3 to 1", {**fields, 2: 3, 3: 1}, some, "rule"),
            ("count", "three frames as 1 to 2", {**fields, 3: 2}, some, "rule"),
            ("no-frames", "no frame", {**fields, 3: 1, 4: []}, [], "cddl")):
        data = enc(header) + enc([frame.bytes for frame in items])
        out.vector(form, f"bad-{name}", data, "MALFORMED", layer, note)
    out.vector(form, "bad-after", enc(fields) + tail + b"\x00", "MALFORMED", "cbor",
               "a byte after the frames")


def manifest(log, tail_from=3):
    world, frames = log.world, log.frames
    newest = world.statements[2].hash
    header = enc(pack(world, frames[:tail_from]))
    packed_frames = header + enc([frame.bytes for frame in frames[:tail_from]])
    roster = world.roster(3)
    rows = [[1, tail_from, digest("PACK", packed_frames), 2, len(packed_frames), len(header), 0,
             T0 + 100]]
    last = {frame.device.id: frame for frame in frames}
    devices = [[device.id, last[device.id].seq, last[device.id].hash]
               for device in world.live[2]]
    return {0: 1, 1: world.account, 2: 0, 3: rnd("incarnation", 16), 4: 7, 5: rnd("nonce", 16),
            6: 3, 7: T0, 8: frames[-1].head, 9: newest, 10: [digest("BLOB", roster), 3], 11: 2,
            12: frames[4].bytes, 13: rows, 14: [frame.bytes for frame in frames[tail_from:]],
            15: devices}


def summed(fields):
    """The fields' bytes, then their checksum."""
    return fields + enc(digest("MANIFEST", fields))


def emit_manifests(out, log):
    world, form = log.world, "manifest"
    s1 = world.statements[0]
    fields = manifest(log)
    none = bytes(32)
    first = {**{k: v for k, v in fields.items() if k != 12}, 4: 0, 6: 0, 8: [0, s1.hash],
             9: s1.hash, 10: [digest("BLOB", world.roster(1)), 0], 11: 1, 13: [], 14: [],
             15: [[device.id, 0, none] for device in world.live[0]]}
    wiped = {**{k: v for k, v in fields.items() if k != 12}, 2: 1, 13: [], 14: [], 15: []}
    many = [[10 * n + 1, 10 * n + 10, rnd(f"pack {n}"), 1, 9000, 100, 1, T0] for n in range(129)]
    packs = {**fields, 13: many[:128], 14: [], 8: [1280, rnd("head")]}
    wipe = enc([enc({0: 1, 1: "", 2: world.account, 3: fields[3], 4: world.phone.id, 5: T0}),
                rnd("signature", 64)])
    for name, note, item in (
            ("created", "no frame yet", first),
            ("full", "a pack, a tail, a snapshot", fields),
            ("turn", "a device holds the turn", {**fields, 16: [world.phone.id, 7]}),
            ("wiped", "wiped by a device", {**wiped, 17: wipe}),
            ("removed", "wiped by an operator", wiped),
            ("packs-128", "128 packs, no tail", packs)):
        out.vector(form, f"ok-{name}", summed(enc(item)), note=note)
    emit_map(out, form, fields, summed, optional=(12,), alone=False)
    sound = summed(enc(fields))
    for name, data, expect, layer, note in (
            ("trailing-byte", sound + b"\0", "MALFORMED", "cbor", "a byte after the checksum"),
            ("no-checksum", enc(fields), "MALFORMED", "cbor", "the fields alone"),
            ("checksum-31", enc(fields) + enc(bytes(31)), "MALFORMED", "cddl",
             "a checksum of 31 bytes")):
        out.vector(form, f"bad-{name}", data, expect, layer, note)
    for name, at in (("incarnation", sound.index(fields[3])), ("nonce", sound.index(fields[5])),
                     ("device", sound.index(fields[15][0][0])), ("checksum", len(sound) - 1)):
        flipped = bytearray(sound)
        flipped[at] ^= 1
        out.vector(form, f"bad-bit-{name}", bytes(flipped), "FORGED", "hash",
                   f"one bit of the {name}")
    row = fields[13][0]
    for name, expect, layer, note, changed in (
            ("state-2", "MALFORMED", "cddl", "there is no state 2", {2: 2}),
            ("packs-129", "TOO_LARGE", "limit", "129 packs",
             {13: many, 14: [], 8: [1290, rnd("head")]}),
            ("devices-33", "TOO_LARGE", "limit", "33 devices",
             {15: [[rnd(f"device {n}", 16), 0, none] for n in range(33)]}),
            ("pack-short", "MALFORMED", "cddl", "a pack of seven items", {13: [row[:7]]}),
            ("pack-backwards", "MALFORMED", "rule", "a pack from 3 to 1",
             {13: [[3, 1, *row[2:]]]}),
            ("pack-gap", "MALFORMED", "rule", "packs 1 to 10 and 21 to 30",
             {13: [many[0], many[2]], 14: [], 8: [30, rnd("head")]}),
            ("pack-overlap", "MALFORMED", "rule", "packs 1 to 10 and 10 to 20",
             {13: [many[0], [10, *many[1][1:]]], 14: [], 8: [20, rnd("head")]}),
            ("head-hash", "FORGED", "hash", "the tail ends in another frame than the head",
             {8: [7, rnd("head")]}),
            ("head-seq", "MALFORMED", "rule", "the tail ends before the head",
             {8: [8, log.frames[-1].hash]}),
            ("tail-gap", "MALFORMED", "rule", "the tail's first frame does not follow the pack",
             {14: fields[14][1:]})):
        out.vector(form, f"bad-{name}", summed(enc({**fields, **changed})), expect, layer, note)
    size = len(sound)
    stuffed = {**fields, 12: rnd("stuffing", 20481 - size + len(fields[12]))}
    assert len(summed(enc(stuffed))) == 20481
    out.vector(form, "bad-20481", summed(enc(stuffed)), "TOO_LARGE", "limit", "one byte over 20 KiB")


def emit_sync(out, log):
    world, frames = log.world, log.frames
    form = "sync-request"
    poll = {0: 1, 1: world.account, 2: world.phone.id, 3: [0, world.statements[0].hash], 4: [],
            5: []}
    push = {**poll, 3: frames[1].head, 4: [frames[2].bytes, frames[3].bytes],
            5: [log.body.bytes], 6: world.roster(3)}
    for name, note, item in (("poll", "nothing to commit", poll),
                             ("push", "a patch with its body, a statement", push),
                             ("turn", "a patch, and the turn is asked for",
                              {**poll, 4: [frames[0].bytes], 7: True}),
                             ("reseed", "a reset, with the roster that it carries",
                              {**poll, 3: frames[-1].head, 4: [log.reset.bytes],
                               6: world.roster(3), 8: True}),
                             ("sixteen", "sixteen frames", {**poll, 4: [frames[0].bytes] * 16})):
        out.vector(form, f"ok-{name}", enc(item), note=note)
    emit_map(out, form, push, optional=(6,))
    out.vector(form, "bad-turn-false", enc({**poll, 7: False}), "MALFORMED", "cddl",
               "not to ask is to leave it out")
    out.vector(form, "bad-reseed-false", enc({**poll, 8: False}), "MALFORMED", "cddl",
               "not to ask is to leave it out")
    out.vector(form, "bad-seventeen", enc({**poll, 4: [b"frame"] * 17}), "TOO_LARGE", "cddl",
               "seventeen frames")
    out.vector(form, "bad-frame-10241", enc({**poll, 4: [bytes(10241)]}), "TOO_LARGE",
               "limit", "a frame of one byte over 10 KiB")

    form = "sync-answer"
    base = {0: 1, 1: 0, 2: frames[-1].head, 3: rnd("incarnation", 16), 4: 3,
            5: world.statements[2].hash, 6: [digest("BLOB", world.roster(3)), 3], 7: [], 8: [],
            9: False, 11: [], 14: 0, 15: T0 + 8000}
    wipe_record = enc([enc([b"wipe", bytes(64)]), world.bare(3)])
    behind = {**base, 1: 2, 7: [frame.bytes for frame in frames[:3]],
              8: [[log.body.name, log.body.bytes]], 9: True}
    for name, note, changed in (
            ("current", "nothing new", {}), ("committed", "names of the bodies",
                                             {1: 1, 11: [log.body.name]}),
            ("far-behind", "the snapshot's frame", {1: 3, 10: frames[4].bytes}),
            ("diverged", "another frame at the cursor", {1: 4}),
            ("ahead", "behind you", {1: 5}),
            ("rename", "put this again", {1: 6, 11: [log.index.name, log.segment.name]}),
            ("revoked", "with the roster", {1: 7, 12: world.roster(3)}),
            ("gone", "with the record", {1: 8, 13: wipe_record}),
            ("gone-bare", "without a record", {1: 8}),
            ("refused", "a frame does not hold", {1: 9}), ("later", "busy", {1: 10, 14: 1500})):
        out.vector(form, f"ok-{name}", enc({**base, **changed}), note=note)
    out.vector(form, "ok-behind", enc(behind), note="frames and a body, and more to come")
    emit_map(out, form, behind)
    out.vector(form, "bad-status-11", enc({**base, 1: 11}), "MALFORMED", "cddl",
               "there is no status 11")
    out.vector(form, "bad-body-name", enc({**base, 8: [[log.body.hash, b"body"]]}), "MALFORMED",
               "cddl", "a hash in place of a name")
