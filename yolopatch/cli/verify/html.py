"""The report of `verify` as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yolopatch.cli.verify.page.view import make_page
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.system_errors import advice
from yolopatch.outside.page.page import render_template
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
    return render_template("verify.html.j2", page=make_page(data))


def _next_step(file: Path, number: int | None) -> str:
    if file.is_dir():
        return f"this is a folder; name a file in it: --report {shell.quote(file / 'report.html')}"
    if not file.parent.exists():
        return f"create the folder first: {shell.make_folder(file.parent)}"
    return advice(number, file.parent, "choose another file with --report")
