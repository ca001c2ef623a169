"""The accepted text of a confirmation is recorded whole, and never changes."""

from dataclasses import replace

import pytest

from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreements.accepted_text import UNDETERMINED, AcceptedText, Basis
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.agreements.text import Digest
from agreegate.domain.confirmation import Confirmation, ConfirmationId
from agreegate.domain.fact import ConfirmationRecorded, Counting
from agreegate.storage.agreements.accepted_text import accepted_texts_of
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.record import next_sequence, record
from tests.engines import REFUSED
from tests.memory import Memory
from tests.personas import ALDER, ALDER_SALES, CEDAR
from tests.texts import AMERICA, draft


async def confirm(memory: Memory, *texts: AcceptedText | None) -> None:
    """Record a confirmation of each of these texts."""
    actor = await memory.actor(ALDER, ALDER_SALES)

    async def work(uow: UnitOfWork) -> None:
        for text in texts:
            sequence = await next_sequence(uow, actor.partner.id, CEDAR)
            confirmation = Confirmation(
                ConfirmationId(uow.new_id()), sequence, TemplateId("x"), AgreementType("x"), uow.now, None,
                UserId(ALDER_SALES), ALDER_SALES, Channel.API, uow.now,
            )  # fmt: skip
            await record(uow, actor, ConfirmationRecorded(CEDAR, Counting(confirmation, text, 1, None)))

    await memory.do(work)


async def test_what_is_known_and_what_is_not_come_back_as_they_were() -> None:
    memory = Memory()
    version = await memory.do(add_text_version, draft(), "tests")
    known = AcceptedText(Basis.INFERRED, version.id, AMERICA, Digest("0" * 64))
    texts = [known, AcceptedText(Basis.STATED, version.id), UNDETERMINED]
    await confirm(memory, *texts, None)
    read = [replace(one, label="1" if one.version_id else None) for one in texts]
    assert await memory.do(accepted_texts_of, ALDER, CEDAR) == dict(enumerate(read, 1)), "the fourth has no text"
    for statement in ("update confirmation_text set basis = basis", "delete from confirmation_text"):
        with pytest.raises(REFUSED):
            memory.connection.execute(statement)


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
    with pytest.raises(REFUSED):
        await confirm(memory, accepted)
