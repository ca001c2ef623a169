"""L1–L19: who confirms what, for whom, how often, and what happens without."""

from agreegate.domain.partner import Cloud, PartnerKind
from agreegate.domain.question.case import (
    Case,
    Sentences,
    Word,
    agreements,
    channels,
    facts,
    once_confirmed,
    outcomes,
    role,
    rule_of,
    say,
    since,
    without,
)
from agreegate.domain.question.question import (
    Example,
    Group,
    Page,
    Question,
    Scene,
    refused_first,
    settled,
    while_open,
)
from agreegate.domain.transaction import Action


def _why(case: Case) -> Sentences:
    yield say("answer.L1.order", "R39", agreement=case.agreement)
    yield say("answer.L1.partner", "R29")
    yield say("answer.L1.regulator", "R48")
    yield from role(case)


def _data(case: Case) -> Sentences:
    yield say("answer.L2.required", "R15")
    yield say("answer.L2.optional", "R15")
    yield say("answer.L2.person", "R24")
    if case.partner.kind is PartnerKind.INDIRECT_RESELLER:
        yield say("answer.L2.hand-over", "R23")


def _missed(case: Case) -> Sentences:
    yield from channels(case)
    yield from without(case, Action.NEW_PURCHASE, Action.SEAT_CHANGE, Action.AUTO_RENEWAL, Action.CANCEL)
    yield say("answer.L3.mend", "R7", "R13")
    yield from role(case)


def _regions(case: Case) -> Sentences:
    for cloud in Cloud:
        named = Word(f"answer.cloud.{cloud}")
        if cloud in case.programme.unsupported_clouds:
            yield say("answer.L4.absent", "R31", cloud=named)
        else:
            yield say("answer.L4.everywhere", "R30", cloud=named)
    if not case.absent:
        yield say("answer.L4.yours", "R30", cloud=Word(f"answer.cloud.{case.partner.cloud}"))


def _partners(case: Case) -> Sentences:
    for kind in PartnerKind:
        yield say("answer.L5.confirms" if kind.confirms else "answer.L5.not", rule_of(kind), kind=Word(f"kind.{kind}"))
    yield from role(case)
    yield from since(case)
    yield from channels(case)


def _scenarios(case: Case) -> Sentences:
    yield say("answer.L6.alike", "R8", "R9", "R10")
    yield from without(case, *Action)
    yield from role(case)


def _separately(case: Case) -> Sentences:
    yield say("answer.L7.any-time", "R13")
    yield from once_confirmed(case, Action.NEW_PURCHASE)
    yield from role(case)


def _several_partners(case: Case) -> Sentences:
    yield say("answer.L8.each", "R26")
    yield say("answer.L8.unseen", "R26")
    yield from outcomes(case, "answer.L8.only-another", case.unconfirmed(), Action.NEW_PURCHASE)
    yield from once_confirmed(case, Action.NEW_PURCHASE)


def _reseller(case: Case) -> Sentences:
    yield say("answer.L9.provider", "R22")
    yield say("answer.L9.supplies", "R23")
    yield from role(case)
    yield from channels(case)


def _coordination(case: Case) -> Sentences:
    yield say("answer.L10.collects", "R23")
    yield say("answer.L10.outside", "R23")
    yield from without(case, Action.NEW_PURCHASE)
    yield say("answer.L10.late", "R22")
    yield from role(case)


def _several_resellers(case: Case) -> Sentences:
    yield say("answer.L12.one", "R27")
    yield say("answer.L12.all", "R27", "R22")
    yield from once_confirmed(case, Action.NEW_PURCHASE, Action.SEAT_CHANGE)
    yield say("answer.L12.another-provider", "R26")


def _version(case: Case) -> Sentences:
    yield from agreements(case)
    yield say("answer.L14.new", "R32")
    yield say("answer.L14.existing", "R33")
    yield say("answer.L14.stays", "R34")
    yield say("answer.L14.unnamed", "R38")
    yield from outcomes(case, "answer.older", case.outdated(), Action.NEW_PURCHASE, Action.AUTO_RENEWAL)


def _own_records(case: Case) -> Sentences:
    yield say("answer.L15.no", "R22")
    yield say("answer.L15.papers", "R14")
    yield from without(case, Action.NEW_PURCHASE)
    yield say("answer.L15.hand-over", "R23")
    yield from role(case)


def _disagrees(case: Case) -> Sentences:
    yield say("answer.L16.no-order", "R39")
    yield from without(case, Action.NEW_PURCHASE)
    yield from outcomes(
        case,
        "answer.refused",
        case.refused(),
        Action.NEW_PURCHASE,
        Action.SEAT_CHANGE,
        Action.RENEWAL,
        Action.REACTIVATE,
        Action.AUTO_RENEWAL,
        Action.SUSPEND,
        Action.CANCEL,
    )
    yield say("answer.L16.cancel", "R40")
    yield say("answer.L16.again", "R47")


def _again(case: Case) -> Sentences:
    closed = [t for t in case.programme.templates if t.has_opened(case.now) and not t.opens_gate(case.now)]
    for template in closed:
        yield say("answer.L18.closed", "R33", agreement=template.title)
        yield from outcomes(case, "answer.closed", case.of(template), Action.NEW_PURCHASE, agreement=template.title)
    yield say("answer.L18.others" if closed else "answer.L18.stays", "R36")
    yield from once_confirmed(case, Action.NEW_PURCHASE, Action.AUTO_RENEWAL)
    yield from agreements(case)
    yield say("answer.L18.newer", "R34", "R37")
    yield from outcomes(case, "answer.older", case.outdated(), Action.NEW_PURCHASE, Action.AUTO_RENEWAL)
    yield say("answer.L18.early", "R35")


QUESTIONS = (
    Question("L1", Group.POLICY, _why, Scene(Page.CUSTOMER, while_open, Example.UNCONFIRMED)),
    Question("L2", Group.POLICY, _data, Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED)),
    Question("L3", Group.POLICY, _missed, Scene(Page.ORDER, refused_first, Example.UNCONFIRMED)),
    Question("L4", Group.POLICY, _regions, Scene(Page.AGREEMENTS, while_open)),
    Question("L5", Group.POLICY, _partners, Scene(Page.HOW_TO_CONFIRM, while_open)),
    Question("L6", Group.POLICY, _scenarios, Scene(Page.ORDER, refused_first, Example.UNCONFIRMED)),
    Question("L7", Group.POLICY, _separately, Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED)),
    Question("L8", Group.POLICY, _several_partners, Scene(Page.CUSTOMER, settled, Example.SHARED)),
    Question("L9", Group.POLICY, _reseller, Scene(Page.RESELLERS, while_open)),
    Question("L10", Group.POLICY, _coordination, Scene(Page.RESELLERS, while_open)),
    Question(
        "L11",
        Group.POLICY,
        facts(("answer.L11.words", "R48"), ("answer.L11.text", "R49"), ("answer.L11.regulator", "R48")),
        Scene(Page.CUSTOMER, while_open, Example.UNCONFIRMED),
    ),
    Question("L12", Group.POLICY, _several_resellers, Scene(Page.CUSTOMER, settled, Example.CONFIRMED)),
    Question(
        "L13",
        Group.POLICY,
        facts(("answer.L13.customer", "R25"), ("answer.L13.unchecked", "R25"), ("answer.L13.never", "R24")),
        Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED),
    ),
    Question("L14", Group.POLICY, _version, Scene(Page.AGREEMENTS, while_open)),
    Question("L15", Group.POLICY, _own_records, Scene(Page.RESELLERS, while_open)),
    Question("L16", Group.POLICY, _disagrees, Scene(Page.CUSTOMER, settled, Example.REFUSED)),
    Question(
        "L17",
        Group.POLICY,
        facts(("answer.L17.no", "R24"), ("answer.L17.person", "R24", "R25"), ("answer.L17.duties", "R29")),
        Scene(Page.CONFIRMATION, while_open, Example.UNCONFIRMED),
    ),
    Question("L18", Group.POLICY, _again, Scene(Page.CUSTOMER, settled, Example.CONFIRMED)),
    Question(
        "L19",
        Group.POLICY,
        facts(("answer.L19.proposed", "R19"), ("answer.L19.only", "R19"), ("answer.L19.silent", "R18")),
        Scene(Page.NEW_CUSTOMER, while_open),
    ),
)
