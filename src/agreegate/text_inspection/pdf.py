"""Inspects a PDF: it must open without a password and only show pages. A scanned PDF is a PDF."""

from collections.abc import Iterator
from typing import BinaryIO

import pikepdf

from agreegate.domain.error import ErrorCode, Rejected

MOST_OBJECTS = 500_000
"""Objects of a PDF; a contract of a hundred pages has some thousands."""
_END = 1024
"""The last bytes, in which a PDF says that it is whole."""
_ACTIONS: dict[str, ErrorCode] = {"/JavaScript": "text.pdf-script", "/Launch": "text.pdf-launch"}
"""What an action's `/S` may not be."""
_BEYOND = ("std::bad_alloc", "limits error")
"""The library's messages about an object that takes too much memory, or is nested too deep."""
_FILES = ("/F", "/UF", "/DOS", "/Mac", "/Unix")
"""Where a file specification has its embedded file."""


def inspect(file: BinaryIO) -> None:
    """Inspect every object of a PDF. References are not followed: each object is read once.

    Raises:
        Rejected: the reason why the PDF cannot be published.
    """
    beginning, size = file.read(8), file.seek(0, 2)
    file.seek(max(0, size - _END))
    end = file.read()
    if not beginning.startswith((b"%PDF-1.", b"%PDF-2.")) or b"startxref" not in end or b"%%EOF" not in end:
        raise Rejected("text.not-pdf")
    try:
        # Each viewer repairs a damaged file in its own way, and could show objects that the inspection did not find (0021).
        with pikepdf.open(file, attempt_recovery=False) as pdf:
            if not pdf.pages:
                raise Rejected("text.not-pdf")
            pdf.get_warnings()  # of the page tree, which hides no object
            if len(pdf.objects) > MOST_OBJECTS:
                raise Rejected("text.too-complex")
            for part in (pdf.trailer, *pdf.objects):
                for found in _dictionaries(part):
                    _check(found)
            if warnings := pdf.get_warnings():
                raise _damage(*warnings)
    except pikepdf.PasswordError:
        raise Rejected("text.pdf-password") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise _damage(error) from None


def _damage(*found: object) -> Rejected:
    """Return why a PDF cannot be read, by the library's messages."""
    messages = " ".join(map(str, found))
    return Rejected("text.too-complex" if any(sign in messages for sign in _BEYOND) else "text.pdf-damaged")


def _dictionaries(part: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Yield the dictionaries of an object, those of streams included."""
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
    if isinstance(action, pikepdf.Name) and (code := _ACTIONS.get(str(action))):
        raise Rejected(code)
    if "/XFA" in found or ("/JS" in found and action is not None):  # forms of scripts; an action with a script beside
        raise Rejected("text.pdf-script")
    if found.get("/Type") == "/EmbeddedFile":
        raise Rejected("text.pdf-attachment")
    files = found.get("/EF")
    if isinstance(files, pikepdf.Dictionary) and any(name in files for name in _FILES):
        raise Rejected("text.pdf-attachment")
