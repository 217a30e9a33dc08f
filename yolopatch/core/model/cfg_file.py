"""What a model YAML says of itself, without building it: its classes and its scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from yolopatch.catalog.model.base_model import DETECT, TASKS, BaseModel
from yolopatch.catalog.model.layers import Scale
from yolopatch.catalog.model.models import ALL_SCALES, MODELS, find_scales
from yolopatch.catalog.names import unknown
from yolopatch.errors import UsageError

# What a file without a `scales` table multiplies by, under each letter: every upstream writes these numbers.
_MULTIPLES: Mapping[str, Scale] = MODELS["yolov5"].scales
# Where upstream looks for the letter in a file's name.
_LETTER = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")


def read_nc(text: str) -> int:
    """Return the number of classes that a YAML sets; upstream's default is 80."""
    return int(_top_level(text, "nc") or 80)


def read_task(text: str) -> str:
    """Return the task of the model that a YAML describes: its last layer's class says it."""
    modules = re.findall(r"^\s*(?:-\s*|\[\s*)?\[.*?,\s*['\"]?([A-Za-z_][\w.]*)['\"]?\s*,\s*\[", text, re.MULTILINE)
    head = modules[-1].lower() if modules else ""
    return next((task for task in TASKS if task in head), DETECT)


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
    letter = _one_letter(model, asked) if asked else None
    own = _own_scale(text, model)
    if letter and own and letter != own:
        raise _other_scale(path, own, letter)
    found = letter or own or _letter_of_name(path, model)
    if found is None:
        raise UsageError(
            f"{path} does not say its scale",
            details=[f"expected: a name such as {model.name}n-...yaml"],
            hint="add --scale n",
        )
    return found


def read_any_scale(text: str, path: PurePath, asked: str | None) -> str:
    """Return the letter of the scale at which a YAML of whatever family is to be built.

    Args:
        text: the file's content; what it says of scales decides, no base model is needed.
        path: its name, from which upstream takes the letter.
        asked: what the user asked for, if anything.

    Returns:
        a letter; empty for a file that says nothing of scales, and so builds one model.

    Raises:
        UsageError: the file is of another scale than the asked one, lacks it, or says none.
    """
    letters, asked = _letters(text), (asked or "").strip().lower()
    if asked and not letters:
        raise UsageError(f"{path} says nothing of scales", hint="leave --scale out")
    if asked and asked not in letters:
        raise unknown(f"scale of {path}", asked, letters, "a scale is one of these letters")
    own = _bound_scale(text)
    if asked and own and asked != own:
        raise _other_scale(path, own, asked)
    named = _LETTER.search(path.stem)
    only = letters[0] if len(letters) == 1 else None
    found = asked or own or only or (named[1] if named and named[1] in letters else None)
    if found is None and letters:
        raise UsageError(f"{path} does not say its scale", hint=f"add --scale {letters[0]}, or --all-scales")
    return found or ""


def every_scale(text: str, path: PurePath) -> tuple[str, ...]:
    """Return every scale at which a YAML can be built.

    Raises:
        UsageError: it was made for one scale alone.
    """
    letters = _letters(text)
    if not letters:
        raise UsageError(f"{path} says nothing of scales", hint="leave --all-scales out")
    if _has_table(text) and _bound_scale(text):
        raise UsageError(
            f"{path} is a file of scale {_bound_scale(text)} alone",
            hint=f"render it with every scale: yolopatch render-cfg --scale {ALL_SCALES} ...",
        )
    return letters


def multiples(text: str, letter: str) -> dict[str, float] | None:
    """Return what a file without a `scales` table has to multiply by at a scale that is not its own."""
    if _has_table(text) or not letter or _bound_scale(text) == letter:
        return None
    return {"depth_multiple": _MULTIPLES[letter].depth, "width_multiple": _MULTIPLES[letter].width}


def _has_table(text: str) -> bool:
    return re.search(r"^scales:", text, re.MULTILINE) is not None


def _letters(text: str) -> tuple[str, ...]:
    """Return the scales that a file can be built at: its table's, or every one where it has multiples."""
    if _has_table(text):
        table = re.search(r"^scales:(.*(?:\n(?:[ \t#].*)?)*)", text, re.MULTILINE)[1]
        return tuple(dict.fromkeys(re.findall(r"\b([a-z])['\"]? *: *\[", re.sub("#.*", "", table))))
    return tuple(_MULTIPLES) if _multiples_of(text) else ()


def _multiples_of(text: str) -> tuple[float, float] | None:
    depth, width = (_top_level(text, key) for key in ("depth_multiple", "width_multiple"))
    try:
        return None if depth is None or width is None else (float(depth), float(width))
    except ValueError:  # no numbers: whoever builds the file says so
        return None


def _bound_scale(text: str) -> str | None:
    """Return the one scale that the file holds: it names it, or has its multiples."""
    if _has_table(text):
        return _top_level(text, "scale")
    found = _multiples_of(text)
    return next((s for s, row in _MULTIPLES.items() if (row.depth, row.width) == found), None)


def _other_scale(path: PurePath, own: str, asked: str) -> UsageError:
    return UsageError(
        f"{path} is a file of scale {own}, not {asked}",
        hint=f"leave --scale out, or render it at {asked}: yolopatch render-cfg --scale {asked} ...",
    )


def _top_level(text: str, key: str) -> str | None:
    found = re.search(rf"^{key}:\s*([^\s#]+)", text, re.MULTILINE)
    return found.group(1).strip("'\"") if found else None


def _own_scale(text: str, model: BaseModel) -> str | None:
    """Return the one scale that a file of this model holds."""
    return _top_level(text, "scale") if model.has_scales_table else _bound_scale(text)


def _one_letter(model: BaseModel, asked: str) -> str:
    letters = find_scales(model, asked)
    if len(letters) > 1 or letters[0] not in model.scales:
        raise UsageError(f"--scale {asked}: it is one scale at a time", hint="e.g. --scale n")
    return letters[0]


def _letter_of_name(path: PurePath, model: BaseModel) -> str | None:
    letter = path.stem.removeprefix(model.name)[:1]
    return letter if path.stem.startswith(model.name) and letter in model.scales else None
