"""quirky.py: a small S3 store in memory that differs from others as it is told to.

It checks signatures as stores do, region and session token too. What it does otherwise stands in
`quirks`, a set of names, each explained where it is looked at; `rule` is asked about each request
first: "lost" lets it be done and its answer not be sent, "answered" says that the rule has answered.
"""
import hashlib
import hmac
import html
import http.server
import re
import socket
import threading
import urllib.parse

from home import ENVIRONMENT

BUCKET = "bucket"
ACCESS_KEY, SECRET_KEY = "AKQUIRKY", "quirky/secret+key"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # as many connections as a race may open at once

    def handle_error(self, request, client_address):
        pass  # a device that was killed hangs up


class QuirkyStore:
    def __init__(self, test, *quirks):
        self.quirks = set(quirks)
        self.objects = {}
        self.old = []           # (key, id, is a marker): what "versions" hides, newest last
        self.versioning = None  # or what ?versioning says
        self.region = None      # or the one that requests must be signed for
        self.token = None       # or the session token that they must carry
        self.rule = lambda request: None
        self.requests = []      # method and target of each
        self.lock = threading.RLock()
        store = self

        class Bound(Handler):
            pass
        Bound.store = store
        self.server = Server(("127.0.0.1", 0), Bound)
        self.port = self.server.server_address[1]
        self.url = f"s3:http://127.0.0.1:{self.port}/{BUCKET}/pre"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def environment(self, **more):
        """A device's or a gateway's: its credentials alone, and no file of this machine's."""
        plain = {name: value for name, value in ENVIRONMENT.items()
                 if not name.startswith("AWS_")}
        return {**plain, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_CONFIG_FILE": "/dev/null", **more}

    def keys(self, part=""):
        with self.lock:
            return sorted(key for key in self.objects if part in key)

    def count(self, method, part=""):
        with self.lock:
            return sum(1 for way, target in self.requests if way == method and part in target)


def quoted(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


def signature(secret, scope, text):
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, status, body=b"", **headers):
        if self.lost:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def error(self, status, code, more="", **headers):
        text = f"{XML}<Error><Code>{code}</Code><Message>told to</Message>{more}</Error>"
        if "blank-lines" in self.store.quirks:  # before the document
            text = "\ufeff\r\n\n" + text
        self.send(status, text.encode(), **headers)

    def xml(self, root, text):
        self.send(200, f"{XML}<{root}>{text}</{root}>".encode(), Content_Type="application/xml")

    def refusal(self, body):
        """Why the store does not take who asks; or None."""
        store = self.store
        match = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/([^/]+)/s3/aws4_request), ?"
            r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
            self.headers.get("Authorization", ""))
        if not match:
            return 403, "AccessDenied"
        key, scope, region, names, given = match.groups()
        if key != ACCESS_KEY:
            return 403, "InvalidAccessKeyId"
        if store.region not in (None, region):
            return 400, "AuthorizationHeaderMalformed"
        if store.token is not None and self.headers.get("x-amz-security-token") != store.token:
            return 400, "ExpiredToken"
        path, _, query = self.path.partition("?")
        digest = self.headers.get("x-amz-content-sha256", "")
        if digest != hashlib.sha256(body).hexdigest():
            return 400, "XAmzContentSHA256Mismatch"
        lines = "".join(f"{name}:{self.headers.get(name, '').strip()}\n"
                        for name in names.split(";"))
        pairs = "&".join(sorted(query.split("&"))) if query else ""
        whole = "\n".join([self.command, path, pairs, lines, names, digest])
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], scope,
                          hashlib.sha256(whole.encode()).hexdigest()])
        if signature(SECRET_KEY, scope, text) != given:
            return 403, "SignatureDoesNotMatch"
        return None

    def refuse(self, status, code):
        more, headers = "", {}
        if code == "AuthorizationHeaderMalformed":
            if "region-in-error" in self.store.quirks:
                more = f"<Region>{self.store.region}</Region>"
            if "region-of-bucket" in self.store.quirks and self.command == "HEAD":
                headers = {"x_amz_bucket_region": self.store.region}
        self.error(status, code, more, **headers)

    def answer(self):
        store = self.store
        self.early = None
        if "checks-early" in store.quirks and self.command == "PUT":  # what comes between is lost
            self.early = self.condition_holds(self.path.removeprefix(f"/{BUCKET}/"))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with store.lock:
            store.requests.append((self.command, self.path))
            self.lost = False
            told = store.rule(self)
            if told == "answered":
                return
            self.lost = told == "lost"
            refusal = self.refusal(body)
            if refusal:
                self.refuse(*refusal)
                return
            path, _, query = self.path.partition("?")
            self.query = urllib.parse.parse_qs(query, keep_blank_values=True)
            bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
            if bucket != BUCKET:
                self.error(404, "NoSuchBucket")
            elif key:
                getattr(self, f"object_{self.command.lower()}")(key, body)
            elif self.command == "POST":
                self.delete_many(body)
            else:
                self.list()
    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = answer

    def tag(self, key):
        data = self.store.objects.get(key)
        return None if data is None else hashlib.md5(data).hexdigest()

    def object_get(self, key, _):
        tag = self.tag(key)
        if tag is None:
            self.error(404, "NoSuchKey")
        elif (self.headers.get("If-None-Match") or "").strip('"') == tag:
            self.send(304, ETag=f'"{tag}"')
        elif "gzip" in self.store.quirks:  # a proxy that says so of what it passes on
            self.send(200, self.store.objects[key], ETag=f'W/"{tag}"', Content_Encoding="gzip")
        else:
            self.send(200, self.store.objects[key], ETag=f'"{tag}"')

    def object_head(self, key, _):
        tag = self.tag(key)
        self.send(200 if tag else 404, **({"ETag": f'"{tag}"'} if tag else {}))

    def condition_holds(self, key):
        tag = self.tag(key)
        match = (self.headers.get("If-Match") or "").strip('"')
        if "no-conditions" in self.store.quirks:
            return True
        return (match in ("", tag) and
                not (self.headers.get("If-None-Match") == "*" and tag is not None))

    def object_put(self, key, body):
        holds = self.condition_holds(key) if self.early is None else self.early
        if "read-only" in self.store.quirks:
            self.error(403, "AccessDenied")
        elif not holds:
            self.error(412, "PreconditionFailed")
        else:
            self.keep_version(key)
            self.store.objects[key] = body
            self.send(200, ETag=f'"{self.tag(key)}"')

    def keep_version(self, key):
        store = self.store
        if store.versioning and key in store.objects:
            store.old.append((key, f"v{len(store.requests)}", False))

    def remove(self, key, version=None):
        store = self.store
        if version:
            store.old = [one for one in store.old if one[:2] != (key, version)]
        elif "deaf" not in store.quirks:  # else it says that it removes, and keeps
            self.keep_version(key)
            if store.objects.pop(key, None) is not None and store.versioning:
                store.old.append((key, f"m{len(store.requests)}-{len(store.old)}", True))

    def object_delete(self, key, _):
        self.remove(key, self.query.get("versionId", [None])[0])
        self.send(204)

    def delete_many(self, body):
        store = self.store
        for status, code in ((501, "NotImplemented"), (405, "MethodNotAllowed"),
                             (400, "InvalidArgument"), (404, "")):
            if f"no-bulk-{status}" in store.quirks:  # many at once are unknown
                self.error(status, code)
                return
        for text in re.findall(r"<Object>(.*?)</Object>", body.decode()):
            key = html.unescape(re.search(r"<Key>(.*?)</Key>", text)[1])
            version = re.search(r"<VersionId>(.*?)</VersionId>", text)
            self.remove(key, version and html.unescape(version[1]))
        self.xml("DeleteResult", "")

    def list(self):
        store = self.store
        if "versioning" in self.query:
            status = f"<Status>{store.versioning}</Status>" if store.versioning else ""
            self.xml("VersioningConfiguration", status)
        elif "uploads" in self.query:
            self.xml("ListMultipartUploadsResult", "<IsTruncated>false</IsTruncated>")
        elif "versions" in self.query and "versions-ignored" not in store.quirks:
            for status in (501, 400, 403):
                if f"no-versions-{status}" in store.quirks:
                    self.error(status, "AccessDenied" if status == 403 else "NotImplemented")
                    return
            self.list_versions()
        else:
            self.list_objects()

    def list_versions(self):
        prefix = self.query.get("prefix", [""])[0]
        text = "".join(
            f"<{kind}><Key>{html.escape(key)}</Key><VersionId>{version}</VersionId>"
            f"<IsLatest>false</IsLatest></{kind}>"
            for key, version, marker in self.store.old if key.startswith(prefix)
            for kind in ("DeleteMarker" if marker else "Version",))
        self.xml("ListVersionsResult", f"<IsTruncated>false</IsTruncated>{text}")

    def list_objects(self):
        prefix = self.query.get("prefix", [""])[0]
        after = self.query.get("continuation-token", self.query.get("start-after", [""]))[0]
        keys = [key for key in sorted(self.store.objects) if key.startswith(prefix) and key > after]
        page = keys[:int(self.query.get("max-keys", ["1000"])[0])]
        more = len(keys) > len(page)
        text = "".join(
            f"<Contents><Key>{html.escape(key)}</Key>"
            f"<Size>{len(self.store.objects[key])}</Size></Contents>" for key in page)
        if more:
            text += f"<NextContinuationToken>{html.escape(page[-1])}</NextContinuationToken>"
        self.xml("ListBucketResult", f"<IsTruncated>{str(more).lower()}</IsTruncated>{text}")
