"""devices.py: four devices, each a process of its own, write to one bucket at the same time."""
import random
import threading
import unittest

from home import Case, made_entry, made_journal

DEVICES = 4
EDITS = 200
OWN = 10        # entries that a device edits again and again
SHARED_EVERY = 20  # of its edits one is to an entry that all edit
SYNC_EVERY = 1


class Writer(threading.Thread):
    """One device at work: edits and syncs, and what the syncs said."""

    def __init__(self, home, number, shared):
        super().__init__()
        self.home, self.number, self.shared = home, number, shared
        self.source = random.Random(number)
        self.last = {}          # entry: the text it must have in the end
        self.shared_texts = []
        self.heads = []
        self.requests = 0
        self.lists = 0
        self.error = None

    def run(self):
        try:
            self.work()
        except BaseException as error:  # it is raised again where the test is
            self.error = error

    def work(self):
        own = []
        for number in range(EDITS):
            text = f"device {self.number}, edit {number}: {self.source.random()}"
            if number % SHARED_EVERY == SHARED_EVERY - 1:
                self.home.edit(self.shared, text)
                self.shared_texts.append(text)
            elif len(own) < OWN:
                own.append(self.home.new(f"Of device {self.number}", text))
                self.last[own[-1]] = text
            else:
                entry = self.source.choice(own)
                self.home.edit(entry, text)
                self.last[entry] = text
            if number % SYNC_EVERY == SYNC_EVERY - 1:
                self.sync()

    def sync(self):
        said = self.home.sync()
        self.heads.append((said["head"]["seq"], said["head"]["hash"]))
        self.requests += sum(said["requests"].values())
        self.lists += said["requests"]["list"]


class Devices(Case):
    def test_four_devices_on_one_bucket(self):
        one, two, bucket, said = self.pair(made_journal(20))
        homes = [one, two]
        for number in range(2, DEVICES):
            homes.append(self.home("ABCD"[number]))
            homes[-1].recover(bucket, said["recoveryCode"])
        shared = made_entry(random.Random(1), 5)["id"]
        self.settle(*homes)

        writers = [Writer(home, number, shared) for number, home in enumerate(homes)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        for writer in writers:
            if writer.error is not None:
                raise writer.error

        # I4: whoever saw a place in the log saw the same frame there.
        hash_of = {}
        for writer in writers:
            self.assertEqual(writer.heads, sorted(writer.heads), "a head went back")
            for seq, digest in writer.heads:
                self.assertEqual(hash_of.setdefault(seq, digest), digest, f"two at {seq}")
        self.assertEqual(sum(writer.lists for writer in writers), 0)
        print(f"{len(hash_of)} places seen, {sum(w.requests for w in writers)} requests for "
              f"{DEVICES * EDITS // SYNC_EVERY} syncs", flush=True)

        self.settle(*homes)
        self.settle(*homes)
        entries = self.assert_equal_homes(*homes)
        for writer in writers:
            for entry, text in writer.last.items():
                self.assertEqual(entries[entry]["content"], text)
        self.check_shared(homes, writers, shared)
        self.assert_whole(*homes)
        late = self.home("late")
        late.recover(bucket, said["recoveryCode"])
        self.assert_same_entries(late.entries(), entries)

    def check_shared(self, homes, writers, shared):
        """All edited it within two minutes: no device has more than one copy of it, and each edit
        is still in the history of the device that made it, in the entry's or in a copy's."""
        conflicts = homes[0].lines("list", "--conflicts")
        copies = [line["id"] for line in conflicts if line["conflictOf"] == shared]
        self.assertLessEqual(len(copies), DEVICES)
        print(f"{len(copies)} copies of the shared entry, {len(conflicts) - len(copies)} copies "
              f"of such copies", flush=True)
        for home, writer in zip(homes, writers):
            kept = self.history(home, shared)
            for text in writer.shared_texts:
                self.assertIn(text, kept, f"home {home.path.name}")

    def history(self, home, entry):
        rows = home.lines("history", entry)
        return {home.json("show", entry, "--version", row["number"])["content"] for row in rows}


if __name__ == "__main__":
    unittest.main()
