"""probe.py: a store is tried before a journal is begun in it, or joined: one that would lose edits
is refused, with a remedy that works, and what the trial wrote is gone."""
import os
import pathlib
import signal
import time
import unittest

from home import ERROR, Case
from quirky import QuirkyStore

IGNORES, RACES, READS = "no-conditions", "checks-early", "read-only"
CANCELLED = 130
HOUR = 60 * 60
SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")


class Probe(Case):
    def files(self, home):
        """Whatever lies in the home but its journal."""
        return sorted(path.name for path in pathlib.Path(home.path).iterdir()
                      if not path.name.startswith("journal.db"))

    def device(self, store, name):
        home = self.home(name)
        home.environment = store.environment()
        return home

    def written(self, *quirks):
        """A home with an entry, and a store."""
        store = QuirkyStore(self, *quirks)
        home = self.device(store, f"A {quirks}")
        home.new("Seeds", "Peas are in.")
        return home, store

    def copied(self, store, name):
        """The objects as files, as any program that copies a bucket leaves them."""
        bucket = self.bucket(name)
        for key, data in store.objects.items():
            path = bucket.path / key.removeprefix("pre/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return bucket

    def test_an_unsafe_store_is_refused_by_sync_on(self):
        for flaw, says in ((IGNORES, "create-if-absent replaces an object"),
                           (RACES, "all told that they won")):
            with self.subTest(flaw=flaw):
                home, store = self.written(flaw)
                before = self.files(home)
                text = home.fails(ERROR, "sync", "on", store.url, says=says)
                self.assertRegex(text, "nothing was begun.*dir:FOLDER.*BUCKETS")
                self.assertEqual(store.keys(), [])
                self.assertEqual(self.files(home), before)
                self.assertEqual(home.status()["sync"], "not set up")
                self.assertEqual(len(home.entries()), 1)
                # The remedy that was named.
                home.sync_on(self.bucket(f"folder of {flaw}"))
                home.sync()

    def test_a_safe_store_is_taken_and_later_flaws_are_seen(self):
        home, store = self.written()
        begin = time.monotonic()
        code = home.json("sync", "on", store.url)["recoveryCode"]
        self.assertLess(time.monotonic() - begin, 15)
        self.assertGreater(store.count("PUT", "/probe/"), 20, "nothing was tried")
        home.sync()
        self.assertEqual(store.keys("/probe/"), [])
        for flaw, says in ((IGNORES, "cannot be used.*nothing is lost: copy .* dir:FOLDER"),
                           (RACES, "cannot be used.*nothing is lost: copy .* dir:FOLDER"),
                           (READS, "AccessDenied.*nothing was begun.*right to write")):
            with self.subTest(flaw=flaw):
                store.quirks = {flaw}
                other = self.device(store, f"B {flaw}")
                before = store.objects.copy()
                other.fails(ERROR, "recover", "--yes", "--bucket", store.url, text=code, says=says)
                self.assertEqual(store.objects, before)
                self.assertEqual(other.status()["sync"], "not set up")
                # The remedy: the objects copied to a folder.
                other.recover(self.copied(store, f"copy of {flaw}"), code)
                self.assertEqual(len(other.entries()), 1)
        store.quirks = set()
        other = self.device(store, "C")
        other.json("recover", "--yes", "--bucket", store.url, text=code)
        self.assertEqual(len(other.entries()), 1)
        self.assertEqual(store.keys("/probe/"), [])

    def stop_in_a_race(self, home, store, what):
        """Sends the signal, once, in the second round of races: the exit code."""
        sent = []

        def rule(request):
            if request.path.endswith("/update-1") and not sent:
                sent.append(request.path)
                process.send_signal(what)
        store.rule = rule
        process = home.start("sync", "on", store.url)
        process.communicate(timeout=60)
        store.rule = lambda request: None
        return process.returncode

    def test_cancelled_nothing_is_left(self):
        home, store = self.written()
        before = self.files(home)
        self.assertEqual(self.stop_in_a_race(home, store, signal.SIGINT), CANCELLED)
        self.assertEqual(store.keys(), [])
        self.assertEqual(self.files(home), before)

    @unittest.skipUnless(SHIM, "INKSEAL_CLOCK_SHIM does not name the library that sets the clock")
    def test_what_a_killed_probe_left_goes_with_a_later_one(self):
        home, store = self.written()
        self.assertEqual(self.stop_in_a_race(home, store, signal.SIGKILL), -signal.SIGKILL)
        time.sleep(0.3)  # what was under way lands
        left = store.keys()
        self.assertIn(len(left), (1, 2))
        self.assertTrue(all(key.startswith("pre/probe/") for key in left), left)
        home.environment.update({
            "LD_PRELOAD": SHIM, "INKSEAL_CLOCK_OFFSET": str(2 * HOUR),
            "ASAN_OPTIONS": home.environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"})
        home.json("sync", "on", store.url)
        self.assertEqual(store.keys("/probe/"), [])

    def test_a_folder_takes_next_to_no_time(self):
        home, bucket = self.home("A"), self.bucket()
        begin = time.monotonic()
        home.sync_on(bucket)
        seconds = time.monotonic() - begin
        print(f"sync on with a folder: {seconds:.2f} s", flush=True)
        self.assertLess(seconds, 10)
        self.assertEqual(bucket.sizes("probe"), {})


if __name__ == "__main__":
    unittest.main()
