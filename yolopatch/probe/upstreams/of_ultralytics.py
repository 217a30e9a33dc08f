"""ultralytics 8.x, behind the face of every upstream."""

from __future__ import annotations

import importlib
from copy import deepcopy
from typing import Any, Literal

import torch
from torch import Tensor

from ...wire.facts import UpstreamInfo
from ..base.bases import read_yaml
from ..tensors.models import UpstreamModel
from ..tensors.tensors import needs_more_than_maps
from . import trainer
from .parsers import activation_kept, descends, find_class, import_first, with_its_channels

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
        with activation_kept(self.parser):
            model: UpstreamModel = self.model_class(data)(deepcopy(data), verbose=False)
        return with_its_channels(model, data)

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
        return descends(self.find_class(str(data["head"][-1][2])), self.find_class(name))

    def find_class(self, name: str) -> Any:
        """See Upstream."""
        return find_class(self.parser, name)

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


class _Outputs(Exception):
    """The head has run: nothing of the loss is needed."""

    def __init__(self, outputs: Any) -> None:
        super().__init__()
        self.outputs = outputs


def _end_with_outputs(head: torch.nn.Module, given: Any, outputs: Any) -> None:
    raise _Outputs(outputs)


class _WithZeros:
    """torch, for upstream's count of GFLOPs, which gives the model an uninitialised image.

    What a pixel of it happens to be decides what a deformable operator reads: in some runs it ends the process.
    """

    def __getattr__(self, name: str) -> Any:
        return torch.zeros if name == "empty" else getattr(torch, name)
