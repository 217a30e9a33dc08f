"""The report of `verify` as one HTML page: no network, no script, no other file needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from yolopatch.catalog.resources import templates_dir
from yolopatch.cli.verify.page.view import make_page
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.system_errors import advice
from yolopatch.wire import shell


def write_report(data: dict[str, Any], file: Path) -> None:
    """Write the page; an existing file is replaced in one step, or stays as it is.

    Args:
        data: the output of `verify --json`, for one scale or for all scales.
        file: the file to write.

    Raises:
        YolopatchError: the file cannot be written.
    """
    text = render_page(data)
    try:
        write_whole(file, text.encode())
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise YolopatchError(
            f"cannot write the report {str(file)!r}: {getattr(error, 'strerror', None) or error}",
            details=["the verification is finished; only its report is missing"],
            hint=_next_step(file, getattr(error, "errno", None)),
        ) from error


def render_page(data: dict[str, Any]) -> str:
    """Return the HTML text."""
    return _environment().get_template("page.html.j2").render(page=make_page(data))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_dir() / "report"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: object) -> object:
    """Escape unprintable characters: a model's text may have terminal codes or half a character."""
    if isinstance(value, Markup):
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in str(value))


def _next_step(file: Path, number: int | None) -> str:
    if file.is_dir():
        return f"this is a folder; name a file in it: --report {shell.quote(file / 'report.html')}"
    if not file.parent.exists():
        return f"create the folder first: {shell.make_folder(file.parent)}"
    return advice(number, file.parent, "choose another file with --report")
