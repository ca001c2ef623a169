"""What a PDF may be: one that opens without a password, and does nothing but show pages. A scanned PDF is a PDF."""

from collections.abc import Iterator
from typing import BinaryIO

import pikepdf

from agreegate.text_inspection import TOO_COMPLEX, Unfit

MOST_OBJECTS = 500_000
"""Objects of a PDF; a contract of a hundred pages has some thousands."""
_SCRIPT, _LAUNCH, _ATTACHMENT = "text.pdf-script", "text.pdf-launch", "text.pdf-attachment"
_ACTIONS = {"/JavaScript": _SCRIPT, "/Launch": _LAUNCH}
"""What an action's `/S` may not be."""
_FILES = ("/F", "/UF", "/DOS", "/Mac", "/Unix")
"""Where a file specification has its embedded file."""


def inspect(file: BinaryIO) -> None:
    """Look at every object of a PDF.

    A reference is not followed: what it leads to is an object of its own, whether anything leads to it or not.

    Raises:
        Unfit: the reason why the PDF cannot be published.
    """
    try:
        # A table that has to be guessed can hide objects from the inspection that a reader finds.
        with pikepdf.open(file, attempt_recovery=False) as pdf:
            if not pdf.pages:
                raise Unfit("text.not-pdf")
            pdf.get_warnings()  # of the page tree, which hides no object
            if len(pdf.objects) > MOST_OBJECTS:
                raise Unfit(TOO_COMPLEX)
            for part in (pdf.trailer, *pdf.objects):
                for found in _dictionaries(part):
                    _check(found)
            if pdf.get_warnings():  # a reader may see more in an object than was seen here
                raise Unfit("text.not-pdf")
    except pikepdf.PasswordError:
        raise Unfit("text.pdf-password") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError):
        raise Unfit("text.not-pdf") from None


def _dictionaries(part: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The dictionaries that an object is made of, those of streams included."""
    waiting = [part]
    while waiting:
        here = waiting.pop()
        if isinstance(here, pikepdf.Stream):
            here = here.stream_dict
        if isinstance(here, pikepdf.Dictionary):
            yield here
            members = [here.get(key) for key in here.keys()]  # noqa: SIM118 - iterating a dictionary is no part of its interface
        elif isinstance(here, pikepdf.Array):
            members = list(here)
        else:
            continue
        waiting += [one for one in members if isinstance(one, pikepdf.Object) and not one.is_indirect]


def _check(found: pikepdf.Object) -> None:
    action = found.get("/S")
    if isinstance(action, pikepdf.Name) and (key := _ACTIONS.get(str(action))):
        raise Unfit(key)
    if "/XFA" in found or ("/JS" in found and action is not None):  # forms of scripts; an action with a script beside
        raise Unfit(_SCRIPT)
    if found.get("/Type") == "/EmbeddedFile":
        raise Unfit(_ATTACHMENT)
    files = found.get("/EF")
    if isinstance(files, pikepdf.Dictionary) and any(name in files for name in _FILES):
        raise Unfit(_ATTACHMENT)
