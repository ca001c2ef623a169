"""kill -9 at any instant of the first start: the folder that it leaves starts, and holds a whole record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.stepwise import COMMANDS

pytestmark = pytest.mark.fault("C3")
REPOSITORY = Path(__file__).parents[2]


def end(folder: Path, points: int, *commands: str) -> None:
    """End commands at many of their steps: afterwards each succeeds."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.stepwise", str(folder), str(points), *commands],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert run.returncode == 0, run.stderr
    for result in json.loads(run.stdout):
        assert result["wrong"] == [], run.stderr
        assert result["ended"] >= result["tried"] - 1, result  # keys differ in length, and so do steps in number


def test_a_first_start_ended_at_some_steps_leaves_a_folder_that_starts(tmp_path: Path) -> None:
    end(tmp_path, 4, *COMMANDS)


@pytest.mark.faults
@pytest.mark.parametrize(("command", "points"), [(name, 150 if name == "demo" else 500) for name in COMMANDS])
def test_a_first_start_ended_at_any_step_leaves_a_folder_that_starts(tmp_path: Path, command: str, points: int) -> None:
    end(tmp_path, points, command)
