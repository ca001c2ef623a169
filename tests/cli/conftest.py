"""The command line, as tests type it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agreegate.cli import run
from agreegate.cli.words import VARIABLES, Words


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    status: int
    out: str
    err: str


Agreegate = Callable[..., Result]


@pytest.fixture
def agreegate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agreegate:
    """Type `agreegate …` in a language."""

    def typed(*arguments: object, language: str = "en") -> Result:
        for variable in VARIABLES:
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("LANGUAGE", language)
        capsys.readouterr()
        status = run([str(argument) for argument in arguments], Words.of({"LANGUAGE": language}))
        result = capsys.readouterr()
        return Result(status, result.out, result.err)

    return typed
