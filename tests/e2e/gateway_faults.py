"""gateway_faults.py: MinIO behind a relay that makes it slow, lie, fail, or be away. What a device
says, what the gateway's log says; that nothing is lost, has one effect, and that the next sync is
well. Each fault has an account of its own; all of them share a gateway, so that none waits for
another. Exit code 77 if MinIO does not run.
"""
import dataclasses
import random
import re
import sys
import threading
import time
import typing
import unittest

from faulty import FaultyRelay, cut, error, hang_up, says, slow, together
from home import ENVIRONMENT, ERROR, GONE, OK, lacks, made_journal, noise
from s3_bucket import S3Bucket, servers
from served import ServedCase

SKIPPED = 77
AGAIN = "nothing was lost: try again later"
FOREVER = 10 ** 6
CALL_SECONDS = 25  # gateway/http: what one request may take
LINE = re.compile(r't=\S+Z level=\w+ (event|id)=\S+( [a-z]+=("([^"\\]|\\.)*"|[^" ]+))*')
TRASH = "<Error><Code>Intern"
PAGE = "<html><body>log in to the network</body></html>"


@dataclasses.dataclass
class Row:
    """One fault, in so many of an account's requests to the bucket, during one push or wipe."""
    name: str
    fault: typing.Callable
    times: int = 1
    method: str = "PUT"
    at: str = "/manifest"  # what the request's target must hold
    code: int = OK
    device: str = ""       # what the device says, where it fails
    log: str = ""          # what the gateway's log says
    seconds: tuple = (0, 120)


def refused(*words):
    return "PUT: the store answered " + " ".join(words)


PUSHES = [
    Row("500, not done", error(500, "InternalError")),
    Row("500, but done", error(500, "InternalError", applied=True)),
    Row("500 twice, but done", error(500, "InternalError", applied=True), times=2),
    Row("500 for ever", error(500, "InternalError"), times=FOREVER, code=ERROR,
        device=refused("500 InternalError.*") + AGAIN, log=refused("500 InternalError")),
    Row("503 with Retry-After", error(503, "SlowDown", "Retry-After: 2"), seconds=(2, 60)),
    Row("503, but done", error(503, "SlowDown", applied=True)),
    Row("503 for ever", error(503, "Busy"), times=FOREVER, code=ERROR,
        device=refused("503 Busy.*") + AGAIN, log=refused("503 Busy")),
    Row("503 for long", error(503, "Resting", "Retry-After: 3600"), times=FOREVER, code=ERROR,
        device=refused("503 Resting.*") + AGAIN, log=refused("503 Resting"), seconds=(0, 20)),
    Row("garbage for XML", says(500, TRASH, "Content-Type: application/xml")),
    Row("garbage for XML, but done", says(500, "\x01\x02<<&", applied=True)),
    Row("garbage for ever", says(599, "<Error><\x01"), times=FOREVER, code=ERROR,
        device=refused("599"), log=refused("599")),
    Row("a proxy's page", says(502, PAGE, "Content-Type: text/html"), times=2),
    Row("200 with an error", error(200, "InternalError")),
    Row("200 with an error, but done", error(200, "InternalError", applied=True)),
    Row("200 without an ETag", says(200)),
    Row("200 without an ETag, but done", says(200, applied=True)),
    Row("200 with an error for ever", error(200, "Sorry"), times=FOREVER, code=ERROR,
        device=refused("200 Sorry.*") + AGAIN, log=refused("200 Sorry")),
    Row("slow", slow(3.5), times=2, seconds=(3.5, 60)),
    Row("too slow", slow(CALL_SECONDS + 4), seconds=(CALL_SECONDS, 90),
        log=r"route=sync status=503 ms=2[5-9]\d{3} "),
    Row("too slow for ever", slow(CALL_SECONDS + 4), times=FOREVER, code=ERROR, device=AGAIN,
        seconds=(CALL_SECONDS, 120)),
    Row("hung up", hang_up, times=3),
    Row("hung up for ever", hang_up, times=FOREVER, code=ERROR, device="PUT: .*" + AGAIN),
    Row("cut off, but done", cut(0), times=3),
    Row("access denied", error(403, "AccessDenied"), times=FOREVER, code=ERROR,
        device=refused("403 AccessDenied"), log=refused("403 AccessDenied")),
    Row("no such bucket", error(404, "NoSuchBucket"), times=FOREVER, code=ERROR,
        device=refused("404 NoSuchBucket"), log=refused("404 NoSuchBucket")),
    Row("led elsewhere", says(307, "", "Location: http://127.0.0.1:1/"), times=FOREVER,
        code=ERROR, device=refused("307"), log=refused("307")),
    # What is read: the manifest, because a rival has pushed.
    Row("reading: 500", error(500, "InternalError"), method="GET", times=3),
    Row("reading: 500 for ever", error(500, "Unread"), method="GET", times=FOREVER, code=ERROR,
        device="GET: the store answered 500 Unread.*" + AGAIN, log="GET: the store answered 500"),
    Row("reading: 503 with Retry-After", error(503, "SlowDown", "Retry-After: 2"), method="GET",
        seconds=(2, 60)),
    Row("reading: 200 with an error", error(200, "InternalError"), method="GET"),
    Row("reading: 200 with garbage", says(200, "\x01<<&", 'ETag: "00"'), method="GET",
        times=FOREVER, code=ERROR, device="the manifest: damaged", log="the manifest: damaged"),
    Row("reading: a proxy's page", says(200, PAGE, "Content-Type: text/html"), method="GET",
        times=FOREVER, code=ERROR, device="is this an S3 store", log="is this an S3 store"),
    Row("reading: cut in the header", cut(0.3), method="GET", times=2),
    Row("reading: cut in the body", cut(0.95), method="GET", times=2),
    Row("reading: slow", slow(4), method="GET", seconds=(4, 60)),
    # A body that does not fit the frame is an object of its own.
    Row("a blob: 500, but done", error(500, "InternalError", applied=True), at="/b/", times=2),
    Row("a blob: 200 with an error", error(200, "SlowDown"), at="/b/"),
    Row("a blob: cut off, but done", cut(0), at="/b/", times=2),
    Row("a blob: 503 for ever", error(503, "BlobBusy"), at="/b/", times=FOREVER, code=ERROR,
        device=refused("503 BlobBusy.*") + AGAIN, log=refused("503 BlobBusy")),
]
LIST = "list-type=2"
REMOVING = "?delete"
WIPES = [
    Row("a listing: garbage", says(200, "<ListBucketResult><Cont"), method="GET", at=LIST, times=2),
    Row("a listing: 500", error(500, "InternalError"), method="GET", at=LIST, times=2),
    Row("a listing: cut", cut(0.9), method="GET", at=LIST, times=2),
    Row("a listing: an error", error(200, "InternalError"), method="GET", at=LIST),
    Row("a listing: garbage for long", says(200, "<<<"), method="GET", at=LIST, times=12,
        log="LIST: the store's answer cannot be read"),
    Row("removing: cut off, but done", cut(0), method="POST", at=REMOVING, times=2),
    Row("removing: 500, but done", error(500, "InternalError", applied=True), method="POST",
        at=REMOVING),
    Row("removing: garbage, but done", says(200, "<Deleted", applied=True), method="POST",
        at=REMOVING),
    Row("removing: 503 for long", error(503, "Kept"), method="POST", at=REMOVING, times=12,
        log="503 Kept"),
    Row("the record: 500, but done", error(500, "InternalError", applied=True), at="/w/", times=2),
    Row("the record: cut off, but done", cut(0), at="/w/"),
    Row("the manifest: cut off, but done", cut(0), times=2),
]


class Lane:
    """One row: a device meets its fault in a command, and then all is well again."""

    def __init__(self, test, number, row):
        self.test, self.row = test, row
        self.homes = [test.home(f"{name}{number}") for name in "AB"]
        self.left = self.met = 0

    def begin(self, gateway):
        one, two = self.homes
        self.entry = one.new("First", "edit 0")
        self.said = one.json("sync", "on", gateway.url)
        self.gateway = gateway
        one.sync()
        if self.row.method == "GET":  # a rival, or one that is to be told of the wipe
            self.recover(two)

    def recover(self, home):
        self.test.recover(home, self.gateway, self.said["recoveryCode"])

    def rule(self, request):
        row = self.row
        if request.method != row.method or row.at not in request.target or self.left == 0:
            return None
        self.left -= 1
        self.met += 1
        return row.fault

    def meet(self, *command):
        """The command meets the fault: its answer."""
        row, test = self.row, self.test
        self.left = row.times
        begin = time.monotonic()
        answer = self.homes[0].run("--json", *command, code=(OK, ERROR))
        seconds = time.monotonic() - begin
        self.left = 0
        test.assertEqual(answer.code, row.code, f"{row.name}\n{answer.err}")
        if answer.code != OK:
            text = test.check_error(answer, row.device)
            for word in (*test.secrets, self.said["account"]):
                test.assertNotIn(word, text, row.name)
        test.assertGreater(self.met, 0, row.name)
        test.assertTrue(row.seconds[0] <= seconds <= row.seconds[1], f"{row.name}: {seconds} s")

    def push(self):
        row, test = self.row, self.test
        one, two = self.homes
        rival = 0
        if row.method == "GET":
            two.new("A rival's", "text")
            rival = 1 + two.sync()["pushed"]  # what it added itself by, and its entry
            test.assertEqual(rival, 2)
        before = one.head()["seq"]
        text = f"edit 1 {row.name}" + (noise(test.source, 9000) if row.at == "/b/" else "")
        one.edit(self.entry, text)
        self.meet("sync")
        one.sync()
        status = one.status()
        test.assertEqual((status["pending"], status["conflicts"]), (0, 0), row.name)
        # It has one effect, however often it was sent.
        test.assertEqual(status["head"]["seq"], before + rival + 1, row.name)
        if not rival:
            self.recover(two)
            one.sync()
        two.sync()
        entries = test.assert_equal_homes(one, two)
        test.assertEqual(entries[self.entry]["content"], text, row.name)
        test.assertEqual(len(entries), max(rival, 1), row.name)

    def wipe(self):
        row, test = self.row, self.test
        one, two = self.homes
        kept = one.entries()
        self.meet("wipe", "--yes")
        test.assertEqual(test.bucket_at.keys(f"a/{self.said['account']}"), [], row.name)
        if row.method == "GET":
            two.fails(GONE, "sync", says="wiped")
            test.assert_same_entries(two.entries(), kept)
        test.assert_same_entries(one.entries(), kept)


class Faults(ServedCase):
    def setUp(self):
        super().setUp()
        self.source = random.Random(1)
        ENVIRONMENT["INKSEALD_CREATE"] = "open"
        self.bucket_at = S3Bucket()
        self.relay = FaultyRelay(self, self.bucket_at.address)
        self.bucket_at.through(self.relay.authority)
        self.keep_secret(self.bucket_at.secret, self.bucket_at.access, self.bucket_at.name)

    def check_log(self, gateway):
        """Each event is one line, and no line tells what it must not."""
        super().check_log(gateway)
        for line in gateway.log.read_text().splitlines():
            self.assertIsNotNone(LINE.fullmatch(line), line)
            self.assertNotRegex(line, r"Signature|Credential|journals|/[abpwn]/|[0-9a-f]{32}")

    def test_each_fault(self):
        rows = PUSHES + WIPES
        gateway = self.gateway(self.bucket_at).start()
        lanes = [Lane(self, number, row) for number, row in enumerate(rows)]
        by_account = {}

        def rule(request):
            found = re.search(r"(?:/|%2F)[aw](?:/|%2F)([0-9a-f]{40})", request.target)
            lane = by_account.get(found and found[1])
            if lane is None and REMOVING in request.target:  # its body names the keys
                lane = self.removing
            with self.relay.lock:
                return lane and lane.rule(request)

        together([lambda lane=lane: lane.begin(gateway) for lane in lanes])
        by_account.update((lane.said["account"], lane) for lane in lanes)
        self.relay.rule = rule
        self.removing = None
        together([lane.wipe if row in WIPES else lane.push for row, lane in zip(rows, lanes)
                  if row.at != REMOVING])
        for lane in lanes:
            if lane.row.at == REMOVING:
                self.removing = lane
                lane.wipe()
        log = gateway.log.read_text()
        for row in rows:
            self.assertRegex(log, row.log or "ready", row.name)
        self.relay.rule = lambda request: None
        gateway.stop()

    def test_away_at_the_start(self):
        """Nobody is served, and all is well by itself once the bucket is there."""
        self.relay.down()
        gateway = self.gateway(self.bucket_at)
        starting = threading.Thread(target=gateway.start)
        starting.start()
        one = self.home("A")
        one.new("Written", "before there was a bucket")
        while not gateway.log.exists() or "event=probe" not in gateway.log.read_text():
            time.sleep(0.02)
        self.assertFalse(gateway.is_ready())
        one.fails(ERROR, "sync", "on", gateway.url, "--invite", "0" * 32,
                  says="not ready yet.*" + AGAIN)
        self.relay.up()
        starting.join()
        self.on(one, gateway)
        self.assertEqual(one.sync()["pushed"], 1)
        gateway.stop()
        self.assertRegex(gateway.log.read_text(),
                         "level=error event=probe message=\"probing the store: (LIST|PUT): .*onnect")

    def test_away_in_between(self):
        one, two, gateway, _ = self.served_pair(made_journal(5),
                                                self.gateway(self.bucket_at).start())
        self.settle(one, two)
        self.relay.down()
        entry = one.new("Written", "while the bucket is away")
        before = one.status()
        one.fails(ERROR, "sync", says="GET: .*onnect.*" + AGAIN)
        self.assertEqual(one.status(), before)
        self.relay.up()
        self.settle(one, two)
        self.assertEqual(self.assert_equal_homes(one, two)[entry]["title"], "Written")
        gateway.stop()


if __name__ == "__main__":
    if "INKSEAL_TEST_MINIO_URL" not in servers():
        lacks("MINIO, which scripts/test-servers starts")
        sys.exit(SKIPPED)
    unittest.main()
