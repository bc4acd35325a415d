"""bars.py: what a sync costs: the requests and bytes that the bucket's driver has counted."""
import random
import unittest

from home import Case, made_journal, noise, real_journal

EDITS = 100
KIB = 1024
REQUESTS = {"get": 0, "put": 1, "list": 0, "delete": 0}


class Bars(Case):
    def set_up(self, name, entries):
        home, bucket = self.home(name), self.bucket(f"bucket-{name}")
        home.import_entries(entries)
        account = home.sync_on(bucket)["account"]
        first = home.sync()
        self.assertEqual(first["requests"]["list"], 0)
        return home, bucket, account, first

    def month(self, home, bucket, account):
        """100 edits, each synced: their requests and bytes in all."""
        requests = up = down = packs = 0
        ids = sorted(home.entries())
        for number in range(EDITS):
            entry = ids[number * 7 % len(ids)]
            content = home.content(entry)
            home.edit(entry, f"{content}\nAnd on the evening of day {number} some more of it.")
            cost = home.sync()
            self.assertEqual(cost["pushed"], 1)
            self.assertEqual(cost["requests"]["list"], 0)
            if cost["requests"] != REQUESTS:
                packs += 1
            requests += sum(cost["requests"].values())
            up += cost["bytes"]["up"]
            down += cost["bytes"]["down"]
            self.assertLessEqual(bucket.manifest(account).stat().st_size, 20 * KIB)
        print(f"{home.path.name}: {requests} requests, {up} bytes up, {down} down for {EDITS} "
              f"edits, {packs} of them more than one PUT", flush=True)
        self.assertLessEqual(requests, 1.1 * EDITS)
        self.assertLessEqual(up, 12 * KIB * EDITS)
        self.assertLessEqual(packs, 0.1 * EDITS)
        return requests, up

    def no_change(self, home):
        cost = home.sync()
        self.assertEqual(cost["requests"], {"get": 1, "put": 0, "list": 0, "delete": 0})
        self.assertLessEqual(cost["bytes"]["down"], 300)
        self.assertEqual(cost["bytes"]["up"], 0)

    def test_a_month_costs_the_same_at_any_size(self):
        entries, real = real_journal()
        home, bucket, account, first = self.set_up("large", entries)
        stored = sum(len(data) for data in bucket.files().values())
        print(f"stored after the first push: {stored} bytes in {len(bucket.files())} objects",
              flush=True)
        if real:
            self.assertLessEqual(stored, 2_300_000)
        self.assertLessEqual(abs(first["bytes"]["up"] - stored), 64 * KIB)
        self.no_change(home)
        large = self.month(home, bucket, account)
        after = sum(len(data) for data in bucket.files().values())
        self.assertLessEqual(after, 1.1 * stored)
        self.no_change(home)

        home, bucket, account, _ = self.set_up("small", entries[:100])
        self.no_change(home)
        small = self.month(home, bucket, account)
        self.no_change(home)
        self.assertLessEqual(abs(large[0] - small[0]), 3)
        self.assertLessEqual(abs(large[1] - small[1]), 0.1 * large[1])

    def test_second_device_pulls_an_edit(self):
        one, two, _, _ = self.pair(made_journal(100))
        one.new("One more", "A few words.")
        one.sync()
        cost = two.sync()
        self.assertEqual(cost["pulled"], 1)
        self.assertLessEqual(sum(cost["requests"].values()), 2)
        self.assertEqual(cost["requests"]["put"], 0)

    def test_a_small_edit_of_a_long_entry_is_a_delta(self):
        home, _, _, _ = self.set_up("A", made_journal(20))
        text = noise(random.Random(2), 60_000)
        entry = home.new("A long one", text)
        cost = home.sync()
        self.assertEqual(cost["requests"]["put"], 2, "a body, then the manifest")
        self.assertGreater(cost["bytes"]["up"], 40_000, "the text must not compress")
        home.edit(entry, text + " and a few words")
        cost = home.sync()
        self.assertEqual(cost["requests"], REQUESTS)
        self.assertLess(cost["bytes"]["up"], 8 * KIB)


if __name__ == "__main__":
    unittest.main()
