"""The command line, for the doors that read files."""

from tests.cli.conftest import agreegate

__all__ = ["agreegate"]
