"""Mutants of a C file: small mistakes, each made by one replacement in its text.

clang says where the expressions and statements of the file's functions are; what is replaced is the
source's own text, so that a mutant reads as if somebody had typed it. What comes from a macro's body
is left alone, but a macro that stands for a number is one. A deliberate bug of
schemas/base/mutation.h is no place for another: no replacement takes away a MUTATION(...).
"""
import bisect
import collections
import dataclasses
import json
import re
import subprocess

RELATIONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
             "==": ("!=",), "!=": ("==",)}
SWITCHED = {"+": "-", "-": "+", "+=": "-=", "-=": "+="}
# More than was asked of these, nobody can see.
ALLOCATING = {"malloc", "calloc", "realloc"}
# Which of two arguments comes first is the same to these, or says what the relation's mutants say.
SYMMETRIC = re.compile(r".*(cmp|_equal)\Z")
INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)\Z")
NUMBER_TYPE = re.compile(r"(const )?(un)?(signed )?(int|long|long long|short|char|__int128)\Z"
                         r"|(const )?(signed|unsigned) (int|long|long long|short|char)\Z")


class Unparsed(Exception):
    """clang does not take the file; says why."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    function: str
    kind: str
    line: int      # the first that differs
    before: str    # the lines that differ, as one, without indentation
    after: str
    span: tuple    # first and last line of the statement or condition it is in
    which: int     # of those of the function that read the same, from 1 on
    begin: int     # what is replaced, in bytes
    end: int
    text: bytes

    @property
    def place(self):
        """What names it in lists: it survives that lines move."""
        which = f" ({self.which})" if self.which > 1 else ""
        return f"{self.file}:{self.function}{which}: {self.before} → {self.after}"

    def applied(self, source):
        return source[:self.begin] + self.text + source[self.end:]


def parse(path, flags):
    """clang's tree of a file. Each place in it says in which file it is."""
    made = subprocess.run(
        ["clang", "-w", *flags, "-fsyntax-only", "-Xclang", "-ast-dump=json", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        raise Unparsed(made.stderr.decode("utf-8", "replace"))
    tree = json.loads(made.stdout)
    _name_files(tree, [None])
    return tree


def _name_files(node, last):
    """A place names its file only where that changes, in the order in which it was printed."""
    if isinstance(node, list):
        for part in node:
            _name_files(part, last)
        return
    if "offset" in node and "tokLen" in node:
        last[0] = node.setdefault("file", last[0])
        return
    for name, part in node.items():
        if name in ("loc", "range", "begin", "end", "spellingLoc", "expansionLoc", "inner"):
            _name_files(part, last)


def _bare(node):
    """Without what clang adds, and parentheses."""
    while node.get("kind") in ("ImplicitCastExpr", "ParenExpr", "ConstantExpr"):
        node = node["inner"][0]
    return node


def _type(node):
    kind = node.get("type", {})
    return kind.get("desugaredQualType", kind.get("qualType", ""))


def _is_number(node):
    return NUMBER_TYPE.match(_type(node)) is not None


def _without_comments(text):
    return re.sub(rb"/\*.*?\*/|//[^\n]*", lambda found: b" " * len(found.group()), text,
                  flags=re.DOTALL)


def _as_one_line(text):
    return b" ".join(text.split()).decode().replace(" ;", ";")


class _File:
    """The mutants of one file, as its tree is walked."""

    def __init__(self, name, path, source, tree):
        self.name, self.path, self.source = name, str(path), source
        self.plain = _without_comments(source)
        self.starts = [0] + [found.end() for found in re.finditer(b"\n", source)]
        self.mutants, self.seen, self.same = [], set(), collections.Counter()
        self.function, self.allocating = None, False
        self.inside = None  # the statement or condition that is being walked: its extent
        self.success = {}  # an enum's type: the name of its success
        self.failures = {}  # the name of each other value: that of the success
        for part in tree["inner"]:
            if part["kind"] == "EnumDecl":
                self.learn_enum(part)
        for part in tree["inner"]:
            if part["kind"] == "FunctionDecl" and self.is_here(part["range"]["end"]):
                self.function = part["name"]
                for body in part.get("inner", []):  # beside it are parameters and attributes
                    if body["kind"] == "CompoundStmt":
                        self.statement(body)

    def learn_enum(self, enum):
        names = [value["name"] for value in enum.get("inner", [])
                 if value["kind"] == "EnumConstantDecl"]
        success = next((name for name in names if name.endswith("_OK")), None)
        if success:
            self.success["enum " + enum.get("name", "")] = success
            self.failures.update({name: success for name in names if name != success})

    # Where things are.

    def is_here(self, place):
        return place.get("expansionLoc", place).get("file") == self.path

    def extent(self, node):
        """The first byte and the one after the last; a macro's use counts as a whole."""
        places = node["range"]
        first, last = (places[side].get("expansionLoc", places[side]) for side in ("begin", "end"))
        if "offset" not in first or "offset" not in last or not self.is_here(first):
            return None
        end = last["offset"] + last["tokLen"]
        if "expansionLoc" in places["end"]:
            end = self.after_arguments(end)
        return first["offset"], end

    def after_arguments(self, end):
        opened = re.compile(rb"\s*\(").match(self.plain, end)
        if not opened:
            return end
        depth, at = 0, opened.end() - 1
        while at < len(self.plain):
            depth += {b"(": 1, b")": -1}.get(self.plain[at:at + 1], 0)
            at += 1
            if depth == 0:
                return at
        return end

    @staticmethod
    def macro(node):
        """Where the macro is used that all of the node comes from, if one is."""
        places = node.get("range", {})
        first, last = (places.get(side, {}).get("expansionLoc") for side in ("begin", "end"))
        if first is None or last is None or first["offset"] != last["offset"]:
            return None
        return first["offset"]

    def text(self, extent):
        return self.source[extent[0]:extent[1]].decode()

    # What is made of them.

    def add(self, kind, begin, end, text):
        old = self.source[begin:end]
        text = text.encode()
        text += b"\n" * (old.count(b"\n") - text.count(b"\n"))  # asserts name their line
        if old == text or b"MUTATION(" in old or (begin, end, text) in self.seen:
            return
        self.seen.add((begin, end, text))
        line = bisect.bisect_right(self.starts, begin)
        first = self.starts[line - 1]
        last = self.source.find(b"\n", end)
        last = len(self.source) if last < 0 else last
        before = _as_one_line(self.source[first:last])
        after = _as_one_line(self.source[first:begin] + text + self.source[end:last])
        self.same[(self.function, before, after)] += 1
        span = self.inside or (begin, end)
        span = (bisect.bisect_right(self.starts, min(begin, span[0])),
                bisect.bisect_right(self.starts, max(end, span[1]) - 1))
        self.mutants.append(Mutant(self.name, self.function, kind, line, before, after, span,
                                   self.same[(self.function, before, after)], begin, end, text))

    def statement(self, node):
        kind = node.get("kind")
        if kind is None:
            return
        inner = node.get("inner", [])
        if kind in ("CompoundStmt", "LabelStmt", "DefaultStmt", "SwitchStmt", "CaseStmt"):
            for part in inner if kind != "CaseStmt" else inner[-1:]:
                self.statement(part)
        elif kind == "IfStmt":
            self.condition(inner[0])
            for part in inner[1:]:
                self.statement(part)
        elif kind == "WhileStmt":
            self.loop(inner[-2])
            self.statement(inner[-1])
        elif kind == "DoStmt":
            self.statement(inner[0])
            self.loop(inner[1])
        elif kind == "ForStmt":
            first, _, condition, step, body = inner
            for part in (first, step):
                self.inside = self.extent(part) if part.get("kind") else None
                self.expression(part, used=False)
            self.loop(condition)
            self.statement(body)
        else:
            self.inside = self.extent(node)
            if kind not in ("DeclStmt", "ReturnStmt"):
                self.dropped(node)
            self.expression(node, used=False)

    def dropped(self, node):
        if self.macro(node) is not None:
            return
        kind = node["kind"]
        is_void_cast = kind == "CStyleCastExpr" and node.get("castKind") == "ToVoid" and \
            _bare(node["inner"][0])["kind"] == "CallExpr"
        if kind in ("CallExpr", "CompoundAssignOperator") or is_void_cast or \
           (kind == "BinaryOperator" and node["opcode"] == "=") or \
           (kind == "UnaryOperator" and node["opcode"] in ("++", "--")):
            extent = self.extent(node)
            if extent:
                self.add("dropped statement", *extent, "(void)0")

    def condition(self, node):
        """What an if asks."""
        extent = self.inside = self.extent(node)
        if extent and self.macro(node) is None:
            bare = _bare(node)
            if bare.get("opcode") not in RELATIONS:
                self.negated(node)
            self.add("condition", *extent, "true")
            self.add("condition", *extent, "false")
        self.expression(node)

    def loop(self, node):
        if not node.get("kind"):
            return
        extent = self.inside = self.extent(node)
        if extent and self.macro(node) is None:
            self.add("condition", *extent, "false")
        self.expression(node)

    def negated(self, node):
        extent = self.extent(node)
        if not extent:
            return
        bare = _bare(node)
        if bare.get("kind") == "UnaryOperator" and bare["opcode"] == "!":
            inside = self.extent(bare["inner"][0])
            outside = self.extent(bare)
            if inside and outside and self.macro(bare) is None:
                if not self.text(inside).startswith("MUTATION("):
                    self.add("negated", outside[0], inside[0], "")
                return
        if node.get("kind") == "ParenExpr" or bare["kind"] in (
                "CallExpr", "DeclRefExpr", "MemberExpr", "ArraySubscriptExpr"):
            self.add("negated", extent[0], extent[0], "!")
        else:
            self.add("negated", *extent, f"!({self.text(extent)})")

    def operator(self, node, left, right):
        """Where the operator between two expressions is; None: not in plain text."""
        left, right = self.extent(left), self.extent(right)
        if not left or not right or left[1] > right[0]:
            return None
        between = self.plain[left[1]:right[0]]
        found = between.strip()
        if found != node["opcode"].encode():
            return None
        begin = left[1] + between.index(found)
        return begin, begin + len(found)

    def expression(self, node, used=True):
        """used: somebody looks at its value."""
        kind = node.get("kind")
        if kind is None:
            return
        at = self.macro(node)
        if at is not None and kind not in ("ImplicitCastExpr", "ConstantExpr"):
            self.macro_number(node)
            return
        handler = getattr(self, "on_" + kind, None)
        if handler:
            handler(node, used)
        if kind in ("UnaryExprOrTypeTraitExpr", "InitListExpr"):
            used = kind == "InitListExpr"
            for part in node.get("inner", []) if used else ():
                if self.text(self.extent(part) or (0, 0)) != "0":
                    self.expression(part)
            return
        if kind == "CallExpr" and self.called(node) in ALLOCATING:
            self.allocating = True
            for part in node["inner"]:
                self.expression(part)
            self.allocating = False
            return
        keeps = kind == "ParenExpr" or (kind == "ImplicitCastExpr" and used)
        is_ignored = kind == "CStyleCastExpr" and node.get("castKind") == "ToVoid"
        for part in node.get("inner", []):
            self.expression(part, used=used if keeps else not is_ignored)

    def on_BinaryOperator(self, node, _):
        left, right = node["inner"]
        opcode = node["opcode"]
        place = self.operator(node, left, right)
        if opcode in ("&&", "||"):
            self.joined(node, left, right, place)
        elif place and opcode in RELATIONS:
            for other in RELATIONS[opcode]:
                self.add("relation", *place, other)
        elif place and opcode in SWITCHED:
            self.add("arithmetic", *place, SWITCHED[opcode])
        elif opcode == "=":
            self.no_failure(right)

    def on_CompoundAssignOperator(self, node, _):
        place = self.operator(node, *node["inner"])
        if place and node["opcode"] in SWITCHED:
            self.add("arithmetic", *place, SWITCHED[node["opcode"]])

    def joined(self, node, left, right, place):
        sides = self.extent(left), self.extent(right)
        if place and all(sides):
            self.add("dropped condition", sides[0][1], sides[1][1], "")
            self.add("dropped condition", sides[0][0], sides[1][0], "")
            self.add("junction", *place, "||" if node["opcode"] == "&&" else "&&")
        for side in (left, right):
            bare = _bare(side)
            if self.macro(side) is None and bare.get("opcode") not in (*RELATIONS, "&&", "||"):
                self.negated(side)

    def on_UnaryOperator(self, node, _):
        if node["opcode"] == "!":
            self.negated(node)
        if node["opcode"] not in ("++", "--"):
            return
        extent = self.extent(node)
        if extent:
            other = "--" if node["opcode"] == "++" else "++"
            begin = extent[1] - 2 if node["isPostfix"] else extent[0]
            if self.source[begin:begin + 2] == node["opcode"].encode():
                self.add("arithmetic", begin, begin + 2, other)

    def on_ConditionalOperator(self, node, _):
        extent = self.extent(node["inner"][0])
        if extent and self.macro(node["inner"][0]) is None:
            self.add("condition", *extent, "true")
            self.add("condition", *extent, "false")
        for part in node["inner"][1:]:
            self.no_failure(part)

    def on_ReturnStmt(self, node, _):
        for part in node.get("inner", []):
            self.no_failure(part)

    def on_VarDecl(self, node, _):
        if node.get("init"):
            self.no_failure(node["inner"][-1])

    def no_failure(self, node):
        """A failure that is named becomes a success."""
        bare = _bare(node)
        named = bare.get("referencedDecl", {})
        extent = self.extent(bare) if bare.get("kind") == "DeclRefExpr" else None
        if extent and self.macro(bare) is None and named.get("name") in self.failures:
            self.add("result", *extent, self.failures[named["name"]])

    def on_CallExpr(self, node, used):
        extent = self.extent(node)
        if not extent:
            return
        success = self.success.get(_type(node))
        if _type(node) in ("bool", "_Bool"):
            success = "true"
        if success and used:
            self.add("result", *extent, f"((void){self.text(extent)}, {success})")
        self.swapped(node)

    @staticmethod
    def called(node):
        return _bare(node["inner"][0]).get("referencedDecl", {}).get("name")

    def swapped(self, node):
        called = self.called(node)
        arguments = [(self.extent(part), _type(part), _type(_bare(part)))
                     for part in node["inner"][1:]]
        if called and SYMMETRIC.match(called):
            return
        for i, (one, wants_one, is_one) in enumerate(arguments):
            for other, wants_other, is_other in arguments[i + 1:]:
                if one and other and one[1] <= other[0] and wants_one == wants_other and \
                   is_one == is_other and self.text(one) != self.text(other):
                    between = self.text((one[1], other[0]))
                    self.add("swapped arguments", one[0], other[1],
                             self.text(other) + between + self.text(one))

    def on_IntegerLiteral(self, node, _):
        extent = self.extent(node)
        found = INTEGER.match(self.text(extent)) if extent else None
        if not found:
            return
        digits, suffix = found.groups()
        is_hex = digits[:2] in ("0x", "0X")
        value = int(digits, 16 if is_hex else 8 if digits.startswith("0") else 10)
        for other in (value + 1, value - 1):
            if other >= 0 and not (self.allocating and other > value):
                self.add("constant", *extent, (hex(other) if is_hex else str(other)) + suffix)

    def on_CharacterLiteral(self, node, _):
        extent = self.extent(node)
        if extent:
            for sign in "+-":
                self.add("constant", *extent, f"({self.text(extent)} {sign} 1)")

    def macro_number(self, node):
        """A macro that stands for a number, or for true or false."""
        extent = self.extent(node)
        name = re.match(rb"\w+", self.source[extent[0]:extent[1]]) if extent else None
        if not name or name.group() in (b"MUTATION", b"NULL", b"assert"):
            return
        if name.group() in (b"true", b"false"):
            self.add("constant", *extent, "false" if name.group() == b"true" else "true")
        elif _is_number(node) and name.group().decode().isupper():
            for sign in "-" if self.allocating else "+-":
                self.add("constant", *extent, f"({self.text(extent)} {sign} 1)")


def mutants_of(name, path, flags):
    """All mutants of a file, in the order of its text. name is what they call it."""
    with open(path, "rb") as file:
        source = file.read()
    made = _File(name, path, source, parse(path, flags)).mutants
    return sorted(made, key=lambda mutant: (mutant.begin, mutant.end, mutant.text))
