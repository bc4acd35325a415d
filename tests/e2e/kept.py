"""kept.py: what an earlier version left, read by this one: tests/kept/NAME.tar.xz.

Each holds two homes in the middle of their lives, the bucket that they share, and what was true of
them. `kept.py --make NAME` makes one with the binary that INKSEAL_BIN names: at the end of a step,
and never again. No entry in it is anybody's.
"""
import json
import pathlib
import random
import sqlite3
import sys
import tarfile
import unittest

from home import Case, made_entry

KEPT = pathlib.Path(__file__).resolve().parents[1] / "kept"
LONG = 40000  # bytes of an entry; 30 of them are more than a frame may hold


class Life(Case):
    """A home's life of every kind: what is made, edited, deleted, in conflict, and not sent yet."""

    def live(self):
        source = random.Random(5)
        words = [made_entry(source, number) for number in range(30)]
        for entry in words:  # long, and easily compressed
            entry["content"] = (entry["content"] + "\n") * (LONG // len(entry["content"]))
        words[0]["mood"] = {"of": "another program", "level": 3}
        one, two, place, said = self.pair(words)
        ids = [entry["id"] for entry in words]
        short = one.new("Short", "a line\n")
        one.edit(ids[1], "edited once\n")
        one.run("rm", ids[2])
        one.sync()
        two.sync()
        one.edit(ids[3], "edited on one device\n")
        two.edit(ids[3], "edited on the other, near in time\n")
        one.sync()
        two.sync()
        one.edit(ids[4], "".join(source.choice("abcdefgh") for _ in range(100000)))
        one.sync()
        self.settle(one, two)
        self.assert_same_state(one, two)
        truth = {"code": said["recoveryCode"], "account": said["account"], "root": one.status()["root"],
                 "head": one.head(), "synced": one.entries(), "short": short}
        one.edit(ids[5], "not sent yet\n")
        two.edit(ids[5], "nor this, of the other\n")
        two.new("Unsent", "on the second device alone\n")
        truth["lists"] = {home.path.name: home.lines("list") for home in (one, two)}
        truth["histories"] = {entry: one.lines("history", entry) for entry in ids[:6]}
        truth["pending"] = {home.path.name: home.status()["pending"] for home in (one, two)}
        return truth


def make(name):
    life = Life()
    life.setUp()
    truth = json.dumps(life.live(), ensure_ascii=False, indent=1).encode()
    (life.folder / "truth.json").write_bytes(truth)
    KEPT.mkdir(exist_ok=True)
    with tarfile.open(KEPT / f"{name}.tar.xz", "x:xz") as archive:
        for part in ("A", "B", "bucket", "truth.json"):
            archive.add(life.folder / part, part, filter=lambda entry: entry.replace(
                uid=0, gid=0, uname="", gname="", deep=False))
    life.doCleanups()


class Kept(Case):
    def unpack(self, archive):
        folder = self.folder / archive.name.partition(".")[0]
        with tarfile.open(archive) as packed:
            packed.extractall(folder)
        self.folder = folder
        for name in ("A", "B"):  # the bucket lies elsewhere now
            (folder / name).chmod(0o700)
            with sqlite3.connect(folder / name / "journal.db") as store:
                store.execute("UPDATE meta SET value = ? WHERE name = 'url'",
                              (f"dir:{folder / 'bucket'}".encode(),))
            store.close()
        return json.loads((folder / "truth.json").read_bytes())

    def reads(self, archive):
        truth = self.unpack(archive)
        one, two, three = self.home("A"), self.home("B"), self.home("C")
        for home in (one, two):
            name = home.path.name
            self.assertEqual(home.lines("list"), truth["lists"][name])
            self.assertEqual(home.status()["pending"], truth["pending"][name])
            self.assert_whole(home)
        for entry, history in truth["histories"].items():
            self.assertEqual(one.lines("history", entry), history)
        self.assertEqual(one.lines("search", "edited")[0]["id"][:8], "00000000")

        said = three.recover(self.place(), truth["code"])
        self.assertEqual(said["account"], truth["account"])
        self.assert_same_entries(three.entries(), truth["synced"])
        self.assertEqual(three.status()["root"], truth["root"])

        self.settle(one, two, three)
        both = self.assert_equal_homes(one, two, three)
        self.assertLessEqual({"Short", "Unsent"}, {entry["title"] for entry in both.values()})
        texts = {entry["content"] for entry in both.values()}
        self.assertIn("nor this, of the other", texts)
        self.assertIn("not sent yet", texts)  # near in time: both are kept
        self.assert_whole(one, two, three)

    def test_all(self):
        archives = sorted(KEPT.glob("*.tar.xz"))
        self.assertTrue(archives, "nothing was kept")
        above = self.folder
        for archive in archives:
            with self.subTest(archive.name):
                self.folder = above
                self.reads(archive)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2])
    else:
        unittest.main()
