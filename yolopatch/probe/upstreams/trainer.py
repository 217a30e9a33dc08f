"""What upstream's own trainer does with a model before the first batch, done by its own code."""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
from collections import defaultdict
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

import torch.nn as nn

from ..tensors.models import UpstreamModel

_SHORT = 1000  # steps: upstream chooses another optimizer for over ten thousand


class _LoadersAsked(Exception):
    """The trainer has set the model up, and asks for its data."""


def set_up(args: Any, model: UpstreamModel) -> None:
    """Run the start of ultralytics' `_setup_train`, until it asks for a data loader.

    Args:
        args: upstream's default settings; changed.
        model: the model, which a training begins with; changed.
    """
    engine = importlib.import_module("ultralytics.engine.trainer")
    args.amp = args.compile = False  # both would run the model, which is another check's
    trainer = _without_data(engine.BaseTrainer)
    trainer.args, trainer.model, trainer.device = args, model, next(model.parameters()).device
    try:
        # until 8.3 the number of processes is an argument, later an attribute
        trainer._setup_train(*([1] if engine.BaseTrainer._setup_train.__code__.co_argcount > 1 else []))
    except _LoadersAsked:
        return
    raise RuntimeError("upstream's trainer was set up without asking for data")


def optimised(args: Any, model: UpstreamModel) -> set[int]:
    """Return the ids of the parameters that ultralytics' trainer gives to its optimizer.

    Args:
        args: upstream's default settings.
        model: the model.
    """
    optimiser = _optimiser(args, model, name="SGD")
    return {id(parameter) for group in optimiser.param_groups for parameter in group["params"]}


def rates(args: Any, model: UpstreamModel) -> dict[str, float]:
    """Return by what ultralytics' trainer multiplies the learning rate of each parameter, by name; 1 for the least.

    It is asked for the optimizer that it chooses by itself for a short training. Empty where a release chooses none.
    The least is what it starts from: in a small model most of the parameters may be multiplied.

    Args:
        args: upstream's default settings; changed.
        model: the model.
    """
    engine = importlib.import_module("ultralytics.engine.trainer")
    if "iterations" not in inspect.signature(engine.BaseTrainer.build_optimizer).parameters:
        return {}
    optimiser = _optimiser(args, model, name="auto", iterations=_SHORT)
    found = {id(parameter): group["lr"] for group in optimiser.param_groups for parameter in group["params"]}
    least = min(found.values())
    return {name: found[id(p)] / least for name, p in model.named_parameters() if id(p) in found}


def _optimiser(args: Any, model: UpstreamModel, **asked: Any) -> Any:
    """Return the optimizer that ultralytics' trainer makes for a model."""
    trainer = _without_data(importlib.import_module("ultralytics.engine.trainer").BaseTrainer)
    trainer.args, trainer.model = args, model
    return trainer.build_optimizer(model, lr=0.01, momentum=0.9, decay=0.0, **asked)


def _without_data(cls: type) -> Any:
    """Return an object of a trainer's class that has no data set, no folder and no callbacks."""

    class Trainer(cls):  # type: ignore[misc]  # a class of upstream's, known at run time only
        def __init__(self) -> None:
            self.callbacks: Any = defaultdict(list)
            self.data: Any = defaultdict(str)
            self.trainset = self.testset = ""
            self.batch_size, self.world_size, self.epochs = 2, 1, 1

        def set_model_attributes(self) -> None:
            pass

        def get_dataloader(self, *args: object, **options: object) -> NoReturn:
            raise _LoadersAsked

    return Trainer()


def run_freezing(file: Path, model: UpstreamModel) -> None:
    """Run the loop of yolov5's train.py that decides which parameters are trained, with `--freeze` at its default.

    Args:
        file: train.py, whose one function does everything from the arguments to the results.
        model: changed.

    Raises:
        RuntimeError: the file has no such loop.
    """
    loops = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if _decides_training(node)]
    if not loops:
        raise RuntimeError(f"{file} has no loop that sets requires_grad")
    code = compile(ast.Module([loops[0]], []), str(file), "exec")
    exec(code, {"model": model, "freeze": [], "LOGGER": logging.getLogger(), "print": lambda *texts: None})


def sorted_for_optimiser(file: Path, model: UpstreamModel) -> set[int] | None:
    """Run the loop of yolov5's train.py that sorts the parameters into the groups of its optimizer.

    Args:
        file: train.py.
        model: read only.

    Returns:
        the ids of the parameters in the groups; None where the file has no such loop, as later releases.
    """
    blocks = [node.body for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if _is_block(node)]
    for block in blocks:
        for position, node in enumerate(block):
            names = _appended_to(node)
            if not names:
                continue
            lists = [one for one in block[:position] if _assigned(one) & names]
            code = compile(ast.Module([*lists, node], []), str(file), "exec")
            found: dict[str, Any] = {"model": model, "nn": nn}
            exec(code, found)
            return {id(parameter) for name in names for parameter in found[name]}
    return None


def _is_block(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef)


def _appended_to(node: ast.stmt) -> set[str]:
    """Return the names of the lists to which a loop over the model's modules appends."""
    if not (isinstance(node, ast.For) and ast.unparse(node.iter) in ("model.modules()", "model.named_modules()")):
        return set()
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {
        call.value.id
        for call in calls
        if isinstance(call, ast.Attribute) and call.attr == "append" and isinstance(call.value, ast.Name)
    }


def _assigned(node: ast.stmt) -> set[str]:
    """Return the names to which a statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}


def _decides_training(node: ast.AST) -> TypeGuard[ast.For]:
    """Return whether it is a loop over `model.named_parameters()` that sets `requires_grad`."""
    if not (isinstance(node, ast.For) and "named_parameters" in ast.unparse(node.iter)):
        return False
    targets = [target for inner in ast.walk(node) if isinstance(inner, ast.Assign) for target in inner.targets]
    return any(isinstance(target, ast.Attribute) and target.attr == "requires_grad" for target in targets)
