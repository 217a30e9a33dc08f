"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from gpu.row import Result


def page(head: Sequence[str], results: Sequence[Result], seconds: float) -> str:
    """Return the page: what it ran on, one table, and how much of it is as it must be."""
    failed = sum(not result.ok for result in results)
    lines = [
        "# Measured by `make gpu`",
        "",
        *(f"- {line}" for line in head),
        f"- {len(results)} rows, {failed} failed, {seconds:.0f} s",
        "",
        "| subject | what | result | measured | s |",
        "|---|---|---|---|---|",
        *(_line(result) for result in results),
    ]
    return "\n".join(lines) + "\n"


def _line(result: Result) -> str:
    text = " ".join(result.text.replace("|", "\\|").split())
    word = "ok" if result.ok else "**failed**"
    return f"| {result.row.subject} | {result.row.what} | {word} | {text} | {result.seconds:.1f} |"
