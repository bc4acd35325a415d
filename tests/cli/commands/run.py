#!/usr/bin/env python3
"""run.py INKSEAL TRANSCRIPT: runs a transcript's commands in a fresh folder and compares.

    # a remark                       $ COMMAND    by sh; INKSEAL stands in the PATH
    < a line of standard input       > a line of standard output
    2> a line of standard error      ? N          the exit code, if it is not 0
    > ...                            any lines, or none

What a command prints has to match whole, so no "2>" line means a silent standard error.
"% COMMAND" runs, without a shell, on a terminal of its own: then "> TEXT" waits until TEXT is shown, "< TEXT" types
it and a line feed ("< ^C" the interrupt key), "!> TEXT" must never have been shown; in this order.

In expected lines {n}, {hex}, {uuid}, {time}, {code} (a recovery code) and {any} stand for text of
that form, {name=hex} remembers it, and {name} is what was remembered, in commands and input too.
{tmp} is the fresh folder, {repo} the project's.
"""
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time

KINDS = {
    "n": r"[0-9]+",
    "hex": r"[0-9a-f]+",
    "uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z",
    "code": r"(?:[0-9A-Z]{7}-){10}[0-9A-Z]{7}",
    "any": r".*?",
}
PLACE = re.compile(r"\{(?:([a-z_]+)=)?([a-z_]+)\}")
TIMEOUT_S = 60


class Mismatch(Exception):
    pass


class Transcript:
    def __init__(self, binary, path, folder):
        self.known = {"tmp": folder, "repo": os.path.realpath(
            os.path.join(os.path.dirname(__file__), "../../.."))}
        self.folder = folder
        self.environment = {
            "PATH": os.path.dirname(os.path.realpath(binary)) + ":/usr/bin:/bin",
            "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb",
        }
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = value
        with open(path, encoding="utf-8") as file:
            self.steps = list(steps_of(file.read().split("\n")))

    def fill(self, text):
        """text with what is remembered put in."""
        return PLACE.sub(lambda m: self.known.get(m[2], m[0]) if not m[1] else m[0], text)

    def pattern(self, text):
        """The regular expression of an expected text; remembered names become groups."""
        out, at = "", 0
        for m in PLACE.finditer(text):
            out += re.escape(text[at:m.start()])
            at = m.end()
            if not m[1] and m[2] in self.known:
                out += re.escape(self.known[m[2]])
            elif m[2] in KINDS:
                out += f"(?P<{m[1]}>{KINDS[m[2]]})" if m[1] else f"(?:{KINDS[m[2]]})"
            else:
                out += re.escape(m[0])
        return out + re.escape(text[at:])

    def compare(self, what, expected, text):
        pattern = "".join(
            "(?:.*\n)*?" if line == "..." else self.pattern(line) + "\n" for line in expected)
        match = re.fullmatch(pattern, text)
        if match is None:
            raise Mismatch(f"{what}: expected\n{indent(expected)}\ngot\n"
                           f"{indent(text.splitlines())}")
        self.known.update(match.groupdict())

    def run(self):
        for number, command, lines in self.steps:
            try:
                if command[0] == "%":
                    self.run_terminal(self.fill(command[2:]), lines)
                else:
                    self.run_plain(self.fill(command[2:]), lines)
            except Mismatch as mismatch:
                raise Mismatch(f"line {number}: {command}\n{mismatch}") from None

    def run_plain(self, command, lines):
        stdin = "".join(self.fill(text) + "\n" for kind, text in lines if kind == "<")
        done = subprocess.run(
            ["/bin/sh", "-c", command], input=stdin.encode(), cwd=self.folder,
            env=self.environment, capture_output=True, timeout=TIMEOUT_S, check=False)
        self.check_code(done.returncode, lines, done.stderr.decode(errors="replace"))
        for what, kind, text in (("output", ">", done.stdout), ("errors", "2>", done.stderr)):
            self.compare(what, [line for k, line in lines if k == kind],
                         text.decode(errors="replace"))

    def check_code(self, code, lines, said):
        expected = [int(text) for kind, text in lines if kind == "?"] or [0]
        if code != expected[0]:
            raise Mismatch(f"exit code {code} instead of {expected[0]}\n{said}")

    def run_terminal(self, command, lines):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve("/usr/bin/env", ["env", *shlex.split(command)], self.environment)
        shown, start, code = "", 0, None
        try:
            for kind, text in lines:
                if kind == ">":
                    shown, start = self.wait_for(terminal, text, shown, start)
                elif kind == "<":
                    typed = b"\x03" if text == "^C" else self.fill(text).encode() + b"\n"
                    os.write(terminal, typed)
            while True:
                more = read_some(terminal, time.monotonic() + TIMEOUT_S)
                if not more:
                    break
                shown += more
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        finally:
            if code is None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            os.close(terminal)
        self.check_code(code, lines, shown)
        for kind, text in lines:
            if kind == "!>" and self.fill(text) in shown:
                raise Mismatch(f"shown, and must not be: {text}\n{shown}")

    def wait_for(self, terminal, text, shown, start):
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            match = re.compile(self.pattern(text)).search(shown, start)
            if match:
                self.known.update(match.groupdict())
                return shown, match.end()
            more = read_some(terminal, deadline)
            if not more:
                raise Mismatch(f"never shown: {text}\n{shown}")
            shown += more


def read_some(terminal, deadline):
    ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
    try:
        return os.read(terminal, 65536).decode(errors="replace") if ready else ""
    except OSError:  # the other end is closed
        return ""


def steps_of(lines):
    """(line number, command, [(kind, text)…]) for each command."""
    step = None
    for number, line in enumerate(lines, 1):
        kind, _, text = line.partition(" ")
        if line == "" or kind == "#":
            continue
        if kind in ("$", "%"):
            if step:
                yield step
            step = (number, line, [])
        elif step and kind in ("<", ">", "2>", "!>", "?"):
            step[2].append((kind, text))
        else:
            raise Mismatch(f"line {number}: not a transcript's line: {line}")
    if step:
        yield step


def indent(lines):
    return "\n".join("    " + line for line in lines)


def main():
    binary, path = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="inkseal-") as folder:
        try:
            transcript = Transcript(binary, path, os.path.realpath(folder))
            transcript.run()
        except Mismatch as mismatch:
            sys.exit(f"{path}: {mismatch}")
    print(f"{len(transcript.steps)} commands as expected")


main()
