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

from home import BINARY, ERROR, LOCKED, OK, PROCESS_SECONDS, USAGE, Case
from terminal import Terminal

SHIM = os.environ.get("INKSEAL_CLOCK_SHIM")
CANCELLED = 130
KILLS = 10
READ_WAIT_SECONDS = 1  # who only reads waits no longer for another's lock
CONTENT_MAX = 4 << 20
TEXT = "# A title\n\nWhat was written.\n"
SAVES = re.compile(r"this saves it: (.*?)(?:[\r\n\"]|$)", re.M)
AT_ONCE = re.compile(r"close it, and run: (.*?) \(EDITOR='code --wait' makes it wait\)")


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

    def shell(self, home, command):
        """As pasted into another terminal, in another folder."""
        return subprocess.run(
            ["sh", "-c", command], capture_output=True, cwd="/", env={
                **home.environment, "PATH": f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}"})

    def saved_by(self, home, command):
        done = self.shell(home, command)
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
        """Several words, quotes; a file that is its owner's; backups go once the text is saved."""
        home = self.home("A")
        look = 'stat -c "modes %a" "$1" "$(dirname "$1")"'
        ended, said = Terminal(home, "new", editor=editor_of(look, 'echo "a  b" > "$1"')).end()
        self.assertEqual((ended, said.count("modes 600"), said.count("modes 700")), (OK, 1, 1), said)
        entry = said.split()[-1]
        self.assertEqual(home.content(entry), "a  b")
        self.failing(home, "new", editor=editor_of('rm "$1"'), code=CANCELLED)
        backups = writes("new text", 'echo secret > "$1~"', 'echo secret > "$1.~1~"')
        self.assertEqual(Terminal(home, "edit", entry, editor=backups).end()[0], OK)
        self.assert_none_left(home)
        self.assertEqual(home.content(entry), "new text")
        # Other files may be of a window that is still open: they stay, and are named.
        ended, said = Terminal(
            home, "edit", entry, editor=writes("newer", 'echo more > "$(dirname "$1")/.x.swp"')).end()
        self.assertEqual((ended, home.content(entry)), (OK, "newer"))
        swap, = home.path.glob("unsaved/*/.x.swp")
        self.assertIn(f"the text is saved; your editor left .x.swp in {swap.parent}", said)
        self.assertEqual([path.name for path in swap.parent.iterdir()], [".x.swp"])
        self.assertIn("your editor left .x.swp", home.run("doctor").out)

    def test_an_editor_that_does_not_wait(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        for args, code, says in ((["new"], CANCELLED, "is empty"), (["edit", entry], OK, "unchanged")):
            ended, said = Terminal(home, *args, editor="true").end()
            self.assertEqual(ended, code, said)
            self.assertIn(says, said)
            command, = AT_ONCE.findall(said)
            # Nothing was written so far: nobody is reminded of it, and a day later it goes.
            self.assertNotIn("unsaved", home.run("doctor").out)
            self.assertNotIn("is not saved yet", home.run("new", text="another").err)
            path, = self.left(home)
            # The window's save.
            path.write_text(TEXT)
            self.assertIn("unsaved", home.run("doctor").out)
            saved = self.saved_by(home, command)
            self.assertEqual(home.content(saved), TEXT.strip())
            self.assertEqual(saved == entry, args != ["new"])
        Terminal(home, "new", editor="true").end()
        path, = self.left(home)
        os.utime(path.parent, (time.time() - 25 * 3600,) * 2)
        home.run("new", text="another")
        self.assert_none_left(home)
        # Who looked at it, and left it as it was.
        ended, said = Terminal(home, "edit", entry, editor=editor_of("sleep 2.1")).end()
        self.assertEqual(ended, OK)
        self.assertIn("unchanged", said)
        self.assertNotIn("--wait", said)
        self.assert_none_left(home)

    def test_an_editors_own_files_are_kept(self):
        """A crashed editor's files may hold more than the file that it was opened on."""
        home = self.home("A")
        entry = home.new("Old", "old text")
        for args, name, code, says in ((["edit", entry], ".entry.md.swp", OK, "unchanged"),
                                       (["new"], "entry.md.save", ERROR, "is empty"),
                                       (["edit", entry], "entry.md~", OK, "unchanged")):
            crash = editor_of(f'echo "the text" > "$(dirname "$1")/{name}"', "kill -9 $$")
            said = self.failing(home, *args, editor=crash, code=ERROR)
            other, = home.path.glob(f"unsaved/*/{name}")
            # What it left is named before the command is, which does not take it away.
            self.assertRegex(said, f"(?s)your editor left {re.escape(name)} in "
                                   f"{re.escape(str(other.parent))}.*then this saves it: ")
            command, = SAVES.findall(said)
            self.assertEqual(SAVES.findall(home.run("doctor").out), [command])
            done = self.shell(home, command)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(says, done.stderr.decode())
            self.assertIn(f"your editor left {name}", done.stderr.decode())
            self.assertEqual(other.read_text(), "the text\n")
            # Brought into the file it is saved; even then the other file is for the person to remove.
            (other.parent / "entry.md").write_text(f"the text of {name}")
            done = self.shell(home, command)
            self.assertEqual(done.returncode, OK, done.stderr)
            self.assertIn("remove that folder", done.stderr.decode())
            self.assertEqual(home.content(done.stdout.decode().strip()), f"the text of {name}")
            self.assertEqual(list(other.parent.iterdir()), [other])
            subprocess.run(["rm", "-r", other.parent.parent], check=True)

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

    def stopped_waiting(self, home, number, *args, text, seconds=0.3):
        """Another holds the home's lock, and who waits for it is told to end: what is said."""
        with open(home.path / "lock", "r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            process = home.start(*args)
            process.stdin.write(text.encode())
            process.stdin.close()
            time.sleep(seconds)
            process.send_signal(number)
            self.assertEqual(process.wait(PROCESS_SECONDS), CANCELLED)
        said = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        return said

    def test_stopped_while_it_waits(self):
        """Who pipes a text, and then gives up waiting, still has it."""
        home = self.home("A")
        home.new("Old", "old text")
        for number in (signal.SIGINT, signal.SIGHUP):
            self.assert_kept(home, self.stopped_waiting(home, number, "new", text=TEXT), TEXT)

    def test_a_text_that_is_refused(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        for text, says in ((b"caf\xe9", "not UTF-8"), (b"x" * (CONTENT_MAX + 1), "longer than"),
                           (b"a\0b", "NUL byte"), (b"y" * (CONTENT_MAX + 9), "longer than")):
            source = self.folder / "source"
            source.write_bytes(text)
            editor = editor_of(f"cat {shlex.quote(str(source))} > \"$1\"")
            said = [self.failing(home, *args, editor=editor, code=ERROR)
                    for args in (["new"], ["edit", entry])]
            said += [home.run("edit", entry, text=text, code=ERROR).err]
            for path, kept in self.left(home).items():
                self.assertEqual(kept.removesuffix(b"\n"), text)
                one, = [one for one in said if str(path) in one]
                self.assertRegex(one, f"kept in {re.escape(str(path))}, but it .*{says}.*: mend it there")
                self.assertRegex(home.run("doctor").out, f"{re.escape(str(path))}, but it .*{says}")
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
        """No command can be named that finds the entry: a new one is offered."""
        home = self.home("A")
        home.new("Old", "old text")
        said = home.fails(ERROR, "edit", "nosuch", text=TEXT)
        command, = SAVES.findall(said)
        self.assertIn("inkseal list shows the ids", said)
        self.assertNotIn("nosuch <", said)
        self.assertEqual(home.content(self.saved_by(home, command)), TEXT.strip())
        # One that is there no more, while its text still is.
        entry = home.new("Old", "old text")
        said = self.failing(home, "edit", entry, editor=writes(TEXT, "exit 1"), code=ERROR)
        for path in home.path.glob("journal.db*"):
            path.unlink()
        home.new("Another", "another")
        done = self.shell(home, SAVES.findall(said)[0])
        self.assertEqual(done.returncode, ERROR)
        command, = SAVES.findall(done.stderr.decode())
        self.assertEqual(home.content(self.saved_by(home, command)), TEXT.strip())
        # And one for another entry than was asked for is still for that.
        entry = home.new("Old", "old text")
        said = self.failing(home, "edit", entry, editor=writes(TEXT, "exit 1"), code=ERROR)
        done = self.shell(home, SAVES.findall(said)[0].replace(entry, "nosuch"))
        self.assertEqual(SAVES.findall(done.stderr.decode()), SAVES.findall(said))
        self.assertEqual(home.content(self.saved_by(home, SAVES.findall(said)[0])), TEXT.strip())

    def test_an_editor_that_empties_its_file_and_fails(self):
        home = self.home("A")
        entry = home.new("Old", "old text")
        for args in (["new"], ["edit", entry]):
            said = self.failing(home, *args, editor=editor_of(': > "$1"; exit 1'), code=ERROR)
            self.assertNotIn("kept", said)
            self.assert_none_left(home)
        self.assertEqual(home.content(entry), "old text")

    def test_title_and_collection_are_kept(self):
        home = self.home("A")
        title = "It's \"mine\"\t\u202e"
        for args in (["new", "--collection", "drafts"], ["edit", home.new("Old", "old text")]):
            args += ["--title", title]
            said = [self.failing(home, *args, editor=writes(TEXT, "exit 1"), code=ERROR)]
            saved = self.assert_kept(home, said[0], TEXT)
            self.assertEqual(home.json("show", saved)["title"], title)
            if args[0] == "new":
                self.assertEqual(home.json("show", saved)["collection"], "drafts")
            journal = home.path / "journal.db"
            whole = journal.read_bytes()
            journal.write_text("rubbish")
            said = home.fails(ERROR, *args, text="piped")
            journal.write_bytes(whole)
            command, = SAVES.findall(said)
            saved = self.saved_by(home, command)
            entry = home.json("show", saved)
            self.assertEqual((entry["title"], entry["content"]), (title, "piped"))
        # What is named anew counts; what no entry can have is not asked for again.
        self.failing(home, "new", "--title", title, editor=writes(TEXT, "exit 1"), code=ERROR)
        path, = self.left(home)
        with open(path, "rb") as file:
            done = subprocess.run(home.command("new", "--title", "Other"), stdin=file,
                                  env=home.environment, capture_output=True, check=True)
        self.assertEqual(home.json("show", done.stdout.decode().strip())["title"], "Other")
        for args, says in ((["--title", "x" * 5000], "5000 bytes, and 4096"),
                           (["--collection", "../x"], "1 to 32 letters")):
            said = home.fails(USAGE, "new", *args, says=says, text=TEXT)
            self.assert_kept(home, said, TEXT)
            # And no editor is opened for it.
            said = self.failing(home, "new", *args, editor=writes(TEXT), code=USAGE)
            self.assertIn(says, said)
            self.assert_none_left(home)

    def test_the_home_is_named(self):
        """It was known to that one command alone, by a relative name too."""
        home = self.home("it's a home")
        ordinary = self.home(".local/share/inkseal")
        ordinary.path.mkdir(parents=True, mode=0o700)
        ordinary.new("Ordinary", "of the journal that is found where none is named")
        before = ordinary.entries()
        home.environment["HOME"] = str(self.folder)
        for value in (str(home.path), home.path.name):
            done = subprocess.run([BINARY, "new"], input=b"caf\xe9", capture_output=True,
                                  cwd=self.folder, env={**home.environment, "INKSEAL_HOME": value})
            self.assertEqual(done.returncode, ERROR)
            command, = SAVES.findall(done.stderr.decode())
            path, = self.left(home)
            path.write_text(TEXT)
            self.assertEqual(home.content(self.saved_by(home, command)), TEXT.strip())
        self.assertEqual(ordinary.entries(), before)

    def test_what_it_was_begun_on(self):
        """A text that is saved later is judged as one that was open all the while."""
        home = self.home("A")
        for how in ("editor", "pipe"):
            entry = home.new("Old", "old text")
            if how == "editor":
                said = self.failing(home, "edit", entry, editor=writes("mine", "exit 1"), code=ERROR)
            else:
                said = self.stopped_waiting(home, signal.SIGTERM, "edit", entry, text="mine",
                                            seconds=READ_WAIT_SECONDS + 1)
            home.edit(entry, "newer")
            command, = SAVES.findall(said)
            self.assertEqual(self.shell(home, command + " >/dev/null").returncode, OK)
            self.assert_none_left(home)
            copies = [home.json("show", one["id"]) for one in home.lines("list", "--conflicts")]
            copies = [copy["content"] for copy in copies if copy["conflictOf"] == entry]
            self.assertEqual({home.content(entry), *copies}, {"mine", "newer"})
        # What came back to what it was, or is there already, is no edit.
        for text, now in (("old text", "newer"), ("newer", "newer")):
            entry = home.new("Old", "old text")
            said = self.failing(home, "edit", entry, editor=writes("x", "exit 1"), code=ERROR)
            home.edit(entry, "newer")
            path, = self.left(home)
            path.write_text(text)
            done = self.shell(home, SAVES.findall(said)[0])
            self.assertIn(b"unchanged", done.stderr)
            self.assertEqual(home.content(entry), now)
            self.assert_none_left(home)
        # Another entry was begun on nothing of this one.
        entry, other = home.new("Old", "old text"), home.new("Other", "other text")
        said = self.failing(home, "edit", entry, editor=writes("mine", "exit 1"), code=ERROR)
        self.saved_by(home, SAVES.findall(said)[0].replace(entry, other))
        self.assertEqual((home.content(entry), home.content(other)), ("old text", "mine"))

    def test_stopped_while_it_reads(self):
        """What came of a text until then is kept."""
        home = self.home("A")
        home.new("Old", "old text")
        terminal = Terminal(home, "new", "--stdin")
        terminal.type("a line\nanother\n")
        time.sleep(0.5)  # it has no way to say that it read them
        terminal.type("\x03")
        code, said = terminal.end()
        self.assertEqual(code, CANCELLED)
        self.assert_kept(home, said, "a line\nanother\n")
        for number in (signal.SIGTERM, signal.SIGHUP):
            process = home.start("new", "--title", "T")
            process.stdin.write(TEXT.encode())
            process.stdin.flush()
            time.sleep(0.5)
            process.send_signal(number)
            self.assertEqual(process.wait(PROCESS_SECONDS), CANCELLED)
            said = process.stderr.read().decode()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
            self.assertEqual(home.json("show", self.assert_kept(home, said, TEXT))["title"], "T")
        # Nothing came: nothing is kept.
        process = home.start("new")
        time.sleep(0.3)
        process.terminate()
        _, err = process.communicate(timeout=PROCESS_SECONDS)
        self.assertNotIn(b"kept", err)
        self.assert_none_left(home)

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
