"""The demo's texts of agreements: short samples of our own, with the dates that the real ones had."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.resources import files

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import DEFAULT_LANGUAGE, TextDraft, TextFile
from agreegate.domain.programme import Programme
from agreegate.locales import locales
from agreegate.services.agreements.text import at_command_line, publish_text
from agreegate.storage.agreements.text_file import measured
from agreegate.storage.agreements.text_store import TextStore
from agreegate.storage.engine.unit_of_work import UnitOfWork

FRENCH = "fr-FR"
GERMAN = "de-DE"
"""The language whose samples of the Customer Agreement are Word documents, so that the demo has some."""
NEWER_BEFORE_START = timedelta(days=30)
"""Time before the demo's start when its newer text takes effect."""
_YEAR = timedelta(days=365)
_MADE_UP = "(A sample, made up for the demo – un exemple inventé pour la démo.)"
_NOTES = {
    "first": f"The first text. – Le premier texte. {_MADE_UP}",
    "second": f"New: how long data are kept. – Nouveau : la durée de conservation des données. {_MADE_UP}",
    "revised": f"Revised, to be used from 18 November 2019. – Révisé, à utiliser dès le 18 novembre 2019. {_MADE_UP}",
    "refreshed": f"Refreshed: older acceptances must be renewed. – Actualisé : à accepter de nouveau. {_MADE_UP}",
}
"""What changed in each text, in both languages: a published note has no translation."""
_AHEAD = timedelta(days=14)
"""Minimum time between a sample's publication and its effect."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A version of the demo: labelled by the day it is known for."""

    template_id: TemplateId
    day: datetime
    major: bool
    effective_from: datetime
    note: str
    files: Mapping[str, tuple[str, bytes]]
    """By language, name and bytes."""


def cloud_agreement_samples(template_id: TemplateId, beginning: datetime, start: datetime) -> list[Sample]:
    """Return two texts: the text of every past confirmation, and a major one in force since 30 days before the start."""
    newer = newer_sample_from(start)
    older = min(beginning, newer) - _YEAR
    return [
        Sample(template_id, older, True, older, _NOTES["first"], _cloud("first")),
        Sample(template_id, newer, True, newer, _NOTES["second"], _cloud("second")),
    ]


def label_of(day: datetime) -> str:
    """Return the label of a sample."""
    return f"{day:%Y-%m-%d}"


def newer_sample_from(start: datetime) -> datetime:
    """Return when the newer text of a demo takes effect."""
    return (start - NEWER_BEFORE_START).replace(microsecond=0)  # the clock has ticked since it was set to the start


def customer_agreement_samples(template_id: TemplateId) -> list[Sample]:
    """Return the texts of the Customer Agreement with their dates (contract section 7) and made-up words.

    The revision of 2019 is minor: no source says that customers had to accept it. The text of 2023 is major.
    """
    first, revised, to_be_used, refreshed = (
        datetime(year, month, day, tzinfo=UTC)
        for year, month, day in ((2019, 10, 1), (2019, 10, 18), (2019, 11, 18), (2023, 4, 1))
    )
    dated = [
        (first, True, first, "first"),
        (revised, False, to_be_used, "revised"),
        (refreshed, True, refreshed, "refreshed"),
    ]
    return [
        Sample(template_id, day, major, effective, _NOTES[note], _customer(day))
        for day, major, effective, note in dated
    ]


async def publish_sample(uow: UnitOfWork, programme: Programme, sample: Sample, kept: Mapping[str, TextFile]) -> None:
    """Publish a sample for every country with its languages."""
    found = {locale: kept[locale.language] for locale in locales() if locale.language in kept}
    draft = TextDraft(sample.template_id, label_of(sample.day), sample.major, sample.effective_from, sample.note, found)
    await publish_text(uow, await at_command_line(uow), programme, draft, allow_past=True)


async def keep_files(texts: TextStore, sample: Sample) -> dict[str, TextFile]:
    """Put a sample's files into the store; return them by language."""
    kept = {}
    for language, (name, content) in sample.files.items():
        kept[language] = measured(io.BytesIO(content), name)
        await texts.keep(io.BytesIO(content), kept[language].digest)
    return kept


def published_at(sample: Sample, start: datetime) -> datetime:
    """Return when a sample was published: never after the demo's start, so that its future is there to jump to."""
    return min(sample.day, sample.effective_from - _AHEAD, start)


def _cloud(which: str) -> dict[str, tuple[str, bytes]]:
    folder = files("agreegate.demo") / "texts"
    names = {language: f"cloud-agreement-{which}.{language}.md" for language in (DEFAULT_LANGUAGE, FRENCH)}
    return {language: (name, (folder / name).read_bytes()) for language, name in names.items()}


def _customer(day: datetime) -> dict[str, tuple[str, bytes]]:
    date = f"{day:%Y-%m-%d}"
    english = [
        f"Sample of a customer agreement, version of {date}",
        "This is a sample, made up for the demo. It is no legal text, and nobody's agreement.",
        "The customer uses online services that it buys through a partner. These terms say on what conditions.",
    ]
    french = [
        f"Exemple de contrat client, version du {date}",
        "Ceci est un exemple, inventé pour la démonstration. Ce n’est ni un texte juridique, ni le contrat de qui que ce soit.",
        "Le client utilise des services en ligne qu’il achète à un partenaire. Ces conditions en fixent le cadre.",
    ]
    german = [
        f"Muster eines Kundenvertrags, Fassung vom {date}",
        "Dies ist ein Muster, erfunden für die Vorführung. Es ist kein Rechtstext und niemandes Vertrag.",
        "Der Kunde nutzt Onlinedienste, die er bei einem Partner kauft. Diese Bedingungen legen den Rahmen fest.",
    ]
    return {
        DEFAULT_LANGUAGE: ("en.md", _markdown(english)),
        FRENCH: ("fr.md", _markdown(french)),
        GERMAN: ("de.docx", word_document(german)),
    }


def _markdown(paragraphs: list[str]) -> bytes:
    """Return a title and paragraphs."""
    return ("# " + "\n\n".join(paragraphs) + "\n").encode()


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>'
)
_WORDS = (
    '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/'
    'main"><w:body>{}</w:body></w:document>'
)


def word_document(paragraphs: list[str]) -> bytes:
    """Return the smallest Word document: a title and paragraphs. The same words give the same bytes."""
    title, *rest = paragraphs
    body = _paragraph(title, "Title") + "".join(map(_paragraph, rest))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in (
            ("[Content_Types].xml", _TYPES), ("_rels/.rels", _RELATIONS), ("word/document.xml", _WORDS.format(body))
        ):  # fmt: skip
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _paragraph(text: str, style: str = "Normal") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>'
