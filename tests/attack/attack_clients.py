"""attack_clients.py: hostile clients against a running gateway on a folder: strangers who have no
key of the account, a member who wants more room than the quota gives, and one who wants all of the
gateway's memory.

    attack_clients.py [--seconds N] [--connections N] [Strangers | Quota | Memory]

INKSEALD_BIN and INKSEAL_BIN name the programs. Strangers lasts N seconds, half of it on a gateway
that has just been started again; what is asked for are README.md's bounds.
"""
import argparse
import collections
import multiprocessing
import os
import pathlib
import random
import secrets
import socket
import statistics
import sys
import threading
import time
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
# Both have a gateway.py: of that name, the one that signs is meant.
sys.path[:0] = [str(HERE.parent / "gateway" / "daemon"), str(HERE.parent / "e2e")]

import cbor2  # noqa: E402
from gateway import CBOR, OCTETS, Account, Gateway as Signing, Reply  # noqa: E402
from home import OK  # noqa: E402
from served import Gateway, ServedCase  # noqa: E402
from vectors.base import Device, digest, enc  # noqa: E402
from vectors.log import INDEX, PATCH, RESET, STATEMENT, BODY, Frame  # noqa: E402

OPTIONS = argparse.Namespace(seconds=20, connections=64)
PROCESSES = 2  # of attackers: Python runs one thread of a process at a time
LARGE = 6 << 20
THIRTEENTH = (64 << 20) // 13  # of what senders who are not known may have in memory
COMMITTED, REFUSED = 1, 9
MEDIAN_S = 1.0


class Roomy(Gateway):
    """As many connections of one address as it likes: what lies behind that limit is looked at."""

    more = ("--per-address", "0")

    def daemon(self, *args):
        return super().daemon(*args, *(self.more if args[0] == "serve" else ()))


class Asker:
    """Makes and sends requests to a gateway at a port, as Signing does to its own process."""

    request, ask = Signing.request, Signing.ask

    def __init__(self, port, timeout=30):
        self.port, self.timeout = port, timeout
        self.authority = f"127.0.0.1:{port}"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)


class Member(Account):
    """A device with its keys, that makes frames which nobody can open."""

    def __init__(self, label):
        super().__init__(label)
        self.head, self.roster = [0, self.genesis.hash], enc([self.genesis.bytes])
        self.world = types.SimpleNamespace(account=self.id)

    def blob(self, kind, size, sweep=0):
        """Its name and bytes."""
        header = {0: 1, 1: self.id, 2: 1, 3: kind}
        if kind == INDEX:
            header |= {4: [], 5: 0}
        data = enc({**header, 6: secrets.token_bytes(32), 7: secrets.token_bytes(32)})
        data += os.urandom(size)
        return [digest("BLOB", data), sweep], data

    def frame(self, kind, body=b"", **more):
        header = {0: 1, 1: self.id, 2: 1, 3: self.head[0] + 1, 4: self.head[1],
                  5: self.genesis.hash, 6: self.device.id, 7: kind}
        header |= {int(key[1:]): value for key, value in more.items()}
        if kind != STATEMENT:
            header |= {11: secrets.token_bytes(32), 12: secrets.token_bytes(32)}
            body = body or os.urandom(300)
        return Frame(header, body, self.device)

    def push(self, *frames, bodies=(), **more):
        return enc({0: 1, 1: self.id, 2: self.device.id, 3: self.head,
                    4: [frame.bytes for frame in frames], 5: list(bodies)} |
                   {int(key[1:]): value for key, value in more.items()})

    def sync(self, asker, request, frame=None):
        """The HTTP status, and the answer's where there is one; the head moves with a commit."""
        reply = asker.ask("POST", "/v1/sync", request, CBOR, signer=self)
        if reply.status != 200:
            return reply.status, None
        answer = cbor2.loads(reply.body)
        if answer[1] == COMMITTED:
            self.head = answer[2]
        return 200, answer[1]


# ---- strangers ----

class Stranger:
    """One connection after the other, each with one thing that a gateway must not mind."""

    def __init__(self, port, victim, number, until):
        self.asker = Asker(port, timeout=5)
        self.victim, self.until = victim, until
        self.source = random.Random(number)
        self.seen = collections.Counter()
        self.self = Member(f"stranger {number}")  # of an account that is nowhere
        self.inside = Member(f"intruder {number}")  # says it is of the victim's account
        self.inside.id, self.inside.hex = victim.id, victim.hex
        self.thief = Member(f"thief {number}")  # says it is the victim's device
        self.thief.id, self.thief.hex = victim.id, victim.hex
        self.thief.device.id = victim.device.id

    def work(self):
        kinds = [self.large, self.slow, self.small_and_slow, self.forged, self.forged_and_large,
                 self.nowhere, self.no_device, self.create, self.watches, self.rosters,
                 self.wipes, self.header, self.silence]
        self.source.shuffle(kinds)
        if self.source.random() < 0.3:
            kinds = [self.fill]
        while time.monotonic() < self.until:
            for kind in kinds:
                try:
                    kind()
                except OSError:
                    self.seen["closed"] += 1
                if time.monotonic() >= self.until:
                    break

    def ask(self, method, path, body=None, kind=None, headers=(), signer=None):
        with self.asker.connect() as connection:
            connection.sendall(self.asker.request(method, path, body, kind, headers, signer))
            self.seen[Reply(connection).status] += 1

    def send_slowly(self, signer, length, seconds):
        """The header of a large sync, then a byte now and then."""
        request = self.asker.request("POST", "/v1/sync", bytes(length), CBOR, signer=signer)
        head = request[:-length]
        with self.asker.connect() as connection:
            connection.sendall(head)
            until = min(self.until, time.monotonic() + seconds)
            while time.monotonic() < until:
                connection.sendall(b"x")
                time.sleep(0.1)

    def large(self):
        self.ask("POST", "/v1/sync", bytes(LARGE), CBOR)

    def fill(self):
        """All of a large body but its last byte: thirteen of them leave no room for a poll."""
        with self.asker.connect() as connection:
            connection.sendall(self.asker.request("POST", "/v1/sync", bytes(THIRTEENTH), CBOR,
                                                  signer=self.self)[:-1])
            connection.settimeout(max(0.1, self.until - time.monotonic()))
            self.seen[Reply(connection).status] += 1

    def slow(self):
        self.send_slowly(self.self, LARGE, 2)

    def small_and_slow(self):
        self.send_slowly(self.inside, 60000, 2)

    def forged(self):
        for _ in range(20):
            self.ask("POST", "/v1/sync", self.victim.poll(), CBOR, signer=self.thief)

    def forged_and_large(self):
        self.ask("POST", "/v1/sync", bytes(LARGE), CBOR, signer=self.thief)
        self.ask("POST", "/v1/sync", bytes(LARGE), CBOR, signer=self.inside)

    def nowhere(self):
        for _ in range(10):
            self.self.id = self.source.randbytes(20)
            self.self.hex = self.self.id.hex()
            self.ask("POST", "/v1/sync", self.self.poll(), CBOR, signer=self.self)

    def no_device(self):
        for _ in range(10):
            self.ask("POST", "/v1/sync", self.inside.poll(), CBOR, signer=self.inside)

    def create(self):
        for _ in range(10):
            self.ask("POST", "/v1/accounts", self.source.randbytes(8000), CBOR,
                     [f"Inkseal-Invite: {self.source.randbytes(16).hex()}"])
            self.ask("POST", "/v1/accounts", self.self.create(), CBOR)

    def watches(self):
        for _ in range(10):
            self.ask("GET", "/v1/watch?seq=0", signer=self.inside)
            self.ask("GET", "/v1/watch?seq=0")

    def rosters(self):
        for _ in range(10):
            self.ask("GET", f"/v1/accounts/{self.victim.hex}/roster")
            self.ask("GET", f"/v1/accounts/{self.source.randbytes(20).hex()}/roster")

    def wipes(self):
        for _ in range(5):
            self.ask("DELETE", f"/v1/accounts/{self.victim.hex}",
                     self.inside.wipe("127.0.0.1", bytes(16)), OCTETS)

    def header(self):
        with self.asker.connect() as connection:
            for byte in b"GET /v1/info HTTP/1.1\r\nHos":
                connection.sendall(bytes([byte]))
                time.sleep(0.05)

    def silence(self):
        with self.asker.connect():
            time.sleep(0.5)


def attack(port, first, count, seconds, results):
    os.nice(10)  # from afar it would not take the gateway's processor
    victim = Member("victim")
    until = time.monotonic() + seconds
    strangers = [Stranger(port, victim, first + n, until) for n in range(count)]
    threads = [threading.Thread(target=stranger.work) for stranger in strangers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = collections.Counter()
    for stranger in strangers:
        seen.update(stranger.seen)
    results.put(seen)


class Strangers(ServedCase):
    def create(self, gateway, member):
        reply = Asker(gateway.port).ask("POST", "/v1/accounts", member.create(), CBOR,
                                        [f"Inkseal-Invite: {gateway.invite()}"])
        self.assertEqual(reply.status, 201, reply.body)

    def syncs(self, asker, device, until):
        """A device's polls and pushes until then: how long each took."""
        times = []
        while time.monotonic() < until:
            frame = device.frame(PATCH)
            for request in (device.push(), device.push(frame)):
                begun = time.monotonic()
                status = device.sync(asker, request)
                times.append(time.monotonic() - begun)
                self.assertIn(status, ((200, 0), (200, COMMITTED)))
            time.sleep(0.02)
        return times

    def look(self, what, times):
        times.sort()
        median, last = statistics.median(times), times[-1]
        print(f"{what}: {len(times)} syncs, median {median * 1000:.0f} ms, "
              f"nine in ten {times[len(times) * 9 // 10] * 1000:.0f} ms, longest "
              f"{last * 1000:.0f} ms", flush=True)
        self.assertLess(median, MEDIAN_S)

    def home_syncs(self, home, count):
        times = []
        for number in range(count):
            home.new("Written under attack", f"number {number}")
            begun = time.monotonic()
            home.sync()  # the test fails if it fails
            times.append(time.monotonic() - begun)
        return times

    def test_devices_sync_among_strangers(self):
        gateway = Roomy(self, self.bucket()).start()
        self.addCleanup(self.check_log, gateway)
        victim, home, other = Member("victim"), self.home("A"), self.home("B")
        self.create(gateway, victim)
        self.on(home, gateway)
        self.on(other, gateway)
        self.home_syncs(home, 1)
        asker = Asker(gateway.port)
        self.syncs(asker, victim, time.monotonic() + 0.1)
        results = multiprocessing.SimpleQueue()
        each = OPTIONS.connections // PROCESSES
        seconds = OPTIONS.seconds
        attackers = [multiprocessing.Process(
            target=attack, args=(gateway.port, n * each, each, seconds, results), daemon=True)
            for n in range(PROCESSES)]
        begun = time.monotonic()
        for attacker in attackers:
            attacker.start()
        time.sleep(1)
        self.look("known", self.syncs(asker, victim, begun + seconds * 0.35))
        took = self.home_syncs(home, 3)
        print("the program:", ", ".join(f"{s * 1000:.0f} ms" for s in took), flush=True)
        # Nobody is known any more, and one has much to send.
        gateway.stop()
        gateway.start()
        for number in range(3):
            other.new("Long", "\n".join(secrets.token_hex(32) for _ in range(4000)))
        begun_cold = time.monotonic()
        other.sync()
        print(f"forgotten, 750 KB to send: {(time.monotonic() - begun_cold) * 1000:.0f} ms",
              flush=True)
        status = victim.sync(asker, victim.push())
        for _ in range(20):  # as a client comes again that is told to
            if status[0] not in (429, 503):
                break
            time.sleep(1)
            status = victim.sync(asker, victim.push())
        self.assertEqual(status, (200, 0))
        self.look("known again", self.syncs(asker, victim, max(begun + seconds - 1,
                                                              time.monotonic() + 1)))
        self.home_syncs(home, 1)
        for attacker in attackers:
            attacker.join()
        seen = sum((results.get() for _ in attackers), collections.Counter())
        print("strangers saw:", dict(seen), flush=True)
        self.assertGreater(seen[401], 100)
        self.assertEqual([status for status in seen if status in (200, 201, 500, 507)], [200])
        metrics = gateway.metrics()
        self.assertEqual(metrics["inkseald_bodies_bytes"], 0)
        self.assertEqual(len(self.bucket().sizes("a")) > 0, True)
        self.assertEqual(len(list((self.bucket().path / "a").iterdir())), 3)  # nobody else's
        home.run("doctor", code=OK)


# ---- a member that wants more room ----

QUOTA = 4_000_000
EXEMPT = 512 << 10  # statements, rosters and the manifest are put without being asked about


class Limited(Roomy):
    more = ("--per-address", "0", "--quota", str(QUOTA), "--create", "open",
            "--requests-per-minute", "300")


class Quota(ServedCase):
    def setUp(self):
        super().setUp()
        self.gateway = Limited(self, self.bucket()).start()
        self.addCleanup(self.check_log, self.gateway)
        self.asker = Asker(self.gateway.port)
        self.member = Member("greedy")
        reply = self.asker.ask("POST", "/v1/accounts", self.member.create(), CBOR)
        self.assertEqual(reply.status, 201, reply.body)

    def check_size(self, what):
        size = sum(self.bucket().sizes("a").values())
        print(f"{what}: {size / 1e6:.1f} MB of {QUOTA / 1e6:.0f}", flush=True)
        self.assertLess(size, QUOTA + EXEMPT)
        return size

    def check_alive(self):
        """What is full can be read."""
        self.assertEqual(self.member.sync(self.asker, self.member.push())[0], 200)

    def at_once(self, work, count=12):
        threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_garbage_resets(self):
        member, seen = self.member, collections.Counter()
        for _ in range(12):
            name, index = member.blob(INDEX, 1_500_000)
            frame = member.frame(RESET, _8=name, _9=member.head, _10=member.head)
            request = member.push(frame, bodies=[index], _6=member.roster, _8=True)
            seen[member.sync(self.asker, request)] += 1
        self.assertIn((507, None), seen, seen)
        self.assertGreater(self.check_size("resets"), 3_000_000)
        self.check_alive()

    def test_bogus_statements(self):
        member, seen = self.member, collections.Counter()
        with self.assertRaisesRegex(AssertionError, "429"):
            for _ in range(1000):
                frame = member.frame(STATEMENT, body=os.urandom(1000))
                status = member.sync(self.asker, member.push(frame, _6=os.urandom(20000)))
                seen[status] += 1
                self.assertNotEqual(status[0], 429, "429")
        self.assertEqual(set(seen) - {(429, None)}, {(200, REFUSED)}, seen)
        # 300 requests and 60 bogus statements, and what came back meanwhile
        self.assertLess(sum(seen.values()), 700)
        self.check_size("bogus statements")

    def test_bodies_and_indexes_at_once(self):
        seen = collections.Counter()

        def put(number):
            name, blob = self.member.blob(INDEX if number % 2 else BODY, 900_000)
            path = f"/v1/blobs/{name[0].hex()}.{name[1]}"
            reply = self.asker.ask("PUT", path, blob, OCTETS, signer=self.member)
            seen[reply.status] += 1
        self.at_once(put)
        self.assertEqual(set(seen) - {429}, {204, 507}, seen)
        self.check_size("blobs at once")
        self.check_alive()

    def test_pushes_at_once(self):
        seen, member = collections.Counter(), self.member

        def push(number):
            name, body = member.blob(BODY, 1_500_000)
            frame = member.frame(PATCH, _8=name)
            bogus = member.frame(STATEMENT, body=os.urandom(100))
            frames = (bogus, frame) if number % 2 else (frame,)
            request = member.push(*frames, bodies=[body],
                                  **({"_6": os.urandom(100)} if number % 2 else {}))
            seen[member.sync(self.asker, request)] += 1
        for _ in range(3):
            self.at_once(push, count=8)
        self.assertGreater(self.check_size("pushes at once"), 1_500_000)
        self.assertIn((507, None), seen, seen)
        self.check_alive()


# ---- a member that wants all of the gateway's memory ----

MEMORY_MIB = 32
SHARE = (MEMORY_MIB << 20) // 4


class Small(Roomy):
    more = ("--per-address", "0", "--create", "open", "--bodies-mib", str(MEMORY_MIB))


class Memory(ServedCase):
    def setUp(self):
        super().setUp()
        self.gateway = Small(self, self.bucket()).start()
        self.addCleanup(self.check_log, self.gateway)
        self.asker = Asker(self.gateway.port)
        self.greedy, self.other = Member("greedy"), Member("other")
        self.connections = []
        self.addCleanup(self.close)
        for member in (self.greedy, self.other):
            reply = self.asker.ask("POST", "/v1/accounts", member.create(), CBOR)
            self.assertEqual(reply.status, 201, reply.body)
            self.assertEqual(member.sync(self.asker, member.push()), (200, 0))

    def close(self):
        for connection in self.connections:
            connection.close()
        self.connections.clear()

    def open(self, request):
        """A connection that takes little, with that sent; the gateway may close it before."""
        connection = socket.socket()
        self.connections.append(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", self.gateway.port))
        try:
            connection.sendall(request)
        except OSError:
            pass
        return connection

    def held(self, what):
        return self.gateway.metrics()[f"inkseald_{what}_bytes"]

    def check_empty(self):
        self.close()
        until = time.monotonic() + 10
        while self.held("bodies") + self.held("answers") > 0:
            self.assertLess(time.monotonic(), until, "memory stays taken")
            time.sleep(0.05)

    def put(self, member, size):
        name, blob = member.blob(BODY, size)
        path = f"/v1/blobs/{name[0].hex()}.{name[1]}"
        return path, self.asker.request("PUT", path, blob, OCTETS, signer=member)

    def get(self, member, path):
        return self.asker.ask("GET", path, signer=member)

    def test_answers_that_nobody_reads(self):
        paths = {}
        for member in (self.greedy, self.other):
            path, request = self.put(member, 5_900_000)
            self.assertEqual(Reply(self.open(request)).status, 204)
            paths[member] = path
        path = paths[self.greedy]
        for _ in range(12):
            self.open(self.asker.request("GET", path, signer=self.greedy))
        until = time.monotonic() + 20
        while self.gateway.metrics()["inkseald_requests_active"] > 1:  # the rest was refused
            self.assertLess(time.monotonic(), until, "more than one is answered")
            time.sleep(0.05)
        reply = self.get(self.greedy, path)
        self.assertEqual((reply.status, reply.headers["retry-after"]), (503, "1"))
        self.assertGreater(self.held("answers"), 5_900_000)
        self.assertLess(self.held("answers"), SHARE)
        self.assertEqual(self.get(self.other, paths[self.other]).status, 200)
        self.check_empty()
        self.assertEqual(self.get(self.greedy, path).status, 200)

    def test_bodies_but_their_last_byte(self):
        for size in (6_000_000,) * 6 + (1_000_000, 100_000, 10_000, 1_000) * 10:
            _, request = self.put(self.greedy, size)
            self.open(request[:-1])
        self.assertGreater(self.held("bodies"), 6_000_000)
        self.assertLessEqual(self.held("bodies"), SHARE)
        for _ in range(3):
            frame = self.other.frame(PATCH)
            self.assertEqual(self.other.sync(self.asker, self.other.push(frame)),
                             (200, COMMITTED))
        _, request = self.put(self.other, 6_000_000)
        self.assertEqual(Reply(self.open(request)).status, 204)
        self.check_empty()
        self.assertEqual(self.greedy.sync(self.asker, self.greedy.push()), (200, 0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=OPTIONS.seconds)
    parser.add_argument("--connections", type=int, default=OPTIONS.connections)
    parser.add_argument("tests", nargs="*")
    parser.parse_args(namespace=OPTIONS)
    unittest.main(argv=[sys.argv[0], *OPTIONS.tests], verbosity=2)


if __name__ == "__main__":
    main()
