"""Does upstream's trainer train what the model wants to be trained?"""

from __future__ import annotations

from dataclasses import dataclass

from ...build.subject import Subject
from ...explain.cause import Cause
from ...measure.loaders import loaded_channels
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.tensors import image_channels, layer_index, layer_name
from ..evidence import sample
from ..rules import Rules
from ..wording import plural, such

_COLOURS = 3  # what upstream's loaders make of an image file

RULES = Rules(needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Warn where the trainer trains parameters that the module froze, or freezes parameters that it trains.

    Fail where its optimizer does not get a parameter that is to be trained: it keeps its first value. Warn where it
    trains a parameter at another rate than the base's.
    Upstream's trainer decides by itself: it sets `requires_grad` on what it does not know, and takes it from every
    parameter with `.dfl` in its name. What it does to layers of upstream's own is upstream's matter.
    """
    model = subject.fresh().train()
    before = {name: p.requires_grad for name, p in model.named_parameters()}
    try:
        subject.upstream.set_up_training(model)
        optimised = subject.upstream.optimised(model)
        other_rates = _other_rates(subject)
    except Exception as error:  # upstream's own code, which other releases write in other ways
        return skipped(f"upstream's trainer could not set this model up: {type(error).__name__}: {error}")
    after = {name: p.requires_grad for name, p in model.named_parameters()}
    kept_out = {name for name, p in model.named_parameters() if optimised is not None and id(p) not in optimised}
    changed = [name for name in before if before[name] != after[name] and subject.is_replaced(name)]
    unfrozen = [name for name in changed if after[name] and name not in kept_out]
    frozen = [name for name in changed if not after[name]]
    # what the module froze keeps its values, as it wants, where the optimizer does not get it
    wanted = [name for name in before if before[name] and after[name] and subject.is_replaced(name)]
    left_out = [name for name in wanted if name in kept_out]
    evidence = {
        "trained_though_frozen": sample(unfrozen, "names"),
        "frozen_though_trained": sample(frozen, "names"),
        "not_optimised": sample(left_out, "names"),
        "other_learning_rate": sample([rate.name for rate in other_rates], "names"),
    }
    if left_out:
        return failed(
            f"upstream's train.py does not give {plural(len(left_out), 'parameter')} of the replaced layers to its "
            f"optimizer, first {left_out[0]} in {_layer(subject, left_out[0])}: they keep their first values",
            "its optimizer gets only parameters that are called `weight` or `bias`: give them these names, each in a "
            "module of its own, or add them to one of the lists that train.py makes for the optimizer",
            **evidence,
        )
    other_images = _other_images(subject)
    if other_images:
        return warned(other_images.what, other_images.remedy, **evidence)
    if unfrozen:
        return warned(
            f"upstream's trainer sets requires_grad on every parameter: {plural(len(unfrozen), 'parameter')} that the "
            f"module freezes will be trained, first {unfrozen[0]} in {_layer(subject, unfrozen[0])}",
            "keep values that must not change with register_buffer instead of a frozen nn.Parameter",
            **evidence,
        )
    if frozen:
        return warned(
            f"upstream's trainer freezes {plural(len(frozen), 'parameter')} of the replaced layers, first {frozen[0]} "
            f"in {_layer(subject, frozen[0])}: they will not be trained",
            "rename the attribute: upstream freezes every parameter with .dfl in its name",
            **evidence,
        )
    if other_rates:
        first = other_rates[0]
        return warned(
            f"for a short training, upstream chooses an optimizer that multiplies the learning rate of {first.name} by "
            f"{first.own:g}, and that of the base's {first.base_name} by {first.base:g}"
            f"{such(len(other_rates), 'parameter')}: a comparison of the two models compares these rates, too",
            "upstream knows these parameters by the number of their layer: keep it by putting your module in the place "
            "of a layer, or train both models with an optimizer that you name, such as optimizer=SGD",
            **evidence,
        )
    fixed = sum(not trained for trained in after.values())
    return passed(
        f"upstream's trainer trains {len(after) - fixed} tensors and leaves {fixed} frozen, as built", **evidence
    )


def _other_images(subject: Subject) -> Cause | None:
    """Return that upstream's loader makes images of other channels than the model takes; None where it does not.

    Newer releases take the number from the YAML of the data, for the loader and the model alike.
    """
    wanted = image_channels(subject.model)
    if wanted == _COLOURS or "channels" in subject.model.yaml:
        return None
    try:
        given = loaded_channels(subject.upstream, subject.folder / "images-of-channels")
    except Exception:  # a loader that is written in another way, or that wants other files: nothing is known of it
        return None
    if given == wanted:
        return None
    channels = plural(wanted, "channel")
    return Cause(
        f"the model takes images of {channels}, and upstream's loader makes {given} of an image file: training and "
        "validation stop at the first batch",
        f"let load_image of this checkout's data set give {channels}; or take a newer ultralytics (the pin of 8.4.0), "
        f"where channels: {wanted} in the YAML of the data is enough",
    )


@dataclass(frozen=True)
class _Rate:
    """A parameter whose learning rate is multiplied by another number than that of the base's.

    Attributes:
        name, base_name: of the parameter, and of the one that stands in its place in the base.
        own, base: the numbers.
    """

    name: str
    base_name: str
    own: float
    base: float


def _other_rates(subject: Subject) -> list[_Rate]:
    """Return the parameters that the base has too, in a layer of another number, and trains at another rate."""
    if subject.base is None:
        return []
    own, base = subject.upstream.rates(subject.model), subject.upstream.rates(subject.base)
    found = []
    for name, rate in own.items():
        index = layer_index(name)
        if index is None:
            continue
        base_name = f"model.{subject.alignment.base_of[index]}{name.removeprefix(f'model.{index}')}"
        if base.get(base_name, rate) != rate:
            found.append(_Rate(name, base_name, rate, base[base_name]))
    return found


def _layer(subject: Subject, name: str) -> str:
    index = layer_index(name)
    return name if index is None else layer_name(subject.model, index)
