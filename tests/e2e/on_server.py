"""on_server.py SERVER: the main job and its bars through `inkseald` on a real S3 server: MINIO,
WEED (SeaweedFS) or VERSITYGW, as scripts/test-servers starts them. Exit code 77 if it does not run.

What is asked of a bucket that is a folder is asked here again, by the same tests. MinIO is asked
for its own count of requests, too.
"""
import random
import re
import sys
import time
import unittest

import bars
import canary
import main_job
from home import GONE, NOT_SET_UP, lacks, made_journal, noise
from s3_bucket import OPEN, S3Bucket, servers
from served import ServedCase

SERVER = sys.argv.pop(1) if len(sys.argv) > 1 else "MINIO"
SKIPPED = 77
SYNCS = 10
MINIO_CACHE_SECONDS = 10  # for so long MinIO gives the same numbers again


class Owner(ServedCase):
    """Of the one gateway that all tests share: SeaweedFS takes seconds for each write of a race, and
    so half a minute for a start's probe. A test has an account of its own."""

    addCleanup = staticmethod(unittest.addModuleCleanup)
    place = None


def setUpModule():
    owner = Owner()
    owner.setUp()
    Owner.place = owner.gateway(S3Bucket(SERVER)).start()
    unittest.addModuleCleanup(Owner.place.stop)


class OnServer(ServedCase):
    def place(self, name=None):
        return Owner.place

    def tearDown(self):
        self.check_log(Owner.place)


class MainJob(OnServer, main_job.MainJob):
    pass


class Bars(OnServer, bars.Bars):
    pass


class Canary(OnServer, canary.Canary):
    pass


class Wipe(OnServer):
    def test_nothing_is_left_and_stays_away(self):
        one, two, gateway, said = self.pair(made_journal(60))
        account, bucket = said["account"], gateway.bucket
        source = random.Random(4)
        for number in range(10):  # bodies, and packs
            one.new(f"Fill {number}", noise(source, 2500 + 700 * number))
            one.sync()
        two.sync()
        two.new("Not yet pushed", "It must survive.")
        copy, kept = two.copy("copy"), two.entries()
        before = bucket.sizes(f"a/{account}/")
        for kind in "bp":
            self.assertTrue(any(key.startswith(f"a/{account}/{kind}/") for key in before), kind)
        self.assertIn(account, gateway.operate("usage"))

        receipt = one.json("wipe", "--yes")
        self.check_receipt(receipt, gateway, account, len(before))
        self.assert_nothing(gateway, account)
        for home in (two, copy):
            home.fails(GONE, "sync", says="wiped")
            home.fails(NOT_SET_UP, "sync")
            self.assert_same_entries(home.entries(), kept)
        self.home("late").fails(GONE, "recover", "--yes", "--gateway", gateway.url,
                                text=said["recoveryCode"], says="wiped")
        again = self.on(two, gateway)
        self.assertNotEqual(again["account"], account)
        self.assertEqual(two.sync()["pushed"], len(kept))
        self.assert_nothing(gateway, account)

    def assert_nothing(self, gateway, account):
        """By a listing of our own, and by what an operator is told."""
        self.assertEqual(gateway.bucket.sizes(f"a/{account}"), {})
        self.assertIn(f"w/{account}", gateway.bucket.sizes("w/"))
        for command in ("usage", "accounts"):
            self.assertNotIn(account, gateway.operate(command))


class CountedByMinIO(OnServer):
    def counted(self, bucket):
        """What MinIO says of this bucket: requests by name, and bytes sent."""
        time.sleep(MINIO_CACHE_SECONDS + 1)
        with OPEN(bucket.server + "/minio/v2/metrics/bucket", timeout=30) as answer:
            text = answer.read().decode()
        label = f'bucket="{bucket.name}"'
        requests = {}
        sent = 0
        for name, labels, value in re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE):
            if label in labels and name == "minio_bucket_requests_total":
                requests[re.search('api="([a-z0-9]+)"', labels)[1]] = int(float(value))
            elif label in labels and name == "minio_bucket_traffic_sent_bytes":
                sent = int(float(value))
        return requests, sent

    def grown(self, bucket, before):
        requests, sent = self.counted(bucket)
        grown = {name: count - before[0].get(name, 0) for name, count in requests.items()}
        return {name: count for name, count in grown.items() if count}, sent - before[1]

    def test_requests_of_a_sync(self):
        one, two, gateway, _ = self.pair(made_journal(20))
        self.settle(one, two)
        entry = sorted(one.entries())[3]
        before = self.counted(gateway.bucket)
        self.assertIn("putobject", before[0])
        for number in range(SYNCS):
            one.edit(entry, f"edit {number}")
            self.assertEqual(one.sync()["pushed"], 1)
        requests, _ = self.grown(gateway.bucket, before)
        self.assertEqual(requests, {"putobject": SYNCS})

        before = self.counted(gateway.bucket)
        for _ in range(SYNCS):
            self.assertEqual(one.sync()["pushed"], 0)
        requests, sent = self.grown(gateway.bucket, before)
        self.assertEqual(requests, {"getobject": SYNCS})
        self.assertLess(sent, 300 * SYNCS, "the manifest must not be sent again")


def load_tests(loader, tests, pattern):
    """What counts requests comes before the wipe: minutes after one the gateway lists again."""
    counted = [CountedByMinIO] if SERVER == "MINIO" else []
    cases = [MainJob, Bars, Canary, *counted, Wipe]
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, cases))


if __name__ == "__main__":
    if f"INKSEAL_TEST_{SERVER}_URL" not in servers():
        lacks(f"{SERVER}, which scripts/test-servers starts")
        sys.exit(SKIPPED)
    unittest.main()
