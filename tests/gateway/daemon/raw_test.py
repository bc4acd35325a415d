#!/usr/bin/env python3
"""raw_test.py INKSEALD CASE: bytes on the wire that are no request, or that two readers could read in
two ways, whole and byte by byte. Behind each stands a request that would make an account. They are
refused, the connection is closed, and no account is made."""
import os
import pathlib
import re
import socket
import sys
import tempfile
import time

import cbor2

from gateway import CBOR, OCTETS, Account, Gateway, Reply

BINARY = ""
HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Type: application/cbor\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
END = b"\r\n"
CLOSE_S = 8

LENGTHS = {
    "twice and equal": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "twice and unequal": b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
    "twice, in other letters": b"Content-Length: 0\r\ncontent-length: 500\r\n\r\n",
    "a list": b"Content-Length: 0, 500\r\n\r\n",
    "a list of equals": b"Content-Length: 5, 5\r\n\r\nhello",
    "negative": b"Content-Length: -1\r\n\r\n",
    "signed": b"Content-Length: +5\r\n\r\nhello",
    "hexadecimal": b"Content-Length: 0x5\r\n\r\nhello",
    "octal, to some": b"Content-Length: 0005 \r\n\r\nhello",
    "with a blank inside": b"Content-Length: 5 5\r\n\r\nhello",
    "with a form feed": b"Content-Length: \x0c5\r\n\r\nhello",
    "with letters behind": b"Content-Length: 5five\r\n\r\nhello",
    "a fraction": b"Content-Length: 5.0\r\n\r\nhello",
    "empty": b"Content-Length:\r\n\r\n",
    "2^64 and 5": b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "2^63": b"Content-Length: 9223372036854775808\r\n\r\nhello",
    "2^32 and 5": b"Content-Length: 4294967301\r\n\r\nhello",
    "of 400 digits": b"Content-Length: " + 400 * b"9" + b"\r\n\r\nhello",
    "a blank before the colon": b"Content-Length : 5\r\n\r\nhello",
    "folded": b"Content-Length:\r\n 5\r\n\r\nhello",
    "behind a bare line feed": b"X: a\nContent-Length: 5\r\n\r\nhello",
    "behind a bare carriage return": b"X: a\rContent-Length: 5\r\n\r\nhello",
    "behind a NUL": b"X: a\0\r\nContent-Length: 5\r\n\r\nhello",
    "missing": b"\r\n",
}
CODINGS = {
    "chunked": CHUNKED + b"0\r\n\r\n",
    "chunked, with length": b"Content-Length: 5\r\n" + CHUNKED + b"0\r\n\r\n",
    "chunked, then length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "xchunked": b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello",
    "in capitals": b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n",
    "twice": b"Transfer-Encoding: identity\r\n" + CHUNKED + b"0\r\n\r\n",
    "folded": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "folded behind another": b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "behind a tab": b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
    "with a vertical tab": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\nhello",
    "with a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\nContent-Length: 5\r\n\r\nhello',
    "empty": b"Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
    "a size over 64 bits": CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size of 1,000 digits": CHUNKED + 1000 * b"f" + b"\r\nhello\r\n0\r\n\r\n",
    "a size of all bits": CHUNKED + b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a negative size": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size and a bare line feed": CHUNKED + b"5\nhello\n0\n\n",
    "an extension without end": CHUNKED + b"5;" + 10000 * b"a",
    "a trailer": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
}
LINES = {
    "a bare line feed after the request line": b"GET /healthz HTTP/1.1\nHost: a\r\n\r\n",
    "bare line feeds alone": b"GET /healthz HTTP/1.1\nHost: a\n\n",
    "a bare line feed at the end": HEAD + b"\n",
    "bare carriage returns": b"GET /healthz HTTP/1.1\rHost: a\r\r",
    "a blank line of blanks": HEAD + b" \r\n\r\n",
    "a blank before the first field": b"GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n",
    "a folded field": HEAD + b"X: a\r\n\tb\r\n\r\n",
    "a blank before a colon": HEAD + b"X : a\r\n\r\n",
    "a field without a colon": HEAD + b"X\r\n\r\n",
    "a field without a name": HEAD + b": a\r\n\r\n",
    "a NUL in a value": HEAD + b"X: a\0b\r\n\r\n",
    "a NUL in a name": HEAD + b"X\0Y: a\r\n\r\n",
    "a NUL in the path": b"GET /healthz\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a NUL at the start": b"\0" + HEAD + END,
    "an escape in a value": HEAD + b"X: \x1b[2J\r\n\r\n",
    "two hosts": HEAD + b"Host: b\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "10,000 fields": HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(10000)) + END,
    "10,000 empty fields of one name": HEAD + 10000 * b"X:\r\n" + END,
    "a field of a mebibyte": HEAD + b"X: " + (1 << 20) * b"a" + b"\r\n\r\n",
    "a name of a mebibyte": HEAD + (1 << 20) * b"a" + b": a\r\n\r\n",
    "a path of a mebibyte": b"GET /" + (1 << 20) * b"a" + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method of 64 KiB": 65536 * b"A" + b" /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n",
    "HTTP/0.9 and a field": b"GET /healthz\r\nHost: a\r\n\r\n",
    "HTTP/2 by its preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "HTTP/2.0": b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/1.10": b"GET /healthz HTTP/1.10\r\nHost: a\r\n\r\n",
    "http/1.1": b"GET /healthz http/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /healthz \r\nHost: a\r\n\r\n",
    "a blank behind the version": b"GET /healthz HTTP/1.1 \r\nHost: a\r\n\r\n",
    "two blanks": b"GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab for a blank": b"GET\t/healthz\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank in the path": b"GET /health z HTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank at the start": b" GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target": b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target of another": b"GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "an authority": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + 200 * b"\xa5" + b"\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
}
UNREAD = {  # well-formed, but refused before the body is read, which is what stands behind
    "a path that is none": (404, b"POST /v1/nothing HTTP/1.1\r\nHost: a\r\n"),
    "another method": (405, b"PUT /v1/sync HTTP/1.1\r\nHost: a\r\n"),
    "a body that belongs to none": (400, b"GET /healthz HTTP/1.1\r\nHost: a\r\n"),
    "another type": (415, b"POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"),
    "no signature": (401, POST),
    "no signature, and a wait": (401, POST + b"Expect: 100-continue\r\n"),
}


def read_to_end(connection, name):
    """Everything until it closes, which it must."""
    data = b""
    connection.settimeout(CLOSE_S)
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise AssertionError(f"{name}: it stays open after {data[:300]!r}") from None
    return data


def send(connection, pieces):
    """It may close in the middle."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for piece in pieces:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass


class Site:
    """A gateway at which anybody may make an account, and the request that makes one."""

    def __init__(self, folder):
        self.made = folder / "bucket" / "a"
        self.gateway = Gateway(BINARY, folder, "--bucket", f"dir:{folder}/bucket", "--create",
                               "open")
        account = Account("hidden")
        self.hidden = self.gateway.request("POST", "/v1/accounts", account.create(), CBOR)
        self.where = self.made / account.hex

    def refuses(self, name, text, statuses=range(400, 600)):
        for way, pieces in (("whole", [text + self.hidden]),
                            ("in pieces", [text[at:at + 1] for at in range(len(text))] +
                             [self.hidden])):
            if way == "in pieces" and len(text) > 400:
                continue
            with self.gateway.connect() as connection:
                send(connection, pieces)
                answer = read_to_end(connection, f"{name}, {way}")
            said = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d\d\d)", answer)]
            said = [status for status in said if status != 100]
            assert all(status in statuses for status in said), f"{name}, {way}: {answer[:500]!r}"
            assert not self.where.exists(), f"{name}, {way}: what stood behind it was done"

    def end(self):
        """It still serves; the hidden request is one that would have been done; each event has been
        one line of the log, whatever was sent."""
        with self.gateway.connect() as connection:
            connection.sendall(HEAD + END + self.hidden)
            assert Reply(connection).status == 200
            assert Reply(connection).status == 201
        assert self.where.exists()
        assert self.gateway.stop() == 0, self.gateway.log()
        for line in self.gateway.log().splitlines():
            assert re.match(r"t=\S+Z level=\w+ (id|event)=", line), line


def lengths_are_one_number(site):
    for name, text in LENGTHS.items():
        site.refuses(f"a length, {name}", POST + text)
        if name != "missing":
            site.refuses(f"a length on a GET, {name}", HEAD + text)


def bodies_are_not_coded(site):
    for name, text in CODINGS.items():
        site.refuses(f"a coding, {name}", POST + text)
        site.refuses(f"a coding on a GET, {name}", HEAD + text)
        site.refuses(f"a coding in HTTP/1.0, {name}", POST.replace(b"1.1", b"1.0", 1) + text)


def lines_are_lines(site):
    for name, text in LINES.items():
        site.refuses(name, text)


def a_body_that_is_not_read_is_no_request(site):
    for name, (status, head) in UNREAD.items():
        length = b"Content-Length: %d\r\n\r\n" % len(site.hidden)
        site.refuses(name, head + length, statuses=(status,))
    for length in (99999999, 6553601):
        site.refuses("a body too large", POST + b"Content-Length: %d\r\n\r\n" % length,
                     statuses=(413,))


def a_watcher_that_left_costs_nothing(site):
    """Whoever leaves while suspended is noticed when woken, as by a wipe; the others are answered."""
    gateway, account = site.gateway, Account("watched")
    assert gateway.ask("POST", "/v1/accounts", account.create(), CBOR).status == 201
    connections = []
    for _ in range(8):
        connections.append(gateway.connect())
        connections[-1].sendall(gateway.request("GET", "/v1/watch?seq=0", signer=account))
    await_metric(gateway, "inkseald_watchers 8")
    for connection in connections[::2]:
        # A reset, as of a machine that is switched off and on again.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    wipe(gateway, account)
    for connection in connections[1::2]:
        assert Reply(connection).status == 204
        connection.close()
    await_metric(gateway, "inkseald_watchers 0")
    await_metric(gateway, "inkseald_connections 0")


def wipe(gateway, account):
    reply = gateway.ask("POST", "/v1/sync", account.poll(), CBOR, signer=account)
    signed = account.wipe(gateway.authority, cbor2.loads(reply.body)[3])
    reply = gateway.ask("DELETE", f"/v1/accounts/{account.hex}", signed, OCTETS)
    assert reply.status == 200, reply.body


def await_metric(gateway, line):
    until = time.monotonic() + 15
    while f"{line}\n".encode() not in (body := gateway.metrics()):
        assert time.monotonic() < until, (line, body.decode())
        time.sleep(0.05)


CASES = [lengths_are_one_number, bodies_are_not_coded, lines_are_lines,
         a_body_that_is_not_read_is_no_request, a_watcher_that_left_costs_nothing]


def main():
    global BINARY
    BINARY = os.path.realpath(sys.argv[1])
    case = {case.__name__: case for case in CASES}[sys.argv[2]]
    with tempfile.TemporaryDirectory() as folder:
        site = Site(pathlib.Path(folder))
        try:
            case(site)
            site.end()
        finally:
            site.gateway.stop()


if __name__ == "__main__":
    main()
