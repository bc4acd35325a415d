"""unsaved.py: a text is never lost on its way in: editors that fail, terminals that close, saves that
are refused, processes that are killed. The text stays in a file, which is named, and the command that is
named with it saves it. A full disk is in disk.py."""
import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import signal
import stat
import subprocess
import time
import unittest

from home import BINARY, ERROR, LOCKED, OK, PROCESS_SECONDS, Case
from terminal import Terminal

SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")
CANCELLED = 130
KILLS = 10
CONTENT_MAX = 4 << 20
TEXT = "# A title\n\nWhat was written.\n"
SAVES = re.compile(r"this saves it: (.*?)(?: \(your editor left files beside it|[\r\n\"]|$)", re.M)


def editor_of(*lines):
    """An editor that is a shell's script; the file is $1."""
    return shlex.join(["sh", "-c", "\n".join(lines), "editor"])


def writes(text, *then):
    return editor_of(f"printf %s {shlex.quote(text)} > \"$1\"", *then)


class Unsaved(Case):
    def left(self, home):
        """The files of texts left over, each with its text."""
        return {path: path.read_bytes() for path in sorted(home.path.glob("unsaved/*/entry.md"))}

    def assert_none_left(self, home):
        self.assertFalse((home.path / "unsaved").exists(),
                         subprocess.run(["ls", "-laR", home.path], capture_output=True).stdout)

    def assert_kept(self, home, said, text):
        """One text is left over, for its owner alone; what was said saves it, and then it is gone."""
        (path, kept), = self.left(home).items()
        self.assertEqual(kept.decode().removesuffix("\n"), text.removesuffix("\n"))
        self.assertIn(str(path.relative_to(home.path)), said)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        for folder in (path.parent, path.parent.parent):
            self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        told = SAVES.findall(said)
        self.assertEqual(len(told), 1, said)
        doctor = home.run("doctor").out
        self.assertEqual(SAVES.findall(doctor), told, doctor)
        other = home.run("new", text="another")
        self.assertIn("a text of before is not saved yet: inkseal doctor", other.err)
        return self.saved_by(home, told[0])

    def saved_by(self, home, command):
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, cwd="/", env={
                **home.environment, "PATH": f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assert_none_left(home)
        return done.stdout.decode().strip()

    def failing(self, home, *args, editor, code):
        ended, said = Terminal(home, *args, editor=editor).end()
        self.assertEqual(ended, code, said)
        return said

    def test_an_editor_that_fails(self):
        home = self.home("with space's")
        entry = home.new("Old", "old text")
        for how, code, says in (("exit 1", ERROR, "exit code 1"), ("kill -9 $$", ERROR, "signal 9"),
                                ("kill -INT 0", CANCELLED, "signal 2")):
            said = self.failing(home, "new", editor=writes(TEXT, how), code=code)
            self.assertIn(says, said)
            saved = self.assert_kept(home, said, TEXT)
            self.assertEqual(home.json("show", saved)["title"], "A title")
            text = f"another text, {how}\n"
            said = self.failing(home, "edit", entry, editor=writes(text, how), code=code)
            self.assertNotEqual(home.content(entry), text.strip())
            self.assertEqual(self.assert_kept(home, said, text), entry)
            self.assertEqual(home.content(entry), text.strip())
            # Nothing was written: there is nothing to keep.
            for args in (["new"], ["edit", entry]):
                said = self.failing(home, *args, editor=editor_of(how), code=code)
                self.assertNotIn("kept", said)
                self.assert_none_left(home)
        said = self.failing(home, "new", editor="no-such-editor", code=ERROR)
        self.assertIn("set VISUAL or EDITOR", said)
        self.assert_none_left(home)

    def test_what_an_editor_is_given(self):
        """Several words, quotes; a file that is its owner's; unchanged it is not saved, and gone."""
        home = self.home("A")
        look = 'stat -c "modes %a" "$1" "$(dirname "$1")"'
        ended, said = Terminal(home, "new", editor=editor_of(look, 'echo "a  b" > "$1"')).end()
        self.assertEqual((ended, said.count("modes 600"), said.count("modes 700")), (OK, 1, 1), said)
        entry = said.split()[-1]
        self.assertEqual(home.content(entry), "a  b")
        ended, said = Terminal(home, "edit", entry, editor="true").end()
        self.assertEqual(ended, OK)
        self.assertIn("unchanged", said)
        self.failing(home, "new", editor="true", code=CANCELLED)
        self.failing(home, "new", editor=editor_of('rm "$1"'), code=CANCELLED)
        # What an editor leaves beside a saved text goes with its folder.
        beside = writes("new text", 'echo secret > "$1~"', 'echo secret > "$(dirname "$1")/.swp"')
        self.assertEqual(Terminal(home, "edit", entry, editor=beside).end()[0], OK)
        self.assert_none_left(home)
        self.assertEqual(home.content(entry), "new text")

    def test_an_editors_own_files_are_kept(self):
        """A crashed editor's swap file may hold more than the file that it was opened on."""
        home = self.home("A")
        entry = home.new("Old", "old text")
        crash = editor_of('echo "the text" > "$(dirname "$1")/.entry.md.swp"', "kill -9 $$")
        said = self.failing(home, "edit", entry, editor=crash, code=ERROR)
        swap, = home.path.glob("unsaved/*/.entry.md.swp")
        self.assertEqual(swap.read_text(), "the text\n")
        self.assertIn(str(swap.parent), said)
        self.assertIn("left files beside it", home.run("doctor").out)

    def test_a_closed_terminal(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        terminal = Terminal(home, "edit", entry, editor=writes(TEXT, "echo open", "read line"))
        terminal.wait_for("open")
        self.assertNotIn("unsaved", home.run("doctor").out)  # it is being worked on
        terminal.close()
        self.assertEqual(terminal.end()[0], CANCELLED)
        self.assertEqual(home.content(entry), "old text")
        self.assertEqual(self.assert_kept(home, home.run("doctor").out, TEXT), entry)

    def test_a_signal_ends_the_editor_too(self):
        home = self.home("A")
        ready, editor = self.folder / "ready", self.folder / "editor"
        editor.write_text(f"#!/bin/sh\nprintf %s '{TEXT}' > \"$2\"\necho $$ > {ready}\n"
                          "while :; do sleep 0.01; done\n")
        editor.chmod(0o700)
        terminal = Terminal(home, "new", editor=f"{editor} --wait")
        deadline = time.monotonic() + PROCESS_SECONDS
        while not ready.exists() or not ready.read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        os.kill(terminal.pid, signal.SIGTERM)
        code, said = terminal.end()
        self.assertEqual(code, CANCELLED, said)
        with self.assertRaises(ProcessLookupError, msg="the editor runs on"):
            os.kill(int(ready.read_text()), 0)
        self.assert_kept(home, said, TEXT)

    @contextlib.contextmanager
    def locked(self, home):
        """The home's lock held here, and the program's wait for it soon over."""
        home.environment.update({
            "LD_PRELOAD": SHIM, "INKSEAL_CLOCK_SPEED": "100",
            "ASAN_OPTIONS": home.environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"})
        with open(home.path / "lock", "r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            yield
        del home.environment["LD_PRELOAD"]

    @unittest.skipUnless(SHIM, "INKSEAL_CLOCK_SHIM does not name the library that sets the clock")
    def test_a_home_that_is_locked(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        begun = time.monotonic()
        with self.locked(home):
            said = self.failing(home, "edit", entry, editor=writes(TEXT), code=LOCKED)
        self.assertEqual(self.assert_kept(home, said, TEXT), entry)
        for args in (["new"], ["edit", entry]):
            text = TEXT + " ".join(args)
            with self.locked(home):
                said = home.fails(LOCKED, *args, text=text, says="this saves it")
            self.assert_kept(home, said, text)
        # The same from a file: tried again from the kept one, it is kept once.
        with self.locked(home):
            said = home.fails(LOCKED, "new", text=TEXT)
            path, = self.left(home)
            with open(path, "rb") as file:
                process = subprocess.run(home.command("new"), stdin=file, env=home.environment,
                                         capture_output=True, cwd=home.path.parent)
            self.assertEqual(process.returncode, LOCKED)
            self.assertEqual(list(self.left(home)), [path])
        self.assert_kept(home, said, TEXT)
        self.assertLess(time.monotonic() - begun, 25, "the clock did not run faster")

    def test_stopped_while_it_waits(self):
        """Who pipes a text, and then gives up waiting, still has it."""
        home = self.home("A")
        home.new("Old", "old text")
        for number, code in ((signal.SIGINT, CANCELLED), (signal.SIGHUP, CANCELLED)):
            with open(home.path / "lock", "r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
                process = home.start("new")
                process.stdin.write(TEXT.encode())
                process.stdin.close()
                time.sleep(0.3)
                process.send_signal(number)
                self.assertEqual(process.wait(PROCESS_SECONDS), code)
            said = process.stderr.read().decode()
            process.stdout.close()
            process.stderr.close()
            self.assert_kept(home, said, TEXT)

    def test_a_text_that_is_refused(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        for text, says in ((b"caf\xe9", "not UTF-8"), (b"x" * (CONTENT_MAX + 1), "too long"),
                           (b"y" * (CONTENT_MAX + 9), "too long")):
            source = self.folder / "source"
            source.write_bytes(text)
            editor = editor_of(f"cat {shlex.quote(str(source))} > \"$1\"")
            said = [self.failing(home, *args, editor=editor, code=ERROR)
                    for args in (["new"], ["edit", entry])]
            said += [home.run("edit", entry, text=text, code=ERROR).err]
            for one, (path, kept) in zip(sorted(said, key=lambda one: SAVES.sub("", one)),
                                         self.left(home).items()):
                self.assertEqual(kept.removesuffix(b"\n"), text)
                self.assertIn(says, one)
                self.assertIn("your text is kept in /", one)
                self.assertTrue(any(str(path) in one for one in said), said)
            self.assertEqual(len(self.left(home)), 3)
            subprocess.run(["rm", "-r", home.path / "unsaved"], check=True)
            # Of a file the text is where it was.
            with open(source, "rb") as file:
                done = subprocess.run(home.command("new"), stdin=file, capture_output=True,
                                      env=home.environment, cwd=home.path.parent)
            self.assertEqual(done.returncode, ERROR)
            self.assertIn(says, done.stderr.decode())
            self.assert_none_left(home)
        self.assertEqual(home.content(entry), "old text")

    def test_a_journal_damaged_meanwhile(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        journal = home.path / "journal.db"
        whole = journal.read_bytes()
        said = self.failing(home, "edit", entry, code=ERROR,
                            editor=writes(TEXT, f"echo rubbish > {journal}"))
        piped = home.fails(ERROR, "edit", entry, text="piped")
        self.assertEqual(len(self.left(home)), 2)
        journal.write_bytes(whole)
        for (command,), text in ((SAVES.findall(said), TEXT.strip()), (SAVES.findall(piped), "piped")):
            subprocess.run(["sh", "-c", command.replace("inkseal", BINARY, 1)], check=True,
                           env=home.environment, stdout=subprocess.DEVNULL)
            self.assertEqual(home.content(entry), text)
        self.assert_none_left(home)

    def test_a_wrong_id(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        said = home.fails(ERROR, "edit", "nosuch", text=TEXT)
        command, = SAVES.findall(said)
        self.assertIn("inkseal list shows the ids", said)
        self.assertEqual(self.saved_by(home, command.replace("edit nosuch", f"edit {entry}")), entry)
        self.assertEqual(home.content(entry), TEXT.strip())

    def test_an_emptied_file_asks(self):
        home = self.home("A")
        for answer, code in (("\n", OK), ("k\n", OK), ("\x03", CANCELLED), ("e\n", OK), ("d\n", OK)):
            entry = home.new("Old", "old text")
            terminal = Terminal(home, "edit", entry, editor=writes(" \n"))
            terminal.wait_for("[K/d/e] ")
            terminal.type(answer)
            self.assertEqual(terminal.end()[0], code)
            self.assertEqual(home.content(entry), " " if answer == "e\n" else "old text")
            self.assertEqual("deletedAt" in home.json("show", entry), answer == "d\n")
            self.assert_none_left(home)
        # Nobody to ask: it is kept, and said.
        entry, errors = home.new("Old", "old text"), self.folder / "errors"
        terminal = Terminal(home, "edit", entry, editor=writes(""), errors_to=errors)
        self.assertEqual(terminal.end()[0], OK)
        self.assertIn("the old one is kept", errors.read_text())
        self.assertEqual(home.content(entry), "old text")
        self.assertIn("standard input is empty", home.fails(ERROR, "edit", entry))

    def test_kill_9(self):
        """At any moment the text is in the journal or in a file."""
        home = self.home("A")
        home.new("Old", "old text")
        in_journal = 0
        for number in range(KILLS):
            text = f"Text {number}"
            ready = self.folder / f"ready-{number}"
            terminal = Terminal(home, "new", editor=writes(text, f"echo > {ready}"))
            while not ready.exists():
                time.sleep(0.001)
            time.sleep(0.004 * number)
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
            terminal.close()
            entries = {entry["content"] for entry in home.entries().values()}
            self.assertTrue(text in entries or text.encode() in self.left(home).values(), text)
            in_journal += text in entries
        print(f"{in_journal} of {KILLS} in the journal, {len(self.left(home))} in files", flush=True)
        for path in self.left(home):
            with open(path, "rb") as file:
                subprocess.run(home.command("new"), stdin=file, env=home.environment, check=True,
                               capture_output=True)
        self.assertEqual(self.left(home), {})
        entries = {entry["content"] for entry in home.entries().values()}
        self.assertLessEqual({f"Text {number}" for number in range(KILLS)}, entries)


if __name__ == "__main__":
    unittest.main()
