"""served.py: a gateway for the end-to-end tests: the real inkseald in front of a bucket, which is a
folder or lies on a real S3 server.

INKSEALD_BIN names it. It listens on a port that was free a moment ago and keeps it over restarts,
for homes keep its URL. Its log is read at the end of a test: whatever a person wrote, and whatever
is a secret, must not be in it.
"""
import base64
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import cbor2
import nacl.signing

from home import ENVIRONMENT, PROCESS_SECONDS, Case, Cost
from wipe import digest

DAEMON = os.environ.get("INKSEALD_BIN", "inkseald")
START_SECONDS = 180
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_ready(url):
    try:
        with OPEN(url + "/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


class Gateway:
    """A process of inkseald; a place, as home.py has it."""

    option = "--gateway"

    def __init__(self, test, bucket, name="gateway", key="receipt-key"):
        self.test = test
        self.bucket = bucket
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_authority = f"127.0.0.1:{free_port()}"
        self.key = test.folder / key
        self.log = test.folder / f"{name}.log"
        self.names = f"127.0.0.1:{self.port}"
        self.process = None
        self.environment = ENVIRONMENT
        test.addCleanup(self.kill)

    def daemon(self, *args):
        return [DAEMON, *args, "--bucket", self.bucket.url]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.daemon("serve", "--listen", f"127.0.0.1:{self.port}", "--metrics-listen",
                            self.metrics_authority, "--key-file", str(self.key), "--names",
                            self.names),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.test.fail("the gateway does not start:\n" + self.log.read_text()[-3000:])
            time.sleep(0.02)
        return self

    def is_ready(self):
        return is_ready(self.url)

    def kill(self):
        """kill -9: what it had not put is lost with it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.test.assertEqual(self.process.wait(timeout=PROCESS_SECONDS), 0,
                              self.log.read_text()[-3000:])
        self.process = None

    def operate(self, *args):
        """An operator's command, on the bucket: what it prints."""
        return subprocess.run(self.daemon(*args), env=self.environment, capture_output=True,
                              text=True, timeout=PROCESS_SECONDS, check=True).stdout

    def invite(self):
        return self.operate("invite").splitlines()[-1]

    def admission(self):
        return ["--invite", self.invite()]

    def metrics(self):
        """What it counts: the value of each line, by all that stands before it."""
        with OPEN(f"http://{self.metrics_authority}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def sync(self, home):
        """A sync: what it said, and its cost, by the gateway's own count."""
        before, routes = self.metrics(), len(self.routes())
        said = home.sync()
        after = self.metrics()
        made = sum(said["requests"].values())
        self.test.assertEqual(len(self.await_routes(routes + made)), routes + made)

        def grown(name, label):
            name = f"inkseald_bucket_{name}_total{label}"
            return int(after[name] - before[name])
        kinds = {"get": "get", "put": "put", "list": "list", "delete": "remove"}
        return said, Cost({kind: grown("requests", f'{{kind="{name}"}}')
                           for kind, name in kinds.items()},
                          {way: grown("bytes", f'{{way="{way}"}}') for way in ("up", "down")}, made)

    def receipt_key(self):
        with OPEN(self.url + "/v1/info", timeout=30) as answer:
            return base64.b64decode(json.load(answer)["receiptKey"])

    def routes(self):
        """The routes of all requests it has answered a device, in order, from its log."""
        routes = re.findall(r"\broute=(\w+)", self.log.read_text())
        return [route for route in routes if route not in ("readyz", "info", "metrics")]

    def await_routes(self, count):
        """The same, once there are so many: a request is logged when its answer has been sent."""
        deadline = time.monotonic() + 5
        while len(routes := self.routes()) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return routes


class Relay:
    """Passes bytes between a device and a gateway, on a port of its own. wrap: what to make of a
    device's connection first. answer: what to let through of each piece of an answer: less than all
    of it, and the connection is cut there."""

    def __init__(self, test, port, wrap=lambda connection: connection, answer=lambda data: data):
        self.target = ("127.0.0.1", port)
        self.wrap = wrap
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopped = False
        threading.Thread(target=self.accept, daemon=True).start()
        test.addCleanup(self.stop)

    def stop(self):
        self.stopped = True
        self.listener.close()

    def accept(self):
        while not self.stopped:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(connection,), daemon=True).start()

    def relay(self, connection):
        try:
            with self.wrap(connection) as device, socket.create_connection(self.target) as gateway:
                back = threading.Thread(target=self.back, args=(gateway, device), daemon=True)
                back.start()
                while data := device.recv(65536):
                    gateway.sendall(data)
                gateway.shutdown(socket.SHUT_WR)
                back.join()
        except OSError:  # also what ssl says of a device that does not like the certificate
            connection.close()

    def back(self, gateway, device):
        try:
            while data := gateway.recv(65536):
                passed = self.answer(data)
                device.sendall(passed)
                if len(passed) < len(data):
                    break
            device.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class ServedCase(Case):
    """A test with gateways. What marks its texts is looked for in their logs at the end."""

    secrets = ()

    def gateway(self, bucket, name="gateway", **options):
        gateway = Gateway(self, bucket, name, **options)
        self.addCleanup(self.check_log, gateway)
        return gateway

    def check_log(self, gateway):
        if gateway.log.exists():
            log = gateway.log.read_text()
            self.assertNotIn("Sanitizer", log)
            for secret in self.secrets:
                self.assertNotIn(secret, log)

    def keep_secret(self, *texts):
        self.secrets = (*self.secrets, *texts)

    def on(self, home, gateway, invite=None, **options):
        invite = gateway.invite() if invite is None else invite
        said = home.json("sync", "on", gateway.url, "--invite", invite, **options)
        self.keep_secret(invite, said["recoveryCode"] or invite)
        return said

    def recover(self, home, gateway, code):
        return home.json("recover", "--yes", "--gateway", gateway.url, text=code)

    def check_receipt(self, receipt, gateway, account, removed):
        """The receipt of a wipe, as its device has printed and kept it: signed by the gateway."""
        encoded = base64.b64decode(receipt["receipt"])
        signed, signature = cbor2.loads(encoded)
        part = cbor2.loads(signed)
        wipe, _ = cbor2.loads(gateway.bucket.get(f"w/{account}"))
        self.assertEqual(part[1].hex(), account)
        self.assertEqual(part[2], digest("inkseal wipe", wipe))
        self.assertEqual(part[3], receipt["objectsRemoved"])
        self.assertEqual(part[3], removed)
        self.assertEqual(part[6], gateway.receipt_key())
        nacl.signing.VerifyKey(part[6]).verify(b"inkseal wipe".ljust(16, b"\0") + signed, signature)
        return encoded

    def served_pair(self, entries, gateway=None):
        """Two devices in step over a gateway that runs: A, B, the gateway, what sync on said."""
        gateway = gateway or self.gateway(self.bucket()).start()
        one, two = self.home("A"), self.home("B")
        if entries:
            one.import_entries(entries)
        said = self.on(one, gateway)
        one.sync()
        self.recover(two, gateway, said["recoveryCode"])
        one.sync()
        return one, two, gateway, said
