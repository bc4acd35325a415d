"""memory.py: the most memory that a large first push and pull take, of the programs as people have them.

A sanitizer's build needs many times as much, so this one is run on the release build: scripts/test
makes it.
"""
import os
import pathlib
import random
import sys
import unittest

from home import BINARY, Case, made_entry, made_journal, noise

MANY = 10_000         # entries, of some hundred bytes each
LARGE = 640           # of 16 KB each, which no compression makes much smaller: 20 segments
BAR_MIB = 64          # as the system counts what was resident


class Memory(Case):
    def peak(self, home, *args, text=""):
        """Runs it to its end; the most memory that it had, in MiB."""
        process = home.start("--json", *args)
        process.stdin.write(text.encode())
        process.stdin.close()
        said = process.stdout.read().decode() + process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.returncode, 0, said)
        return usage.ru_maxrss / 1024

    def bounded(self, entries):
        home, bucket, other = self.home("A"), self.bucket(), self.home("B")
        home.import_entries(entries)
        account = home.sync_on(bucket)
        push = self.peak(home, "sync")
        pull = self.peak(other, "recover", "--yes", bucket.option, bucket.url,
                         text=account["recoveryCode"])
        print(f"{len(entries)} entries: peak of the push {push:.1f} MiB, of the pull {pull:.1f} MiB",
              flush=True)
        home.sync()
        self.assert_equal_homes(home, other)
        self.assertLessEqual(push, BAR_MIB)
        self.assertLessEqual(pull, BAR_MIB)

    def test_of_many_entries(self):
        self.bounded(made_journal(MANY))

    def test_of_large_entries(self):
        source = random.Random(5)
        self.bounded([made_entry(source, number, content=noise(source, 16000))
                      for number in range(LARGE)])


if __name__ == "__main__":
    if b"__asan_init" in pathlib.Path(BINARY).read_bytes():
        sys.exit(f"{BINARY} is a sanitizer's build: its memory says nothing")
    unittest.main(verbosity=2)
