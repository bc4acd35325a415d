"""shown.py: what came from outside reaches a terminal through one filter: an entry and a device of another
member, a store's and a gateway's messages, names of files. Pipes have the exact bytes, JSON has one value
on both."""
import http.server
import json
import os
import random
import re
import subprocess
import threading
import unittest

from home import ERROR, OK, PARTIAL, Case, Home, made_entry
from quirky import Server
from terminal import Terminal

INKSEALD = os.environ.get("INKSEALD_BIN", "inkseald")
# Clears, a title for the window, C1, DEL, an override, a zero width space, a tag, an emoji of two.
EVIL = "a\x1b[2J\x1b]0;owned\x07\x9b1m\x7f gnp\u202eexe\u200b\U000e0041 \U0001f469\u200d\U0001f33e"
SHOWN = (r"a\u001B[2J\u001B]0;owned\u0007\u009B1m\u007F gnp\u202Eexe\u200B\uDB40\uDC41 "
         "\U0001f469\u200d\U0001f33e")
NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff"
                   "\U000e0000-\U000e0fff\udc80-\udcff]")


class Shown(Case):
    def check(self, shown, *, says):
        found = NEVER.search(shown.replace("\r\n", "\n"))
        self.assertIsNone(found, f"{found!r} in {shown!r}")
        self.assertIn(says, shown)

    def at_terminal(self, home, *args, code=OK, says=SHOWN):
        ended, shown = Terminal(home, *args).end()
        self.assertEqual(ended, code, shown)
        self.check(shown, says=says)
        return shown

    def test_a_hostile_member(self):
        one, two, bucket = self.home("A"), self.home("B"), self.bucket()
        entry = {**made_entry(random.Random(1), 1), "id": "evil" + EVIL[1:9] + "x", "title": EVIL,
                 "content": f"first {EVIL}\nsecond\tline\r\n", "collection": "journal"}
        said = one.json("sync", "on", "--name", EVIL[:20], bucket.url)
        one.import_entries([entry])
        one.sync()
        two.recover(bucket, said["recoveryCode"])
        identity = two.lines("list")[0]["id"]
        self.assertEqual(two.json("show", identity)["title"], EVIL)
        shown = self.at_terminal(two, "show", identity)
        self.check(shown, says=f"first {SHOWN}")
        self.assertIn("second\tline", shown)
        for args in (["list"], ["search", "first"], ["list", "--json"], ["show", identity, "--json"],
                     ["export", "-o", "-"], ["list", "--collection", "journal"]):
            says = SHOWN[:8] if "--json" not in args and "export" not in args else "gnp"
            shown = self.at_terminal(two, *args, says=says)
            if "--json" in args or "export" in args:
                value = json.loads(shown)
                value = value["entries"][0] if "export" in args else value
                self.assertEqual(value["title"], EVIL)
        self.at_terminal(two, "history", identity, says="pulled")
        self.at_terminal(two, "log", says="pulled")
        self.at_terminal(two, "status", says="sync")
        self.at_terminal(two, "edit", "nosuch" + EVIL, "--no-input", code=ERROR, says=SHOWN[:6])
        # A pipe has what was written; only a row of a list is one line.
        self.assertIn(EVIL, two.run("show", identity).out.replace("title      ", ""))
        self.assertIn(f"first {EVIL}\nsecond\tline\r\n", two.run("show", identity).out)
        self.assertEqual(len(two.run("list").out.splitlines()), 1)

    def test_wide_letters_keep_their_columns(self):
        home = self.home("A")
        home.new("\u65e5" * 60, "wide")
        home.new("e\u0301" * 80, "combining")
        shown = self.at_terminal(home, "list", says="\u65e5" * 30)
        self.assertNotIn("\u65e5" * 31, shown)
        self.assertIn("e\u0301" * 60, shown)
        self.assertNotIn("e\u0301" * 61, shown)

    def test_names_of_files(self):
        home, folder = self.home("A"), self.folder / "notes"
        folder.mkdir()
        (folder / f"{EVIL.replace('/', '')}.md").write_bytes(b"caf\xe9")
        shown = self.at_terminal(home, "import", str(folder), code=PARTIAL, says="left out: ")
        self.assertIn("gnp", shown)
        name = os.fsencode(self.folder) + b"/no\x1b[2J\xff\n"
        done = subprocess.run([*home.command("import"), name], env=home.environment, capture_output=True)
        self.assertEqual(done.returncode, ERROR)
        self.assertIn(b"no\\u001B[2J\xef\xbf\xbd ", done.stderr)
        done = subprocess.run([*home.command("--json", "import"), name], env=home.environment,
                              capture_output=True)
        self.check(json.loads(done.stderr)["error"]["message"], says="[2J\ufffd")

    def server(self, status, kind, body):
        """Whatever is asked, this is the answer."""
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status, "no\x1b[2J")
                self.send_header("Content-Type", kind)
                self.send_header("x-amz-bucket-region", "eu\x1b[2J\x9b")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def log_message(self, *_):
                pass

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def test_a_hostile_store(self):
        evil = "Denied\x9b2J\u202e\u200b"  # what XML lets stand
        body = f"<Error><Code>{evil}</Code><Message>{evil}</Message><Region>{evil}</Region></Error>"
        for status, says in ((403, "403"), (301, "301"), (400, "400")):
            url = f"s3:{self.server(status, 'application/xml', body.encode())}/bucket"
            home = self.home(f"{status}")
            home.environment.update({"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
            home.new("A", "text")
            self.at_terminal(home, "sync", "on", url, "--yes", code=ERROR, says=says)
            self.check(home.fails(ERROR, "sync", "on", url, "--yes"), says=says)
            # The operator reads the same store.
            done = subprocess.run([INKSEALD, "accounts", "--bucket", url], env=home.environment,
                                  capture_output=True, text=True)
            self.assertNotEqual(done.returncode, OK)
            self.check(done.stdout + done.stderr, says=says)

    def test_a_hostile_gateway(self):
        body = json.dumps({"title": EVIL, "detail": EVIL, "code": EVIL}).encode()
        for kind, says in (("application/problem+json", SHOWN), ("text/html; \x1b[2J", "not a gateway")):
            url = self.server(403, kind, body)
            home = Home(self, self.folder / kind[:4])
            home.new("A", "text")
            shown = self.at_terminal(home, "sync", "on", url, "--yes", "--invite", "token", code=ERROR,
                                     says=says)
            self.assertNotIn(EVIL, shown)
            self.check(home.fails(ERROR, "sync", "on", url, "--yes", "--invite", "token"), says=says)


if __name__ == "__main__":
    unittest.main()
