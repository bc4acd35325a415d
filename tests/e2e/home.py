"""home.py: what the end-to-end tests share: homes, a bucket, the binary, and journals to put in.

A home is one device. The binary is run as a person's shell would run it, never linked, and is asked
for JSON. INKSEAL_BIN names it; INKSEAL_TEST_DATA is the folder with the real journal. Every home
and bucket of a test lies in one folder under TMPDIR, which is removed at its end.

Exit code 99 is a sanitizer's finding: no test expects it, so none can take it for an error.
"""
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

OK, ERROR, USAGE, PARTIAL = 0, 1, 2, 3
NOT_SET_UP, LOCKED, WRONG_KEY, GONE, REVOKED, ROLLBACK, BRAKE, ROOT = range(10, 18)
CODE_NAMES = {
    ERROR: "error", USAGE: "usage", PARTIAL: "partial", NOT_SET_UP: "not-set-up",
    LOCKED: "locked", WRONG_KEY: "wrong-key", GONE: "gone", REVOKED: "revoked",
    ROLLBACK: "rollback", BRAKE: "brake", ROOT: "root-mismatch",
}

BINARY = os.environ.get("INKSEAL_BIN", "inkseal")
PROJECT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("INKSEAL_TEST_DATA") or PROJECT.parent / "shared" / "data")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items()
       if not name.startswith("INKSEAL") and not name.lower().endswith("_proxy")},
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
    "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1",
    "LSAN_OPTIONS": "exitcode=99",
}
PROCESS_SECONDS = 180

Answer = collections.namedtuple("Answer", "code out err")
# Requests and bytes at the bucket; requests of the device to a gateway, if there is one.
Cost = collections.namedtuple("Cost", "requests bytes http")


class Home:
    """One device: a folder, and the binary run on it."""

    def __init__(self, test, path):
        self.test = test
        self.path = pathlib.Path(path)
        self.environment = {**ENVIRONMENT, "TMPDIR": str(test.folder)}

    def command(self, *args):
        return [BINARY, "--home", str(self.path), "--no-input", *map(str, args)]

    def start(self, *args, **options):
        """The command as a process, its three streams pipes; the caller waits for it."""
        return subprocess.Popen(
            self.command(*args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.environment, cwd=self.path.parent, **options)

    def run(self, *args, text="", code=OK, **options):
        """Runs the command to its end; its exit code must be code, or one of a set of codes."""
        process = self.start(*args, **options)
        data = text if isinstance(text, bytes) else text.encode()
        try:
            out, err = process.communicate(data, timeout=PROCESS_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        answer = Answer(process.returncode, out.decode(), err.decode())
        codes = {code} if isinstance(code, int) else code
        if answer.code not in codes:
            self.test.fail(f"{' '.join(self.command(*args))[:300]}\n"
                           f"exit code {answer.code}, not {codes}\n"
                           f"{answer.out[-2000:]}{answer.err[-4000:]}")
        return answer

    def json(self, *args, **options):
        return json.loads(self.run("--json", *args, **options).out)

    def fails(self, code, *args, says=None, **options):
        """The command must fail with this code, and say why. Gives message and hint as one text."""
        answer = self.run("--json", *args, code=code, **options)
        return self.test.check_error(answer, says)

    def lines(self, *args):
        return [json.loads(line) for line in self.run("--json", *args).out.splitlines()]

    # What people do.

    def new(self, title, content):
        return self.json("new", "--title", title, text=content)["id"]

    def edit(self, entry, content):
        return self.json("edit", entry, text=content)

    def sync(self, *args, **options):
        return self.json("sync", *args, **options)

    def sync_on(self, place):
        return self.json("sync", "on", place.url, *place.admission())

    def recover(self, place, code, *args):
        return self.json("recover", "--yes", place.option, place.url, *args, text=code)

    # What is looked at.

    def status(self):
        return self.json("status")

    def head(self):
        return self.status()["head"]

    def content(self, entry):
        return self.json("show", entry)["content"]

    def entries(self):
        """The live entries of the journal as the export has them, by id."""
        path = self.path.with_suffix(".export")
        self.run("--quiet", "export", "--format", "metadj", "-o", path)
        entries = json.loads(path.read_text("utf-8"))["entries"]
        path.unlink()
        by_id = {entry["id"]: entry for entry in entries}
        self.test.assertEqual(len(by_id), len(entries), "an id stands twice in the export")
        return by_id

    def import_entries(self, entries, code=OK):
        file = {"type": "metadj-nexus-journal", "version": 1,
                "createdAt": "2026-01-15T00:00:00.000Z", "encrypted": False, "entries": entries}
        return self.json("import", "-", text=json.dumps(file, ensure_ascii=False), code=code)

    def copy(self, name):
        """The whole home under another name, as `cp -r` makes it."""
        other = self.path.with_name(name)
        shutil.copytree(self.path, other)
        return Home(self.test, other)


class Bucket:
    """A folder as a bucket, and the test's own look into it.

    It is also a place: what a device syncs with. served.py has another, a gateway. A place has a url,
    the option by which `recover` is told of it, what lets a device in there, the cost of a sync, and
    the bucket behind it.
    """

    option = "--bucket"

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.url = f"dir:{path}"
        self.bucket = self

    def admission(self):
        return []

    def sync(self, home):
        """A sync: what it said, and its cost, by the device's own count of requests and bytes."""
        said = home.sync()
        return said, Cost(said["requests"], said["bytes"], None)

    def get(self, key):
        return (self.path / key).read_bytes()

    def sizes(self, below=""):
        return {key: len(data) for key, data in self.files(below).items()}

    def files(self, below=""):
        """Every object: its key and its bytes. Temp and lock files of the driver are none."""
        found = {}
        for path in sorted((self.path / below).rglob("*")):
            key = path.relative_to(self.path)
            if path.is_file() and not key.parts[0].startswith("."):
                found[str(key)] = path.read_bytes()
        return found

    def all_bytes(self):
        """Whatever lies in the folder, the driver's own files and all names too."""
        paths = [path for path in sorted(self.path.rglob("*"))]
        names = "\n".join(str(path.relative_to(self.path)) for path in paths).encode()
        return names + b"".join(path.read_bytes() for path in paths if path.is_file())

    def manifest(self, account):
        return self.path / "a" / account / "manifest"

    def copy(self, name):
        other = self.path.with_name(name)
        shutil.copytree(self.path, other)
        return Bucket(other)

    def replace_by(self, other):
        """The folder becomes what other was, as after a restored backup."""
        shutil.rmtree(self.path)
        shutil.copytree(other.path, self.path)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = 2000

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="inkseal-e2e.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.folder = pathlib.Path(folder)

    def skipTest(self, reason):
        lacks(reason)
        super().skipTest(reason)

    def home(self, name):
        return Home(self, self.folder / name)

    def bucket(self, name="bucket"):
        return Bucket(self.folder / name)

    def place(self, name="bucket"):
        """Where the homes sync, for tests that run in several places: the bucket itself."""
        return self.bucket(name)

    def pair(self, entries):
        """Two devices in step at one place: home A, home B, the place, what sync on said."""
        one, two, place = self.home("A"), self.home("B"), self.place()
        if entries:
            one.import_entries(entries)
        said = one.sync_on(place)
        one.sync()
        two.recover(place, said["recoveryCode"])
        one.sync()
        return one, two, place, said

    def check_error(self, answer, says=None):
        """An error is one JSON object: the code's name, a sentence, perhaps a hint."""
        error = json.loads(answer.err.splitlines()[-1])["error"]
        self.assertEqual(error["code"], CODE_NAMES[answer.code])
        text = "; ".join(error[name] for name in ("message", "hint") if name in error)
        self.assertGreater(len(error["message"]), 10, text)
        self.assertNotIn("\n", error["message"])
        self.assertNotIn("assert", text.lower())
        if says is not None:
            self.assertRegex(text, says)
        return text

    def assert_same_state(self, *homes):
        """One head, and one state root there."""
        places = [(said["head"], said["root"]) for said in map(Home.status, homes)]
        for place in places[1:]:
            self.assertEqual(place, places[0])

    def assert_equal_homes(self, *homes):
        """The same head, state root and export, entry for entry: gives these entries."""
        self.assert_same_state(*homes)
        exports = [home.entries() for home in homes]
        for export in exports[1:]:
            self.assert_same_entries(export, exports[0])
        return exports[0]

    def assert_same_entries(self, got, expected):
        """By id, so that a difference is one entry and not six megabytes."""
        self.assertEqual(set(got), set(expected))
        for entry, value in expected.items():
            self.assertEqual(got[entry], value, f"entry {entry}")

    def assert_whole(self, *homes):
        for home in homes:
            home.run("doctor")

    def settle(self, *homes):
        """Syncs until every home holds what all have pushed."""
        for home in homes + homes[:-1]:
            home.sync()


# ---- journals ----

WORDS = ("rain garden window letter morning bread river quiet station winter garden book walk "
         "kettle neighbour apple road light supper music paper lamp harbour hill").split()


def made_entry(source, number, title=None, content=None):
    """An entry of a made-up journal: about 900 bytes of words, a new day each."""
    text = content or " ".join(source.choice(WORDS) for _ in range(source.randint(60, 220)))
    day = f"{2015 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}"
    at = f"{day}T08:15:00.{number % 1000:03}Z"
    return {"id": f"00000000-0000-4000-8000-{number:012}", "title": title or f"Day {number}",
            "content": text, "createdAt": at, "updatedAt": at}


def made_journal(count, seed=1):
    source = random.Random(seed)
    return [made_entry(source, number) for number in range(count)]


def lacks(what):
    """Says what this machine has not for a test; scripts/test repeats these lines at its end."""
    print(f"not here: {what}", flush=True)


def real_journal():
    """The real journal's entries, or, said, a made-up one of 3,000 where it is absent."""
    packed = DATA / "pepys.json.zst"
    if packed.exists() and shutil.which("zstd"):
        text = subprocess.run(["zstd", "-dqc", packed], check=True, capture_output=True).stdout
        return json.loads(text)["entries"], True
    lacks("the real journal (pepys.json.zst in INKSEAL_TEST_DATA), or zstd to read it: 3,000 "
          "generated entries stand in for it")
    return made_journal(3000), False


def noise(source, length):
    """Text that no compression makes smaller than 3/4."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(source.choice(letters) for _ in range(length))
