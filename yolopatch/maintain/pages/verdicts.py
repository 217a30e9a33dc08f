"""What the page of the matrix says of a module: how many of its models pass, and which checks the others fail."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_FLAVOR = re.compile(r"^## Flavor `(\w+)`$", re.MULTILINE)
_FIRST_RESULT = 3  # after the pin, the module, and where it stands


@dataclass(frozen=True)
class Verdict:
    """The models of a module in one flavor.

    Attributes:
        passed, models: how many pass, of how many.
        failing: the checks that some of the others fail, with the number of these models, the most frequent first.
    """

    flavor: str
    passed: int
    models: int
    failing: tuple[tuple[str, int], ...]


def verdicts(page: str, module: str) -> tuple[Verdict, ...]:
    """Return the verdicts of a module by flavor, from the text of the page; none where no row has the module."""
    _, *parts = _FLAVOR.split(page)
    found = (_verdict(flavor, rows, module) for flavor, rows in zip(parts[::2], parts[1::2]))
    return tuple(verdict for verdict in found if verdict.models)


def _verdict(flavor: str, rows: str, module: str) -> Verdict:
    cells = [cell for row in rows.splitlines() for cell in _results(row, module)]
    failing = Counter(check for cell in cells for check in _failing(cell))
    passed = sum(not _failing(cell) for cell in cells)
    return Verdict(flavor, passed, len(cells), tuple(failing.most_common()))


def _results(row: str, module: str) -> list[str]:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    return [cell for cell in cells[_FIRST_RESULT:] if cell] if len(cells) > 1 and cells[1] == module else []


def _failing(cell: str) -> list[str]:
    verdict = cell.partition(";")[0].rstrip("*")
    return verdict.removeprefix("fails ").split(", ") if verdict.startswith("fails ") else []
