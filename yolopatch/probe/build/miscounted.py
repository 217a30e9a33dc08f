"""Which layer misled parse_model about the channels that a later layer gets, so that this one cannot be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from ..base.rows import Row
from ..explain.cause import Cause
from ..tensors.tensors import layer_outputs
from .arguments import Recorder, role, value_of
from .subject import SIDE, Subject


def misled_by(subject: Subject, row: Row, made: Mapping[str, Any]) -> Cause | None:
    """Return which layer before a row's is the cause that the row's layer cannot be made, None where none is known.

    Args:
        subject: the model that does not build.
        row: of the layer that cannot be made.
        made: the variables of parse_model when it failed: the layers so far, and the channels that it counted.
    """
    layers, counted = made.get("layers"), made.get("ch")
    if not isinstance(layers, list) or not isinstance(counted, list) or len(layers) != len(counted):
        return None
    recorder = Recorder()
    with recorder, suppress(Exception):  # the same error again: only the arguments are needed now
        subject.build()
    found = _other_than_given(subject, layers, counted, recorder)
    if found:
        return Cause(f"{found.what}; so layer {row.index} ({row.module}) cannot be made", found.remedy)
    return _other_than_the_base(subject, row, counted)


def miscounted(subject: Subject, layers: Sequence[Module], recorder: Recorder) -> Cause | None:
    """Return the first layer of a model that does not run that gets or gives other channels than parse_model counts.

    Args:
        subject: the model.
        layers: its layers; those before the one that fails are run.
        recorder: what parse_model made them with.
    """
    return _other_than_given(subject, layers, recorder.counted, recorder)


@torch.no_grad()
def _other_than_given(
    subject: Subject, layers: Sequence[Module], counted: Sequence[int], recorder: Recorder
) -> Cause | None:
    """Run the layers that were made; return the first that gets or gives other channels than were counted."""
    x: Any = torch.zeros(1, _channels_of_image(subject), SIDE, SIDE)
    given: list[Any] = []
    for layer, count in zip(layers, counted):
        source: Any = layer.f
        try:
            x = _read(x, given, source)
            passed = value_of(recorder.given.get(len(given), {}), "input channels")
            if isinstance(x, Tensor) and isinstance(passed, int) and x.dim() == 4 and x.shape[1] != passed:
                return _passed_wrong(subject, len(given), passed, x.shape[1])
            x = layer.eval()(x)
        except Exception:  # a layer that does not run by itself is explained elsewhere, or is no cause
            return None
        if isinstance(x, Tensor) and x.dim() == 4 and x.shape[1] != count:
            return _counted_wrong(subject, len(given), count, x.shape[1], recorder)
        given.append(x)
    return None


def _channels_of_image(subject: Subject) -> int:
    return int(subject.data.get("ch") or subject.data.get("channels") or 3)


def _read(x: Any, given: Sequence[Any], source: int | list[int]) -> Any:
    """Return what upstream's loop hands to a layer."""
    if isinstance(source, int):
        return x if source == -1 else given[source]
    return [x if one == -1 else given[one] for one in source]


def _passed_wrong(subject: Subject, index: int, passed: int, real: int) -> Cause:
    name = subject.rows[index].module
    return Cause(
        f"layer {index} ({name}) is made for {passed} channels, and its input has {real}",
        f"let the branch of {name} in parse_model take the channels of its input, ch[f], and not those of the row",
    )


def _counted_wrong(subject: Subject, index: int, count: int, real: int, recorder: Recorder) -> Cause:
    row = subject.rows[index]
    what = f"parse_model counts {count} channels for layer {index} ({row.module}), which gives {real}"
    if tuple(recorder.given.get(index, {}).values()) == row.args:
        takes_channels = "input channels" in map(role, recorder.given[index])
        hands_over = ", and hands ch[f] over to it" if takes_channels else ""
        return Cause(
            f"{what}, as it has no branch for {row.module}: it counts those of the input",
            f"write a branch for {row.module} in parse_model, which sets c2 to what the class gives{hands_over}",
        )
    return Cause(
        what,
        f"let the branch of {row.module} in parse_model set c2 to what the class gives: c2 = ch[f] where it keeps the "
        "channels of its input",
    )


def _other_than_the_base(subject: Subject, row: Row, counted: Sequence[int]) -> Cause | None:
    """Return the first layer with other channels than the base's, where the row that fails is the base's own."""
    if not is_the_bases(subject, row):
        return None
    try:
        outputs = layer_outputs(subject.required_base_model, subject.base_images(SIDE))[0]
    except Exception:  # a base that does not run explains nothing
        return None
    for own, count in enumerate(counted):
        other = subject.alignment.base_of[own]
        given = outputs.get(other) if other is not None else None
        if other is None or not isinstance(given, Tensor) or given.dim() != 4 or given.shape[1] == count:
            continue
        name, base_name = subject.rows[own].module, subject.base_rows[other].module
        at_scale = f" at scale {subject.scale}" if subject.scale else ""
        real = given.shape[1]
        return Cause(
            f"layer {own} ({name}) gives {count} channels{at_scale}, and the base's {base_name} gives {real}; so layer "
            f"{row.index} ({row.module}) cannot be made",
            f"let the branch of {name} in parse_model count c2 as upstream's branches do, with the limit max_channels"
            if subject.rows[own].args[:1] == subject.base_rows[other].args[:1]
            else f"write the channels of the base's row, {list(subject.base_rows[other].args)[:1]}, in layer {own}",
        )
    return None


def is_the_bases(subject: Subject, row: Row) -> bool:
    """Return whether a row is written as the base's row in its place."""
    if subject.found_base is None:
        return False
    other = subject.alignment.base_of[row.index]
    if other is None:
        return False
    base, own_of = subject.base_rows[other], subject.alignment.own_of
    sources = tuple(own_of.get(source, source) for source in base.sources)
    return (base.module, base.args, sources) == (row.module, row.args, row.sources)
