"""clock.py: a device whose clock is a day ahead, or a day behind. Nothing is lost, all devices come
to the same, and what its clock decides is decided as the rule says."""
import os
import unittest

from home import Case, made_journal

DAY = 24 * 60 * 60
SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")


@unittest.skipUnless(SHIM, "INKSEAL_CLOCK_SHIM does not name the library that sets the clock")
class Clock(Case):
    def set_clock(self, home, seconds):
        home.environment.update({
            "LD_PRELOAD": SHIM, "INKSEAL_CLOCK_OFFSET": str(seconds),
            "ASAN_OPTIONS": home.environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"})

    def off_by(self, seconds):
        one, two, bucket, said = self.pair(made_journal(10))
        self.set_clock(two, seconds)
        first, second = sorted(one.entries())[:2]
        begin = one.new("Before", "to read the clocks by")
        end = two.new("After", "to read the clocks by")
        days = int(two.json("show", end)["updatedAt"][8:10]) - int(
            one.json("show", begin)["updatedAt"][8:10])
        self.assertNotEqual(days, 0, "the shim did nothing")

        # Alone: its edits go and come, and so do the others'.
        two.edit(first, "By the wrong clock.")
        self.settle(two, one)
        self.assertEqual(one.content(first), "By the wrong clock.")
        # An edit begun on that version is newer than it, whatever the clocks say.
        one.edit(first, "Edited after it, by the right clock.")
        self.settle(one, two)
        self.assertEqual(self.assert_equal_homes(one, two)[first]["content"],
                         "Edited after it, by the right clock.")
        # Both at once: a day apart, the later time wins, and the other is in the history.
        one.edit(second, "By the right clock.")
        two.edit(second, "By the wrong clock.")
        one.sync()
        self.assertEqual(two.sync()["conflicts"], 1)
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        wins = "By the wrong clock." if seconds > 0 else "By the right clock."
        self.assertEqual(entries[second]["content"], wins)
        for home in (one, two):
            kept = {home.json("show", second, "--version", row["number"])["content"]
                    for row in home.lines("history", second)}
            self.assertLessEqual({"By the wrong clock.", "By the right clock."}, kept)

        # It can recover, be recovered from, and wipe.
        three = self.home("C")
        self.set_clock(three, seconds)
        three.recover(bucket, said["recoveryCode"])
        self.settle(one, two)
        self.assert_same_entries(self.assert_equal_homes(one, two, three), entries)
        self.assert_whole(one, two, three)
        two.json("wipe", "--yes")
        one.fails(13, "sync")

    def test_a_day_ahead(self):
        self.off_by(DAY)

    def test_a_day_behind(self):
        self.off_by(-DAY)

    def test_set_back_between_edits(self):
        """The same device, its clock put right: its new edits are newer than its old ones."""
        one, two, _, _ = self.pair(made_journal(3))
        self.set_clock(one, DAY)
        entry = one.new("Tomorrow", "written tomorrow")
        one.sync()
        self.set_clock(one, 0)
        one.edit(entry, "written today")
        self.settle(one, two)
        self.assertEqual(self.assert_equal_homes(one, two)[entry]["content"], "written today")
        self.assertGreater(one.json("show", entry)["updatedAt"],
                           one.json("show", entry, "--version", 1)["updatedAt"])


if __name__ == "__main__":
    unittest.main()
