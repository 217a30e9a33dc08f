"""Print results and errors, as text or as one JSON object; no other file of the package prints results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from yolopatch.cli.layout import fitted
from yolopatch.core.language.spoken import Finished, spoken, titled
from yolopatch.errors import OpenError, YolopatchError

# What a terminal would obey, or not show as it is, in names, labels and messages that strangers wrote: control
# characters, what turns the direction of text, and bytes of a path that are no text. The first group is the colours of
# our own lines.
_OBEYED = re.compile(
    r"(\x1b\[(?:[0-2]|22|3[1236])m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def show(data: Mapping[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """Print a result.

    Args:
        data: the JSON object.
        lines: the same as text.
        as_json: print `data`, not `lines`.
    """
    if as_json:
        _print_json(data)
        return
    for line in lines:
        # a word alone is a name, or was translated
        for one in [line] if isinstance(line, Finished) else fitted(spoken().sentence(line)):
            click.echo(_harmless(one))


def show_text(data: Mapping[str, Any], text: str, as_json: bool) -> None:
    """Print a result that is one text, without changes."""
    if as_json:
        _print_json(data)
    else:
        # as bytes: a commit of the user's may hold text in any encoding
        click.echo(text.encode("utf-8", "surrogateescape"), nl=False)


def show_notes(notes: Iterable[str]) -> None:
    """Print notes on stderr."""
    for note in notes:
        _say("note:", "yellow", note)


def show_event(data: Mapping[str, Any]) -> None:
    """Print an event on stderr, as one line of JSON."""
    click.echo(json.dumps(data, default=_plain), err=True)


def draw_over(text: str) -> None:
    """Draw a text on stderr over the line that was drawn before."""
    # the escape code, which click turns into a call on old consoles of Windows, clears the rest of a longer line
    click.echo(f"\r{spoken().translate(text)}\x1b[K", nl=False, err=True)


def draw_block(lines: Sequence[str], over: int = 0) -> int:
    """Draw lines on stderr, over as many that were drawn before; return how many there are."""
    up = f"\x1b[{over}A" if over else ""
    click.echo(
        up + "".join(f"\r{_harmless(spoken().translate(line))}\x1b[K\n" for line in lines) + "\x1b[J",
        nl=False,
        err=True,
    )
    return len(lines)


def report_error(error: YolopatchError, as_json: bool, color: bool | None = None) -> int:
    """Print an error and return its exit code; `color` is None for colour on a terminal."""
    if as_json:
        parts = {"what": error.what, "details": list(error.details), "hint": error.hint, **error.facts}
        _print_json({"error": parts, "exit_code": error.exit_code})
    _say("error:", "red", error.what, color)
    _say_details(error.details)
    if error.hint:
        _say_details([titled("next:", error.hint)])
    return error.exit_code


def report_usage(error: click.ClickException, color: bool | None) -> None:
    """Print click's own error in a command line, with the usage of the command."""
    if isinstance(error, click.UsageError) and error.ctx:
        click.echo(error.ctx.get_usage(), err=True, color=color)
        click.echo(spoken().translate(f"Try '{error.ctx.command_path} --help' for help.\n"), err=True, color=color)
    click.echo(_harmless(spoken().translate(f"Error: {error.format_message()}")), err=True, color=color)


def ask(error: OpenError) -> str:
    """Ask the question of the error; returns the answer.

    Raises:
        click.Abort: the input ended, or the user pressed Ctrl-C.
    """
    _say("open:", "yellow", error.what)
    _say_details(error.details)
    _say_details(f"{choice}: {spoken().translate(meaning)}" for choice, meaning in error.choices.items())
    kind = click.Choice(list(error.choices), case_sensitive=False) if error.choices else None
    return click.prompt(f"  {spoken().translate(error.question)}", type=kind, err=True)


def _say(title: str, colour: str, text: str, color: bool | None = None) -> None:
    """Print a titled text on stderr."""
    head = spoken().translate(title)
    line = titled(title, text).replace(head, click.style(head, fg=colour, bold=title != "note:"), 1)
    click.echo(_harmless(line), err=True, color=color)


def _say_details(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(_harmless(f"  {spoken().translate(line)}"), err=True)


def _harmless(line: str) -> str:
    """Return a line with everything that a terminal would obey written out, as \\x1b, except our own colours."""
    return _OBEYED.sub(lambda found: found[1] or found[0].encode("unicode_escape").decode(), line)


def _print_json(data: Mapping[str, Any]) -> None:
    click.echo(json.dumps(data, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
