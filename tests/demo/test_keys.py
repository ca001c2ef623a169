"""The demo's signing key: made once, kept private, and never replaced."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from agreegate.demo.keys import load_or_create
from tests.rejection import rejected


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    made = load_or_create(path)
    assert made.raw_value.key_size == 2048
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create(path).kid == made.kid
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_file_that_others_can_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    load_or_create(path)
    path.chmod(0o644)
    load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    with ThreadPoolExecutor(4) as pool:
        kids = set(pool.map(lambda _: load_or_create(path).kid, range(4)))
    assert len(kids) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"somebody's notes",
        b"\xff\x00",
        ECKey.generate_key("P-256").as_pem(private=True),
        RSAKey.generate_key(2048).as_pem(private=False),
    ],
)
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signing-key.pem"
    path.write_bytes(content)
    with rejected("key-file.unusable"):
        load_or_create(path)
    assert path.read_bytes() == content
