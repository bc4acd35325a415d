"""damage.py: bytes in the bucket that are cut, flipped or exchanged: refused in words, nothing
changes on the device, and once they are whole again it goes on as if nothing had been."""
import random
import shutil
import struct
import unittest

import cbor2

from home import ERROR, OK, ROLLBACK, Case, made_journal, noise

BOMB_BYTES = 256 << 20


def flipped(data, at, bit=0):
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def zstd_bomb():
    """A sound zstd frame of 8 KiB that says and holds 256 MiB of zeros."""
    block = 128 << 10
    count = BOMB_BYTES // block
    blocks = [struct.pack("<I", (number == count - 1) | 1 << 1 | block << 3)[:3] + b"\0"
              for number in range(count)]
    return b"\x28\xb5\x2f\xfd" + b"\xa0" + struct.pack("<I", BOMB_BYTES) + b"".join(blocks)


class Damage(Case):
    """Home A has written it all; home B, and any new device, must read it."""

    def setUp(self):
        super().setUp()
        source = random.Random(9)
        self.one, self.two, self.store, said = self.pair(made_journal(30))
        self.code, self.account = said["recoveryCode"], said["account"]
        self.one.new("A body", noise(source, 9000))
        self.one.sync()
        for number in range(6):
            self.one.new(f"Number {number}", noise(source, 3000))
            self.one.sync()
        for number in range(3):
            self.one.new(f"In the tail {number}", f"{number} few words")
            self.one.sync()
        self.entries = self.one.entries()
        self.whole = self.store.files()
        self.manifest = f"a/{self.account}/manifest"
        kinds = {key.split("/")[2] for key in self.whole}
        self.assertEqual(kinds, {"manifest", "b", "p"}, "no pack was made")

    def old_rosters(self):
        """Those that the manifest names no more: they wait for a sweep, and nobody reads them."""
        rosters = [key for key, data in self.whole.items()
                   if "/b/" in key and isinstance(cbor2.loads(data), list)]
        digest, _ = cbor2.loads(self.whole[self.manifest])[10]
        current = [key for key in rosters if digest.hex() in key]
        self.assertEqual(len(current), 1)
        return [key for key in rosters if key not in current]

    def spoil(self, key, data):
        """Puts other bytes in an object's place; None removes it."""
        path = self.store.path / key
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)

    def mend(self):
        for key, data in self.whole.items():
            path = self.store.path / key
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        for key in set(self.store.files()) - set(self.whole):
            (self.store.path / key).unlink()

    def read_as_behind(self, code):
        """Home B's sync, in a copy of the home: its exit code; a failure changes nothing."""
        home = self.two.copy("B-behind")
        before = home.entries()
        answer = home.run("--json", "sync", code=code)
        if answer.code == OK:
            self.assert_same_entries(home.entries(), self.entries)
        else:
            self.check_error(answer)
            self.assertEqual(home.entries(), before)
        shutil.rmtree(home.path)
        return answer

    def test_each_object_cut_flipped_exchanged_or_lost(self):
        """As a new device meets them, which reads every object there is."""
        blobs = [key for key in self.whole if key not in (self.manifest, *self.old_rosters())]
        says = set()
        for number, key in enumerate(blobs):
            data = self.whole[key]
            other = self.whole[blobs[number - 1]]
            for what, bad in (("cut", data[:len(data) // 2]), ("cut by one", data[:-1]),
                              ("empty", b""), ("flipped at 0", flipped(data, 0)),
                              ("flipped", flipped(data, len(data) // 2, 3)),
                              ("flipped at the end", flipped(data, len(data) - 1, 7)),
                              ("grown", data + b"\0"), ("another's", other), ("lost", None)):
                self.spoil(key, bad)
                home = self.home("new")
                with self.subTest(what=what, key=key):
                    said = home.fails(ERROR, "recover", "--yes", "--bucket", self.store.url,
                                      text=self.code)
                    says.add(said)
                    self.assertEqual(home.entries(), {}, "nothing half read")
                if home.path.exists():
                    shutil.rmtree(home.path)
                self.mend()
        print("\n".join(sorted(says)), flush=True)
        for said in says:
            self.assertRegex(said, "(?i)damaged|missing|no such blob|not what its name says")

        # What was refused once does not stand in the way: the same home goes on.
        key = next(key for key in blobs if "/p/" in key)
        self.spoil(key, flipped(self.whole[key], 700))
        home = self.home("new")
        home.fails(ERROR, "recover", "--yes", "--bucket", self.store.url, text=self.code)
        home.fails(10, "sync", says="recover")
        self.mend()
        home.recover(self.store, self.code)
        self.assert_same_entries(home.entries(), self.entries)

    def test_every_part_of_the_manifest(self):
        """A flipped bit is refused; or it stood where nothing follows from it (the commit's nonce,
        the generation), and then all is as it should be. A frame's bits are always refused."""
        data = self.whole[self.manifest]
        tail = [(data.index(frame), len(frame)) for frame in cbor2.loads(data)[14]]
        self.assertGreaterEqual(len(tail), 3)
        source = random.Random(4)
        frames = [at + source.randrange(size) for at, size in tail[-3:] for _ in range(4)]
        others = [source.randrange(len(data)) for _ in range(30)]
        refused = 0
        for at in frames + others:
            self.spoil(self.manifest, flipped(data, at, source.randrange(8)))
            in_frame = any(begin <= at < begin + size for begin, size in tail)
            with self.subTest(at=at, in_frame=in_frame):
                codes = {ERROR, ROLLBACK} if in_frame else {OK, ERROR, ROLLBACK, 14}
                refused += self.read_as_behind(codes).code != OK
            self.mend()
        for size in (0, 1, len(data) // 2, len(data) - 1):
            self.spoil(self.manifest, data[:size])
            with self.subTest(cut_at=size):
                self.read_as_behind({ERROR})
            self.mend()
        self.spoil(self.manifest, data + b"\0" * 30000)
        self.read_as_behind({ERROR})
        self.mend()
        self.assertGreaterEqual(refused, len(frames))
        self.assertEqual(self.read_as_behind(OK).code, OK)

    def test_frames_left_out_or_in_another_order(self):
        manifest = cbor2.loads(self.whole[self.manifest])
        tail = manifest[14]
        for what, frames in (("the last is missing", tail[:-1]), ("two exchanged", tail[:-2] +
                             [tail[-1], tail[-2]]), ("the first is missing", tail[1:])):
            self.spoil(self.manifest, cbor2.dumps({**manifest, 14: frames}, canonical=True))
            with self.subTest(what=what):
                self.read_as_behind({ERROR, ROLLBACK})
            self.mend()

    def test_bomb_in_a_segments_place(self):
        bomb = zstd_bomb()
        self.assertLess(len(bomb), 9000)
        for key in (key for key in self.whole if "/b/" in key):
            if key in self.old_rosters():
                continue
            self.spoil(key, bomb)
            home = self.home("new")
            home.fails(ERROR, "recover", "--yes", "--bucket", self.store.url, text=self.code)
            shutil.rmtree(home.path)
            self.mend()

    def test_a_pushing_device_keeps_its_edit(self):
        """It reads what is damaged only when it must: then its edit waits, and goes later."""
        home = self.two
        entry = home.new("Written on B", "while the bucket is damaged")
        for key in [key for key in self.whole if "/p/" in key] + [self.manifest]:
            self.spoil(key, flipped(self.whole[key], len(self.whole[key]) // 2))
            home.fails({ERROR, ROLLBACK}, "sync") if key != self.manifest else home.run(
                "sync", code={OK, ERROR, ROLLBACK})
            self.assertEqual(home.content(entry), "while the bucket is damaged")
            self.mend()
        self.settle(home, self.one)
        self.assertIn(entry, self.assert_equal_homes(self.one, home))


if __name__ == "__main__":
    unittest.main()
