"""gateway_kills.py: kill -9 of the gateway, and of the device, anywhere in a sync, a first push or the
making of an account. What was acknowledged is there, an edit has one effect, an invite is not burnt."""
import json
import os
import random
import signal
import threading
import time
import unittest

from home import ERROR, OK, made_journal
from served import Relay, ServedCase

KILLS = 40
CUTS = 80


class Kills(ServedCase):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("INKSEAL_TEST_SEED") or random.randrange(1 << 32))
        print(f"seed {seed} (INKSEAL_TEST_SEED takes it)", flush=True)
        self.source = random.Random(seed)

    def measure(self, home, *args):
        begin = time.monotonic()
        home.sync(*args)
        return time.monotonic() - begin

    def kill_and_restart(self, gateway, wait_seconds):
        """In a thread of its own: the sync does not wait for it."""
        def run():
            time.sleep(wait_seconds)
            gateway.kill()
            gateway.start()
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def test_gateway_killed_in_syncs(self):
        one, two, gateway, _ = self.served_pair(made_journal(30))
        homes = (one, two)
        edited = {home: home.new("Edited again and again", "edit 0") for home in homes}
        self.settle(*homes)
        one.edit(edited[one], "edit 0.")
        seconds = self.measure(one)
        two.sync()
        begin = one.head()["seq"]
        ends = {OK: 0, ERROR: 0}
        again = 0
        last = {}
        for number in range(1, KILLS + 1):
            home = self.source.choice(homes)
            last[home] = f"edit {number} " + "x" * self.source.choice((10, 10, 9000))
            home.edit(edited[home], last[home])
            killer = self.kill_and_restart(gateway, self.source.uniform(0.4, 1.1) * seconds)
            answer = home.run("--json", "sync", code=ends.keys())
            killer.join()
            ends[answer.code] += 1
            if answer.code == OK:
                self.assertEqual(home.status()["pending"], 0)
                again += json.loads(answer.out)["requests"]["put"] > 1
            else:
                self.check_error(answer, says="nothing was lost")
        print(f"{KILLS} kills: {ends[OK]} syncs came through, {ends[ERROR]} ended with an error; "
              f"{again} pushed more than once", flush=True)
        self.assertGreater(ends[OK], 0)
        self.settle(*homes)
        self.settle(*homes)
        entries = self.assert_equal_homes(*homes)
        for home, text in last.items():
            self.assertEqual(entries[edited[home]]["content"], text)
        # An edit is one frame at most, however often it was sent; no copy, no conflict came of it.
        self.assertLessEqual(one.head()["seq"] - begin, KILLS)
        self.assertEqual(len(entries), 32)
        self.assertEqual(one.status()["conflicts"], 0)
        self.assert_whole(*homes)

    def test_answers_cut_off(self):
        """The gateway has done it, and the device is not told, or only half of it."""
        source = self.source
        cuts = 0

        def answer(data):
            nonlocal cuts
            if source.random() < 0.5:
                return data
            cuts += 1
            return b"" if source.random() < 0.5 else data[:source.randrange(len(data))]

        gateway = self.gateway(self.bucket())
        relay = Relay(self, gateway.port, answer=answer)
        gateway.names = f"127.0.0.1:{relay.port}"
        gateway.start()
        one, two = self.home("A"), self.home("B")
        relay.answer = lambda data: data
        said = one.json("sync", "on", f"http://127.0.0.1:{relay.port}", "--invite",
                        gateway.invite())
        one.sync()
        two.json("recover", "--yes", "--gateway", f"http://127.0.0.1:{relay.port}",
                 text=said["recoveryCode"])
        self.settle(one, two)
        begin = one.head()["seq"]
        relay.answer = answer
        written = {}
        number = 0
        while cuts < CUTS:
            home = (one, two)[number % 2]
            text = f"edit {number} " + "x" * source.choice((10, 10, 9000))
            written[home.new(f"Entry {number}", text)] = text
            home.run("--json", "sync", code=(OK, ERROR))
            number += 1
        relay.answer = lambda data: data
        print(f"{cuts} answers of {number} syncs were cut off", flush=True)
        self.settle(one, two)
        self.settle(one, two)
        entries = self.assert_equal_homes(one, two)
        self.assertEqual({entry: entries[entry]["content"] for entry in entries}, written)
        self.assertLessEqual(one.head()["seq"] - begin, number)
        self.assert_whole(one, two)

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
