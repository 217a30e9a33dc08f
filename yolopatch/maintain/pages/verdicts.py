"""What the page of the matrix says of the models of a module: which pass, and which checks the others fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from yolopatch.maintain.pages.cells import read_cells

BUILT_CELL = "built"


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
    """Return every model that the text of the page has a verdict of, in its order: not those that were only built."""
    cells = [(case, cell) for case, cell in read_cells(page).items() if not is_built(cell)]
    return tuple(Verified(case.flavor, case.pin, case.module, failing(cell)) for case, cell in cells)


def verdict(models: Iterable[Verified]) -> Verdict:
    """Return how many of some models pass, and what the others fail."""
    chosen = list(models)
    failing = Counter(check for model in chosen for check in model.failing)
    passed = sum(not model.failing for model in chosen)
    return Verdict(passed, len(chosen), tuple(failing.most_common()))


def is_built(cell: str) -> bool:
    """Return whether a cell is of a model that was built and not verified further."""
    return cell.partition(";")[0] == BUILT_CELL


def failing(cell: str) -> tuple[str, ...]:
    """Return the checks that a cell says to fail."""
    said = cell.partition(";")[0].rstrip("*")
    return tuple(said.removeprefix("fails ").split(", ")) if said.startswith("fails ") else ()
