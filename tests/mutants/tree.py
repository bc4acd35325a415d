"""The build that mutants are tried in: ordinary, optimized, without sanitizers.

A mutant costs one compilation and one link of each test program that has its file: the mutant's
object is linked in front of the libraries, so that nobody asks them for the original.
"""
import hashlib
import json
import pathlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLAGS = "-O2"  # asserts stay on


class Broken(Exception):
    """What has to work before any mutant is tried does not; says what."""


ROOM_MIN = 64 << 20  # bytes: with less, what fails may have failed for want of it


def need_room(folder):
    """A full disk is no news of a mutant."""
    if shutil.disk_usage(folder).free < ROOM_MIN:
        raise Broken(f"{folder}: less than {ROOM_MIN >> 20} MiB are free there: make room, and begin "
                     "again; what was found out before is kept")


def need_writable(*folders):
    """Where a build cannot be written, that is said before any tool trips over it."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as why:
            raise Broken(f"{folder} cannot be written ({why.strerror}), and what is built goes "
                         f"there: make it yours (chown -R {os.getuid()} build), remove it, "
                         "or copy the project to where you may write") from why


def read_known(path):
    """What was kept there by keep_known; nothing, if that was cut off."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def keep_known(path, known):
    written = path.with_suffix(".new")
    written.write_text(json.dumps(known))
    written.replace(path)


def _run(*command, cwd=ROOT):
    made = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    if made.returncode != 0:
        raise Broken(f"{shlex.join(map(str, command))}:\n{made.stdout}")
    return made.stdout


class Commands:
    """How each file is compiled, by a folder's compile_commands.json."""

    def __init__(self, folder):
        path = pathlib.Path(folder) / "compile_commands.json"
        try:
            rows = json.loads(path.read_text())
        except FileNotFoundError as why:
            raise Broken(f"{path}: no such file: it is made by configuring a build "
                         "(scripts/test does, and scripts/mutants --list)") from why
        except NotADirectoryError as why:
            raise Broken(f"{folder} is no folder of a build: build/asan is one, once "
                         "scripts/test has run") from why
        self.rows = {}
        for row in rows:
            words = shlex.split(row["command"])
            if pathlib.PurePath(words[0]).name == "ccache":
                words = words[1:]
            self.rows.setdefault(row["file"], words)

    def words(self, file):
        try:
            return self.rows[str(ROOT / file)]
        except KeyError as why:
            raise Broken(f"{file}: no target compiles it") from why

    def flags(self, file):
        """Those that say what the file means: for any compiler."""
        flags, words = [], iter(self.words(file)[1:])
        for word in words:
            if word in ("-include", "-isystem"):
                flags += [word, next(words)]
            elif word.startswith(("-D", "-I", "-std")):
                flags.append(word)
        return flags


class Program:
    """A test program: how it is linked, and what of ours is in it."""

    def __init__(self, tree, name):
        self.tree, self.name, self.path = tree, name, tree.folder / "bin" / name
        linking = _run("ninja", "-t", "commands", f"bin/{name}", cwd=tree.folder).splitlines()[-1]
        self.words = [word for word in shlex.split(linking) if word not in (":", "&&")]
        traced = _run(*self.words[:self.words.index("-o") + 1], "/dev/null",
                      *self.words[self.words.index("-o") + 2:], "-Wl,-t,-t", cwd=tree.folder)
        # The leak check needs nothing but to be linked; some bring a malloc of their own, or end
        # in the middle of things.
        self.leaks = not name.startswith("torture.") and name != "sim"
        self.members = set(re.findall(r"^\((.*\.a)\)(.*)\.o$", traced, re.MULTILINE))

    def link(self, target, thing=None):
        """The program, with thing in the place of its original; False: it can't be linked."""
        words = list(self.words)
        at = words.index("-o") + 1
        words[at:at + 1] = [str(target)] + ([str(thing)] if thing else [])
        if self.leaks:
            words.append("-fsanitize=leak")
        made = subprocess.run(words, cwd=self.tree.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
        return made.returncode == 0


class Tree:
    def __init__(self, folder, flags=FLAGS, cached=True):
        self.folder, self.flags, self.cached = pathlib.Path(folder), flags, cached
        self.commands = None
        self.programs = {}

    def configure(self):
        need_writable(self.folder)
        _run("cmake", "--preset", "dev", "-B", self.folder, "-DCMAKE_BUILD_TYPE=",
             "-DCMAKE_C_COMPILER=gcc", f"-DCMAKE_C_FLAGS={self.flags}",
             *([] if self.cached else ["-DCMAKE_C_COMPILER_LAUNCHER="]))
        self.commands = Commands(self.folder)

    def names(self):
        """All programs that it can build."""
        return re.findall(r"^bin/([^:]+): C_EXECUTABLE", _run(
            "ninja", "-t", "targets", "all", cwd=self.folder), re.MULTILINE)

    def build(self, names):
        _run("ninja", "-j", "2", *(f"bin/{name}" for name in names), cwd=self.folder)
        for name in names:
            self.programs.setdefault(name, Program(self, name))

    def member(self, file):
        """The library that a file is in, and its name there, as a link's trace calls them."""
        words = self.commands.words(file)
        thing = pathlib.PurePath(words[words.index("-o") + 1])
        folder, _, inside = str(thing).partition("/CMakeFiles/")
        target, _, name = inside.partition(".dir/")
        return f"{folder}/lib{target}.a", pathlib.PurePath(name).stem

    def holds(self, program, file):
        return self.member(file) in self.programs[program].members

    def compile(self, file, source, folder):
        """The object of a file with that text, and what names it; None: it is no C."""
        folder.mkdir(parents=True, exist_ok=True)
        text, thing = folder / pathlib.PurePath(file).name, folder / "mutant.o"
        text.write_bytes(source)
        words = self.commands.words(file)
        cut = words.index("-o")
        # The warnings that stop a build are not asked: most mistakes give none.
        made = subprocess.run(
            [*words[:cut], "-w", "-o", thing.name, "-c", text.name], cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            need_room(folder)
            return None
        return thing, hashlib.sha256(thing.read_bytes()).hexdigest()[:24]
