#!/usr/bin/env python3
"""daemon_test.py INKSEALD CASE: one case of the gateway as a process, over a folder as bucket."""
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time

import cbor2

from gateway import CBOR, OCTETS, Account, Gateway, Reply, digest

BINARY = ""


def run(folder, *words, code=0, stdin=None, environment=None):
    """An operator's command; what it prints."""
    done = subprocess.run(
        [BINARY, *words], capture_output=True, text=True, timeout=120, input=stdin,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **(environment or {}),
             **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}, check=False)
    assert done.returncode == code, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stdout + done.stderr


def bucket(folder):
    return f"dir:{folder}/bucket"


def serve(folder, *flags, **more):
    return Gateway(BINARY, folder, "--bucket", bucket(folder), *flags, **more)


def invite(folder):
    return run(folder, "invite", "--bucket", bucket(folder)).split("\n")[-2]


def create(gateway, account, token=None):
    headers = [f"Inkseal-Invite: {token}"] if token else []
    return gateway.ask("POST", "/v1/accounts", account.create(), CBOR, headers)


def starts_and_stops(folder):
    key = folder / ".local/state/inkseald/receipt.key"
    with serve(folder) as gateway:
        assert gateway.ask("GET", "/metrics").status == 404  # it has a door of its own
        assert b"inkseald_ready 1\n" in gateway.metrics()
        info = gateway.ask("GET", "/v1/info").json()
        names = [f"{host}:{gateway.port}" for host in ("127.0.0.1", "localhost", "[::1]")]
        assert info["names"] == names and info["create"] == "invite", info
        assert gateway.ask("GET", "/readyz").status == 200
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        seed = key.read_text().strip()
        assert len(seed) == 64 and seed not in gateway.log()
    assert re.search(r"event=stopping\n(.*\n)*.*event=stopped", gateway.log())
    with serve(folder) as gateway:
        assert gateway.ask("GET", "/v1/info").json()["receiptKey"] == info["receiptKey"]
    key.chmod(0o640)
    out = run(folder, "serve", "--bucket", bucket(folder), "--listen", "127.0.0.1:0", code=1)
    assert "mode 0600" in out, out
    key.chmod(0o600)
    key.write_text("nonsense\n")
    run(folder, "serve", "--bucket", bucket(folder), "--listen", "127.0.0.1:0", code=1)


def an_invite_is_used_once(folder):
    with serve(folder) as gateway:
        token = invite(folder)
        assert re.fullmatch("[0-9a-f]{32}", token), token
        first, second = Account("first"), Account("second")
        assert create(gateway, first).status == 403
        assert create(gateway, first, "0" * 32).code == "invite"
        made = create(gateway, first, token)
        assert (made.status, made.json()) == (201, {"account": first.hex}), made.body
        assert create(gateway, first, token).status == 200
        again = create(gateway, second, token)
        assert (again.status, again.code) == (403, "invite"), again.body
        assert "used already" in again.json()["detail"]
        # A crash between spending and creating burns nothing.
        run(folder, "wipe", first.hex, "--yes", "--bucket", bucket(folder))
        assert create(gateway, first, token).status == 201
        assert create(gateway, second, invite(folder)).status == 201
        assert token not in gateway.log()


def two_race_for_an_invite(folder):
    with serve(folder) as one, serve(folder) as other:
        token = invite(folder)
        accounts = [Account(f"racer {n}") for n in range(6)]
        gateways = [one, other] * 3
        sent = []
        for gateway, account in zip(gateways, accounts):
            connection = gateway.connect()
            request = gateway.request("POST", "/v1/accounts", account.create(), CBOR,
                                      [f"Inkseal-Invite: {token}"])
            connection.sendall(request[:-1])
            sent.append((connection, request[-1:]))
        for connection, last in sent:
            connection.sendall(last)
        statuses = sorted(Reply(connection).status for connection, _ in sent)
        assert statuses == [201] + [403] * 5, statuses


def a_device_syncs(folder):
    with serve(folder, "--create", "open", "--names", "Sync.Example.org:443, 127.0.0.1") as gateway:
        account = Account("syncs")
        assert gateway.ask("GET", "/v1/info").json()["names"] == ["sync.example.org", "127.0.0.1"]
        assert create(gateway, account).status == 201
        for authority, status in (("sync.example.org", 200), ("127.0.0.1", 200),
                                  (f"127.0.0.1:{gateway.port}", 401)):
            gateway.authority = authority
            reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
            assert reply.status == status, (authority, reply.body)
            if status == 200:
                answer = cbor2.loads(reply.body)
                assert answer[1] == 0 and abs(answer[15] - time.time() * 1000) < 60000, answer
        gateway.authority = "sync.example.org"
        for skew, status in ((-200, 200), (200, 200), (-400, 401), (86400, 401)):
            reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account,
                                skew=skew)
            assert reply.status == status, (skew, reply.body)
            assert status == 200 or (reply.code == "clock" and "date" in reply.headers)
        roster = gateway.ask("GET", f"/v1/accounts/{account.hex}/roster")
        assert cbor2.loads(roster.body) == [account.genesis.bytes]
        # Gone, and the receipt says so.
        wipe = account.wipe("sync.example.org", answer[3])
        reply = gateway.ask("DELETE", f"/v1/accounts/{account.hex}", wipe, OCTETS)
        assert reply.status == 200, reply.body
        assert gateway.ask("GET", f"/v1/accounts/{account.hex}/roster").status == 410
        reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
        assert cbor2.loads(reply.body)[1] == 8, reply.body
        assert not list((folder / "bucket" / "a").rglob("*")), "something is left"


def sigterm_during_a_request(folder):
    gateway = serve(folder, "--create", "open")
    account = Account("cut")
    request = gateway.request("POST", "/v1/accounts", account.create(), CBOR)
    idle = gateway.connect()
    with gateway.connect() as connection:
        connection.sendall(request[:-10])
        deadline = time.monotonic() + 10
        while b"inkseald_requests_active 1\n" not in gateway.metrics():
            assert time.monotonic() < deadline
        gateway.tell_to_stop()
        gateway.await_log("event=stopping")
        until = time.monotonic() + 5
        while True:  # nobody new is let in
            try:
                gateway.connect().close()
                assert time.monotonic() < until, "it still accepts"
                time.sleep(0.02)
            except (ConnectionRefusedError, ConnectionResetError):
                break
        assert gateway.process.poll() is None
        connection.sendall(request[-10:])
        reply = Reply(connection)
        assert reply.status == 201, reply.body
        assert reply.headers["connection"] == "close"
    idle.close()
    assert gateway.stop() == 0, gateway.log()
    assert account.hex in run(folder, "accounts", "--bucket", bucket(folder))


def sigterm_while_devices_watch(folder):
    gateway = serve(folder, "--create", "open")
    account = Account("watches")
    assert create(gateway, account).status == 201
    connections = []
    for _ in range(3):
        connections.append(gateway.connect())
        connections[-1].sendall(gateway.request("GET", "/v1/watch?seq=0", signer=account))
    while b"inkseald_watchers 3\n" not in gateway.metrics():
        time.sleep(0.02)
    connections.pop().close()  # one has left
    begun = time.monotonic()
    gateway.tell_to_stop()
    for connection in connections:
        assert Reply(connection).status == 204
    assert gateway.stop() == 0, gateway.log()
    assert time.monotonic() - begun < 10


def what_is_too_large_or_too_slow(folder):
    with serve(folder) as gateway:
        with gateway.connect() as connection:
            connection.sendall(b"POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Type: "
                               b"application/cbor\r\nContent-Length: 99999999\r\n\r\n")
            reply = Reply(connection)
            assert (reply.status, reply.code) == (413, "too_large")
            assert connection.recv(1) == b""
        begun = time.monotonic()
        with gateway.connect() as connection:
            connection.settimeout(1)
            closed = False
            while not closed and time.monotonic() - begun < 30:
                try:
                    connection.sendall(b"a")
                    closed = connection.recv(1) == b""
                except socket.timeout:
                    pass
                except OSError:
                    closed = True
        assert closed and 8 < time.monotonic() - begun < 15, time.monotonic() - begun


def metric(gateway, name):
    body = gateway.metrics().decode()
    return int(re.search(rf"^inkseald_{re.escape(name)} (\d+)$", body, re.MULTILINE)[1])


def await_true(what, within_s=20):
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.05)


def blob(account, size, fill):
    data = bytes([fill]) * size
    return f"/v1/blobs/{digest('BLOB', data).hex()}.0", data


def what_it_does_by_itself(folder):
    """A wipe of before, and an upload that landed after it: found when the next gateway starts."""
    account, late = Account("wiped"), folder / "bucket" / "a"
    with serve(folder, "--create", "open") as gateway:
        assert create(gateway, account).status == 201
        answer = cbor2.loads(gateway.ask("POST", "/v1/sync", account.poll(), CBOR,
                                         signer=account).body)
        wipe = account.wipe("127.0.0.1", answer[3])
        assert gateway.ask("DELETE", f"/v1/accounts/{account.hex}", wipe, OCTETS).status == 409
        wipe = account.wipe(gateway.authority, answer[3])
        assert gateway.ask("DELETE", f"/v1/accounts/{account.hex}", wipe, OCTETS).status == 200
        assert metric(gateway, "relists_total") == 0  # not before a write can have ended
    landed = late / account.hex / "b" / "landed"
    landed.parent.mkdir(parents=True)
    landed.write_bytes(b"late")
    with serve(folder) as gateway:
        await_true(lambda: not landed.exists())
        await_true(lambda: metric(gateway, "relists_total") == 1)
        assert metric(gateway, "late_objects_total") == 1
        gateway.await_log("event=relist message=\"removed 1 late objects of a wiped account\"")
        assert metric(gateway, "upkeep_failures_total") == 0
        assert not (folder / "bucket" / "w" / f"{account.hex}.done").exists()  # in an hour
        begun = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - begun < 5, "the upkeep holds it up"
    # One that says it is done is not looked at again.
    (folder / "bucket" / "w" / f"{account.hex}.done").write_bytes(b"1")
    landed.parent.mkdir(parents=True)
    landed.write_bytes(b"late")
    with serve(folder) as gateway:
        time.sleep(1)
        assert metric(gateway, "relists_total") == 0 and landed.exists()


def its_limits_are_said(folder):
    with serve(folder, "--create", "open", "--quota", "20000",
               "--requests-per-minute", "12") as gateway:
        account, other = Account("limited"), Account("another")
        assert create(gateway, account).status == 201
        assert create(gateway, other).status == 201
        for size, status in ((10000, 204), (10001, 507), (1000, 204)):
            path, data = blob(account, size, 1)
            reply = gateway.ask("PUT", path, data, OCTETS, signer=account)
            assert reply.status == status, (size, reply.status, reply.body)
            if status == 507:
                assert reply.code == "full", reply.body
                assert "deletions still pass" in reply.json()["detail"], reply.body
        path, data = blob(other, 10000, 2)  # another's room is its own
        assert gateway.ask("PUT", path, data, OCTETS, signer=other).status == 204
        # What is there can still be asked for; three requests of twelve were made.
        for _ in range(9):
            reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
            assert reply.status == 200, reply.body
        reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
        assert (reply.status, reply.code) == (429, "busy"), reply.body
        wait_s = int(reply.headers["retry-after"])
        assert 1 <= wait_s <= 5, wait_s
        assert gateway.ask("POST", "/v1/sync", other.poll(), CBOR, signer=other).status == 200
        time.sleep(wait_s)
        reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
        assert reply.status == 200, reply.body
        assert metric(gateway, 'refused_total{why="full"}') == 1
        assert metric(gateway, 'refused_total{why="rate"}') == 1
        wipe = account.wipe(gateway.authority, cbor2.loads(reply.body)[3])
        for _ in range(2):  # a wipe is never kept waiting
            reply = gateway.ask("DELETE", f"/v1/accounts/{account.hex}", wipe, OCTETS)
            assert reply.status == 200, reply.body


def settings_come_from_three_places(folder):
    file = folder / "inkseald.conf"
    file.write_text("# a remark\nbucket = dir:elsewhere\ncreate = open\n"
                    "names = by-file.example.org\nqueue = 7\nquota = 50000000000\n")
    environment = {"INKSEALD_BUCKET": bucket(folder), "INKSEALD_NAMES": "by-env.example.org",
                   "INKSEALD_CONFIG": str(file)}
    with Gateway(BINARY, folder, "--names=by-flag.example.org", environment=environment) as gateway:
        info = gateway.ask("GET", "/v1/info").json()
        assert info["names"] == ["by-flag.example.org"] and info["create"] == "open", info
    for text, said in (
            ("bucket =\n", "bucket is empty"),
            ("nonsense = 1\n", "no setting nonsense"),
            ("queue = 0\n", "queue must be a number from 1 to"),
            ("queue = 1x\n", "queue must be a number"),
            ("queue = 99999999999999999999\n", "queue must be a number"),
            ("quota = 1000000000000000\n", "quota must be a number from 0 to 999999999999999"),
            ("requests-per-minute = -1\n", "requests-per-minute must be a number"),
            ("create = anybody\n", "create must be"),
            ("queue = 1\nqueue = 2\n", "stands there twice"),
            ("[gateway]\nqueue = 1\n", "no sections"),
            ("no equals sign\n", "line 1"),
            ("names = " + 200 * "a" + "\n", "longer than"),
    ):
        file.write_text(text)
        out = run(folder, "serve", "--config", str(file), code=2)
        assert said in out, (text, out)
    assert "can't be read" in run(folder, "serve", "--config", "/nowhere", code=2)
    assert "no option --nonsense" in run(folder, "serve", "--nonsense", code=2)
    assert "needs a value" in run(folder, "serve", "--bucket", code=2)
    assert "no such command" in run(folder, "nonsense", code=2)
    assert "bucket is not set" in run(folder, "serve", "--listen", "127.0.0.1:0", code=1)
    assert "names must be set" in run(
        folder, "serve", "--bucket", bucket(folder), "--listen", "0.0.0.0:0", code=1)
    for listen in ("nowhere", "127.0.0.1:99999", "127.0.0.1:http", "127.0.0.1:-1", ":80"):
        assert "HOST:PORT" in run(
            folder, "serve", "--bucket", bucket(folder), "--listen", listen, code=1)
    assert "HOST:PORT" in run(
        folder, "serve", "--bucket", bucket(folder), "--listen", "127.0.0.1:0",
        "--metrics-listen", "nowhere", code=1)


def its_operator_looks_and_cleans(folder):
    with serve(folder, "--create", "open") as gateway:
        accounts = [Account(f"operated {n}") for n in range(3)]
        for account in accounts:
            assert create(gateway, account).status == 201
        where = ("--bucket", bucket(folder))
        lines = run(folder, "accounts", *where).strip().split("\n")
        assert sorted(line.split()[0] for line in lines) == sorted(a.hex for a in accounts)
        assert all("head 0  devices 1  " in line for line in lines), lines
        usage = run(folder, "usage", *where).strip().split("\n")
        assert len(usage) == 4 and re.match(r"total  6 objects  \d+ bytes", usage[-1]), usage
        swept = run(folder, "sweep", *where)
        assert swept.count("removed 0") == 3, swept
        gone = accounts[0]
        run(folder, "wipe", gone.hex, *where, code=1, stdin="no\n")
        run(folder, "wipe", "abc", *where, code=2)
        out = run(folder, "wipe", gone.hex, *where, stdin=gone.hex + "\n")
        assert "removed 2 objects" in out, out
        assert gone.hex not in run(folder, "accounts", *where)
        # An operator signs nothing: its devices say "missing", not "gone".
        reply = gateway.ask("POST", "/v1/sync", gone.poll(), CBOR, signer=gone)
        assert (reply.status, reply.code) == (404, "absent"), reply.body
        assert "keeps its promises" in run(folder, "probe", bucket(folder))
        run(folder, "probe", "nonsense:", code=1)
        run(folder, "probe", code=2)


class Stalled:
    """A gateway whose log goes into a pipe that nobody reads for the time being."""

    def __init__(self, folder):
        self.end, end = os.pipe()
        with socket.create_server(("127.0.0.1", 0)) as probe:  # the log would tell which
            port = probe.getsockname()[1]
        self.gateway = serve(folder, "--listen", f"127.0.0.1:{port}", log=end)
        os.close(end)
        self.gateway.port, self.gateway.authority = port, f"127.0.0.1:{port}"
        self.text = b""
        while b"event=ready" not in self.text:
            self.text += os.read(self.end, 4096)
        said = re.search(rb"event=metrics message=127\.0\.0\.1:(\d+)", self.text)
        self.gateway.metrics_port = int(said[1])

    def flood(self, count):
        """So many requests on one connection; the longest that one of them took."""
        longest = 0.0
        with self.gateway.connect() as connection:
            request = self.gateway.request("GET", "/healthz")
            for _ in range(count):
                begun = time.monotonic()
                connection.sendall(request)
                assert Reply(connection).status == 200
                longest = max(longest, time.monotonic() - begun)
        return longest


def a_log_that_nobody_reads(folder):
    stalled = Stalled(folder)
    assert stalled.flood(4000) < 5
    left_out = metric(stalled.gateway, "log_lines_left_out_total")
    assert left_out > 0, "the queue has no bound"
    stalled.gateway.tell_to_stop()
    until = time.monotonic() + 20
    while chunk := os.read(stalled.end, 65536):  # somebody reads at last
        stalled.text += chunk
        assert time.monotonic() < until
    assert stalled.gateway.stop() == 0
    lines = stalled.text.decode().splitlines()
    assert "event=stopped" in lines[-1] or "left out" in lines[-1], lines[-5:]
    assert any("event=stopping" in line for line in lines)  # a flood hides no event
    said = sum(int(n) for n in re.findall(r'message="(\d+) lines left out"', "\n".join(lines)))
    written = sum("route=healthz" in line for line in lines)
    assert said >= left_out and written + said >= 4000, (written, said, left_out)
    assert all(line.startswith("t=20") for line in lines), "lines are whole"
    # Nobody ever reads: it stops all the same.
    stalled = Stalled(folder)
    stalled.flood(2000)
    begun = time.monotonic()
    assert stalled.gateway.stop() == 0
    assert time.monotonic() - begun < 10
    os.close(stalled.end)


CASES = [starts_and_stops, an_invite_is_used_once, two_race_for_an_invite, a_device_syncs,
         sigterm_during_a_request, sigterm_while_devices_watch, what_is_too_large_or_too_slow,
         what_it_does_by_itself, its_limits_are_said,
         settings_come_from_three_places, a_log_that_nobody_reads,
         its_operator_looks_and_cleans]


def main():
    global BINARY
    BINARY = os.path.realpath(sys.argv[1])
    case = {case.__name__: case for case in CASES}[sys.argv[2]]
    with tempfile.TemporaryDirectory() as folder:
        case(pathlib.Path(folder))


if __name__ == "__main__":
    main()
