"""Which class of a pin a head module replaces, and the file with that class."""

from __future__ import annotations

from pathlib import PurePosixPath

from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.errors import UsageError


def head_class(pin: Pin, module: Module) -> str:
    """Return the class of the pin's base model that a head module replaces: `Segment26` for `Segment`.

    Raises:
        UsageError: the pin's base model has no head for that task.
    """
    heads = {model.task: model.layers[-1].module for model in VARIANTS.values() if model.name == pin.model}
    found = heads.get(module.stem.lower())
    if found is None:
        raise UsageError(
            f"{module.name} stands for {module.stem}, and {pin.model} of {pin.name} has no such head",
            details=[f"found: {', '.join(heads.values())}"],
            hint="choose another pin with --repo",
        )
    return found


def head_file(pin: Pin) -> str:
    """Return the path of the file with the pin's heads."""
    if pin.layout.style == "yolov5":
        return pin.layout.parser
    return str(PurePosixPath(pin.layout.common).parent / "head.py")
