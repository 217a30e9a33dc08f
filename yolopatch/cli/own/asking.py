"""Ask the user at a terminal for what the command line leaves open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from yolopatch.cli import report
from yolopatch.errors import OpenError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Request = TypeVar("_Request", bound="DataclassInstance")
_Result = TypeVar("_Result")


def settle(run: Callable[[_Request], _Result], request: _Request, as_json: bool) -> _Result:
    """Run a request; if it leaves something open and stdin is a terminal, ask and run it again.

    Args:
        run: runs the request.
        request: a dataclass; each answer replaces one field.
        as_json: whether a program reads the output; then nothing is asked.

    Raises:
        OpenError: something is open, and no user can be asked.
        click.Abort: the user stopped.
    """
    while True:
        try:
            return run(request)
        except OpenError as error:
            if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            request = replace(request, **{error.option: report.ask(error)})
