"""What `tools/translations.py` finds in catalogues and in what uses them."""

import re
from pathlib import Path

import pytest

from agreegate.i18n import LANGUAGES, catalogue
from tools.translations import SOURCE, faults

TEMPLATES = SOURCE / "dashboard" / "templates"

ENGLISH = """
"page.title" = "Title of {name}"
"page.lines".one = "{count} line"
"page.lines".other = "{count} lines"
"page.state.on" = "On"
"""
CODE = '''
"""A module."""
def shown(t, n, state="on"):
    return t("page.title", name="A"), n("page.lines", 2), t(f"page.state.{state}")
'''


def test_every_sentence_is_there_in_english_and_french_and_used() -> None:
    assert list(faults()) == []


def test_french_sentences_have_french_spaces() -> None:
    """A narrow no-break space before `; ! ?`, a no-break space before a colon and inside « »."""
    plain = re.compile(r"[^\u202f][;!?](?=\s|$)|[^\u00a0]:(?=\s|$)|«[^\u00a0]|[^\u00a0]»")
    assert [key for key, sentence in catalogue("fr").items() if plain.search(re.sub(r"`[^`]*`", "", sentence))] == []


def test_no_sentence_writes_a_plural_in_brackets() -> None:
    """But for the published text of the error CartItemError."""
    for language in LANGUAGES:
        found = {key for key, sentence in catalogue(language).items() if "(s)" in sentence}
        assert found <= {"cart.faulty"}, language


def test_templates_leave_the_colon_to_the_catalogues() -> None:
    """French has a no-break space before it."""
    found = [path.name for path in TEMPLATES.glob("*.html") if re.search(r"(\}\}|</a>): ", path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("locale/fr/page.toml", '"page.title" = "Title of {name}"', "", ["page.title: 0 times in fr"]),
        ("locale/en/page.toml", "On", "{on}", ["page.state.on: the languages have different placeholders"]),
        ("locale/en/page.toml", "On", " ", ["page.state.on: empty in en"]),
        ("locale/en/page.toml", "On", "on " * 21, ["page.state.on: a sentence of 21 words in en"]),
        ("locale/fr/page.toml", ".one", ".many", ["page.lines: plural categories in fr are many, one, other"]),
        ("locale/en/page.toml", '".one', '".many', ["page.lines: plural categories in en are one, other"]),
        ("code.py", "page.title", "page.name", ["page.title: nothing uses it", "page.name: used, but no sentence"]),
        (
            "code.py",
            '"on"',
            '"off"',
            ["page.state.*: put together, but no key is like this", "page.state.on: nothing uses it"],
        ),
        ("page.html", '"page.title"', '"page.heading"', ["page.heading: used, but no sentence"]),
        ("page.html", "page.state.", "page.states.", ["page.states.*: put together, but no key is like this"]),
    ],
)
def test_a_fault_is_found(tmp_path: Path, file: str, old: str, new: str, found: list[str]) -> None:
    files = {
        "locale/en/page.toml": ENGLISH,
        "locale/fr/page.toml": ENGLISH,
        "code.py": CODE,
        "page.html": '{{ t("page.title") }} {{ t("page.state." ~ state) }}',
    }
    if file == "code.py":
        del files["page.html"]
    files[file] = files[file].replace(old, new)
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    assert list(faults(tmp_path)) == found


def test_a_key_stands_once_and_beside_those_of_the_same_first_word(tmp_path: Path) -> None:
    for language, files in {"en": ("a", "b"), "fr": ("a",)}.items():
        (tmp_path / "locale" / language).mkdir(parents=True)
        for number, name in enumerate(files):
            content = ENGLISH + f'"page.of-{name}" = "{number}"'
            (tmp_path / "locale" / language / f"{name}.toml").write_text(content, encoding="utf-8")
    assert {"page.title: 2 times in en", "page.of-b: 0 times in fr", "page.*: in a.toml, b.toml"} <= set(
        faults(tmp_path)
    )
