"""Turn the exception that ended a command into a message and an exit code."""

from __future__ import annotations

import traceback

import click

from yolopatch.cli.report import report_error, report_usage
from yolopatch.errors import EXIT_BUG, EXIT_USAGE, YolopatchError
from yolopatch.outside.files.logs import write_log
from yolopatch.outside.files.system_errors import machine_error


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
    # a command that has changed something by then says so itself (`outside/files/keeping.py`)
    found = machine_error(error, "nothing was changed") if isinstance(error, OSError) else None
    if found:
        return report_error(found, as_json, color)
    return _bug(error, as_json, color)


def _usage(error: click.ClickException, as_json: bool, color: bool | None) -> int:
    if as_json:
        found = YolopatchError(error.format_message())
        found.exit_code = EXIT_USAGE
        return report_error(found, as_json, color)
    report_usage(error, color)
    return EXIT_USAGE


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
        return [f"traceback: {write_log(text)}"]
    except OSError:
        return text.splitlines()
