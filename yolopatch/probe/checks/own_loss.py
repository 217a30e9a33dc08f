"""Is the loss of a module of the workspace the one in use, and does it do with boxes what a loss must do?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..losses.box_loss import BoxLoss, Trial, try_boxes
from ..measure.definitions import functions, meaning
from ..protocol.findings import Finding, failed

_NO_BOXES = {
    "obb": "boxes of the task obb are rotated, and upstream's overlap of those (probiou) is another function",
    "classify": "the task classify has no boxes",
    "semantic": "the task semantic has no boxes",
}


def not_in_use(loss: BoxLoss, task: str, code: Mapping[str, list[str]]) -> Finding | None:
    """Return the failure of a module's loss that did not run, or of an assigner that did not; None where all ran."""
    ran = code.get(loss.files[1], [])
    if "overlap" not in ran:
        why = _NO_BOXES.get(task, "nothing of upstream's calls it here")
        return failed(
            f"the workspace has {loss.module} in the place of the box loss's overlap, and it never ran: {why}",
            f"train this model in a workspace without {loss.module}; its results would be those of upstream's own loss",
            module=loss.module,
        )
    if loss.assigns and "assigned" not in ran:
        return failed(
            f"boxes should be assigned by {loss.module}, too, and upstream's assigner did not ask it",
            "remove the module and apply it again, with --assigner only where this release has an assigner",
            module=loss.module,
        )
    return None


def tried(loss: BoxLoss) -> tuple[Trial | None, Finding | None]:
    """Return what a loss does with boxes, and the failure that this is; the other one is None."""
    try:
        trial = try_boxes(loss)
    except Exception as error:  # the loss may be the user's own
        return None, failed(
            f"{loss.module} raises an error for boxes without a size or an overlap: {type(error).__name__}: "
            f"{str(error)[:200]}",
            f"mend {loss.files[0]}",
        )
    if trial.endless:
        return trial, failed(
            f"{loss.module} or its gradient is not finite for {len(trial.endless)} of {trial.pairs} pairs of boxes: "
            f"{'; '.join(trial.endless[:2])}",
            f"such boxes occur in training: divide by a sum with a small number, in {loss.files[0]}",
            **evidence_of(loss, trial),
        )
    if trial.risen[0] < trial.risen[1]:
        before, after = trial.overlaps
        return trial, failed(
            f"steps against {loss.module}'s gradient do not raise the overlap of boxes: of {trial.risen[0]} of "
            f"{trial.risen[1]}, from {before:.2f} to {after:.2f} in the mean",
            "it may give an overlap where a loss is wanted, or take boxes of another form: add it again with --gives "
            "or --boxes",
            **evidence_of(loss, trial),
        )
    return trial, None


def evidence_of(loss: BoxLoss, trial: Trial) -> dict[str, Any]:
    """Return the figures of a trial."""
    return {
        "module": loss.module,
        "overlap_before": round(trial.overlaps[0], 4),
        "overlap_after": round(trial.overlaps[1], 4),
        "boxes": trial.risen[1],
        "finite_pairs": trial.pairs - len(trial.endless) - len(trial.endless_sizeless),
        "pairs": trial.pairs,
        "assigner": loss.assigns,
    }


def words(loss: BoxLoss, trial: Trial) -> str:
    """Return what was seen of a loss, as the rest of a sentence."""
    before, after = trial.overlaps
    also = ", and boxes are assigned by it" if loss.assigns else ""
    finite = trial.pairs - len(trial.endless_sizeless)
    return (
        f"{loss.module} is in use{also}: steps against its gradient raise the overlap of boxes from {before:.2f} to "
        f"{after:.2f}, and it is finite for {finite} of {trial.pairs} pairs of boxes of all kinds"
    )


def is_inserted(loss: BoxLoss, file: str, name: str, here: Path, pristine: Path) -> bool:
    """Tell whether a function differs from upstream's by the lines of the module's patch alone.

    Args:
        file, name: of the function, as in `Loss.code`.
        here, pristine: the folders of the package, and of the unchanged one.
    """
    if file in loss.files:
        return True
    own, other = functions(here / file).get(name), functions(pristine / file).get(name)
    return own is not None and meaning(_without(own, f"{loss.name}.")) == meaning(other)


def _without(node: ast.FunctionDef, word: str) -> ast.FunctionDef:
    """Return a copy of a function without the statements that have a word, and those that put back what they kept."""
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, ast.FunctionDef)
    kept: set[str] = set()
    for body in _bodies(copy):
        for statement in list(body):
            if word in ast.unparse(statement) and not hasattr(statement, "body"):
                kept |= {name.id for name in ast.walk(statement) if isinstance(name, ast.Name)} & {"plain"}
                body.remove(statement)
            elif isinstance(statement, ast.Assign) and ast.unparse(statement.value) in kept:
                body.remove(statement)
    return copy


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for part in ast.walk(node):
        for name in ("body", "orelse"):
            body = getattr(part, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body
