"""What one difference affects: by the unit that it is in, unless its value goes elsewhere."""

from __future__ import annotations

import ast

from yolopatch.core.fork.changes import TRAINING
from yolopatch.core.fork.difference.affects.influence import ordered
from yolopatch.core.fork.difference.affects.keys import narrowed_to_settings, set_areas
from yolopatch.core.fork.difference.code.findings import Finding
from yolopatch.core.fork.difference.code.units import Unit
from yolopatch.core.fork.difference.python.trees import Trees
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import dotted_name


def areas_of_finding(trees: Trees, path: str, unit: Unit, finding: Finding) -> tuple[str, ...]:
    """Return what a difference in a unit of a fork's file affects."""
    return (
        _of_values(trees, path, unit, finding)
        or _of_settings(trees, path, finding)
        or _of_replaced(trees, path, finding)
        or _of_unit(trees, path, finding)
    )


def assigned_elsewhere(node: ast.AST) -> list[str]:
    """Return the attributes of other things that a statement sets: `loss.bbox_iou = ...`, `setattr(loss, "x", ...)`."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = [dotted_name(target) for target in targets if isinstance(target, ast.Attribute)]
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and dotted_name(call.func) == "setattr" and len(call.args) == 3:
        owner, attribute = dotted_name(call.args[0]), call.args[1]
        if owner and isinstance(attribute, ast.Constant):
            names.append(f"{owner}.{attribute.value!s}")
    return [name for name in names if name]


def _of_values(trees: Trees, path: str, unit: Unit, finding: Finding) -> tuple[str, ...]:
    """Return what values affect that the code gives to others; empty where it keeps them."""
    if finding.argument and isinstance(unit.node, ast.FunctionDef):
        return trees.flow.of_argument(path, unit.owner, unit.node, finding.argument)
    areas = [trees.flow.of_calls(path, unit.owner, leaf.calls) for leaf in finding.leaves]
    return ordered(area for part in areas for area in part) if areas and all(areas) else ()


def _of_settings(trees: Trees, path: str, finding: Finding) -> tuple[str, ...]:
    """Return what settings affect that lines of a training set: `self.args.mosaic = 0.0`; empty if they do more.

    What a validator or an exporter sets is for itself.
    """
    if trees.influence.of(path, finding.name) != (TRAINING,):
        return ()
    lines = (*finding.hunk.new, *finding.hunk.old) if finding.hunk else ()
    areas = [set_areas(line.node) for line in lines if not line.word]
    return ordered(area for part in areas for area in part) if areas and all(areas) else ()


def _of_replaced(trees: Trees, path: str, finding: Finding) -> tuple[str, ...]:
    """Return what code affects that gives a module another function when it is imported; empty for any other."""
    lines = finding.hunk.new if finding.hunk and not finding.name else ()
    meanings = (trees.fork.meaning(path, name) for line in lines for name in assigned_elsewhere(line.node))
    definitions = [one for one in meanings if isinstance(one, Definition)]
    areas = (area for one in definitions for area in trees.influence.of(one.path, one.name))
    return ordered(areas) if definitions else ()


def _of_unit(trees: Trees, path: str, finding: Finding) -> tuple[str, ...]:
    """Return what the unit of a finding affects; of several areas those that the settings in it belong to."""
    nodes = [node for leaf in finding.leaves for node in (leaf.old, leaf.new) if node is not None]
    return narrowed_to_settings(trees.influence.of(path, finding.name), nodes)
