"""What becomes of each class that rows of a fork's YAMLs name: it stays the release's, or it is a class of ours."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.rebuild.evaluate import Channels, Following, Undecided, Unknown
from yolopatch.core.fork.rebuild.parser import Parser, Treatment
from yolopatch.core.fork.rebuild.rows import ForkCfg, Row, read_value
from yolopatch.core.fork.rebuild.sameness import Sameness
from yolopatch.core.fork.rebuild.scope import Local, Outside

_TORCH = ("nn.", "torch.nn.", "torchvision.ops.")


@dataclass(frozen=True)
class Named:
    """A class that rows name.

    Attributes:
        name: as the rows have it.
        meaning: its definition in the fork; what it is outside of it; None for a class of torch by its full name.
        treatment: what the fork's parser does with its rows.
        rows: its rows, each with its YAML.
    """

    name: str
    meaning: Local | Outside | None
    treatment: Treatment
    rows: tuple[tuple[ForkCfg, Row], ...]


@dataclass(frozen=True)
class Planner:
    """Decides what becomes of each class.

    Attributes:
        sameness: compares definitions.
        fork: the parser of the fork.
        base: the parser of the release.
    """

    sameness: Sameness
    fork: Parser
    base: Parser

    def missing(self, cfg: ForkCfg) -> Iterator[str]:
        """Yield one sentence for each class of a YAML that is not there."""
        first: dict[str, int] = {}
        for row in cfg.rows:
            first.setdefault(row.module, row.line)
        for name, line in first.items():
            if not name.startswith(_TORCH) and self._meaning(name) is None:
                place = self.sameness.fork.place_of_class(name)
                timm = "; a model of timm of this name cannot be rebuilt" if self._asks_timm else ""
                known = f"; {place} defines it, and the parser does not import it" if place else timm
                yield f"line {line}: {name} is not defined: {self.fork.path} of the fork has no such name{known}"

    @property
    def _asks_timm(self) -> bool:
        return "timm.create_model" in ast.unparse(self.fork.loop)

    def planned(self, cfgs: Sequence[ForkCfg]) -> list[Named]:
        """Return the classes that become ours, in the order of their first rows."""
        rows = [(cfg, row) for cfg in cfgs for row in cfg.rows]
        names = dict.fromkeys(row.module for _, row in rows)
        found = []
        for name in names:
            of = tuple((cfg, row) for cfg, row in rows if row.module == name)
            one = Named(name, self._meaning(name), self.fork.treatment(name), of)
            if not (self._is_same_class(one) and self._is_treated_alike(one)):
                found.append(one)
        return found

    def _meaning(self, name: str) -> Local | Outside | None:
        if name.startswith(_TORCH):
            return None
        found = self.sameness.fork.meaning(self.fork.path, name)
        return found if isinstance(found, Local | Outside) else None

    def _is_same_class(self, one: Named) -> bool:
        if one.meaning is None:
            return True
        theirs = self.sameness.base.meaning(self.base.path, one.name)
        if isinstance(one.meaning, Outside):
            return one.meaning == theirs
        is_there = isinstance(theirs, Local) and (theirs.path, theirs.name) == (one.meaning.path, one.meaning.name)
        return is_there and self.sameness.is_same(one.meaning)

    def _is_treated_alike(self, one: Named) -> bool:
        theirs = self.base.treatment(one.name)
        if canonical(one.treatment.code) == canonical(theirs.code):
            return True
        return all(
            _outcome(one.treatment.code, row, values) == _outcome(theirs.code, row, values) is not None
            for cfg, row in one.rows
            for values in cfg.scales()
        )


def _outcome(code: Sequence[ast.stmt], row: Row, known: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a parser makes of a row: arguments, repeats, channels and flags; None if that cannot be followed."""
    repeats = row.repeats
    if not isinstance(repeats, int) or not isinstance(row.args, list):
        return None
    values = {
        **copy.deepcopy(known),
        "f": row.source,
        "n": max(round(repeats * known["depth"]), 1) if repeats > 1 else repeats,
        "args": [read_value(value, known) for value in copy.deepcopy(row.args)],
        "ch": Channels(),
        "c2": Unknown("c2"),
    }
    following = Following(values)
    try:
        following.run(code)
    except Undecided:
        return None
    kept = ("args", "n", "c2", "legacy", "m.legacy")
    return {name: following.values.get(name) for name in kept}
