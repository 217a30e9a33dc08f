"""A class that reads the image itself: a backbone, which gives several maps, or a whole network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from yolopatch.catalog.kinds import BACKBONE
from yolopatch.core.paste.calls import Given, bind
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import FAILED, OK, Trial
from yolopatch.core.paste.follow.values import Tensor
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.heads import classes_of
from yolopatch.core.paste.judging.image_stem import first_layer_of_image
from yolopatch.core.paste.judging.makers import made_by, maker_of
from yolopatch.core.paste.judging.subject import Subject, values
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

_IMAGE = (2, 3, 256, 256)
_FETCHES = "pretrained"  # with it, code of networks fetches weights when they are made


def image_argument(subject: Subject) -> Argument | None:
    """Return the argument that says how many channels the image has: 3 by default."""
    found = (one for one in subject.constructor.arguments if one.default == "3")
    return next((one for one in found if one.meaning in (by.INPUTS, by.CHANNELS)), None)


def made_for_image(subject: Subject) -> bool:
    """Tell whether the constructor says that the class reads an image: a head with lists of numbers does not."""
    return image_argument(subject) is not None or bool(first_layer_of_image(subject.paste, subject.symbol))


def read_image(subject: Subject, given: Sequence[Given] = ()) -> Trial:
    """Follow a class with its own defaults and with an image."""
    return subject.follow(given, values(), [_IMAGE])


def find_backbone(subject: Subject, layer: Trial) -> Found | None:
    """Return a class as a backbone: with its defaults, it makes several maps of an image, each smaller than the last.

    Args:
        subject: the class.
        layer: what came of it with a map of a model.

    Raises:
        UsageError: it is a whole network, which gives something else.
    """
    classes = classes_of(subject)
    given = (Given(classes.name, by.CLASSES, ""),) if classes and classes.default is None else ()
    if subject.missing(given):
        return None
    trial = read_image(subject, given)
    for flags in ((), *(_switches(subject) if trial.state == OK and not given else ())):
        made = read_image(subject, flags) if flags else trial
        if is_pyramid(made) and not given:
            shapes = _maps(made)
            sizes = ", ".join(f"{shape[1]} channels at 1/{_IMAGE[2] // shape[2]}" for shape in shapes)
            return Found(BACKBONE, f"of an image it makes {len(shapes)} maps: {sizes}", without_weights(subject, flags))
    if trial.state == OK and (image_argument(subject) or _reads_only_images(trial, layer)):
        raise _whole_network(subject, trial, layer)
    return None


def as_backbone(subject: Subject, given: tuple[Given, ...]) -> Found:
    """Return a class as the backbone that the user says it is.

    Raises:
        UsageError: of an image, it certainly makes something else than several maps, each smaller than the last.
    """
    given = without_weights(subject, given)
    found = Found(BACKBONE, "from --like", given)
    if subject.missing(given):
        return found
    trial = read_image(subject, given)
    if trial.state == FAILED and trial.built:
        raise UsageError(
            f"{subject.symbol} cannot be a backbone: of an image, {trial.why}",
            details=[f"found: {subject.quoted(trial.line)}", f"with:  an image, {list(_IMAGE)}"],
            hint=subject.remedy,
        )
    if trial.state == OK and not is_pyramid(trial):
        for flags in _switches(subject, (*given,)):
            if is_pyramid(read_image(subject, flags)):
                return replace(found, given=flags)
        raise UsageError(
            f"{subject.symbol} cannot be a backbone: of an image it makes {_made(trial)}",
            details=["expected: a list of maps, each smaller than the last"],
            hint=f"let its forward return the maps of its stages{subject.another}",
        )
    return found


def without_weights(subject: Subject, given: tuple[Given, ...]) -> tuple[Given, ...]:
    """Return given arguments, without the wish for weights that others trained, which a class has by default."""
    wish = next((one for one in subject.constructor.arguments if one.name == _FETCHES and one.default == "True"), None)
    if wish is None or any(one.argument == _FETCHES for one in given):
        return given
    return (*given, Given(_FETCHES, "False", "else it fetches weights wherever a model with it is built"))


def refuse_unknown_network(subject: Subject) -> None:
    """Refuse a class that is made for an image, or for a number of classes, and that cannot be followed.

    Raises:
        OpenError: it is one: its names say what a whole network's say.
    """
    argument = image_argument(subject) or classes_of(subject)
    found = _signs(subject, argument)
    if not found:
        return
    given = (Given(argument.name, by.CLASSES, ""),) if argument and argument.default is None else ()
    missing = subject.missing(given)
    if missing:
        raise _network_with_arguments(subject, found, missing)
    trial = read_image(subject, given)
    raise OpenError(
        "like",
        "like what",
        {
            "backbone": "it returns a list of maps, each smaller than the last",
            "attention": "it is a layer after another one, and keeps the channels",
        },
        f"{subject.symbol} looks like a whole network, and cannot be followed: {trial.why}",
        details=[
            f"found: {found}",
            *([f"found: {subject.quoted(trial.line)}"] if trial.line else []),
        ],
        hint="if its forward returns the maps of its stages: --like backbone; if it keeps the channels of a map:"
        f" --like attention{subject.another}",
    )


def _signs(subject: Subject, argument: Argument | None) -> str:
    """Return what says that a class is a whole network: an argument, or a layer for an image; "" for nothing."""
    if argument:
        what = "the image's channels" if argument.default == "3" else "the number of classes"
        return f"{subject.paste.place(subject.constructor.line)}: {argument.name}, {what}"
    line = first_layer_of_image(subject.paste, subject.symbol)
    return f"{subject.quoted(line)}: a layer for the 3 channels of an image" if line else ""


def _switches(subject: Subject, given: tuple[Given, ...] = ()) -> Iterator[tuple[Given, ...]]:
    """Yield given arguments with each switch of a constructor turned on: `fork_feat=False`, `features_only=False`."""
    if image_argument(subject) is None:
        return
    told = {one.argument for one in given}
    for one in subject.constructor.arguments:
        if one.default == "False" and one.name not in told:
            yield (*given, Given(one.name, "True", "with it, its forward returns the maps of its stages"))


def _reads_only_images(trial: Trial, layer: Trial) -> bool:
    """Tell whether a class works with an image of three channels, and with no other map, and gives no such image."""
    return layer.built and layer.state == FAILED and trial.shape != _IMAGE


def _whole_network(subject: Subject, trial: Trial, layer: Trial) -> UsageError:
    argument = image_argument(subject)
    if argument:
        found = f"{subject.paste.place(subject.constructor.line)}: {argument.name}=3, the image's channels"
    else:
        found = f"{subject.quoted(layer.line)}: {layer.why}"
    if _makes_tokens(trial):
        return UsageError(
            f"{subject.symbol} makes tokens of an image, and a model's layers take and give maps",
            details=[f"found:    {found}", f"expected: a map, and not {_made(trial)}"],
            hint=f"name a class that takes a map and gives one{subject.another}",
        )
    layer_hint = "; if it is a layer for any channels: --like attention" if trial.shape == _IMAGE else ""
    return UsageError(
        f"{subject.symbol} is a whole network, not a layer: of an image it makes {_made(trial)}",
        details=[
            f"found:    {found}",
            "expected: a layer, which gets and gives a map, or a backbone, which returns a list of maps, each smaller"
            " than the last",
        ],
        hint=f"let its forward return the maps of its stages{layer_hint}{subject.another}",
    )


def _made(trial: Trial) -> str:
    """Return in words what a network makes of an image."""
    if trial.shape:
        return f"an output of the shape {list(trial.shape)}"
    if trial.shapes:
        return f"maps of the shapes {', '.join(str(list(shape)) for shape in trial.shapes)}"
    return "tokens and the size of their map" if _makes_tokens(trial) else "something else"


def _makes_tokens(trial: Trial) -> bool:
    """Tell whether tokens come out, B, N, C: alone, or with the size of their map."""
    first = trial.result[0] if isinstance(trial.result, tuple) and trial.result else trial.result
    return isinstance(first, Tensor) and len(first.shape) == 3


def _network_with_arguments(subject: Subject, found: str, missing: Sequence[str]) -> UsageError:
    values = ", ".join(f"{name}=..." for name in missing)
    maker = maker_of(subject.paste, subject.symbol)
    if maker and _makes_backbone(subject, maker):
        return UsageError(
            f"{subject.symbol} looks like a whole network, and {maker}() makes it with arguments",
            details=[f"found: {found}"],
            hint=f"name the function: --class {maker}",
        )
    if maker:
        return UsageError(
            f"{subject.symbol} looks like a whole network, and {maker}() makes it with arguments",
            details=[f"found: {found}"],
            hint=f"if its forward returns the maps of its stages: --class {maker} --like backbone{subject.another}",
        )
    return OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"{subject.symbol} looks like a whole network, and the value of {', '.join(missing)} is unknown",
        details=[f"found: {found}"],
        hint=f'if its forward returns the maps of its stages: --like backbone --args "{values}"{subject.another}',
    )


def _makes_backbone(subject: Subject, maker: str) -> bool:
    """Tell whether a function makes the class with arguments with which it is a backbone."""
    made = made_by(subject.paste, maker)
    if made is None or made.symbol != subject.symbol:
        return False
    try:
        as_backbone(subject, bind(made.arguments, subject.constructor, subject.symbol))
    except UsageError:
        return False
    return True


def _maps(trial: Trial) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the maps that came out, in a list or by names; () for anything else."""
    values = tuple(trial.result.values()) if isinstance(trial.result, dict) else ()
    if values and all(isinstance(one, Tensor) for one in values):
        return tuple(one.shape for one in values)
    return trial.shapes or ()


def is_pyramid(trial: Trial) -> bool:
    """Tell whether a list of maps came out, each smaller than the one before."""
    shapes = _maps(trial) if trial.state == OK else ()
    if len(shapes) < 2 or any(len(shape) != 4 for shape in shapes):
        return False
    heights = [shape[2] for shape in shapes]
    return all(a > b for a, b in pairwise(heights)) and heights[0] < _IMAGE[2]
