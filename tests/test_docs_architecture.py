"""`ARCHITECTURE.md` is the map of this house: its arrows are those that are held, and what it names is there."""

import re
from pathlib import Path

import pytest

from tools.architecture import LAYERS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def arrows() -> dict[str, frozenset[str]]:
    table = PAGE.partition("| Part | May import |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    everything = frozenset(part for part, _ in rows)
    return {
        part: everything - {part} if may == "everything" else frozenset(re.findall(r"`(\w+)`", may))
        for part, may in rows
    }


def test_the_arrows_are_those_that_are_held() -> None:
    held = {part: may - {""} for part, may in LAYERS.items() if part}
    shown = arrows()
    assert set(shown) == set(held)
    for part, may in held.items():
        if part == "cli":
            assert may <= shown[part]
        else:
            assert shown[part] == may, part


def test_every_part_of_the_package_is_on_the_map() -> None:
    folders = PAGE.partition("## Folders")[2].partition("## Arrows")[0]
    for path in SOURCE.iterdir():
        if (path.is_dir() and (path / "__init__.py").is_file()) or (path.suffix == ".py" and path.stem != "__init__"):
            assert f"`{path.name}/`" in folders or f"`{path.name}`" in folders, path.name


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`([\w./*-]+\.(?:py|toml|po|sql|md)|[\w/]+/)`", PAGE))))
def test_every_path_it_names_is_there(named: str) -> None:
    assert any(list(base.glob(named.rstrip("/"))) for base in (SOURCE, ROOT)), named


NAMES = sorted(set(re.findall(r"`(\w+)(?:\(\))?` in `([\w/]+\.py)`", " ".join(PAGE.split()))))


@pytest.mark.parametrize(("name", "module"), NAMES)
def test_every_name_it_uses_is_where_it_says(name: str, module: str) -> None:
    assert re.search(
        rf"^(?:async def|def|class) {name}\b|^{name}\b", (SOURCE / module).read_text("utf-8"), re.MULTILINE
    )


def test_it_follows_the_requests_through_the_code() -> None:
    assert {"perform", "permit", "confirm", "run_idempotent", "ask", "decide", "transact", "place_order"} <= {
        n for n, _ in NAMES
    }
