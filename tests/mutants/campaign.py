"""A campaign: mutants are drawn, tried, and counted. scripts/mutants says what may be asked of it."""
import argparse
import collections
import concurrent.futures
import dataclasses
import fnmatch
import hashlib
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import generate
import results
import run
from reach import Reach
from tree import ROOT, Broken, Commands, Tree, keep_known, need_room, need_writable, read_known

BUILD = ROOT / "build/mutants"
UNIT, SIMULATOR, TIMEOUT = "unit tests", "simulator", "timeout"
# Each module, and the programs that are its unit tests. Those that want a server are none.
MODULES = {
    "cli/engine": ["engine_*_test", "torture.engine", "torture.engine_runs", "torture.formats"],
    "cli/store": ["store_*test"],
    "cli/remote": ["remote_*test", "gateway_*_test", "torture.gateway"],
    "gateway/account": ["account_*_test", "torture.account_*", "torture.log"],
    "gateway/bucket": ["bucket_*test", "probe_test", "s3_*_test", "crash.dir", "torture.bucket",
                       "torture.s3"],
    "gateway/net": ["net_*test", "s3_exchange_test", "bucket_s3_test", "remote_http*_test",
                    "torture.s3", "torture.gateway"],
    "gateway/http": ["http_*_test", "torture.http"],
    "schemas": ["schemas_*_test", "torture.codecs", "torture.formats"],
}
WANT_SERVERS = {"s3_servers_test", "s3_tls_test"}
SIMULATED = {"cli/engine", "cli/store", "gateway/account", "schemas"}
LEAKS_PROCESSOR_MAX = 5  # seconds
STALE = "equivalent.txt: %s: there is no such mutant any more: remove the row, or look with " \
    "--list --only how it reads now"


def say(text):
    print(f"== {text}", flush=True)


def module_of(file):
    return next((module for module in MODULES if file.startswith(module + "/")), None)


def all_files():
    return sorted(str(path.relative_to(ROOT)) for module in MODULES
                  for path in (ROOT / module).rglob("*.c"))


@dataclasses.dataclass
class Source:
    """A file of the product, and all its mutants."""
    file: str
    text: bytes
    content: str  # names its text
    mutants: list

    @classmethod
    def read(cls, file, commands):
        text = (ROOT / file).read_bytes()
        try:
            mutants = generate.mutants_of(file, ROOT / file, commands.flags(file))
        except generate.Unparsed as why:
            raise Broken(f"{file}: clang does not take it:\n{why}") from why
        return cls(file, text, hashlib.sha256(text).hexdigest()[:16], mutants)


def shuffled(sources, seed):
    """[(source, mutant)] in the seed's order. A mutant's place in it depends on nothing else, so a
    sample stays much the same while its file changes."""
    pairs = [(source, mutant) for source in sources for mutant in source.mutants]
    return sorted(pairs, key=lambda pair: hashlib.sha256(
        f"{seed}\n{pair[1].place}".encode()).digest())


class Baseline:
    """What each test program takes over code that is right: it must pass, or nothing can be told."""

    def __init__(self, tree, folder, path):
        self.tree, self.folder, self.path = tree, folder, path
        self.known = read_known(path)
        self.digests = {}

    def digest(self, name):
        if name not in self.digests:
            self.digests[name] = hashlib.sha256(
                (self.tree.folder / "bin" / name).read_bytes()).hexdigest()[:16]
        return self.digests[name]

    def once(self, name, command):
        self.folder.mkdir(exist_ok=True)
        if not self.tree.programs[name].link(self.folder / "program"):
            raise Broken(f"{name} cannot be linked")
        ran = run.run([self.folder / "program", *command], self.folder / name, 600, 600)
        if ran.how != "passed":
            raise Broken(f"{name} fails by itself: nothing can be told by it\n{ran.output}")
        return ran

    def measure(self, name, command):
        """[seconds, seconds of a processor], and whether it looks for leaks: where much is done,
        that takes its time, and the others look."""
        key = hashlib.sha256(" ".join([self.digest(name), *command]).encode()).hexdigest()[:16]
        program = self.tree.programs[name]
        if key not in self.known:
            ran = self.once(name, command)
            if program.leaks and ran.processor > LEAKS_PROCESSOR_MAX:
                program.leaks = False
                ran = self.once(name, command)
            self.known[key] = [round(ran.seconds, 3), round(ran.processor, 3), program.leaks]
            keep_known(self.path, self.known)
        *times, program.leaks = self.known[key]
        return times


def waits(one):
    """Whether a run sleeps more than it works: others may run at the same time."""
    seconds, processor = one[3]
    return one[0] == UNIT and seconds > 1 and processor < 0.15 * seconds


class Campaign:
    def __init__(self, options, work, tree, known, argued):
        self.options, self.work, self.tree = options, work, tree
        self.results, self.argued = known, argued
        self.baseline = None
        self.reach = None  # where it is not asked for: then each program may come by each line
        self.tests = {}  # of a module
        self.kills = collections.Counter()  # (file, program)
        self.until = None
        self.seconds = []
        self.spare = 10, 5  # seconds, and processor seconds, that a run may take beyond its share
        self.slots = queue.SimpleQueue()
        for slot in range(options.jobs):
            self.slots.put(work / f"slot{slot}")

    def prepare(self, files):
        """Builds the test programs of the files' modules."""
        self.tree.configure()
        there = self.tree.names()
        wanted = set()
        for module in {module_of(file) for file in files}:
            self.tests[module] = [name for name in there if name not in WANT_SERVERS and any(
                fnmatch.fnmatch(name, pattern) for pattern in MODULES[module])]
            wanted.update(self.tests[module], ["sim"] if module in SIMULATED else [])
        say(f"building {len(wanted)} test programs in {self.tree.folder.relative_to(ROOT)}: minutes, "
            "the first time")
        self.tree.build(sorted(wanted))
        self.baseline = Baseline(self.tree, self.work / "baseline", BUILD / "baseline.json")

    def at_once(self):
        return concurrent.futures.ThreadPoolExecutor(self.options.jobs)

    def learn_reach(self, sources):
        """Finds out which lines the unit tests come by."""
        self.reach = Reach(BUILD / "reach", self.work / "reach", BUILD / "reach.json")
        say("finding out which lines each of them comes by: what is new is built once more, and run, "
            "for minutes")
        for module, tests in self.tests.items():
            self.reach.learn(
                {name: self.baseline.digest(name) for name in tests},
                {source.file: source.content for source in sources
                 if module_of(source.file) == module})

    # What a mutant of a file is run by.

    def simulation(self):
        return ["--runs", str(self.options.sim_runs)]

    def runs(self, file):
        """[(stage, program, arguments, [seconds, processor seconds])], the likeliest first."""
        found = []
        for name in self.tests[module_of(file)]:
            if self.tree.holds(name, file):
                found.append((UNIT, name, [], self.baseline.measure(name, [])))
        found.sort(key=lambda one: -(self.kills[(file, one[1])] + 0.5) / (one[3][0] + 0.05))
        if module_of(file) in SIMULATED and self.tree.holds("sim", file):
            arguments = self.simulation()
            found.append((SIMULATOR, "sim", arguments, self.baseline.measure("sim", arguments)))
        return found

    def stamp(self, file):
        """Names the programs that a file's mutants are run by: a survivor of others is none yet."""
        names = sorted(self.baseline.digest(name) + " ".join(arguments)
                       for _, name, arguments, _ in self.runs(file))
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]

    # Which mutants count.

    def compiled(self, source, mutant):
        """Names its object; "": it is no C."""
        known = self.results.get(source.content, mutant).get("object")
        if known is None:
            slot = self.slots.get()
            try:
                made = self.tree.compile(source.file, mutant.applied(source.text), slot)
            finally:
                self.slots.put(slot)
            known = made[1] if made else ""
            self.results.add(source.content, mutant, object=known)
        return known

    def draw(self, pairs, wanted, pool):
        """The first of them that count, as many as wanted: they compile, to objects that are neither
        the original's nor each other's."""
        drawn, seen = [], {}
        for at in range(0, len(pairs), 16):
            if wanted and len(drawn) >= wanted:
                break
            some = pairs[at:at + 16]
            for pair, thing in zip(some, pool.map(lambda pair: self.compiled(*pair), some)):
                source = pair[0]
                if source.file not in seen:
                    made = self.tree.compile(source.file, source.text, self.work / "original")
                    seen[source.file] = {"", made[1]}
                if thing not in seen[source.file] and not (wanted and len(drawn) >= wanted):
                    seen[source.file].add(thing)
                    drawn.append(pair)
        return drawn

    # What becomes of one.

    def known(self, source, mutant):
        """What is known of it; None: it is to be run."""
        if mutant.place in self.argued:
            return {"killed": None, "argued": True}
        row = self.results.get(source.content, mutant)
        if row.get("killed") or row.get("survived") == self.stamp(source.file):
            return row
        return None

    def one_run(self, slot, one, together=run.everything):
        """How the mutant in the slot did in one of its runs."""
        stage, name, arguments, (seconds, processor) = one
        program = slot / name
        if not self.tree.programs[name].link(program, slot / "mutant.o"):
            need_room(slot)
            raise Broken(f"{name} cannot be linked with a mutant that compiles")
        ran = run.run([program, *arguments], slot / (name + ".run"), self.spare[0] + 6 * seconds,
                      self.spare[1] + int(4 * processor),
                      watch="failed:" if stage == SIMULATOR else None, together=together)
        program.unlink()
        return ran

    def first_failure(self, slot, runs):
        """Of runs that wait more than they work, all at once: (run, how it went) or None. What waits
        may be late for once, so a failure has to come again."""
        together, failures = run.Together(), []

        def one(what):
            ran = self.one_run(slot, what, together)
            if ran.how != "passed":
                with together.lock:
                    failures.append((what, ran))
                together.end_all()

        with concurrent.futures.ThreadPoolExecutor(max(len(runs), 1)) as pool:
            list(pool.map(one, runs))
        for what, ran in failures[:1]:
            again = self.one_run(slot, what)
            if again.how != "passed":
                return what, again
        return None

    def attempt(self, source, mutant, slot):
        self.tree.compile(source.file, mutant.applied(source.text), slot)
        runs = [one for one in self.runs(source.file) if self.reach is None or
                one[0] == SIMULATOR or self.reach.comes_by(one[1], mutant)]
        waiting = [one for one in runs if waits(one)]
        for one in [one for one in runs if one[0] == UNIT and one not in waiting] + [None] + [
                one for one in runs if one[0] == SIMULATOR]:
            if one is None:
                failure = self.first_failure(slot, waiting)
            else:
                ran = self.one_run(slot, one)
                failure = None if ran.how == "passed" else (one, ran)
            if failure:
                need_room(slot)
                (stage, name, _, _), ran = failure
                self.kills[(source.file, name)] += 1
                return {"killed": TIMEOUT if ran.how == "timeout" else stage, "by": name}
        return {"killed": None, "survived": self.stamp(source.file),
                "reached": any(one[0] == UNIT for one in runs)}

    def judge(self, source, mutant):
        """What becomes of it; None: there was no time left to see."""
        row = self.known(source, mutant)
        if row is not None:
            return row
        if run.everything.over or (self.until and time.monotonic() > self.until):
            return None
        slot, begun = self.slots.get(), time.monotonic()
        try:
            row = self.attempt(source, mutant, slot)
        finally:
            self.slots.put(slot)
        self.seconds.append(time.monotonic() - begun)
        row["seconds"] = round(self.seconds[-1], 1)
        self.results.add(source.content, mutant, file=source.file, **row)
        return row

    def all_of(self, pairs, wanted, pool):
        """[(source, mutant, row)] of the sample."""
        drawn = self.draw(pairs, wanted, pool)
        for source in {id(source): source for source, _ in drawn}.values():
            self.runs(source.file)  # measured while nothing else runs
        if self.options.minutes and self.until is None:
            self.until = time.monotonic() + self.options.minutes * 60
        rows = list(pool.map(lambda pair: self.judge(*pair), drawn))
        return [(*pair, row) for pair, row in zip(drawn, rows) if row is not None]


# What is printed.

def diff(source, mutant):
    """The lines that a mutant changes."""
    old = source.text.decode().splitlines()
    new = mutant.applied(source.text).decode().splitlines()
    changed = [i for i, (one, other) in enumerate(zip(old, new)) if one != other]
    return [f"\t@@ line {mutant.line}: {mutant.kind} @@"] + \
        ["\t-" + old[i] for i in changed] + ["\t+" + new[i] for i in changed]


class Table:
    COLUMNS = ("mutants", UNIT, SIMULATOR, TIMEOUT, "argued", "survived")

    def __init__(self):
        self.total, self.modules = collections.Counter(), {}
        self.survivors = []
        print(f"{'':36}" + "".join(f"{column:>11}" for column in self.COLUMNS) + "   killed")

    def line(self, name, counts):
        killed = counts[UNIT] + counts[SIMULATOR] + counts[TIMEOUT]
        share = f"{100 * killed / counts['mutants']:6.1f} %" if counts["mutants"] else ""
        print(f"{name:36}" + "".join(f"{counts[column]:11}" for column in self.COLUMNS) + share,
              flush=True)

    def add(self, name, rows):
        counts = collections.Counter(mutants=len(rows))
        for source, mutant, row in rows:
            how = row["killed"] or ("argued" if row.get("argued") else "survived")
            counts[how] += 1
            if how == "survived":
                self.survivors.append((source, mutant, row))
        self.total += counts
        if module_of(name):
            self.modules.setdefault(module_of(name), collections.Counter()).update(counts)
        self.line(name, counts)

    def end(self):
        for module, counts in self.modules.items():
            self.line(f"all of {module}", counts)
        self.line("all", self.total)
        for source, mutant, row in self.survivors:
            print("\n" + mutant.place + "\n" + "\n".join(diff(source, mutant)))
            if not row.get("reached", True):
                print("\tno unit test comes by")


def git(*command):
    made = subprocess.run(["git", "-c", "safe.directory=*", *command], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        raise Broken(f"git {command[0]}: {made.stderr.strip()}")
    return made.stdout.split()


def chosen(options):
    files = all_files()
    if options.paths:
        wanted = [os.path.relpath(pathlib.Path(path).resolve(), ROOT) for path in options.paths]
        for path in wanted:
            if not any(file == path or file.startswith(path + "/") for file in files):
                raise Broken(f"{path}: there is no such .c file, nor a folder with any, in "
                             f"{', '.join(MODULES)}")
        files = [file for file in files
                 if any(file == path or file.startswith(path + "/") for path in wanted)]
    if options.since:
        changed = set(git("diff", "--name-only", options.since, "HEAD"))
        files = [file for file in files if file in changed]
    return files


def read_argued():
    return results.read_argued(results.EQUIVALENT.read_text("utf-8"))


def check(options):
    """Whether each row of equivalent.txt is a mutant."""
    argued = read_argued()
    commands = Commands(options.check)
    files = sorted({place.partition(":")[0] for place in argued})
    mutants = []
    for file in files:
        if (ROOT / file).is_file() and module_of(file):
            mutants += Source.read(file, commands).mutants
    rows = results.stale(argued, mutants)
    for place in rows:
        print(STALE % place)
    if not rows:
        print(f"each of the {len(argued)} rows of equivalent.txt is a mutant")
    return 1 if rows else 0


def campaign(options, work):
    files = chosen(options)
    if not files:
        print("no mutants: no file with any has changed")
        return 0
    need_writable(BUILD)
    made = Campaign(options, work, Tree(BUILD / "tree"), results.Results(BUILD / "results.jsonl"),
                    read_argued())
    made.prepare(files)
    sources = [Source.read(file, made.tree.commands) for file in files]
    if options.only:
        for source in sources:
            source.mutants = [mutant for mutant in source.mutants if options.only in mutant.place]
    rows_stale = [] if options.only else results.stale(
        {place: why for place, why in made.argued.items() if place.partition(":")[0] in files},
        [mutant for source in sources for mutant in source.mutants])
    if not options.since:
        made.learn_reach(sources)
    table = Table()
    with made.at_once() as pool:
        if options.since:
            table.add(f"{len(files)} files, since {options.since}", made.all_of(
                shuffled(sources, git("rev-parse", "HEAD")[0]), options.sample, pool))
        else:
            for source in sources:
                table.add(source.file, made.all_of(
                    shuffled([source], options.seed), options.sample, pool))
    table.end()
    if made.seconds:
        times, count = os.times(), len(made.seconds)
        print("\n%d mutants were run; each took %.1f seconds in the mean, and with all that was "
              "built for them %.1f of a processor" % (
                  count, sum(made.seconds) / count,
                  (times.children_user + times.children_system) / count))
    for place in rows_stale:
        print(STALE % place)
    return 0


def arguments(usage):
    parser = argparse.ArgumentParser(
        description=usage, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", metavar="FILE|FOLDER")
    parser.add_argument("--sample", type=int, default=30, help="counted mutants a file; 0: all")
    parser.add_argument("--seed", default="1", help="draws the sample")
    parser.add_argument("--since", metavar="COMMIT",
                        help="--sample mutants in all, of the files changed since then, drawn by "
                             "the last commit's hash")
    parser.add_argument("--only", metavar="TEXT", help="only mutants whose row holds the text")
    parser.add_argument("--list", action="store_true", help="print all mutants, and try none")
    parser.add_argument("--check", metavar="BUILD", nargs="?", const=BUILD / "tree",
                        help="only look that each row of equivalent.txt is a mutant; BUILD has a "
                             "compile_commands.json")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--minutes", type=float, help="begin none after that, counted from the first")
    parser.add_argument("--sim-runs", type=int, default=20, help="schedules of the simulator")
    return parser.parse_args()


def _stop(number, _):
    run.everything.end_all()
    print("\nstopped: what was found out is kept, and the same command goes on from there",
          file=sys.stderr)
    sys.exit(128 + number)


def main(usage):
    options = arguments(usage)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    work = pathlib.Path(tempfile.mkdtemp(
        prefix="inkseal-mutants-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    try:
        if options.check:
            return check(options)
        if options.list:
            tree = Tree(BUILD / "tree")
            tree.configure()
            for file in chosen(options):
                for mutant in Source.read(file, tree.commands).mutants:
                    if not options.only or options.only in mutant.place:
                        print(mutant.place)
            return 0
        return campaign(options, work)
    except (Broken, results.Malformed) as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    finally:
        run.everything.end_all()
        shutil.rmtree(work, ignore_errors=True)
