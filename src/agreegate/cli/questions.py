"""`agreegate questions`: the 35 questions of the published process, answered from the rules for one partner and date."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

import click

from agreegate.cli.values import instant
from agreegate.cli.words import Misuse, Words
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.i18n import LANGUAGES, date_text
from agreegate.programme import DEFAULT, load
from agreegate.questions.answer import Case
from agreegate.questions.place import Example, address, shown
from agreegate.questions.table import QUESTIONS, Question

EXAMPLE = """agreegate questions
agreegate questions L3 T10 --at 2018-11-07
agreegate questions L9 --partner-kind indirect_reseller --programme microsoft-customer-agreement --lang fr"""


def command(words: Words) -> click.Command:
    """Return the command."""
    return words.command(
        "questions",
        _questions,
        [
            words.argument("only", "cli.questions.only", "question", nargs=-1),
            _choice(words, "partner-kind", PartnerKind.DIRECT_BILL),
            _choice(words, "cloud", Cloud.PUBLIC),
            _choice(words, "account", Account.PRODUCTION),
            words.option("--at", "cli.questions.at", "instant", type=instant(words)),
            words.option("--programme", "cli.programme.show.name", "programme", default=DEFAULT),
            words.option("--lang", "cli.questions.lang", type=click.Choice(LANGUAGES), default=words.language),
        ],
        EXAMPLE,
    )


def _choice(words: Words, name: str, usual: PartnerKind | Cloud | Account) -> click.Option:
    """Return an option about the partner that asks."""
    kinds = click.Choice([str(each) for each in type(usual)])
    return words.option(f"--{name}", f"cli.questions.{name}", type=kinds, default=str(usual), show_default=True)


def _questions(
    words: Words,
    only: Sequence[str],
    partner_kind: str,
    cloud: str,
    account: str,
    at: datetime | None,
    programme: str,
    lang: str,
) -> None:
    known = {question.id: question for question in QUESTIONS}
    ids = [name.upper() for name in only] or list(known)
    for id_ in ids:
        if id_ not in known:
            raise Misuse(words("cli.questions.unknown", question=id_))
    rules, now = load(programme), at or datetime.now(UTC)
    case = Case(rules, _asking(PartnerKind(partner_kind), Cloud(cloud), Account(account)), now)
    language = Words(lang)
    click.echo(language("cli.questions.heading", agreement=rules.title, at=date_text(now, lang)))
    for group, questions in groupby(map(known.__getitem__, ids), key=lambda question: question.group):
        click.echo(f"\n{language(f'question.group.{group}')}")
        for question in questions:
            for line in _lines(language, question, case):
                click.echo(line)


def _lines(words: Words, question: Question, case: Case) -> Iterator[str]:
    """Yield the question, each sentence of its answer with its rules, and where it is seen."""

    def date(instant: datetime) -> str:
        return date_text(instant, words.language)

    yield f"\n{question.id:<4} {words(f'question.{question.id}')}"
    for sentence in question.answer(case):
        yield f"     {sentence.language(words, date)} [{', '.join(sentence.rules)}]"
    show = shown(question.show, case)
    path = address(show, dict.fromkeys(Example, "…")) or ""
    if show.at is None:
        yield f"     {words('cli.questions.show-me', path=path)}"
    else:
        yield f"     {words('cli.questions.show-me-on', path=path, date=date(show.at))}"


def _asking(kind: PartnerKind, cloud: Cloud, account: Account) -> Partner:
    """Return a partner of a kind; answers depend on nothing else."""
    return Partner(PartnerId(""), "", kind, cloud, account, None, "", "", "")
