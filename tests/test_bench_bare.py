"""The bare loop beside which confirmations are measured writes what they wrote, whatever the schema is."""

import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate import programme
from agreegate.api.exchange import answer
from agreegate.api.wire.agreement import recorded_body
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.services.confirmation import confirm
from agreegate.services.idempotency import Answer, IdempotentCall, run_idempotent
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of
from bench.bare import Loop, copy_of, written
from bench.machine import CannotMeasure
from bench.rows import CLOUD_AGREEMENT, PARTNERS, Seller, load, sellers, some_customers


async def test_the_loop_writes_what_confirmations_wrote(tmp_path: Path) -> None:
    load(tmp_path, PARTNERS * 4)
    before, after = tmp_path / "before.db", tmp_path / DATABASE
    copy_of(after, before)
    chosen = [(sellers()[number], customer) for number, customer in some_customers(tmp_path)][:6]
    with closing(InlineStore(connect(after))) as store:
        for seller, customer in chosen:
            answered = await store.write(lambda uow, seller=seller, customer=customer: recorded(uow, seller, customer))
            assert answered.status == 201
    customers = [(seller.partner, customer) for seller, customer in chosen]
    confirmations = written(before, after, customers)
    assert len(confirmations) == len(chosen)
    with closing(Loop(before, confirmations)) as loop:
        loop.write(4, 4)
        loop.write(2, 1)
        with pytest.raises(CannotMeasure):
            loop.write(1, 1)
    with pytest.raises(CannotMeasure, match="no confirmation was written"):
        written(before, after, customers)


async def recorded(uow: UnitOfWork, seller: Seller, customer: str) -> Answer:
    partner = await partner_of(uow, seller.partner)
    assert partner is not None
    actor = Actor(partner, frozenset({Role.SALES_AGENT}), UserId(seller.user), seller.user_name)
    ids = str(uuid.uuid4()), str(uuid.uuid4())
    call = IdempotentCall.of(actor, "POST", f"/v1/customers/{customer}/agreements", *ids, b"{}", repeatable=True)
    contact = PrimaryContact("Noa", "Berg", "noa@acceptor.example", "5550100")
    draft = Draft(contact, TemplateId(CLOUD_AGREEMENT), datetime(2026, 1, 1, 10, tzinfo=UTC))

    async def confirmed() -> Answer:
        found = await confirm(uow, call, programme.load(), customer, draft)
        return answer(201, recorded_body(found), found.id)

    return await run_idempotent(uow, call, confirmed)
