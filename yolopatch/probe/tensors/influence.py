"""Which tensors of a layer its output depends on: by one backward where that is proof, else by moving each."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.nn as nn

from .calls import Call, outcome
from .perturb import perturb_, scramble_
from .plain_tensors import overwritten, plain_tensors, remembered
from .snapshots import Snapshot
from .tensors import is_finite, seed_all, tensors

_SEEDS = (11, 12)  # two changes of a tensor: one may by chance be one that changes nothing
_SETTINGS = (1, 2, 3)  # of all other tensors: a ReLU that is dead in one, and hides what is behind it, is not in all
_NORMS = nn.modules.batchnorm._BatchNorm


@dataclass(eq=False)  # two fields of one name are still two tensors
class Held:
    """A tensor that a layer holds: `owner` is the module that has it, `kind` how."""

    name: str
    owner: nn.Module
    tensor: torch.Tensor
    kind: str


@dataclass
class Influence:
    """What was found of one layer: tensors without influence, plain ones that forward overwrites, why not judged."""

    inert: list = field(default_factory=list)
    caches: list = field(default_factory=list)
    note: str = ""


def influence(layer, call, known=()):
    """Return which tensors of a layer its output depends on in neither eval nor train, whatever the others hold.

    Args:
        layer: a module of the caller's own; its values are changed.
        call: what the model calls it with.
        known: ids of tensors that others register.
    """
    study = _Study(layer, call)
    if not study.modes:
        return Influence(note="it does not run by itself, is not finite, or gives something else each time")
    found = plain_tensors(layer, known)
    caches = study.overwritten(found)
    held = [t for t in _held(layer, found) if t.name not in caches and t.tensor.numel()]
    suspects = [t for t in held if not study.proven(t)]
    for setting in _SETTINGS:
        matter = study.that_matter(suspects)
        suspects = [t for t in suspects if t not in matter]
        if not suspects:
            break
        study.set_anew(held, setting)
    return Influence(suspects, sorted(caches))


def _held(layer, plain):
    owners = [(f"{path}." if path else "", module) for path, module in layer.named_modules()]
    listed = [
        Held(prefix + name, module, tensor, kind)
        for prefix, module in owners
        for kind, table in (("parameter", module._parameters), ("buffer", module._buffers))
        for name, tensor in table.items()
        if tensor is not None and not _is_counter(module, tensor)
    ]
    unique = {id(held.tensor): held for held in reversed(listed)}
    return [*reversed(unique.values()), *(Held(n, m, t, "unregistered tensor") for n, m, t in plain)]


def _is_counter(module, tensor):
    """Tell torch's own counters, which nothing reads unless a momentum is None."""
    return _is_torch(module) and not tensor.is_floating_point()


def _is_torch(module):
    return type(module).__module__.startswith("torch.")


class _Study:
    """One layer under one setting of its tensors: at first what it holds, each value moved a little."""

    def __init__(self, layer, call):
        self._layer = layer
        generator = torch.Generator().manual_seed(0)
        for tensor in (*layer.parameters(), *layer.buffers()):
            if tensor.is_floating_point():
                perturb_(tensor, generator)
        # What comes before the layer may be broken; the layer itself is judged all the same.
        self._calls = (call if call.is_finite else call.noise(4), call.noise(5))
        self._hold()
        self.modes = [mode for mode in (False, True) if self._repeats(mode)]
        self._proofs = None

    def _hold(self):
        self._snapshot = Snapshot(self._layer)
        self._baselines = {}

    def _repeats(self, training):
        first = self._baseline(self._calls[0], training)
        if first is None or not is_finite(first):
            return False
        return _same(first, self._outcome(self._layer, self._calls[0], training))

    def set_anew(self, held, seed):
        """Draw every floating-point tensor anew: another setting."""
        generator = torch.Generator().manual_seed(seed)
        for each in held:
            scramble_(each.tensor, generator)
        self._hold()

    def overwritten(self, found):
        """Return the names of the plain tensors that forward replaces or writes to."""
        names = set()
        for training in self.modes if found else ():
            before = remembered(found)
            outcome(self._layer, self._calls[0], training)
            names |= overwritten(before, {name: tensor for name, _, tensor in plain_tensors(self._layer)})
            self._snapshot.restore()
        return names

    def proven(self, held):
        """Tell whether one backward, or moving it under its own module, shows that a tensor matters."""
        if self._proofs is None:
            self._proofs = [self._backward(training) for training in self.modes]
        return any(proof.shows(held) or self._moves_owner(proof, held) for proof in self._proofs)

    def _moves_owner(self, proof, held):
        """Tell whether a tensor moves the output of its own module, which moves the layer's."""
        call = proof.call_of(held.owner)
        if call is None:
            return False
        expected = self._outcome(held.owner, call, proof.training)
        return any(
            not _same(expected, self._outcome(held.owner, call, proof.training, [held], seed)) for seed in _SEEDS
        )

    def _backward(self, training):
        with _watching(self._layer, training) as proof:
            _project(self._layer, self._calls[0], training)
        proof.gradients = {id(p): p.grad for p in self._layer.parameters() if p.grad is not None}
        self._layer.zero_grad(set_to_none=True)
        self._snapshot.restore()
        return proof

    def that_matter(self, suspects):
        """Return those of the tensors that move the layer's output, found by halving the group."""
        if not suspects or not self._move_layer(suspects):
            return []
        if len(suspects) == 1:
            return suspects
        half = len(suspects) // 2
        return [*self.that_matter(suspects[:half]), *self.that_matter(suspects[half:])]

    def _move_layer(self, moved):
        for call in self._calls:
            for training in self.modes:
                expected = self._baseline(call, training)
                if expected is not None and any(
                    not _same(expected, self._outcome(self._layer, call, training, moved, seed)) for seed in _SEEDS
                ):
                    return True
        return False

    def _baseline(self, call, training):
        key = id(call), training
        if key not in self._baselines:
            self._baselines[key] = self._outcome(self._layer, call, training)
        return self._baselines[key]

    def _outcome(self, module, call, training, moved=(), seed=0):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for held in moved:
                perturb_(held.tensor, generator)
        given = outcome(module, call, training)
        self._snapshot.restore()
        return given


class _Proof:
    """What one backward showed: gradients by tensor, and the modules whose outputs the layer's depends on."""

    def __init__(self, training):
        self.training = training
        self.gradients = {}
        self._calls = {}
        self._reached = set()

    def watch(self, module, args, kwargs, output):
        """Keep what a module was called with, and learn whether its output gets a gradient."""
        self._calls.setdefault(module, Call(args, kwargs))
        for tensor in tensors(output):
            if tensor.requires_grad:
                tensor.register_hook(lambda grad: self._reached.add(module) if _any(grad) else None)

    def call_of(self, module):
        """Return what a module was called with, if the layer's output depends on its own."""
        return self._calls[module] if module in self._reached else None

    def shows(self, held):
        """Tell whether the backward itself is proof: torch's own modules compute what their gradients say.

        A module of anyone else's may give a gradient to what does not matter (a straight-through estimate).
        """
        if not _is_torch(held.owner) or held.owner not in self._reached:
            return False
        if isinstance(held.owner, _NORMS) and held.kind == "buffer":
            return not self.training
        return _any(self.gradients.get(id(held.tensor)))


def _any(gradient):
    return gradient is not None and bool(torch.nan_to_num(gradient).any())


@contextmanager
def _watching(layer, training):
    """Watch, while it is entered, every module of a layer that holds tensors of its own."""
    proof = _Proof(training)
    holders = {m for m in layer.modules() if m._parameters or m._buffers}
    holders |= {module for _, module, _ in plain_tensors(layer)}
    hooks = [m.register_forward_hook(proof.watch, with_kwargs=True) for m in holders]
    try:
        yield proof
    finally:
        for hook in hooks:
            hook.remove()


def _project(layer, call, training):
    """Run a layer and send a random projection of its outputs backward; where it cannot, nothing gets a gradient."""
    layer.train(training).requires_grad_(True)
    layer.zero_grad(set_to_none=True)
    seed_all(0)
    args, kwargs = call.arguments()
    try:
        with torch.enable_grad():
            given = [t for t in tensors(layer(*args, **kwargs)) if t.requires_grad]
            sum((t * torch.randn_like(t)).sum() for t in given).backward()
    except Exception:  # whatever the module's code raises; every tensor is then moved by itself
        layer.zero_grad(set_to_none=True)


def _same(outputs, others):
    """Tell whether two outcomes are the same, bit by bit; raising is an outcome of its own."""
    if outputs is None or others is None:
        return outputs is others
    return len(outputs) == len(others) and all(map(_equal, outputs, others))


def _equal(output, other):
    return output.shape == other.shape and torch.equal(torch.nan_to_num(output), torch.nan_to_num(other))
