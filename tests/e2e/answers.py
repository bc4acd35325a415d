"""answers.py: what a person meets beside the plain case: the trash, conflicts, the brake, a bucket
that went back, and each exit code with its sentence."""
import datetime
import fcntl
import json
import os
import unittest

from home import (BRAKE, ERROR, LOCKED, NOT_SET_UP, ROLLBACK, USAGE, Case, made_journal)


def hours_ahead(hours):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Trash(Case):
    def test_restored_on_the_other_device(self):
        one, two, _, _ = self.pair(made_journal(15))
        entry = one.new("Soon deleted", "And restored elsewhere.")
        self.settle(one, two)
        one.run("rm", entry)
        self.settle(one, two)
        self.assertNotIn(entry, two.entries())
        self.assertIn(entry, [line["id"] for line in two.lines("list", "--deleted")])
        two.fails(ERROR, "edit", entry, text="no", says="deleted.*restore")
        two.run("restore", entry)
        self.settle(two, one)
        self.assertEqual(self.assert_equal_homes(one, two)[entry]["content"],
                         "And restored elsewhere.")

    def test_old_version_restored(self):
        one, two, _, _ = self.pair(made_journal(3))
        entry = one.new("Twice", "The first version.")
        one.edit(entry, "The second version.")
        self.settle(one, two)
        rows = one.lines("history", entry)
        self.assertEqual(len(rows), 2)
        one.run("restore", entry, "--version", rows[0]["number"])
        self.settle(one, two)
        self.assertEqual(self.assert_equal_homes(one, two)[entry]["content"], "The first version.")

    def test_an_edit_beats_a_deletion(self):
        one, two, _, _ = self.pair(made_journal(15))
        entry = sorted(one.entries())[0]
        one.run("rm", entry)
        two.edit(entry, "Still wanted.")
        self.settle(one, two)
        self.assertEqual(self.assert_equal_homes(one, two)[entry]["content"], "Still wanted.")


class Conflicts(Case):
    def test_near_in_time_keeps_both(self):
        one, two, _, _ = self.pair(made_journal(10))
        entry = sorted(one.entries())[0]
        one.edit(entry, "As A has it.")
        two.edit(entry, "As B has it.")
        one.sync()
        self.assertEqual(two.sync()["conflicts"], 1)
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        self.assertEqual(len(entries), 11)
        for home in (one, two):
            copies = home.lines("list", "--conflicts")
            self.assertEqual([copy["conflictOf"] for copy in copies], [entry])
            self.assertEqual({entries[entry]["content"], entries[copies[0]["id"]]["content"]},
                             {"As A has it.", "As B has it."})
            self.assertEqual(home.status()["conflicts"], 1)
        self.assertTrue(any(row["kind"] == "copy" for row in two.lines("log")))

    def test_far_in_time_the_later_edit_wins(self):
        one, two, _, _ = self.pair(made_journal(10))
        given = made_journal(10)[3]
        entry = given["id"]
        one.edit(entry, "The earlier edit.")
        said = two.import_entries([{**given, "content": "The later edit.",
                                    "updatedAt": hours_ahead(1)}])
        self.assertEqual(said["updated"], 1)
        one.sync()
        self.assertEqual(two.sync()["conflicts"], 1)
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        self.assertEqual(len(entries), 10, "no copy")
        self.assertEqual(entries[entry]["content"], "The later edit.")
        for home in (one, two):
            old = [home.json("show", entry, "--version", row["number"])["content"]
                   for row in home.lines("history", entry)]
            self.assertIn("The earlier edit.", old)
        self.assertTrue(any(row["kind"] == "conflict" for row in two.lines("log")))


class Brake(Case):
    def test_many_deletions_are_asked_about(self):
        one, two, bucket, _ = self.pair(made_journal(60))
        ids = sorted(one.entries())
        one.run("rm", *ids[:10])
        one.sync()
        self.assertEqual(two.sync()["pulled"], 10)
        one.run("rm", *ids[10:30])  # it is asked where they are made, and where they come in
        sent = bucket.files()
        self.assertIn("20", one.fails(BRAKE, "sync", says="--yes"))
        self.assertEqual(bucket.files(), sent)
        one.sync("--yes")
        entry = two.new("Meanwhile", "An edit of its own.")
        before = two.entries()
        self.assertIn("20", two.fails(BRAKE, "sync", says="--yes"))
        self.assert_same_entries(two.entries(), before)
        two.fails(BRAKE, "sync")
        self.assertEqual(two.sync("--yes")["pulled"], 20)
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        self.assertEqual(set(entries), set(ids[30:]) | {entry})
        self.assertEqual(len(two.lines("list", "--deleted")), 30)


class Rollback(Case):
    def test_an_older_copy_of_the_bucket(self):
        one, two, bucket, said = self.pair(made_journal(10))
        old = bucket.copy("old")
        entry = one.new("Lost in the bucket", "But not here.")
        one.sync()
        two.sync()
        newer = bucket.copy("newer")
        bucket.replace_by(old)
        pending = one.new("Written after", "Not yet pushed.")
        for home in (one, two):
            home.fails(ROLLBACK, "sync", says="rolled back")
            home.fails(ROLLBACK, "sync")
            self.assertEqual(home.content(entry), "But not here.")
        self.assertEqual(one.content(pending), "Not yet pushed.")
        self.assertEqual(one.status()["pending"], 1)
        self.assertEqual(bucket.files(), old.files(), "nothing was written")
        bucket.replace_by(newer)
        self.settle(one, two)
        self.assertIn(pending, self.assert_equal_homes(one, two))

    def test_a_copy_from_before_the_device_joined(self):
        """There its device is a stranger. That is no word of a revocation: sync stays on."""
        one, two, bucket = self.home("A"), self.home("B"), self.bucket()
        one.import_entries(made_journal(10))
        said = one.sync_on(bucket)
        one.sync()
        old = bucket.copy("old")
        two.recover(bucket, said["recoveryCode"])
        entry = two.new("Pending", "while the bucket is old")
        newer = bucket.copy("newer")
        bucket.replace_by(old)
        two.fails({ERROR, ROLLBACK}, "sync", says="does not belong|rolled back")
        self.assertEqual(two.status()["sync"], "on")
        self.assertEqual(bucket.files(), old.files())
        bucket.replace_by(newer)
        self.settle(two, one)
        self.assertIn(entry, self.assert_equal_homes(one, two))

    def test_a_fork(self):
        """Two devices go on from one copy each; brought together, neither takes the other's."""
        one, two, bucket, _ = self.pair(made_journal(10))
        other = bucket.copy("other")
        one.new("In the first", "one")
        one.sync()
        first = bucket.copy("first")
        bucket.replace_by(other)
        entry = two.new("In the second", "two")
        two.sync()
        bucket.replace_by(first)
        two.fails(ROLLBACK, "sync", says="forked")
        self.assertEqual(two.content(entry), "two")
        self.assertEqual(bucket.files(), first.files())


class ExitCodes(Case):
    def test_not_set_up(self):
        home = self.home("A")
        home.new("Alone", "No account, no network.")
        home.fails(NOT_SET_UP, "sync", says="sync on")
        home.fails(NOT_SET_UP, "wipe", "--yes", says="no account")
        self.assertEqual(home.status()["sync"], "not set up")
        home.sync_on(self.bucket())
        home.run("sync", "off")
        home.fails(NOT_SET_UP, "sync", says="off")
        home.sync_on(self.bucket())
        self.assertEqual(home.sync()["pushed"], 1)

    def test_usage(self):
        home = self.home("A")
        for args, says in ((("frobnicate",), "no command"), (("list", "--frob"), "no option"),
                           (("sync", "sideways"), "sync on URL"), (("export",), "-o PATH"),
                           (("edit",), "missing"), (("recover",), "--bucket"),
                           (("list", "--limit", "0"), "number")):
            answer = home.run(*args, code=USAGE)
            self.assertRegex(answer.err, says)
            self.assertEqual(answer.out, "")

    def test_not_found(self):
        home = self.home("A")
        home.fails(ERROR, "show", "nothing-of-that-name")
        home.fails(ERROR, "import", self.folder / "absent.json", says="No such file")

    def test_missing_account(self):
        """A bare absence is an error and switches nothing off."""
        one, _, bucket, _ = self.pair(made_journal(5))
        backup = bucket.copy("backup")
        for path in sorted((bucket.path / "a").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        one.fails(ERROR, "sync", says="sync stays on")
        self.assertEqual(one.status()["sync"], "on")
        bucket.replace_by(backup)
        one.sync()


class Locks(Case):
    def test_second_process_waits_then_says_who(self):
        home = self.home("A")
        home.new("First", "to make the home")
        with open(home.path / "lock", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            says = home.fails(LOCKED, "new", text="not saved")
            self.assertIn(str(os.getpid()), says)
            self.assertEqual(json.loads(home.run("--json", "list").out)["title"], "First")
        home.new("Second", "as soon as it is free")
        self.assertEqual(len(home.lines("list")), 2)


if __name__ == "__main__":
    unittest.main()
