"""Turn the exception that ended a command into a message and an exit code."""

from __future__ import annotations

import errno
import os
import tempfile
import time
import traceback
from pathlib import Path

import click

from yolopatch.cli.report import report_error
from yolopatch.errors import EXIT_BUG, EXIT_USAGE, YolopatchError

# The machine causes these errors, not yolopatch.
_ENVIRONMENT_ERRORS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EBUSY),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)
# Windows' own numbers of them: a wrong name, a wrong path, a path that is too long, a name that is no folder's.
_WINDOWS_ERRORS = (123, 161, 206, 267)


def fail(error: Exception, as_json: bool, color: bool | None) -> int:
    """Report the error that ended a command and return the exit code.

    Args:
        error: the exception; if neither the user nor the machine caused it, it is a bug.
        as_json: print it on stdout as one JSON object, too.
        color: False for no colour, None for colour on a terminal.
    """
    if isinstance(error, click.ClickException):
        return _usage(error, as_json, color)
    if isinstance(error, YolopatchError):
        return report_error(error, as_json, color)
    if isinstance(error, OSError) and (_is_of_the_machine(error) or _is_here_gone()):
        return report_error(_environment_error(error), as_json, color)
    return _bug(error, as_json, color)


def _usage(error: click.ClickException, as_json: bool, color: bool | None) -> int:
    if as_json:
        found = YolopatchError(error.format_message())
        found.exit_code = EXIT_USAGE
        return report_error(found, as_json, color)
    error.show()
    return EXIT_USAGE


def _is_of_the_machine(error: OSError) -> bool:
    return error.errno in _ENVIRONMENT_ERRORS or _names_no_file(error)


def _names_no_file(error: OSError) -> bool:
    """Return whether the system cannot have a file of this name."""
    return error.errno == errno.ENAMETOOLONG or getattr(error, "winerror", None) in _WINDOWS_ERRORS


def _is_here_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _environment_error(error: OSError) -> YolopatchError:
    if _is_here_gone():
        return YolopatchError(
            "the current folder was deleted", hint="cd to an existing folder, then run the command again"
        )
    where = f" at {error.filename}" if error.filename else ""
    return YolopatchError(f"{error.strerror}{where}; nothing was changed", hint=_way_out(error))


def _way_out(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and run the command again"
    if _names_no_file(error):
        return 'choose a shorter path; on Windows, without < > : " | ? * and not CON, AUX, NUL, COM1 or the like'
    return "check the permissions of that path"


def _bug(error: Exception, as_json: bool, color: bool | None) -> int:
    found = YolopatchError(
        f"a bug in yolopatch: {type(error).__name__}: {error}",
        details=_log("".join(traceback.format_exception(error))),
        hint="report it with this traceback",
    )
    found.exit_code = EXIT_BUG
    return report_error(found, as_json, color)


def _log(text: str) -> list[str]:
    """Write a traceback to a file and return a line with its path; if that fails, return the traceback."""
    try:
        log = Path(tempfile.gettempdir()) / f"yolopatch-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        log.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return text.splitlines()
    return [f"traceback: {log}"]
