"""What is known of mutants: what was found out, one JSON object a line, and what is argued."""
import json
import pathlib
import threading

HERE = pathlib.Path(__file__).resolve().parent
EQUIVALENT = HERE / "equivalent.txt"


class Results:
    """A mutant is known by its file's content and its place. Later lines add to earlier ones, so a
    campaign that was ended goes on where it was."""

    def __init__(self, path):
        self.path, self.known, self.lock = pathlib.Path(path), {}, threading.Lock()
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    row = json.loads(line)
                except ValueError:
                    continue  # the line that was being written when the machine stopped
                self.known.setdefault((row.pop("hash"), row.pop("place")), {}).update(row)

    def get(self, content, mutant):
        with self.lock:
            return dict(self.known.get((content, mutant.place), {}))

    def add(self, content, mutant, **what):
        with self.lock:
            self.known.setdefault((content, mutant.place), {}).update(what)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"hash": content, "place": mutant.place, **what},
                                      ensure_ascii=False) + "\n")


class Malformed(Exception):
    """A row of equivalent.txt is none; says which."""


def read_argued(text):
    """{place: why} of equivalent.txt's text."""
    argued = {}
    for number, row in enumerate(text.splitlines(), 1):
        if not row or row.startswith("#"):
            continue
        place, bar, why = row.rpartition(" | ")  # C has such bars too
        if not bar or not why or " → " not in place:
            raise Malformed(f"equivalent.txt:{number}: a row is FILE:FUNCTION: BEFORE → AFTER | WHY")
        if place in argued:
            raise Malformed(f"equivalent.txt:{number}: {place} is argued twice")
        argued[place] = why
    return argued


def stale(argued, mutants):
    """The rows that argue for no mutant of these."""
    places = {mutant.place for mutant in mutants}
    return [place for place in argued if place not in places]
