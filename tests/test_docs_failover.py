"""`docs/operations/failover.md` shows what `make failover` runs, and names its limits and scenarios."""

import re
from pathlib import Path

from failover.__main__ import GAP_SECONDS, PLANNED_SECONDS, SCENARIOS, TTL_SECONDS, Result

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "operations" / "failover.md").read_text(encoding="utf-8")


def test_the_page_shows_the_files_that_the_program_runs() -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks == [(ROOT / "failover" / name).read_text(encoding="utf-8") for name in ("patroni.yml", "haproxy.cfg")]


def test_the_cluster_keeps_patronis_rule_for_its_times() -> None:
    times = {
        name: int(value) for name, value in re.findall(r"^ +(ttl|loop_wait|retry_timeout): (\d+)", PAGE, re.MULTILINE)
    }
    assert times["ttl"] == TTL_SECONDS
    assert times["loop_wait"] + 2 * times["retry_timeout"] <= times["ttl"]


def test_the_page_names_the_limits_and_every_scenario() -> None:
    assert f"| {GAP_SECONDS:.0f} seconds (1.4 × `ttl`) |" in PAGE
    assert f"| {PLANNED_SECONDS:.0f} seconds |" in PAGE
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == list(SCENARIOS)
    result = PAGE.partition("## Last result")[2]
    assert re.findall(r"^\| ([a-z, ]+) \| [0-9.]+ s \|", result, re.MULTILINE) == [
        name for name, *_ in SCENARIOS.values()
    ]


def test_a_lost_confirmation_misses_the_limit() -> None:
    kept = Result("killed", 20, GAP_SECONDS, 100, lost=0, denied=0, wrong=0, answers="")
    assert kept.kept
    for missed in ({"gap": 28.1}, {"lost": 1}, {"denied": 1}, {"wrong": 1}):
        assert not Result(**({name: getattr(kept, name) for name in Result.__slots__} | missed)).kept
