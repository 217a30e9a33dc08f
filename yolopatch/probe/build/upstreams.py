"""One way to build a model and to ask upstream about it, for every upstream."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from ...wire.facts import UpstreamInfo
from ..base.bases import read_yaml
from ..tensors.models import UpstreamModel
from ..tensors.tensors import CHANNEL_KEYS, needs_more_than_maps
from . import trainer

# v6.1 logs these figures of a model and returns nothing.
_SUMMARY = re.compile(r"(\d+) layers, (\d+) parameters, (\d+) gradients(?:, ([\d.]+) GFLOPs)?")

_SEED_OPTION = re.compile(r"""add_argument\(\s*["']--seed\b""")  # of train.py, since 6.2

_MODELS = {  # of tasks; early releases do not have all of them
    "segment": "SegmentationModel",
    "pose": "PoseModel",
    "obb": "OBBModel",
    "classify": "ClassificationModel",
}
_TASKS_OF_HEADS = {"Segment": "segment", "Pose": "pose", "OBB": "obb", "Classify": "classify"}
# The heads for which upstream has a class of models of its own; a subclass of another on the list stands before it.
_MODELS_OF_HEADS = {
    "RTDETRDecoder": "RTDETRDetectionModel",
    "YOLOESegment": "YOLOESegModel",
    "YOLOEDetect": "YOLOEModel",
    "WorldDetect": "WorldModel",
}


class Upstream(Protocol):
    """An upstream, imported from the workspace.

    Attributes:
        style: which of the two kinds of upstream it is.
        package: the name of its top-level package; `models` for a clone of yolov5.
        prefix: what stands before the names of its modules: `ultralytics.`, `yolov5.`, or nothing for a clone.
        parser: its module that has parse_model.
        file: the file of that module.
    """

    style: Literal["ultralytics", "yolov5"]
    package: str
    prefix: str
    parser: ModuleType
    file: str

    def read(self, cfg: str, scale: str | None) -> dict[str, Any]:
        """Return the parsed YAML at a scale; None is the scale that upstream reads from the file's name."""

    def scale_in_name(self, stem: str) -> str:
        """Return the letter that upstream takes for the scale in a file's name without suffix; "" for none."""

    def task(self, data: dict[str, Any]) -> str:
        """Return the task of a parsed YAML: detect, segment, pose, obb or classify."""

    def guessed_task(self, data: dict[str, Any]) -> str | None:
        """Return the task that upstream takes a parsed YAML for where the user names none.

        None where it can tell none, and stops.
        """

    def model_class(self, data: dict[str, Any]) -> type[Any]:
        """Return the class of models that upstream builds around the head of a parsed YAML; each task has its own."""

    def build(self, data: dict[str, Any]) -> UpstreamModel:
        """Build the model of a parsed YAML."""

    def find_class(self, name: str) -> Any:
        """Return what parse_model uses for a class name in a YAML, None where it knows no such name."""

    def info(self, model: UpstreamModel, imgsz: int) -> UpstreamInfo:
        """Return the layers, parameters, gradients and GFLOPs (thop) that upstream prints."""

    def loss(self, model: UpstreamModel, batch: dict[str, Any]) -> Tensor:
        """Return upstream's own loss, summed to one number, of a model in train mode.

        Args:
            model: a built model.
            batch: for the model's task, see `measure.batches.make_batch`.
        """

    def set_up_training(self, model: UpstreamModel) -> None:
        """Do with a model what upstream's own trainer does with it before the first batch, in place.

        Raises:
            RuntimeError: this release's trainer cannot be asked; any exception of its code passes through.
        """

    def optimised(self, model: UpstreamModel) -> set[int] | None:
        """Return the ids of the parameters that upstream's own trainer gives to its optimizer.

        None where this release's trainer cannot be asked; any exception of its code passes through.
        """

    def rates(self, model: UpstreamModel) -> dict[str, float]:
        """Return by what upstream's own trainer multiplies the learning rate of each parameter, by name.

        Empty where it multiplies none; any exception of its code passes through.
        """

    def outputs(self, model: UpstreamModel, batch: dict[str, Any]) -> Any:
        """Return what a model whose head is in train mode gives for a batch: what the loss is computed from.

        A head that takes more than its maps gets it from upstream's loss: RT-DETR's takes the labels.

        Args:
            model, batch: as for `loss`.
        """

    def loss_of(self, model: UpstreamModel, outputs: Any, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return upstream's own loss of outputs that are given, summed to one number, and its parts, shape (parts,).

        Args:
            model: a built model in train mode; its head and its classes choose the loss.
            outputs: see `outputs`.
            batch: as for `loss`.
        """

    def init_seeds(self, seed: int) -> None:
        """Seed everything as upstream's own trainer does."""

    def takes_seed(self) -> bool:
        """Tell whether a user can choose the seed of a training."""


class _Outputs(Exception):
    """The head has run: nothing of the loss is needed."""

    def __init__(self, outputs: Any) -> None:
        super().__init__()
        self.outputs = outputs


def _end_with_outputs(head: torch.nn.Module, given: Any, outputs: Any) -> None:
    raise _Outputs(outputs)


class Ultralytics:
    """ultralytics 8.x."""

    style: Literal["ultralytics", "yolov5"] = "ultralytics"
    package = "ultralytics"
    prefix = "ultralytics."

    def __init__(self) -> None:
        self.parser = importlib.import_module("ultralytics.nn.tasks")
        self.file = str(self.parser.__file__)
        self._utils = import_first("ultralytics.utils.torch_utils", "ultralytics.yolo.utils.torch_utils")
        vars(self._utils)["torch"] = _WithZeros()
        self._config = import_first("ultralytics.cfg", "ultralytics.yolo.cfg", "ultralytics.yolo.configs")

    def read(self, cfg: str, scale: str | None) -> dict[str, Any]:
        """See Upstream."""
        if scale is None:
            data: dict[str, Any] = self.parser.yaml_model_load(cfg)
            return data
        return {**read_yaml(cfg), "scale": scale, "yaml_file": cfg}

    def scale_in_name(self, stem: str) -> str:
        """See Upstream."""
        guess = getattr(self.parser, "guess_model_scale", None)  # the first releases had one file for each scale
        return (guess(f"{stem}.yaml") if guess else None) or ""

    def task(self, data: dict[str, Any]) -> str:
        """See Upstream."""
        for name, task in _TASKS_OF_HEADS.items():
            if self._has_head(data, name):
                return task
        return self.guessed_task(data) or "detect"

    def guessed_task(self, data: dict[str, Any]) -> str | None:
        """See Upstream; an entry point of a head's own (RTDETR) needs no guess."""
        guess = getattr(self.parser, "guess_model_task", None)
        if guess is None:  # the first releases have it elsewhere
            return _TASKS_OF_HEADS.get(str(data["head"][-1][2]), "detect")
        return guess(data) or ("detect" if self._class_of_head(data) else None)

    def model_class(self, data: dict[str, Any]) -> type[Any]:
        """See Upstream."""
        cls: type[Any] = self._class_of_head(data) or getattr(
            self.parser, _MODELS.get(self.task(data), "DetectionModel")
        )
        return cls

    def build(self, data: dict[str, Any]) -> UpstreamModel:
        """See Upstream."""
        with _activation_kept(self.parser):
            model: UpstreamModel = self.model_class(data)(deepcopy(data), verbose=False)
        return _with_its_channels(model, data)

    def _class_of_head(self, data: dict[str, Any]) -> Any:
        """Return the class of models that upstream itself builds around a head, None where the task decides.

        Upstream's own entry points (RTDETR, YOLOWorld, YOLOE) choose it, and the head needs it: its forward has another
        form, or its loss.
        """
        for name, model in _MODELS_OF_HEADS.items():
            if self._has_head(data, name):
                return getattr(self.parser, model)
        return None

    def _has_head(self, data: dict[str, Any], name: str) -> bool:
        return _descends(self.find_class(str(data["head"][-1][2])), self.find_class(name))

    def find_class(self, name: str) -> Any:
        """See Upstream."""
        return _find_class(self.parser, name)

    def info(self, model: UpstreamModel, imgsz: int) -> UpstreamInfo:
        """See Upstream."""
        layers, parameters, gradients, gflops = self._utils.model_info(model, imgsz=imgsz)
        return UpstreamInfo(layers, parameters, gradients, gflops)

    def loss(self, model: UpstreamModel, batch: dict[str, Any]) -> Tensor:
        """See Upstream."""
        self._give_settings(model)
        loss: Tensor = model.loss(batch)[0].sum()
        return loss

    def outputs(self, model: UpstreamModel, batch: dict[str, Any]) -> Any:
        """See Upstream."""
        if not needs_more_than_maps(model):
            return model(batch["img"])
        self._give_settings(model)
        hook = model.model[-1].register_forward_hook(_end_with_outputs)
        try:
            model.loss(batch)
        except _Outputs as found:
            return found.outputs
        finally:
            hook.remove()
        raise RuntimeError("upstream's loss did not run the model's head")

    def loss_of(self, model: UpstreamModel, outputs: Any, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """See Upstream."""
        self._give_settings(model)
        loss, parts = model.loss(batch, outputs)
        return loss.sum(), parts.detach().reshape(-1)

    def _give_settings(self, model: UpstreamModel) -> None:
        if isinstance(getattr(model, "args", None), (dict, type(None))):
            model.args = self._config.get_cfg()
        if not hasattr(model, "nc"):  # set by upstream's trainers; the loss of RT-DETR reads it
            model.nc = model.yaml["nc"]

    def init_seeds(self, seed: int) -> None:
        """See Upstream."""
        self._utils.init_seeds(seed)

    def takes_seed(self) -> bool:
        """See Upstream."""
        return True

    def set_up_training(self, model: UpstreamModel) -> None:
        """See Upstream."""
        trainer.set_up(self._config.get_cfg(), model)

    def optimised(self, model: UpstreamModel) -> set[int] | None:
        """See Upstream."""
        return trainer.optimised(self._config.get_cfg(), model)

    def rates(self, model: UpstreamModel) -> dict[str, float]:
        """See Upstream."""
        return trainer.rates(self._config.get_cfg(), model)


class Yolov5:
    """yolov5 6.1, from a clone (`models.yolo`) or repackaged (`yolov5.models.yolo`)."""

    style: Literal["ultralytics", "yolov5"] = "yolov5"

    def __init__(self, prefix: str) -> None:
        _provide_font()
        self.prefix = prefix
        self.package = prefix.rstrip(".") or "models"
        self.parser = importlib.import_module(f"{prefix}models.yolo")
        self.file = str(self.parser.__file__)
        self._utils = importlib.import_module(f"{prefix}utils.torch_utils")
        self._losses = importlib.import_module(f"{prefix}utils.loss")

    def read(self, cfg: str, scale: str | None) -> dict[str, Any]:
        """See Upstream; the multiples of depth and width are in the file, so the scale is not used."""
        return read_yaml(cfg)

    def scale_in_name(self, stem: str) -> str:
        """See Upstream; these releases take none from it."""
        return ""

    def task(self, data: dict[str, Any]) -> str:
        """See Upstream; since 7.0 there are heads for masks."""
        return "segment" if self._has_masks(data) else "detect"

    def guessed_task(self, data: dict[str, Any]) -> str | None:
        """See Upstream."""
        return self.task(data)

    def model_class(self, data: dict[str, Any]) -> type[Any]:
        """See Upstream; since 7.0 there is one for masks."""
        cls: type[Any] = self.parser.SegmentationModel if self._has_masks(data) else self.parser.Model
        return cls

    def _has_masks(self, data: dict[str, Any]) -> bool:
        return _descends(self.find_class(str(data["head"][-1][2])), self.find_class("Segment"))

    def build(self, data: dict[str, Any]) -> UpstreamModel:
        """See Upstream."""
        with _activation_kept(self.parser):
            model: UpstreamModel = self.model_class(data)(deepcopy(data), ch=3)
        return _with_its_channels(model, data)

    def find_class(self, name: str) -> Any:
        """See Upstream."""
        return _find_class(self.parser, name)

    def info(self, model: UpstreamModel, imgsz: int) -> UpstreamInfo:
        """See Upstream."""
        lines = _Lines()
        self._utils.LOGGER.addHandler(lines)
        try:
            self._utils.model_info(model, False, imgsz)  # releases name the side in two ways
        finally:
            self._utils.LOGGER.removeHandler(lines)
        return _read_summary("\n".join(lines.texts))

    def loss(self, model: UpstreamModel, batch: dict[str, Any]) -> Tensor:
        """See Upstream.

        Args:
            model: a built model.
            batch: `img` (B, 3, H, W), `batch_idx` (N,), `cls` (N, 1), `bboxes` (N, 4) as centre and size from 0 to 1;
                and `masks` (B, H/4, W/4) where the head makes masks, as segment/train.py has them.
        """
        return self.loss_of(model, self.outputs(model, batch), batch)[0]

    def outputs(self, model: UpstreamModel, batch: dict[str, Any]) -> Any:
        """See Upstream."""
        return model(batch["img"])

    def loss_of(self, model: UpstreamModel, outputs: Any, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """See Upstream."""
        if not hasattr(model, "hyp"):
            model.hyp = self._hyperparameters(model, batch["img"].shape[-1])
        targets = torch.cat((batch["batch_idx"].view(-1, 1), batch["cls"].view(-1, 1), batch["bboxes"]), 1)
        with _integer_clamp():
            if self._has_masks(model.yaml):
                of_masks = importlib.import_module(f"{self.prefix}utils.segment.loss")
                loss, parts = of_masks.ComputeLoss(model, overlap=True)(outputs, targets, batch["masks"])
            else:
                loss, parts = self._losses.ComputeLoss(model)(outputs, targets)
        return loss.sum(), parts.detach().reshape(-1)

    def init_seeds(self, seed: int) -> None:
        """See Upstream."""
        importlib.import_module(f"{self.prefix}utils.general").init_seeds(seed)

    def takes_seed(self) -> bool:
        """See Upstream; nothing is said of a checkout without train.py."""
        file = self._train
        return not file.is_file() or bool(_SEED_OPTION.search(file.read_text("utf-8", "replace")))

    def set_up_training(self, model: UpstreamModel) -> None:
        """See Upstream."""
        trainer.run_freezing(self._train, model)

    def optimised(self, model: UpstreamModel) -> set[int] | None:
        """See Upstream."""
        return trainer.sorted_for_optimiser(self._train, model)

    def rates(self, model: UpstreamModel) -> dict[str, float]:
        """See Upstream; these releases give every parameter the same."""
        return {}

    @property
    def _train(self) -> Path:
        return Path(self.file).parent.parent / "train.py"

    def _hyperparameters(self, model: UpstreamModel, side: int) -> dict[str, Any]:
        """Return upstream's default gains, scaled as its train.py does."""
        gains = read_yaml(Path(self.file).parent.parent / "data" / "hyps" / "hyp.scratch-low.yaml")
        levels = 3 / model.model[-1].nl
        gains["box"] *= levels
        gains["cls"] *= model.model[-1].nc / 80 * levels
        gains["obj"] *= (side / 640) ** 2 * levels
        gains["label_smoothing"] = 0.0
        return gains


def open_upstream(style: str) -> Upstream:
    """Import the workspace's upstream.

    Args:
        style: `ultralytics`, `yolov5`, or `yolov5-package`.
    """
    if style == "ultralytics":
        return Ultralytics()
    return Yolov5("yolov5." if style == "yolov5-package" else "")


@contextmanager
def _activation_kept(parser: ModuleType) -> Iterator[None]:
    """Take back what a file's `activation` sets: upstream leaves it on its class, for each model that follows."""
    classes = [found for found in vars(parser).values() if isinstance(found, type) and "default_act" in vars(found)]
    kept = [(found, vars(found)["default_act"]) for found in classes]
    try:
        yield
    finally:
        for found, activation in kept:
            setattr(found, "default_act", activation)  # noqa: B010  a type has no such attribute for mypy


class _WithZeros:
    """torch, for upstream's count of GFLOPs, which gives the model an uninitialised image.

    What a pixel of it happens to be decides what a deformable operator reads: in some runs it ends the process.
    """

    def __getattr__(self, name: str) -> Any:
        return torch.zeros if name == "empty" else getattr(torch, name)


def _with_its_channels(model: UpstreamModel, data: Mapping[str, Any]) -> UpstreamModel:
    """Leave in a model's YAML the one key for the channels of its images that upstream itself writes.

    Releases have one of two; what a file says under the other is nothing to them, and must be nothing to a check.
    """
    written = [key for key in CHANNEL_KEYS if key in model.yaml and model.yaml[key] != data.get(key)]
    if written:
        for key in set(CHANNEL_KEYS) - set(written):
            model.yaml.pop(key, None)
    return model


def import_first(*names: str) -> ModuleType:
    """Import the first of several modules that the tree has: releases have one in different places."""
    return importlib.import_module(next((name for name in names if _is_there(name)), names[0]))


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # nor is the package that it would be in
        return False


def _find_class(parser: ModuleType, name: str) -> Any:
    if name.startswith("nn."):
        return getattr(torch.nn, name[3:], None)
    return getattr(parser, name, None)


def _descends(head: object, of_upstream: object) -> bool:
    """Return whether the class of a head is this class of upstream's, or inherits from it."""
    return isinstance(head, type) and isinstance(of_upstream, type) and issubclass(head, of_upstream)


def _read_summary(text: str) -> UpstreamInfo:
    found = _SUMMARY.search(text)
    if found is None:
        raise RuntimeError(f"upstream's model_info logged no summary of the model: {text[:200]!r}")
    layers, parameters, gradients = map(int, found.group(1, 2, 3))
    return UpstreamInfo(layers, parameters, gradients, float(found.group(4)) if found.group(4) else None)


@contextmanager
def _integer_clamp() -> Iterator[None]:
    """Let v6.1's loss clamp integers with bounds that are float tensors, which torch has refused since 1.10.

    The bounds are whole numbers, so nothing changes but the type.
    """
    original = torch.Tensor.clamp_

    def clamp_(tensor: Tensor, min: Any = None, max: Any = None) -> Tensor:  # torch's own argument names
        if not tensor.is_floating_point():
            min, max = (int(b) if isinstance(b, Tensor) else b for b in (min, max))
        return original(tensor, min, max)

    setattr(torch.Tensor, "clamp_", clamp_)  # noqa: B010  an assignment would not match torch's overloads
    try:
        yield
    finally:
        setattr(torch.Tensor, "clamp_", original)  # noqa: B010  as above


class _Lines(logging.Handler):
    """Keeps what upstream logs: v6.1 gives its figures in no other way."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _provide_font() -> None:
    """Put a font where v6.1 looks for Arial.ttf, which it would download while it is imported."""
    import matplotlib

    font = Path(os.environ["YOLOV5_CONFIG_DIR"]) / "Arial.ttf"
    if not font.exists():
        font.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", font)
