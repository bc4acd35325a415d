"""bars.py: what a sync costs: the requests and bytes that the bucket's driver has counted.

The bucket is a folder here; on_server.py has the same bars held by a gateway.
"""
import random
import unittest

from home import Case, made_journal, noise, real_journal

EDITS = 100
KIB = 1024
REQUESTS = {"get": 0, "put": 1, "list": 0, "delete": 0}


class Bars(Case):
    def set_up(self, name, entries):
        home, place = self.home(name), self.place(f"bucket-{name}")
        home.import_entries(entries)
        account = home.sync_on(place)["account"]
        _, first = place.sync(home)
        self.assertEqual(first.requests["list"], 0)
        return home, place, account, first

    def sync(self, home, place):
        """A sync of an edit, or of nothing: one HTTP request, where there is a gateway."""
        said, cost = place.sync(home)
        self.assertIn(cost.http, (None, 1))
        return said, cost

    def stored(self, place, account):
        sizes = place.bucket.sizes(f"a/{account}")
        return sum(sizes.values()), len(sizes)

    def month(self, home, place, account):
        """100 edits, each synced: their requests and bytes in all."""
        requests = up = down = packs = 0
        ids = sorted(home.entries())
        for number in range(EDITS):
            entry = ids[number * 7 % len(ids)]
            content = home.content(entry)
            home.edit(entry, f"{content}\nAnd on the evening of day {number} some more of it.")
            said, cost = self.sync(home, place)
            self.assertEqual(said["pushed"], 1)
            self.assertEqual(cost.requests["list"], 0)
            if cost.requests != REQUESTS:
                packs += 1
            requests += sum(cost.requests.values())
            up += cost.bytes["up"]
            down += cost.bytes["down"]
            self.assertLessEqual(len(place.bucket.get(f"a/{account}/manifest")), 20 * KIB)
        print(f"{home.path.name}: {requests} requests, {up} bytes up, {down} down for {EDITS} "
              f"edits, {packs} of them more than one PUT", flush=True)
        self.assertLessEqual(requests, 1.1 * EDITS)
        self.assertLessEqual(up, 12 * KIB * EDITS)
        self.assertLessEqual(packs, 0.1 * EDITS)
        return requests, up

    def no_change(self, home, place):
        _, cost = self.sync(home, place)
        self.assertEqual(cost.requests, {"get": 1, "put": 0, "list": 0, "delete": 0})
        self.assertLessEqual(cost.bytes["down"], 300)
        self.assertEqual(cost.bytes["up"], 0)

    def test_a_month_costs_the_same_at_any_size(self):
        entries, real = real_journal()
        home, place, account, first = self.set_up("large", entries)
        stored, count = self.stored(place, account)
        print(f"stored after the first push: {stored} bytes in {count} objects", flush=True)
        if real:
            self.assertLessEqual(stored, 2_300_000)
        self.assertLessEqual(abs(first.bytes["up"] - stored), 64 * KIB)
        self.no_change(home, place)
        large = self.month(home, place, account)
        after, _ = self.stored(place, account)
        self.assertLessEqual(after, 1.1 * stored)
        self.no_change(home, place)

        home, place, account, _ = self.set_up("small", entries[:100])
        self.no_change(home, place)
        small = self.month(home, place, account)
        self.no_change(home, place)
        self.assertLessEqual(abs(large[0] - small[0]), 3)
        self.assertLessEqual(abs(large[1] - small[1]), 0.1 * large[1])

    def test_second_device_pulls_an_edit(self):
        one, two, place, _ = self.pair(made_journal(100))
        one.new("One more", "A few words.")
        one.sync()
        said, cost = self.sync(two, place)
        self.assertEqual(said["pulled"], 1)
        self.assertLessEqual(sum(cost.requests.values()), 2)
        self.assertEqual(cost.requests["put"], 0)

    def test_a_small_edit_of_a_long_entry_is_a_delta(self):
        home, place, _, _ = self.set_up("A", made_journal(20))
        text = noise(random.Random(2), 60_000)
        entry = home.new("A long one", text)
        _, cost = self.sync(home, place)
        self.assertEqual(cost.requests["put"], 2, "a body, then the manifest")
        self.assertGreater(cost.bytes["up"], 40_000, "the text must not compress")
        home.edit(entry, text + " and a few words")
        _, cost = self.sync(home, place)
        self.assertEqual(cost.requests, REQUESTS)
        self.assertLess(cost.bytes["up"], 8 * KIB)


if __name__ == "__main__":
    unittest.main()
