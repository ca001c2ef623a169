"""The tables of a record on Citus, and what does not follow its rules, with reasons. `docs/operations/scaling.md` shows the same."""

from typing import NamedTuple

LOCAL = {
    "demo_clock": "the demo alone has it",
    "kept_unit": "the outcome of a unit of work, asked after a lost connection",
    "migration": "the schema's own",
    "person_horizon": "one row of the worker for the search by person",
    "person_progress": "one row of the worker for the search by person",
    "session": "sessions of pages, found by the browser's key alone",
}
"""Tables that stay on the coordinator, with the reason."""
REFERENCE = {
    "clock_acceptance": "rows of the operator, some about all partners, joined to each partner's",
    "deployment": "one row, joined to the clock's",
    "partner": "domains and MPN ids are unique over all partners, and links of resellers name two partners",
    "partner_mail_domain": "a new customer's domain is looked for among those of all partners",
    "reseller_link": "names two partners, and is read from both",
    "tenant_domain": "a domain is taken for all partners",
    "text_content": "the programme's texts, the same for all partners",
    "text_file": "the programme's texts, the same for all partners",
    "text_piece": "the programme's texts, the same for all partners",
    "text_version": "the programme's texts, the same for all partners",
}
"""Tables that every node has a copy of, with the reason. A write to one of them is a commit on every node."""
DETAILS = {
    "confirmation_collection", "confirmation_contact", "confirmation_employee", "confirmation_text", "confirmation_warning",
}  # fmt: skip
"""Tables with the number of a confirmation and without a partner: distribution adds `partner_id` to them and to their joins."""

KEYS = {
    "audit_record_pkey": "becomes (partner_id, number)",
    "confirmation_by_id": "becomes (partner_id, confirmation_id); the ids are GUIDs",
    "confirmation_collection_pkey": "becomes (partner_id, confirmation_number)",
    "confirmation_contact_pkey": "becomes (partner_id, confirmation_number)",
    "confirmation_employee_pkey": "becomes (partner_id, number)",
    "confirmation_pkey": "becomes (partner_id, number)",
    "confirmation_text_pkey": "becomes (partner_id, confirmation_number)",
    "confirmation_warning_pkey": "becomes (partner_id, confirmation_number, warning)",
    "ending_pkey": "becomes (partner_id, number)",
    "idempotency_pkey": "becomes (partner_id, number)",
}
"""Unique indexes of distributed tables without the distribution column, with what they become. Numbers stay unique by their sequence."""
FOREIGN_KEYS = {
    "confirmation_collection_confirmation_number_fkey": "becomes (partner_id, confirmation_number)",
    "confirmation_contact_confirmation_number_fkey": "becomes (partner_id, confirmation_number)",
    "confirmation_employee_confirmation_number_fkey": "becomes (partner_id, confirmation_number)",
    "confirmation_text_confirmation_number_fkey": "becomes (partner_id, confirmation_number)",
    "confirmation_warning_confirmation_number_fkey": "becomes (partner_id, confirmation_number)",
}
"""Foreign keys of distributed tables without the distribution column, with what they become."""
TRIGGERS = {
    "require_newest_that_counts": "the confirmation that counts is the newest one",
    "require_none_current": "a customer who no longer agrees has no confirmation that counts",
    "require_voided_not_current": "a confirmation that was voided does not count",
}
"""Functions of triggers on distributed tables that rights cannot replace, with what they hold. `agreegate db check` tests the same."""


class Across(NamedTuple):
    """Statements that ask every shard."""

    begins: str
    """How their text begins, or what it contains."""
    use: str
    cost: str


UPKEEP = "every shard, once a minute; then rows of each"
RESELLER = "every shard, one index look-up on each"
ACROSS = (
    Across("delete from cart", "upkeep: carts expire", UPKEEP),
    Across("delete from decision_repeat", "upkeep: repeated decisions expire", UPKEEP),
    Across("delete from idempotency", "upkeep: kept answers expire", UPKEEP),
    Across("select min(s.commitment_end_at) from subscription", "renewals: when the next one is due", "every shard, once a second"),
    Across(
        "from subscription s where s.status in ('active', 'suspended') and s.commitment_end_at <= ?1",
        "renewals: those that are due", "every shard, where one is due; each renewal itself is on one shard",
    ),
    Across(
        "select 1 from confirmation_contact where confirmation_number >", "search by person: whether there is anything to do",
        "every shard, once a second; numbers no longer follow the order of recording, so each shard needs its own progress",
    ),
    Across(
        "select k.confirmation_number, c.partner_id", "search by person: the next confirmations",
        "as the line before, and their rows",
    ),
    Across("where v.partner_id || '' = ", "pages about one reseller: the sign hides the partner from SQLite's planner, and from Citus", RESELLER),
    Across(
        "select c.customer_id, c.commerce_id, c.company_name, c.domain, c.country", "a reseller's customers, of all its providers",
        RESELLER,
    ),
    Across(
        "select c.customer_id, c.company_name from ( select v.partner_id", "a reseller's customers, of all its providers", RESELLER
    ),
    Across("select c.partner_id from customer_reseller c", "through which provider a reseller has a customer", RESELLER),
    Across(
        "r.partner_id in (select p.partner_id from partner p", "the operator's simulation: all customers of all partners",
        "every shard reads its part, in parallel; no snapshot across shards, so it is no state of one instant",
    ),
    Across(
        "select partner_id, name, kind, cloud, account, mpn_id, domain, country, culture from partner p where exists",
        "the operator's pages: partners with confirmations", "every shard, one look-up for each partner",
    ),
)  # fmt: skip
