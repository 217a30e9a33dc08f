"""Does the model come back as it was from a state dict, a deepcopy, pickle, and upstream's own save and load?"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn as nn
from torch import Tensor

from ...build.subject import Subject
from ...checkpoint.following import not_followed
from ...checkpoint.saving import load_as_upstream, save_as_upstream
from ...explain.cause import Cause
from ...explain.causes import cause_of
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed
from ...tensors.half import through_half
from ...tensors.models import UpstreamModel
from ...tensors.plain_tensors import attributes, same_values
from ...tensors.tensors import layer_name, layer_outputs, module_name, tensors
from ..evidence import SHOWN
from ..rules import Rules

_OK = "ok"
_HINT = (
    "register every tensor as a parameter or buffer in the constructor, and let every number follow from its "
    "arguments; hold no lambda, local class or open file"
)
_FACTOR = 1.01  # for every parameter: enough to be seen, too little to overflow

Outputs = dict[int, list[Tensor]]
"""The tensors of each layer's output, by the layer's index, in order, the head last."""

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where a round trip raises, or changes a single bit of the model's outputs in eval.

    The model has BatchNorm statistics from images. The second build has another seed, so that a tensor that the state
    dict lacks is not the same by chance. Float16 loses bits: what upstream's own way gives back is compared with the
    state through float16.
    """
    if subject.device.type == "cuda":
        torch.use_deterministic_algorithms(True, warn_only=True)  # `verification` switches it off again
    with TemporaryDirectory(dir=subject.folder) as folder:  # the largest models' files have a gigabyte
        trip = _Trip(subject, Path(folder))
        found = {
            "state_dict": _attempt(trip.model, trip.state_dict),
            "deepcopy": trip.copy_error or _attempt(trip.model, trip.deepcopy),
            "pickle": _attempt(trip.model, trip.pickle),
            "upstream": _attempt(trip.model, trip.upstream),
            "ema": _followed(subject),
        }
    broken = {name: cause for name, cause in found.items() if cause}
    results = {name: cause.what if cause else _OK for name, cause in found.items()}
    if not broken:
        return passed(
            "state dict, deepcopy, pickle and upstream's own save and load give the same bits back, and upstream's EMA "
            "becomes what was trained",
            **results,
        )
    name, cause = next(iter(broken.items()))
    if name == "ema":  # no other fails: it says all itself
        return failed(cause.what, cause.remedy, **results)
    return failed(
        f"{len(broken)} of {len(found)} round trips fail; {name}: {cause.what}",
        _hook_hint(subject.model) or cause.remedy,
        **results,
    )


def _attempt(model: UpstreamModel, step: Callable[[], str]) -> Cause | None:
    """Return the problem, None for none, so that one broken round trip does not hide the others."""
    try:
        different = step()
    except Exception as error:  # any exception of the model's code, torch or pickle
        return cause_of(model, error)
    return Cause(different, _HINT) if different else None


def _hook_hint(model: UpstreamModel) -> str:
    """Return what to do about a hook from a constructor that holds a module; "" where no module has one."""
    for name, module in model.named_modules():
        hooks = (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
        if any(_holds_module(hook) for hook in hooks):
            return (
                f"{name} ({type(module).__name__}) has a hook from a constructor, which goes on to use the first "
                "object where the model is copied, as for the EMA: compute in forward what the hook does"
            )
    return ""


def _holds_module(function: object) -> bool:
    """Return whether a function is a method of a module, or has one around it."""
    cells = getattr(function, "__closure__", None) or ()
    held = (getattr(function, "__self__", None), *(getattr(cell, "cell_contents", None) for cell in cells))
    return any(isinstance(one, nn.Module) for one in held)


def _followed(subject: Subject) -> Cause | None:
    """Return what upstream's EMA does not take over; where it cannot be made, a deepcopy says why."""
    model = subject.build().to(subject.device)
    try:
        return not_followed(subject.upstream, model, make_batch(subject), subject.images())
    except Exception as error:  # any exception of the model's code
        return None if _copy_error(subject.build()) else cause_of(model, error)


def _copy_error(built: UpstreamModel) -> Cause | None:
    """Return why a model cannot be copied right after its constructor, where upstream's trainer makes its EMA."""
    try:
        deepcopy(built)
    except Exception as error:  # any exception of the model's code or torch
        return cause_of(built, error)
    return None


class _Trip:
    """One model and its outputs; each method is one round trip and returns what differs, "" for nothing."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self.folder = folder
        self.model = subject.calibrated
        self.x = subject.images()
        self.outputs = self._run(self.model)
        self.other: UpstreamModel | None = None  # a second build with the model's state, once that worked
        self.built = self.subject.build(seed=1)
        self.copy_error = _copy_error(self.built)

    def state_dict(self) -> str:
        """Save a state dict and load it into another build."""
        file = self.folder / "state.pt"
        torch.save(self.model.state_dict(), file)
        state = torch.load(file, map_location=self.subject.device, weights_only=True)
        other = self.built.to(self.subject.device).eval()
        problem = _other_keys(state, other.state_dict())
        if problem:
            return problem
        other.load_state_dict(state)
        index = _different_layer(self._run(other), self.outputs)
        if index is None:
            self.other = other
            return ""
        return self._text(index) + _unsaved_clause(self.model.model[index], other.model[index], index)

    def deepcopy(self) -> str:
        """Copy the model, and the copy."""
        first = deepcopy(self.model)
        return self._difference(self._run(first), self.outputs) or self._independence(first, deepcopy(first))

    @torch.no_grad()
    def _independence(self, first: UpstreamModel, second: UpstreamModel) -> str:
        """Change a copy: the first must stay as it was, and the copy must compute what its own state says."""
        before = [parameter.clone() for parameter in second.parameters()]
        try:
            for parameter in second.parameters():
                parameter.mul_(_FACTOR)
            problem = self._difference(self._run(first), self.outputs)
            if problem:
                return f"a change of the copy changes the original, as an EMA would: {problem}"
            if self.other is not None:
                self.other.load_state_dict(second.state_dict())
                problem = self._difference(self._run(second), self._run(self.other))
            return f"the changed copy still uses the original's tensors: {problem}" if problem else ""
        finally:
            for parameter, values in zip(second.parameters(), before):
                parameter.copy_(values)  # a shared parameter is the model's, which other checks use

    def pickle(self) -> str:
        """Pickle the whole model and load it."""
        file = self.folder / "pickled.pt"
        torch.save(self.model, file, pickle_module=pickle)  # two upstreams prefer dill where it is installed
        loaded = torch.load(file, map_location=self.subject.device, weights_only=False)
        return self._difference(self._run(loaded), self.outputs)

    def upstream(self) -> str:
        """Save and load as upstream does, in float16."""
        file = self.folder / "upstream.pt"
        save_as_upstream(self.subject.upstream, self.model, file)
        loaded = load_as_upstream(self.subject.upstream, file, self.subject.device)
        expected = deepcopy(self.model)
        expected.load_state_dict({name: through_half(t) for name, t in self.model.state_dict().items()})
        state, wanted = loaded.state_dict(), expected.state_dict()
        problem = _other_keys(state, wanted)
        if problem:
            return problem
        name = next((n for n in wanted if not same_values(state[n], wanted[n])), None)
        if name:
            return f"{name} differs"
        return self._difference(_without_head(self._run(loaded)), _without_head(self._run(expected)))

    @torch.no_grad()
    def _run(self, model: UpstreamModel) -> Outputs:
        outputs, _, _ = layer_outputs(model.eval(), self.x)
        return {index: [tensor.clone() for tensor in tensors(output)] for index, output in outputs.items()}

    def _difference(self, found: Outputs, expected: Outputs) -> str:
        """Return in one clause the first layer whose output is not the same bit by bit; empty where none is."""
        index = _different_layer(found, expected)
        return "" if index is None else self._text(index)

    def _text(self, index: int) -> str:
        return f"the output of {layer_name(self.model, index)} differs"


def _other_keys(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """Return in one clause which names or shapes of two state dicts differ; empty where none does."""
    missing, unexpected = expected.keys() - found.keys(), found.keys() - expected.keys()
    reshaped = {name for name in expected.keys() & found.keys() if expected[name].shape != found[name].shape}
    parts = (("missing", missing), ("unexpected", unexpected), ("other shapes", reshaped))
    return "; ".join(f"{text}: {', '.join(sorted(names)[:SHOWN])}" for text, names in parts if names)


def _different_layer(found: Outputs, expected: Outputs) -> int | None:
    """Return the index of the first layer whose output is not the same bit by bit."""
    for index in found:
        pairs = list(zip(found[index], expected[index]))
        if len(found[index]) != len(expected[index]) or not all(same_values(a, b) for a, b in pairs):
            return index
    return None


def _without_head(outputs: Outputs) -> Outputs:
    """Leave out the head: upstream's keep the last image's anchors in float16, which are no state of the model."""
    return {index: outputs[index] for index in list(outputs)[:-1]}


def _unsaved_clause(layer: nn.Module, other: nn.Module, index: int) -> str:
    """Return a clause about the first number that two builds of a layer hold, and that no state dict does."""
    others = dict(other.named_modules())
    for path, module in layer.named_modules():
        values = dict(attributes(others[path])) if path in others else {}
        for key, value in attributes(module):
            second = values.get(key)
            if isinstance(value, (int, float)) and isinstance(second, (int, float)) and value != second:
                full = f"{module_name(index, path)}.{key}"
                return f": {full} is {value:.4g} in one build and {second:.4g} in another, and no state dict has it"
    return ""
