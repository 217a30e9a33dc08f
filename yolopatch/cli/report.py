"""Print results and errors, as text or as one JSON object; no other file of the package prints results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from yolopatch.errors import OpenError, YolopatchError


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
        click.echo(line)


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
        click.echo(click.style("note: ", fg="yellow") + note, err=True)


def report_error(error: YolopatchError, as_json: bool, color: bool | None = None) -> int:
    """Print an error and return its exit code; `color` is None for colour on a terminal."""
    if as_json:
        parts = {"what": error.what, "details": list(error.details), "hint": error.hint}
        _print_json({"error": parts, "exit_code": error.exit_code})
    click.echo(click.style("error: ", fg="red", bold=True) + error.what, err=True, color=color)
    for line in error.details:
        click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo(f"  next: {error.hint}", err=True)
    return error.exit_code


def ask(error: OpenError) -> str:
    """Ask the question of the error; returns the answer.

    Raises:
        click.Abort: the input ended, or the user pressed Ctrl-C.
    """
    click.echo(click.style("open: ", fg="yellow", bold=True) + error.what, err=True)
    for line in error.details:
        click.echo(f"  {line}", err=True)
    for choice, meaning in error.choices.items():
        click.echo(f"  {choice}: {meaning}", err=True)
    kind = click.Choice(list(error.choices), case_sensitive=False) if error.choices else None
    return click.prompt(f"  {error.question}", type=kind, err=True)


def _print_json(data: Mapping[str, Any]) -> None:
    click.echo(json.dumps(data, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
