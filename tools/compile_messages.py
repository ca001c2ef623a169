"""Compile the French words of the command line's library for gettext: `messages.po` to `messages.mo` beside it."""

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[1] / "src" / "agreegate" / "locale" / "click" / "fr" / "LC_MESSAGES"


def compiled() -> bytes:
    """What `messages.mo` must hold."""
    with (FOLDER / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale="fr")
    written = io.BytesIO()
    write_mo(written, catalogue)
    return written.getvalue()


if __name__ == "__main__":
    (FOLDER / "messages.mo").write_bytes(compiled())
