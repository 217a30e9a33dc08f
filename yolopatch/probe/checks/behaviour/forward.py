"""Does the model run at other sizes than the square one, and give finite outputs of the right shapes?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor, nn

from ...build.failing.words import repeated_hint
from ...build.in_place_flags import changed_by_flags, switched
from ...build.scales import scaled_channels
from ...build.subject import Subject, shapes
from ...build.wiring import other_sources
from ...explain.cause import Cause
from ...explain.causes import cause_of
from ...explain.reshapes import crossing
from ...protocol.findings import Finding, failed, passed, warned
from ...tensors.calls import layer_calls
from ...tensors.models import UpstreamModel
from ...tensors.tensors import image, layer_name, tensors
from ...thresholds import SAME_FUNCTION
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules
from ..wording import NOT_FINITE_HINT, off_by

_SIZES_HINT = "let the module take its sizes from its input, at every forward, and pad like the layer that it replaces"
_BATCH_HINT = (
    "keep the images on the first axis: join maps along axis 1, their channels (torch.cat(maps, 1)), take no mean over "
    "axis 0, and let a reshape begin with the batch (x.view(B, ...))"
)
_COPY_HINT = "compute on a copy (x = x.clone(), or inplace=False), so that both read the same map"
_SWITCHED_HINT = (
    "upstream sets inplace=True on every activation module of a model: call torch.nn.functional's function in its "
    "place (F.relu(x), F.silu(x)), or give the module a copy (x.clone())"
)
_CROSSED_HINT = (
    "move the axes before the reshape: x.flatten(2).transpose(1, 2) makes [B, H*W, C] of a map, and "
    "x.transpose(1, 2).reshape(B, C, H, W) makes a map again; if the paper's own code does the same, say so in your "
    "text"
)
_TURNED_HINT = (
    "write the sides in the order in which they were merged, as in view(B, C, H, W): with square images it trains, but "
    "what it adds to a position was computed for another one"
)
_LEAST_STRIDE = 32  # a classifier says 1, but its layers also halve the image five times

RULES = Rules(needs_run=False)


def check(subject: Subject) -> Finding:
    """Fail where the model raises, gives values that are not finite, or shapes that are not the base's.

    It runs batches of 1 and 2, and two sizes that are not square, whose coarsest maps have odd sides.
    """
    model, train_problem = _prepared(subject)
    found: dict[str, Cause | None] = {"train": train_problem} if train_problem else {}
    for batch, side in _sizes(subject):
        found[_text(subject.images(side, batch))] = _problem(subject, model, side, batch)
    problems = {name: problem for name, problem in found.items() if problem}
    trials = {name: problem.what if problem else "ok" for name, problem in found.items()}
    if not problems:
        return (
            _flagged_finding(subject, trials)
            or _in_place_finding(subject, model, trials)
            or _crossed_finding(subject, model, trials)
            or _passed(subject, trials)
        )
    name, problem = next(iter(problems.items()))
    is_certain = len(problems) == len(trials) or train_problem or problem.remedy == _BATCH_HINT
    hint = problem.remedy if is_certain else _SIZES_HINT
    if hint == _SIZES_HINT:
        hint = _repeated_hint(subject) or hint
    return failed(f"{len(problems)} of {len(trials)} trials fail; {name}: {problem.what}", hint, trials=trials)


def _passed(subject: Subject, trials: Mapping[str, str]) -> Finding:
    alike = "finite, and shaped as the base's" if _has_same_results(subject) else "finite"
    return passed(f"outputs are {alike}, at {', '.join(trials)}", trials=trials)


def _flagged_finding(subject: Subject, trials: Mapping[str, str]) -> Finding | None:
    """Fail where a layer computes something else once upstream has switched its activations to in-place."""
    flagged = changed_by_flags(subject)
    if not flagged:
        return None
    return failed(
        f"{layer_name(subject.model, flagged.layer)} does not compute what its code says: upstream lets "
        f"{flagged.module} ({flagged.cls}) work in place (inplace=True), and it overwrites a tensor that forward "
        f"uses again: {off_by(flagged.error, SAME_FUNCTION, 'largest value')}",
        _SWITCHED_HINT,
        trials=trials,
    )


def _in_place_finding(subject: Subject, model: UpstreamModel, trials: Mapping[str, str]) -> Finding | None:
    """Warn where a layer changes a map that another one reads, too."""
    changed = _changed_in_place(subject, model)
    if not changed:
        return None
    index, other = changed
    return warned(
        f"{layer_name(model, index)} changes its input in place, which {layer_name(model, other)} reads, too: that "
        "layer gets the changed map",
        _SWITCHED_HINT if index in switched(subject) else _COPY_HINT,
        trials=trials,
    )


def _crossed_finding(subject: Subject, model: UpstreamModel, trials: Mapping[str, str]) -> Finding | None:
    """Warn where a layer reshapes what it computes across axes, or takes height for width."""
    calls = layer_calls(model, subject.images(), subject.replaced)
    found = ((index, crossing(model.model[index], call)) for index, call in calls.items())
    index, reshape = next((one for one in found if one[1]), (None, None))
    if index is None or reshape is None:
        return None
    if reshape.sides:
        height, width = reshape.sides
        return warned(
            f"{layer_name(model, index)} takes height for width: {reshape}, and the positions are those of {height} "
            f"rows of {width}",
            _TURNED_HINT,
            trials=trials,
        )
    return warned(
        f"{layer_name(model, index)} reshapes across axes: {reshape} without moving an axis first, which mixes "
        "channels and positions",
        _CROSSED_HINT,
        trials=trials,
    )


def _repeated_hint(subject: Subject) -> str:
    """Return a hint where parse_model put copies of a replaced layer in a row; empty where it did not."""
    hints = (repeated_hint(subject.rows[index], subject.model.model[index]) for index in subject.replaced)
    return next(filter(None, hints), "")


def _prepared(subject: Subject) -> tuple[UpstreamModel, Cause | None]:
    """Return the model with BatchNorm statistics; where they cannot be computed, the plain model and the reason."""
    try:
        return subject.calibrated, None
    except Exception as error:  # any exception of the model's code in train mode
        return subject.model, cause_of(subject.model, error)


def _sizes(subject: Subject) -> list[tuple[int, int | tuple[int, int]]]:
    """Return (batch, side) of each trial; an odd number of strides makes odd maps, which do not halve evenly."""
    stride = max(int(max(subject.model.stride)), _LEAST_STRIDE)
    return [(1, subject.side), (2, subject.side), (1, (3 * stride, 5 * stride)), (1, (5 * stride, 3 * stride))]


def _text(x: Tensor) -> str:
    return " x ".join(map(str, x.shape))


@torch.no_grad()
def _problem(subject: Subject, model: UpstreamModel, side: int | tuple[int, int], batch: int) -> Cause | None:
    """Return the problem at one size, None for none."""
    x = subject.images(side, batch)
    outputs, result, error = _observed(model, x)
    misshapen = _misshapen(subject, model, x, outputs)
    if error is not None:
        cause = cause_of(model, error)
        if misshapen:
            return replace(cause, what=f"{cause.what}, after {misshapen.what}", remedy=misshapen.remedy)
        return cause
    wild = first_not_finite(outputs)
    if wild is not None:
        return Cause(describe_not_finite(model, wild), NOT_FINITE_HINT)
    different = _other_result(subject, x, result)
    return misshapen or (Cause(different, _SIZES_HINT) if different else None)


def _observed(model: UpstreamModel, x: Tensor) -> tuple[dict[int, object], object, Exception | None]:
    """Run the model and return (outputs by layer index, its result, its exception)."""
    outputs: dict[int, object] = {}

    def keep(index: int) -> Callable[[nn.Module, object, object], None]:
        return lambda layer, args, output: outputs.update({index: output})

    hooks = [layer.register_forward_hook(keep(index)) for index, layer in enumerate(model.model)]
    try:
        return outputs, model(x), None
    except Exception as error:  # any exception of the model's code; another size may still run
        return outputs, None, error
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def _changed_in_place(subject: Subject, model: UpstreamModel) -> tuple[int, int] | None:
    """Return the replaced layer that changes a map, and the next layer that reads this map; None for none."""
    changed: list[int] = []
    versions: dict[int, list[int]] = {}

    def before(index: int) -> Callable[[nn.Module, object], None]:
        return lambda layer, args: versions.update({index: [t._version for t in tensors(args)]})

    def after(index: int) -> Callable[[nn.Module, object, object], None]:
        return lambda layer, args, output: (
            changed.append(index) if [t._version for t in tensors(args)] != versions[index] else None
        )

    hooks = [model.model[i].register_forward_pre_hook(before(i)) for i in subject.replaced]
    hooks += [model.model[i].register_forward_hook(after(i)) for i in subject.replaced]
    try:
        model(subject.images())
    finally:
        for hook in hooks:
            hook.remove()
    for index in changed:
        read = set(subject.rows[index].sources)
        other = next((row.index for row in subject.rows[index + 1 :] if read & set(row.sources)), None)
        if other is not None:
            return index, other
    return None


def _one_for_one(subject: Subject) -> bool:
    """Return whether the file replaces layers of a base one by one, so that all shapes are the base's."""
    return subject.found_base is not None and not subject.alignment.dropped and None not in subject.alignment.base_of


def _has_same_results(subject: Subject) -> bool:
    """Return whether the final outputs can be compared, too: a head of the base's form reads the base's maps."""
    last = len(subject.rows) - 1
    reads_alike = _one_for_one(subject) and all(other.layer != last for other in other_sources(subject))
    return reads_alike and _has_head_alike(subject)


def _has_head_alike(subject: Subject) -> bool:
    """Return whether the head gives its results in the form of the base's.

    It need not where a class of upstream's makes it end-to-end, and where upstream cannot tell the task of a class that
    inherits from none of its own: then it was built as a detector for want of a better.
    """
    head, base = subject.model.model[-1], subject.settings.base.model[-1]
    if getattr(head, "end2end", None) != getattr(base, "end2end", None):
        return False
    return isinstance(head, type(base)) or subject.upstream.guessed_task(subject.data) is not None


def _misshapen(subject: Subject, model: UpstreamModel, x: Tensor, outputs: Mapping[int, object]) -> Cause | None:
    """Return the first replaced layer with another shape than the base's, or without its batch.

    A layer that asks for other channels than the layer that it replaces is meant to differ.
    """
    for index in subject.replaced.keys() & outputs.keys():
        if any(tensor.shape[:1] != x.shape[:1] for tensor in _by_image(subject, index, outputs[index])):
            given = shapes(outputs[index])
            return Cause(f"{layer_name(model, index)} gives {given} for a batch of {len(x)}", _BATCH_HINT)
    if not _one_for_one(subject):
        return None
    expected, _, _ = _observed(subject.required_base_model, _for_base(subject, x))
    for index, base in subject.replaced.items():
        if base is None or index not in outputs:
            continue
        found, wanted = shapes(outputs[index]), shapes(expected[base])
        if found != wanted and _asks_same_channels(subject, index, base, wanted):
            what = f"{layer_name(model, index)} gives {found}, the layer that it replaces {wanted}"
            return Cause(what, _SIZES_HINT)
    return None


def _by_image(subject: Subject, index: int, output: object) -> Iterable[Tensor]:
    """Return what has an entry for each image of a batch: all that a layer gives, but of a head the predictions alone.

    What a head gives besides is for the loss: RT-DETR's stacks its decoder's layers first.
    """
    return islice(tensors(output), 1 if index == len(subject.rows) - 1 else None)


def _for_base(subject: Subject, x: Tensor) -> Tensor:
    """Return images of the same size and number for the base, whose images may have other channels."""
    return subject.base_images((x.shape[-2], x.shape[-1]), len(x))


def _asks_same_channels(subject: Subject, index: int, base: int, given: list[list[int]]) -> bool:
    """Return whether the row asks for the base's channels: the first arguments are equal, and are channels."""
    asked, other = subject.rows[index].args[:1], subject.base_rows[base].args[:1]
    if asked != other:
        return False
    channels = scaled_channels(subject, asked[0]) if asked and type(asked[0]) is int else None
    return not asked or [shape[1] for shape in given] == [channels]


def _other_result(subject: Subject, x: Tensor, result: object) -> str:
    """Return, in one clause, how the shapes of the final outputs differ from the base's; empty where they do not."""
    if not _has_same_results(subject):
        return ""
    base = subject.settings.base
    found, wanted = shapes(result), shapes(base(image(base, (x.shape[-2], x.shape[-1]), len(x))))
    if len(subject.rows) - 1 in subject.replaced:  # another head may hand out maps of other channels beside its boxes
        found, wanted = _without_channels(found), _without_channels(wanted)
    return f"the model gives {found}, the base {wanted}" if found != wanted else ""


def _without_channels(found: list[list[int]]) -> list[list[int]]:
    return [[*shape[:1], *shape[2:]] if len(shape) == 4 else shape for shape in found]
