"""An agreement text that cannot be published or shown as it was asked for (R32–R38, contract 4.4)."""

from agreegate.domain.errors.rejected import Rejected
from agreegate.domain.errors.request import NotFound


class TextMissing(Rejected):
    """No text of this agreement is in force at the instant asked for."""

    key = "text.missing"


class CountryWithoutText(Rejected):
    """The query parameter `name` is no country that the agreement has a text for; codes are compared by case (4.4)."""

    key = "text.country-without"


class CountryInCapitals(CountryWithoutText):
    """The query parameter `name` is the code `country` in other letters than capitals."""

    key = "text.country-in-capitals"


class VersionUnknown(Rejected):
    """The member `name` names no published version of the agreement that has a text for the customer's country."""

    key = "text.version-unknown"


class LinkExpired(NotFound):
    """A link to a text has had its five minutes, or is none of ours."""

    key = "text.link-expired"


class LabelTaken(Rejected):
    """The version `label` was published before with other files or dates; what is published stays as it is."""

    key = "text.label-taken"


class EffectiveInPast(Rejected):
    """A major version would take effect before now, and nobody said that this is meant."""

    key = "text.effective-in-past"


class LocaleUnknown(Rejected):
    """The country and language `pair` do not go together; `nearest` names pairs that do."""

    key = "text.locale-unknown"


class TextTooLarge(Rejected):
    """The file `file` is larger than `limit` MB."""

    key = "text.too-large"


class TextEmpty(Rejected):
    """The file `file` has nothing in it."""

    key = "text.empty"


class NameWithoutKind(Rejected):
    """The name of the file `file` ends in nothing that says what it is."""

    key = "text.name-without-kind"


class NotPdf(Rejected):
    """The file `file` is called a PDF and is none, or not a whole one."""

    key = "text.not-pdf"


class PdfDamaged(Rejected):
    """The PDF `file` can only be shown by a viewer that repairs it."""

    key = "text.pdf-damaged"


class PdfPassword(Rejected):
    """The PDF `file` asks for a password to open."""

    key = "text.pdf-password"


class PdfScript(Rejected):
    """The PDF `file` has JavaScript in it, or a form made of scripts."""

    key = "text.pdf-script"


class PdfLaunch(Rejected):
    """The PDF `file` starts other programs."""

    key = "text.pdf-launch"


class PdfAttachment(Rejected):
    """The PDF `file` has other files in it."""

    key = "text.pdf-attachment"


class NotDocx(Rejected):
    """The file `file` is called a Word document and is none, or not a whole one."""

    key = "text.not-docx"


class DocxActive(Rejected):
    """The Word document `file` has macros or declarations in it that a text needs none of."""

    key = "text.docx-active"


class DocxTooDense(Rejected):
    """The Word document `file` would unpack to far more than a text is."""

    key = "text.docx-too-dense"


class DocxRemote(Rejected):
    """The Word document `file` fetches its template or another part from outside."""

    key = "text.docx-remote"


class DocxRuns(Rejected):
    """The Word document `file` has a field that starts another program."""

    key = "text.docx-runs"


class DocxWordless(Rejected):
    """The Word document `file` has no words of its own."""

    key = "text.docx-wordless"


class TextTooComplex(Rejected):
    """The file `file` cannot be inspected within the limits of time and memory."""

    key = "text.too-complex"


class ShownAsUnfit(Rejected):
    """A text for `pair` has a PDF to show that is no PDF, or that stands beside something else than a Word document."""

    key = "text.shown-as-unfit"


class NotMarkdown(Rejected):
    """The file `file` is called Markdown and is no UTF-8 text."""

    key = "text.not-markdown"
