"""Ask a user at a terminal for what the command line leaves open."""

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
    """Run a request; whatever it leaves open is asked for, where somebody is there to answer.

    Args:
        run: does it.
        request: a dataclass, of which an answer replaces a field.
        as_json: a program reads the answer, so nobody is asked.

    Raises:
        OpenError: something is open, and nobody can be asked.
        click.Abort: the user stopped.
    """
    while True:
        try:
            return run(request)
        except OpenError as error:
            if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            request = replace(request, **{error.option: report.ask(error)})
