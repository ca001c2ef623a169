"""The arrows of ARCHITECTURE.md, held: who may import whom, how long a module may be, what the rules may not touch.

`python -m tools.architecture` prints every breach and fails on one.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"
LONGEST = 400

LAYERS: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "storage": frozenset({"domain", "file_input"}),
    "services": frozenset({"domain", "storage"}),
    # Leaves for the edges: they know the domain at most.
    "i18n": frozenset(),
    "diagnostics": frozenset(),
    "file_input": frozenset(),
    "auth": frozenset({"domain", "issuer", "diagnostics"}),
    "issuer": frozenset(),
    "programme": frozenset({"domain", "file_input"}),
    "directory": frozenset({"domain", "file_input"}),
    "locales": frozenset({"domain"}),
    "manifest": frozenset({"domain", "file_input"}),
    "settings": frozenset({"file_input"}),
    "text_link": frozenset({"domain"}),
    "text_preview": frozenset(),
    "spreadsheet": frozenset(),
    "throttle": frozenset({"domain"}),
    "api": frozenset({"domain", "storage", "services", "i18n", "auth", "diagnostics", "locales", "text_link",
                      "text_preview", "throttle"}),
    "openid": frozenset({"auth", "issuer"}),
    "dashboard": frozenset(
        {"", "diagnostics", "domain", "storage", "services", "i18n", "locales", "openid", "spreadsheet", "text_link", "throttle"}
    ),
    "hotpath": frozenset({"domain", "services", "i18n", "api"}),
    "framework_memory": frozenset(),
    "app": frozenset({"", "domain", "api", "dashboard", "framework_memory", "hotpath"}),
    "connections": frozenset({"diagnostics"}),
    "protocol": frozenset({"api", "connections", "domain", "hotpath"}),
    "server": frozenset({"api", "connections", "hotpath", "protocol"}),
    "upkeep": frozenset({"diagnostics", "domain", "storage", "services"}),
    "production": frozenset(
        {"", "domain", "storage", "api", "dashboard", "auth", "issuer", "openid", "programme", "settings", "app",
         "hotpath", "server", "text_link", "throttle", "upkeep"}
    ),
    "demo": frozenset(
        {"", "domain", "storage", "services", "api", "dashboard", "i18n", "auth", "issuer", "locales", "manifest", "openid",
         "programme", "directory", "app", "hotpath", "server", "text_link", "upkeep"}
    ),
    "cli": frozenset(
        {"", "domain", "storage", "services", "api", "dashboard", "i18n", "auth", "issuer", "locales", "manifest", "programme",
         "directory", "settings", "spreadsheet", "app", "connections", "diagnostics", "file_input", "hotpath", "server",
         "text_link", "upkeep", "demo", "production"}
    ),
    "": frozenset(),
}  # fmt: skip
"""What each part may import besides itself; `""` is the package's own `__init__`."""

PURE = ("domain",)
"""Standard library only, and of that nothing that reads the world."""
CLOCKLESS = ("domain", "services")
WORLD = frozenset({"os", "random", "secrets", "time", "socket", "subprocess", "pathlib", "io"})
"""Modules that read the environment, the clock, files or randomness."""
CLOCKS = frozenset({"now", "utcnow", "today", "time", "monotonic"})
CHANCE = frozenset({"uuid1", "uuid4"})


def part_of(path: Path) -> str:
    """The part of the house a module belongs to."""
    first = path.relative_to(SOURCE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def breaches() -> Iterator[str]:
    """Every breach, as a sentence."""
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(ROOT)
        text = path.read_text(encoding="utf-8")
        if (length := text.count("\n")) > LONGEST:
            yield f"{where}: {length} lines; a noun is hiding past {LONGEST}"
        part = part_of(path)
        if part not in LAYERS:
            yield f"{where}: a part that tools/architecture.py does not know"
            continue
        for node in ast.walk(ast.parse(text)):
            yield from _import_breaches(node, part, f"{where}:{getattr(node, 'lineno', 0)}")
            if part in CLOCKLESS:
                yield from _clock_breaches(node, f"{where}:{getattr(node, 'lineno', 0)}")


def _import_breaches(node: ast.AST, part: str, where: str) -> Iterator[str]:
    for name in _imported(node):
        package, _, rest = name.partition(".")
        if package == "agreegate":
            target = rest.partition(".")[0]
            target = target if target in LAYERS else ""
            if target not in LAYERS[part] | {part}:
                yield f"{where}: {part or 'the package'} imports {name}"
        elif part in PURE and package not in sys.stdlib_module_names:
            yield f"{where}: {part} imports {name}, which is not of the standard library"
        if part in CLOCKLESS and (package in WORLD or (package == "uuid" and name.rpartition(".")[2] in CHANCE)):
            yield f"{where}: {part} imports {name}, which reads the world"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _clock_breaches(node: ast.AST, where: str) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id in ("datetime", "date", "time"):
            yield f"{where}: reads the clock; the unit of work has the instant"


def main() -> int:
    """Print the breaches; 1 when there is one."""
    found = list(breaches())
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
