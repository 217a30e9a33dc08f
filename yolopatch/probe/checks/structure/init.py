"""Is everything that the model is built with initialised, finite, the same each time, and registered?"""

from contextlib import contextmanager

import torch
import torch.nn as nn

from ...protocol.findings import failed, passed
from ...tensors.calls import BATCH, layer_calls
from ...tensors.devices import mismatch, to_meta
from ...tensors.plain_tensors import overwritten, plain_tensors, registered, remembered, same_values
from ...tensors.tensors import image
from ..rules import Rules

_SHOWN = 20  # of a list: enough to see the pattern


RULES = Rules(needs_run=False)


def check(subject):
    """Build once more, into memory that torch fills, and compare; then run and move what was built."""
    with _filled_memory() as fills:
        try:
            model = subject.build()
        except Exception as error:  # the model did build before: what it reads is what nobody wrote
            return _does_not_build(error)
    values, usual = _values(subject, model), _values(subject, subject.model)
    calls, caches = _run(subject, model)
    problems = _problems(subject, model, fills, values, {n: t for n, t in usual.items() if n not in caches})
    return _finding(problems, fills, *_moved(subject, model, calls, values.keys() - caches))


def _problems(subject, model, fills, values, usual):
    """Return the names of the tensors that are uninitialised, differ between two builds, or are not finite."""
    unfilled = [name for name, tensor in values.items() if fills and _is_fill(tensor, usual.get(name))]
    statistics = _statistics(model)
    # Upstream's constructors run the model once: what nobody initialised has by then reached the statistics.
    left_out = {*unfilled, *statistics} if unfilled else set()
    differing = _differing(subject, values, usual, left_out)
    parameters = dict(subject.model.named_parameters())
    return {
        "uninitialised": [n for n in unfilled if n not in statistics],
        "differs": [n for n in differing if n not in statistics] or differing,
        "not_finite": [n for n, t in usual.items() if n not in left_out and not _is_sound(t, n in parameters)],
    }


def _does_not_build(error):
    hint = "initialise every tensor that torch.empty, or a constructor like torch.Tensor(n), gives"
    return failed(f"built into memory that torch fills, it raises {type(error).__name__}: {error}", hint)


@contextmanager
def _filled_memory():
    """Let torch fill the memory that `torch.empty` gives with NaN, or the largest integer; yield whether it does."""
    settings = getattr(torch.utils, "deterministic", None)
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


def _values(subject, model):
    """Return every registered tensor by name, and the unregistered ones of the replaced layers, on the CPU."""
    named = dict((*model.named_parameters(), *model.named_buffers()))
    named.update((name, tensor) for name, _, tensor in _plain(subject, model))
    return {name: tensor.detach().cpu().clone() for name, tensor in named.items()}


def _statistics(model):
    """Return the names of the BatchNorms' buffers, which torch initialises."""
    norms = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return {f"{name}.{buffer}" for name, norm in norms for buffer, _ in norm.named_buffers()}


def _plain(subject, model):
    """Return the unregistered tensors of the replaced layers, without those that upstream's own classes hold."""
    known, own = registered(model), _upstreams_own(subject)
    found = [
        (f"model.{index}.{name}", module, tensor)
        for index in subject.replaced
        for name, module, tensor in plain_tensors(model.model[index], known)
    ]
    return [f for f in found if not any((c, f[0].rpartition(".")[2]) in own for c in type(f[1]).__mro__)]


def _upstreams_own(subject):
    """Return (class, attribute) of the unregistered tensors in the base model: upstream's own affair."""
    if subject.base is None:
        return set()
    return {(type(module), name.rpartition(".")[2]) for name, module, _ in plain_tensors(subject.base)}


def _is_fill(tensor, usual):
    """Tell what torch filled memory with: NaN, or the largest integer, where a usual build has something else."""
    filling = _filling(tensor)
    return bool(filling.any()) and not (usual is not None and torch.equal(filling, _filling(usual)))


def _filling(tensor):
    if tensor.is_floating_point() or tensor.is_complex():
        return tensor.isnan()
    return torch.zeros_like(tensor) if tensor.dtype == torch.bool else tensor == torch.iinfo(tensor.dtype).max


def _is_sound(tensor, is_parameter):
    """Tell whether a tensor holds no NaN, and a parameter no infinity; a mask may well hold infinities."""
    return not tensor.isnan().any() and not (is_parameter and tensor.isinf().any())


def _differing(subject, values, usual, left_out):
    """Return the tensors that differ between two builds of one seed."""
    if not _unequal(values, usual, (values.keys() & usual.keys()) - left_out):
        return []
    # Running in eval may have changed what is held beside parameters: only two builds that never ran are proof.
    first, second = (_values(subject, subject.build()) for _ in range(2))
    return _unequal(first, second, (first.keys() | second.keys()) - left_out)


def _unequal(first, second, names):
    return sorted(n for n in names if n not in first or n not in second or not same_values(first[n], second[n]))


def _run(subject, model):
    """Run the model once and return its replaced layers' calls, and the plain tensors that forward overwrites."""
    if not subject.replaced or not subject.runs:
        return {}, set()
    before = remembered(_plain(subject, model))
    calls = layer_calls(model.eval(), image(model, subject.side, BATCH), list(subject.replaced))
    return calls, overwritten(before, {name: tensor for name, _, tensor in _plain(subject, model)})


def _moved(subject, model, calls, built):
    """Move the model to another device, and run its layers there.

    Returns the unregistered tensors of those built that did not follow (name, numel), what two devices meet in
    by layer, and what could not be asked by layer.
    """
    to_meta(model)
    plain = [(name, tensor) for name, _, tensor in _plain(subject, model) if name in built]
    stay = [(name, tensor.numel()) for name, tensor in plain if not tensor.is_meta and tensor.numel()]
    asked = {index: mismatch(model.model[index], calls[index]) for index in _of_every_class(subject, calls)}
    mixed = {index: text for index, (text, _) in asked.items() if text}
    return stay, mixed, {index: text for index, (_, text) in asked.items() if text}


def _of_every_class(subject, calls):
    """Return so many of the layers that every new class is in one: `meta` is slow, and the code is the same."""
    seen, chosen = set(), []
    for index in calls:
        classes = {type(module) for module in subject.model.model[index].modules()}
        if not classes <= seen:
            seen |= classes
            chosen.append(index)
    return chosen


def _finding(problems, fills, stay, mixed, notes):
    evidence = {key: names[:_SHOWN] for key, names in problems.items()}
    evidence |= {f"{key}_count": len(names) for key, names in problems.items()}
    evidence |= {
        "unregistered": [{"tensor": name, "numel": numel} for name, numel in stay[:_SHOWN]],
        "unregistered_count": len(stay),
        "two_devices": dict(list(mixed.items())[:_SHOWN]),
        "not_tried_on_another_device": dict(list(notes.items())[:_SHOWN]),
        "memory_was_filled": fills,
    }
    reasons = [
        *_told(problems["uninitialised"], "of uninitialised memory"),
        *_told(problems["differs"], "that differ between two builds with one seed"),
        *_told(problems["not_finite"], "with values that are not finite"),
        *_told([name for name, _ in stay], "neither parameter nor buffer, left behind by .to() and by checkpoints"),
        *([f"on another device, layer {i} stops: {text}" for i, text in mixed.items()][:1]),
    ]
    if reasons:
        hint = "register what a layer holds (nn.Parameter, register_buffer), initialise all of it, seed all randomness"
        return failed("; ".join(reasons), hint, **evidence)
    summary = "two builds with one seed are equal, finite, initialised, and all their tensors are registered"
    return passed(summary if fills else f"{summary} (this torch cannot show uninitialised memory)", **evidence)


def _told(names, what):
    if not names:
        return []
    return [f"{len(names)} tensor{'s' if len(names) > 1 else ''} {what}, such as {names[0]}"]
