"""Added definitions that are copies of the release's: what a copy changes may be all that matters in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yolopatch.core.fork.changes import ADDED, CHANGED
from yolopatch.core.fork.difference.code.effect import effective_definition
from yolopatch.core.fork.difference.code.findings import Finding, findings
from yolopatch.core.fork.difference.code.units import CLASS, FUNCTION, Unit, units_of
from yolopatch.core.fork.difference.python.trees import Trees
from yolopatch.core.fork.names.definitions import Definition

_MOST = 8  # changes of a copy; with more it is a definition of its own


@dataclass(frozen=True)
class Copy:
    """A definition that is a copy of one of the release's.

    Attributes:
        of: the original.
        changes: what the copy changes.
        units: the units of the copy, without what changes nothing.
    """

    of: Definition
    changes: tuple[Finding, ...]
    units: Mapping[str, Unit]


def copy_of(trees: Trees, unit: Unit) -> Copy | None:
    """Return of which definition of the release, by the same name, an added one is a copy; None if it is none."""
    if unit.sort not in (CLASS, FUNCTION) or "." in unit.name or unit.node is None:
        return None
    originals = _originals(trees, unit.name)
    if not originals:
        return None
    mine = units_of(effective_definition(unit.node, {}))
    copies = (_compared(trees, original, mine) for original in originals)
    return min((copy for copy in copies if copy), key=lambda copy: len(copy.changes), default=None)


def told_as_copy(finding: Finding, copy: Copy) -> Finding:
    """Return the finding of an added definition that says of what it is a copy."""
    count = len(copy.changes)
    how = "" if not count else f", with {count} {'change' if count == 1 else 'changes'}"
    return replace(finding, what=f"a copy of `{copy.of.name}` of `{copy.of.path}`{how}")


def _originals(trees: Trees, name: str) -> list[Definition]:
    paths = (path for path in trees.base.mentioning(name) if name in trees.base.definitions(path))
    return [Definition(path, name) for path in paths]


def _compared(trees: Trees, original: Definition, mine: Mapping[str, Unit]) -> Copy | None:
    units = trees.base_units(original.path).values()
    theirs = {unit.name: unit for unit in units if unit.owner == original.name}
    if not theirs:
        return None
    found = findings(theirs, mine)
    kept = sum(name in theirs for name in mine)
    if len(found) > _MOST or kept * 2 < len(theirs) or any(finding.what.startswith("rewritten") for finding in found):
        return None
    # a method that the original does not have is a change of the copy, as in a file that both have
    changes = tuple(replace(one, kind=CHANGED) if one.kind != ADDED or "." not in one.name else one for one in found)
    return Copy(original, changes, mine)
