"""edits.py: thousands of synced edits of one journal by the real program, on `dir:`: requests and bytes
of each push by the program's own counts, and the largest manifest that lay there after any of them."""
import json

from rows import COUNTED, DirPlace, Inkseal

MANIFEST_MAX = 20 << 10


class Edits(Inkseal):
    def __init__(self, binaries, work, corpus, count):
        place = DirPlace(work / "bucket")
        super().__init__(binaries, work, corpus, place)
        self.count = count

    def measure(self, see):
        self.begin()
        self.push()
        listed, _ = self.command("a", "list")
        ids = [json.loads(line)["id"] for line in listed.splitlines()]
        (manifest,) = (self.work / "bucket/a").glob("*/manifest")
        total = dict.fromkeys((*COUNTED, "wall"), 0)
        largest, first = 0, self.place.stored()[1]
        for number in range(self.count):
            ident = ids[number * 7919 % len(ids)]
            shown, _ = self.command("a", "show", ident)
            content = json.loads(shown)["content"].split("\n\nEdited sentence number")[0]
            self.command("a", "edit", ident, text="%s\n\nEdited sentence number %d adds %08x.\n" % (
                content, number, number * 2654435761 % (1 << 32)))
            cost = self.push()
            for key in COUNTED:
                total[key] += cost["bucket"][key]
            total["wall"] += cost["wall"]
            largest = max(largest, manifest.stat().st_size)
            if (number + 1) % 500 == 0:
                see(number + 1, total, largest)
        numbers = {"edits": self.count, "requests_an_edit": round(total["req"] / self.count, 4),
                   "bytes_an_edit": round(total["up"] / self.count, 1),
                   "ms_a_sync": round(total["wall"] * 1000 / self.count, 1),
                   "manifest_max": largest, "stored_of_first": round(self.place.stored()[1] / first, 3)}
        bars = [("the largest manifest: bytes", largest, MANIFEST_MAX),
                ("requests an edit", numbers["requests_an_edit"], 1.1),
                ("bytes an edit", numbers["bytes_an_edit"], 12 << 10)]
        return numbers, bars
