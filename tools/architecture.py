"""Holds ARCHITECTURE.md: who may import whom, how long a module and how wide a folder may be, what the rules may not touch.

It also finds private names of other packages (`private_names.py`) and test modules that import each other.

`python -m tools.architecture` prints every breach and fails on one.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import private_names
from tools.imports import imported, whole_name

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"
PACKAGES = (SOURCE, ROOT / "bench", ROOT / "failover", ROOT / "tools")
LONGEST = 400
"""Maximum lines of a module."""
WIDEST = 25
"""Maximum modules of a folder, its `__init__` included."""

LAYERS: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "storage": frozenset({"domain", "file_input"}),
    "services": frozenset({"domain", "locales", "storage"}),
    "questions": frozenset({"domain", "storage"}),
    # Leaves for the edges: they know the domain at most.
    "i18n": frozenset(),
    "error": frozenset({"domain", "i18n"}),
    "diagnostics": frozenset(),
    "file_input": frozenset({"domain"}),
    "identity": frozenset({"diagnostics", "domain"}),
    "toml_input": frozenset({"domain", "file_input"}),
    "programme": frozenset({"domain", "toml_input"}),
    "directory": frozenset({"domain", "toml_input"}),
    "locales": frozenset({"domain"}),
    "manifest": frozenset({"domain", "toml_input"}),
    "settings": frozenset({"domain", "file_input"}),
    "signing": frozenset(),
    "text_link": frozenset({"domain", "signing"}),
    "text_inspection": frozenset({"domain"}),
    "text_preview": frozenset(),
    "spreadsheet": frozenset(),
    "throttle": frozenset({"domain"}),
    "deployment": frozenset({"diagnostics", "domain", "identity", "services", "signing", "storage", "text_link", "throttle"}),
    "api": frozenset(
        {"bounded_request", "deployment", "domain", "error", "storage", "services", "i18n", "locales", "text_link",
         "text_preview"}
    ),
    "dashboard": frozenset(
        {"", "bounded_request", "deployment", "diagnostics", "domain", "error", "storage", "services", "i18n", "identity",
         "locales", "questions", "signing", "spreadsheet", "text_link"}
    ),
    "hotpath": frozenset({"deployment", "domain", "services", "i18n", "api"}),
    "bounded_request": frozenset(),
    "app": frozenset({"", "domain", "api", "bounded_request", "dashboard", "deployment", "hotpath"}),
    "client_connections": frozenset({"diagnostics"}),
    "protocol": frozenset({"api", "client_connections", "domain", "hotpath"}),
    "server": frozenset({"client_connections", "deployment", "domain", "hotpath", "protocol"}),
    "workers": frozenset(),
    "upkeep": frozenset({"deployment", "domain", "storage", "services"}),
    "production": frozenset(
        {"", "domain", "storage", "api", "dashboard", "deployment", "identity", "programme", "settings",
         "app", "hotpath", "server", "text_link", "throttle", "upkeep"}
    ),
    "demo": frozenset(
        {"", "domain", "storage", "services", "api", "dashboard", "deployment", "i18n", "identity", "locales", "manifest",
         "programme", "directory", "app", "hotpath", "server", "text_link", "toml_input", "upkeep"}
    ),
    "cli": frozenset(
        {"", "domain", "storage", "services", "api", "dashboard", "deployment", "i18n", "identity", "locales", "manifest",
         "programme", "questions", "directory", "settings", "spreadsheet", "app", "client_connections", "diagnostics",
         "file_input", "hotpath", "server", "text_link", "toml_input", "upkeep", "demo", "production", "workers"}
    ),
    "": frozenset(),
}  # fmt: skip
"""What each part may import besides itself; `""` is the package's own `__init__`."""

PURE = ("domain",)
"""Standard library only, and of that nothing that reads the world."""
CLOCKLESS = ("domain", "services")
WORLD = frozenset(
    {"builtins", "codecs", "fileinput", "glob", "http", "importlib", "io", "os", "pathlib", "random", "secrets", "shutil",
     "socket", "sqlite3", "subprocess", "tempfile", "time", "urllib"}
)  # fmt: skip
"""Modules that read the environment, the clock, files or randomness."""
WORLDLY = frozenset(
    {"__import__", "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
     "open", "uuid.getnode", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid.uuid8"}
)  # fmt: skip
"""What else reads them, by its whole name."""
RELEASED = frozenset({"0001_initial.sql"})
"""Migrations longer than `LONGEST` that databases have gone through: they never change."""


def part_of(path: Path) -> str:
    """The part of the house that a module belongs to, by its path in the package."""
    first = path.parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def breaches(source: Path = SOURCE) -> Iterator[str]:
    """Every breach of the package in a folder, as a sentence."""
    for path in sorted((*source.rglob("*.py"), *source.rglob("*.sql"))):
        where = str(path.relative_to(source.parent))
        text = path.read_text(encoding="utf-8")
        if (length := text.count("\n")) > LONGEST and path.name not in RELEASED:
            yield f"{where}: {length} lines; a noun is hiding past {LONGEST}"
        if path.suffix == ".sql":
            continue
        part = part_of(path.relative_to(source))
        if part not in LAYERS:
            yield f"{where}: a part that tools/architecture.py does not know"
            continue
        package = ("agreegate", *path.relative_to(source).parts[:-1])
        yield from (f"{where}:{line}: {breach}" for line, breach in breaches_in(text, part, package))


def wide_folders(source: Path = SOURCE) -> Iterator[str]:
    """Every folder of the package with more than `WIDEST` modules, as a sentence."""
    for folder in (source, *sorted(path for path in source.rglob("*") if path.is_dir())):
        if (modules := len(list(folder.glob("*.py")))) > WIDEST:
            yield f"{folder.relative_to(source.parent)}: {modules} modules; give a noun its own folder past {WIDEST}"


def breaches_in(text: str, part: str, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """The breaches of one module, each with its line.

    Args:
        part: the part of the house that it belongs to.
        package: the names of the package that it is in, for its relative imports.
    """
    tree = ast.parse(text)
    names: dict[str, str] = {}
    """What the module calls what it imports, and its whole name."""
    for node in ast.walk(tree):
        for called, name in imported(node, package):
            names[called] = name
            line = getattr(node, "lineno", 0)
            yield from ((line, breach) for breach in _import_breaches(name, part))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (name := whole_name(node.value, names)):
            names.update({target.id: name for target in node.targets if isinstance(target, ast.Name)})
    if part in CLOCKLESS:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and whole_name(node, names) in WORLDLY:
                yield node.lineno, f"{part} uses {whole_name(node, names)}, which reads the world"


def imports_of_tests(tests: Path = ROOT / "tests") -> Iterator[str]:
    """Every import from a test module. What several test modules share stands in a module named by its noun."""
    for path in sorted(tests.rglob("*.py")):
        package = (tests.name, *path.relative_to(tests).parts[:-1])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for _, name in imported(node, package):
                if name.startswith(f"{tests.name}.") and ".test_" in name:
                    where = f"{path.relative_to(tests.parent)}:{getattr(node, 'lineno', 0)}"
                    yield f"{where}: imports {name} from a test module"


def _import_breaches(name: str, part: str) -> Iterator[str]:
    package, _, rest = name.partition(".")
    if package == "agreegate":
        target = rest.partition(".")[0]
        target = target if target in LAYERS else ""
        if target not in LAYERS[part] | {part}:
            yield f"{part or 'the package'} imports {name}"
    elif part in PURE and package not in sys.stdlib_module_names:
        yield f"{part} imports {name}, which is not of the standard library"
    if part in CLOCKLESS and name.endswith(".*"):
        yield f"{part} imports {name}, which hides what it uses"
    if part in CLOCKLESS and (package in WORLD or name in WORLDLY):
        yield f"{part} imports {name}, which reads the world"


def main() -> int:
    """Print the breaches; 1 when there is one."""
    found = [*breaches(), *wide_folders(), *imports_of_tests(), *private_names.breaches(PACKAGES)]
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
