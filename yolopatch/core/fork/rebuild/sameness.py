"""Whether a definition of a fork does what the release's own does: it is equal, and all that it uses is, too."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import Binding
from yolopatch.core.fork.rebuild.scope import Local, Meaning, Outside, Scope, Whole
from yolopatch.core.fork.rebuild.uses import Use, uses

# Of ultralytics, the places outside of nn/ that compute something of a model. What lies elsewhere (settings, logs,
# downloads, checks) is always the release's own: it is there once for the whole process.
_COMPUTING = (
    "ultralytics/nn/",
    "ultralytics/models/",
    "ultralytics/utils/tal.py",
    "ultralytics/utils/ops.py",
    "ultralytics/utils/loss.py",
    "ultralytics/utils/metrics.py",
    "ultralytics/utils/torch_utils.py",
)
# of yolov5, the places that compute nothing of a model
_SILENT = ("utils/general.py", "utils/downloads.py", "utils/plots.py", "utils/loggers/", "utils/callbacks.py")


@dataclass
class Sameness:
    """Compares the definitions of a fork with those of the release that it began from.

    Attributes:
        fork: the files of the fork.
        base: the files of the release.
    """

    fork: Scope
    base: Scope
    _known: dict[Local, bool] = field(default_factory=dict, init=False)
    _parts: dict[Local, tuple[Local, ...] | None] = field(default_factory=dict, init=False)

    def is_same(self, one: Local) -> bool:
        """Tell whether the release has this definition, and it and everything that it reaches do the same."""
        if one not in self._known:
            self._known[one] = self._is_same(one)
        return self._known[one]

    def in_base(self, path: str, name: str) -> Local | None:
        """Return the release's own definition with the place and the name of one of the fork."""
        found = self.base.meaning(path, name)
        return found if isinstance(found, Local) and (found.path, found.name) == (path, name) else None

    def _is_same(self, one: Local) -> bool:
        seen, todo = {one}, [one]
        while todo:
            parts = self._equal(todo.pop())
            if parts is None or any(self._known.get(part) is False for part in parts):
                return False
            fresh = [part for part in parts if part not in seen and part not in self._known]
            seen.update(fresh)
            todo += fresh
        return True

    def _equal(self, one: Local) -> tuple[Local, ...] | None:
        """Return the definitions of the fork that this one uses; None if the release's differs or uses others."""
        if one not in self._parts:
            self._parts[one] = self._compare(one)
        return self._parts[one]

    def _compare(self, one: Local) -> tuple[Local, ...] | None:
        twin = self.in_base(one.path, one.name)
        if twin is None:
            return None
        if not _computes(one.path):
            return ()
        mine, theirs = _node(self.fork, one), _node(self.base, twin)
        if canonical(mine) != canonical(theirs):
            return None
        found: list[Local] = []
        for use in uses(mine):
            pair = self._meanings(one, twin, use)
            if pair is None:
                return None
            found += pair
        return tuple(found)

    def _meanings(self, one: Local, twin: Local, use: Use) -> list[Local] | None:
        """Return the definitions that a use reaches in the fork; None if in the release it means something else."""
        mine = self.fork.meaning(one.path, use.name, one.place if use.at_import else None)
        theirs = self.base.meaning(twin.path, use.name, twin.place if use.at_import else None)
        if isinstance(mine, Whole) and isinstance(theirs, Whole):
            if mine.path != theirs.path:
                return None
            if not use.attribute:
                return []
            mine, theirs = self.fork.meaning(mine.path, use.attribute), self.base.meaning(theirs.path, use.attribute)
        return _pair(mine, theirs)


def _pair(mine: Meaning | None, theirs: Meaning | None) -> list[Local] | None:
    if isinstance(mine, Local) and isinstance(theirs, Local):
        return [mine] if (mine.path, mine.name) == (theirs.path, theirs.name) else None
    return [] if mine == theirs or _is_outside(mine, theirs) else None


def _is_outside(mine: Meaning | None, theirs: Meaning | None) -> bool:
    """Tell whether both come from outside under one name, by whatever import: `torch.nn` and `from torch import nn`."""
    return isinstance(mine, Outside) and isinstance(theirs, Outside) and _full(mine) == _full(theirs)


def _full(one: Outside) -> str:
    return f"{one.module}.{one.attribute}" if one.attribute else one.module


def _computes(path: str) -> bool:
    if path.startswith("ultralytics/"):
        return path.startswith(_COMPUTING)
    return not path.startswith(_SILENT)


def _node(scope: Scope, one: Local) -> ast.stmt:
    return binding_of(scope, one).node


def binding_of(scope: Scope, one: Local) -> Binding:
    """Return the binding that makes a definition."""
    code = scope.code(one.path)
    assert code is not None
    return code.bindings[one.place]
