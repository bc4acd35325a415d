"""s3_bucket.py: a bucket on a real S3 server, one of those that scripts/test-servers started.

A test's bucket is a new one, of that test alone: it is removed with its server. What a test looks
into it for is asked of the server itself, by requests that are signed here and not by our own code.
"""
import datetime
import hashlib
import hmac
import os
import re
import secrets
import shlex
import urllib.parse
import urllib.request

from home import ENVIRONMENT, PROJECT

SERVERS_FILE = PROJECT / "build" / "servers" / "env"
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
PREFIX = "journals/"


def servers():
    """What scripts/test-servers wrote, and the environment, which goes before it."""
    found = {}
    if SERVERS_FILE.exists():
        found = dict(word.split("=", 1) for word in shlex.split(SERVERS_FILE.read_text()))
    return {**found, **os.environ}


class S3Bucket:
    """A new bucket on a server. Its URL leads through a relay, if there is one; keys stand without
    the URL's prefix."""

    def __init__(self, server="MINIO"):
        known = servers()
        self.server = known[f"INKSEAL_TEST_{server}_URL"]
        self.authority = urllib.parse.urlsplit(self.server).netloc
        self.address = ("127.0.0.1", int(self.authority.rsplit(":", 1)[1]))
        self.name = f"e2e-{secrets.token_hex(6)}"
        self.access, self.secret = known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            ENVIRONMENT[name] = known[name]
        self.ask("PUT", f"/{self.name}")
        self.through(self.authority)

    def through(self, authority):
        self.url = f"s3:http://{authority}/{self.name}/{PREFIX}".rstrip("/")

    def get(self, key):
        return self.ask("GET", f"/{self.name}/{PREFIX}{key}")

    def sizes(self, below=""):
        """Every object below this: its key, and how long it is."""
        found = {}
        token = ""
        while True:
            query = {"list-type": "2", "prefix": PREFIX + below}
            if token:
                query["continuation-token"] = token
            text = self.ask("GET", f"/{self.name}", query).decode()
            for item in re.findall("<Contents>.*?</Contents>", text, re.DOTALL):
                key = re.search("<Key>([^<]*)</Key>", item)[1]
                found[key.removeprefix(PREFIX)] = int(re.search("<Size>([0-9]+)</Size>", item)[1])
            more = re.search("<NextContinuationToken>([^<]*)</NextContinuationToken>", text)
            if more is None:
                return found
            token = more[1]

    def keys(self, below=""):
        return list(self.sizes(below))

    def files(self, below=""):
        """Every object: its key and its bytes."""
        return {key: self.get(key) for key in self.sizes(below)}

    def all_bytes(self):
        files = self.files()
        return "\n".join(files).encode() + b"".join(files.values())

    def ask(self, method, path, query=()):
        """A request with an empty body, signed as AWS's version 4 wants it."""
        query = "&".join(f"{name}={urllib.parse.quote(value, safe='')}"
                         for name, value in sorted(dict(query).items()))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        empty = hashlib.sha256(b"").hexdigest()
        headers = {"host": self.authority, "x-amz-content-sha256": empty, "x-amz-date": now}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{empty}"
        scope = f"{now[:8]}/{ENVIRONMENT['AWS_REGION']}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), "sha256").digest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, "
                                    f"SignedHeaders={names}, Signature={key.hex()}")
        where = f"{self.server}{path}{'?' if query else ''}{query}"
        with OPEN(urllib.request.Request(where, method=method, headers=headers), timeout=30) as got:
            return got.read()
