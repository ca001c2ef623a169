"""The house keeps its shape: arrows between parts, module length, pure rules, and every sentence in both languages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import architecture, translations

ROOT = Path(__file__).resolve().parent.parent


def test_imports_point_one_way_and_modules_stay_short() -> None:
    assert list(architecture.breaches()) == []


def test_every_sentence_is_there_in_english_and_french_and_used() -> None:
    assert list(translations.faults()) == []


@pytest.mark.fault("F11")
@pytest.mark.parametrize("status", [0, 1])
def test_make_test_prints_its_time_at_its_end_and_keeps_its_status(tmp_path: Path, status: int) -> None:
    (tmp_path / "pytest").write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    (tmp_path / "pytest").chmod(0o755)
    done = subprocess.run(
        ["make", "test", f"BIN={tmp_path}", "READY=", "CHROMIUM=none"],
        cwd=ROOT,
        env=os.environ | {"CHROMIUM": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (status == 0)
    assert re.search(r"^make test took \d+ min \d+ s$", done.stdout.strip().splitlines()[-1])
