"""What upstream's switch to in-place activations does to the layers of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from torch.nn import Module

from ..tensors.calls import BATCH, layer_calls, outcome
from ..tensors.tensors import distance, module_name
from ..thresholds import SAME_FUNCTION
from .subject import Subject


class ChangedByFlag(NamedTuple):
    """A layer that computes something else because upstream lets a module in it work in place.

    Attributes:
        layer: its index.
        module: the dotted name of the first such module.
        cls: its class.
        error: how far the outputs lie apart, relative to the largest value.
    """

    layer: int
    module: str
    cls: str
    error: float


def switched(subject: Subject) -> dict[int, dict[str, Module]]:
    """Return by replaced layer the modules, by name, that upstream switched to work in place.

    Upstream does so with every ReLU, SiLU and the like as soon as a model is built, whatever its constructor asked.
    """
    built = subject.arguments.in_place
    found: dict[int, dict[str, Module]] = {}
    for index in subject.replaced:
        for name, module in subject.model.model[index].named_modules():
            full = module_name(index, name)
            if built.get(full) is False and getattr(module, "inplace", False):
                found.setdefault(index, {})[full] = module
    return found


def changed_by_flags(subject: Subject) -> ChangedByFlag | None:
    """Return the first replaced layer that gives something else where its modules do not work in place."""
    names = switched(subject)
    if not names:
        return None
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    calls = layer_calls(subject.calibrated, subject.images(batch=BATCH), list(names))
    modules = dict(model.named_modules())
    for index, call in calls.items():
        flagged = {name: modules[name] for name in names[index] if name in modules}
        for training in (False, True):
            usual = outcome(model.model[index], call, training)
            _switch(flagged.values(), False)
            alone = outcome(model.model[index], call, training)
            _switch(flagged.values(), True)
            if usual is not None and alone is not None and (error := distance(usual, alone)) > SAME_FUNCTION:
                return _first(index, flagged, error)
    return None


def _first(index: int, flagged: Mapping[str, Module], error: float) -> ChangedByFlag:
    name, module = next(iter(flagged.items()))
    return ChangedByFlag(index, name, type(module).__name__, error)


def _switch(modules: Iterable[Module], on: bool) -> None:
    for module in modules:
        setattr(module, "inplace", on)  # noqa: B010  only some classes have it
