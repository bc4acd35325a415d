"""kills.py: kill -9 at random moments of edits and syncs; what was acknowledged is there."""
import os
import random
import signal
import time
import unittest

from home import Case, made_journal

KILLS = 120


class Kills(Case):
    def measure(self, home, *args, text=""):
        """Seconds that a command takes when it is left alone: where to aim."""
        begin = time.monotonic()
        home.run("--json", *args, text=text)
        return time.monotonic() - begin

    def test_acknowledged_edits_survive(self):
        seed = int(os.environ.get("INKSEAL_TEST_SEED") or random.randrange(1 << 32))
        print(f"seed {seed} (INKSEAL_TEST_SEED takes it)", flush=True)
        source = random.Random(seed)
        one, two, _, _ = self.pair(made_journal(30))
        homes = (one, two)
        edited = {home: home.new("Edited again and again", "edit 0") for home in homes}
        self.settle(*homes)
        seconds = {"new": self.measure(one, "new", text="measured"),
                   "edit": self.measure(one, "edit", edited[one], text="edit 0."),
                   "sync": self.measure(one, "sync")}
        created = {}                              # id: content, acknowledged
        last = {home: {"edit 0", "edit 0."} for home in homes}  # what it may be
        killed = survived = 0
        attempt = 0
        while killed < KILLS:
            attempt += 1
            self.assertLess(attempt, 10 * KILLS)
            home = source.choice(homes)
            what = source.choice(("new", "edit", "edit", "sync", "sync", "sync"))
            text = f"edit {attempt}"
            args = {"new": ("--json", "new"), "edit": ("edit", edited[home]), "sync": ("sync",)}
            process = home.start(*args[what])
            process.stdin.write(b"" if what == "sync" else text.encode())
            process.stdin.close()
            process.stdin = None
            time.sleep(source.uniform(0, 1.3 * seconds[what]))
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            if process.returncode == -signal.SIGKILL:
                killed += 1
            else:
                self.assertEqual(process.returncode, 0, err.decode())
                survived += 1
            acknowledged = process.returncode == 0
            if what == "edit":
                last[home] = {text} if acknowledged else last[home] | {text}
            elif what == "new" and acknowledged:
                created[out.decode().split('"')[3]] = text
        print(f"{killed} killed, {survived} were faster", flush=True)
        self.assertGreater(survived, 0)

        self.settle(*homes)
        self.settle(*homes)
        entries = self.assert_equal_homes(*homes)
        for entry, text in created.items():
            self.assertEqual(entries[entry]["content"], text)
        for home in homes:
            self.assertIn(entries[edited[home]]["content"], last[home])
        self.assertEqual(one.status()["conflicts"], 0)
        self.assertEqual(one.status()["pending"], 0)
        self.assert_whole(*homes)


if __name__ == "__main__":
    unittest.main()
