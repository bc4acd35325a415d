"""The tool of scripts/mutants, over a file of a few lines and a test of it."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import campaign
import generate
import reach
import results
import run
import tree
from tree import Commands, Tree

FLAGS = ["-std=c17"]
CODE = """#include <stdbool.h>
#include <stdlib.h>
#define MUTATION(name) false
#define LIMIT 8
enum result { RESULT_OK, RESULT_NO };
__attribute__((warn_unused_result)) enum result look(int a, int b);
enum result look(int a, int b)
{
	if (a < LIMIT && b != 2)
		return RESULT_NO;
	if (MUTATION(LATE) || a > 100)
		return RESULT_NO;
	return RESULT_OK;
}
enum result twice(int a, int b, int *out)
{
	enum result result = look(a, b);

	if (result == RESULT_OK)
		result = look(b, a);
	*out += 1;
	while (a-- > 0)
		(void)look(a, 0);
	return result;
}
"""


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(
            prefix="inkseal-mutants-test-",
            dir="/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def source(self, code):
        """A file, and what it was before: as the campaign reads it."""
        path = self.write("code.c", code)
        self.write("compile_commands.json", json.dumps([{
            "directory": str(self.folder), "file": str(path),
            "command": f"ccache gcc -std=c17 -O2 -o code.dir/code.c.o -c {path}"}]))
        return campaign.Source.read(str(path), Commands(self.folder))


class Generation(Folder):
    def made(self, code=CODE):
        path = self.write("code.c", code)
        return generate.mutants_of("code.c", path, FLAGS)

    def rows(self, function, code=CODE):
        return {(mutant.kind, mutant.place.partition(": ")[2]) for mutant in self.made(code)
                if mutant.function == function}

    def test_each_kind_reads_as_if_it_had_been_typed(self):
        first = "if (a < LIMIT && b != 2) → if "
        look, twice = self.rows("look"), self.rows("twice")
        for kind, after in [("relation", "(a <= LIMIT && b != 2)"),
                            ("relation", "(a >= LIMIT && b != 2)"),
                            ("relation", "(a < LIMIT && b == 2)"),
                            ("negated", "(!(a < LIMIT && b != 2))"),
                            ("condition", "(true)"), ("condition", "(false)"),
                            ("dropped condition", "(a < LIMIT)"),
                            ("dropped condition", "(b != 2)"),
                            ("junction", "(a < LIMIT || b != 2)"),
                            ("constant", "(a < (LIMIT - 1) && b != 2)"),
                            ("constant", "(a < LIMIT && b != 3)")]:
            self.assertIn((kind, first + after), look)
        self.assertIn(("result", "return RESULT_NO; → return RESULT_OK;"), look)
        for kind, row in [
                ("result", "enum result result = look(a, b); → "
                           "enum result result = ((void)look(a, b), RESULT_OK);"),
                ("swapped arguments", "enum result result = look(a, b); → "
                                      "enum result result = look(b, a);"),
                ("dropped statement", "result = look(b, a); → (void)0;"),
                ("dropped statement", "*out += 1; → (void)0;"),
                ("dropped statement", "(void)look(a, 0); → (void)0;"),
                ("arithmetic", "*out += 1; → *out -= 1;"),
                ("arithmetic", "while (a-- > 0) → while (a++ > 0)")]:
            self.assertIn((kind, row), twice)

    def test_what_nobody_looks_at_has_no_result(self):
        self.assertFalse([row for row in self.rows("twice")
                          if row[0] == "result" and "(void)look(a, 0)" in row[1].partition("→")[0]])

    def test_deliberate_bugs_stay_as_they_are(self):
        for mutant in self.made():
            self.assertEqual(mutant.applied(CODE.encode()).count(b"MUTATION("), 2, mutant.place)

    def test_lines_that_read_the_same_are_told_apart(self):
        places = [mutant.place for mutant in self.made()]
        self.assertEqual(len(places), len(set(places)))
        self.assertIn("code.c:look (2): return RESULT_NO; → return RESULT_OK;", places)

    def test_no_line_moves(self):
        code = "int f(int, int);\nint g(int a)\n{\n\tint b = a &&\n\t    f(1,\n\t    2);\n\treturn b;\n}\n"
        made = self.made(code)
        self.assertIn("code.c:g: int b = a && f(1, 2); → int b = a;", [m.place for m in made])
        for mutant in made:
            self.assertEqual(mutant.applied(code.encode()).count(b"\n"), 8, mutant.place)

    def test_what_nobody_could_see_is_not_made(self):
        code = ("#include <stdlib.h>\n#include <string.h>\nchar *f(char *a, char *b)\n{\n"
                "\treturn strcmp(a, b) == 0 ? malloc(8) : calloc(2, 3);\n}\n")
        after = [mutant.place.partition(" → ")[2] for mutant in self.made(code)]
        for text in ("malloc(9)", "calloc(3, 3)", "calloc(2, 4)", "strcmp(b, a)"):
            self.assertFalse([one for one in after if text in one], text)
        for text in ("malloc(7)", "calloc(1, 3)", "calloc(3, 2)"):
            self.assertTrue([one for one in after if text in one], text)

    def test_another_file_s_functions_are_not_its_own(self):
        self.write("other.h", "static inline int h(int a) { return a + 1; }\n")
        made = self.made('#include "other.h"\nint f(int a)\n{\n\treturn h(a) - 1;\n}\n')
        self.assertEqual({mutant.function for mutant in made}, {"f"})

    def test_no_c(self):
        with self.assertRaises(generate.Unparsed):
            self.made("int f(void) { return x; }\n")


class Argued(unittest.TestCase):
    ROW = "code.c:f: a | b → a & b"

    def test_rows(self):
        argued = results.read_argued(f"# why\n\n{self.ROW} | they are the same\n")
        self.assertEqual(argued, {self.ROW: "they are the same"})

    def test_no_row(self):
        for text in ("code.c:f: a → b\n", "code.c:f: a, b | why\n", f"{self.ROW} | why\n" * 2):
            with self.assertRaises(results.Malformed):
                results.read_argued(text)

    def test_a_row_goes_with_its_line(self):
        mutant = generate.Mutant("code.c", "f", "", 1, "a | b", "a & b", (1, 1), 1, 0, 1, b"")
        self.assertEqual(results.stale({self.ROW: "why", "code.c:f: c → d": "why"}, [mutant]),
                         ["code.c:f: c → d"])


class OneTest(Tree):
    """Of a build there is one program: a main that is linked with the file."""

    def __init__(self, folder):
        super().__init__(folder)
        self.commands, self.compilations, self.links, self.leaks = Commands(folder), 0, 0, False
        self.programs = {"test": self}
        (self.folder / "bin").mkdir()

    def holds(self, program, file):
        return program == "test"

    def compile(self, file, source, folder):
        self.compilations += 1
        return super().compile(file, source, folder)

    def link(self, target, thing=None):
        self.links += 1
        return subprocess.run(["gcc", "-o", target, self.folder / "main.c",
                               thing or self.folder / "first/mutant.o"], check=False).returncode == 0


MEASURED = """static int unused(int a) { return a + 1; }
unsigned count(unsigned n);
unsigned count(unsigned n)
{
	unsigned sum = n;

	sum += 2;
	if (n >= 50)
		sum = 0;
	if (n != 4 && n < 50)
		return sum;
	return sum;
}
"""
ENDLESS = """unsigned count(unsigned n);
unsigned count(unsigned n)
{
	while (n < 50)
		n += 2;
	return n == 50 || n == 51 ? 5 : 0;
}
"""
MEASURES = """unsigned count(unsigned n);
int main(void) { return count(3) != 5 || count(60) != 0; }
"""


class Course(Folder):
    def setUp(self):
        super().setUp()
        self.write("main.c", MEASURES)
        self.src = self.source(MEASURED)
        self.tree = OneTest(self.folder)
        self.link()

    def link(self):
        """The program over code that is right."""
        thing, _ = self.tree.compile(self.src.file, self.src.text, self.folder / "first")
        self.tree.link(self.folder / "bin/test", thing)

    def campaign(self, argued=None):
        options = argparse.Namespace(jobs=2, minutes=None, sim_runs=0)
        made = campaign.Campaign(options, self.folder / "work", self.tree,
                                 results.Results(self.folder / "results.jsonl"), argued or {})
        made.tests[None], made.spare = ["test"], (3, 1)
        made.baseline = campaign.Baseline(
            self.tree, self.folder / "baseline", self.folder / "baseline.json")
        return made

    def rows(self, wanted=0, argued=None):
        made = self.campaign(argued)
        with made.at_once() as pool:
            found = made.all_of(campaign.shuffled([self.src], "1"), wanted, pool)
        return {mutant.place.partition(": ")[2]: row for _, mutant, row in found}

    def test_what_becomes_of_them(self):
        rows = self.rows()
        self.assertEqual(rows["sum += 2; → sum += 3;"]["killed"], "unit tests")
        self.assertEqual(rows["sum += 2; → sum += 3;"]["by"], "test")
        self.assertIsNone(rows["if (n >= 50) → if (n >= 49)"]["killed"])

    def test_one_that_does_not_end_is_killed_by_time(self):
        self.src = self.source(ENDLESS)
        self.link()
        self.src.mutants = [mutant for mutant in self.src.mutants
                            if mutant.place.endswith("n += 2; → (void)0;")]
        self.assertEqual([row["killed"] for row in self.rows().values()], ["timeout"])

    def test_one_object_counts_once(self):
        made = {mutant.place.partition(": ")[2] for mutant in self.src.mutants}
        rows = self.rows()
        # Of a function that nobody calls, and of a condition whose two ways are the same.
        for row in ("static int unused(int a) { return a + 1; } → "
                    "static int unused(int a) { return a - 1; }",
                    "if (n != 4 && n < 50) → if (true)"):
            self.assertIn(row, made)
            self.assertNotIn(row, rows)
        # "> 50" and ">= 51" are one: which of them counts, the order says.
        one = {"if (n >= 50) → if (n > 50)", "if (n >= 50) → if (n >= 51)"}
        self.assertTrue(one <= made)
        self.assertEqual(len(one & set(rows)), 1)

    def test_a_sample_is_the_same_again_and_part_of_a_larger(self):
        some = self.rows(5)
        self.assertEqual(len(some), 5)
        self.assertEqual(set(self.rows(5)), set(some))
        self.assertTrue(set(some) < set(self.rows()))

    def test_what_is_known_is_not_run_again(self):
        first = self.rows()
        self.tree.links = self.tree.compilations = 0
        self.assertEqual(set(self.rows()), set(first))
        self.assertEqual(self.tree.links, 0)
        self.assertEqual(self.tree.compilations, 1)  # the original, to compare with

    def test_a_survivor_is_run_again_once_its_tests_have_changed(self):
        first = self.rows()
        survivors = {row for row, what in first.items() if what["killed"] is None}
        self.write("main.c", MEASURES.replace("count(60)", "count(50) != 0 || count(60)"))
        self.link()
        self.tree.links = 0
        again = self.rows()
        self.assertEqual(self.tree.links, 1 + len(survivors))  # the first is to be measured
        self.assertLess({row for row, what in again.items() if what["killed"] is None}, survivors)

    def test_a_torn_line_costs_one_result(self):
        first = self.rows()
        path = self.folder / "results.jsonl"
        path.write_bytes(path.read_bytes()[:-20])
        self.tree.links = 0
        self.assertEqual(set(self.rows()), set(first))
        self.assertEqual(self.tree.links, 1)

    def test_a_full_disk_kills_nothing(self):
        enough, tree.ROOM_MIN = tree.ROOM_MIN, 1 << 62
        try:
            with self.assertRaisesRegex(campaign.Broken, "make room"):
                self.rows()
        finally:
            tree.ROOM_MIN = enough
        self.assertNotIn("killed", (self.folder / "results.jsonl").read_text())

    def test_what_was_measured_is_measured_again_where_its_file_is_torn(self):
        first = self.rows()
        (self.folder / "baseline.json").write_text('{"torn": [1')
        self.assertEqual(set(self.rows()), set(first))

    def test_what_is_argued_is_not_run(self):
        place = next(mutant.place for mutant in self.src.mutants
                     if mutant.place.endswith("sum += 2; → sum += 3;"))
        row = self.rows(argued={place: "for the test"})["sum += 2; → sum += 3;"]
        self.assertTrue(row["argued"])
        self.assertIsNone(row["killed"])

    def test_a_test_that_fails_by_itself_tells_nothing(self):
        self.write("main.c", "int main(void) { return 1; }\n")
        self.link()
        with self.assertRaises(campaign.Broken):
            self.rows()


REACHES = """int side(int a, int b);
int side(int a, int b)
{
	if (a > 4 &&
	    b > 4)
		return a + b;
	for (int i = 0; i < a;
	     i++)
		b++;
	return b;
}
"""
ASKS = """int side(int a, int b);
int main(void) { return side(1, 5) - 6; }
"""


class OneProgram:
    """A build of one program, in place of the project's."""

    def __init__(self, folder, file, code):
        self.folder, self.commands, self.code = folder, self, code
        self.file = file

    def words(self, _):
        return ["gcc", "-o", "code.dir/code.c.o", "-c", self.file]

    def configure(self):
        (self.folder / "code.dir").mkdir(exist_ok=True)

    def build(self, _):
        for command in (["gcc", *reach.FLAGS.split(), "-o", "code.dir/code.c.o", "-c", self.file],
                        ["gcc", "--coverage", "-o", "bin/test", "code.dir/code.c.o", self.code]):
            subprocess.run(command, cwd=self.folder, check=True)


class Reached(Folder):
    def setUp(self):
        super().setUp()
        self.src = self.source(REACHES)
        (self.folder / "bin").mkdir()

    def learn(self, code):
        made = reach.Reach(self.folder, self.folder / "work", self.folder / "reach.json")
        made.tree = OneProgram(self.folder, self.src.file, self.write("main.c", code))
        made.learn({"test": "named"}, {self.src.file: "text"})
        return {mutant.place.partition(": ")[2].partition(" → ")[0]: made.comes_by("test", mutant)
                for mutant in self.src.mutants}

    def test_a_mutant_lies_in_its_statement_or_condition(self):
        spans = {(mutant.before, mutant.span) for mutant in self.src.mutants}
        self.assertIn(("b > 4)", (4, 5)), spans)
        self.assertIn(("return a + b;", (6, 6)), spans)

    def test_a_program_comes_by_some(self):
        comes = self.learn(ASKS)
        self.assertTrue(comes["b > 4)"])
        self.assertTrue(comes["b++;"])
        self.assertFalse(comes["return a + b;"])

    def test_what_is_known_is_not_found_out_again(self):
        first = self.learn(ASKS)
        (self.folder / "bin/test").unlink()
        made = reach.Reach(self.folder, self.folder / "work", self.folder / "reach.json")
        made.learn({"test": "named"}, {self.src.file: "text"})
        self.assertFalse(all(made.comes_by("test", mutant) for mutant in self.src.mutants))
        self.assertFalse(all(first.values()))

    def test_who_forks_may_come_by_each(self):
        code = "#include <unistd.h>\n" + ASKS.replace("{ return", "{ if (side(0, 0)) _exit(1); return")
        self.assertTrue(all(self.learn(code).values()))


class Runs(Folder):
    def run_sh(self, script, seconds=30, processor=20, watch=None):
        return run.run(["sh", "-c", script], self.folder / "run", seconds, processor, watch)

    def test_how_it_went(self):
        self.assertEqual(self.run_sh("exit 0").how, "passed")
        self.assertEqual(self.run_sh("exit 3").how, "failed")
        self.assertEqual(self.run_sh("kill -SEGV $$").how, "failed")

    def test_it_ends(self):
        self.assertEqual(self.run_sh("sleep 60", seconds=1).how, "timeout")
        self.assertEqual(self.run_sh("while :; do :; done", processor=1).how, "timeout")

    def test_what_was_watched_for_ends_it(self):
        ran = self.run_sh("echo seed 1 failed: why; sleep 60", watch="failed:")
        self.assertEqual(ran.how, "failed")
        self.assertLess(ran.seconds, 20)

    def test_nothing_stays(self):
        pid = self.folder / "pid"
        self.assertEqual(self.run_sh(
            f"sleep 60 >/dev/null 2>&1 & echo $! >{pid}; echo x >$TMPDIR/file").how, "passed")
        self.assertFalse((self.folder / "run").exists())
        stat = pathlib.Path(f"/proc/{pid.read_text().strip()}/stat")
        for _ in range(100):  # a kill takes its time
            state = stat.read_text().rpartition(")")[2].split()[0] if stat.exists() else "gone"
            if state in ("gone", "Z", "X"):
                return
            time.sleep(0.1)
        self.fail(state)

    def test_what_was_ended_tells_nothing(self):
        run.everything.end_all()
        try:
            with self.assertRaises(run.Ended):
                self.run_sh("sleep 60")
        finally:
            run.everything.over = False

    def test_a_file_has_a_largest_size(self):
        ran = self.run_sh(f"head -c {run.FILE_MAX + 1} /dev/zero >file")
        self.assertEqual(ran.how, "failed")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
