"""gateway_kills.py: kill -9 of the gateway, and of the device, anywhere in a sync, a first push or
the making of an account. What was acknowledged is there, an edit has one effect, an invite is not
burnt.

Most kills are in syncs, on several accounts at once, each with a gateway and two devices of its own.
On a folder the moment is drawn from the time that a sync takes. On MinIO a relay in between kills at
a chosen place of a PUT that commits: before it, while MinIO has it, after it, in its answer.
"""
import json
import os
import random
import signal
import threading
import time
import unittest

from faulty import FaultyRelay, together
from home import ERROR, OK, lacks, made_journal, noise
from s3_bucket import S3Bucket, servers
from served import ServedCase

KILLS = int(os.environ.get("INKSEAL_TEST_KILLS", "208"))  # in syncs
PLACES = ("before", "begun", "done", "answering", "answered")


class Lane:
    """Two devices, their gateway, and so many kills of it in their syncs."""

    def __init__(self, test, number, kills, gateway, relay=None):
        self.test, self.number, self.kills = test, number, kills
        self.gateway, self.relay = gateway, relay
        self.source = random.Random(test.seed + number)
        self.homes = [test.home(f"{name}{number}") for name in "AB"]
        self.ends = {OK: 0, ERROR: 0}
        self.again = self.killed = 0
        self.restarts = []
        self.killing = threading.Lock()  # held from a fatal PUT's begin to the restart's

    def begin(self):
        one, two = self.homes
        one.import_entries(made_journal(10))
        said = self.test.on(one, self.gateway.start())
        one.sync()
        self.test.recover(two, self.gateway, said["recoveryCode"])
        self.edited = {home: home.new("Edited again and again", "edit 0") for home in self.homes}
        self.test.settle(one, two)
        one.edit(self.edited[one], "edit 0.")
        began = time.monotonic()
        one.sync()
        self.seconds = time.monotonic() - began
        two.sync()

    def work(self):
        self.begin()
        begin = self.homes[0].head()["seq"]
        last = {}
        turns = 0
        while self.killed < self.kills:
            turns += 1
            self.test.assertLess(turns, 3 * self.kills + 10)
            home = self.source.choice(self.homes)
            last[home] = f"edit {turns} " + noise(self.source, self.source.choice((10, 10, 9000)))
            home.edit(self.edited[home], last[home])
            if self.relay is None:
                self.restart(self.source.uniform(0.2, 1.1) * self.seconds)
            else:
                self.relay.rule = self.kill_in_a_put()
            answer = home.run("--json", "sync", code=self.ends.keys())
            if self.relay is not None:
                self.relay.rule = lambda request: None
            self.await_restarts()
            self.ends[answer.code] += 1
            if answer.code == OK:
                self.test.assertEqual(home.status()["pending"], 0)
                self.again += json.loads(answer.out)["requests"]["put"] > 1
            else:
                self.test.check_error(answer, says="nothing was lost")
        self.check(turns, begin, last)

    def kill(self):
        self.killed += 1
        self.gateway.kill()

    def restart(self, wait_seconds):
        """In a thread of its own: the sync does not wait for it."""
        def run():
            time.sleep(wait_seconds)
            self.kill()
            self.gateway.start()
        self.begin_thread(run)

    def begin_thread(self, run):
        thread = threading.Thread(target=run)
        thread.start()
        self.restarts.append(thread)

    def await_restarts(self):
        with self.killing:
            restarts, self.restarts = self.restarts, []
        for thread in restarts:
            thread.join()
        self.test.assertTrue(self.gateway.is_ready())

    def kill_in_a_put(self):
        """A rule for the relay: once, in one of the next PUTs, which most often is the commit's."""
        place = self.source.choice(PLACES)
        seconds = self.source.uniform(0, 0.01)
        turn = self.source.choice((1, 1, 1, 2))
        turns = []

        def fault(exchange):
            with self.killing:
                kill_at_the_place(exchange)
            return False

        def kill_at_the_place(exchange):
            if place == "before":
                exchange.skip()
            else:
                exchange.forward()
            if place in ("before", "begun"):
                time.sleep(seconds)
                self.kill()
            data = b"" if place == "before" else exchange.answer()
            if place == "answering":
                exchange.reply(data[:len(data) // 2])
                time.sleep(seconds)
            elif place == "answered":
                exchange.reply(data)
                time.sleep(seconds)
            if place in ("done", "answering", "answered"):
                self.kill()
            self.begin_thread(self.gateway.start)

        def rule(request):
            if request.method != "PUT" or "/probe/" in request.target:
                return None
            with self.relay.lock:
                turns.append(request)
                return fault if len(turns) == turn else None
        return rule

    def check(self, turns, begin, last):
        self.test.settle(*self.homes)
        self.test.settle(*self.homes)
        entries = self.test.assert_equal_homes(*self.homes)
        for home, text in last.items():
            self.test.assertEqual(entries[self.edited[home]]["content"], text)
        # An edit is one frame at most, however often it was sent; no copy, no conflict came of it.
        self.test.assertLessEqual(self.homes[0].head()["seq"] - begin, turns)
        self.test.assertEqual(len(entries), 12)
        self.test.assertEqual(self.homes[0].status()["conflicts"], 0)
        self.test.assert_whole(*self.homes)


class Kills(ServedCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("INKSEAL_TEST_SEED") or random.randrange(1 << 32))
        print(f"seed {self.seed} (INKSEAL_TEST_SEED takes it)", flush=True)
        self.source = random.Random(self.seed)

    def lanes(self):
        """Half of the kills on MinIO, where it is here."""
        on_minio = 4 if "INKSEAL_TEST_MINIO_URL" in servers() else 0
        if on_minio == 0:
            lacks("MINIO, which scripts/test-servers starts: all kills are on folders")
        count = 8
        for number in range(count):
            name = f"gateway{number}"
            kills = -(-KILLS // count)
            if number < on_minio:
                bucket = S3Bucket()
                relay = FaultyRelay(self, bucket.address)
                bucket.through(relay.authority)
                yield Lane(self, number, kills, self.gateway(bucket, name, key=name), relay)
            else:
                bucket = self.bucket(f"bucket{number}")
                yield Lane(self, number, kills, self.gateway(bucket, name, key=name))

    def test_gateway_killed_in_syncs(self):
        lanes = list(self.lanes())
        together([lane.work for lane in lanes])
        killed = sum(lane.killed for lane in lanes)
        came = sum(lane.ends[OK] for lane in lanes)
        print(f"{killed} kills: {came} syncs came through, "
              f"{sum(lane.ends[ERROR] for lane in lanes)} ended with an error; "
              f"{sum(lane.again for lane in lanes)} pushed more than once", flush=True)
        self.assertGreaterEqual(killed, KILLS)
        self.assertGreater(came, 0)

    def test_gateway_killed_in_a_first_push_and_pull(self):
        entries = made_journal(2500)
        given = {entry["id"]: entry for entry in entries}
        gateway = self.gateway(self.bucket()).start()
        one, two = self.home("A"), self.home("B")
        one.import_entries(entries)
        said = self.on(one, gateway)
        kills = 0
        for home, args, text in (
                (one, ("sync",), ""),
                (two, ("--yes", "recover", "--gateway", gateway.url), said["recoveryCode"])):
            process = home.start("--json", *args)
            process.stdin.write(text.encode())
            process.stdin.close()
            process.stdin = None
            while process.poll() is None and kills < 10:
                time.sleep(self.source.uniform(0.02, 0.4))
                if process.poll() is None:
                    gateway.kill()
                    gateway.start()
                    kills += 1
            process.communicate(timeout=180)
            if process.returncode != OK:  # it goes on where it stopped
                home.run("--json", *args, text=text)
        print(f"{kills} kills", flush=True)
        self.assertGreater(kills, 0)
        one.sync()
        self.assert_same_entries(self.assert_equal_homes(one, two), given)
        self.assert_whole(one, two)

    def test_an_account_is_made_once(self):
        """Gateway or device killed while an account is made: the same invite makes the same one."""
        gateway = self.gateway(self.bucket()).start()
        begin = time.monotonic()
        self.on(self.home("measured"), gateway)
        seconds = time.monotonic() - begin
        accounts = set()
        resumed = 0
        for number in range(16):
            home = self.home(f"home{number}")
            invite = gateway.invite()
            process = home.start("--json", "sync", "on", gateway.url, "--invite", invite)
            time.sleep(self.source.uniform(0, 1.1 * seconds))
            if number % 2 == 0:
                process.send_signal(signal.SIGKILL)
            else:
                gateway.kill()
                gateway.start()
            out, _ = process.communicate(timeout=180)
            if b"recoveryCode" not in out:
                resumed += 1
                said = home.json("sync", "on", gateway.url, "--invite", invite)
                self.assertIsNotNone(said["recoveryCode"])
                accounts.add(said["account"])
                late = self.home(f"late{number}")
                self.recover(late, gateway, said["recoveryCode"])
            self.assertFalse((home.path / "begun").exists())
            home.sync()
        found = {key.split("/")[1] for key in gateway.bucket.files("a")}
        print(f"{resumed} were cut off", flush=True)
        self.assertLessEqual(accounts, found)
        self.assertEqual(len(found), 17)


if __name__ == "__main__":
    unittest.main()
