"""A simulation as lines of a file: what is counted, and customer by customer. The pages' and the command's are the same."""

from collections.abc import Callable, Iterator
from datetime import datetime

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.simulation import Count, Counts, Foresight, Scenario
from agreegate.domain.programme import StaleRule
from agreegate.i18n import country_text, text
from agreegate.services.agreements.simulation import Concerned, Simulation
from agreegate.spreadsheet import Line

COUNTS = (
    "simulation.column.by",
    "simulation.column.key",
    "word.name",
    *(f"simulation.figure.{count}" for count in Count),
)
"""Keys of the columns of what is counted."""
CUSTOMERS = (
    "word.customer-id",
    "word.customer",
    "word.country",
    "nav.resellers",
    "word.accepted-on",
    "reconfirmations.column.text",
    "simulation.column.renew-by",
    *(f"simulation.figure.{count}" for count in Count if count not in (Count.CUSTOMERS, Count.ALREADY)),
)
PARTNERS = ("word.partner", "simulation.column.partner-id")
"""Before those of a customer, where there are several partners'."""
Group = tuple[str | None, str | None, Counts]
"""The key of what is counted together, its name, and the counts."""
_REFUSED = (Count.REFUSED_API, Count.REFUSED_DASHBOARD)


def shown_counts(scenario: Scenario, *, by_week: bool = False) -> tuple[Count, ...]:
    """What a table shows: nothing is refused under a rule that only advises, and no week is given to the outdated."""
    left_out = () if scenario.stale_rule is StaleRule.REFUSE else _REFUSED
    return tuple(count for count in Count if count not in left_out and not (by_week and count is Count.ALREADY))


def groups(simulation: Simulation, language: str) -> dict[str, list[Group]]:
    """Return the counts by week, by partner and by reseller."""
    no_renewal, no_reseller = text("simulation.none.week", language), text("simulation.none.reseller", language)
    weeks: list[Group] = [
        (None, no_renewal, counts) if week is None else (week.isoformat(), None, counts)
        for week, counts in simulation.weeks.items()
    ]
    partners: list[Group] = [(partner.id, partner.name, counts) for partner, counts in simulation.partners.items()]
    resellers: list[Group] = [(*(one or (None, no_reseller)), counts) for one, counts in simulation.resellers.items()]
    return {"week": weeks, "partner": partners, "reseller": resellers}


def count_lines(simulation: Simulation, language: str) -> Iterator[Line]:
    """What is counted: all together, then group by group."""
    yield [text("simulation.by.total", language), None, None, *(simulation.total[count] for count in Count)]
    for by, found in groups(simulation, language).items():
        for key, name, counts in found:
            yield [text(f"simulation.by.{by}", language), key, name, *(counts[count] for count in Count)]


def rule_lines(foresight: Foresight, language: str, shown: Callable[[datetime], str]) -> Iterator[str]:
    """Yield what the scenario's rule does on each channel.

    Args:
        shown: writes an instant.
    """
    if foresight.scenario.stale_rule is StaleRule.ADVISE:
        yield text("simulation.advises", language)
        return
    for channel in Channel:
        denied, by = foresight.denies_from.get(channel), text(f"answer.by.{channel}", language)
        if denied is None:
            yield text("simulation.refuses.never", language, by=by)
        else:
            yield text("simulation.refuses.from", language, by=by, date=shown(denied))


def customer_line(one: Concerned, language: str) -> Line:
    """Return a customer's cells, in the order of `CUSTOMERS`."""
    customer, stake = one.affected, one.affected.stake
    return [
        customer.customer_id,
        customer.company_name,
        country_text(customer.country, language),
        ", ".join(one.resellers),
        instant_cell(customer.date_agreed),
        customer.text,
        None if stake.renew_by is None else instant_cell(stake.renew_by),
        len(stake.auto_renewals),
        len(stake.order_renewals),
        len(stake.carts),
        one.denied[Channel.API],
        one.denied[Channel.DASHBOARD],
    ]


def instant_cell(instant: datetime) -> str:
    """An instant as it is, in UTC: `2019-03-22T00:00:00Z`, to the microsecond where there is one."""
    return instant.isoformat().replace("+00:00", "Z")
