"""main_job.py: a real journal, encrypted, in a bucket, on two devices and then a third.

The bucket is a folder here; on_server.py has the same job done by way of a gateway.
"""
import unittest

from home import Case, real_journal

EDITS = 100


class MainJob(Case):
    def test_real_journal_on_three_devices(self):
        entries, _ = real_journal()
        given = {entry["id"]: entry for entry in entries}
        one, two, place = self.home("A"), self.home("B"), self.place()

        said = one.import_entries(entries)
        self.assertEqual(said, {"added": len(given), "updated": 0, "skipped": 0, "dropped": 0})
        said = one.sync_on(place)
        code = said["recoveryCode"]
        self.assertEqual(one.sync()["pushed"], len(given))
        recovered = two.recover(place, code)
        self.assertEqual(recovered["account"], said["account"])
        self.assertEqual(recovered["entries"], len(given))
        one.sync()
        self.assert_same_entries(self.assert_equal_homes(one, two), given)

        written = self.edit_in_turns(one, two, sorted(given)[:EDITS])
        self.settle(one, two)
        both = self.assert_equal_homes(one, two)
        for entry, text in written.items():
            self.assertEqual(both[entry]["content"], text)
        untouched = set(given) - set(written)
        self.assert_same_entries({entry: both[entry] for entry in untouched},
                                 {entry: given[entry] for entry in untouched})

        three = self.home("C")
        three.recover(place, code)
        self.settle(one, two)
        self.assert_same_entries(self.assert_equal_homes(one, two, three), both)
        self.assert_whole(one, two, three)

    def edit_in_turns(self, one, two, ids):
        """An edit and a sync on one device, then on the other; the state roots are equal throughout.

        Two edits of three are pulled at once and compared, the third by the other's next push.
        """
        written = {}
        for number, entry in enumerate(ids):
            home, other = (one, two) if number % 2 == 0 else (two, one)
            written[entry] = f"Edit {number}, made on {home.path.name}.\n" + "More of it. " * 4
            self.assertTrue(home.edit(entry, written[entry])["changed"])
            totals = home.sync()
            self.assertEqual(totals["pushed"], 1)
            self.assertEqual(totals["conflicts"], 0)
            self.assertLessEqual(totals["pulled"], 1)
            if number % 3 != 0:
                other.sync()
                self.assert_same_state(one, two)
        return written


if __name__ == "__main__":
    unittest.main()
