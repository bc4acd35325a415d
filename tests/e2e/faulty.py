"""faulty.py: an HTTP relay that misbehaves when it is told to, to be put in front of an S3 server or
of a gateway.

A relay asks its rule about each request, when its header is there. The rule gives nothing, and the
request is passed on and so is its answer; or it gives a fault, a function that does with both as it
likes. All in threads: a rule that counts takes the relay's lock.
"""
import re
import socket
import struct
import threading
import time

class Request:
    """The header of a request, and how long its body is."""

    def __init__(self, head):
        self.head = head
        self.method, self.target = head.split(b" ", 2)[:2]
        self.method, self.target = self.method.decode(), self.target.decode()
        self.length = header_number(head, b"content-length")


def header_number(head, name):
    found = re.search(rb"\r\n%s:[ \t]*([0-9]+)" % name, head, re.IGNORECASE)
    return int(found[1]) if found else 0


def read_head(stream):
    """Up to and with the empty line; b"": the other side has closed."""
    lines = []
    while not lines or lines[-1] != b"\r\n":
        line = stream.readline(65536)
        if not line.endswith(b"\n"):
            return b""
        lines.append(line)
    return b"".join(lines)


class Exchange:
    """One request and its answer, in the hands of a fault."""

    def __init__(self, relay, request, device, stream, server, answers):
        self.relay, self.request = relay, request
        self.device, self.stream = device, stream
        self.server, self.answers = server, answers

    def pieces(self):
        """The request's body, as it comes in."""
        left = self.request.length
        while left > 0:
            piece = self.stream.read1(min(left, 65536))
            if not piece:
                raise ConnectionError("the request ends early")
            left -= len(piece)
            yield piece

    def skip(self):
        for _ in self.pieces():
            pass

    def forward(self):
        """The whole request, to the server."""
        self.server.sendall(self.request.head)
        for piece in self.pieces():
            self.server.sendall(piece)

    def answer(self):
        """The server's whole answer."""
        head = read_head(self.answers)
        status = int(head.split(b" ", 2)[1]) if head else 0
        if re.search(rb"\r\ntransfer-encoding:", head, re.IGNORECASE):
            raise ConnectionError("the relay knows no chunks")
        if status in (204, 304) or self.request.method == "HEAD":
            return head
        return head + self.answers.read(header_number(head, b"content-length"))

    def reply(self, data):
        self.device.sendall(data)


def pass_on(exchange):
    exchange.forward()
    data = exchange.answer()
    exchange.reply(data)
    return bool(data)


# ---- faults: functions that do something with an exchange. True: its connection may stay. ----

def says(status, body="", *headers, applied=False):
    """The server is not asked; or it is (applied), and then this is what it is said to have said."""
    data = body.encode()
    head = "\r\n".join([f"HTTP/1.1 {status} Because", f"Content-Length: {len(data)}", *headers])

    def fault(exchange):
        if applied:
            exchange.forward()
            exchange.answer()
        else:
            exchange.skip()
        exchange.reply(head.encode() + b"\r\n\r\n" + data)
        return True
    return fault


def error(status, code, *headers, applied=False):
    """An error as S3 says it."""
    document = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
                f"<Message>told to</Message></Error>")
    return says(status, document, "Content-Type: application/xml", *headers, applied=applied)


def cut(part):
    """It is done, and this part of the answer comes back: from nothing, 0, to all but a byte, 1."""
    def fault(exchange):
        exchange.forward()
        data = exchange.answer()
        exchange.reply(data[:int(part * (len(data) - 1))])
        return False
    return fault


def slow(seconds):
    def fault(exchange):
        time.sleep(seconds)
        return pass_on(exchange)
    return fault


def hang_up(exchange):
    """Nothing is read, nothing is said."""
    exchange.device.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# ---- the relay ----

class FaultyRelay:
    def __init__(self, test, address):
        self.address = address
        self.rule = lambda request: None
        self.lock = threading.Lock()
        self.open = set()
        self.listener = None
        self.port = 0
        self.up()
        self.authority = f"127.0.0.1:{self.port}"
        test.addCleanup(self.down)

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.listener.settimeout(0.1)  # close() alone would not wake who waits in accept()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        """As a server that has ended: nobody listens, and all connections are cut."""
        self.listener.close()
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self, listener):
        while listener.fileno() >= 0:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(None)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, device):
        with self.lock:
            self.open.add(device)
        try:
            device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with device, device.makefile("rb") as stream, \
                    socket.create_connection(self.address) as server, \
                    server.makefile("rb") as answers:
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while head := read_head(stream):
                    request = Request(head)
                    fault = self.rule(request) or pass_on
                    if not fault(Exchange(self, request, device, stream, server, answers)):
                        break
        except OSError:  # either side has gone
            pass
        finally:
            device.close()
            with self.lock:
                self.open.discard(device)


def together(jobs):
    """Runs functions at once, each in a thread; the first error of theirs is raised here."""
    errors = []

    def run(job):
        try:
            job()
        except BaseException as problem:
            errors.append(problem)
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
