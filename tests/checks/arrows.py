"""arrows.py BUILD: which file of the product knows which, and that they stand in layers.

A node is a .c and its .h. An arrow leads from a node to another whose header it includes, or whose
function it calls (nm says so, of the objects in BUILD: a header that speaks for several files hides
nothing). arrows.txt beside this file holds
  - [folders]: for each folder, those that its files may know;
  - [FOLDER]: the layers of that folder's files, from the top down: a file may know those of lower
    lines. Each file of the folder stands in one of them.
  - [circles]: those that stand, a line each; no others may be in the whole tree.
"""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPS = ("schemas", "gateway", "cli")


def sources():
    for top in TOPS:
        yield from sorted(path for path in (ROOT / top).rglob("*.[ch]"))


def node_of(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


def folder_of(node):
    return node.rpartition("/")[0]


def included():
    arrows = collections.defaultdict(set)
    for path in sources():
        node = node_of(path)
        arrows[node]
        for name in re.findall(r'^#include "([^"]+)\.h"', path.read_text(), re.M):
            if name != node:
                arrows[node].add(name)
    return arrows


def called(build, arrows):
    """The same by the symbols of the objects; arrows: what is included."""
    defines, wants = collections.defaultdict(set), collections.defaultdict(set)
    for path in sources():
        if path.suffix != ".c":
            continue
        name = path.relative_to(ROOT)
        objects = [found for folder in name.parents
                   for found in (build / folder / "CMakeFiles").glob(
                       f"*.dir/{name.relative_to(folder)}.o")]
        if not objects:
            sys.exit(f"{build} has no object of {name}: build all of it first")
        for line in subprocess.run(["nm", "--extern-only", "--format=posix", objects[0]],
                                   check=True, capture_output=True, text=True).stdout.splitlines():
            symbol, kind = line.split()[:2]
            if kind in "Uw":
                wants[node_of(path)].add(symbol)
            else:
                defines[symbol].add(node_of(path))

    def meant(node, symbol):
        """Where two programs define one, it is that whose header is included."""
        return defines[symbol] & arrows[node] or defines[symbol]

    return {node: set().union(*(meant(node, symbol) for symbol in symbols)) - {node}
            for node, symbols in wants.items()}


def circles(arrows):
    """Tarjan's strongly connected components of more than one node."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in number:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(arrows):
        if node not in number:
            visit(node)
    return found


def read_rules(text):
    folders, layers, section = {}, collections.defaultdict(list), None
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and section == "folders":
            folder, _, others = line.partition(":")
            folders[folder] = set(others.split())
        elif line:
            layers[section].append(line.split())
    return folders, layers


def judge_layers(folder, lines, arrows):
    level = {f"{folder}/{name}": at for at, names in enumerate(lines) for name in names}
    here = {node for node in arrows if folder_of(node) == folder}
    for node in sorted(here - set(level)):
        yield f"{node} stands in no layer of [{folder}] in tests/checks/arrows.txt"
    for node in sorted(set(level) - here):
        yield f"{node} stands in a layer of [{folder}], and is not there"
    for node in sorted(here & set(level)):
        for other in sorted(arrows[node] & set(level)):
            if level[other] <= level[node]:
                yield f"{node} knows {other}, which does not stand below it"


def judge(arrows, folders, layers):
    for node in sorted(arrows):
        folder = folder_of(node)
        for other in sorted(arrows[node]):
            if folder_of(other) not in folders.get(folder, set()) | {folder}:
                yield f"{node} knows {other}: {folder} may not know {folder_of(other)}"
    used = collections.defaultdict(set)
    for node in arrows:
        used[folder_of(node)] |= {folder_of(other) for other in arrows[node]}
    for folder in sorted(folders):
        for other in sorted(folders[folder] - used[folder]):
            yield f"{folder} may know {other}, and does not: arrows.txt should say so"
    found = {" ".join(circle) for circle in circles(arrows)}
    known = {" ".join(circle) for circle in layers.get("circles", ())}
    for circle in sorted(found - known):
        yield f"a circle: {circle}"
    for circle in sorted(known - found):
        yield f"no circle any more: {circle}"
    for folder, lines in sorted(layers.items()):
        if folder == "circles":
            continue
        yield from judge_layers(folder, lines, arrows)


def main():
    arrows = included()
    for node, others in called(pathlib.Path(sys.argv[1]), arrows).items():
        arrows[node] |= others
    rules = read_rules(pathlib.Path(__file__).with_suffix(".txt").read_text())
    findings = list(judge(arrows, *rules))
    for finding in findings:
        print(finding)
    print(f"{len(arrows)} files, {sum(map(len, arrows.values()))} arrows")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
