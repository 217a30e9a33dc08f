"""Choose the loss of a pasted file."""

from __future__ import annotations

import ast

from yolopatch.catalog.names import fold, unknown
from yolopatch.core.loss.deciding import has_place, may_take_boxes, takes_boxes
from yolopatch.core.loss.recognise import find_losses
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names
from yolopatch.errors import OpenError, UsageError


def losses_in(paste: Pasted) -> list[str]:
    """Return the names of the functions and classes of a file that are losses, by what their code does."""
    found = {loss.name for loss in find_losses(paste)}
    defined = (*paste.functions, *paste.classes)
    return [name for name in defined if name in found or takes_boxes(paste, name)]


def choose_loss(paste: Pasted, wanted: str | None) -> str:
    """Return the function or the class of a file that is the loss to add.

    Without `wanted`, of those of boxes, if the file has some: the one with the name of the file, or else the only one
    that no other one uses.

    Raises:
        UsageError: the file has no loss, or not the one that is wanted.
        OpenError: several are possible.
    """
    defined = {**paste.functions, **paste.classes}
    if wanted is not None:
        if wanted not in defined:
            raise unknown(f"function or class in {paste.name}", wanted, defined, "--class NAME")
        return wanted
    losses = losses_in(paste)
    if not losses:
        raise UsageError(
            f"{paste.name} has no loss",
            details=[f"functions and classes in it: {', '.join(defined) or 'none'}"],
            hint="name the one that compares two boxes: --class NAME",
        )
    losses = [name for name in losses if may_take_boxes(paste, name)] or losses
    losses = [name for name in losses if has_place(paste, name)] or losses  # a criterion calls one, and is none
    used = {name for one in losses for name in used_names(defined[one]) if name != one}
    tops = [name for name in losses if name not in used] or losses
    named = [name for name in tops if fold(name) == fold(paste.name.removesuffix(".py"))]
    for only in (named, tops):
        if len(only) == 1:
            return only[0]
    raise OpenError(
        "symbol",
        "which loss",
        {name: f"line {defined[name].lineno}" for name in tops},
        f"{paste.name} has {len(tops)} losses, and it is not clear which one to add",
        details=[f"found: {', '.join(f'{name} (line {defined[name].lineno})' for name in tops)}"],
        hint=f"name one: {' or '.join(_choices(paste, tops))}",
    )


def _choices(paste: Pasted, names: list[str]) -> list[str]:
    """Return the options for these losses, those first that the file's other code calls, with the line."""
    others = [node for node in paste.tree.body if getattr(node, "name", "") not in names]
    calls: dict[str, int] = {}
    for node in (part for other in others for part in ast.walk(other)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            calls.setdefault(node.func.id, paste.place(node.lineno).line)
    called = [f"--class {name} (line {line} calls it)" for name, line in calls.items()]
    return [*called, *(f"--class {name}" for name in names if name not in calls)]
