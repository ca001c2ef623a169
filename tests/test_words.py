"""`tools.words` finds words that have given way, wherever a name or a sentence stands."""

import subprocess
from pathlib import Path

import pytest

from tools.words import faults

LISTED = """
[identifiers]
figures = "metrics"
"uow.one" = "fetch_one"

[parts]
told = "reported"
taken_back = "voided"

[allowed]
names = ["told_apart"]

[phrases]
"is told" = "sees"
"""


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [
        ("src/a.py", "figures = 1", ["src/a.py:1: figures: metrics"]),
        ("src/a.py", "\nuow.one()", ["src/a.py:2: uow.one: fetch_one"]),
        ("src/a.py", "store.one()", []),
        ("src/a.py", "def when_told(): ...", ["src/a.py:1: when_told: told: reported"]),
        ("src/a.py", "class WasTold: ...", ["src/a.py:1: WasTold: told: reported"]),
        ("src/a.py", "takenBack = 1", ["src/a.py:1: takenBack: taken_back: voided"]),
        ("src/a.py", "untoldness = told_apart = 1", []),
        ("tests/test_a.py", "figures = 1", []),
        ("tests/test_a.py", "def test_who_is_told(): ...", ["tests/test_a.py:1: test_who_is_told: told: reported"]),
        ("src/told.py", "", ["src/told.py:1: told: told: reported"]),
        ("src/a.py", '"""The user is\ntold."""', ["src/a.py:1 (line 1): “is\ntold”: sees"]),
        ("src/a.py", "a = 1  # nobody is told", ["src/a.py:1: “is told”: sees"]),
        ("src/a.py", 'READ = "select 1 as told_at"', ["src/a.py:1: told_at: told: reported"]),
        ("src/a.py", 'READ = f"with told as (select {column} from t) select 1"', ["src/a.py:1: told: told: reported"]),
        ("src/a.py", 'READ = "select a from customer told where told.id = 1"', ["src/a.py:1: told: told: reported"]),
        ("src/a.py", "READ = \"select 'told' from t\"", []),
        ("src/a.py", 'say = "Whoever is told selects nothing"', []),
        ("src/agreegate/dashboard/templates/told.html", "", ["src/agreegate/dashboard/templates/told.html:1: told: told: reported"]),
        (
            "src/agreegate/dashboard/templates/a.html",
            "told\n{{ when_told }}",
            ["src/agreegate/dashboard/templates/a.html:2: when_told: told: reported"],
        ),
        ("src/agreegate/dashboard/templates/a.html", '{{ t("customer.told") }}', []),
        ("docs/a.md", "\nThe user is told.", ["docs/a.md (line 2): “is told”: sees"]),
        ("src/agreegate/locale/en/a.toml", '"a" = "You is told"', ["src/agreegate/locale/en/a.toml: “is told”: sees"]),
    ],
)  # fmt: skip
def test_a_word_is_found_with_its_replacement(tmp_path: Path, file: str, content: str, found: list[str]) -> None:
    for name, text in (("tools/words.toml", LISTED), (file, content)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert list(faults(tmp_path)) == found
