"""Private names of other packages, which no part may use: an upgrade may take them away.

A name is private when it begins with an underscore, or is imported from a module whose path has a part that does. A class
may neither use nor replace the private names of its bases.
"""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.imports import imported, whole_name

OURS = frozenset({"agreegate", "bench", "failover", "tools"})
_REFLECTION = frozenset({"delattr", "getattr", "hasattr", "setattr"})
_OWN = frozenset({"cls", "self"})


@dataclass(frozen=True, slots=True)
class _Class:
    where: str
    node: ast.ClassDef
    bases: tuple[str, ...]
    """The whole names of its bases."""


def breaches(packages: Iterable[Path]) -> Iterator[str]:
    """Every use of a private name of another package, as a sentence.

    Args:
        packages: the folders of our packages.
    """
    classes: dict[str, _Class] = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            where = path.relative_to(package.parent)
            found = breaches_in(path.read_text(encoding="utf-8"), where.with_suffix("").parts, str(where), classes)
            yield from (f"{where}:{line}: {breach}" for line, breach in found)
    for name in classes:
        yield from _inherited(name, classes)


def breaches_in(
    text: str, module: tuple[str, ...], where: str = "", classes: dict[str, _Class] | None = None
) -> Iterator[tuple[int, str]]:
    """The breaches of one module, each with its line, but for those of its classes against their bases.

    Args:
        module: the names of the module, from the package downwards.
        where: the module's path.
        classes: takes the module's classes, by their whole names.
    """
    tree, names = ast.parse(text), dict[str, str]()
    for node in ast.walk(tree):
        for called, name in imported(node, module[:-1]):
            names[called] = name
            if name.partition(".")[0] not in OURS and any(map(_is_private, name.split("."))):
                yield getattr(node, "lineno", 0), f"imports {name}, which is private"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names.setdefault(node.name, ".".join((*module, node.name)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and not _is_own(node.value):
            yield node.lineno, f"uses {ast.unparse(node)}, which is private"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REFLECTION:
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from ((node.lineno, f"uses {text}, which is private") for text in texts[:1] if _is_private(text))
        elif isinstance(node, ast.ClassDef) and classes is not None:
            bases = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
            name = f"{'.'.join((*module, node.name))}:{node.lineno}" if node not in tree.body else names[node.name]
            classes[name] = _Class(where, node, tuple(whole_name(base, names) for base in bases))


def _inherited(name: str, classes: Mapping[str, _Class]) -> Iterator[str]:
    """What a class takes from the inside of its bases."""
    known = classes[name]
    private = frozenset().union(*(_inside(base) for base in _foreign(name, classes)))
    for node in ast.walk(known.node) if private else ():
        used = (
            node.attr if isinstance(node, ast.Attribute)
            else node.id if isinstance(node, ast.Name)
            else node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            else ""
        )  # fmt: skip
        if used in private:
            line = getattr(node, "lineno", 0)
            yield f"{known.where}:{line}: {known.node.name} uses {used}, which is private to a base"


def _foreign(name: str, classes: Mapping[str, _Class]) -> Iterator[str]:
    """The bases of a class that are not ours, directly or through those that are."""
    for base in classes[name].bases:
        if base in classes:
            yield from _foreign(base, classes)
        elif base.partition(".")[0] not in sys.stdlib_module_names:
            yield base


@cache
def _inside(name: str) -> frozenset[str]:
    """The private names of a class of another package and of its bases."""
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute, None) if module else None
    names: set[str] = set()
    for kind in inspect.getmro(found) if inspect.isclass(found) else ():
        if kind.__module__.partition(".")[0] in sys.stdlib_module_names:
            continue
        names |= set(vars(kind))
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
        except (OSError, TypeError):  # not written in Python
            continue
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_own(node.value)}
    return frozenset(filter(_is_private, names))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _is_own(node: ast.expr) -> bool:
    """Whether an expression is the object that a method belongs to."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in _OWN
