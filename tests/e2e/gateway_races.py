"""gateway_races.py: a wipe while other devices push, with and without the gateway being killed; a
gateway that has too much to do; one whose clock is wrong; a proxy in front that has an opinion of its
own. On MinIO where it runs, and on folders.
"""
import contextlib
import os
import random
import threading
import time
import unittest

from faulty import FaultyRelay, error, says, slow, together
from home import ENVIRONMENT, ERROR, GONE, NOT_SET_UP, OK, made_journal, noise
from s3_bucket import S3Bucket, servers
from served import ServedCase

SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")
HOUR = 60 * 60
WIPES = 4  # of each kind


@contextlib.contextmanager
def settings(**values):
    """The environment of a gateway that is started in between."""
    before = dict(ENVIRONMENT)
    ENVIRONMENT.update(values)
    try:
        yield
    finally:
        ENVIRONMENT.clear()
        ENVIRONMENT.update(before)


class Pusher:
    """A device that writes and syncs until it is told that the account is gone."""

    def __init__(self, home, source):
        self.home, self.source = home, source
        self.written = {}
        self.codes = []

    def work(self):
        while GONE not in self.codes:
            text = noise(self.source, self.source.choice((20, 3000)))
            self.written[self.home.new("Pushed", text)] = text
            answer = self.home.run("--json", "sync", code=(OK, ERROR, GONE))
            self.codes.append(answer.code)
            if answer.code != OK:
                self.home.test.check_error(
                    answer, "wiped" if answer.code == GONE else "nothing was lost")


class RacesCase(ServedCase):
    def need_minio(self):
        if "INKSEAL_TEST_MINIO_URL" not in servers():
            self.skipTest("MINIO, which scripts/test-servers starts")


class WipeRaces(RacesCase):
    def race(self, bucket, kill):
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        name = f"seed {seed}, {type(bucket).__name__}, killed: {kill}"
        gateway = self.gateway(bucket, f"gateway{seed}").start()
        one, two, three = (self.home(f"{letter}{seed}") for letter in "ABC")
        one.import_entries(made_journal(20))
        said = self.on(one, gateway)
        one.sync()
        for home in (two, three):
            self.recover(home, gateway, said["recoveryCode"])
        copy = two.copy(f"copy{seed}")
        pushers = [Pusher(home, random.Random(seed + number))
                   for number, home in enumerate((two, three))]

        def wipe():
            pushes = source.randrange(1, 6)
            while sum(len(pusher.codes) for pusher in pushers) < pushes:
                time.sleep(0.01)
            time.sleep(source.uniform(0, 0.1))
            if kill:
                killer = threading.Timer(source.uniform(0, 0.2), lambda: (
                    gateway.kill(), gateway.start()))
                killer.start()
            answer = one.run("--json", "wipe", "--yes", code=(OK, ERROR))
            if kill:
                killer.join()
            if answer.code != OK:
                self.assertTrue(kill, f"{name}: {answer.err}")
                one.json("wipe", "--yes")

        together([wipe, *(pusher.work for pusher in pushers)])
        for attempt in range(2):
            self.assertEqual(bucket.sizes(f"a/{said['account']}"), {}, name)
            for home in (copy, self.home(f"late{attempt}{seed}")):
                args = (("sync",) if home is copy and attempt == 0 else
                        ("recover", "--yes", "--gateway", gateway.url))
                home.run("--json", *args, text=said["recoveryCode"], code=(GONE,))
        for pusher in pushers:
            pusher.home.fails(NOT_SET_UP, "sync")
            entries = pusher.home.entries()
            for entry, text in pusher.written.items():
                self.assertEqual(entries[entry]["content"], text, name)
            self.assertLessEqual(20, len(entries))
        self.assert_whole(one, two, three)
        gateway.stop()
        return sum(pusher.codes.count(OK) for pusher in pushers)

    def races(self, make_bucket):
        done = []
        for number in range(WIPES):
            together([lambda kill=kill: done.append(
                self.race(make_bucket(f"bucket{number}{kill}"), kill)) for kill in (False, True)])
        print(f"{len(done)} wipes, {sum(done)} pushes before them", flush=True)

    def test_on_folders(self):
        self.races(self.bucket)

    def test_on_minio(self):
        self.need_minio()
        self.races(lambda name: S3Bucket())


class TooMuch(RacesCase):
    def test_full_queue(self):
        """Whom it has no room for is told when to come again, and comes."""
        self.need_minio()
        bucket = S3Bucket()
        relay = FaultyRelay(self, bucket.address)
        bucket.through(relay.authority)
        gateway = self.gateway(bucket)
        with settings(INKSEALD_WORKERS="1", INKSEALD_QUEUE="1", INKSEALD_CREATE="open"):
            gateway.start()
        homes = [self.home(name) for name in "ABCDEF"]
        for home in homes:
            home.new("An entry", f"of {home.path.name}")
            home.json("sync", "on", gateway.url)
        relay.rule = lambda request: slow(0.1) if "/a/" in request.target else None
        together([home.sync for home in homes])
        relay.rule = lambda request: None
        for home in homes:
            self.assertEqual(home.status()["pending"], 0)
        self.assertRegex(gateway.log.read_text(),
                         'status=503 .*message="too many requests wait here"')
        gateway.stop()

    def test_what_a_proxy_says(self):
        gateway = self.gateway(self.bucket())
        relay = FaultyRelay(self, ("127.0.0.1", gateway.port))
        gateway.names = relay.authority
        gateway.start()
        url = f"http://{relay.authority}"
        one = self.home("A")
        one.json("sync", "on", url, "--invite", gateway.invite())
        html = "Content-Type: text/html"
        for what, code, words in (
                (says(413, "<html>too large</html>", html), ERROR, r"not a gateway \(413\)"),
                (says(404, "<html>no such page</html>", html), ERROR, r"not a gateway \(404\)"),
                (says(410, "<html>gone</html>", html), ERROR, "without a signed proof"),
                (says(200, "<html>log in</html>", html), ERROR, 'not a gateway.*"text/html"'),
                (says(302, "", "Location: http://127.0.0.1:1/"), ERROR, "leads elsewhere"),
                (says(503, "", "Retry-After: 7200"), ERROR, "busy.*nothing was lost"),
                (error(502, "x"), OK, None),
                (says(504, "", applied=True), OK, None),
                (says(503, "", "Retry-After: 1", applied=True), OK, None)):
            entry = one.new("Written", "through a proxy")
            faults = [what] * (2 if code == OK else 100)
            relay.rule = lambda request, faults=faults: faults.pop() if faults else None
            answer = one.run("--json", "sync", code=code)
            if code != OK:
                self.check_error(answer, words)
            relay.rule = lambda request: None
            one.sync()
            self.assertEqual(one.status()["pending"], 0, entry)
        self.assertEqual(one.head()["seq"], 9)
        gateway.stop()


@unittest.skipUnless(SHIM, "INKSEAL_CLOCK_SHIM does not name the library that sets the clock")
class WrongClock(RacesCase):
    def shim(self, hours):
        return settings(LD_PRELOAD=SHIM, INKSEAL_CLOCK_OFFSET=str(hours * HOUR), ASAN_OPTIONS=(
            ENVIRONMENT["ASAN_OPTIONS"] + ":verify_asan_link_order=0"))

    def test_of_the_gateway(self):
        """A device follows it by a day at most, with one request more."""
        one, two, gateway, _ = self.served_pair(made_journal(3))
        for hours, requests in ((20, 2), (20, 1), (-20, 2), (0, 2), (0, 1)):
            gateway.stop()
            with self.shim(hours):
                gateway.start()
            one.new("Pushed", f"by a clock {hours} hours off")
            self.assertEqual(one.sync()["requests"]["put"], requests, hours)
        for hours in (40, -40):
            gateway.stop()
            with self.shim(hours):
                gateway.start()
            one.new("Not pushed", f"by a clock {hours} hours off")
            one.fails(ERROR, "sync", says="more than a day apart")
        gateway.stop()
        gateway.start()
        self.settle(one, two)
        self.assertEqual(len(self.assert_equal_homes(one, two)), 10)

    def test_of_the_gateway_at_the_store(self):
        """A store refuses what is signed a day off: nobody is served, and the log says why."""
        self.need_minio()
        gateway = self.gateway(S3Bucket())

        def start():
            with self.assertRaisesRegex(AssertionError, "the store's clock and this machine's"):
                gateway.start()

        def look():
            while not gateway.log.exists() or "event=probe" not in gateway.log.read_text():
                time.sleep(0.02)
            self.assertFalse(gateway.is_ready())
            gateway.process.kill()
        with self.shim(24):
            together([start, look])


if __name__ == "__main__":
    unittest.main()
