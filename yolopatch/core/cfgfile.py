"""What a model YAML says of itself, without building it: its classes and its scale."""

from __future__ import annotations

import re
from pathlib import PurePath

from yolopatch.catalog.models import BaseModel, find_scales
from yolopatch.errors import UsageError


def read_nc(text: str) -> int:
    """Return the number of classes that a YAML sets; upstream's default is 80."""
    return int(_top_level(text, "nc") or 80)


def read_scale(text: str, path: PurePath, model: BaseModel, asked: str | None) -> str:
    """Return the letter of the scale at which a YAML is to be built.

    Args:
        text: the file's content.
        path: its name, from which upstream takes the letter.
        model: the base model of the pin that builds it.
        asked: what the user asked for, if anything.

    Raises:
        UsageError: the file is of another scale than the asked one, or says none.
    """
    (letter,) = find_scales(model, asked) if asked else (None,)
    own = _own_scale(text, model)
    if letter and own and letter != own:
        raise UsageError(
            f"{path} is a file of scale {own}, not {letter}",
            hint=f"leave --scale out, or render it at {letter}: yolopatch render-cfg --scale {letter} ...",
        )
    found = letter or own or _letter_of_name(path, model)
    if found is None:
        raise UsageError(
            f"{path} does not say its scale",
            details=[f"expected: a name such as {model.name}n-...yaml"],
            hint="add --scale n",
        )
    return found


def _top_level(text: str, key: str) -> str | None:
    found = re.search(rf"^{key}:\s*([^\s#]+)", text, re.MULTILINE)
    return found.group(1) if found else None


def _own_scale(text: str, model: BaseModel) -> str | None:
    """Return the one scale that the file holds: it names it, or (yolov5) has its multiples."""
    if model.has_scales_table:
        return _top_level(text, "scale")
    depth, width = (_top_level(text, key) for key in ("depth_multiple", "width_multiple"))
    if depth is None or width is None:
        return None
    multiples = (float(depth), float(width))
    return next((s for s, row in model.scales.items() if (row.depth, row.width) == multiples), None)


def _letter_of_name(path: PurePath, model: BaseModel) -> str | None:
    letter = path.stem.removeprefix(model.name)[:1]
    return letter if path.stem.startswith(model.name) and letter in model.scales else None
