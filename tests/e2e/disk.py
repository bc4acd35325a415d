"""disk.py: a full disk, under the home and under the bucket: a real small file system where we may
mount one, else a limit on the size of files. Nothing acknowledged is lost; with room it goes on."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import stat
import subprocess
import unittest

from home import BINARY, ERROR, OK, Bucket, Case, Home, made_journal, noise

MEBIBYTE = 1 << 20
SAYS_FULL = "(?i)full|space|make room|too large"


class Disk(Case):
    def mounted(self, name, size):
        """A tmpfs of so many bytes, or None if this user may not mount."""
        path = self.folder / name
        path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "inkseal", path],
                              capture_output=True)
        if done.returncode != 0:
            return None
        self.addCleanup(subprocess.run, ["umount", "-l", path], capture_output=True)
        return path

    def tmpfs(self, name, size):
        path = self.mounted(name, size)
        if path is None:
            self.skipTest("the right to mount a small file system, for "
                          f"{self.id().split('.')[-1]}: a limit on file sizes stands in")
        return path

    def fill(self, path, leave=0):
        """Takes all the room but so many bytes."""
        with open(path / "filler", "wb", buffering=0) as file:
            left = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize - leave
            while left > 0:
                left -= file.write(bytes(min(left, MEBIBYTE)))

    def test_full_home(self):
        disk = self.tmpfs("disk", 3 * MEBIBYTE)
        home, bucket = Home(self, disk / "A"), self.bucket()
        home.import_entries(made_journal(50))
        said = home.sync_on(bucket)
        home.sync()
        before = home.entries()
        big = {"type": "metadj-nexus-journal", "version": 1, "entries": [
            {**entry, "id": f"big-{number}", "content": noise(random.Random(number), 4000)}
            for number, entry in enumerate(made_journal(1500))]}
        path = self.folder / "big.json"
        path.write_text(json.dumps(big))
        home.fails(ERROR, "import", path, says=SAYS_FULL)
        self.fill(disk, leave=400_000)
        acknowledged, full = {}, 0
        for number in range(60):
            text = f"number {number} " + noise(random.Random(number), 3000)
            answer = home.run("--json", "new", text=text, code={OK, ERROR})
            if answer.code == OK:
                acknowledged[answer.out.split('"')[3]] = text
            else:
                self.assert_kept(self.check_error(answer, SAYS_FULL), text)
                full += 1
        print(f"{len(acknowledged)} edits went in, {full} were refused", flush=True)
        self.assertGreater(full, 0)
        self.assertGreater(len(acknowledged), 0)
        home.run("sync", code={OK, ERROR})
        (disk / "filler").unlink()
        home.run("doctor")
        entries = {entry: value for entry, value in home.entries().items()}
        self.assertEqual(set(entries), set(before) | set(acknowledged))
        for entry, text in acknowledged.items():
            self.assertEqual(entries[entry]["content"], text)
        home.sync()
        two = self.home("B")
        two.recover(bucket, said["recoveryCode"])
        home.sync()
        self.assert_same_entries(self.assert_equal_homes(two, home), entries)

    def assert_kept(self, said, text):
        """The file that was named: in the home, or where there was room. It is removed."""
        path = pathlib.Path(re.search(r"this saves it: .* < (\S+/entry\.md)", said)[1])
        self.assertEqual(path.read_text(), text)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
        shutil.rmtree(path.parent)
        return path

    def test_a_text_for_a_full_home(self):
        disk = self.tmpfs("disk", 2 * MEBIBYTE)
        home = Home(self, disk / "A")
        entry = home.new("Old", "old text")
        self.fill(disk)
        text = noise(random.Random(1), 20_000)
        said = home.fails(ERROR, "new", text=text, says=SAYS_FULL)
        path = self.assert_kept(said, text)
        self.assertEqual(path.parents[1], self.folder, "TMPDIR was not taken")
        said = home.fails(ERROR, "edit", entry, text=text, says=SAYS_FULL)
        self.assertIn("unsaved", home.run("doctor", code=ERROR).out)  # it can't open the journal
        # With room again the command that was named saves it, and takes the file away.
        (disk / "filler").unlink()
        command = re.search(r"this saves it: (.*)", said)[1]
        subprocess.run(["sh", "-c", command.replace("inkseal", BINARY, 1)], check=True,
                       env=home.environment, stdout=subprocess.DEVNULL)
        self.assertEqual(home.content(entry), text)
        self.assertNotIn("unsaved", home.run("doctor").out)
        self.assertEqual(list(self.folder.glob("inkseal-*")), [])

    def test_a_text_without_any_place(self):
        """No file may be longer than its first bytes: it is given back on standard output."""
        home = self.home("A")
        home.new("Old", "old text")
        text = noise(random.Random(1), 20_000)
        answer = home.run("new", text=text, code=ERROR, **self.limited(4096))
        self.assertEqual(answer.out, text + "\n")
        self.assertIn("stands on standard output", answer.err)
        answer = home.run("--json", "new", text=text, code=ERROR, **self.limited(4096))
        self.assertEqual(json.loads(answer.out), {"text": text})
        self.check_error(answer, "stands on standard output")
        self.assertFalse((home.path / "unsaved").exists())
        self.assertEqual(list(self.folder.glob("inkseal-*")), [])

    def test_full_home_of_a_new_device(self):
        """The first pull does not fit; with room, the same command goes on."""
        _, _, bucket, said = self.pair(
            [{**entry, "content": noise(random.Random(number), 4000)}
             for number, entry in enumerate(made_journal(400))])
        disk = self.tmpfs("disk", 2 * MEBIBYTE)
        home = Home(self, disk / "C")
        home.fails(ERROR, "recover", "--yes", "--bucket", bucket.url, text=said["recoveryCode"],
                   says=SAYS_FULL)
        subprocess.run(["mount", "-o", f"remount,size={32 * MEBIBYTE}", disk], check=True)
        home.recover(bucket, said["recoveryCode"])
        self.assertEqual(len(home.entries()), 400)

    def test_full_bucket(self):
        disk = self.tmpfs("disk", 2 * MEBIBYTE)
        bucket, one, two = Bucket(disk / "bucket"), self.home("A"), self.home("B")
        one.import_entries(made_journal(50))
        said = one.sync_on(bucket)
        one.sync()
        two.recover(bucket, said["recoveryCode"])
        self.fill(disk)
        before = bucket.files()
        entry = one.new("Waiting for room", noise(random.Random(1), 50_000))
        small = two.new("Waiting too", "a few words")
        for home in (one, two, one):
            home.fails(ERROR, "sync", says=SAYS_FULL)
            self.assertEqual(home.status()["pending"], 1)
        self.assertEqual(bucket.files(), before)
        self.assertEqual(list((bucket.path / ".tmp").glob("*")), [], "a temp file was left")
        (disk / "filler").unlink()
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        self.assertLessEqual({entry, small}, set(entries))

    def test_full_bucket_at_the_first_push(self):
        disk = self.tmpfs("disk", MEBIBYTE)
        bucket, one, two = Bucket(disk / "bucket"), self.home("A"), self.home("B")
        entries = [{**entry, "content": noise(random.Random(number), 4000)}
                   for number, entry in enumerate(made_journal(500))]
        one.import_entries(entries)
        said = one.sync_on(bucket)
        one.fails(ERROR, "sync", says=SAYS_FULL)
        self.assertEqual(one.status()["pending"], 500)
        subprocess.run(["mount", "-o", f"remount,size={16 * MEBIBYTE}", disk], check=True)
        self.assertEqual(one.sync()["pushed"], 500)
        two.recover(bucket, said["recoveryCode"])
        self.assertEqual(len(two.entries()), 500)

    def limited(self, size):
        """What preexec_fn does: no file may grow beyond size. Python's children ignore SIGXFSZ, so
        that a write says EFBIG as it would say ENOSPC."""
        return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
                "restore_signals": False}

    def test_limit_on_file_sizes(self):
        one, two, bucket, _ = self.pair(made_journal(50))
        size = (one.path / "journal.db").stat().st_size
        before = one.entries()
        refused = 0
        for number in range(12):
            answer = one.run("--json", "new", text=noise(random.Random(number), 40_000),
                             code={OK, ERROR}, **self.limited(size))
            refused += answer.code == ERROR
            if answer.code == ERROR:
                self.assert_kept(self.check_error(answer), noise(random.Random(number), 40_000))
        self.assertGreater(refused, 0)
        self.assertLessEqual(set(before), set(one.entries()))
        one.run("doctor")
        # And for the bucket: 2 KiB hold no manifest.
        files = bucket.files()
        two.new("Waiting", "for room")
        two.run("sync", code=ERROR, **self.limited(2048))
        self.assertEqual(bucket.files(), files)
        self.settle(one, two)
        self.assert_equal_homes(one, two)


if __name__ == "__main__":
    unittest.main()
