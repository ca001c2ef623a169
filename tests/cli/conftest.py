"""The command line, as tests type it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agreegate.cli import run
from agreegate.cli.words import VARIABLES, Words


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str


Agreegate = Callable[..., Said]


@pytest.fixture
def agreegate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agreegate:
    """Type `agreegate …` in a language."""

    def typed(*arguments: object, language: str = "en") -> Said:
        for variable in VARIABLES:
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("LANGUAGE", language)
        capsys.readouterr()
        status = run([str(argument) for argument in arguments], Words.of({"LANGUAGE": language}))
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return typed
