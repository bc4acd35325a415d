"""copied.py: a home that was copied to another machine: both have the same keys, and edit and sync.
It is said, and nothing is lost."""
import unittest

from home import Case, made_journal


class Copied(Case):
    def test_both_edit_and_sync(self):
        one, two, bucket, said = self.pair(made_journal(10))
        copy = one.copy("A-copy")
        shared = sorted(one.entries())[0]
        mine = one.new("On the first", "of two that are one")
        its = copy.new("On the copy", "of two that are one")
        one.edit(shared, "As the first has it.")
        copy.edit(shared, "As the copy has it.")
        for _ in range(2):
            self.settle(one, copy, two)
        entries = self.assert_equal_homes(one, copy, two)
        self.assertLessEqual({mine, its}, set(entries))
        texts = {entry["content"] for entry in entries.values()}
        old = {home.json("show", shared, "--version", row["number"])["content"]
               for home in (one, copy) for row in home.lines("history", shared)}
        self.assertLessEqual({"As the first has it.", "As the copy has it."}, texts | old)
        warned = [home for home in (one, copy) if any(
            row["kind"] == "warning" and "copied" in row["detail"] for row in home.lines("log"))]
        self.assertTrue(warned, "nobody was told")
        self.assertNotIn("warning", [row["kind"] for row in two.lines("log")])
        for home in warned:
            self.assertRegex(home.run("doctor").out, "copied or restored")
        for _ in range(3):  # and on and on, in turns
            one.edit(mine, one.content(mine) + " more")
            copy.edit(its, copy.content(its) + " more")
            self.settle(one, copy, two)
        entries = self.assert_equal_homes(one, copy, two)
        self.assertEqual(entries[mine]["content"], "of two that are one" + 3 * " more")
        self.assertEqual(entries[its]["content"], "of two that are one" + 3 * " more")

    def test_restored_from_an_older_copy(self):
        """The home as it was before its last syncs: it takes up what it had pushed itself."""
        one, two, _, _ = self.pair(made_journal(10))
        old = one.copy("A-old")
        entry = one.new("Pushed, then forgotten", "by the home that made it")
        one.sync()
        mine = old.new("In the restored home", "written before it knew")
        old.sync()
        self.settle(old, two)
        self.assertLessEqual({entry, mine}, set(self.assert_equal_homes(old, two)))
        self.assertTrue(any(row["kind"] == "warning" for row in old.lines("log")))


if __name__ == "__main__":
    unittest.main()
