"""Do the modules avoid the names that parse_model writes on every layer: `i`, `f`, `type`, `np`?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch.nn import Module

from ....wire.arguments import OVERWRITTEN
from ...build.overwritten import Use, uses
from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed, warned
from ..evidence import SHOWN
from ..rules import Rules
from ..wording import such

RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


@dataclass(frozen=True)
class _ClassUse:
    """A use of such a name by a class; `is_layer` says whether the file's rows name the class."""

    cls: type
    is_layer: bool
    use: Use

    @property
    def is_written(self) -> bool:
        return self.use.how != "read"

    def evidence(self) -> dict[str, Any]:
        return {
            "class": self.cls.__name__,
            "stands_as_layer": self.is_layer,
            "name": self.use.name,
            "how": self.use.how,
            "where": f"{self.use.file}:{self.use.line}",
        }

    def __str__(self) -> str:
        verb = {"store": "stores", "define": "defines", "read": "reads"}[self.use.how]
        return f"{self.cls.__name__} {verb} `{self.use.name}` at {self.use.file}:{self.use.line}"


def check(subject: Subject) -> Finding:
    """Read the source of the classes that the file's own rows name, and of the new classes inside them."""
    layers = _layer_classes(subject)
    inner = [c for c in _new_classes(subject) if c not in layers]
    known = _base_classes(subject)
    found = [_ClassUse(cls, True, use) for cls in layers for use in uses(cls, known)]
    # a class inside a layer reads its own attribute: upstream writes on whole layers only
    inside = [_ClassUse(cls, False, use) for cls in inner for use in uses(cls, known)]
    found += [one for one in inside if one.is_written]
    evidence = {
        "names": sorted(OVERWRITTEN),
        "classes": sorted({c.__name__ for c in (*layers, *inner)})[:SHOWN],
        "uses": [one.evidence() for one in found[:SHOWN]],
        "use_count": len(found),
    }
    return _finding(found, len(layers) + len(inner), evidence)


def _layer_classes(subject: Subject) -> list[type[Module]]:
    """Return the classes of the rows that the base does not have; known even if the model does not build."""
    usual = {row.module for row in subject.base_rows} if subject.found_base is not None else set()
    names = dict.fromkeys(row.module for row in subject.rows if row.module not in usual)
    return [c for c in map(subject.upstream.find_class, names) if isinstance(c, type)]


def _new_classes(subject: Subject) -> list[type[Module]]:
    try:
        return subject.new_classes
    except Exception:  # any exception of the model's code; the check `build` reports it
        return []


def _base_classes(subject: Subject) -> set[type[Module]]:
    try:
        return {type(m) for m in subject.base.modules()} if subject.base is not None else set()
    except Exception:  # any exception of upstream's code; the check `base-parity` reports it
        return set()


def _finding(found: list[_ClassUse], count: int, evidence: dict[str, Any]) -> Finding:
    written = [one for one in found if one.is_written]
    on_layers = [one for one in written if one.is_layer]
    if on_layers:
        hint = "give the attribute another name: parse_model overwrites this one after the layer is constructed"
        return failed(f"{on_layers[0]}, which parse_model overwrites{such(len(on_layers), 'line')}", hint, **evidence)
    if written:
        hint = "rename it: it is harmless inside a layer, but the class breaks once a YAML names it as a layer"
        said = f"{written[0]}, which parse_model overwrites on layers{such(len(written), 'line')}"
        return warned(said, hint, **evidence)
    if found:
        hint = "check that upstream's value is meant: parse_model writes it, and only on whole layers"
        return warned(f"{found[0]}, which parse_model writes{such(len(found), 'line')}", hint, **evidence)
    names = ", ".join(sorted(OVERWRITTEN))
    return passed(f"none of the {count} new classes uses a name that parse_model overwrites ({names})", **evidence)
