"""The made-up records that benchmarks measure on can be made, and hold what their sizes say."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.unit_of_work import to_micros
from bench import many, portfolio, rows

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "confirmed"),
    [
        (lambda folder: rows.load(folder, 320), 320),
        (lambda folder: portfolio.load(folder, 400, NOW), 120),
        (lambda folder: many.load(folder, 400, NOW), 440),
    ],
)
def test_a_record_has_the_customers_that_were_ordered(
    tmp_path: Path, make: Callable[[Path], object], confirmed: int
) -> None:
    for _ in ("made", "kept"):
        make(tmp_path / "data")
        connection = apsw.Connection(str(tmp_path / "data" / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
        assert connection.execute("select count(*) from current_confirmation").get == confirmed
        connection.close()


def test_all_confirmations_but_some_can_be_renewed(tmp_path: Path) -> None:
    portfolio.load(tmp_path, 400, NOW)
    portfolio.renew(tmp_path, NOW, 7)
    connection = apsw.Connection(str(tmp_path / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
    older = "select count(*) from current_confirmation where date_agreed_at < ?"
    assert connection.execute(older, (to_micros(NOW),)).get == 7
    connection.close()
