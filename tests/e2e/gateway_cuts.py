"""gateway_cuts.py: connections that are cut when what was asked for is done: MinIO has the object and
the gateway is not told, or the gateway has committed and the device is not told; or only half of it.
Two devices of an account push at once, several accounts at a time. No edit is lost, each has one
effect, every place of the log has one frame.
"""
import os
import random
import unittest

import cbor2

from faulty import FaultyRelay, together
from home import ERROR, OK, lacks, made_journal, noise
from s3_bucket import S3Bucket, servers
from served import ServedCase

CUTS = int(os.environ.get("INKSEAL_TEST_CUTS", "520"))  # of what was applied
LANES = 4
COMMITTED = 1  # schemas/sync.cddl


def body_of(answer):
    return answer.split(b"\r\n\r\n", 1)[1]


class Cutter:
    """A relay that cuts answers: many of those to what was applied, some of the others."""

    def __init__(self, test, source, address, share, is_applied):
        self.relay = FaultyRelay(test, address)
        self.source, self.share, self.is_applied = source, share, is_applied
        self.on = False
        self.applied = self.others = 0
        self.relay.rule = self.rule

    def rule(self, request):
        return self.fault if self.on and "/probe/" not in request.target else None

    def fault(self, exchange):
        exchange.forward()
        data = exchange.answer()
        applied = bool(data) and self.is_applied(exchange.request, data)
        if self.source.random() > (self.share if applied else 0.1):
            exchange.reply(data)
            return bool(data)
        with self.relay.lock:
            self.applied += applied
            self.others += not applied
        exchange.reply(data[:self.source.choice((0, self.source.randrange(len(data) or 1)))])
        return False


def put_applied(request, answer):
    return request.method == "PUT" and answer.startswith(b"HTTP/1.1 200 ")


def sync_committed(request, answer):
    return (request.target == "/v1/sync" and answer.startswith(b"HTTP/1.1 200 ") and
            cbor2.loads(body_of(answer))[1] == COMMITTED)


class Lane:
    """One account with two devices that push at the same time; both sides of its gateway are cut."""

    def __init__(self, test, number, cuts, on_minio):
        self.test, self.cuts = test, cuts
        self.source = random.Random(test.seed + number)
        bucket = S3Bucket() if on_minio else test.bucket(f"bucket{number}")
        self.cutters = []
        if on_minio:
            self.cutters.append(Cutter(test, self.source, bucket.address, 0.8, put_applied))
            bucket.through(self.cutters[0].relay.authority)
        name = f"gateway{number}"
        self.gateway = test.gateway(bucket, name, key=name)
        address = ("127.0.0.1", self.gateway.port)
        self.cutters.append(Cutter(test, self.source, address, 0.5, sync_committed))
        self.gateway.names = self.cutters[-1].relay.authority
        self.url = f"http://{self.gateway.names}"
        self.homes = [test.home(f"{name}{number}") for name in "AB"]
        self.syncs = self.failed = 0
        self.hash_of = {}

    def begin(self):
        one, two = self.homes
        one.import_entries(made_journal(5))
        self.gateway.start()
        said = one.json("sync", "on", self.url, "--invite", self.gateway.invite())
        one.sync()
        two.json("recover", "--yes", "--gateway", self.url, text=said["recoveryCode"])
        self.edited = {home: home.new("Edited again and again", "edit 0") for home in self.homes}
        self.test.settle(one, two)

    def work(self):
        self.begin()
        begin = self.homes[0].head()["seq"]
        last = {}
        for cutter in self.cutters:
            cutter.on = True
        while min(cutter.applied for cutter in self.cutters) < self.cuts:
            self.test.assertLess(self.syncs, 20 * self.cuts)
            for home in self.homes:
                length = self.source.choice((10, 10, 9000))
                last[home] = f"edit {self.syncs} " + noise(self.source, length)
                home.edit(self.edited[home], last[home])
            together([lambda home=home: self.sync(home) for home in self.homes])
        for cutter in self.cutters:
            cutter.on = False
        self.check(begin, last)

    def sync(self, home):
        answer = home.run("--json", "sync", code=(OK, ERROR))
        self.syncs += 1
        if answer.code != OK:
            self.failed += 1
            self.test.check_error(answer, says="nothing was lost")
        head = home.head()
        self.test.assertEqual(self.hash_of.setdefault(head["seq"], head["hash"]), head["hash"],
                              f"two frames at {head['seq']}")

    def check(self, begin, last):
        self.test.settle(*self.homes)
        self.test.settle(*self.homes)
        entries = self.test.assert_equal_homes(*self.homes)
        for home, text in last.items():
            self.test.assertEqual(entries[self.edited[home]]["content"], text)
        self.test.assertEqual(len(entries), 7)
        one = self.homes[0]
        self.test.assertEqual(one.status()["conflicts"], 0)
        self.test.assertLessEqual(one.head()["seq"] - begin, self.syncs)
        if self.failed == 0:  # then each sync has pushed its one edit, once
            self.test.assertEqual(one.head()["seq"] - begin, self.syncs)
        self.test.assert_whole(*self.homes)


class Cuts(ServedCase):
    def test_cut_after_it_was_applied(self):
        self.seed = int(os.environ.get("INKSEAL_TEST_SEED") or random.randrange(1 << 32))
        print(f"seed {self.seed} (INKSEAL_TEST_SEED takes it)", flush=True)
        on_minio = "INKSEAL_TEST_MINIO_URL" in servers()
        if not on_minio:
            lacks("MINIO, which scripts/test-servers starts: only devices are cut off")
        each = -(-CUTS // (LANES * (2 if on_minio else 1)))
        lanes = [Lane(self, number, each, on_minio) for number in range(LANES)]
        together([lane.work for lane in lanes])
        cuts = sum(cutter.applied for lane in lanes for cutter in lane.cutters)
        for number, name in enumerate(("MinIO's answers", "the gateway's answers")[-1 - on_minio:]):
            print(f"{sum(lane.cutters[number].applied for lane in lanes)} of {name} to what was "
                  f"applied were cut, and {sum(lane.cutters[number].others for lane in lanes)} more")
        print(f"{sum(lane.syncs for lane in lanes)} syncs, of which "
              f"{sum(lane.failed for lane in lanes)} ended with an error", flush=True)
        self.assertGreaterEqual(cuts, CUTS)


if __name__ == "__main__":
    unittest.main()
