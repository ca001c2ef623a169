"""The sentence for each error that a user can cause. Only a defect shows a traceback."""

import errno
from gettext import gettext

import apsw
import click

from agreegate.cli.words import Failure, Misuse, Words, shown
from agreegate.domain.error import Rejected, StoreUnavailable

_STATE = ("schema.", "data.", "database.", "store.", "key-file.")
"""Codes about the state of the record or a file; other codes are about the arguments."""
_DAMAGED = frozenset({apsw.CorruptError.__name__, apsw.NotADBError.__name__})
_REASONS = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "not-a-folder",
    errno.EISDIR: "a-folder",
    errno.EEXIST: "exists",
    errno.ENOSPC: "full",
    errno.EROFS: "read-only",
}


def failure_of(error: Exception, words: Words) -> Failure | None:
    """Return the failure with its sentence for the user; None for a defect, which deserves its traceback."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, click.UsageError):
        return Misuse(_usage(error))
    if isinstance(error, click.ClickException):
        return Failure(error.format_message())
    if isinstance(error, Rejected):
        kind = Failure if error.code.startswith(_STATE) else Misuse
        fitting = {name: shown(value) for name, value in error.parameters.items()}
        sentence = words(error.code, **fitting)
        return kind(words("file.line", **fitting | {"reason": sentence}) if "line" in fitting else sentence)
    if isinstance(error, OSError):
        reason = _REASONS.get(error.errno or 0)
        why = words(f"cli.path.{reason}") if reason else error.strerror or type(error).__name__
        return Failure(words("cli.path", path=shown(error.filename or ""), reason=why))
    if isinstance(error, apsw.NotADBError):
        return Failure(words("schema.foreign"))
    if isinstance(error, (apsw.Error, StoreUnavailable)):
        reason = _engine(error)
        return Failure(words("data.damaged" if reason in _DAMAGED else "cli.engine", reason=reason))
    return None


def _usage(error: click.UsageError) -> str:
    """Click's sentence, and where the right use is shown."""
    message = error.format_message()
    if error.ctx is None:
        return message
    hint = gettext("Try '{command} {option}' for help.").format(command=error.ctx.command_path, option="--help")
    return f"{message if message.endswith(('.', '?', ')')) else message + '.'} {hint}"


def _engine(error: Exception) -> str:
    """Return the engine's name for what happened: `FullError`, `BusyError`. A file that ends too early is damaged."""
    if getattr(error, "extendedresult", None) == apsw.SQLITE_IOERR_SHORT_READ:
        return apsw.CorruptError.__name__
    return str(error) if isinstance(error, StoreUnavailable) else type(error).__name__
