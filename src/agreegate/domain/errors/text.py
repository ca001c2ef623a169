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


class NotDocx(Rejected):
    """The file `file` is called a Word document and is none, or not a whole one."""

    key = "text.not-docx"


class DocxActive(Rejected):
    """The Word document `file` has macros or declarations in it that a text needs none of."""

    key = "text.docx-active"


class DocxTooDense(Rejected):
    """The Word document `file` would unpack to far more than a text is."""

    key = "text.docx-too-dense"


class NotMarkdown(Rejected):
    """The file `file` is called Markdown and is no UTF-8 text."""

    key = "text.not-markdown"
