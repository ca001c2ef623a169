"""The state of a customer as SQL: the only SQL that knows a state (decision 0026).

Counts and filters over many customers use these expressions; rows that are shown are decided by `domain/standing.py`. A
property test holds the two together (`tests/storage/test_state.py`).
"""

from collections.abc import Iterable
from datetime import datetime

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.storage.customers.standing import newer
from agreegate.storage.engine.unit_of_work import to_micros
from agreegate.storage.orders.renewal import ran_after, ran_by
from agreegate.storage.statement import Statement


def newer_text(now: str, n: str = "n") -> str:
    """SQL: the major text `v`, in force at `now` for the customer's country, comes after the accepted text of `n`."""
    return f"""{newer(n)} and v.effective_at <= {now}
        and exists (select 1 from text_file f where f.number = v.number and f.country = c.country)"""


def is_outdated(now: str) -> str:
    """SQL: the confirmation `n` of the customer `c` is outdated at `now`."""
    return f"exists (select 1 from text_version v where {newer_text(now)})"


def is_overdue(now: str, n: str = "n") -> str:
    """SQL: the confirmation `n` of the customer `c` is outdated at `now`, and a renewal has run since."""
    return f"""exists (select 1 from renewal w
        join text_version v on {newer_text(now, n)} and {ran_after("v.effective_at")}
        where w.partner_id = {n}.partner_id and w.customer_id = {n}.customer_id
          and {ran_after(f"{n}.date_agreed_at")} and {ran_by(now)})"""


def state_of(programme: Programme, at: datetime, to: Statement) -> str:
    """SQL: the state at `at` of the customer `c` with the open relationship `r`, as the values of `State`.

    The caller has made sure that customers have a state: the programme exists then, in the partner's cloud.
    """
    now = to.bind(to_micros(at))
    opening = to.bind_all(_opening(programme, at))
    # The names of these three states sort best first, so the least one is the customer's.
    found = f"""case when not {is_outdated(now)} then '{State.CONFIRMED}'
      when not {is_overdue(now)} then '{State.OUTDATED}' else '{State.OVERDUE}' end"""
    return f"""case when {no_longer_agrees(programme, at, to)} then '{State.NO_LONGER_AGREES}'
      else coalesce((select min({found}) {_confirmations(opening)}), '{State.NOT_CONFIRMED}') end"""


def no_longer_agrees(programme: Programme, at: datetime, to: Statement) -> str:
    """SQL: the customer of `r` no longer agrees at `at`, and no later confirmation opens the gate or has opened it (R47)."""
    opened = to.bind_all(one.id for one in programme.templates if one.has_opened(at))
    return f"r.no_longer_agrees_at is not null and not exists (select 1 {_confirmations(opened)})"


def lacks_confirmation(programme: Programme, at: datetime, to: Statement) -> str:
    """SQL: no confirmation of the customer of `r` opens the gate at `at`: its state is not confirmed, or no longer agrees."""
    return f"not exists (select 1 {_confirmations(to.bind_all(_opening(programme, at)))})"


def is_in(state: State, programme: Programme, at: datetime, to: Statement) -> str:
    """SQL: the customer `c` with the open relationship `r` is in a state at `at`.

    A condition that most customers in other states do not meet comes first: it costs less than the state.
    """
    if state is State.NO_LONGER_AGREES:
        needed = "r.no_longer_agrees_at is not null"
    else:
        needed = f"{'' if state is State.NOT_CONFIRMED else 'not '}{lacks_confirmation(programme, at, to)}"
    return f"{needed} and {state_of(programme, at, to)} = {to.bind(state)}"


def opens_by(template: TemplateId, programme: Programme, at: datetime, to: Statement) -> str:
    """SQL: the gate opens at `at` for the outdated or overdue customer of `r` by a confirmation of a template."""
    if not programme.opens_gate(template, at):
        return "false"
    better = ""
    if others := [one for one in _opening(programme, at) if one != template]:
        now = to.bind(to_micros(at))
        late, other_late = is_overdue(now), is_overdue(now, "m")
        better = f"""and not exists (select 1 from current_confirmation m where m.partner_id = n.partner_id
          and m.customer_id = n.customer_id and m.template_id || '' in ({to.bind_all(others)})
          and ({late} and not {other_late} or m.sequence > n.sequence and ({late} or not {other_late})))"""
    return f"exists (select 1 {_confirmations(to.bind(template))} {better})"


def _opening(programme: Programme, at: datetime) -> Iterable[TemplateId]:
    return (one.id for one in programme.templates if one.opens_gate(at))


def _confirmations(templates: str) -> str:
    # Concatenated, so that the customer's few rows are read and not an index of everybody's by template.
    return f"""from current_confirmation n where n.partner_id = r.partner_id and n.customer_id = r.customer_id
        and n.template_id || '' in ({templates})"""
