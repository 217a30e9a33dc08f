"""Does the model come back as it was from a state dict, a deepcopy, pickle, and upstream's own save and load?"""

import pickle
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ...checkpoint.saving import load_as_upstream, save_as_upstream
from ...protocol.findings import failed, passed
from ...protocol.raising import describe_error
from ...tensors.plain_tensors import same_values
from ...tensors.tensors import layer_name, layer_outputs, tensors
from ..rules import Rules

_SHOWN = 20
_OK = "ok"
_MOVE = 1.01  # times every parameter: enough to be seen, too little to drive anything out of range


RULES = Rules()


def check(subject):
    """Fail where a round trip raises, or changes a single bit of what the model computes in eval.

    The model has BatchNorm statistics from images. The second build has another seed, so what a state dict lacks
    is not the same by chance. Float16 loses bits: upstream's own way is compared with the state through float16.
    """
    if subject.device.type == "cuda":
        torch.use_deterministic_algorithms(True, warn_only=True)  # the runner takes it back
    with TemporaryDirectory(dir=subject.folder) as folder:  # the largest models' files hold a gigabyte
        trip = _Trip(subject, Path(folder))
        steps = {
            "state_dict": _attempt(trip, trip.state_dict),
            "deepcopy": _attempt(trip, trip.deepcopy),
            "pickle": _attempt(trip, trip.pickle),
            "upstream": _attempt(trip, trip.upstream),
        }
    broken = [name for name, result in steps.items() if result != _OK]
    if not broken:
        return passed("state dict, deepcopy, pickle and upstream's own save and load give the same bits back", **steps)
    return failed(
        f"{len(broken)} of 4 round trips fail; {broken[0]}: {steps[broken[0]]}",
        "register every tensor as a parameter or buffer in the constructor; hold no lambda, local class or open file",
        **steps,
    )


def _attempt(trip, step):
    """Return `ok`, or what goes wrong, so that one broken round trip does not hide the others."""
    try:
        return step() or _OK
    except Exception as error:  # whatever the model's code, torch or pickle raises
        return describe_error(trip.model, error)


def _copy_error(built):
    """Say why a model cannot be copied as it comes from its constructor: there upstream's trainer makes its EMA."""
    try:
        deepcopy(built)
    except Exception as error:  # whatever the model's code or torch raises
        return describe_error(built, error)
    return ""


class _Trip:
    """One model and its outputs; each method goes one way and back and says what differs."""

    def __init__(self, subject, folder):
        self.subject = subject
        self.folder = folder
        self.model = subject.calibrated
        self.x = subject.images()
        self.outputs = self._run(self.model)
        self.other = None  # a second build with the model's state, once that worked
        self.built = self.subject.build(seed=1)
        self.uncopied = _copy_error(self.built)

    def state_dict(self):
        file = self.folder / "state.pt"
        torch.save(self.model.state_dict(), file)
        state = torch.load(file, map_location=self.subject.device, weights_only=True)
        other = self.built.to(self.subject.device).eval()
        wrong = _other_keys(state, other.state_dict())
        if wrong:
            return wrong
        other.load_state_dict(state)
        wrong = _first_different(self._run(other), self.outputs)
        self.other = None if wrong else other
        return wrong

    def deepcopy(self):
        if self.uncopied:
            return self.uncopied
        first = deepcopy(self.model)
        wrong = _first_different(self._run(first), self.outputs)
        return wrong or self._independence(first, deepcopy(first))

    @torch.no_grad()
    def _independence(self, first, second):
        """Change a copy: the copied must stay as it was, and the copy must compute what its own state says."""
        before = [parameter.clone() for parameter in second.parameters()]
        try:
            for parameter in second.parameters():
                parameter.mul_(_MOVE)
            wrong = _first_different(self._run(first), self.outputs)
            if wrong:
                return f"changing the copy changes the original, as an EMA would: {wrong}"
            if self.other is not None:
                self.other.load_state_dict(second.state_dict())
                wrong = _first_different(self._run(second), self._run(self.other))
            return f"the changed copy still uses the original's tensors: {wrong}" if wrong else ""
        finally:
            for parameter, values in zip(second.parameters(), before):
                parameter.copy_(values)  # a shared one is the model's, which other checks use

    def pickle(self):
        file = self.folder / "pickled.pt"
        torch.save(self.model, file, pickle_module=pickle)  # two upstreams prefer dill where it is installed
        loaded = torch.load(file, map_location=self.subject.device, weights_only=False)
        return _first_different(self._run(loaded), self.outputs)

    def upstream(self):
        file = self.folder / "upstream.pt"
        save_as_upstream(self.subject.upstream, self.model, file)
        loaded = load_as_upstream(self.subject.upstream, file, self.subject.device)
        expected = deepcopy(self.model)
        expected.load_state_dict({name: _through_half(t) for name, t in self.model.state_dict().items()})
        state, wanted = loaded.state_dict(), expected.state_dict()
        wrong = _other_keys(state, wanted)
        if wrong:
            return wrong
        name = next((n for n in wanted if not same_values(state[n], wanted[n])), None)
        # Without the head: upstream's heads keep anchors of the last image in float16, which is not the model's state.
        return f"{name} differs" if name else _first_different(self._run(loaded)[:-1], self._run(expected)[:-1])

    @torch.no_grad()
    def _run(self, model):
        """Return (name, tensors) of each layer's output, in order, the head last."""
        outputs, _, _ = layer_outputs(model.eval(), self.x)
        return [
            (f"the output of {layer_name(model, index)}", [t.clone() for t in tensors(o)])
            for index, o in outputs.items()
        ]


def _through_half(tensor):
    return tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor


def _other_keys(found, expected):
    """Return in one clause which names or shapes of two state dicts differ; empty where none does."""
    missing, unexpected = expected.keys() - found.keys(), found.keys() - expected.keys()
    shaped = [name for name in expected.keys() & found.keys() if expected[name].shape != found[name].shape]
    parts = (("missing", missing), ("unexpected", unexpected), ("other shapes", shaped))
    return "; ".join(f"{text}: {', '.join(sorted(names)[:_SHOWN])}" for text, names in parts if names)


def _first_different(found, expected):
    """Return in one clause the first layer whose output is not the same bit by bit; empty where none is."""
    for (name, tensors_found), (_, tensors_expected) in zip(found, expected):
        if len(tensors_found) != len(tensors_expected):
            return f"{name} has {len(tensors_found)} tensors, not {len(tensors_expected)}"
        if not all(same_values(a, b) for a, b in zip(tensors_found, tensors_expected)):
            return f"{name} differs"
    return ""
