"""Put the rules together: what each says, the code that holds it, the tests that show it.

`python -m tools.generate_rules` writes `docs/rules.md` and the table that `agreegate rules` prints.
"""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agreegate.i18n import text

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"
TABLE = SOURCE / "rules.json"
PAGE = ROOT / "docs" / "rules.md"
RULES = tuple(f"R{number}" for number in range(1, 51))
READINGS = tuple(f"X{number}" for number in range(1, 16))
"""How the points at odds in the published process are read: tests may carry their marks too."""
STEPS = ("dashboard", "versions")
"""The steps that an open rule can wait for."""

Rule = dict[str, Any]


class Marks:
    """A pytest plugin: which collected tests carry which rule's mark."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = {}

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Read the marks, each test once however many rows its table has."""
        for item in items:
            for mark in item.iter_markers("rule"):
                for rule in mark.args:
                    self.tests.setdefault(rule, set()).add(item.nodeid.partition("[")[0])


def marked() -> dict[str, list[str]]:
    """The tests of each rule; pytest collects them in a process of its own, and runs none."""
    script = (
        "import json, sys, pytest; from tools.generate_rules import Marks; marks = Marks();"
        "status = pytest.main(['--collect-only', '-p', 'no:terminal'], plugins=[marks]);"
        "print(json.dumps({rule: sorted(tests) for rule, tests in marks.tests.items()})); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"The tests cannot be collected:\n{done.stdout}{done.stderr}")
    tests: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return tests


def rules(tests: Mapping[str, Sequence[str]]) -> list[Rule]:
    """Every rule, in order."""
    entries = tomllib.loads((SOURCE / "rules.toml").read_text(encoding="utf-8"))
    return [
        {
            "id": rule,
            "statement": f"rule.{rule}",
            "code": entries.get(rule, {}).get("code", []),
            "tests": list(tests.get(rule, [])),
            "open": entries.get(rule, {}).get("open"),
        }
        for rule in RULES
    ]


def faults(table: Sequence[Rule], tests: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is wrong with the rules, as sentences."""
    entries = tomllib.loads((SOURCE / "rules.toml").read_text(encoding="utf-8"))
    for name in sorted((entries.keys() - set(RULES)) | (tests.keys() - {*RULES, *READINGS})):
        yield f"{name}: there is no such rule"
    for rule in table:
        if not rule["tests"] and rule["open"] is None:
            yield f"{rule['id']}: no test shows it, and it waits for no step"
        if rule["open"] not in (None, *STEPS):
            yield f"{rule['id']}: waits for {rule['open']}, which is no step"
        if not rule["code"] and rule["open"] is None:
            yield f"{rule['id']}: no code is named that holds it"
        for place in rule["code"]:
            if not exists(place):
                yield f"{rule['id']}: {place} does not exist"


def exists(place: str) -> bool:
    """Whether a file of ours has such a name: a function, class, member or constant, or a word of a migration."""
    path, _, name = place.partition(":")
    file = SOURCE / path
    if not file.is_file():
        return False
    written = file.read_text(encoding="utf-8")
    return name in _names(ast.parse(written)) if file.suffix == ".py" else f" {name} " in written


def _names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        names |= _defined(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner}" for member in node.body for inner in _defined(member)}
    return names


def _defined(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def as_json(table: Sequence[Rule]) -> str:
    """The table inside the package."""
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def as_page(table: Sequence[Rule]) -> str:
    """The page for readers."""
    lines = [
        "# The rules",
        "",
        "The published process as fifty rules, in our own words: what each says, the code that holds it, the tests that",
        "show it. `agreegate rules` prints the same in English and French.",
        "",
        "Written by `make rules`: change `src/agreegate/rules.toml`, the sentences `rule.R…` in the catalogues, or the",
        "marks on the tests.",
        "",
    ]
    for rule in table:
        lines += [f"## {rule['id']}", "", text(rule["statement"], "en"), ""]
        lines += [f"- code: {', '.join(f'`{place}`' for place in rule['code'])}"] if rule["code"] else []
        lines += [f"- test: `{test}`" for test in rule["tests"]]
        lines += [f"- open: {text(_step(rule['open']), 'en')}"] if rule["open"] else []
        lines.append("")
    return "\n".join(lines)


def _step(step: str) -> str:
    return f"cli.rules.open.{step}"


def main() -> int:
    """Write both; 1 when something is wrong with the rules."""
    tests = marked()
    table = rules(tests)
    TABLE.write_text(as_json(table), encoding="utf-8")
    PAGE.write_text(as_page(table), encoding="utf-8")
    found = list(faults(table, tests))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
