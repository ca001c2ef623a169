"""PostgreSQL's own backup, as the page for operators shows it."""

import re
import shlex
import subprocess
from pathlib import Path

from tests.postgresql import drop_databases, new_database, programs
from tests.served import DIRECTORY, agreegate

PAGE = Path("docs/operations.md")
SHOWN, RESTORED = "postgresql:///agreegate", "postgresql:///restored"


def commands() -> list[list[str]]:
    """The commands of the section, word by word."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## PostgreSQL\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_the_commands_of_the_page_make_and_copy_a_record(tmp_path: Path) -> None:
    urls = {SHOWN: new_database(), RESTORED: new_database()}
    ran = []
    for program, *words in commands():
        typed = [
            word.replace("agreegate.dump", str(tmp_path / "dump")).replace("partners.toml", str(DIRECTORY))
            for word in words
        ]
        for shown, url in urls.items():
            typed = [word.replace(shown, url) for word in typed]
        if program == "agreegate":
            done = agreegate(*typed)
        else:
            done = subprocess.run([programs() / program, *typed], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (program, typed, done.stderr)
        ran.append(program)
    assert ran == ["agreegate", "agreegate", "pg_dump", "pg_restore"]
    assert agreegate("db", "check", "--database", urls[RESTORED]).returncode == 0
    first, second = (
        agreegate("directory", "show", "--database", url).stdout.partition("\n")[2] for url in urls.values()
    )
    assert first == second
    assert "Cedar Bakery" in first
    drop_databases(urls.values())
