"""servers.py: what a benchmark measures against: MinIO, the counting proxy, a gateway; each a process
on a free port of 127.0.0.1 with its data in a folder of the caller's, ended by Group.close().

MinIO is the one that scripts/test-servers builds, or one on PATH. The proxy is built once from the
source that INKSEAL_PEERS names (its folder proxy/): it counts requests and bytes, and can delay each
request. Its one change is that the address behind it is given, and not fixed."""
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = pathlib.Path(os.environ.get("INKSEAL_PEERS") or ROOT.parent / "shared/tools/peers")
ACCESS_KEY, SECRET_KEY, REGION = "inkseal-bench", "inkseal-bench-secret", "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION}
# No proxy of the machine's stands between these programs.
ENVIRONMENT = {**{name: value for name, value in os.environ.items()
                  if not name.startswith(("INKSEAL", "AWS_")) and not name.lower().endswith("_proxy")},
               **KEYS}
FIXED_TARGET = 'url.Parse("http://127.0.0.1:9100")'
GIVEN_TARGET = 'url.Parse(os.Getenv("PROXY_TARGET"))'
START_SECONDS, STOP_SECONDS = 60, 40
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Missing(Exception):
    """What this machine does not have, in words."""


class StoreError(Exception):
    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


def free_port(above=0):
    """A port that is free, and so is the one that much above it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            if not above:
                return port
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + above))
                return port


def go():
    """A Go toolchain."""
    for path in (shutil.which("go"), "/usr/local/go/bin/go"):
        if path and os.access(path, os.X_OK):
            return path
    raise Missing("no Go toolchain, to build the counting proxy with")


def minio_binary():
    built = ROOT / "build/servers/minio"
    path = str(built) if os.access(built, os.X_OK) else shutil.which("minio")
    if not path:
        raise Missing("no MinIO: `scripts/test-servers start` builds it where Go 1.24 is")
    return path


def proxy_binary():
    """Built again when its source has changed."""
    source = PEERS / "proxy/main.go"
    if not source.exists():
        raise Missing(f"no counting proxy: INKSEAL_PEERS must name the folder with gen.py and "
                      f"proxy/ (it is {PEERS})")
    text = source.read_text("utf-8")
    if text.count(FIXED_TARGET) != 1:
        raise Missing(f"{source} is not the proxy that this knows")
    folder = ROOT / "build/bench/proxy"
    folder.mkdir(parents=True, exist_ok=True)
    text = text.replace(FIXED_TARGET, GIVEN_TARGET)
    main = folder / "main.go"
    if not (folder / "proxy").exists() or not main.exists() or main.read_text("utf-8") != text:
        shutil.copyfile(PEERS / "proxy/go.mod", folder / "go.mod")
        main.write_text(text, "utf-8")
        (folder / "go.mod").chmod(0o644)
        subprocess.run([go(), "build", "-o", "proxy", "."], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    return str(folder / "proxy")


class Group:
    """Processes that end together, the newest first."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, name, command, environment):
        log = self.folder / f"{name}.log"
        with open(log, "ab") as out:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out, cwd=self.folder)
        process.log = log
        self.processes.append(process)
        return process

    def end(self, process):
        self.processes.remove(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self):
        for process in reversed(list(self.processes)):
            self.end(process)


def await_answer(process, url, good=lambda status: True):
    until = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError):
            try:
                with OPEN(url, timeout=5) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            if good(status):
                return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no answer at {url}:\n" + process.log.read_text("utf-8")[-3000:])
        time.sleep(0.02)


class Minio:
    """One server; buckets are made in it as they are needed."""

    def __init__(self, group):
        binary = minio_binary()
        self.port = free_port()
        self.authority = f"127.0.0.1:{self.port}"
        self.data = group.folder / "minio"
        self.data.mkdir()
        environment = {**ENVIRONMENT, "MINIO_ROOT_USER": ACCESS_KEY,
                       "MINIO_ROOT_PASSWORD": SECRET_KEY, "MINIO_BROWSER": "off"}
        self.process = group.start(
            "minio", [binary, "server", "--quiet", "--address", self.authority, str(self.data)],
            environment)
        await_answer(self.process, f"http://{self.authority}/minio/health/ready",
                     lambda status: status == 200)

    def ask(self, method, bucket, query=""):
        """A signed request without a body (SigV4); the answer's body."""
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        empty = hashlib.sha256(b"").hexdigest()
        scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
        canonical = (f"{method}\n/{bucket}\n{query}\nhost:{self.authority}\n"
                     f"x-amz-content-sha256:{empty}\nx-amz-date:{stamp}\n\n"
                     f"host;x-amz-content-sha256;x-amz-date\n{empty}")
        key = b"AWS4" + SECRET_KEY.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()))
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, f"/{bucket}" + (f"?{query}" if query else ""), headers={
            "x-amz-content-sha256": empty, "x-amz-date": stamp,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders="
                             f"host;x-amz-content-sha256;x-amz-date, Signature={signature}"})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise StoreError(f"{method} {bucket}?{query}: {answer.status} {body[:300]}",
                             answer.status)
        return body

    def make_bucket(self, name):
        """Its URL. The server says that it is ready a moment before it takes one."""
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask("PUT", name)
                break
            except StoreError as error:
                if error.status != 503 or time.monotonic() > until:
                    raise
                time.sleep(0.1)
        return f"s3:http://{self.authority}/{name}"

    def objects(self, bucket, prefix=""):
        """How many below the prefix, and their bytes."""
        count = size = 0
        token = ""
        while True:
            query = f"list-type=2&prefix={urllib.parse.quote(prefix, safe='')}"
            if token:
                query = f"continuation-token={urllib.parse.quote(token, safe='')}&{query}"
            page = self.ask("GET", bucket, query)
            sizes = re.findall(r"<Size>(\d+)</Size>", page)
            count += len(sizes)
            size += sum(map(int, sizes))
            more = re.search(r"<NextContinuationToken>(.*?)</NextContinuationToken>", page)
            if not more:
                return count, size
            token = more[1]

    def versions(self, bucket, prefix=""):
        """Versions, delete markers and unfinished uploads: one page is enough to see any."""
        where = f"prefix={urllib.parse.quote(prefix, safe='')}"
        page = self.ask("GET", bucket, f"{where}&versions=")
        uploads = self.ask("GET", bucket, f"{where}&uploads=")
        return len(re.findall("<(?:Version|DeleteMarker)>", page)) + uploads.count("<Upload>")


class Proxy:
    """Counts what passes; a delay is of each request."""

    def __init__(self, group, name, target):
        binary = proxy_binary()
        self.port = free_port(above=1)
        self.authority = f"127.0.0.1:{self.port}"
        self.process = group.start(
            f"proxy-{name}", [binary, str(self.port)],
            {**ENVIRONMENT, "PROXY_TARGET": f"http://{target}", "PEERS_DIR": str(group.folder)})
        await_answer(self.process, f"http://127.0.0.1:{self.port + 1}/stats")
        self.reset()

    def control(self, path):
        with OPEN(f"http://127.0.0.1:{self.port + 1}{path}", timeout=30) as answer:
            return answer.read()

    def reset(self):
        self.control("/reset")

    def delay(self, ms):
        self.control(f"/delay?ms={ms}")

    def counted(self):
        """req, up, down (bodies), by (kinds), wire_up, wire_down, conns since the last reset."""
        return json.loads(self.control("/stats"))


class Gateway:
    """inkseald over a bucket. names: what clients call it, if not by its own address."""

    def __init__(self, group, binary, bucket, *flags, name="gateway", port=None, names=None):
        self.binary, self.bucket = str(binary), bucket
        self.environment = {**ENVIRONMENT, "HOME": str(group.folder)}
        self.port = port or free_port()
        self.authority = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.authority}"
        self.metrics = f"http://127.0.0.1:{free_port()}"
        self.process = group.start(
            name, [self.binary, "serve", "--listen", self.authority, "--bucket", bucket,
                   "--metrics-listen", self.metrics.removeprefix("http://"),
                   "--key-file", str(group.folder / f"{name}.key"),
                   "--names", names or self.authority, *flags], self.environment)
        await_answer(self.process, self.url + "/readyz", lambda status: status == 200)

    def invite(self):
        done = subprocess.run([self.binary, "invite", "--bucket", self.bucket],
                              env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]
