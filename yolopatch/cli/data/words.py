"""The result lines of `data shapes` and `data check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import badge, pairs, table
from yolopatch.core.language.spoken import spoken

if TYPE_CHECKING:
    from yolopatch.steps.data.check import DatasetReport
    from yolopatch.steps.data.shapes import ShapesSet

_MOST_PROBLEMS = 20  # the user needs no more to see what is wrong
_COLOURS = {"error": "red", "warning": "yellow"}


def shapes(made: ShapesSet) -> Iterator[str]:
    """Yield the data set that `data shapes` made."""
    yield badge("written" if made.changed else "unchanged", "green")
    yield from pairs(
        [
            ("data", made.data),
            ("task", made.task),
            ("classes", ", ".join(made.classes)),
            ("images", f"{made.train} to train, {made.val} to validate"),
            ("sha256", made.sha256),
        ]
    )


def dataset(found: DatasetReport) -> Iterator[str]:
    """Yield what `data check` found: the verdict, the counts, the problems."""
    verdict = f"{found.errors} error{'s' * (found.errors > 1)}" if found.errors else "no error"
    yield f"{badge(verdict, 'red' if found.errors else 'green')}  {found.data}, {found.task}"
    rows = [(part.name, *(f"{count:,}" for count in (part.images, part.empty, part.objects))) for part in found.parts]
    yield from table(("", "images", "without objects", "objects"), rows, left=1)
    yield from table(("class", "objects"), [(name, f"{count:,}") for name, count in found.objects.items()], left=1)
    for problem in found.problems[:_MOST_PROBLEMS]:
        severity = click.style(spoken().translate(problem.severity), fg=_COLOURS[problem.severity])
        yield f"  {severity}  {problem.where} {spoken().translate(problem.what)}"
    if len(found.problems) > _MOST_PROBLEMS:
        yield f"  and {len(found.problems) - _MOST_PROBLEMS} more; --json has all of them"
