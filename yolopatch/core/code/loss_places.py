"""The places in an upstream's box loss for the lines of another one, found in the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from yolopatch.core.code.anchors import Anchor, AnchorNotFound, margin_of, only, unreadable
from yolopatch.core.syntax import classes, method, parse

_OVERLAP = "bbox_iou"
# The classes of both upstreams, and the methods with the overlap.
_BOX_LOSS, _COMPUTE_LOSS, _ASSIGNER = "BboxLoss", "ComputeLoss", "TaskAlignedAssigner"


@dataclass(frozen=True)
class OverlapPlace:
    """Where the box loss computes the overlap of boxes.

    Attributes:
        below: the position behind that statement.
        variable: its target, `iou`.
        boxes: the two boxes, as in the file.
        used: the position behind the statement that makes the loss of it.
    """

    below: Anchor
    variable: str
    boxes: tuple[str, str]
    used: Anchor


@dataclass(frozen=True)
class AssignerPlace:
    """Where the assigner computes the overlap of boxes.

    Attributes:
        at: the position of the statement that takes its place.
        gives: how that statement begins: `return`, or `overlaps[mask_gt] =`.
        boxes: the wanted and the predicted boxes, as in the file.
    """

    at: Anchor
    gives: str
    boxes: tuple[str, str]


def below_import_of(path: str, text: str, name: str) -> Anchor:
    """Return the position below the import of a name.

    Raises:
        AnchorNotFound: the file does not import it at its top, or several times.
    """
    imports = [node for node in _tree(path, text).body if isinstance(node, ast.ImportFrom)]
    fits = [node for node in imports if name in [alias.name for alias in node.names]]
    node = only(fits, f"`from ... import {name}`", path)
    return Anchor(node.end_lineno or node.lineno, margin_of(text, node))


def overlap_of_box_loss(path: str, text: str) -> OverlapPlace:
    """Return where BboxLoss computes the overlap of boxes, or ComputeLoss of yolov5.

    Raises:
        AnchorNotFound: the class, or the statement, is not there once.
    """
    found = classes(_tree(path, text))
    owner, name = (_COMPUTE_LOSS, "__call__") if _BOX_LOSS not in found else (_BOX_LOSS, "forward")
    function = _method(path, text, owner, name)
    where = f"{path}, {owner}.{name}"
    made = [
        (body, number)
        for body in _bodies(function)
        for number, node in enumerate(body)
        if isinstance(node, ast.Assign) and _calls(node.value, _OVERLAP)
    ]
    body, number = only(made, f"`iou = {_OVERLAP}(...)`", where)
    node = body[number]
    assert isinstance(node, ast.Assign)
    target = ast.unparse(node.targets[0])
    following = body[number + 1] if number + 1 < len(body) else None
    if following is None or not re.search(rf"\b1(\.0)? - {re.escape(target)}\b", ast.unparse(following)):
        raise AnchorNotFound(
            "the loss of the boxes",
            where,
            f"a statement with `1.0 - {target}` behind {_OVERLAP}",
            ast.unparse(following) if following else "the end of the block",
        )
    call = next(one for one in ast.walk(node.value) if _is_call_of(one, _OVERLAP))
    assert isinstance(call, ast.Call)
    if len(call.args) < 2:
        raise AnchorNotFound("the boxes of the loss", where, f"two boxes in {_OVERLAP}(...)", ast.unparse(call))
    boxes = (ast.unparse(call.args[0]).removesuffix(".T"), ast.unparse(call.args[1]).removesuffix(".T"))
    return OverlapPlace(_below(text, node), target, boxes, _below(text, following))


def below_criterion(path: str, text: str) -> tuple[Anchor, str, str]:
    """Return the position behind the statement that makes the box loss, and the names of the box loss and of the head.

    Raises:
        AnchorNotFound: no such statement, or several.
    """
    found = classes(_tree(path, text))
    if _BOX_LOSS not in found:
        function = _method(path, text, _COMPUTE_LOSS, "__init__")
        node, head = _head_of(path, function, f"{path}, {_COMPUTE_LOSS}.__init__")
        return _below(text, node), "self", head
    made = [
        (function, node)
        for function in _methods(path, text, "__init__")
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _calls(node.value, _BOX_LOSS)
    ]
    function, node = only(made, f"`self.bbox_loss = {_BOX_LOSS}(...)` in a constructor", path)
    _, head = _head_of(path, function, f"{path}, the constructor with {_BOX_LOSS}(...)")
    return _below(text, node), ast.unparse(node.targets[0]), head


def below_second_criteria(path: str, text: str) -> tuple[tuple[Anchor, str], ...]:
    """Return each position behind a statement that makes the second loss of an end-to-end model, with its name."""
    return tuple(
        (_below(text, node), ast.unparse(node.targets[0]))
        for function in _methods(path, text, "__init__")
        for node in function.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self.one2one"
    )


def arguments_of_box_loss(path: str, text: str) -> set[str]:
    """Return the names of the arguments of BboxLoss.forward."""
    arguments = _method(path, text, _BOX_LOSS, "forward").args
    return {one.arg for one in (*arguments.posonlyargs, *arguments.args)}


def level_of_boxes(path: str, text: str) -> tuple[str, str]:
    """Return the names of the level and of its map in the loop of yolov5's ComputeLoss over its outputs.

    Raises:
        AnchorNotFound: there is no such loop, or it is another one.
    """
    function = _method(path, text, _COMPUTE_LOSS, "__call__")
    loops = [node for node in function.body if isinstance(node, ast.For) and _calls(node.iter, "enumerate")]
    loop = only(loops, "the loop `for i, pi in enumerate(p)`", f"{path}, {_COMPUTE_LOSS}.__call__")
    names = ast.unparse(loop.target).strip("()").split(", ")
    if len(names) != 2:
        raise AnchorNotFound("the loop over the outputs", path, "`for i, pi in enumerate(p)`", ast.unparse(loop.target))
    return names[0], names[1]


def overlap_of_assigner(path: str, text: str) -> AssignerPlace:
    """Return where the assigner computes the overlap of boxes.

    Raises:
        AnchorNotFound: the assigner has no such statement, or another one.
    """
    node = classes(_tree(path, text)).get(_ASSIGNER)
    if node and not method(node, "iou_calculation"):  # releases before 8.1
        return _overlap_of_metrics(path, text)
    function = _method(path, text, _ASSIGNER, "iou_calculation")
    where = f"{path}, {_ASSIGNER}.iou_calculation"
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return) and _calls(node.value, _OVERLAP)]
    given = only(returns, f"`return {_OVERLAP}(...)`", where)
    return AssignerPlace(Anchor(given.lineno - 1, margin_of(text, given)), "return", _boxes_of(given, where))


def _overlap_of_metrics(path: str, text: str) -> AssignerPlace:
    """Return the place behind `overlaps[mask_gt] = bbox_iou(...)`, of which both sides are a list of boxes."""
    function = _method(path, text, _ASSIGNER, "get_box_metrics")
    where = f"{path}, {_ASSIGNER}.get_box_metrics"
    made = [
        node
        for node in function.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and _calls(node.value, _OVERLAP)
    ]
    node = only(made, f"`overlaps[mask_gt] = {_OVERLAP}(...)`", where)
    return AssignerPlace(_below(text, node), f"{ast.unparse(node.targets[0])} =", _boxes_of(node, where))


def _boxes_of(node: ast.stmt, where: str) -> tuple[str, str]:
    """Return the first two arguments of the overlap that a statement computes."""
    call = next(one for one in ast.walk(node) if _is_call_of(one, _OVERLAP))
    assert isinstance(call, ast.Call)
    if len(call.args) < 2:
        raise AnchorNotFound("the boxes of the assigner", where, f"two boxes in {_OVERLAP}(...)", ast.unparse(call))
    return ast.unparse(call.args[0]), ast.unparse(call.args[1])


def end_of_parse_model(path: str, text: str) -> tuple[Anchor, str]:
    """Return the position before parse_model returns, and the name of its list of layers.

    Raises:
        AnchorNotFound: the file has no parse_model, or it returns something else.
    """
    functions = [n for n in _tree(path, text).body if isinstance(n, ast.FunctionDef) and n.name == "parse_model"]
    function = only(functions, "the function parse_model", path)
    where = f"{path}, parse_model"
    last = function.body[-1]
    layers = [ast.unparse(one.value) for one in ast.walk(last) if isinstance(one, ast.Starred)]
    if not isinstance(last, ast.Return) or len(layers) != 1:
        raise AnchorNotFound("the model's layers", where, "`return nn.Sequential(*layers), ...`", ast.unparse(last))
    return Anchor(last.lineno - 1, margin_of(text, last)), layers[0]


@lru_cache(maxsize=8)
def _tree(path: str, text: str) -> ast.Module:
    try:
        return parse(text)
    except SyntaxError as error:
        raise unreadable(path, error) from error


def _method(path: str, text: str, owner: str, name: str) -> ast.FunctionDef:
    node = classes(_tree(path, text)).get(owner)
    found = method(node, name) if node else None
    if found is None:
        raise AnchorNotFound("the loss of the boxes", path, f"a class {owner} with {name}", "none")
    return found


def _methods(path: str, text: str, name: str) -> Iterator[ast.FunctionDef]:
    return (found for node in classes(_tree(path, text)).values() if (found := method(node, name)))


def _head_of(path: str, function: ast.FunctionDef, where: str) -> tuple[ast.Assign, str]:
    """Return the statement of a constructor that takes the head of a model, and the head's name."""
    taken = [
        node
        for node in function.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(".model[-1]")
    ]
    node = only(taken, "`m = model.model[-1]`", where)
    return node, ast.unparse(node.targets[0])


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield every block of statements in a function."""
    for part in ast.walk(node):
        for name in ("body", "orelse"):
            body = getattr(part, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def _calls(node: ast.expr | None, name: str) -> bool:
    return node is not None and any(_is_call_of(one, name) for one in ast.walk(node))


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _below(text: str, node: ast.stmt) -> Anchor:
    return Anchor(node.end_lineno or node.lineno, margin_of(text, node))
