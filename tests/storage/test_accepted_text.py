"""Which text a confirmation speaks of is kept beside it, for good, and never half."""

from dataclasses import replace

import apsw
import pytest

from agreegate.domain.accepted_text import UNDETERMINED, AcceptedText, Basis
from agreegate.domain.text import Digest
from agreegate.storage.accepted_text import accepted_texts_of, add_accepted_text
from agreegate.storage.text import add_text_version
from agreegate.storage.unit_of_work import UnitOfWork
from tests.memory import Memory
from tests.personas import ALDER, CEDAR
from tests.texts import AMERICA, draft

CONFIRMED = """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
    date_agreed_at, user_id, recorded_by, channel, recorded_at)
    values ($1, $2, $3, 'confirmation ' || $3, 1, 'x', 'x', 0, 'x', 'x', 'api', 0)"""


async def confirmed(uow: UnitOfWork, count: int) -> None:
    for sequence in range(1, count + 1):
        await uow.run(CONFIRMED, ALDER, CEDAR, sequence)


async def test_what_is_known_and_what_is_not_come_back_as_they_were() -> None:
    memory = Memory()
    await memory.do(confirmed, 4)
    version = await memory.do(add_text_version, draft(), "tests")
    known = AcceptedText(Basis.INFERRED, version.id, AMERICA, Digest("0" * 64))
    told = [known, AcceptedText(Basis.STATED, version.id), UNDETERMINED]
    for sequence, accepted in enumerate(told, 1):
        await memory.do(add_accepted_text, ALDER, CEDAR, sequence, accepted)
    read = [replace(one, label="1" if one.version_id else None) for one in told]
    assert await memory.do(accepted_texts_of, ALDER, CEDAR) == dict(enumerate(read, 1)), "the fourth says nothing"
    for statement in ("update confirmation_text set basis = basis", "delete from confirmation_text"):
        with pytest.raises(apsw.ConstraintError):
            await memory.rows(statement)


@pytest.mark.parametrize(
    "accepted",
    [
        AcceptedText(Basis.INFERRED),
        AcceptedText(Basis.STATED),
        AcceptedText(Basis.UNDETERMINED, digest=Digest("0" * 64)),
        AcceptedText(Basis.UNDETERMINED, locale=AMERICA),
    ],
)
async def test_half_a_statement_is_none(accepted: AcceptedText) -> None:
    memory = Memory()
    await memory.do(confirmed, 1)
    with pytest.raises(apsw.ConstraintError):
        await memory.do(add_accepted_text, ALDER, CEDAR, 1, accepted)
