"""Finds the places in a source file where a careless maintainer could break one line.

Owns the kinds of faults and where they make sense. Annotations, docstrings, log lines, assertions
and constants that only tune something are left alone: a fault there is none, or nobody's business.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One replacement in one file: the bytes from `start` to `end` become `code`."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    code: str

    @property
    def key(self) -> str:
        """What tells it from every other fault of the same tree."""
        return f"{self.path}:{self.start}-{self.end}:{self.kind}"

    def planted(self, source: bytes) -> bytes:
        """Return `source`, the bytes of the file, with this fault in it."""
        return source[: self.start] + self.code.encode() + source[self.end :]


_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_CALCULATED: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
}
_LOGGING = ("logger.", "log.", "_log.", "worker_log.", "logging.", "warnings.")
_ALL_OF_A_TEST_RUN = ("TYPE_CHECKING", "__name__")


def faults(root: Path, path: str) -> Iterator[Fault]:
    """Yield every fault that can be planted in the file `path` below `root`."""
    source = (root / path).read_bytes()
    for node, kind, where, code in _Finder(source).found():
        start, end = where
        # A fault that no longer parses would be noticed by everything.
        fault = Fault(path, node.lineno, kind, start, end, code)
        try:
            compile(fault.planted(source), path, "exec")
        except (SyntaxError, ValueError):
            continue
        yield fault


_Found = tuple[ast.expr | ast.stmt, str, tuple[int, int], str]


class _Finder:
    def __init__(self, source: bytes) -> None:
        self._source = source
        lines = source.splitlines(keepends=True)
        self._offsets = [0]
        for line in lines:
            self._offsets.append(self._offsets[-1] + len(line))
        self._tree = ast.parse(source)

    def found(self) -> Iterator[_Found]:
        yield from self._below(self._tree)

    def _below(self, node: ast.AST) -> Iterator[_Found]:
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.stmt | ast.expr | ast.keyword) and self._is_left_alone(
                    child
                ):
                    continue
                if isinstance(child, ast.stmt):
                    yield from self._in_statement(child, node)
                if isinstance(child, ast.expr):
                    yield from self._in_expression(child)
                if isinstance(child, ast.AST):
                    yield from self._below(child)

    def _is_left_alone(self, node: ast.stmt | ast.expr | ast.keyword) -> bool:
        if isinstance(node, ast.keyword):
            return node.arg == "strict"
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
            return True
        text = self._text(node)
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant) or text.startswith(_LOGGING)
        return isinstance(node, ast.If) and self._text(node.test).startswith(_ALL_OF_A_TEST_RUN)

    # --- statements -------------------------------------------------------------------------------

    def _in_statement(self, node: ast.stmt, parent: ast.AST) -> Iterator[_Found]:
        inside = not isinstance(parent, ast.Module | ast.ClassDef)
        if inside and isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Delete):
            yield node, "statement left out", self._span(node), "pass"
        if inside and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            yield node, "statement left out", self._span(node), "pass"
        if isinstance(node, ast.Continue | ast.Break):
            other = "break" if isinstance(node, ast.Continue) else "continue"
            yield node, "loop left otherwise", self._span(node), other
        if isinstance(node, ast.If | ast.While):
            yield self._turned(node.test)

    # --- expressions ------------------------------------------------------------------------------

    def _in_expression(self, node: ast.expr) -> Iterator[_Found]:
        match node:
            case ast.BoolOp(values=values):
                for one in values:
                    rest = [self._text(other) for other in values if other is not one]
                    word = " and " if isinstance(node.op, ast.And) else " or "
                    yield node, "operand left out", self._span(node), f"({word.join(rest)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield node, "condition turned", self._span(node), f"({self._text(operand)})"
            case ast.IfExp(test=test):
                yield self._turned(test)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                code = f"{self._text(left)} {_COMPARED[type(op)]} {self._text(right)}"
                yield node, "comparison changed", self._span(node), code
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _CALCULATED:
                if not any(
                    isinstance(one, ast.Constant) and isinstance(one.value, str | bytes)
                    for one in (left, right)
                ):
                    code = f"{self._text(left)} {_CALCULATED[type(op)]} {self._text(right)}"
                    yield node, "operator changed", self._span(node), code
            case ast.Constant(value=bool()):
                yield node, "True for False", self._span(node), str(not node.value)
            case ast.Subscript(slice=ast.Constant(value=int(index))):
                code = f"{self._text(node.value)}[{0 if index else 1}]"
                yield node, "another element", self._span(node), code
            case ast.Call():
                yield from self._in_call(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for generator in node.generators:
                    yield from map(self._turned, generator.ifs)

    def _turned(self, test: ast.expr) -> _Found:
        return test, "condition turned", self._span(test), f"not ({self._text(test)})"

    def _in_call(self, node: ast.Call) -> Iterator[_Found]:
        if isinstance(node.func, ast.Name) and node.func.id in _SWAPPED:
            yield node, "min for max", self._span(node.func), _SWAPPED[node.func.id]
        if self._text(node).startswith(_LOGGING):
            return
        function = self._text(node.func)
        given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        # A class or a dataclass without one of its fields falls over wherever it is reached.
        optional = not function.rpartition(".")[2].lstrip("_")[:1].isupper() and function != "field"
        for one in node.keywords if optional else ():
            if one.arg is not None and one.arg != "strict":
                rest = [self._text(other) for other in given if other is not one]
                code = f"{function}({', '.join(rest)})"
                yield node, "keyword left out", self._span(node), code
        if len(node.args) == 2 and len({type(one) for one in node.args}) == 1:
            first, second = map(self._text, node.args)
            rest = [second, first, *map(self._text, node.keywords)]
            code = f"{function}({', '.join(rest)})"
            yield node, "arguments swapped", self._span(node), code

    # --- text -------------------------------------------------------------------------------------

    def _span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offsets[node.lineno - 1] + node.col_offset,
            self._offsets[node.end_lineno - 1] + node.end_col_offset,
        )

    def _text(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()
