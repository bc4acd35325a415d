#!/usr/bin/env python3
"""lying_test.py INKSEAL INKSEALD: what a device does when its gateway says without proof that the account was wiped, and
when a gateway's URL is not encrypted."""
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

INKSEAL, INKSEALD = map(os.path.realpath, sys.argv[1:3])
PROOFLESS = "without a signed proof"


class Liar(http.server.BaseHTTPRequestHandler):
    """410 to all that is asked, with what stands in `says`."""
    says = ("application/problem+json", b'{"code":"gone","detail":"the account was wiped"}')
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(410)
        self.send_header("Content-Type", self.says[0])
        self.send_header("Content-Length", str(len(self.says[1])))
        self.end_headers()
        self.wfile.write(self.says[1])

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def run(folder, *words, code=0, text=None, environment=None):
    done = subprocess.run([INKSEAL, *words], capture_output=True, text=True, timeout=60, input=text or "",
                          env={"HOME": str(folder), "PATH": "/usr/bin:/bin", **(environment or {})}, check=False)
    assert done.returncode == code, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def serve(folder, port):
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [INKSEALD, "serve", "--bucket", f"dir:{folder}/bucket", "--create", "open", "--listen",
             f"127.0.0.1:{port}"], stderr=log, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    until = time.monotonic() + 20
    while "event=ready" not in (folder / "log").read_text():
        assert time.monotonic() < until and process.poll() is None, (folder / "log").read_text()
        time.sleep(0.02)
    return process, int(re.search(r"listening message=127\.0\.0\.1:(\d+)", (folder / "log").read_text())[1])


def gone_needs_a_proof(folder):
    process, port = serve(folder, 0)
    home, url = ("--home", str(folder / "A")), f"http://127.0.0.1:{port}"
    run(folder, *home, "new", text="# Kept\n\nWhatever a gateway says.\n")
    made = json.loads(run(folder, *home, "sync", "on", url, "--json"))
    run(folder, *home, "sync")
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    liar = http.server.ThreadingHTTPServer(("127.0.0.1", port), Liar)
    threading.Thread(target=liar.serve_forever, daemon=True).start()
    for says in (Liar.says, ("text/html", b""), ("application/octet-stream", b"\x82\x40\x40"),
                 ("application/cbor", b"\xa0")):
        Liar.says = says
        for words in (["sync"], ["sync", "--json"]):
            run(folder, *home, "new", text="# More\n")
            out = run(folder, *home, *words, code=1)
            assert PROOFLESS in out and "sync stays on" in out, out
        assert "was wiped by" not in out
        assert json.loads(run(folder, *home, "status", "--json"))["sync"] != "off"
        out = run(folder, "--home", str(folder / "B"), "recover", "--yes", "--gateway", url,
                  text=made["recoveryCode"], code=1)
        assert PROOFLESS in out and "nothing was switched off" in out, out
    liar.shutdown()
    liar.server_close()
    process, _ = serve(folder, port)  # the honest one is back, and nothing was lost
    assert json.loads(run(folder, *home, "sync", "--json"))["pushed"] == 8
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def plain_http_is_for_this_machine(folder):
    home = ("--home", str(folder / "A"))
    far = ("http://gateway.example", "http://192.0.2.1:8737", "http://[2001:db8::1]", "http://localhost.example",
           "http://127.0.0.1.example")
    for url in far:
        for words in (["sync", "on", url], ["recover", "--gateway", url]):
            out = run(folder, *home, *words, code=2)
            assert "not encrypted" in out and "--insecure-http" in out, out
    near = ("http://localhost:1", "http://127.0.0.1:1", "http://127.9.9.9:1", "http://[::1]:1")
    for url in near:
        out = run(folder, *home, "sync", "on", url, code=1, environment={"http_proxy": "http://192.0.2.1:1"})
        assert "cannot be reached" in out, out  # and no proxy was asked
    out = run(folder, *home, "sync", "on", "http://gateway.invalid", "--insecure-http", code=1)
    assert "cannot be reached" in out, out
    run(folder, *home, "sync", "--insecure-http", code=2)


def main():
    for case in (gone_needs_a_proof, plain_http_is_for_this_machine):
        with tempfile.TemporaryDirectory() as folder:
            case(pathlib.Path(folder))


main()
