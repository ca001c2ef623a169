"""Files that people name: what they are refused of a file that is refused."""

from agreegate.cli.failure import failure_of
from agreegate.cli.words import Words


def sentence(error: Exception, language: str) -> str:
    """What the command line says of an error."""
    failure = failure_of(error, Words(language))
    assert failure is not None
    assert "{" not in failure.message
    return failure.message
