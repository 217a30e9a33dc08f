"""yolov5 6.1 and its neighbours, behind the face of every upstream."""

from __future__ import annotations

import importlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ...wire.facts import UpstreamInfo
from ..base.bases import read_yaml
from ..tensors.models import UpstreamModel
from . import trainer
from .parsers import activation_kept, descends, find_class, with_its_channels

# v6.1 logs these figures of a model and returns nothing.
_SUMMARY = re.compile(r"(\d+) layers, (\d+) parameters, (\d+) gradients(?:, ([\d.]+) GFLOPs)?")

_SEED_OPTION = re.compile(r"""add_argument\(\s*["']--seed\b""")  # of train.py, since 6.2


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
        return descends(self.find_class(str(data["head"][-1][2])), self.find_class("Segment"))

    def build(self, data: dict[str, Any]) -> UpstreamModel:
        """See Upstream."""
        with activation_kept(self.parser):
            model: UpstreamModel = self.model_class(data)(deepcopy(data), ch=3)
        return with_its_channels(model, data)

    def find_class(self, name: str) -> Any:
        """See Upstream."""
        return find_class(self.parser, name)

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
