"""wipe.py: delete the cloud data; it stays deleted, whoever comes back."""
import base64
import hashlib
import random
import shutil
import signal
import subprocess
import time
import unittest

import cbor2
import nacl.exceptions
import nacl.signing

from home import ERROR, GONE, OK, Case, made_journal, noise

PAUSES = 8
SAYS_WIPED = "(?i)wiped|gone"


def digest(domain, data, size=32):
    """BLAKE2b with the domain's string, as schemas/statement.md says."""
    return hashlib.blake2b(data, digest_size=size, person=domain.encode()).digest()


def check_receipt(test, receipt, record, account):
    """The receipt and the record hold by themselves: from the account's name to the signatures."""
    signed, signature = cbor2.loads(receipt)
    part = cbor2.loads(signed)
    wipe, roster = cbor2.loads(record)
    statements = [cbor2.loads(statement) for statement in cbor2.loads(roster)]
    genesis = digest("inkseal stmt", statements[0][0] + statements[0][1])
    test.assertEqual(digest("inkseal account", genesis)[:20], account)
    test.assertEqual(part[1], account)
    test.assertEqual(part[2], digest("inkseal wipe", wipe))
    keys = [device[2] for statement in statements for device in cbor2.loads(statement[0])[5]]
    test.assertIn(part[6], keys, "signed by a wipe key of no device")
    domain = b"inkseal wipe".ljust(16, b"\0")
    nacl.signing.VerifyKey(part[6]).verify(domain + signed, signature)
    broken = bytearray(signed)
    broken[-1] ^= 1
    with test.assertRaises(nacl.exceptions.BadSignatureError):
        nacl.signing.VerifyKey(part[6]).verify(domain + bytes(broken), signature)
    wipe_signed, wipe_signature = cbor2.loads(wipe)
    test.assertEqual(cbor2.loads(wipe_signed)[2], account)
    test.assertTrue(any(verifies(key, domain + wipe_signed, wipe_signature) for key in keys if key))
    return part


def verifies(key, message, signature):
    try:
        nacl.signing.VerifyKey(key).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


class Wipe(Case):
    def assert_empty(self, bucket, account):
        """Of the account nothing is left but the record in w/."""
        self.assertEqual(list(bucket.files()), [f"w/{account}"])
        folder = bucket.path / "a" / account
        self.assertFalse(folder.exists() and any(folder.rglob("*")), "something is left there")

    def assert_gone(self, home, account, bucket):
        """The device is told, stops, keeps its journal, and does not come back to life."""
        before = home.entries()
        home.fails(GONE, "sync", says=SAYS_WIPED)
        self.assert_same_entries(home.entries(), before)
        self.assertEqual(home.status()["sync"], "not set up")
        home.fails(10, "sync", says="sync on")
        self.assert_empty(bucket, account)

    def test_receipt_and_second_device(self):
        one, two, bucket, said = self.pair(made_journal(40))
        for number in range(8):  # packs and bodies too
            one.new(f"Fill {number}", noise(random.Random(number), 3000 + 700 * number))
            one.sync()
        copy = two.copy("B-copy")
        two.new("Not yet pushed", "It must survive.")
        account = said["account"]
        count = len(bucket.files())
        size = sum(len(data) for data in bucket.files().values())
        before = one.entries()

        receipt = one.json("wipe", "--yes")
        self.assertEqual(receipt["account"], account)
        self.assert_empty(bucket, account)
        part = check_receipt(self, base64.b64decode(receipt["receipt"]),
                             bucket.files()[f"w/{account}"], bytes.fromhex(account))
        self.assertEqual(part[3], receipt["objectsRemoved"])
        self.assertEqual(receipt["objectsRemoved"], count)
        shrunk = size - receipt["bytesRemoved"]  # the manifest was rewritten as wiped, shorter
        self.assertTrue(0 <= shrunk < 20 * 1024, shrunk)
        kept = one.path / f"receipt-{account}.cbor"
        self.assertEqual(kept.read_bytes(), base64.b64decode(receipt["receipt"]))
        self.assert_same_entries(one.entries(), before)
        one.fails(10, "sync")

        self.assert_gone(two, account, bucket)
        self.assertIn("It must survive.", [e["content"] for e in two.entries().values()])
        # A home that comes back from a copy, with edits of its own, knows nothing of it.
        copy.new("On the copy", "Written after the wipe.")
        self.assert_gone(copy, account, bucket)
        self.assertIn("Written after the wipe.", [e["content"] for e in copy.entries().values()])
        late = self.home("late")
        late.fails(GONE, "recover", "--yes", "--bucket", bucket.url, text=said["recoveryCode"],
                   says=SAYS_WIPED)
        self.assert_empty(bucket, account)

    def test_wipe_asks(self):
        one, _, bucket, _ = self.pair(made_journal(5))
        before = bucket.files()
        one.fails(2, "wipe", says="--yes")
        self.assertEqual(bucket.files(), before)

    def test_late_create_does_not_bring_it_back(self):
        """The PUT of the create lands once more after the wipe: its manifest stands there again."""
        one, two, bucket = self.home("A"), self.home("B"), self.bucket()
        one.import_entries(made_journal(30))
        said = one.sync_on(bucket)
        account = said["account"]
        created = bucket.copy("created")
        one.sync()
        two.recover(bucket, said["recoveryCode"])
        three = two.copy("C")
        one.json("wipe", "--yes")
        for home in (two, three):
            shutil.copytree(created.path / "a", bucket.path / "a")
            home.new("An edit", "of a device that was away")
            self.assert_gone(home, account, bucket)
        shutil.copytree(created.path / "a", bucket.path / "a")
        late = self.home("late")
        late.fails(GONE, "recover", "--yes", "--bucket", bucket.url, text=said["recoveryCode"],
                   says=SAYS_WIPED)
        # A new account in the same bucket is another one, and takes nothing of the old.
        again = three.sync_on(bucket)
        self.assertNotEqual(again["account"], account)
        self.assertEqual(three.sync()["pushed"], 31)

    def test_cut_off_wipe_is_finished_by_the_next(self):
        """kill -9 anywhere in a wipe; the same command ends it, or another device's sync does."""
        source = random.Random(5)
        for number in range(4):
            one, two, bucket, said = (*(self.home(f"{name}{number}") for name in "AB"),
                                      self.bucket(f"bucket{number}"), None)
            one.import_entries(made_journal(60))
            said = one.sync_on(bucket)
            one.sync()
            two.recover(bucket, said["recoveryCode"])
            process = one.start("--yes", "wipe")
            time.sleep(source.uniform(0.005, 0.05))
            process.kill()
            process.communicate()
            if one.status()["sync"] == "on":
                one.run("--yes", "wipe")
            self.assert_gone(two, said["account"], bucket)

    def test_paused_writer(self):
        """A sync that is stopped at some moment, slept through by a wipe, and woken again."""
        source = random.Random(3)
        ends = {OK: 0, GONE: 0, ERROR: 0}
        blocked = 0
        for number in range(PAUSES):
            one, two = self.home(f"A{number}"), self.home(f"B{number}")
            bucket = self.bucket(f"bucket{number}")
            one.import_entries(made_journal(15))
            said = one.sync_on(bucket)
            one.sync()
            two.recover(bucket, said["recoveryCode"])
            entry = two.new("Written before the wipe", noise(source, 20000))
            begin = time.monotonic()
            one.sync()
            seconds = time.monotonic() - begin
            writer = two.start("sync")
            time.sleep(source.uniform(0.2, 1.5) * seconds)
            writer.send_signal(signal.SIGSTOP)
            wiper = one.start("--yes", "wipe")
            try:  # it waits while the writer sleeps inside a lock of the bucket
                wiper.wait(timeout=2)
            except subprocess.TimeoutExpired:
                blocked += 1
            writer.send_signal(signal.SIGCONT)
            _, err = writer.communicate(timeout=90)
            self.assertIn(writer.returncode, ends, err.decode())
            ends[writer.returncode] += 1
            _, err = wiper.communicate(timeout=90)
            self.assertEqual(wiper.returncode, OK, err.decode())
            two.run("sync", code=(GONE, 10))
            self.assert_empty(bucket, said["account"])
            self.assertEqual(len(two.content(entry)), 20000)
        print(f"the woken sync ended {ends[OK]} times before the wipe, {ends[GONE]} times as gone, "
              f"{ends[ERROR]} times with an error; {blocked} wipes waited for it", flush=True)


if __name__ == "__main__":
    unittest.main()
