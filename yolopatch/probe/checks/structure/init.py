"""Is everything that the model is built with initialised, finite, the same each time, and registered?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed, warned
from ...tensors.calls import BATCH, Call, layer_calls
from ...tensors.devices import run_elsewhere, to_meta
from ...tensors.models import UpstreamModel
from ...tensors.plain_tensors import PlainTensor, overwritten, plain_tensors, registered, remembered, same_values
from ...tensors.tensors import image
from ..evidence import SHOWN
from ..rules import Rules
from ..wording import plural

RULES = Rules(needs_run=False)


@dataclass(frozen=True)
class _Moved:
    """What happens when the model moves to another device.

    Attributes:
        left_behind: the unregistered tensors that do not follow, and how many values they hold.
        mixed: by layer, the operator that then gets tensors of two devices.
        not_run: by layer, why it could not be run there.
        to_cpu: by layer, the line that moves a map to the CPU.
    """

    left_behind: list[tuple[str, int]]
    mixed: dict[int, str]
    not_run: dict[int, str]
    to_cpu: dict[int, str]


def check(subject: Subject) -> Finding:
    """Build the model again, in memory that torch fills, and compare; then run it, and move it to another device."""
    with _filled_memory() as is_filled:
        try:
            model = subject.build()
        except Exception as error:  # the model did build before: it reads memory that it did not initialise
            return _does_not_build(error)
    values, usual = _values(subject, model), _values(subject, subject.model)
    calls, caches = _run(subject, model)
    for built in (model, subject.model):
        caches |= {f"model.{i}.{name}" for i in subject.replaced for name in subject.made_by_forward(built, i)}
    problems = _problems(subject, model, is_filled, values, {n: t for n, t in usual.items() if n not in caches})
    return _finding(problems, is_filled, _move(subject, model, calls, values.keys() - caches))


def _problems(
    subject: Subject, model: UpstreamModel, is_filled: bool, values: Mapping[str, Tensor], usual: Mapping[str, Tensor]
) -> dict[str, list[str]]:
    """Return the names of the tensors that are uninitialised, differ between two builds, or are not finite."""
    unfilled = [name for name, tensor in values.items() if is_filled and _holds_fill(tensor, usual.get(name))]
    statistics = _statistics(model)
    # upstream's constructors run the model once: by then uninitialised values have reached the statistics
    left_out = {*unfilled, *statistics} if unfilled else set()
    differing = _differing(subject, values, usual, left_out)
    parameters = dict(subject.model.named_parameters())
    return {
        "uninitialised": [n for n in unfilled if n not in statistics],
        "differs": [n for n in differing if n not in statistics] or differing,
        "not_finite": [n for n, t in usual.items() if n not in left_out and not _is_sound(t, n in parameters)],
    }


def _does_not_build(error: Exception) -> Finding:
    hint = "initialise every tensor that torch.empty, or a constructor like torch.Tensor(n), returns"
    return failed(f"built in memory that torch fills, it raises {type(error).__name__}: {error}", hint)


@contextmanager
def _filled_memory() -> Iterator[bool]:
    """Let torch fill the memory of `torch.empty` with NaN, or with the largest integer; yield whether it does."""
    settings: Any = getattr(torch.utils, "deterministic", None)  # newer than torch 2.1
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = getattr(settings, "fill_uninitialized_memory", None)
    torch.use_deterministic_algorithms(True, warn_only=True)
    if settings is not None:
        settings.fill_uninitialized_memory = True
    try:
        yield bool(torch.empty(8).isnan().all())
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        if settings is not None:
            settings.fill_uninitialized_memory = filled


def _values(subject: Subject, model: UpstreamModel) -> dict[str, Tensor]:
    """Return every registered tensor by name, and the unregistered ones of the replaced layers, on the CPU."""
    named: dict[str, Tensor] = dict((*model.named_parameters(), *model.named_buffers()))
    named.update((name, tensor) for name, _, tensor in _plain(subject, model))
    return {name: tensor.detach().cpu().clone() for name, tensor in named.items()}


def _statistics(model: UpstreamModel) -> set[str]:
    """Return the names of the BatchNorms' buffers, which torch initialises."""
    norms = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return {f"{name}.{buffer}" for name, norm in norms for buffer, _ in norm.named_buffers()}


def _plain(subject: Subject, model: UpstreamModel) -> list[PlainTensor]:
    """Return the unregistered tensors of the replaced layers, without those that upstream's own classes hold."""
    known, own = registered(model), _upstreams_own(subject)
    found = [
        plain._replace(name=f"model.{index}.{plain.name}")
        for index in subject.replaced
        for plain in plain_tensors(model.model[index], known)
    ]
    return [plain for plain in found if not any((cls, _attribute(plain)) in own for cls in type(plain.owner).__mro__)]


def _upstreams_own(subject: Subject) -> set[tuple[type, str]]:
    """Return (class, attribute) of the unregistered tensors in the base model, which are no fault of the module."""
    if subject.base is None:
        return set()
    return {(type(plain.owner), _attribute(plain)) for plain in plain_tensors(subject.base)}


def _attribute(plain: PlainTensor) -> str:
    return plain.name.rpartition(".")[2]


def _holds_fill(tensor: Tensor, usual: Tensor | None) -> bool:
    """Return whether a tensor holds what torch filled memory with, where a usual build has something else."""
    filling = _filling(tensor)
    return bool(filling.any()) and not (usual is not None and torch.equal(filling, _filling(usual)))


def _filling(tensor: Tensor) -> Tensor:
    """Return where a tensor has a value that torch fills memory with: NaN, or the largest integer."""
    if tensor.is_floating_point() or tensor.is_complex():
        return tensor.isnan()
    return torch.zeros_like(tensor) if tensor.dtype == torch.bool else tensor == torch.iinfo(tensor.dtype).max


def _is_sound(tensor: Tensor, is_parameter: bool) -> bool:
    """Return whether a tensor holds no NaN, and a parameter no infinity; a mask may hold infinities."""
    return not tensor.isnan().any() and not (is_parameter and tensor.isinf().any())


def _differing(
    subject: Subject, values: Mapping[str, Tensor], usual: Mapping[str, Tensor], left_out: Collection[str]
) -> list[str]:
    """Return the tensors that differ between two builds of one seed."""
    if not _unequal(values, usual, (values.keys() & usual.keys()) - set(left_out)):
        return []
    # a run in eval may have changed tensors that are not parameters: only two builds that never ran are proof
    first, second = (_values(subject, subject.build()) for _ in range(2))
    return _unequal(first, second, (first.keys() | second.keys()) - set(left_out))


def _unequal(first: Mapping[str, Tensor], second: Mapping[str, Tensor], names: Iterable[str]) -> list[str]:
    return sorted(n for n in names if n not in first or n not in second or not same_values(first[n], second[n]))


def _run(subject: Subject, model: UpstreamModel) -> tuple[dict[int, Call], set[str]]:
    """Run the model once; return the calls of its replaced layers, and the plain tensors that forward overwrites."""
    if not subject.replaced or not subject.runs:
        return {}, set()
    before = remembered(_plain(subject, model))
    calls = layer_calls(model.eval(), image(model, subject.side, BATCH), list(subject.replaced))
    return calls, overwritten(before, {name: tensor for name, _, tensor in _plain(subject, model)})


def _move(subject: Subject, model: UpstreamModel, calls: Mapping[int, Call], built: Collection[str]) -> _Moved:
    """Move the model to another device, and run its layers there.

    Args:
        subject: the model under verification.
        model: a second build, which is changed.
        calls: what its replaced layers are called with.
        built: the names of the tensors that the constructors made.
    """
    to_meta(model)
    plain = [(name, tensor) for name, _, tensor in _plain(subject, model) if name in built]
    left_behind = [(name, tensor.numel()) for name, tensor in plain if not tensor.is_meta and tensor.numel()]
    results = {index: run_elsewhere(model.model[index], calls[index]) for index in _one_of_each_class(subject, calls)}
    return _Moved(
        left_behind,
        {index: found.mixed for index, found in results.items() if found.mixed},
        {index: found.not_run for index, found in results.items() if found.not_run},
        {index: found.to_cpu for index, found in results.items() if found.to_cpu},
    )


def _one_of_each_class(subject: Subject, indices: Iterable[int]) -> list[int]:
    """Return as many of the layers as it takes to have every new class: `meta` is slow, and the code is the same."""
    seen: set[type] = set()
    chosen = []
    for index in indices:
        classes = {type(module) for module in subject.model.model[index].modules()}
        if not classes <= seen:
            seen |= classes
            chosen.append(index)
    return chosen


def _finding(problems: Mapping[str, list[str]], is_filled: bool, moved: _Moved) -> Finding:
    evidence: dict[str, Any] = {key: names[:SHOWN] for key, names in problems.items()}
    evidence |= {f"{key}_count": len(names) for key, names in problems.items()}
    evidence |= {
        "unregistered": [{"tensor": name, "numel": numel} for name, numel in moved.left_behind[:SHOWN]],
        "unregistered_count": len(moved.left_behind),
        "two_devices": dict(list(moved.mixed.items())[:SHOWN]),
        "not_tried_on_another_device": dict(list(moved.not_run.items())[:SHOWN]),
        "moves_to_cpu": dict(list(moved.to_cpu.items())[:SHOWN]),
        "memory_was_filled": is_filled,
    }
    reasons = [
        *_clause(problems["uninitialised"], "of uninitialised memory"),
        *_clause(problems["differs"], "with other values in a second build with the same seed"),
        *_clause(problems["not_finite"], "with values that are not finite"),
        *_clause(
            [name for name, _ in moved.left_behind],
            "neither parameter nor buffer, which .to() does not move and checkpoints do not hold",
        ),
        *([f"on another device, layer {i} stops: {text}" for i, text in moved.mixed.items()][:1]),
    ]
    if reasons:
        hint = "register what a layer holds (nn.Parameter, register_buffer), initialise all of it, seed all randomness"
        return failed("; ".join(reasons), hint, **evidence)
    if moved.to_cpu:
        index, line = next(iter(moved.to_cpu.items()))
        return warned(
            f"layer {index} moves a map to the CPU at {line}: on a GPU this part waits for both devices, and in mixed "
            "precision the CPU gets float16, for which torch has no code in many operators",
            "compute it on the device of the input; where that must not be, give the CPU float32 (x.float().cpu())",
            **evidence,
        )
    summary = "two builds with one seed are equal, finite, initialised, and all their tensors are registered"
    return passed(summary if is_filled else f"{summary} (this torch cannot show uninitialised memory)", **evidence)


def _clause(names: list[str], fault: str) -> list[str]:
    """Return one clause about the tensors with a fault, nothing where no tensor has it."""
    return [f"{plural(len(names), 'tensor')} {fault}, such as {names[0]}"] if names else []
