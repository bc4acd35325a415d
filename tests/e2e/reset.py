"""reset.py: a bucket that was restored from an older copy, a log that cannot be followed: devices
say so, one begins the copy anew, and all that any of them holds is there again."""
import unittest

import cbor2

from home import ERROR, OK, ROLLBACK, USAGE, made_journal
from served import ServedCase


class Reset(ServedCase):
    """On a folder; below, through a gateway in front of one."""

    def setUp(self):
        super().setUp()
        self.one, self.two, self.at, said = self.pair(made_journal(12))
        self.store = self.behind(self.at)
        self.manifest = f"a/{said['account']}/manifest"
        self.code = said["recoveryCode"]

    def behind(self, place):
        return place

    def keep(self):
        self.kept = self.store.files()

    def restore(self):
        """As an operator does: what was put since the copy was made is gone."""
        for key in set(self.store.files()) - set(self.kept):
            (self.store.path / key).unlink()
        for key, data in self.kept.items():
            path = self.store.path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def converge(self, *homes):
        for _ in range(2):
            for home in homes:
                home.sync()
        heads = {str(home.head()) for home in homes}
        self.assertEqual(len(heads), 1)
        entries = [home.entries() for home in homes]
        for other in entries[1:]:
            self.assertEqual(other, entries[0])
        return entries[0]

    def test_a_bucket_restored_from_an_older_copy(self):
        self.keep()
        edited = self.one.new("Edited", "at first")
        lost = self.one.new("Rolled back", "acknowledged, and then the store was restored")
        self.one.sync()
        self.one.edit(edited, "and later")
        self.one.sync()
        self.restore()
        branch = self.two.new("On the branch", "by a device that noticed nothing")
        self.two.sync()
        unsynced = self.one.new("Not synced yet", "waits")
        for _ in range(2):
            said = self.one.fails(ROLLBACK, "sync", says="rolled back")
            self.assertIn("sync --reseed", said)
        self.one.fails(USAGE, "sync", "--reseed", says="--yes")
        answer = self.one.sync("--reseed", "--yes")
        self.assertTrue(answer["reset"])
        entries = self.converge(self.one, self.two)
        self.assertEqual(len(entries), 12 + 4)
        for entry in (edited, lost, branch, unsynced):
            self.assertIn(entry, entries)
        self.assertEqual(self.two.content(edited), "and later")
        for home in (self.one, self.two):
            kinds = [row["kind"] for row in home.lines("log")]
            self.assertEqual(kinds.count("reset"), 1)
        three = self.home("three")
        three.recover(self.at, self.code)
        self.assertEqual(three.entries(), entries)
        self.assertFalse(self.one.sync("--reseed", "--yes")["reset"])

    def test_a_frame_that_cannot_be_followed(self):
        one_more = self.one.new("Before", "the bit flips")
        self.one.sync()
        self.two.sync()
        last = self.one.new("In the frame", "that is spoiled")
        self.one.sync()
        path = self.store.path / self.manifest
        data = bytearray(path.read_bytes())
        tail = [value for value in cbor2.loads(bytes(data)).values()
                if isinstance(value, list) and value and isinstance(value[-1], bytes)][-1]
        at = bytes(data).index(tail[-1])
        data[at + len(tail[-1]) - 100] ^= 1
        path.write_bytes(bytes(data))
        unsynced = self.two.new("Not synced yet", "at the other device")
        for home in (self.one, self.two):
            home.fails(ERROR, "sync", says="sync --reseed")
        self.assertTrue(self.one.sync("--reseed", "--yes")["reset"])
        entries = self.converge(self.one, self.two)
        for entry in (one_more, last, unsynced):
            self.assertIn(entry, entries)

    def test_reseed_goes_with_sync_alone(self):
        self.one.fails(USAGE, "sync", "off", "--reseed", says="--reseed")
        self.one.fails(USAGE, "list", "--reseed")
        self.assertFalse(self.one.sync("--reseed", "--yes", code=OK)["reset"])


class ResetServed(Reset):
    def place(self, name="bucket"):
        return self.gateway(self.bucket(name)).start()

    def behind(self, place):
        return place.bucket


if __name__ == "__main__":
    unittest.main()
