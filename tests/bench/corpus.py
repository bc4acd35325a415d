"""corpus.py: the journal that is measured: Markdown with front matter, and edits of one sentence.

Both come from the peers' own programs (gen.py and edit.py of the folder that INKSEAL_PEERS names), so
that rows compare with other tools' on the same corpus; where they are absent, from here, and the
output says which."""
import pathlib
import random
import re
import shutil
import subprocess
import sys

from servers import PEERS

WORDS = pathlib.Path("/usr/share/dict/american-english")  # what the peers' generator draws from


def own_entries(count, folder, seed=1):
    """Log-normal bodies (median 900 bytes) of Zipf-drawn made-up words."""
    rnd = random.Random(seed)
    syllables = [a + b for a in "bdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "el", "is")]
    words = ["".join(rnd.choices(syllables, k=rnd.randint(1, 4))) for _ in range(20000)]
    weights = [1 / (rank + 3.7) ** 1.05 for rank in range(len(words))]
    for number in range(count):
        length = min(65536, max(20, int(rnd.lognormvariate(6.8, 1.09))))
        body = ""
        while len(body) < length:
            body += " ".join(rnd.choices(words, weights, k=15)).capitalize() + ". "
        ident = "%032x" % rnd.getrandbits(128)
        ident = "-".join((ident[:8], ident[8:12], "4" + ident[13:16], "8" + ident[17:20], ident[20:]))
        stamp = "%04d-%02d-%02dT%02d:00:00Z" % (
            2021 + number * 5 // count, rnd.randint(1, 12), rnd.randint(1, 28), rnd.randint(0, 23))
        (folder / (ident[:13] + ".md")).write_text(
            "---\nid: %s\ntitle: %s\ncreatedAt: %s\nupdatedAt: %s\n---\n\n%s\n" % (
                ident, " ".join(rnd.choices(words, k=4)).capitalize(), stamp, stamp, body.rstrip()),
            "utf-8")


def own_edit(path, number):
    """Another sentence instead of one of the body's, and another updatedAt."""
    rnd = random.Random(1000 + number)
    head, body = path.read_text("utf-8").split("\n---\n\n", 1)
    head = re.sub("updatedAt: .*", "updatedAt: 2026-01-%02dT%02d:%02d:00Z" % (
        1 + number % 28, number % 24, number % 60), head)
    sentences = re.split(r"(?<=[.?!]) ", body.rstrip("\n"))
    sentences[rnd.randrange(len(sentences))] = (
        "Edited sentence number %d adds %08x and a few more words about the day." % (
            number, rnd.getrandbits(32)))
    path.write_text(head + "\n---\n\n" + " ".join(sentences) + "\n", "utf-8")


class Corpus:
    """A folder of entries, to be copied before it is edited."""

    def __init__(self, folder, source):
        self.folder = pathlib.Path(folder)
        self.source = source
        self.paths = sorted(self.folder.rglob("*.md"))
        self.raw = sum(path.stat().st_size for path in self.paths)

    @classmethod
    def make(cls, count, folder):
        folder.mkdir()
        if (PEERS / "gen.py").exists() and WORDS.exists():
            subprocess.run([sys.executable, PEERS / "gen.py", str(count), folder], check=True,
                           stdout=subprocess.DEVNULL)
            return cls(folder, "the peers' generator")
        own_entries(count, folder)
        return cls(folder, "its own generator: INKSEAL_PEERS or the word list wamerican is missing")

    def copy(self, folder):
        shutil.copytree(self.folder, folder)
        return Corpus(folder, self.source)

    def edit(self, number):
        """The number-th edit, made in the folder; the entry's id and its new text."""
        if (PEERS / "edit.py").exists():
            done = subprocess.run([sys.executable, PEERS / "edit.py", self.folder, str(number)],
                                  check=True, capture_output=True, text=True)
            path = pathlib.Path(done.stdout.rsplit(" ", 1)[0])
        else:
            path = random.Random(1000 + number).choice(self.paths)
            own_edit(path, number)
        head, body = path.read_text("utf-8").split("\n---\n\n", 1)
        return re.search("^id: (.*)$", head, re.M)[1], body
