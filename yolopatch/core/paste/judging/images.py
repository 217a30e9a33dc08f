"""A class that reads the image itself: a backbone, which gives several maps, or a whole network."""

from __future__ import annotations

from itertools import pairwise

from yolopatch.catalog.kinds import BACKBONE
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import OK, Trial
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.subject import Subject, values
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by

_IMAGE = (2, 3, 256, 256)


def image_argument(subject: Subject) -> Argument | None:
    """Return the argument that says how many channels the image has: 3 by default."""
    found = (one for one in subject.constructor.arguments if one.default == "3")
    return next((one for one in found if one.meaning in (by.INPUTS, by.CHANNELS)), None)


def read_image(subject: Subject) -> Trial:
    """Follow a class with its own defaults and with an image."""
    return subject.follow((), values(), [_IMAGE])


def find_backbone(subject: Subject) -> Found | None:
    """Return a class as a backbone: with its defaults, it makes several maps of an image, each smaller than the last.

    Raises:
        UsageError: it is a whole network, which gives something else.
    """
    if subject.constructor.required:
        return None
    trial = read_image(subject)
    if is_pyramid(trial):
        assert trial.shapes is not None
        sizes = ", ".join(f"{shape[1]} channels at 1/{_IMAGE[2] // shape[2]}" for shape in trial.shapes)
        return Found(BACKBONE, f"of an image it makes {len(trial.shapes)} maps: {sizes}", ())
    argument = image_argument(subject)
    if argument is None or trial.state != OK:
        return None
    gives = f"an output of the shape {list(trial.shape)}" if trial.shape else "something else"
    raise UsageError(
        f"{subject.symbol} is a whole network, not a layer: of an image it makes {gives}",
        details=[
            f"found:    {subject.paste.place(subject.constructor.line)}: {argument.name}=3, the image's channels",
            "expected: a layer, which gets and gives a map, or a backbone, which returns a list of maps",
        ],
        hint=f"let its forward return the maps of its stages{subject.another}",
    )


def is_pyramid(trial: Trial) -> bool:
    """Tell whether a list of maps came out, each smaller than the one before."""
    shapes = trial.shapes if trial.state == OK else None
    if shapes is None or len(shapes) < 2 or any(len(shape) != 4 for shape in shapes):
        return False
    heights = [shape[2] for shape in shapes]
    return all(a > b for a, b in pairwise(heights)) and heights[0] < _IMAGE[2]
