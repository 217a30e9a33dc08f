"""From the options of a run to the arguments of the tutorial's script."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yolopatch.catalog.environment.fix_patches import SEEDS
from yolopatch.catalog.model.models import ALL_SCALES, find_model, find_scales
from yolopatch.catalog.names import nearest
from yolopatch.catalog.reproduce.quick import HYPERPARAMETERS, SCALE, quick_arguments
from yolopatch.catalog.reproduce.recipes import Recipe
from yolopatch.core.environment.device import read_device, upstreams_device
from yolopatch.core.reproduce.train_options import train_options
from yolopatch.errors import UsageError
from yolopatch.outside.files.existing import BASE_CHECKPOINT_HINT, require_file
from yolopatch.outside.probe.inspect import require_device
from yolopatch.steps.reproduce.reproduction import Reproduction

_OWN_OPTIONS = {"data": "--data", "epochs": "--epochs", "device": "--device", "model": "--scale", "cfg": "--scale"}
_OWN_OPTIONS |= {"weights": "--weights", "pretrained": "--weights"}
_SEED = 0  # the default of every upstream that has an option for it
_NEVER = ("resume", "exist_ok")


@dataclass(frozen=True)
class RunRequest:
    """The options of `reproduce --run`; None means as in the post.

    Attributes:
        data: a data YAML, or the name of one of upstream's own.
        device: torch's name of it.
        scale: a letter.
        weights: a checkpoint to start from, of the base model or of this model.
        base: train upstream's own model, with the same arguments.
        quick: a short training on generated data.
        settings: further arguments of upstream, as `KEY=VALUE`.
        fresh: train again even where the same run is finished.
        tracker: where the run is shown, by its name; None for nowhere.
    """

    data: str | None = None
    epochs: int | None = None
    device: str | None = None
    scale: str | None = None
    weights: Path | None = None
    base: bool = False
    quick: bool = False
    settings: tuple[str, ...] = ()
    fresh: bool = False
    tracker: str | None = None


@dataclass(frozen=True)
class RunPlan:
    """What the run will do.

    Attributes:
        changes: arguments with other values than the post's, by upstream's names; without the model.
        hyperparameters: further such arguments, for upstreams that read them from a file.
        weights: the checkpoint to start from, None for random weights.
        seeded: whether the workspace has the seed patch.
        seed: upstream's, None for a release that has no option for it.
        learns: whether this is the quick run that was tried, in which a model that can learn does learn.
        data: the data YAML, as the argument has it.
        imgsz: side of the square images in pixels.
        device: as the argument has it, None for upstream's own choice.
    """

    recipe: Recipe
    style: str
    changes: Mapping[str, object]
    hyperparameters: Mapping[str, object]
    scale: str
    base: bool
    quick: bool
    seeded: bool
    seed: object
    learns: bool
    data: str
    epochs: int
    imgsz: int
    device: str | None
    weights: Path | None

    @property
    def post(self) -> dict[str, object]:
        """The post's arguments, with upstream's defaults for those that matter and that the post leaves out."""
        return {"epochs": self.recipe.epochs, "data": self.recipe.data, "imgsz": 640, **self.recipe.arguments}

    @property
    def differences(self) -> list[str]:
        """The differences between the run and the post, in words."""
        changed = {**self.changes, **self.hyperparameters}
        lines = [f"{key}: {self.post.get(key, 'not set')} in the post, {new} here" for key, new in changed.items()]
        if self.scale != self.recipe.scale:
            lines.insert(0, f"scale: {self.recipe.scale} in the post, {self.scale} here")
        if self.seeded:
            lines.append("the seed reaches the processes that load images, in the post it does not")
        if self.weights:
            lines.insert(0, f"the training starts from {self.weights.name}, in the post from random weights")
        if self.base:
            lines.insert(0, "the model is upstream's own, without the module")
        return lines


def plan_run(reproduction: Reproduction, request: RunRequest, shapes: Path) -> RunPlan:
    """Return the plan, with the arguments and the device checked.

    Args:
        reproduction: the reproduction.
        request: the options of the run.
        shapes: the data YAML of the generated set.

    Raises:
        UsageError: a wrong scale or argument.
        YolopatchError: the run needs a GPU that torch does not find.
    """
    recipe, style = reproduction.recipe, reproduction.workspace.pin.layout.style
    asked = _asked(request, style, shapes)
    if request.data:
        asked["data"] = _data(reproduction, request.data)
    known = _known_arguments(reproduction)
    _require_known(request.settings, known)
    changes = {key: value for key, value in asked.items() if _differs(recipe, key, value)}
    if request.base:
        changes["name"] = "base-quick" if request.quick else "base"
    arguments = {**recipe.arguments, **changes}
    device = arguments.get("device")
    plan = RunPlan(
        recipe=recipe,
        style=style,
        changes=changes,
        hyperparameters=HYPERPARAMETERS if request.quick and style == "yolov5" else {},
        scale=_scale(reproduction, request),
        base=request.base,
        quick=request.quick,
        seeded=SEEDS in reproduction.workspace.fix_patches,
        seed=changes.get("seed", _SEED) if known is None or "seed" in known else None,
        learns=request.quick and asked == _quick(style, shapes) and request.scale in (None, SCALE),
        data=str(arguments.get("data", recipe.data)),
        epochs=_whole_number("epochs", arguments.get("epochs", recipe.epochs)),
        imgsz=_whole_number("imgsz", arguments.get("imgsz", 640)),
        device=None if device is None else str(device),
        weights=_weights(request.weights),
    )
    _require_device(plan, reproduction)
    return plan


def _known_arguments(reproduction: Reproduction) -> frozenset[str] | None:
    """Return the arguments of the workspace's training; None where upstream itself refuses what it does not know."""
    workspace = reproduction.workspace
    if workspace.pin.layout.style != "yolov5":
        return None
    return train_options((workspace.path / workspace.pin.layout.package / "train.py").read_text("utf-8", "replace"))


def _require_known(settings: Sequence[str], known: frozenset[str] | None) -> None:
    for word in settings:
        key, _ = _setting(word)
        if known is not None and key not in known:
            close = nearest(key, known)
            raise UsageError(
                f"--set {word}: upstream's train.py has no option {key}, and would train as if it were not there",
                details=[f"its options: {', '.join(sorted(known))}"],
                hint=f"leave it out, or take {' or '.join(close)}" if close else "leave it out",
            )


def _whole_number(key: str, value: object) -> int:
    if isinstance(value, int):
        return value
    raise UsageError(
        f"--set {key}={value}: not a whole number", details=["expected: pixels, e.g. 640"], hint=f"--set {key}=640"
    )


def _differs(recipe: Recipe, key: str, value: object) -> bool:
    missing = object()
    known = {"epochs": recipe.epochs, **recipe.arguments}
    return known.get(key, missing) != value


def _asked(request: RunRequest, style: str, shapes: Path) -> dict[str, object]:
    asked: dict[str, object] = {}
    if request.quick:
        asked.update(_quick(style, shapes))
    if request.epochs is not None:
        if request.epochs < 1:
            raise UsageError(f"--epochs {request.epochs}: at least one", hint="e.g. --epochs 3")
        asked["epochs"] = request.epochs
    if request.device is not None:
        asked["device"] = upstreams_device(request.device)
    asked.update(_setting(word) for word in request.settings)
    return asked


def _data(reproduction: Reproduction, name: str) -> str:
    """Return the argument for a data YAML: the whole path of the user's file, or upstream's name of its own."""
    file = Path(os.path.expanduser(name))
    if file.is_file():
        return str(file.absolute())
    own = PurePosixPath(reproduction.recipe.data).with_name(PurePosixPath(name).name)
    if own.name == name and (reproduction.workspace.path / own).is_file():
        return str(own)
    raise UsageError(
        f"no data file {name}, neither here nor in upstream's {own.parent}",
        hint="make one: yolopatch data shapes --out shapes, then --data shapes/data.yaml",
    )


def _weights(file: Path | None) -> Path | None:
    if file is None:
        return None
    require_file(file, "checkpoint", BASE_CHECKPOINT_HINT)
    return file.absolute()


def _quick(style: str, shapes: Path) -> dict[str, object]:
    return {**quick_arguments(style), "data": str(shapes)}


def _setting(word: str) -> tuple[str, object]:
    key, equals, value = word.partition("=")
    if not equals or not re.fullmatch(r"[a-z_]\w*", key):
        raise UsageError(f"--set {word}: not KEY=VALUE", hint="give an argument of upstream, e.g. --set batch=4")
    if key in _OWN_OPTIONS:
        raise UsageError(f"--set {word}: {key} has its own option", hint=f"{_OWN_OPTIONS[key]} {value}")
    if key in _NEVER:
        raise UsageError(f"--set {word}: yolopatch sets {key} itself", hint="leave it out")
    return key, _value(value)


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # too deep for Python, the last two
        return text


def _scale(reproduction: Reproduction, request: RunRequest) -> str:
    if request.scale is None:
        return SCALE if request.quick else reproduction.recipe.scale
    found_scales = find_scales(find_model(reproduction.workspace.pin.model), request.scale)
    if len(found_scales) != 1 or found_scales[0] == ALL_SCALES:
        raise UsageError(f"--scale {request.scale}: a run trains one scale", hint="e.g. --scale n")
    return found_scales[0]


def _require_device(plan: RunPlan, reproduction: Reproduction) -> None:
    if plan.device is None:
        return
    require_device(
        read_device(plan.device),
        reproduction.interpreter.executable,
        who="--device asks for" if "device" in plan.changes else "the post trains on a GPU,",
        without_gpu="add --device cpu (slow: try --epochs 1 first), or --quick",
    )


def model_words(plan: RunPlan, own: str | None, init: Path | None = None) -> dict[str, object]:
    """Return the arguments for the model and its initial weights, where they differ from the post's.

    Args:
        plan: of the run.
        own: the path of a YAML for this run's scale, for upstreams without a scales table; None for the post's YAML.
        init: the checkpoint to start from, None for random weights.
    """
    if plan.style == "yolov5":
        weights: dict[str, object] = {"weights": str(init)} if init else {}
        if plan.base:
            return {"cfg": plan.recipe.base_cfg.format(scale=plan.scale), **weights}
        return {"cfg": own, **weights} if own else weights
    if init:
        return {"model": str(init)}  # the checkpoint has its YAML
    if plan.base:
        return {"model": _at_scale(f"./{plan.recipe.base_cfg}", plan.scale)}
    return {} if plan.scale == plan.recipe.scale else {"model": _at_scale(plan.recipe.model, plan.scale)}


def _at_scale(path: str, scale: str) -> str:
    """Return the name by which upstream reads a file at a scale: `yolo26s-RefConv.yaml` for `yolo26-RefConv.yaml`."""
    file = PurePosixPath(path)
    name = re.sub(r"^(yolov?\d+)", rf"\g<1>{scale}", file.name)
    return f"{path.removesuffix(file.name)}{name}"
