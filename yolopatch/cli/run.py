"""Run a command and turn whatever ends it into an exit code."""

from __future__ import annotations

import errno
import os
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from yolopatch.cli.group import cli
from yolopatch.cli.report import report_error
from yolopatch.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, YolopatchError

# What the machine, not yolopatch, must be asked about.
_ENVIRONMENT_ERRORS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EBUSY),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments and return the exit code."""
    as_json = "--json" in arguments
    try:
        cli.main(list(arguments), prog_name="yolopatch", standalone_mode=False, color=_color())
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        return _usage(error, as_json)
    except YolopatchError as error:
        return report_error(error, as_json, _color())
    except OSError as error:
        if error.errno not in _ENVIRONMENT_ERRORS and not _is_here_gone():
            return _bug(error, as_json)
        return report_error(_environment_error(error), as_json, _color())
    except Exception as error:
        return _bug(error, as_json)
    return 0


def _color() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        found = YolopatchError(error.format_message())
        found.exit_code = EXIT_USAGE
        return report_error(found, as_json, _color())
    error.show()
    return EXIT_USAGE


def _is_here_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _environment_error(error: OSError) -> YolopatchError:
    if _is_here_gone():
        return YolopatchError("the current folder was deleted", hint="cd to a folder that is there, then run it again")
    where = f" at {error.filename}" if error.filename else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return YolopatchError(
        f"{error.strerror}{where}; nothing was changed",
        hint="free some space and run the command again" if full else "check the permissions of that place",
    )


def _bug(error: BaseException, as_json: bool) -> int:
    found = YolopatchError(
        f"a bug in yolopatch: {type(error).__name__}: {error}",
        details=_log("".join(traceback.format_exception(error))),
        hint="report it with that traceback",
    )
    found.exit_code = EXIT_BUG
    return report_error(found, as_json, _color())


def _log(text: str) -> list[str]:
    """Keep a traceback in a file and say where; with no place for a file, say all of it."""
    try:
        log = Path(tempfile.gettempdir()) / f"yolopatch-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        log.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return text.splitlines()
    return [f"traceback: {log}"]
