"""The 35 answers: which sentences a partner reads at which date, by message key; outcomes as the gate decides."""

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import CONFIRM, Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.customers.email import valid_email
from agreegate.domain.gate import decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.standing import Current, Standing
from agreegate.i18n import LANGUAGES, catalogue, date_text, text
from agreegate.questions.answer import Case, Sentence
from agreegate.questions.table import QUESTIONS
from tests import personas as cast
from tools.generate_rules import RULES

PUBLISHED = programmes.load("microsoft-cloud-agreement")
SUCCESSOR = programmes.load("microsoft-customer-agreement")
WATCHING = replace(PUBLISHED, enforce_from={})
QUESTION = {question.id: question for question in QUESTIONS}
IDS = [*(f"P{n}" for n in range(1, 7)), *(f"L{n}" for n in range(1, 20)), *(f"T{n}" for n in range(1, 11))]
KINDS = list(PartnerKind)
DIRECT, PROVIDER, RESELLER, OPERATOR = (
    PartnerKind.DIRECT_BILL, PartnerKind.INDIRECT_PROVIDER, PartnerKind.INDIRECT_RESELLER, PartnerKind.OPERATOR,
)  # fmt: skip

EARLY = ["2018-08-06"]
OPTIONAL = ["2018-08-07", "2018-10-15"]
ONE_CHANNEL = ["2018-11-07", "2019-03-21"]
BOTH_CHANNELS = ["2019-03-22", "2026-11-22"]
BEGUN = [*OPTIONAL, *ONE_CHANNEL, *BOTH_CHANNELS]
ALWAYS = [*EARLY, *BEGUN]


def day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


DAYS = [*map(day, ALWAYS), *map(day, ("2019-10-01", "2020-02-01", "2021-01-14"))]


def partner(kind: PartnerKind = DIRECT, cloud: Cloud = Cloud.PUBLIC, account: Account = Account.PRODUCTION) -> Partner:
    return Partner(PartnerId(cast.HAZEL), "Hazel Cloud", kind, cloud, account, None, "hazel.example", "US", "en-US")


PARTNERS = [*map(partner, KINDS), partner(cloud=Cloud.US_GOVERNMENT), partner(RESELLER, Cloud.GERMANY),
            partner(account=Account.SANDBOX)]  # fmt: skip


def answered(
    question: str, on: str, asking: Partner | None = None, programme: Programme = PUBLISHED
) -> tuple[Sentence, ...]:
    return QUESTION[question].answer(Case(programme, asking or partner(), day(on)))


def keys(question: str, on: str, asking: Partner | None = None, programme: Programme = PUBLISHED) -> list[str]:
    """The message keys of an answer, without their common beginning."""
    return [sentence.key.removeprefix("answer.") for sentence in answered(question, on, asking, programme)]


def params(question: str, key: str, on: str, programme: Programme = PUBLISHED) -> list[dict[str, object]]:
    """What fills the sentences of a key."""
    return [dict(one.params) for one in answered(question, on, None, programme) if one.key == f"answer.{key}"]


def outcomes(question: str, on: str, heading: str, programme: Programme = PUBLISHED) -> dict[str, str]:
    """Per action, what stands below a heading: the verdict on the dashboard and that by API."""
    found: dict[str, str] = {}
    below = False
    for sentence in answered(question, on, None, programme):
        action = sentence.params.get("action")
        if sentence.key.startswith("answer.outcome.") and isinstance(action, Action):
            if below:
                found[action] = sentence.key.removeprefix("answer.outcome.")
        else:
            below = sentence.key == f"answer.{heading}"
    return found


def everything() -> Iterator[tuple[str, tuple[Sentence, ...]]]:
    for programme, asking, now in product((PUBLISHED, SUCCESSOR, WATCHING), PARTNERS, DAYS):
        for question in QUESTIONS:
            yield question.id, question.answer(Case(programme, asking, now))


def test_the_questions_are_those_of_the_process_in_its_order() -> None:
    assert list(QUESTION) == IDS
    for language in LANGUAGES:
        words = catalogue(language)
        assert {key for key in words if re.match(r"question\.[PLT]\d", key)} == {f"question.{each}" for each in IDS}
        assert len({words[f"question.{each}"] for each in IDS}) == len(IDS)


REASONS = ["why.rights", "why.protection", "why.regulator"]
CHANNELS = {
    **{on: ["channel.ahead", "channel.ahead"] for on in (*EARLY, *OPTIONAL)},
    **{on: ["channel.since", "channel.ahead"] for on in ONE_CHANNEL},
    **{on: ["channel.since", "channel.since"] for on in BOTH_CHANNELS},
}
PARTS: list[tuple[str, list[PartnerKind], list[str], list[str]]] = [
    ("P1", KINDS, ALWAYS, ["P1.what", "P1.review", "duty"]),
    ("P1", KINDS, BEGUN, ["exists"]),
    ("P2", KINDS, BEGUN, ["exists"]),
    ("P2", KINDS, [*EARLY, *OPTIONAL, *ONE_CHANNEL], ["P2.between"]),
    ("P2", KINDS, BOTH_CHANNELS, ["P2.between.over"]),
    ("P3", KINDS, ALWAYS, ["P3.form", "P3.address", "P3.examples", "P3.unknown", "P3.duty"]),
    ("P3", KINDS, BEGUN, ["P3.no-repeats"]),
    ("P4", KINDS, ALWAYS, ["P4.nothing", "P4.statement", "P4.responsible", "P4.records"]),
    ("P5", KINDS, ALWAYS, ["P5.when", "P5.what", "P5.whole"]),
    ("P6", KINDS, ALWAYS, ["P6.nobody"]),
    ("L1", KINDS, ALWAYS, ["L1.order", "duty", *REASONS, "L1.partner"]),
    ("L2", KINDS, ALWAYS, ["L2.required", "L2.optional", "L2.person"]),
    ("L2", [DIRECT], ALWAYS, ["L2.direct_bill"]),
    ("L2", [PROVIDER], ALWAYS, ["L2.indirect_provider"]),
    ("L2", [RESELLER], ALWAYS, ["L2.indirect_reseller"]),
    ("L3", KINDS, ALWAYS, ["L3.refused", "L3.goes-on"]),
    ("L3", KINDS, BEGUN, ["L3.mend"]),
    ("L4", KINDS, ALWAYS, ["L4.required", "L4.yours"]),
    ("L5", KINDS, ALWAYS, ["L5.direct_bill", "L5.indirect_provider", "provider-contract", "L5.indirect_reseller"]),
    ("L5", KINDS, BEGUN, ["exists"]),
    ("L6", KINDS, ALWAYS, ["L6.new", "L6.existing", "L6.free"]),
    ("L7", KINDS, EARLY, ["L7.early"]),
    ("L7", KINDS, BEGUN, ["L7.any-time"]),
    ("L8", KINDS, ALWAYS, ["L8.each", "L8.unseen"]),
    ("L9", KINDS, ALWAYS, ["L9.provider", "provider-contract", "supplies"]),
    ("L9", [DIRECT], ALWAYS, ["no-resellers"]),
    ("L10", KINDS, ALWAYS, ["L10.tells", "L10.collects", "supplies", "L10.outside", "L10.late"]),
    ("L10", [PROVIDER], BEGUN, ["L10.list"]),
    ("L10", [DIRECT], ALWAYS, ["no-resellers"]),
    ("L11", KINDS, ALWAYS, REASONS),
    ("L11", KINDS, BEGUN, ["L11.words", "L11.text", "L11.regulator"]),
    ("L12", KINDS, ALWAYS, ["L12.one", "L12.all", "L12.another-provider"]),
    ("L12", [DIRECT], ALWAYS, ["no-resellers"]),
    ("L13", KINDS, ALWAYS, ["L13.customer", "L13.unchecked", "L13.never"]),
    ("L14", KINDS, ALWAYS, ["L14.new", "L14.existing", "L14.stays", "sooner", "L14.published"]),
    ("L14", KINDS, EARLY, ["L14.early"]),
    ("L14", KINDS, BEGUN, ["L14.today", "L14.opens", "L14.added"]),
    ("L15", KINDS, ALWAYS, ["L15.no", "provider-contract", "L15.papers", "supplies"]),
    ("L15", [DIRECT], ALWAYS, ["no-resellers"]),
    ("L16", KINDS, ALWAYS, ["L16.no-order", "L16.cancel", "L16.again"]),
    ("L17", KINDS, ALWAYS, ["L17.no", "L17.person", "L17.duties"]),
    ("L18", KINDS, ALWAYS, ["L18.stays", "L18.newer", "sooner"]),
    ("L19", KINDS, ALWAYS, ["L19.proposed", "L19.only", "L19.silent"]),
    ("T1", KINDS, ALWAYS, ["T1.two"]),
    ("T1", KINDS, BEGUN, ["exists"]),
    ("T2", KINDS, ALWAYS, ["T2.three", "T2.metadata", "T2.confirm", "T2.read", "T2.denial"]),
    ("T2", KINDS, EARLY, ["T2.early"]),
    ("T3", KINDS, EARLY, ["T3.early"]),
    ("T3", KINDS, BEGUN, ["T3.dashboard"]),
    ("T3", KINDS, ALWAYS, ["T3.counts"]),
    ("T4", KINDS, ALWAYS, ["T4.no", "T4.one-by-one"]),
    ("T5", KINDS, ALWAYS, ["T5.vendor", "T5.unchanged"]),
    ("T5", KINDS, BEGUN, ["T5.meanwhile"]),
    ("T6", KINDS, ALWAYS, ["T6.metadata", "T6.confirm", "T6.read"]),
    ("T6", KINDS, [*EARLY, *OPTIONAL], ["T6.order-allowed"]),
    ("T6", KINDS, [*ONE_CHANNEL, *BOTH_CHANNELS], ["T6.order", "T6.same-order"]),
    ("T7", KINDS, ALWAYS, ["T7.published"]),
    ("T7", KINDS, BEGUN, ["T7.text", "T7.version", "T7.link", "T7.page"]),
    ("T8", KINDS, ALWAYS, ["T8.partner", "T8.left-out", "T8.application", "T8.designated"]),
    ("T9", KINDS, ALWAYS, ["T9.seller", "T9.contract", "T9.direct"]),
    ("T10", KINDS, ALWAYS, ["T10.either"]),
]
"""Question, kinds of partner and dates that read the sentences. No other kind and no other date reads them."""


@pytest.mark.rule("R1", "R20", "R21", "R22", "R23", "R30", "R38", "R39", "R48")
@pytest.mark.parametrize(("question", "kinds", "dates", "parts"), PARTS)
def test_each_sentence_is_said_to_its_partners_at_its_dates(
    question: str, kinds: list[PartnerKind], dates: list[str], parts: list[str]
) -> None:
    for kind, on in product(KINDS, ALWAYS):
        expected = parts if kind in kinds and on in dates else []
        assert [key for key in dict.fromkeys(keys(question, on, partner(kind))) if key in parts] == expected, (kind, on)


def test_the_table_names_every_sentence_that_the_table_of_questions_says() -> None:
    listed = {question: {key for each, _, _, parts in PARTS if each == question for key in parts} for question in IDS}
    computed = ("channel.", "role.", "outcome.", "L4.absent", "L8.only-another")
    headings = ("without", "with", "older", "refused", "not-yet")
    for question, kind, on in product(IDS, KINDS, ALWAYS):
        for key in keys(question, on, partner(kind)):
            assert key in listed[question] or key.startswith(computed) or key in headings, (question, key)


@pytest.mark.rule("R2", "R3", "R4", "R5")
@pytest.mark.parametrize("question", ["P1", "P2", "P5", "L3", "L4", "L5", "L6", "L9", "T1", "T10"])
def test_each_channel_has_its_own_date(question: str) -> None:
    for on, kind in product(ALWAYS, KINDS):
        found = [one for one in answered(question, on, partner(kind)) if one.key.startswith("answer.channel.")]
        assert [one.key.removeprefix("answer.") for one in found] == CHANNELS[on]
        assert [one.params["date"] for one in found] == [day("2018-11-07"), day("2019-03-22")]
        assert [one.params["by"] for one in found] == [Channel.DASHBOARD, Channel.API]
        assert [one.rules for one in found] == [("R2", "R3"), ("R2", "R4")], (
            "until its date, a confirmation is optional"
        )


@pytest.mark.rule("R1")
def test_before_the_first_day_every_answer_begins_with_it() -> None:
    for question, kind, on in product(IDS, KINDS, ALWAYS):
        assert (keys(question, on, partner(kind))[0] == "not-yet") == (on in EARLY)


@pytest.mark.rule("R5")
def test_the_months_between_the_dates() -> None:
    [between] = params("P2", "P2.between", "2018-10-15")
    assert (between["first"], between["last"]) == (day("2018-11-07"), day("2019-03-21"))
    assert (between["refused"], between["allowed"]) == (Channel.DASHBOARD, Channel.API)
    together = replace(PUBLISHED, enforce_from=dict.fromkeys(Channel, PUBLISHED.enforce_from[Channel.API]))
    assert "P2.between" not in keys("P2", "2018-10-15", programme=together)


NATIONAL = {
    "L3": ["L3.national"],
    "L4": ["L4.required", "L4.absent", "L4.absent", "L4.absent"],
    "L7": ["L7.national"],
    "L11": ["L11.national"],
    "L13": ["L13.customer", "L13.never"],
    "L14": ["L14.national"],
    "L17": ["L17.no", "L17.person"],
    "L18": ["L18.national"],
    "L19": ["L19.national", "L19.silent"],
    "T1": ["T1.national"],
    "T2": ["T2.national"],
    "T3": ["T3.national"],
    "T5": ["T3.national"],
    "T6": ["T6.national"],
    "T7": ["T7.national"],
}
"""What a partner in a national cloud reads after the first sentence. Every other answer is that sentence alone."""


@pytest.mark.rule("R30", "R31")
@pytest.mark.parametrize("cloud", [Cloud.US_GOVERNMENT, Cloud.GERMANY, Cloud.CHINA])
@pytest.mark.parametrize("question", IDS)
def test_a_national_cloud_reads_only_what_exists_there(question: str, cloud: Cloud) -> None:
    for kind, on, programme in product(KINDS, ALWAYS, (PUBLISHED, SUCCESSOR)):
        parts = keys(question, on, partner(kind, cloud), programme)
        assert parts == ["absent", *NATIONAL.get(question, [])], (kind, on)


@pytest.mark.rule("R30", "R31")
def test_the_programme_says_which_clouds_have_confirmations() -> None:
    one = replace(PUBLISHED, unsupported_clouds=frozenset({Cloud.CHINA}))
    assert keys("L4", "2018-11-07", programme=one).count("L4.required") == 3
    assert keys("L4", "2018-11-07").count("L4.required") == 1


@pytest.mark.rule("R21", "R22")
@pytest.mark.parametrize("question", ["P1", "L1", "L3", "L5", "L6", "L7", "L9", "L10", "L15", "T1", "T8"])
def test_each_kind_of_partner_reads_its_own_duty(question: str) -> None:
    for kind, on in product(KINDS, ALWAYS):
        roles = [key for key in keys(question, on, partner(kind)) if key.startswith("role.")]
        assert roles == [f"role.{kind}"]
    assert "sandbox" in keys(question, "2018-11-07", partner(account=Account.SANDBOX))


@pytest.mark.rule("R8", "R9", "R10", "R11")
@pytest.mark.parametrize("on", ALWAYS)
def test_what_happens_without_a_confirmation(on: str) -> None:
    bought = "allow.allow" if on in (*EARLY, *OPTIONAL) else "deny.allow" if on in ONE_CHANNEL else "deny.deny"
    for question in ("P2", "P5", "L3", "L6", "L10", "L15", "L16", "T6", "T10"):
        assert outcomes(question, on, "without")["new_purchase"] == bought, question
    for question in ("P5", "L3", "L6"):
        assert outcomes(question, on, "without")["seat_change"] == bought, question
    for question, action in product(("L3", "L6"), ("auto_renewal", "cancel")):
        assert outcomes(question, on, "without")[action] == "allow.allow", question


@pytest.mark.rule("R7", "R26", "R36", "R40", "R47")
@pytest.mark.parametrize("on", BEGUN)
def test_what_happens_once_confirmed_and_once_the_customer_no_longer_agrees(on: str) -> None:
    for question in ("P5", "L7", "L8", "L12", "L18", "T3", "T6", "T10"):
        assert outcomes(question, on, "with")["new_purchase"] == "allow.allow", question
    assert outcomes("L8", on, "L8.only-another") == {"new_purchase": outcomes("P2", on, "without")["new_purchase"]}
    stopped = dict.fromkeys(["new_purchase", "seat_change", "renewal", "reactivate"], "deny.deny")
    goes_on = dict.fromkeys(["auto_renewal", "suspend", "cancel"], "allow.allow")
    assert outcomes("L16", on, "refused") == stopped | goes_on


@pytest.mark.rule("R7", "R50")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_is_sent_again_only_after_a_denial(language: str) -> None:
    """An allowed order that is sent again buys twice."""
    again = {"en": "send the same order again", "fr": "renvoyer la même commande"}[language]
    refused = {"en": "only if Agreegate refused", "fr": "seulement si Agreegate a refusé"}[language]
    for on in ALWAYS:
        found = [text(one.key, language) for one in answered("T6", on) if one.key == "answer.T6.same-order"]
        assert len(found) == (on in [*ONE_CHANNEL, *BOTH_CHANNELS]), on
        assert all(again in one and refused in one for one in found)
    assert "T6.same-order" not in keys("T6", "2026-11-22", programme=WATCHING)
    steps = [key for key in keys("T6", "2018-10-15") if key.startswith("T6.")]
    assert steps == ["T6.metadata", "T6.order-allowed", "T6.confirm", "T6.read"]


@pytest.mark.rule("R1")
def test_nothing_is_said_of_records_that_nobody_can_have_made() -> None:
    for question, heading in (("P5", "with"), ("L16", "refused"), ("L18", "older"), ("L8", "L8.only-another")):
        assert heading not in keys(question, "2018-08-06")
        assert heading in keys(question, "2018-08-07")


def current(programme: Programme, now: datetime, outdated: datetime | None = None) -> Standing:
    template = programme.asked_template(now)
    assert template is not None
    return Standing(
        True, (Current(AgreementType(template.agreement_type), TemplateId(template.id), now, now, 1, outdated),)
    )


def test_every_outcome_is_the_gates_own() -> None:
    """Whatever stands below a heading is what `decide()` answers, with its rules, on both channels."""
    seen = set()
    for programme, asking, now in product((PUBLISHED, SUCCESSOR, WATCHING), PARTNERS, DAYS):
        standings = {
            "answer.without": Standing(True),
            "answer.L8.only-another": Standing(True),
            "answer.with": current(programme, now),
            "answer.older": current(programme, now, outdated=now),
            "answer.refused": Standing(True, no_longer_agrees_at=now),
        }
        for question in QUESTIONS:
            standing = None
            for sentence in question.answer(Case(programme, asking, now)):
                standing = standings.get(sentence.key, standing)
                if not sentence.key.startswith("answer.outcome."):
                    continue
                assert standing is not None
                action = sentence.params["action"]
                assert isinstance(action, Action)
                decisions = [
                    decide(Transaction(action, channel), standing, programme, asking.cloud, now)
                    for channel in (Channel.DASHBOARD, Channel.API)
                ]
                verdicts = ".".join(decision.verdict for decision in decisions)
                assert sentence.key == f"answer.outcome.{verdicts}"
                assert {r.rule for d in decisions for r in (*d.reasons, *d.advisories)} <= set(sentence.rules)
                seen.add((verdicts, action))
    assert {verdicts for verdicts, _ in seen} == {"allow.allow", "deny.allow", "deny.deny"}
    assert {action for _, action in seen} == set(Action)


CLOUD, CUSTOMER = "Microsoft Cloud Agreement", "Microsoft Customer Agreement"


DATED = [("L14.opens", CUSTOMER, "2019-10-01")]
CLOSING = [*DATED, ("L14.closes", CLOUD, "2020-02-01"), ("L14.retired", CLOUD, "2020-03-31")]


@pytest.mark.rule("R32", "R33")
@pytest.mark.parametrize(
    ("programme", "on", "title", "parts"),
    [
        (PUBLISHED, "2018-08-07", CLOUD, DATED),
        (PUBLISHED, "2026-11-22", CLOUD, DATED),
        (SUCCESSOR, "2020-01-31", CLOUD, CLOSING),
        (SUCCESSOR, "2020-02-01", CUSTOMER, CLOSING),
        (SUCCESSOR, "2026-11-22", CUSTOMER, CLOSING),
    ],
)
def test_which_agreement_counts_and_from_when(
    programme: Programme, on: str, title: str, parts: list[tuple[str, str, str]]
) -> None:
    assert [one["agreement"] for one in params("L14", "L14.today", on, programme)] == [title]
    found = [(key, one["agreement"], one["date"]) for key, _, _ in parts for one in params("L14", key, on, programme)]
    assert found == [(key, title, day(date)) for key, title, date in parts]


@pytest.mark.rule("R33", "R36")
def test_an_agreement_that_no_longer_counts_is_confirmed_again() -> None:
    before, after = (keys("L18", on, programme=SUCCESSOR) for on in ("2020-01-31", "2020-02-01"))
    assert before[0] == "L18.stays"
    assert after[:2] == ["L18.closed", "L18.others"]
    assert [one["agreement"] for one in params("L18", "L18.closed", "2026-11-22", SUCCESSOR)] == [CLOUD]
    assert outcomes("L18", "2026-11-22", "with", SUCCESSOR)["new_purchase"] == "allow.allow"


@pytest.mark.rule("R17")
@pytest.mark.parametrize("programme", [PUBLISHED, SUCCESSOR])
def test_repeats_are_as_the_programme_has_them(programme: Programme) -> None:
    refused = [(one["agreement"], one["date"]) for one in params("P3", "P3.no-repeats", "2026-11-22", programme)]
    assert refused == [(CUSTOMER, day("2021-01-14"))]


FACTS = [
    ("answer.L4.required", "required in all regions", "obligatoire dans toutes les régions"),
    ("rule.R30", "in all regions", "dans toutes les régions"),
    ("answer.channel.ahead", "optional before {date}", "facultative avant le {date}"),
    ("answer.channel.since", "optional before {date}", "facultative avant le {date}"),
    ("answer.why.rights", "use rights and the terms", "droits d’utilisation du client et les conditions"),
    ("answer.why.protection", "security, privacy and data protection", "sécurité, la confidentialité et la protection"),
    ("answer.why.regulator", "transparency towards regulators", "transparence envers les autorités"),
    ("answer.provider-contract", "contract with the vendor", "par contrat à l’éditeur"),
    ("rule.R22", "contract with the vendor", "par contrat à l’éditeur"),
    ("answer.L10.tells", "at once", "sans attendre"),
    ("rule.R23", "at once", "sans attendre"),
    ("answer.supplies", "promptly", "sans tarder"),
    ("rule.R23", "promptly", "sans tarder"),
    ("answer.P4.responsible", "obtaining the acceptance", "obtenir l’acceptation"),
    ("answer.P4.responsible", "keeping its own records", "conserver"),
    ("answer.duty", "not new", "pas nouvelle"),
    ("answer.L16.no-order", "not new", "pas nouvelle"),
    ("rule.R39", "not new", "pas nouvelle"),
    ("answer.L6.new", "every transaction", "toute transaction"),
    (
        "answer.L6.existing",
        "new purchases and changes of the seat count",
        "achats et les changements du nombre de licences",
    ),
    ("answer.L16.cancel", "for any reason", "quelle qu’en soit la raison"),
    ("answer.L19.only", "documented instructions", "instructions documentées"),
    ("answer.L14.published", "no version", "pas de version"),
    ("answer.T7.published", "no text and asks for no version", "aucun texte et ne demande aucune version"),
    ("answer.T7.version", "version", "version"),
    ("rule.R38", "Agreegate", "Agreegate"),
    ("answer.T1.two", "record", "enregistrement"),
    ("rule.R41", "record", "enregistrement"),
    ("answer.T2.three", "three operations", "trois opérations"),
]
"""The fact that a sentence is there for, in the words of both languages."""


@pytest.mark.rule("R20", "R22", "R23", "R30", "R38", "R39", "R48")
@pytest.mark.parametrize(("key", "english", "french"), FACTS)
def test_a_sentence_says_the_fact_that_it_is_there_for(key: str, english: str, french: str) -> None:
    assert english in catalogue("en")[key]
    assert french in catalogue("fr")[key]


def test_a_record_is_no_registre() -> None:
    for key, sentence in catalogue("fr").items():
        assert not (re.match(r"(answer|explanation|rule)\.", key) and re.search(r"\bregistre", sentence)), key


@pytest.mark.rule("R16", "R28")
def test_what_a_sentence_claims_of_the_product_is_so() -> None:
    for language in LANGUAGES:
        addresses = re.findall(r"\S+\.example", text("answer.P3.examples", language))
        assert [valid_email(address) for address in addresses] == [True, False]
    assert not CONFIRM.application


@pytest.mark.rule("R34", "R35", "R37")
def test_an_older_text_refuses_only_where_the_programme_says_so() -> None:
    strict = replace(PUBLISHED, stale_rule=StaleRule.REFUSE)
    for question, (programme, bought) in product(("L14", "L18"), ((PUBLISHED, "allow.allow"), (strict, "deny.deny"))):
        found = outcomes(question, "2019-03-22", "older", programme)
        assert found == {"new_purchase": bought, "auto_renewal": "allow.allow"}


def test_a_channel_that_only_warns_refuses_nothing() -> None:
    assert keys("P2", "2026-11-22", programme=WATCHING).count("channel.watches") == 2
    assert outcomes("L3", "2026-11-22", "without", WATCHING)["new_purchase"] == "allow.allow"
    assert "L3.refused" not in keys("L3", "2026-11-22", programme=WATCHING)


def test_every_question_has_an_answer_and_every_sentence_a_rule_for_everybody_at_any_time() -> None:
    for question, sentences in everything():
        assert sentences, question
        for sentence in sentences:
            assert sentence.rules, sentence.key
            assert set(sentence.rules) <= set(RULES), sentence.key


@pytest.mark.fault("F10")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_can_be_read_and_no_sentence_is_long(language: str) -> None:
    def words(key: str, **filled: object) -> str:
        needed = {name for _, name, _, _ in string.Formatter().parse(catalogue(language)[key]) if name}
        assert needed <= filled.keys(), key
        return text(key, language, **filled)

    date = partial(date_text, language=language)
    read = {sentence.language(words, date) for _, sentences in everything() for sentence in sentences}
    read |= {catalogue(language)[f"question.{each}"] for each in IDS}
    for paragraph in read:
        assert "{" not in paragraph
        assert "datetime" not in paragraph
        for sentence in re.split(r"(?<=[.?!]) ", paragraph):
            assert len([word for word in sentence.split() if re.search(r"\w", word)]) <= 20, sentence


def test_french_answers_keep_french_typography() -> None:
    for key, sentence in catalogue("fr").items():
        if re.match(r"(questions?|answer|explanation|rule)\.", key):
            assert not re.search(r"[^\u202f][;!?]|[^\u00a0]:(?!//)|«[^\u00a0]|[^\u00a0]»|'|\d{4}-\d\d", sentence), key


def test_no_date_is_written_by_hand() -> None:
    """Move the programme's dates, and none of the old ones is left in any answer."""
    shift = timedelta(days=40)
    moved = replace(
        PUBLISHED,
        starts=PUBLISHED.starts + shift,
        enforce_from={channel: date + shift for channel, date in PUBLISHED.enforce_from.items() if date},
    )
    old = {PUBLISHED.starts, *PUBLISHED.enforce_from.values(), day("2019-03-21")}
    for each, now in product(IDS, ("2018-09-20", "2018-12-30", "2019-06-01")):
        for sentence in answered(each, now, None, moved):
            used = {name for _, name, _, _ in string.Formatter().parse(catalogue("en")[sentence.key]) if name}
            assert not old & {sentence.params[name] for name in used}, sentence.key
    for language in LANGUAGES:
        for key, sentence_text in catalogue(language).items():
            assert not (re.match(r"(question|answer)\.", key) and re.search(r"\b20\d\d\b", sentence_text)), key
