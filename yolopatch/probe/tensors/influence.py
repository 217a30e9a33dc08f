"""Which tensors of a layer its output depends on: by one backward where that is proof, else by changing each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from .calls import Call, outcome
from .perturb import perturb_, scramble_
from .plain_tensors import PlainTensor, overwritten, plain_tensors, remembered
from .snapshots import Snapshot
from .tensors import is_finite, seed_all, tensors

_SEEDS = (11, 12)  # two changes of a tensor: one of them may change no output by chance
_SETTINGS = (1, 2, 3)  # of all other tensors: a ReLU that returns only zeros in one does not do so in all
_NORMS = nn.modules.batchnorm._BatchNorm


@dataclass(eq=False)  # two tensors may have equal fields
class Held:
    """A tensor of a layer: the module that holds it, and whether it is a parameter, a buffer or unregistered."""

    name: str
    owner: nn.Module
    tensor: Tensor
    kind: str


@dataclass
class Influence:
    """The result for one layer.

    Attributes:
        inert: the tensors without influence.
        caches: the names of unregistered tensors that forward overwrites.
        note: why the layer could not be studied; empty if it could.
    """

    inert: list[Held] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)
    note: str = ""


def influence(layer: nn.Module, call: Call, known: Collection[int] = (), left_out: Collection[str] = ()) -> Influence:
    """Return the tensors of a layer on which its output depends neither in eval nor in train, for any other values.

    Args:
        layer: a module that the caller may change; its values are changed.
        call: the call that the model makes.
        known: ids of tensors that other modules register.
        left_out: names of unregistered tensors that forward has made for other calls.
    """
    study = _Study(layer, call)
    if not study.modes:
        return Influence(note="it does not run alone, is not finite, or returns another result each time")
    found = [one for one in plain_tensors(layer, known) if one.name not in left_out]
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


def _held(layer: nn.Module, plain: Sequence[PlainTensor]) -> list[Held]:
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


def _is_counter(module: nn.Module, tensor: Tensor) -> bool:
    """Return whether a tensor is one of torch's own counters, which are read only if a momentum is None.

    A class that inherits from torch's norm has the counter, too.
    """
    if isinstance(module, nn.modules.batchnorm._NormBase) and tensor is module.num_batches_tracked:
        return True
    return _is_torch(module) and not tensor.is_floating_point()


def _is_torch(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.")


class _Study:
    """One layer under one setting of its tensors: at first its own values, each changed a little."""

    def __init__(self, layer: nn.Module, call: Call) -> None:
        self._layer = layer
        generator = torch.Generator().manual_seed(0)
        for tensor in (*layer.parameters(), *layer.buffers()):
            if tensor.is_floating_point():
                perturb_(tensor, generator)
        # The layers before may be broken; this layer is studied all the same.
        given = call if call.is_finite else call.noise(4)
        # at another size it computes anew what it keeps for one size, as upstream's head keeps its anchors
        self._calls = (given, call.noise(5), given.halved())
        self._hold()
        self.modes = [mode for mode in (False, True) if self._repeats(mode)]
        self._proofs: list[_Proof] | None = None

    def _hold(self) -> None:
        self._snapshot = Snapshot(self._layer)
        self._baselines: dict[tuple[int, bool], list[Tensor] | None] = {}

    def _repeats(self, training: bool) -> bool:
        """Return whether the layer runs in a mode, is finite, and returns the same again."""
        first = self._baseline(self._calls[0], training)
        if first is None or not is_finite(first):
            return False
        return _same(first, self._outcome(self._layer, self._calls[0], training))

    def set_anew(self, held: Sequence[Held], seed: int) -> None:
        """Give every floating-point tensor random values: another setting."""
        generator = torch.Generator().manual_seed(seed)
        for each in held:
            scramble_(each.tensor, generator)
        self._hold()

    def overwritten(self, found: Sequence[PlainTensor]) -> set[str]:
        """Return the names of the plain tensors that forward replaces or writes to."""
        names: set[str] = set()
        for training in self.modes if found else ():
            before = remembered(found)
            outcome(self._layer, self._calls[0], training)
            names |= overwritten(before, {name: tensor for name, _, tensor in plain_tensors(self._layer)})
            self._snapshot.restore()
        return names

    def proven(self, held: Held) -> bool:
        """Return whether one backward, or a change of it in its own module, shows that a tensor matters."""
        if self._proofs is None:
            self._proofs = [self._backward(training) for training in self.modes]
        return any(proof.shows(held) or self._moves_owner(proof, held) for proof in self._proofs)

    def _moves_owner(self, proof: _Proof, held: Held) -> bool:
        """Return whether a tensor changes the output of its own module, which changes the layer's."""
        call = proof.call_of(held.owner)
        if call is None:
            return False
        expected = self._outcome(held.owner, call, proof.training)
        return any(
            not _same(expected, self._outcome(held.owner, call, proof.training, [held], seed)) for seed in _SEEDS
        )

    def _backward(self, training: bool) -> _Proof:
        with _watching(self._layer, training) as proof:
            _project(self._layer, self._calls[0], training)
        proof.gradients = {id(p): p.grad for p in self._layer.parameters() if p.grad is not None}
        self._layer.zero_grad(set_to_none=True)
        self._snapshot.restore()
        return proof

    def that_matter(self, suspects: list[Held]) -> list[Held]:
        """Return the tensors that change the layer's output, found by halving the group."""
        if not suspects or not self._move_layer(suspects):
            return []
        if len(suspects) == 1:
            return suspects
        half = len(suspects) // 2
        return [*self.that_matter(suspects[:half]), *self.that_matter(suspects[half:])]

    def _move_layer(self, moved: list[Held]) -> bool:
        """Return whether a change of these tensors at once changes the layer's output."""
        for call in self._calls:
            for training in self.modes:
                expected = self._baseline(call, training)
                if expected is not None and any(
                    not _same(expected, self._outcome(self._layer, call, training, moved, seed)) for seed in _SEEDS
                ):
                    return True
        return False

    def _baseline(self, call: Call, training: bool) -> list[Tensor] | None:
        key = id(call), training
        if key not in self._baselines:
            self._baselines[key] = self._outcome(self._layer, call, training)
        return self._baselines[key]

    def _outcome(
        self, module: nn.Module, call: Call, training: bool, moved: Sequence[Held] = (), seed: int = 0
    ) -> list[Tensor] | None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for held in moved:
                perturb_(held.tensor, generator)
        given = outcome(module, call, training)
        self._snapshot.restore()
        return given


class _Proof:
    """The result of one backward: gradients by tensor, and the modules on whose outputs the layer's output depends."""

    def __init__(self, training: bool) -> None:
        self.training = training
        self.gradients: dict[int, Tensor] = {}
        self._calls: dict[nn.Module, Call] = {}
        self._reached: set[nn.Module] = set()

    def watch(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object) -> None:
        """Keep the first call of a module, and record whether its output gets a gradient."""
        self._calls.setdefault(module, Call(args, kwargs))
        for tensor in tensors(output):
            if tensor.requires_grad:
                tensor.register_hook(  # type: ignore[no-untyped-call]  # torch has no types for it
                    lambda grad: self._reached.add(module) if _any(grad) else None
                )

    def call_of(self, module: nn.Module) -> Call | None:
        """Return a module's call if the layer's output depends on its output, else None."""
        return self._calls[module] if module in self._reached else None

    def shows(self, held: Held) -> bool:
        """Return whether the gradient itself is proof; it is only for torch's own modules.

        Another module may give a gradient to a tensor that does not matter (a straight-through estimate).
        """
        if not _is_torch(held.owner) or held.owner not in self._reached:
            return False
        if isinstance(held.owner, _NORMS) and held.kind == "buffer":
            return not self.training
        return _any(self.gradients.get(id(held.tensor)))


def _any(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(torch.nan_to_num(gradient).any())


@contextmanager
def _watching(layer: nn.Module, training: bool) -> Iterator[_Proof]:
    """Watch every module of a layer that holds tensors itself."""
    proof = _Proof(training)
    holders = {m for m in layer.modules() if m._parameters or m._buffers}
    holders |= {module for _, module, _ in plain_tensors(layer)}
    hooks = [m.register_forward_hook(proof.watch, with_kwargs=True) for m in holders]
    try:
        yield proof
    finally:
        for hook in hooks:
            hook.remove()


def _project(layer: nn.Module, call: Call, training: bool) -> None:
    """Run a layer and the backward of a random projection of its outputs; if it raises, no tensor has a gradient."""
    layer.train(training).requires_grad_(True)
    layer.zero_grad(set_to_none=True)
    seed_all(0)
    args, kwargs = call.arguments()
    try:
        with torch.set_grad_enabled(True):
            given = [t for t in tensors(layer(*args, **kwargs)) if t.requires_grad]
            torch.autograd.backward(sum(((t * torch.randn_like(t)).sum() for t in given), start=torch.zeros(())))
    except Exception:  # the module's code may raise anything; every tensor is then changed alone
        layer.zero_grad(set_to_none=True)


def _same(outputs: list[Tensor] | None, others: list[Tensor] | None) -> bool:
    """Return whether two outcomes are equal bit by bit; None, where the module raises, is an outcome, too."""
    if outputs is None or others is None:
        return outputs is others
    return len(outputs) == len(others) and all(map(_equal, outputs, others))


def _equal(output: Tensor, other: Tensor) -> bool:
    return output.shape == other.shape and torch.equal(torch.nan_to_num(output), torch.nan_to_num(other))
