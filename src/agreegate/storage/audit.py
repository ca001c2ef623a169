"""Audit records: who did what to which customer (contract 4.12). No personal data: contacts are joined when read."""

from agreegate.domain.actor import Actor
from agreegate.storage.unit_of_work import UnitOfWork, to_micros


async def add_audit_record(
    uow: UnitOfWork,
    actor: Actor,
    operation: str,
    resource: str,
    *,
    customer: str | None = None,
    resource_id: str | None = None,
    correlation_id: str | None = None,
    old_value: str | None = None,
    new_value: str | None = None,
) -> None:
    """Record a change in the same unit of work as the change itself.

    Args:
        operation: the wire's operation type, such as `create_agreement`.
        resource: the wire's resource type, such as `agreement`.
        old_value, new_value: the resource before and after as JSON text with PascalCase names, free of personal data.
    """
    moment = to_micros(uow.now)
    await uow.run(
        "insert into audit_record (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type,"
        " operation_status, user_id, application_id, channel, correlation_id, resource_old_value, resource_new_value,"
        " operation_at) values ($1, $2, $3, $4, $5, $6, 'succeeded', $7, $8, $9, $10, $11, $12, $13)",
        actor.partner.id,
        uow.new_id(),
        customer,
        resource,
        resource_id,
        operation,
        actor.user_id,
        actor.application_id,
        actor.channel,
        correlation_id,
        old_value,
        new_value,
        moment,
    )
