"""The 35 questions of the published process: each sentence of the answers, its rules, and its condition.

`say(key, rules…, when=conditions)`: without a condition, a sentence holds wherever confirmations exist. `answer.py` takes dates
and outcomes from the programme and the gate.
"""

from dataclasses import dataclass

from agreegate.domain.actor import Channel
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Account, PartnerKind
from agreegate.domain.standing import Standing
from agreegate.questions.answer import (
    Case,
    Part,
    Sentence,
    When,
    accepted,
    between,
    channels,
    dated,
    lasting,
    outcomes,
    regions,
    say,
)
from agreegate.questions.place import Example, Page, Show


@dataclass(frozen=True, slots=True)
class Question:
    """One question: where its answer is seen, and the parts of its answer."""

    id: str
    show: Show
    parts: tuple[Part, ...]

    @property
    def group(self) -> str:
        """The part of the published page: process, policy or technical."""
        return {"P": "process", "L": "policy", "T": "technical"}[self.id[0]]

    def answer(self, case: Case) -> tuple[Sentence, ...]:
        """Return the answer in a case, sentence by sentence."""
        return tuple(sentence for part in self.parts for sentence in part(case))


ANYWHERE: frozenset[When] = frozenset()
NATIONAL, EARLY, BEGUN, ENFORCED = ({each} for each in (When.NATIONAL, When.EARLY, When.BEGUN, When.ENFORCED))
REFUSING, ALLOWING = {When.REFUSING}, {When.ALLOWING}
DIRECT_BILL, PROVIDER = {PartnerKind.DIRECT_BILL}, {PartnerKind.INDIRECT_PROVIDER}
RESELLER, OPERATOR = {PartnerKind.INDIRECT_RESELLER}, {PartnerKind.OPERATOR}

BUY, SEATS, RENEW = Action.NEW_PURCHASE, Action.SEAT_CHANGE, Action.AUTO_RENEWAL
STOPPED = (BUY, SEATS, Action.RENEWAL, Action.REACTIVATE, RENEW, Action.SUSPEND, Action.CANCEL)

STANDPOINT = (
    say("answer.absent", "R31", when=NATIONAL),
    say("answer.not-yet", "R1", when=EARLY),
)
"""The first sentences of every answer."""
EXISTS = say("answer.exists", "R1", when=BEGUN)
CHANNELS, API = channels(Channel.DASHBOARD, Channel.API), channels(Channel.API)
ROLE = (
    say("answer.role.direct_bill", "R21", when=DIRECT_BILL),
    say("answer.role.indirect_provider", "R21", "R22", when=PROVIDER),
    say("answer.role.indirect_reseller", "R22", "R23", when=RESELLER),
    say("answer.role.operator", "R21", when=OPERATOR),
    say("answer.sandbox", "R6", when={Account.SANDBOX}),
)
"""The duties of the asking partner."""
NO_RESELLERS = say("answer.no-resellers", "R21", when=DIRECT_BILL)
PROVIDER_CONTRACT = say("answer.provider-contract", "R22")
REASONS = (
    say("answer.why.rights", "R48"),
    say("answer.why.protection", "R48"),
    say("answer.why.regulator", "R48"),
)
"""Why the agreement protects the customer and the partner."""


def unconfirmed(_case: Case) -> Standing:
    """Return a customer without a record."""
    return Standing(related=True)


def without(*actions: Action) -> Part:
    """Return what happens now for a customer without a confirmation."""
    return outcomes("answer.without", unconfirmed, *actions, when=When.PUBLIC)


def once_confirmed(*actions: Action) -> Part:
    """Return what happens now for a customer whose acceptance is confirmed."""
    return outcomes("answer.with", accepted, *actions)


ONLY_ANOTHER = outcomes("answer.L8.only-another", unconfirmed, BUY)
OLDER = outcomes("answer.older", lambda case: accepted(case, outdated_since=case.now), BUY, RENEW)
REFUSED = outcomes("answer.refused", lambda case: Standing(related=True, no_longer_agrees_at=case.now), *STOPPED)

CUSTOMER, ORDER = Show(Page.CUSTOMER, Example.UNCONFIRMED), Show(Page.ORDER, Example.UNCONFIRMED)
FORM = Show(Page.CONFIRMATION, Example.UNCONFIRMED)
CONFIRMED = Show(Page.CUSTOMER, Example.CONFIRMED)
HELP, BY_API = Show(Page.HOW_TO_CONFIRM), Show(Page.BY_API)
TOUR, TEXTS, RESELLERS = Show(Page.TOUR), Show(Page.AGREEMENTS), Show(Page.RESELLERS)


def _question(id_: str, show: Show, *parts: Part) -> Question:
    return Question(id_, show, (*STANDPOINT, *parts))


QUESTIONS = (
    _question(
        "P1", TOUR,
        say("answer.P1.what", "R29"),
        say("answer.P1.review", "R49"),
        say("answer.duty", "R39"),
        EXISTS, CHANNELS, *ROLE,
    ),
    _question("P2", TOUR, EXISTS, CHANNELS, between, without(BUY)),
    _question(
        "P3", FORM,
        say("answer.P3.form", "R15"),
        say("answer.P3.address", "R16"),
        say("answer.P3.examples", "R16"),
        say("answer.P3.unknown", "R16"),
        say("answer.P3.duty", "R17"),
        dated("answer.P3.no-repeats", "R17", lambda template: template.duplicates_refused_from),
    ),
    _question(
        "P4", FORM,
        say("answer.P4.nothing", "R20"),
        say("answer.P4.statement", "R20"),
        say("answer.P4.responsible", "R20", "R29"),
        say("answer.P4.records", "R14", "R20"),
    ),
    _question(
        "P5", ORDER,
        say("answer.P5.when", "R6"),
        say("answer.P5.what", "R6", "R14"),
        CHANNELS, without(BUY, SEATS),
        say("answer.P5.whole", "R7"),
        once_confirmed(BUY, SEATS),
    ),
    _question("P6", Show(Page.ACTIVITY), say("answer.P6.nobody", "R18")),
    _question(
        "L1", CUSTOMER,
        say("answer.L1.order", "R39"),
        say("answer.duty", "R39"),
        *REASONS,
        say("answer.L1.partner", "R29"),
        *ROLE,
    ),
    _question(
        "L2", FORM,
        say("answer.L2.required", "R15"),
        say("answer.L2.optional", "R15"),
        say("answer.L2.person", "R24"),
        say("answer.L2.direct_bill", "R29", when=DIRECT_BILL),
        say("answer.L2.indirect_provider", "R23", when=PROVIDER),
        say("answer.L2.indirect_reseller", "R23", when=RESELLER),
    ),
    _question(
        "L3", ORDER,
        say("answer.L3.national", "R31", when=NATIONAL),
        CHANNELS,
        say("answer.L3.refused", "R9", "R10", when=ENFORCED),
        say("answer.L3.goes-on", "R8", "R11", when=ENFORCED),
        without(BUY, SEATS, RENEW, Action.CANCEL),
        say("answer.L3.mend", "R7", "R13", when=BEGUN),
        *ROLE,
    ),
    _question("L4", TEXTS, regions, say("answer.L4.yours", "R30"), CHANNELS),
    _question(
        "L5", HELP,
        say("answer.L5.direct_bill", "R21"),
        say("answer.L5.indirect_provider", "R21", "R22"),
        PROVIDER_CONTRACT,
        say("answer.L5.indirect_reseller", "R22"),
        EXISTS, CHANNELS, *ROLE,
    ),
    _question(
        "L6", ORDER,
        CHANNELS,
        say("answer.L6.new", "R8"),
        say("answer.L6.existing", "R9", "R10"),
        say("answer.L6.free", "R11", "R12", "R40", "R47"),
        without(*Action), *ROLE,
    ),
    _question(
        "L7", FORM,
        say("answer.L7.national", "R31", when=NATIONAL),
        say("answer.L7.early", "R13", when=EARLY),
        say("answer.L7.any-time", "R13", when=BEGUN),
        once_confirmed(BUY), *ROLE,
    ),
    _question(
        "L8", Show(Page.CUSTOMER, Example.SHARED),
        say("answer.L8.each", "R26"),
        say("answer.L8.unseen", "R26"),
        ONLY_ANOTHER, once_confirmed(BUY),
    ),
    _question(
        "L9", RESELLERS, NO_RESELLERS,
        say("answer.L9.provider", "R22"),
        PROVIDER_CONTRACT,
        say("answer.supplies", "R23"),
        CHANNELS, *ROLE,
    ),
    _question(
        "L10", RESELLERS, NO_RESELLERS,
        say("answer.L10.tells", "R23"),
        say("answer.L10.collects", "R23"),
        say("answer.supplies", "R23"),
        say("answer.L10.outside", "R23"),
        say("answer.L10.list", "R23", when=BEGUN | PROVIDER),
        say("answer.L10.late", "R22"),
        without(BUY), *ROLE,
    ),
    _question(
        "L11", CUSTOMER,
        say("answer.L11.national", "R31", when=NATIONAL),
        say("answer.L11.words", "R48", when=BEGUN),
        *REASONS,
        say("answer.L11.text", "R49", when=BEGUN),
        say("answer.L11.regulator", "R48", when=BEGUN),
    ),
    _question(
        "L12", CONFIRMED, NO_RESELLERS,
        say("answer.L12.one", "R27"),
        say("answer.L12.all", "R27", "R22"),
        once_confirmed(BUY, SEATS),
        say("answer.L12.another-provider", "R26"),
    ),
    _question(
        "L13", FORM,
        say("answer.L13.customer", "R25", when=ANYWHERE),
        say("answer.L13.unchecked", "R25"),
        say("answer.L13.never", "R24", when=ANYWHERE),
    ),
    _question(
        "L14", TEXTS,
        say("answer.L14.national", "R31", when=NATIONAL),
        say("answer.L14.today", "R32", when=BEGUN),
        say("answer.L14.early", "R32", when=EARLY),
        dated("answer.L14.opens", "R32", lambda template: template.opens_from),
        dated("answer.L14.closes", "R33", lambda template: template.opens_until),
        dated("answer.L14.retired", "R33", lambda template: template.confirm_until),
        say("answer.L14.new", "R32"),
        say("answer.L14.existing", "R33"),
        say("answer.L14.stays", "R34"),
        say("answer.sooner", "R35"),
        say("answer.L14.published", "R38"),
        say("answer.L14.added", "R38", when=BEGUN),
        OLDER,
    ),
    _question(
        "L15", RESELLERS, NO_RESELLERS,
        say("answer.L15.no", "R22"),
        PROVIDER_CONTRACT,
        say("answer.L15.papers", "R14"),
        say("answer.supplies", "R23"),
        without(BUY), *ROLE,
    ),
    _question(
        "L16", Show(Page.CUSTOMER, Example.REFUSED),
        say("answer.L16.no-order", "R39"),
        say("answer.L16.cancel", "R40"),
        without(BUY), REFUSED,
        say("answer.L16.again", "R47"),
    ),
    _question(
        "L17", FORM,
        say("answer.L17.no", "R24", when=ANYWHERE),
        say("answer.L17.person", "R24", "R25", when=ANYWHERE),
        say("answer.L17.duties", "R29"),
    ),
    _question(
        "L18", CONFIRMED,
        say("answer.L18.national", "R31", when=NATIONAL),
        lasting,
        say("answer.L18.newer", "R34", "R37"),
        say("answer.sooner", "R35"),
        once_confirmed(BUY, RENEW), OLDER,
    ),
    _question(
        "L19", Show(Page.NEW_CUSTOMER),
        say("answer.L19.national", "R19", "R31", when=NATIONAL),
        say("answer.L19.proposed", "R19"),
        say("answer.L19.only", "R19"),
        say("answer.L19.silent", "R18", when=ANYWHERE),
    ),
    _question(
        "T1", HELP,
        say("answer.T1.national", "R31", when=NATIONAL),
        say("answer.T1.two", "R41"),
        EXISTS, CHANNELS, *ROLE,
    ),
    _question(
        "T2", BY_API,
        say("answer.T2.national", "R31", when=NATIONAL),
        say("answer.T2.three", "R45"),
        say("answer.T2.metadata", "R45"),
        say("answer.T2.confirm", "R45"),
        say("answer.T2.read", "R45"),
        say("answer.T2.early", "R1", when=EARLY),
        API,
        say("answer.T2.denial", "R4", "R7"),
    ),
    _question(
        "T3", FORM,
        say("answer.T3.national", "R31", when=NATIONAL),
        say("answer.T3.early", "R42", when=EARLY),
        say("answer.T3.dashboard", "R42", when=BEGUN),
        say("answer.T3.counts", "R41"),
        API, once_confirmed(BUY),
    ),
    _question("T4", BY_API, say("answer.T4.no", "R43"), say("answer.T4.one-by-one", "R45")),
    _question(
        "T5", BY_API,
        say("answer.T3.national", "R31", when=NATIONAL),
        say("answer.T5.vendor", "R44"),
        say("answer.T5.unchanged", "R44"),
        API,
        say("answer.T5.meanwhile", "R42", when=BEGUN),
    ),
    _question(
        "T6", ORDER,
        say("answer.T6.national", "R31", when=NATIONAL),
        say("answer.T6.metadata", "R50", "R45"),
        say("answer.T6.order-allowed", "R50", "R2", when=ALLOWING),
        say("answer.T6.order", "R50", "R7", when=REFUSING),
        without(BUY),
        say("answer.T6.confirm", "R50", "R15"),
        say("answer.T6.read", "R50", "R45"),
        say("answer.T6.same-order", "R50", "R7", when=REFUSING),
        once_confirmed(BUY),
    ),
    _question(
        "T7", TEXTS,
        say("answer.T7.national", "R31", when=NATIONAL),
        say("answer.T7.published", "R38"),
        say("answer.T7.text", "R38", when=BEGUN),
        say("answer.T7.version", "R38", when=BEGUN),
        say("answer.T7.link", "R45", when=BEGUN),
        say("answer.T7.page", "R46", "R49", when=BEGUN),
    ),
    _question(
        "T8", FORM,
        say("answer.T8.partner", "R28"),
        say("answer.T8.left-out", "R28"),
        say("answer.T8.application", "R28"),
        say("answer.T8.designated", "R28"),
        *ROLE,
    ),
    _question(
        "T9", HELP,
        say("answer.T9.seller", "R29"),
        say("answer.T9.contract", "R29", "R39"),
        say("answer.T9.direct", "R29"),
    ),
    _question("T10", TOUR, say("answer.T10.either", "R41"), CHANNELS, without(BUY), once_confirmed(BUY)),
)  # fmt: skip
"""In the order of the published page: P1–P6, L1–L19, T1–T10."""
