#!/usr/bin/env python3
"""lying_test.py INKSEAL INKSEALD: what a device does when its gateway says without proof that the account was wiped,
when a gateway's URL is not encrypted, and when it has a name that the gateway does not go by."""
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

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


def serve(folder, port, *words):
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [INKSEALD, "serve", "--bucket", f"dir:{folder}/bucket", "--create", "open", "--listen",
             f"127.0.0.1:{port}", *words], stderr=log, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
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


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def synced_url(folder, home):
    return json.loads(run(folder, "--home", home, "status", "--json"))["url"]


def a_name_is_looked_at_first(folder):
    one, two, port = str(folder / "A"), str(folder / "B"), free_port()
    number, name = f"http://127.0.0.1:{port}", f"http://localhost:{port}"

    def refused(*words, **options):
        out = run(folder, *words, code=1, **options)
        assert "does not go by that name" in out and f"use {number}, or" in out, out

    process, _ = serve(folder, port, "--names", f"127.0.0.1:{port}")
    run(folder, "--home", one, "new", text="# Kept\n")
    refused("--home", one, "sync", "on", name)
    assert not list((folder / "bucket").glob("a/*"))  # no account, so no invite would be spent
    code = json.loads(run(folder, "--home", one, "sync", "on", number, "--json"))["recoveryCode"]
    run(folder, "--home", one, "sync")
    refused("--home", two, "recover", "--yes", "--gateway", name, text=code)
    assert synced_url(folder, two) is None
    refused("--home", one, "sync", "on", name)
    assert synced_url(folder, one) == number
    stop(process)

    process, _ = serve(folder, port, "--names", f"localhost:{port}")  # its operator changed the name
    out = run(folder, "--home", one, "sync", code=1)
    assert f"such as localhost:{port}" in out and "sync on URL" in out, out
    out = run(folder, "--home", one, "doctor", "--probe", code=1)
    assert "BAD   gateway" in out and f"use {name}, or" in out, out
    assert "the same gateway" in run(folder, "--home", one, "sync", "on", name)
    assert synced_url(folder, one) == name
    run(folder, "--home", one, "sync")
    assert "ok    gateway   it answers this device" in run(folder, "--home", one, "doctor", "--probe")
    stop(process)

    process, _ = serve(folder, port)  # none is set: this machine's names for where it listens
    for url in (number, name):
        run(folder, "--home", one, "sync", "off")
        run(folder, "--home", one, "sync", "on", url)
        run(folder, "--home", one, "sync")
        assert synced_url(folder, one) == url
    out = run(folder, "--home", two, "sync", "on", f"https://127.0.0.1:{port}", code=1)
    assert "begins with http://" in out, out
    (folder / "other").mkdir()
    other, other_port = serve(folder / "other", 0)
    for url in (f"http://127.0.0.1:{other_port}", f"dir:{folder}/bucket"):
        out = run(folder, "--home", one, "sync", "on", url, code=1)
        assert "already syncs with" in out and "wipe" not in out, out
    assert synced_url(folder, one) == name
    stop(other)
    stop(process)


class NoSyncs(http.server.BaseHTTPRequestHandler):
    """Passes on what is asked, and refuses what is told."""
    url = ""

    def do_GET(self):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + self.path) as answer:
            body = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_error(403)

    def log_message(self, *_):
        pass


def a_recovery_goes_on_at_another_url(folder):
    port, home = free_port(), str(folder / "B")
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoSyncs)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    NoSyncs.url = f"http://127.0.0.1:{port}"
    broken = f"127.0.0.1:{proxy.server_address[1]}"
    process, _ = serve(folder, port, "--names", f"127.0.0.1:{port},{broken}")
    run(folder, "--home", str(folder / "A"), "new", text="# Kept\n")
    made = json.loads(run(folder, "--home", str(folder / "A"), "sync", "on", NoSyncs.url, "--json"))
    run(folder, "--home", str(folder / "A"), "sync")
    again = ("--home", home, "recover", "--yes", "--gateway")
    run(folder, *again, f"http://{broken}", text=made["recoveryCode"], code=1)
    assert synced_url(folder, home) == f"http://{broken}"
    out = run(folder, *again, NoSyncs.url, text=made["recoveryCode"])
    assert "recovered: 1 entries" in out, out
    assert synced_url(folder, home) == NoSyncs.url
    run(folder, "--home", home, "sync")
    proxy.shutdown()
    proxy.server_close()
    stop(process)


def main():
    for case in (gone_needs_a_proof, plain_http_is_for_this_machine, a_name_is_looked_at_first,
                 a_recovery_goes_on_at_another_url):
        with tempfile.TemporaryDirectory() as folder:
            case(pathlib.Path(folder))


main()
