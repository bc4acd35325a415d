"""imports.py: JSON files: a broken item costs itself alone, and is named; forms of one item are one."""
import json
import unittest

from home import ERROR, PARTIAL, Case, made_journal

FRAME = ('{"type":"metadj-nexus-journal","version":1,"createdAt":"2026-01-15T00:00:00.000Z",'
         '"encrypted":false,"entries":[%s]}')
MEBIBYTE = 1 << 20


def item(name, **changes):
    """An item's JSON by hand, so that it can be what no library would write."""
    members = {"id": f'"{name}"', "title": '"A title"', "content": '"Some text"',
               "createdAt": '"2026-02-01T08:00:00.000Z"',
               "updatedAt": '"2026-02-01T08:00:00.000Z"', **changes}
    return "{" + ",".join(f'"{key}":{value}' for key, value in members.items()
                          if value is not None) + "}"


BROKEN = {
    "lone surrogate": item("lone", content=r'"half \ud83d of it"'),
    "NUL": item("nul", title=r'"\u0000"'),
    "duplicate key": '{"title":"twice",' + item("duplicate")[1:],
    "missing field": item("missing", updatedAt=None),
    "missing id": item("unnamed", id=None),
    "number for text": item("number", title="17"),
    "empty id": item("empty", id='""'),
    "null item": "null",
    "string item": '"an entry?"',
    "array item": "[1,[2,[3]]]",
    "title too long": item("title", title=json.dumps("t" * 5000)),
    "id too long": item("long-id", id=json.dumps("i" * 200)),
    "deep": item("deep", x="[" * 500 + "]" * 500),
    "64 MiB": item("huge", content='"' + "x" * (64 * MEBIBYTE) + '"'),
}


class Imports(Case):
    def test_broken_items(self):
        home = self.home("A")
        home.import_entries(made_journal(3))
        before = home.entries()
        items = []
        for number, broken in enumerate(BROKEN.values()):
            items += [item(f"good-{number}", content=json.dumps(f"sound, number {number}")), broken]
        answer = home.run("--json", "import", "-", text=FRAME % ",".join(items), code=PARTIAL)
        self.assertEqual(json.loads(answer.out), {"added": len(BROKEN), "updated": 0, "skipped": 0,
                                                  "dropped": len(BROKEN)})
        said = [line for line in answer.err.splitlines() if line.startswith("left out")]
        print("\n".join(line[:160] for line in said), flush=True)
        self.assertEqual(len(said), len(BROKEN), answer.err[:3000])
        self.assertLess(max(map(len, said)), 500, "a line of an error, not the item")
        self.assertNotIn("Some text", answer.err)
        entries = home.entries()
        self.assertEqual(len(entries), 3 + len(BROKEN))
        for number in range(len(BROKEN)):
            self.assertEqual(entries[f"good-{number}"]["content"], f"sound, number {number}")
        self.assert_same_entries({entry: entries[entry] for entry in before}, before)
        home.run("doctor")

    def test_each_alone(self):
        for what, broken in BROKEN.items():
            with self.subTest(what=what):
                home = self.home(what.replace(" ", "-"))
                said = home.json("import", "-", text=FRAME % broken, code=PARTIAL)
                self.assertEqual(said, {"added": 0, "updated": 0, "skipped": 0, "dropped": 1})

    def test_a_file_that_is_none(self):
        """Then nothing at all is taken from it."""
        home = self.home("A")
        whole = FRAME % ",".join(item(f"entry-{number}") for number in range(50))
        for what, text in (("cut", whole[:len(whole) // 2]), ("cut by one", whole[:-1]),
                           ("empty", ""), ("trailing", whole + "x"), ("no JSON", "Dear diary"),
                           ("another type", whole.replace("metadj-nexus-journal", "recipes")),
                           ("a later version", whole.replace('"version":1', '"version":2')),
                           ("bytes", b"\xff\xfe" * 100), ("deep", "[" * 100_000)):
            with self.subTest(what=what):
                said = home.fails(ERROR, "import", "-", text=text, says="nothing was imported")
                print(f"{what}: {said}", flush=True)
        self.assertEqual(home.entries(), {})

    def test_one_item_in_two_forms_is_one_version(self):
        """Each device imports its own form; the edit that follows is a delta, which all can read."""
        text = " ".join(f"Line {number} of a day that both devices know." for number in range(20))
        forms = [item("one", content=json.dumps(text), contentHash='"' + "ab" * 32 + '"',
                      mood='{"joy":1e3}'),
                 item("one", content=json.dumps(text), mood='{"joy":1e3}'),
                 json.dumps(json.loads(item("one", content=json.dumps(text), deletedAt="null")),
                            indent=2)[:-1] + ',"mood" : { "joy" : 1e3 },"contentHash":17}']
        bucket = self.bucket()
        one, two = self.home("A"), self.home("B")
        one.json("import", "-", text=FRAME % forms[0])
        for form in forms:
            self.assertEqual(one.json("import", "-", text=FRAME % form),
                             {"added": 0, "updated": 0, "skipped": 1, "dropped": 0})
        code = one.sync_on(bucket)["recoveryCode"]
        one.sync()
        two.json("import", "-", text=FRAME % forms[1])
        two.recover(bucket, code)
        self.assertEqual(two.sync()["pushed"], 0, "it is the version that is there")
        one.edit("one", text + "\nAnd one more.")
        one.sync()
        two.sync()
        two.edit("one", text + "\nAnd another.")
        self.settle(one, two)
        three = self.home("C")
        three.json("import", "-", text=FRAME % forms[2])
        three.recover(bucket, code)
        three.sync()
        for home in (one, two, three):
            self.assertEqual(home.content("one"), text + "\nAnd another.")
            self.assertNotIn("contentHash", home.run("--json", "show", "one").out)
        self.assert_same_entries(one.entries(), three.entries())
        self.assertNotIn("contentHash", three.entries()["one"])
        three.run("doctor")

    def test_unknown_members_travel_as_they_came(self):
        one, two, _, _ = self.pair(made_journal(2))
        odd = item("odd", mood='{"joy":1e3,"n":12345678901234567890,"ü":[true,null]}')
        one.json("import", "-", text=FRAME % odd)
        self.settle(one, two)
        for home in (one, two):
            path = self.folder / "out.json"
            home.run("export", "-o", path)
            self.assertIn('{"joy":1e3,"n":12345678901234567890,"ü":[true,null]}',
                          path.read_text("utf-8"))


if __name__ == "__main__":
    unittest.main()
