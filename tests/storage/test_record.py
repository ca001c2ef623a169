"""The one door to the record: nothing else writes what it writes, and it writes for the actor's partner alone."""

import re
from pathlib import Path

from agreegate.domain.confirmation import Employee
from agreegate.domain.fact import EmployeeStated
from agreegate.services.confirmation import confirm
from agreegate.storage.record import record
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call

SOURCE = Path(__file__).resolve().parents[2] / "src" / "agreegate"
_WRITES = re.compile(
    r"(?:(?:insert into|update|delete from) |(?:insert|put|update)\(\s*uow,\s*\")"
    r"(?:audit_record|confirmation\w*|current_confirmation|decision|ending)\b"
    r"|await (?:add_audit_record|add_decision)\("
)


async def test_an_employee_is_stated_only_behind_a_confirmation_of_the_actors_partner() -> None:
    memory = Memory()
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    confirmed = await memory.do(confirm, call(alder), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    stated = EmployeeStated(cast.CEDAR, confirmed.id, Employee("Robin Vale"), cast.HAZEL_ADMIN)
    await memory.do(record, hazel, stated)
    assert await memory.rows("select * from confirmation_employee") == []
    await memory.do(record, alder, stated)
    assert await memory.rows("select name from confirmation_employee") == [("Robin Vale",)]


def test_nothing_else_writes_confirmations_endings_decisions_or_audit_records() -> None:
    writers = {file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*.py") if _WRITES.search(file.read_text())}
    # The last two hold a statement each, in functions that only the first calls.
    assert writers == {"storage/record.py", "storage/audit.py", "storage/decision.py"}
