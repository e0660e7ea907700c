"""What a hub repository says of itself, read from its source text: no line of it is run.

Owns the reading of `hubconf.py` by its syntax tree: which packages it needs, which entry points it
has, their help texts, and how much code there is.
"""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import SetupError


@dataclass(frozen=True)
class Summary:
    """A repository in figures and names.

    `entry_points` are by name, with the help text where it stands in `hubconf.py` itself.
    `missing` are those of its `dependencies` that this Python does not have.
    """

    files: int
    bytes: int
    python_lines: int
    dependencies: tuple[str, ...]
    missing: tuple[str, ...]
    entry_points: Mapping[str, str | None]


def read(code: Path) -> Summary:
    """Return what there is to know of the repository in the folder `code`.

    Raises:
        SetupError: Its `hubconf.py` is no Python.
    """
    try:
        tree = ast.parse((code / "hubconf.py").read_bytes())
    except (SyntaxError, ValueError, RecursionError) as error:
        raise SetupError(f"hubconf.py can't be read: {error}.") from None
    files = [path for path in code.rglob("*") if path.is_file()]
    needed = _dependencies(tree)
    return Summary(
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        python_lines=sum(_lines(path) for path in files if path.suffix == ".py"),
        dependencies=needed,
        missing=tuple(name for name in needed if not _is_here(name)),
        entry_points=dict(_entry_points(tree)),
    )


def _dependencies(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(t, ast.Name) and t.id == "dependencies" for t in targets):
            assert isinstance(node, ast.Assign)
            if isinstance(node.value, ast.List | ast.Tuple):
                values = (e.value for e in node.value.elts if isinstance(e, ast.Constant))
                return tuple(value for value in values if isinstance(value, str))
    return ()


def _entry_points(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield what Torch Hub would offer: functions, classes and imported names without `_`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if not node.name.startswith("_"):
                yield node.name, ast.get_docstring(node)
        elif isinstance(node, ast.ImportFrom):
            for name in (alias.asname or alias.name for alias in node.names):
                if not name.startswith("_") and name != "*":
                    yield name, None


def _is_here(package: str) -> bool:
    """Tell whether `package` is installed; only top-level names are looked for, to run nothing."""
    try:
        return importlib.util.find_spec(package.partition(".")[0]) is not None
    except ValueError:
        return True  # it is loaded, in a way of its own


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")
