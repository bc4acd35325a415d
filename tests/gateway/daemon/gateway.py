"""A gateway as a process, and a device that signs by RFC 9421: a second implementation of
schemas/http_signature.h, written from the RFC and schemas/openapi.yaml alone."""
import base64
import hashlib
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

from nacl import bindings  # noqa: E402
from vectors import account as made  # noqa: E402
from vectors.base import Device, digest, enc, rnd, sign  # noqa: E402

CBOR, OCTETS = "application/cbor", "application/octet-stream"
STOP_S = 40


class Gateway:
    """inkseald serve on a port of the system's choice, its log kept."""

    def __init__(self, binary, folder, *flags, environment=None, ready=True, log=None):
        self.folder = pathlib.Path(folder)
        self.told = False
        self.log_path = self.folder / f"log.{secrets.token_hex(4)}"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **(environment or {})}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = value
        with open(self.log_path, "wb") as file:
            self.process = subprocess.Popen(
                [binary, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", *flags], env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log or file)
        if log is not None:  # the caller reads it, or does not
            return
        self.port = int(self.await_log(r"event=listening message=127\.0\.0\.1:(\d+)")[1])
        self.authority = f"127.0.0.1:{self.port}"
        self.metrics_port = int(self.await_log(r"event=metrics message=127\.0\.0\.1:(\d+)")[1])
        if ready:
            self.await_log(r"event=ready")

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def await_log(self, pattern, within_s=20):
        until = time.monotonic() + within_s
        while True:
            match = re.search(pattern, self.log())
            if match:
                return match
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no {pattern} in the log:\n{self.log()}")
            time.sleep(0.02)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return connection

    def metrics(self):
        with socket.create_connection(("127.0.0.1", self.metrics_port), timeout=30) as connection:
            connection.sendall(self.request("GET", "/metrics"))
            return Reply(connection).body

    def tell_to_stop(self):
        """SIGTERM, once: the second would end it at once."""
        if not self.told and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.told = True

    def stop(self):
        """Waits for its end; the exit code."""
        self.tell_to_stop()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it does not stop:\n{self.log()}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.stop()
        assert code == 0, f"exit code {code}:\n{self.log()}"

    def ask(self, method, path, body=None, content_type=None, headers=(), signer=None, skew=0):
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(self.request(method, path, body, content_type, headers, signer,
                                            skew))
            return Reply(connection)

    def request(self, method, path, body=None, content_type=None, headers=(), signer=None,
                skew=0):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.authority}"]
        if body is not None:
            lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        if signer is not None:
            lines += signer.sign(method, self.authority, path, body, content_type, skew)
        return "\r\n".join([*lines, *headers, "", ""]).encode() + (body or b"")


class Reply:
    def __init__(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError(f"closed after {data!r}")
            data += more
        head, self.body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {name.lower(): value for name, value in
                        (line.split(": ", 1) for line in lines[1:])}
        length = int(self.headers.get("content-length", 0))
        while len(self.body) < length:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError("cut off")
            self.body += more

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json().get("code") if "json" in self.headers.get("content-type", "") else None


class Account:
    """A new account of one device and a paper code."""

    def __init__(self, label):
        self.device, self.paper = Device(f"{label} laptop"), Device(f"{label} paper", recovery=True)
        self.begin = rnd(f"{label} genesis previous")
        key = rnd(f"{label} epoch key")
        first = [self.device, self.paper]
        commit = made.epoch_commit(key, self.begin, 1)
        self.genesis = made.statement(
            0, self.begin, self.device, made.T0, first, epoch=[1, commit, None],
            parts=(made.names(key, self.begin, first, label), made.boxes(key, first, label), None))
        self.id = digest("ACCOUNT", self.genesis.hash)[:20]
        self.hex = self.id.hex()

    def create(self):
        roster = enc([self.genesis.bytes])
        signed = enc({0: 1, 1: self.id, 2: self.device.id, 3: roster, 4: made.T0})
        return enc([signed, self.device.sign("CREATE", signed)])

    def poll(self):
        return enc({0: 1, 1: self.id, 2: self.device.id, 3: [0, self.genesis.hash], 4: [], 5: []})

    def wipe(self, gateway, incarnation):
        signed = enc({0: 1, 1: gateway, 2: self.id, 3: incarnation, 4: self.device.id,
                      5: made.T0})
        return enc([signed, sign(self.device.wipe_secret, "WIPE", signed)])

    def sign(self, method, authority, path, body, content_type, skew=0):
        """RFC 9421 header lines."""
        path, _, query = path.partition("?")
        base = [("@method", method), ("@authority", authority), ("@path", path),
                ("@query", "?" + query)]
        lines = []
        if body is not None:
            text = base64.b64encode(hashlib.sha256(body).digest()).decode()
            base += [("content-type", content_type), ("content-digest", f"sha-256=:{text}:")]
            lines.append(f"Content-Digest: sha-256=:{text}:")
        names = " ".join(f'"{name}"' for name, _ in base)
        created = int(time.time()) + skew
        params = (f'({names});created={created};expires={created + 300};'
                  f'nonce="{secrets.token_hex(16)}";alg="ed25519";'
                  f'keyid="{self.hex}.{self.device.id.hex()}";tag="inkseal"')
        text = "".join(f'"{name}": {value}\n' for name, value in base)
        text += f'"@signature-params": {params}'
        made_signature = bindings.crypto_sign(text.encode(), self.device.secret)[:64]
        signature = base64.b64encode(made_signature).decode()
        return [*lines, f"Signature-Input: sig1={params}", f"Signature: sig1=:{signature}:"]
