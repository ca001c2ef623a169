"""What files of TOML may be: nothing in them takes long to read."""

import time

import pytest

from agreegate.domain.error import Rejected
from agreegate.toml_input import DEEPEST, Table, TomlFile

DEEP = ".".join(["a"] * 50_000)


@pytest.mark.parametrize(
    "line",
    [
        f"[{DEEP}]",
        f"[[{DEEP}]]",
        f"{DEEP} = 1",
        f"a = {{{DEEP} = 1}}",
        DEEP.replace(".", "\t. ") + " = 1",
        DEEP.replace("a", '"a"') + " = 1",
        DEEP.replace("a", r'"\"a"') + " = 1",
        DEEP.replace("a", "'a'") + " = 1",
        DEEP.replace("a", "''") + " = 1",
    ],
)
def test_a_key_of_thousands_of_parts_is_refused_before_it_is_read(line: str) -> None:
    began = time.process_time()
    with pytest.raises(Rejected) as refused:
        TomlFile(f"b = 1\n{line}\n", "x.toml")
    assert refused.value.parameters["line"] == 2
    assert time.process_time() - began < 1, "the parser would take half a minute"


def test_as_many_parts_as_are_allowed_are_read_and_no_more() -> None:
    most = ".".join(["a"] * DEEPEST)
    assert TomlFile(f"[{most}]\nb = 1", "x.toml") and TomlFile(f"{most} = 1", "x.toml")
    for deeper in (f"[{most}.a]", f"{most}.a = 1", f'{most}."a" = 1'):
        with pytest.raises(Rejected):
            TomlFile(deeper, "x.toml")


@pytest.mark.parametrize(
    "key", ["a.", "[", "a[0", "]", ".", "." * 100_000, "[" * 100_000, "a" * 1_000_000, "a." * 500_000]
)
def test_an_unknown_key_of_any_signs_is_refused_at_once(key: str) -> None:
    began = time.process_time()
    with pytest.raises(Rejected) as refused:
        TomlFile(f'a = "b"\n"{key}" = 1\n', "x.toml").read(Numbers)
    assert refused.value.code == "toml.unknown-field"
    assert time.process_time() - began < 1


class Numbers(Table, kw_only=True):
    a: str
    b: list[float]


def test_dots_in_values_and_remarks_are_no_parts() -> None:
    text = 'a = "' + "." * 1000 + ' 1.2, 3.4"\nb = [' + "1.5, " * 1000 + "]  # " + "so ... on. " * 1000
    assert TomlFile(text, "x.toml").read(Numbers).b == [1.5] * 1000


@pytest.mark.parametrize(
    "piece", ["a", '"', "'", "a ", '"a', "\\", '"\\', ',"\\', '\\",', ",'", ",\"'", "a. ", ". a", ",a.", "[ ", "\n "]
)
def test_looking_for_deep_keys_takes_no_longer_than_the_text_is(piece: str) -> None:
    began = time.process_time()
    with pytest.raises(Rejected):
        TomlFile("[" + piece * (600_000 // len(piece)), "x.toml")
    assert time.process_time() - began < 3
