"""Who belongs: statements, rosters, boxes, create, wipe, record, receipt (statement.cddl)."""
from .base import Device, box, digest, enc, keyed, rnd, seal_part, sign
from .faults import cuts, emit_array, emit_list, emit_map

T0 = 1_700_000_000_000  # milliseconds
PART_LAYOUT = ("names", "boxes", "previous key")


class Statement:
    """One statement, from its signed map and its parts."""

    def __init__(self, fields, parts, signer):
        self.fields, self.parts, self.signer = fields, parts, signer
        self.signed = enc(fields)
        self.signature = signer.sign("STATEMENT", self.signed)
        self.hash = digest("STATEMENT", self.signed, self.signature)
        self.bytes = self.around(self.signed)
        self.bare = enc([self.signed, self.signature, [None, None, None]])

    def around(self, signed):
        return enc([signed, self.signer.sign("STATEMENT", signed), self.parts])


def statement(kind, previous, signer, at, added=(), revoked=(), epoch=None, parts=(None,) * 3,
              **override):
    fields = {0: 1, 1: kind, 2: previous, 3: signer.id, 4: at,
              5: [device.added() for device in added], 6: [device.id for device in revoked],
              8: [None if part is None else digest("PART", part) for part in parts]}
    if epoch is not None:
        fields[7] = epoch
    fields |= {int(key[1:]): value for key, value in override.items()}
    return Statement(fields, list(parts), signer)


def epoch_commit(key, previous, number):
    return keyed("EPOCH", key, previous + number.to_bytes(8, "little"))


def boxes(key, devices, label):
    return enc({device.id: box(device.box_public, key, f"{label} {device.label}")
                for device in devices})


def names(key, previous, devices, label):
    text = enc({device.id: device.label for device in devices})
    return seal_part(key, "inkseal names", previous, text, label)


class World:
    """An account's first four statements, which all other vectors use."""

    def __init__(self):
        self.laptop, self.paper = Device("Laptop"), Device("Paper", recovery=True)
        self.phone, self.tablet = Device("Phone"), Device("Tablet")
        self.key1, self.key2 = rnd("epoch key 1"), rnd("epoch key 2")
        self.begin = rnd("genesis previous")
        commit1 = epoch_commit(self.key1, self.begin, 1)
        first = [self.laptop, self.paper]
        s1 = statement(0, self.begin, self.laptop, T0, first, epoch=[1, commit1, None], parts=(
            names(self.key1, self.begin, first, "s1"), boxes(self.key1, first, "s1"), None))
        s2 = statement(1, s1.hash, self.paper, T0 + 1000, [self.phone], parts=(
            names(self.key1, s1.hash, [self.phone], "s2"),
            boxes(self.key1, [self.phone], "s2"), None))
        self.commit1 = commit1
        self.commit2 = epoch_commit(self.key2, s2.hash, 2)
        old = seal_part(self.key2, "inkseal oldkey", s2.hash, self.key1, "s3")
        s3 = statement(1, s2.hash, self.phone, T0 + 2000, revoked=[self.laptop],
                       epoch=[2, self.commit2, commit1],
                       parts=(None, boxes(self.key2, [self.paper, self.phone], "s3"), old))
        s4 = statement(1, s3.hash, self.phone, T0 + 3000, [self.tablet], parts=(
            names(self.key2, s3.hash, [self.tablet], "s4"),
            boxes(self.key2, [self.tablet], "s4"), None))
        self.statements = [s1, s2, s3, s4]
        self.account = digest("ACCOUNT", s1.hash)[:20]
        self.live = [first, first + [self.phone], [self.paper, self.phone],
                     [self.paper, self.phone, self.tablet]]

    def roster(self, count):
        return enc([s.bytes for s in self.statements[:count]])

    def bare(self, count):
        return enc([s.bare for s in self.statements[:count]])


def emit_statements(out, world):
    form = "statement"
    for name, s in zip(("genesis", "add", "revoke", "add-again"), world.statements):
        out.vector(form, f"ok-{name}", s.bytes, note=f"statement: {name}", bare="no",
                   hash=s.hash, signer_key=s.signer.sign_public, secret=s.signer.secret)
        out.vector(form, f"ok-{name}-bare", s.bare, note="its parts left out", bare="yes",
                   hash=s.hash, signer_key=s.signer.sign_public)
    s = world.statements[2]
    out.vector(form, "bad-bare-not-allowed", s.bare, "MALFORMED", "rule",
               "parts left out where they must not be", bare="no")
    emit_array(out, form, [s.signed, s.signature, s.parts], bare="no")
    emit_map(out, form, s.fields, s.around, optional=(7,), cut=False, inner="signed-", bare="no")
    for name, data, note in cuts(s.signed):
        out.vector(form, f"bad-signed-{name}", s.around(data), "MALFORMED", "cbor", note, bare="no")
    for nth, label in enumerate(PART_LAYOUT):
        if s.parts[nth] is None:
            parts = [*s.parts]
            parts[nth] = b"part"
            out.vector(form, f"bad-part-{nth}-unnamed", enc([s.signed, s.signature, parts]),
                       "FORGED", "hash", f"{label}: there, but the signed part names none",
                       bare="no")
            continue
        parts = [*s.parts]
        parts[nth] = parts[nth][:-1] + bytes([parts[nth][-1] ^ 1])
        out.vector(form, f"bad-part-{nth}-hash", enc([s.signed, s.signature, parts]), "FORGED",
                   "hash", f"{label}: one bit changed", bare="no")
    emit_statement_rules(out, world)


def emit_statement_rules(out, world):
    def bad(name, expect, layer, note, fields, parts=None):
        s = Statement(fields, parts or base.parts, base.signer)
        out.vector("statement", f"bad-{name}", s.bytes, expect, layer, note, bare="no")

    base = world.statements[0]
    laptop, paper = world.laptop.added(), world.paper.added()
    fields = base.fields
    out.vector("statement", "bad-signature-63",
               enc([base.signed, base.signature[:-1], base.parts]), "MALFORMED", "cddl",
               "a signature of 63 bytes", bare="no")
    bad("epoch-0", "MALFORMED", "cddl", "epochs begin at 1", {**fields, 7: [0, *fields[7][1:]]})
    bad("kind-2", "MALFORMED", "cddl", "there is no kind 2", {**fields, 1: 2})
    bad("role-2", "MALFORMED", "cddl", "there is no role 2", {**fields, 5: [{**laptop, 3: 2}]})
    bad("device-no-wipe-key", "MALFORMED", "rule", "a device has a wipe key",
        {**fields, 5: [{**laptop, 2: None}, paper]})
    bad("recovery-wipe-key", "MALFORMED", "rule", "a recovery device has none",
        {**fields, 5: [laptop, {**paper, 2: rnd("wipe key")}]})
    bad("two-parts", "MALFORMED", "cddl", "hashes of two parts", {**fields, 8: fields[8][:2]})
    bad("added-33", "TOO_LARGE", "limit", "33 devices added",
        {**fields, 5: [Device(f"many {n}").added() for n in range(33)]})
    bad("time", "MALFORMED", "cddl", "the time as text", {**fields, 4: "2023-11-14"})
    base = revoke = world.statements[2]
    bad("revoked-33", "TOO_LARGE", "limit", "33 devices revoked",
        {**revoke.fields, 6: [rnd(f"revoked {n}", 16) for n in range(33)]})


def emit_boxes(out, world):
    data = world.statements[2].parts[1]
    for device, key in ((world.paper, world.key2), (world.phone, world.key2)):
        out.vector("boxes", f"ok-{device.label.lower()}", data, note=f"the box of {device.label}",
                   device=device.id, box_public=device.box_public, box_secret=device.box_secret,
                   key=key)
    out.vector("boxes", "bad-none", data, "FORGED", "rule", "no box for this device",
               device=world.laptop.id)
    device = world.phone.id
    rows = {world.paper.id: rnd("box", 80), device: rnd("box 2", 80)}
    first, second = sorted(rows)
    row = {key: enc(key) + enc(value) for key, value in rows.items()}
    for name, data, note in (
            ("trailing-byte", enc(rows) + b"\x00", "a byte after the map"),
            ("unsorted-keys", b"\xa2" + row[second] + row[first], "the greater id first"),
            ("duplicate-key", b"\xa3" + row[first] + row[second] + row[second], "an id twice"),
            ("indefinite-map", b"\xbf" + row[first] + row[second] + b"\xff", "indefinite length"),
            *cuts(enc(rows))):
        out.vector("boxes", f"bad-{name}", data, "MALFORMED", "cbor", note, device=device)
    for name, data, note in (
            ("short-box", enc({device: rnd("box", 79)}), "a box of 79 bytes"),
            ("text-key", enc({"phone": rnd("box", 80)}), "a name in place of an id")):
        out.vector("boxes", f"bad-{name}", data, "MALFORMED", "cddl", note, device=device)


def emit_rosters(out, world):
    form = "roster"
    for count, name in ((1, "genesis"), (2, "two"), (3, "three"), (4, "four")):
        newest = world.statements[count - 1]
        more = {"account": world.account, "hash": newest.hash, "epoch": 1 if count < 3 else 2,
                "live": " ".join(device.id.hex() for device in world.live[count - 1])}
        out.vector(form, f"ok-{name}", world.roster(count), note=f"{count} statements", bare="no",
                   **more)
        out.vector(form, f"ok-{name}-bare", world.bare(count), note="without sealed parts",
                   bare="yes", **more)
    emit_list(out, form, [s.bytes for s in world.statements[:2]], bare="no")
    out.vector(form, "bad-bare-not-allowed", world.bare(3), "MALFORMED", "rule",
               "parts left out where they must not be", bare="no")
    out.vector(form, "bad-empty", enc([]), "MALFORMED", "cddl", "no genesis", bare="no")
    emit_roster_rules(out, world)


def emit_roster_rules(out, world):
    def bad(name, note, *statements, expect="FORGED", layer="chain"):
        out.vector("roster", f"bad-{name}", enc([s.bytes for s in statements]), expect, layer,
                   note, bare="no")

    s1, s2, s3, s4 = world.statements
    laptop, paper, phone, tablet = world.laptop, world.paper, world.phone, world.tablet
    at = T0 + 9000
    stranger = Device("Stranger")

    def flipped(s):
        signature = bytes([s.signature[0] ^ 1]) + s.signature[1:]
        other = Statement(s.fields, s.parts, s.signer)
        other.bytes = enc([s.signed, signature, s.parts])
        return other

    bad("genesis-signature", "one bit of the genesis' signature", flipped(s1), layer="signature")
    bad("signature", "one bit of the second signature", s1, flipped(s2), layer="signature")
    bad("previous", "the second does not name the first", s1,
        statement(1, rnd("elsewhere"), paper, at, [phone]))
    bad("left-out", "the second statement is left out", s1, s3, s4)
    bad("order", "the second and the third change places", s1, s3, s2)
    bad("no-genesis", "begins with a change", s2)
    bad("two-geneses", "a genesis in second place", s1,
        statement(0, s1.hash, laptop, at, [tablet], epoch=[1, rnd("commit"), None]))
    bad("genesis-signer", "the genesis' signer is not among those it adds",
        statement(0, world.begin, phone, T0, [laptop, paper], epoch=[1, world.commit1, None]))
    bad("foreign-signer", "signed by a device that never belonged", s1,
        statement(1, s1.hash, stranger, at, [stranger]))
    impostor = statement(1, s1.hash, stranger, at, [stranger], _3=laptop.id)
    bad("impostor", "names a live signer, signed by another key", s1, impostor, layer="signature")
    bad("revoked-signer", "signed by the device revoked before", s1, s2, s3,
        statement(1, s3.hash, laptop, at, [tablet]))
    bad("epoch-skipped", "epoch 3 after epoch 1", s1, s2,
        statement(1, s2.hash, phone, at, revoked=[laptop],
                  epoch=[3, world.commit2, world.commit1]))
    bad("epoch-again", "epoch 1 after epoch 1", s1, s2,
        statement(1, s2.hash, phone, at, revoked=[laptop],
                  epoch=[1, world.commit2, world.commit1]))
    bad("previous-commit", "the commitment to the key before is another", s1, s2,
        statement(1, s2.hash, phone, at, revoked=[laptop], epoch=[2, world.commit2, rnd("other")]))
    bad("added-twice", "a device added that is live", s1, s2,
        statement(1, s2.hash, phone, at, [phone]))
    bad("added-twice-at-once", "one statement adds a device twice", s1,
        statement(1, s1.hash, paper, at, [phone, phone]))
    bad("added-again", "a revoked device added again", s1, s2, s3,
        statement(1, s3.hash, phone, at, [laptop]))
    bad("revoked-unknown", "a device revoked that never belonged", s1,
        statement(1, s1.hash, laptop, at, revoked=[stranger],
                  epoch=[2, world.commit2, world.commit1]))
    bad("revoked-twice", "a device revoked again", s1, s2, s3,
        statement(1, s3.hash, phone, at, revoked=[laptop],
                  epoch=[3, rnd("commit 3"), world.commit2]))
    for name, note, first in (
            ("genesis-no-epoch", "a genesis begins epoch 1", {7: None}),
            ("genesis-epoch-2", "a genesis begins epoch 1", {7: [2, world.commit1, None]}),
            ("genesis-previous-commit", "a genesis has no key before",
             {7: [1, world.commit1, rnd("commit")]})):
        fields = {k: v for k, v in {**s1.fields, **first}.items() if v is not None}
        bad(name, note, Statement(fields, s1.parts, laptop))
    bad("revoke-no-epoch", "who revokes begins an epoch", s1, s2,
        statement(1, s2.hash, phone, at, revoked=[laptop]))
    bad("no-previous-commit", "epoch 2 has a key before", s1, s2,
        statement(1, s2.hash, phone, at, revoked=[laptop], epoch=[2, world.commit2, None]))
    many = [Device(f"many {n}") for n in range(31)]
    bad("live-33", "33 live devices", s1, statement(1, s1.hash, laptop, at, many),
        expect="TOO_LARGE", layer="limit")


def emit_create(out, world):
    form, phone, laptop = "create", world.phone, world.laptop

    def wrapped(data, signer=phone):
        return enc([data, signer.sign("CREATE", data)])

    genesis = {0: 1, 1: world.account, 2: laptop.id, 3: world.roster(1), 4: T0}
    fields = {**genesis, 2: phone.id, 3: world.roster(3), 4: T0 + 5000}
    out.vector(form, "ok-genesis", wrapped(enc(genesis), laptop), note="the genesis alone",
               secret=laptop.secret)
    out.vector(form, "ok-three", wrapped(enc(fields)), note="three statements",
               secret=phone.secret)
    emit_map(out, form, fields, wrapped, cut=False, inner="signed-")
    emit_array(out, form, [enc(genesis), laptop.sign("CREATE", enc(genesis))])
    for name, layer, note, changed, signer in (
            ("account", "hash", "another account's id", {1: rnd("account", 20)}, phone),
            ("revoked", "chain", "signed by a revoked device", {2: laptop.id}, laptop),
            ("unknown", "chain", "signed by a device that never belonged", {2: world.tablet.id},
             world.tablet),
            ("impostor", "signature", "signed by another key", {}, laptop)):
        out.vector(form, f"bad-{name}", wrapped(enc({**fields, **changed}), signer), "FORGED",
                   layer, note)
    out.vector(form, "bad-domain", enc([enc(fields), phone.sign("STATEMENT", enc(fields))]),
               "FORGED", "signature", "signed as a statement")


def emit_wipes(out, world):
    phone, incarnation = world.phone, rnd("incarnation", 16)
    fields = {0: 1, 1: "ink.example.org", 2: world.account, 3: incarnation, 4: phone.id,
              5: T0 + 6000}

    def wrapped(data, secret=phone.wipe_secret):
        return enc([data, sign(secret, "WIPE", data)])

    wipe = wrapped(enc(fields))
    out.vector("wipe", "ok-device", wipe, note="by a device, at a gateway",
               key=phone.wipe_public, secret=phone.wipe_secret)
    gateway = Device("Gateway receipt key")
    bare = {**fields, 1: "", 4: bytes(16)}
    out.vector("wipe", "ok-receipt-key", wrapped(enc(bare), gateway.secret),
               note="by the receipt key, no gateway's name", key=gateway.sign_public,
               secret=gateway.secret)
    out.vector("wipe", "ok-long-name", wrapped(enc({**fields, 1: "g" * 255})),
               note="a name of 255 bytes", key=phone.wipe_public, secret=phone.wipe_secret)
    out.vector("wipe", "bad-long-name", wrapped(enc({**fields, 1: "g" * 256})), "TOO_LARGE",
               "cddl", "a name of 256 bytes", key=phone.wipe_public)
    out.vector("wipe", "bad-sign-key", wrapped(enc(fields), phone.secret), "FORGED", "signature",
               "signed by the device's signing key", key=phone.wipe_public)
    emit_map(out, "wipe", fields, wrapped, cut=False, inner="signed-",
             key=phone.wipe_public)
    emit_array(out, "wipe", [enc(fields), sign(phone.wipe_secret, "WIPE", enc(fields))],
               key=phone.wipe_public)

    record = [wipe, world.bare(3)]
    out.vector("wipe-record", "ok", enc(record), note="the wipe and the bare roster")
    emit_array(out, "wipe-record", record)

    receipt = {0: 1, 1: world.account, 2: digest("WIPE", wipe), 3: 17, 4: 2_345_678,
               5: T0 + 7000, 6: gateway.sign_public}
    signed = lambda data: wrapped(data, gateway.secret)
    out.vector("receipt", "ok", signed(enc(receipt)), note="by the gateway's receipt key",
               secret=gateway.secret, wipe=wipe)
    emit_map(out, "receipt", receipt, signed, cut=False, inner="signed-")
    emit_array(out, "receipt", [enc(receipt), sign(gateway.secret, "WIPE", enc(receipt))])
    out.vector("receipt", "bad-signature", wrapped(enc(receipt)), "FORGED", "signature",
               "not signed by the key it names")
