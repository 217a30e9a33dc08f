"""Choose the checks of `verify` by their names."""

from __future__ import annotations

from collections.abc import Iterable

from yolopatch.catalog.names import fold, unknown
from yolopatch.wire.checks import CHECKS


def choose_checks(names: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the checks to run, in their order; without names, all of them.

    Raises:
        UsageError: a name is unknown; the nearest names are in the hint.
    """
    by_fold = {fold(check.id): check.id for check in CHECKS}
    chosen = set()
    for name in names:
        if fold(name) not in by_fold:
            raise unknown("check", name, by_fold.values())
        chosen.add(by_fold[fold(name)])
    return tuple(check.id for check in CHECKS if not chosen or check.id in chosen)
