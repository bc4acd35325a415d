"""keys.py: the wrong recovery code, the wrong passphrase: said, and not one byte is written."""
import hashlib
import unittest

from home import ERROR, OK, ROLLBACK, USAGE, WRONG_KEY, Case, made_journal

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 7


def code_bytes(text):
    """The 48 bytes of a recovery code: account 20, key 16, statement 8, checksum 4."""
    number = 0
    for letter in text.replace("-", "").strip():
        number = number << 5 | LETTERS.index(letter)
    return (number >> 1).to_bytes(48, "big")


def code_text(data):
    """The code of these 44 bytes, with the checksum that they need."""
    checksum = hashlib.blake2b(data[:44], digest_size=32, person=b"inkseal checksum").digest()[:4]
    number = int.from_bytes(data[:44] + checksum, "big") << 1
    letters = "".join(LETTERS[number >> 5 * (76 - at) & 31] for at in range(77))
    return "-".join(letters[at:at + GROUP] for at in range(0, 77, GROUP))


class RecoveryCode(Case):
    def test_each_kind_of_wrong_code(self):
        _, _, bucket, said = self.pair(made_journal(10))
        good = said["recoveryCode"]
        data = code_bytes(good)
        self.assertEqual(code_text(data), good)
        other = self.home("other").sync_on(self.bucket("another"))["recoveryCode"]
        mistyped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
        swapped = good[:8] + good[9] + good[8] + good[10:]
        if swapped == good:
            swapped = mistyped
        wrong_key = code_text(data[:20] + bytes(16) + data[36:])
        wrong_statement = code_text(data[:36] + bytes(8) + data[44:])
        before = bucket.files()
        for what, code, exit_code, says in (
                ("a letter", mistyped, WRONG_KEY, "group 3 .*mistyped"),
                ("swapped letters", swapped, WRONG_KEY, "mistyped"),
                ("too short", good[:-1], WRONG_KEY, "77.*has 76"),
                ("too long", good + "A", WRONG_KEY, "77.*has 78"),
                ("no code at all", "correct horse battery staple!", WRONG_KEY, "code"),
                ("nothing", "", {WRONG_KEY, USAGE}, "code"),
                ("a letter of no code", good[:-1] + "!", WRONG_KEY, "group 11"),
                ("several letters", "ZZZZZZZ" + good[7:-7] + "ZZZZZZZ", WRONG_KEY, "mistyped"),
                ("another account's", other, ERROR, "not in that bucket"),
                ("another key", wrong_key, WRONG_KEY, "(?i)code|key"),
                ("another statement", wrong_statement, {ROLLBACK, WRONG_KEY, ERROR}, None)):
            home = self.home("new")
            with self.subTest(what=what):
                text = home.fails(exit_code, "recover", "--yes", "--bucket", bucket.url, text=code,
                                  says=says)
                print(f"{what}: {text}", flush=True)
                self.assertNotIn(good[8:15], text, "the error repeats the code")
                self.assertEqual(home.status()["sync"], "not set up")
                self.assertEqual(bucket.files(), before)
        home = self.home("new")
        home.fails(ERROR, "recover", "--yes", "--bucket", f"dir:{self.folder}/absent", text=good,
                   says="no folder")
        self.assertFalse((self.folder / "absent").exists())
        # In small letters, with blanks, with O for 0 and I and L for 1, as people type.
        typed = good.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        self.assertEqual(home.recover(bucket, typed + "\n")["entries"], 10)


class Passphrase(Case):
    def test_of_an_export_file(self):
        home = self.home("A")
        home.import_entries(made_journal(20))
        path = self.folder / "export.json"
        home.run("export", "--encrypt", "-o", path, "--password-command", "echo correct")
        self.assertNotIn(b"garden", path.read_bytes())
        other = self.home("B")
        other.fails(WRONG_KEY, "import", path, "--password-command", "echo wrong",
                    says="nothing was imported")
        other.fails(USAGE, "import", path, says="--password-command")
        other.fails(ERROR, "import", path, "--password-command", "false")
        self.assertEqual(other.entries(), {})
        said = other.json("import", path, "--password-command", "echo '  correct '")
        self.assertEqual(said["added"], 20)
        self.assert_same_entries(other.entries(), home.entries())

    def test_of_the_key_file(self):
        home, bucket = self.home("A"), self.bucket()
        home.import_entries(made_journal(5))
        right = ("--password-command", "echo correct")
        account = home.json("sync", "on", bucket.url, "--passphrase", *right)["account"]
        home.json("sync", *right)
        entry = home.new("Written without it", "No passphrase is needed for that.")
        before = bucket.files()
        home.fails(WRONG_KEY, "sync", "--password-command", "echo wrong", says="passphrase")
        home.fails(USAGE, "sync", says="--password-command")
        self.assertEqual(bucket.files(), before)
        self.assertEqual(home.status()["pending"], 1)
        self.assertEqual(home.json("sync", *right)["pushed"], 1)
        self.assertIn(entry, home.entries())
        # The wipe key stands outside the passphrase.
        home.json("wipe", "--yes")
        self.assertEqual(list(bucket.files()), [f"w/{account}"])

    def test_key_file_of_another_device_or_damaged(self):
        one, two, bucket, _ = self.pair(made_journal(5))
        one.new("Waiting", "to be pushed")
        own = (one.path / "keys").read_bytes()
        before = bucket.files()
        for what, data, code in (
                ("another's", (two.path / "keys").read_bytes(), WRONG_KEY),
                ("cut", own[:-5], {ERROR, WRONG_KEY}), ("empty", b"", {ERROR, WRONG_KEY}),
                ("long", own + bytes(100_000), {ERROR, WRONG_KEY}), ("gone", None, ERROR)):
            (one.path / "keys").unlink(missing_ok=True)
            if data is not None:
                (one.path / "keys").write_bytes(data)
            with self.subTest(what=what):
                one.fails(code, "sync", says="key")
                self.assertEqual(bucket.files(), before)
        # A bit of the signing key or of the file's frame is noticed. One of the box or the wipe key
        # is not: such a sync needs neither, and must be as good as any.
        refused = 0
        for at in range(0, len(own), 5):
            changed = bytearray(own)
            changed[at] ^= 4
            (one.path / "keys").write_bytes(bytes(changed))
            before = bucket.files()
            with self.subTest(flipped_at=at):
                if one.run("sync", code={OK, ERROR, WRONG_KEY}).code != OK:
                    refused += 1
                    self.assertEqual(bucket.files(), before)
        self.assertGreater(refused, 5)
        (one.path / "keys").write_bytes(own)
        self.settle(one, two)
        self.assertEqual(len(self.assert_equal_homes(one, two)), 6)


if __name__ == "__main__":
    unittest.main()
