"""large.py: a large first push: cut and gone on with, its progress shown."""
import os
import pty
import random
import re
import signal
import subprocess
import time
import unittest

from home import BINARY, PROCESS_SECONDS, Case, made_entry, noise

ENTRIES = 640          # of 16 KB each: 20 segments
UNDER_WAY = 6          # blobs at once (SYNC_FLIGHTS_MAX)


class Large(Case):
    def set_up(self):
        source = random.Random(5)
        home, bucket = self.home("A"), self.bucket()
        home.import_entries([made_entry(source, number, content=noise(source, 16000))
                             for number in range(ENTRIES)])
        return home, bucket, home.sync_on(bucket)

    def blobs(self, bucket, account):
        return len(bucket.files(f"a/{account}/b"))

    def killed_push(self, home, bucket, account, after):
        """Kills the push once so many blobs are there; True if it was not faster."""
        process = home.start("sync")
        deadline = time.monotonic() + PROCESS_SECONDS
        while self.blobs(bucket, account) < after and process.poll() is None:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def test_a_killed_push_goes_on_where_it_stopped(self):
        home, bucket, account = self.set_up()
        first = self.blobs(bucket, account["account"])
        there = [first]
        for after in (6, 12):
            if self.killed_push(home, bucket, account["account"], first + after):
                there.append(self.blobs(bucket, account["account"]))
        self.assertGreater(len(there), 1, "no push was slow enough to be killed")
        cost = home.sync()
        everything = self.blobs(bucket, account["account"])
        print(f"{there[1:]} of {everything} blobs when it was killed, then "
              f"{cost['requests']['put']} put", flush=True)
        self.assertEqual(cost["pushed"], ENTRIES)
        # What was there is not put again, but for what was under way; and the commit.
        self.assertLessEqual(cost["requests"]["put"], everything - there[-1] + 2 * UNDER_WAY + 1)
        self.assertEqual(home.sync()["requests"]["put"], 0)
        self.assert_whole(home)

    def test_progress_is_shown_on_a_terminal(self):
        home, _, _ = self.set_up()
        terminal, error = pty.openpty()
        with os.fdopen(terminal, "rb", buffering=0) as shown:
            process = subprocess.Popen(home.command("sync"), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=error,
                                       env=home.environment, cwd=home.path.parent)
            os.close(error)
            text = b""
            while True:
                try:
                    data = shown.read(4096)
                except OSError:                   # the other end is closed
                    break
                if not data:
                    break
                text += data
            self.assertEqual(process.wait(PROCESS_SECONDS), 0)
        done = [int(number) for number in re.findall(rb"syncing: (\d+) of %d" % ENTRIES, text)]
        self.assertGreaterEqual(len(done), 5)
        self.assertEqual(done, sorted(done))
        self.assertEqual(done[-1], ENTRIES)


if __name__ == "__main__":
    unittest.main(verbosity=2)
