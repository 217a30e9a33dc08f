"""What the page of the matrix says of the models of a module: which pass, and which checks the others fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_FLAVOR = re.compile(r"^## Flavor `(\w+)`$", re.MULTILINE)
_FIRST_RESULT = 3  # after the pin, the module, and where it stands


@dataclass(frozen=True)
class Verified:
    """One model of the matrix.

    Attributes:
        flavor, pin, module: what it was built from.
        failing: the checks that it fails; none where it passes.
    """

    flavor: str
    pin: str
    module: str
    failing: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """Some models, counted.

    Attributes:
        passed, models: how many pass, of how many.
        failing: the checks that some of the others fail, with the number of these models, the most frequent first.
    """

    passed: int
    models: int
    failing: tuple[tuple[str, int], ...] = ()


def verified(page: str) -> tuple[Verified, ...]:
    """Return every model that the text of the page has a result of, in its order."""
    _, *parts = _FLAVOR.split(page)
    return tuple(model for flavor, rows in zip(parts[::2], parts[1::2]) for model in _models(flavor, rows))


def verdict(models: Iterable[Verified]) -> Verdict:
    """Return how many of some models pass, and what the others fail."""
    chosen = list(models)
    failing = Counter(check for model in chosen for check in model.failing)
    passed = sum(not model.failing for model in chosen)
    return Verdict(passed, len(chosen), tuple(failing.most_common()))


def _models(flavor: str, rows: str) -> Iterator[Verified]:
    for row in rows.splitlines():
        pin, module, *cells = [cell.strip() for cell in row.strip("|").split("|")] + [""]
        for cell in filter(None, cells[_FIRST_RESULT - 2 :]):
            if not set(cell) <= set("-:") and pin != "pin":
                yield Verified(flavor, pin, module, _failing(cell))


def _failing(cell: str) -> tuple[str, ...]:
    said = cell.partition(";")[0].rstrip("*")
    return tuple(said.removeprefix("fails ").split(", ")) if said.startswith("fails ") else ()
