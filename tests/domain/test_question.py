"""The 35 questions: each answered for every partner at every date, from the rules, and as the gate decides."""

import re
import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import Channel
from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.gate import decide
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.question import Answered, Example, Group, Page, ShowMe, Word, answer, questions
from agreegate.domain.standing import Current, Standing
from agreegate.domain.transaction import Action, Transaction
from agreegate.i18n import LANGUAGES, catalogue, date_text, text
from tests import personas as cast
from tools.generate_rules import RULES

PUBLISHED = programmes.load("microsoft-cloud-agreement")
SUCCESSOR = programmes.load("microsoft-customer-agreement")
WATCHING = replace(PUBLISHED, enforce_from={})

IDS = [
    *(f"P{number}" for number in range(1, 7)),
    *(f"L{number}" for number in range(1, 20)),
    *(f"T{number}" for number in range(1, 11)),
]


def day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


DAYS = [
    *map(day, ("2018-08-01", "2018-08-07", "2018-09-01", "2018-11-06", "2018-11-07", "2019-03-21", "2019-03-22")),
    *map(day, ("2019-10-01", "2020-02-01", "2021-01-14", "2026-11-22")),
]


def partner(
    kind: PartnerKind = PartnerKind.DIRECT_BILL, cloud: Cloud = Cloud.PUBLIC, account: Account = Account.PRODUCTION
) -> Partner:
    return Partner(PartnerId(cast.HAZEL), "Hazel Cloud", kind, cloud, account, None, "hazel.example", "US", "en-US")


PARTNERS = [
    *(partner(kind) for kind in PartnerKind),
    partner(cloud=Cloud.US_GOVERNMENT),
    partner(PartnerKind.INDIRECT_RESELLER, Cloud.GERMANY),
    partner(account=Account.SANDBOX),
]


def told(
    question: str, on: str, asking: Partner | None = None, programme: Programme = PUBLISHED, language: str = "en"
) -> list[str]:
    """The answer as it is read."""
    answered = answer(programme, asking or partner(), day(on), question)
    return [
        sentence.spoken(lambda key, **p: text(key, language, **p), spelled(language)) for sentence in answered.answers
    ]


def spelled(language: str) -> Callable[[datetime], str]:
    return lambda instant: date_text(instant, language)


def everything() -> Iterator[Answered]:
    for programme, asking, now in product((PUBLISHED, SUCCESSOR, WATCHING), PARTNERS, DAYS):
        for question in questions():
            yield answer(programme, asking, now, question.id)


def test_the_questions_are_those_of_the_process_in_its_order() -> None:
    assert [question.id for question in questions()] == IDS
    for question in questions():
        assert question.group is {"P": Group.PROCESS, "L": Group.POLICY, "T": Group.TECHNICAL}[question.id[0]]
    for language in LANGUAGES:
        words = catalogue(language)
        assert {key for key in words if re.match(r"question\.[PLT]\d", key)} == {f"question.{each}" for each in IDS}
        assert len({words[f"question.{each}"] for each in IDS}) == len(IDS)
    with pytest.raises(KeyError):
        answer(PUBLISHED, partner(), DAYS[0], "L20")


def test_every_question_has_an_answer_and_every_sentence_a_rule_for_everybody_at_any_time() -> None:
    for answered in everything():
        assert answered.answers, answered.id
        assert answered.rules, answered.id
        for sentence in answered.answers:
            assert sentence.rules, sentence.key
            assert set(sentence.rules) <= set(RULES), sentence.key


@pytest.mark.fault("F10")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_can_be_read_and_no_sentence_is_long(language: str) -> None:
    def words(key: str, **params: object) -> str:
        needed = {name for _, name, _, _ in string.Formatter().parse(catalogue(language)[key]) if name}
        assert needed <= params.keys(), key
        return text(key, language, **params)

    read = {sentence.spoken(words, spelled(language)) for answered in everything() for sentence in answered.answers}
    read |= {catalogue(language)[f"question.{each}"] for each in IDS}
    for paragraph in read:
        assert "{" not in paragraph
        assert "datetime" not in paragraph
        for sentence in re.split(r"(?<=[.?!]) ", paragraph):
            assert len([word for word in sentence.split() if re.search(r"\w", word)]) <= 20, sentence


def test_no_date_is_written_by_hand() -> None:
    """Move the programme's dates, and none of the old ones is left in any answer."""
    shift = timedelta(days=40)
    moved = replace(
        PUBLISHED,
        starts=PUBLISHED.starts + shift,
        enforce_from={channel: date + shift for channel, date in PUBLISHED.enforce_from.items() if date},
    )
    for each, now in product(IDS, ("2018-09-20", "2018-12-30", "2019-06-01")):
        for sentence in told(each, now, programme=moved):
            assert not re.search(r"7 August 2018|7 November 2018|2[12] March 2019", sentence)
    for language in LANGUAGES:
        for key, sentence in catalogue(language).items():
            assert not (re.match(r"(question|answer)\.", key) and re.search(r"\b20\d\d\b", sentence)), key


OPTIONAL = "passes without a confirmation for now. From {} on it needs one."
ENFORCED = "has needed a confirmation since {}."


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5")
@pytest.mark.parametrize("question", ["P1", "P2", "L3", "L5", "T1", "T10"])
@pytest.mark.parametrize(
    ("on", "dashboard", "api"),
    [
        ("2018-08-01", OPTIONAL, OPTIONAL),
        ("2018-09-01", OPTIONAL, OPTIONAL),
        ("2018-11-07", "From today, {}, a transaction on the dashboard", OPTIONAL),
        ("2019-03-21", ENFORCED, OPTIONAL),
        ("2019-03-22", ENFORCED, "From today, {}, a transaction by API"),
        ("2019-03-23", ENFORCED, ENFORCED),
    ],
)
def test_each_channel_is_told_with_its_own_date(question: str, on: str, dashboard: str, api: str) -> None:
    answered = told(question, on)
    for by, expected, date in (("on the dashboard", dashboard, "7 November 2018"), ("by API", api, "22 March 2019")):
        assert [line for line in answered if f"transaction {by}" in line and expected.format(date) in line]
    begun = [line for line in answered if "Nothing can be confirmed yet: the process begins on 7 August 2018." in line]
    assert bool(begun) == (on == "2018-08-01")


@pytest.mark.rule("R5")
def test_the_months_between_the_dates_are_told() -> None:
    line = (
        "From 7 November 2018 to 21 March 2019 the channels differ."
        " The same customer is refused on the dashboard and served by API."
    )
    assert line in told("P2", "2018-09-01")
    together = replace(PUBLISHED, enforce_from=dict.fromkeys(Channel, PUBLISHED.enforce_from[Channel.API]))
    assert not [line for line in told("P2", "2018-09-01", programme=together) if "channels differ" in line]


BOTH, NONE, API_ONLY = (
    "passes on both channels.",
    "is refused on both channels.",
    "passes by API, is refused on the dashboard.",
)


@pytest.mark.rule("R8", "R9", "R10", "R11")
@pytest.mark.parametrize(
    ("on", "purchase"),
    [
        ("2018-08-01", BOTH),
        ("2018-09-01", BOTH),
        ("2018-11-07", API_ONLY),
        ("2019-03-21", API_ONLY),
        ("2019-03-22", NONE),
    ],
)
def test_what_happens_without_a_confirmation(on: str, purchase: str) -> None:
    for question in ("P2", "P5", "L3", "L6", "L8", "L10", "L15", "L16", "T6", "T10"):
        assert f"New purchase: {purchase}" in told(question, on), question
    for question in ("P5", "L3", "L6"):
        assert f"Seat change: {purchase}" in told(question, on), question
    for question in ("L3", "L6"):
        assert {f"Auto-renewal: {BOTH}", f"Cancellation: {BOTH}"} <= set(told(question, on)), question


@pytest.mark.rule("R7", "R36", "R39", "R40", "R47")
@pytest.mark.parametrize("on", ["2018-09-01", "2018-11-07", "2019-03-21", "2019-03-22"])
def test_what_happens_once_confirmed_and_once_refused(on: str) -> None:
    for question in ("P5", "L7", "L12", "L18", "T3", "T6", "T10"):
        assert f"New purchase: {BOTH}" in told(question, on), question
    refused = told("L16", on)
    refused = refused[next(i for i, line in enumerate(refused) if "no longer agrees:" in line) :]
    for action in ("New purchase", "Seat change", "Renewal by the partner", "Reactivation"):
        assert f"{action}: {NONE}" in refused
    for action in ("Auto-renewal", "Suspension", "Cancellation"):
        assert f"{action}: {BOTH}" in refused


def test_nothing_is_said_of_records_that_nobody_can_have_made() -> None:
    for question, heading in (("P5", "once the acceptance"), ("L16", "no longer agrees:"), ("L18", "an older text:")):
        assert not [line for line in told(question, "2018-08-01") if heading in line]
        assert not [line for line in told(question, "2019-03-22", partner(cloud=Cloud.CHINA)) if heading in line]
        assert [line for line in told(question, "2018-08-07") if heading in line]


def current(programme: Programme, now: datetime, outdated: datetime | None = None) -> Standing:
    title = programme.asks_for(now)
    template = next(each for each in programme.templates if each.title == title)
    return Standing(
        True, (Current(AgreementType(template.agreement_type), TemplateId(template.id), now, now, 1, outdated),)
    )


def test_every_outcome_is_the_gates_own() -> None:
    """Whatever stands below a heading is what `decide()` answers, with its rules, on both channels."""
    cloud = current(SUCCESSOR, DAYS[0]).current[0]
    seen = set()
    for programme, asking, now in product((PUBLISHED, SUCCESSOR, WATCHING), PARTNERS, DAYS):
        standings = {
            "answer.without": Standing(True),
            "answer.L8.only-another": Standing(True),
            "answer.with": current(programme, now),
            "answer.older": current(programme, now, outdated=now),
            "answer.refused": Standing(True, refused_at=now),
            "answer.closed": Standing(True, (replace(cloud, date_agreed=now),)),
        }
        for question in questions():
            standing = None
            for sentence in answer(programme, asking, now, question.id).answers:
                standing = standings.get(sentence.key, standing)
                if not sentence.key.startswith("answer.outcome."):
                    continue
                assert standing is not None
                word = sentence.params["action"]
                assert isinstance(word, Word)
                action = Action(word.key.removeprefix("answer.action."))
                decisions = {
                    channel: decide(Transaction(action, channel), standing, programme, asking.cloud, now)
                    for channel in Channel
                }
                allowed = [channel for channel, decision in decisions.items() if decision.allowed]
                kind = sentence.key.rpartition(".")[2]
                assert kind == {0: "deny", 1: "split", 2: "allow"}[len(allowed)]
                if kind == "split":
                    assert sentence.params["through"] == Word(f"answer.by.{allowed[0]}")
                    assert sentence.params["stopped"] != sentence.params["through"]
                named = {r.rule for d in decisions.values() for r in (*d.reasons, *d.advisories)}
                assert named <= set(sentence.rules)
                seen.add((kind, action))
    assert {kind for kind, _ in seen} == {"allow", "deny", "split"}
    assert {action for _, action in seen} == set(Action)


@pytest.mark.rule("R21", "R22", "R23")
def test_each_kind_of_partner_reads_what_it_has_to_do() -> None:
    for question in ("P1", "L1", "L3", "L5", "L6", "L7", "L9", "L10", "L15", "T1", "T8"):
        roles = {kind: told(question, "2018-11-07", partner(kind)) for kind in PartnerKind}
        assert (
            "You buy from the vendor and sell to the customer: you confirm yourself." in roles[PartnerKind.DIRECT_BILL]
        )
        assert any("whichever of your resellers" in line for line in roles[PartnerKind.INDIRECT_PROVIDER])
        assert any("You neither confirm nor order" in line for line in roles[PartnerKind.INDIRECT_RESELLER])
        assert any("You run the programme" in line for line in roles[PartnerKind.OPERATOR])
        assert any("sandbox" in line for line in told(question, "2018-11-07", partner(account=Account.SANDBOX)))
    handed = "Hand exactly these data to your indirect provider."
    assert [k for k in PartnerKind if handed in told("L2", "2018-11-07", partner(k))] == [PartnerKind.INDIRECT_RESELLER]
    for kind in PartnerKind:
        line = f"{'Confirms' if kind.confirms else 'Does not confirm'}: {text(f'kind.{kind}', 'en')}."
        assert line in told("L5", "2018-11-07")


@pytest.mark.rule("R30", "R31")
def test_a_national_cloud_reads_that_nothing_is_asked_there() -> None:
    for each, cloud in product(IDS, (Cloud.US_GOVERNMENT, Cloud.GERMANY, Cloud.CHINA)):
        first, *rest = told(each, "2019-03-22", partner(cloud=cloud))
        assert "nothing is confirmed there, and nothing is refused" in first
        assert not [line for line in rest if "is refused on" in line or "needed a confirmation since" in line]
    regions = told("L4", "2018-11-07")
    assert "In the public cloud: confirmations in every country." in regions
    assert len([line for line in regions if "nothing to confirm" in line]) == 3
    assert "In the German cloud: confirmations in every country." in told(
        "L4", "2018-11-07", programme=replace(PUBLISHED, unsupported_clouds=frozenset({Cloud.CHINA}))
    )


@pytest.mark.rule("R32", "R33", "R36")
def test_the_second_programme_answers_with_its_own_agreements_and_dates() -> None:
    before, after = (told("L14", on, programme=SUCCESSOR) for on in ("2020-01-31", "2020-02-01"))
    assert "The agreement to confirm today: Microsoft Cloud Agreement." in before
    assert (
        "A confirmation of the Microsoft Cloud Agreement opens the gate; from 1 February 2020 on it no longer does."
        in before
    )
    assert "A confirmation of the Microsoft Customer Agreement opens the gate." in before
    assert "The agreement to confirm today: Microsoft Customer Agreement." in after
    assert "A confirmation of the Microsoft Cloud Agreement has not opened the gate since 1 February 2020." in after
    assert "The agreement to confirm today: Microsoft Cloud Agreement." in told("L14", "2020-02-01")
    again = told("L18", "2020-02-01", programme=SUCCESSOR)
    assert again[0].startswith("Yes, where only the Microsoft Cloud Agreement was confirmed")
    assert again[2] == f"New purchase: {NONE}"
    assert told("L18", "2020-01-31", programme=SUCCESSOR)[0].startswith("No. A confirmation stays")
    retired = "Confirming the Microsoft Cloud Agreement has been refused since 31 March 2020."
    assert [retired in told("L14", on, programme=SUCCESSOR) for on in ("2020-03-30", "2020-03-31")] == [False, True]
    ahead = "A confirmation of the Microsoft Customer Agreement opens the gate only from 1 October 2019 on."
    assert ahead in told("P2", "2019-09-30")
    assert ahead not in told("P2", "2019-10-01")


@pytest.mark.rule("R16", "R17")
def test_repeats_are_told_as_the_programme_has_them() -> None:
    taken, refused = "An identical repeat is taken too.", "An identical repeat is refused; corrected data are not."
    assert taken in told("P3", "2021-01-13", programme=SUCCESSOR)
    assert refused in told("P3", "2021-01-14", programme=SUCCESSOR)
    assert taken in told("P3", "2026-11-22")
    assert "name.customer.example is refused: it does not have the form of an address." in told("P3", "2018-09-01")


@pytest.mark.rule("R34", "R35", "R37")
def test_an_older_text_refuses_only_where_the_programme_says_so() -> None:
    strict = replace(PUBLISHED, stale_rule=StaleRule.REFUSE)
    for question in ("L14", "L18"):
        older = [told(question, "2019-03-22", programme=each) for each in (PUBLISHED, strict)]
        tails = [lines[next(i for i, line in enumerate(lines) if "an older text:" in line) :] for lines in older]
        assert f"New purchase: {BOTH}" in tails[0]
        assert f"New purchase: {NONE}" in tails[1]
        assert all(f"Auto-renewal: {BOTH}" in tail for tail in tails)


def test_a_channel_that_only_watches_is_told_so() -> None:
    assert [line for line in told("P2", "2026-11-22", programme=WATCHING) if "only watches" in line]
    assert f"New purchase: {BOTH}" in told("L3", "2026-11-22", programme=WATCHING)


def test_french_reads_french() -> None:
    assert told("L3", "2018-11-07", language="fr")[:4] == [
        "À partir d’aujourd’hui, le 7 novembre 2018, une transaction sur le tableau de bord exige une confirmation.",
        "Une transaction par l’API passe pour l’instant sans confirmation. À partir du 22 mars 2019, elle en exige une.",
        "Le 7 novembre 2018, pour un client sans confirmation :",
        "Nouvel achat : passe par l’API, ne passe pas sur le tableau de bord.",
    ]


def shown(
    question: str, asking: Partner | None = None, on: str = "2018-09-01", by: Programme = PUBLISHED
) -> ShowMe | None:
    return answer(by, asking or partner(), day(on), question).show_me


@pytest.mark.parametrize(
    ("question", "page", "example", "at"),
    [
        ("L3", Page.ORDER, Example.UNCONFIRMED, "2018-11-07"),
        ("P2", Page.TOUR, None, "2018-11-07"),
        ("T3", Page.CONFIRMATION, Example.UNCONFIRMED, "2019-03-22"),
        ("T10", Page.TOUR, None, "2019-03-21"),
        ("L16", Page.CUSTOMER, Example.REFUSED, "2021-01-14"),
        ("L2", Page.CONFIRMATION, Example.UNCONFIRMED, "2018-09-01"),
        ("L9", Page.RESELLERS, None, "2018-09-01"),
    ],
)
def test_what_is_shown_follows_the_programmes_dates(
    question: str, page: Page, example: Example | None, at: str
) -> None:
    assert shown(question, partner(PartnerKind.INDIRECT_PROVIDER)) == ShowMe(page, day(at), example)


def test_nobody_is_led_to_a_page_that_the_partner_does_not_have() -> None:
    forms = {Page.ORDER, Page.CONFIRMATION, Page.NEW_CUSTOMER}
    for answered in everything():
        if answered.show_me is not None:
            assert (answered.show_me.example is None) != (
                answered.show_me.page in {Page.CUSTOMER, Page.ORDER, Page.CONFIRMATION}
            )
    for each in IDS:
        for kind in (PartnerKind.INDIRECT_RESELLER, PartnerKind.OPERATOR):
            led = shown(each, partner(kind))
            assert led is None or led.page not in forms | {Page.RESELLERS}
        national = shown(each, partner(cloud=Cloud.CHINA))
        assert national is None or national.page is not Page.CONFIRMATION
    assert len([each for each in IDS if shown(each) is not None]) == 32
    early = shown("L2", on="2018-08-01")
    assert early is not None
    assert early.at == PUBLISHED.starts
