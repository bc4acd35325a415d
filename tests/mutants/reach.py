"""Which lines each test program comes by: what it never reaches it cannot see, and need not run.

Found out by gcov, in a build of its own without optimization.
"""
import json
import pathlib
import re
import shutil
import subprocess

import run
from tree import ROOT, Broken, Tree, keep_known, read_known

FLAGS = "-O0 --coverage -fprofile-update=atomic"
# Counts are written at a process's good end: who has others, or ends otherwise, may lose some.
UNSURE = re.compile(r"\b(fork|vfork|posix_spawn|_exit|_Exit|quick_exit)\b")


class Reach:
    """folder: for what is running; path: where what was found out is kept."""

    def __init__(self, tree_folder, folder, path):
        # An object of another folder's build would write its counts there.
        self.tree = Tree(tree_folder, FLAGS, cached=False)
        self.folder, self.path = folder, path
        self.known = read_known(path)
        self.lines = {}  # (program, file): the lines that count, and those it comes by

    def learn(self, programs, files):
        """programs: {name: what names it}; files: {file: what names its text}."""
        wanted = [name for name, named in programs.items()
                  if any(f"{named} {file} {content}" not in self.known
                         for file, content in files.items())]
        if wanted:
            self.tree.configure()
            self.tree.build(wanted)
        for name, named in programs.items():
            if name in wanted:
                counted = self.count(name, files)
                for file, content in files.items():
                    self.known[f"{named} {file} {content}"] = counted and counted[file]
            for file, content in files.items():
                lines = self.known[f"{named} {file} {content}"]
                self.lines[(name, file)] = lines and tuple(map(set, lines))
        keep_known(self.path, self.known)

    def count(self, name, files):
        """{file: [lines that count, lines it came by]}; None: that is not sure."""
        program = self.tree.folder / "bin" / name
        called = subprocess.run(["nm", "-D", "-u", program], capture_output=True, text=True,
                                check=True).stdout
        if UNSURE.search(called):
            return None
        counts = self.folder / "counts"
        counts.mkdir(parents=True)
        try:
            ran = run.run([program], self.folder / name, 900, 900,
                          variables={"GCOV_PREFIX": str(counts)})
            if ran.how != "passed":
                raise Broken(f"{name} fails by itself, built with {FLAGS}\n{ran.output}")
            return {file: self.lines_of(counts, file) for file in files}
        finally:
            shutil.rmtree(counts)

    def lines_of(self, counts, file):
        words = self.tree.commands.words(file)
        thing = (self.tree.folder / words[words.index("-o") + 1]).with_suffix("")
        data = pathlib.Path(f"{counts}{thing}.gcda")
        if not data.exists():
            return [[], []]
        notes = pathlib.Path(f"{thing}.gcno")
        shutil.copy(notes, data.parent)
        told = subprocess.run(["gcov", "--json-format", "--stdout", data.name], cwd=data.parent,
                              capture_output=True, check=True).stdout
        lines, reached = set(), set()
        for part in json.loads(told)["files"]:
            if (pathlib.Path(self.tree.folder) / part["file"]).resolve() == ROOT / file:
                for line in part["lines"]:
                    lines.add(line["line_number"])
                    if line["count"] > 0:
                        reached.add(line["line_number"])
        return [sorted(lines), sorted(reached)]

    def comes_by(self, name, mutant):
        """False: the program never is where the mutant is."""
        lines = self.lines.get((name, mutant.file))
        if lines is None:
            return True
        span = set(range(mutant.span[0], mutant.span[1] + 1))
        return not span & lines[0] or bool(span & lines[1])
