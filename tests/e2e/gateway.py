"""gateway.py: the main job through `inkseald serve`: what it costs, who is let in, two gateways on one
bucket, and what a person is told when it is away, lies, or has another clock."""
import os
import random
import ssl
import subprocess
import unittest

import cbor2

from home import ENVIRONMENT, ERROR, GONE, NOT_SET_UP, USAGE, made_journal
from served import Relay, ServedCase

SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")
HOUR = 60 * 60
MARK = "Quixotic-Marmalade"


class MainJob(ServedCase):
    def test_main_job(self):
        entries = made_journal(1500)  # above 1 MiB: a load, in several segments
        given = {entry["id"]: entry for entry in entries}
        bucket = self.bucket()
        gateway = self.gateway(bucket).start()
        one, two = self.home("A"), self.home("B")
        self.keep_secret(MARK, "Day 7")
        one.import_entries(entries)
        said = self.on(one, gateway)
        self.assertEqual(one.sync()["pushed"], len(given))
        recovered = self.recover(two, gateway, said["recoveryCode"])
        self.assertEqual(recovered["account"], said["account"])
        self.assertEqual(recovered["entries"], len(given))
        one.sync()
        self.assert_same_entries(self.assert_equal_homes(one, two), given)

        source = random.Random(1)
        written = {}
        for number, entry in enumerate(source.sample(sorted(given), 20)):
            home = (one, two)[number % 2]
            written[entry] = f"{MARK} {number}, by {home.path.name}. " * 3
            home.edit(entry, written[entry])
            self.assertEqual(home.sync()["pushed"], 1)
        for number in range(3):  # bodies of their own, and both at once
            for home in (one, two):
                home.new(f"{MARK} {number}", "".join(
                    source.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(9000)))
            one.sync()
            two.sync()
        self.settle(one, two)
        both = self.assert_equal_homes(one, two)
        self.assertEqual(len(both), len(given) + 6)
        for entry, text in written.items():
            self.assertEqual(both[entry]["content"], text)
        self.assert_whole(one, two)
        one.run("doctor", "--probe")
        for text in (MARK.encode(), b"Day 7"):
            self.assertNotIn(text, bucket.all_bytes())
        gateway.stop()

    def test_one_request_an_edit_and_one_for_nothing(self):
        one, two, gateway, _ = self.served_pair(made_journal(20))
        entry = sorted(one.entries())[3]
        for home in (one, two):
            home.sync()
            for number in range(3):
                before = len(gateway.routes())
                home.edit(entry, f"{number} by {home.path.name}")
                said = home.sync()
                self.assertEqual(said["pushed"], 1)
                self.assertEqual(said["requests"], {"get": 0, "put": 1, "list": 0, "delete": 0})
                self.assertEqual(gateway.routes()[before:], ["sync"])
                said = home.sync()
                self.assertEqual(said["requests"], {"get": 1, "put": 0, "list": 0, "delete": 0})
                self.assertEqual(gateway.routes()[before:], ["sync", "sync"])
                self.assertLess(said["bytes"]["up"] + said["bytes"]["down"], 1000)
            (two if home is one else one).sync()

    def test_invites(self):
        gateway = self.gateway(self.bucket()).start()
        one, two = self.home("A"), self.home("B")
        one.new("An entry", "of the first")
        one.fails(ERROR, "sync", "on", gateway.url, says="--invite TOKEN")
        one.fails(ERROR, "sync", "on", gateway.url, "--invite", "0" * 32, says="invit")
        one.fails(USAGE, "sync", "on", "dir:bucket", "--invite", "0" * 32, says="gateway")
        one.fails(USAGE, "sync", "--invite", "0" * 32)
        one.fails(ERROR, "sync", "on", gateway.url, "--invite", "two words", says="one word")
        one.fails(NOT_SET_UP, "sync")
        self.assertEqual(list(gateway.bucket.files("a")), [])

        invite = gateway.invite()
        said = one.json("sync", "on", gateway.url + "/", "--invite", "-", text=invite + "\n")
        two.fails(ERROR, "sync", "on", gateway.url, "--invite", invite, says="used")
        self.assertEqual(one.sync()["pushed"], 1)
        again = one.json("sync", "on", gateway.url)  # the same URL: nothing is begun anew
        self.assertEqual(again, {"account": said["account"], "recoveryCode": None})
        self.assertEqual(len(list(gateway.bucket.files("a"))), len(
            list(gateway.bucket.files(f"a/{said['account']}"))))

    def test_wipe(self):
        one, two, gateway, said = self.served_pair(made_journal(40))
        account, bucket = said["account"], gateway.bucket
        two.new("Not yet pushed", "It must survive.")
        count = len(bucket.files(f"a/{account}"))
        before = one.entries()
        copy = one.copy("A-copy")  # as a wipe leaves a home that is cut off at its end
        receipt = one.json("wipe", "--yes")
        self.assertEqual(list(bucket.files("a")), [])
        encoded = self.check_receipt(receipt, gateway, account, count)
        self.assertEqual((one.path / f"receipt-{account}.cbor").read_bytes(), encoded)
        self.assert_same_entries(one.entries(), before)
        one.fails(NOT_SET_UP, "sync")
        again = copy.json("wipe", "--yes")
        self.assertEqual((again["account"], again["objectsRemoved"]), (account, 0))

        two.fails(GONE, "sync", says="wiped")
        two.fails(NOT_SET_UP, "sync")
        self.assertIn("It must survive.", [entry["content"] for entry in two.entries().values()])
        self.home("late").fails(GONE, "recover", "--yes", "--gateway", gateway.url,
                                text=said["recoveryCode"], says="wiped")
        self.assertEqual(list(bucket.files("a")), [])
        # A new account, by a new invite, is another one.
        again = self.on(two, gateway)
        self.assertNotEqual(again["account"], account)
        self.assertEqual(two.sync()["pushed"], 41)
        # Wiped before it has ever synced, and by the gateway's word told apart from the first.
        self.assertGreater(two.json("wipe", "--yes")["objectsRemoved"], 0)

    def test_wiped_while_switched_off(self):
        one, two, gateway, said = self.served_pair(made_journal(5))
        two.run("sync", "off")
        one.json("wipe", "--yes")
        path = gateway.bucket.path / "w" / said["account"]
        record = path.read_bytes()
        encoded = cbor2.loads(record)[0]
        broken = record.replace(encoded[-64:], bytes(64))  # a wipe that no device has signed
        self.assertNotEqual(broken, record)
        path.write_bytes(broken)
        again = two.json("sync", "on", gateway.url)
        self.assertEqual(again, {"account": said["account"], "recoveryCode": None})
        two.run("sync", "off")
        path.write_bytes(record)
        begun = self.on(two, gateway)
        self.assertNotEqual(begun["account"], said["account"])
        self.assertEqual(two.sync()["pushed"], 5)

    def test_wipe_before_any_sync(self):
        gateway = self.gateway(self.bucket()).start()
        one = self.home("A")
        self.on(one, gateway)
        self.assertGreater(one.json("wipe", "--yes")["objectsRemoved"], 0)
        self.assertEqual(list(gateway.bucket.files("a")), [])

    def test_receipt_of_another_key_is_not_believed(self):
        one, two, gateway, _ = self.served_pair(made_journal(5))
        gateway.stop()
        gateway.key = self.folder / "another-key"
        gateway.start()
        one.fails(ERROR, "wipe", "--yes", says="not signed by the key")
        self.assertEqual(list(one.path.glob("receipt-*")), [])
        for home in (one, two):  # that it was wiped is known by the device's own signature
            home.fails(GONE, "sync")

    def test_wrong_urls(self):
        one = self.home("A")
        for url in ("http://127.0.0.1:1/path", "http://me:you@127.0.0.1:1", "http://"):
            text = one.fails(ERROR, "sync", "on", url, says="gateway's URL")
            self.assertNotIn("you@", text)
        code = "0000000-" * 10 + "0000000"
        for args in (("--gateway", "dir:x"), ("--bucket", "http://127.0.0.1:1"),
                     ("--gateway", "http://127.0.0.1:1", "--bucket", "dir:x"), ()):
            one.fails(USAGE, "recover", "--yes", *args, text=code)

    def test_away(self):
        gateway = self.gateway(self.bucket())
        one, two = self.home("A"), self.home("B")
        away = "cannot be reached.*nothing was lost"
        one.fails(ERROR, "sync", "on", gateway.url, "--invite", "0" * 32, says=away)
        gateway.start()
        one.new("Written", "before")
        said = self.on(one, gateway)
        one.sync()
        gateway.kill()
        entry = one.new("Written", "while it is away")
        before = one.status()
        one.fails(ERROR, "sync", says=away)
        one.fails(ERROR, "wipe", "--yes", says=away)
        two.fails(ERROR, "recover", "--yes", "--gateway", gateway.url,
                  text=said["recoveryCode"], says=away)
        self.assertEqual(one.status(), before)
        self.assertEqual(two.status()["sync"], "not set up")
        gateway.start()
        self.assertEqual(one.sync()["pushed"], 1)
        self.recover(two, gateway, said["recoveryCode"])
        self.assertEqual(two.content(entry), "while it is away")

    @unittest.skipUnless(SHIM, "INKSEAL_CLOCK_SHIM does not name the library that sets the clock")
    def test_clocks(self):
        one, two, _, _ = self.served_pair(made_journal(5))
        for home, hours in ((one, 20), (two, -20)):
            home.sync()
            self.set_clock(home, hours * HOUR)
            for requests in (2, 1):  # once it was told, it follows from then on
                home.new("By a wrong clock", str(hours))
                self.assertEqual(home.sync()["requests"]["put"], requests)
        self.settle(one, two)
        self.assertEqual(len(self.assert_equal_homes(one, two)), 9)
        self.set_clock(one, 0)
        one.sync()
        self.set_clock(one, 40 * HOUR)
        one.new("By a clock that nobody follows", "x")
        one.fails(ERROR, "sync", says="more than a day apart")
        self.set_clock(one, 0)
        self.assertEqual(one.sync()["pushed"], 1)

    def set_clock(self, home, seconds):
        home.environment.update({
            "LD_PRELOAD": SHIM, "INKSEAL_CLOCK_OFFSET": str(seconds),
            "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0"})


class OverTLS(ServedCase):
    """A proxy in front that ends TLS, with a certificate that no system trusts."""

    def serve_tls(self, gateway_port, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        def wrap(connection):
            return context.wrap_socket(connection, server_side=True)
        return Relay(self, gateway_port, wrap)

    def test_certificate_is_checked(self):
        certificate = self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.folder / "key.pem", "-out", certificate],
            check=True, capture_output=True, timeout=60)
        with open(certificate, "a") as file:
            file.write((self.folder / "key.pem").read_text())
        gateway = self.gateway(self.bucket())
        relay = self.serve_tls(gateway.port, certificate)
        gateway.names = f"127.0.0.1:{relay.port}"
        gateway.start()
        one = self.home("A")
        one.new("An entry", "over TLS")
        url = f"https://127.0.0.1:{relay.port}"
        invite = gateway.invite()
        one.fails(ERROR, "sync", "on", url, "--invite", invite, says="not to be trusted")
        plain = {name: value for name, value in ENVIRONMENT.items()
                 if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")}
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            one.environment = {**plain, name: str(certificate)}
            one.json("sync", "on", url, "--invite", invite)
            one.new("Another", "over TLS")
            self.assertGreater(one.sync()["pushed"], 0)
        one.environment = plain
        one.fails(ERROR, "sync", says="not to be trusted")


class TwoGateways(ServedCase):
    def test_two_on_one_bucket(self):
        bucket = self.bucket()
        gateways = [self.gateway(bucket, f"gateway{number}").start() for number in (1, 2)]
        homes = [self.home(name) for name in "ABCD"]
        homes[0].import_entries(made_journal(30))
        said = self.on(homes[0], gateways[0])
        homes[0].sync()
        for number, home in enumerate(homes[1:], 1):
            self.recover(home, gateways[number % 2], said["recoveryCode"])
        self.settle(*homes)

        written = []
        for turn in range(8):  # all four at once, two at each gateway
            for home in homes:
                text = f"turn {turn} of {home.path.name}"
                written.append((home.new(text, text), text))
            running = [home.start("--json", "sync") for home in homes]
            for process in running:
                _, err = process.communicate(timeout=180)
                self.assertEqual(process.returncode, 0, err.decode())
        self.settle(*homes)
        self.settle(*homes)
        entries = self.assert_equal_homes(*homes)
        for entry, text in written:
            self.assertEqual(entries[entry]["content"], text)
        self.assertEqual(len(entries), 30 + len(written))
        self.assertEqual(len({gateway.receipt_key() for gateway in gateways}), 1)

        # One restarts; the other goes on; a wipe at the one is known at the other.
        gateways[0].stop()
        homes[1].new("Meanwhile", "at the other")
        homes[1].sync()
        homes[0].fails(ERROR, "sync", says="cannot be reached")
        gateways[0].start()
        self.assertEqual(homes[0].sync()["pulled"], 1)
        homes[1].json("wipe", "--yes")
        for home in (homes[0], homes[2], homes[3]):
            home.fails(GONE, "sync", says="wiped")
        self.assertEqual(list(bucket.files("a")), [])


if __name__ == "__main__":
    unittest.main()
