"""One way to build a model and to ask upstream about it, whichever upstream it is."""

import importlib
import logging
import os
import re
import shutil
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import torch

from ...wire.facts import UpstreamInfo
from .bases import read_yaml

# What v6.1 logs of a model; it returns nothing.
_SUMMARY = re.compile(r"(\d+) layers, (\d+) parameters, (\d+) gradients(?:, ([\d.]+) GFLOPs)?")


class Ultralytics:
    """ultralytics 8.x, imported from the workspace."""

    style = "ultralytics"
    package = "ultralytics"

    def __init__(self):
        self.tasks = importlib.import_module("ultralytics.nn.tasks")
        self._utils = importlib.import_module("ultralytics.utils.torch_utils")
        self._config = importlib.import_module("ultralytics.cfg")
        self.file = self.tasks.__file__

    def read(self, cfg, scale):
        """Return the parsed YAML at a scale; with None, the file and the scale that upstream takes by the name."""
        if scale is None:
            return self.tasks.yaml_model_load(cfg)
        return {**read_yaml(cfg), "scale": scale, "yaml_file": str(cfg)}

    def task(self, data):
        """Return what the model is for: detect, segment, pose, obb or classify."""
        return self.tasks.guess_model_task(data) or "detect"

    def build(self, data):
        """Build the model of a parsed YAML."""
        classes = {
            "segment": self.tasks.SegmentationModel,
            "pose": self.tasks.PoseModel,
            "obb": self.tasks.OBBModel,
            "classify": self.tasks.ClassificationModel,
        }
        return classes.get(self.task(data), self.tasks.DetectionModel)(deepcopy(data), verbose=False)

    def find_class(self, name):
        """Return the class that parse_model takes for a name in a YAML, None where there is none."""
        if name.startswith("nn."):
            return getattr(torch.nn, name[3:], None)
        return getattr(self.tasks, name, None)

    def info(self, model, imgsz):
        """Return the layers, parameters, gradients and GFLOPs (thop) that upstream prints."""
        layers, parameters, gradients, gflops = self._utils.model_info(model, imgsz=imgsz)
        return UpstreamInfo(layers, parameters, gradients, gflops)

    def loss(self, model, batch):
        """Return upstream's own loss, summed to one number, of a model in train mode.

        Args:
            model: a built model.
            batch: of the model's task, as batches.make_batch gives it.
        """
        if isinstance(getattr(model, "args", None), (dict, type(None))):
            model.args = self._config.get_cfg()
        return model.loss(batch)[0].sum()


class Yolov5:
    """yolov5 6.1, from a clone (`models.yolo`) or repackaged (`yolov5.models.yolo`)."""

    style = "yolov5"

    def __init__(self, prefix):
        _provide_font()
        self.prefix = prefix
        self.package = prefix.rstrip(".") or "models"
        self.yolo = importlib.import_module(f"{prefix}models.yolo")
        self._utils = importlib.import_module(f"{prefix}utils.torch_utils")
        self._losses = importlib.import_module(f"{prefix}utils.loss")
        self.file = self.yolo.__file__

    def read(self, cfg, scale):
        """Return the parsed YAML; its multiples are in the file, so there is no scale to choose."""
        return read_yaml(cfg)

    def task(self, data):
        """Return what the model is for: these releases detect."""
        return "detect"

    def build(self, data):
        """Build the model of a parsed YAML."""
        return self.yolo.Model(deepcopy(data), ch=3)

    def find_class(self, name):
        """Return the class that parse_model takes for a name in a YAML, None where there is none."""
        if name.startswith("nn."):
            return getattr(torch.nn, name[3:], None)
        return getattr(self.yolo, name, None)

    def info(self, model, imgsz):
        """Return the layers, parameters, gradients and GFLOPs (thop) that upstream prints."""
        lines = _Lines()
        self._utils.LOGGER.addHandler(lines)
        try:
            self._utils.model_info(model, img_size=imgsz)
        finally:
            self._utils.LOGGER.removeHandler(lines)
        found = _SUMMARY.search("\n".join(lines.texts))
        layers, parameters, gradients = map(int, found.group(1, 2, 3))
        gflops = float(found.group(4)) if found.group(4) else None
        return UpstreamInfo(layers, parameters, gradients, gflops)

    def loss(self, model, batch):
        """Return upstream's own loss, as one number, of a model in train mode.

        Args:
            model: a built model.
            batch: `img` (B, 3, H, W), `batch_idx` (N,), `cls` (N, 1), `bboxes` (N, 4) as centre and size from 0 to 1.
        """
        if not hasattr(model, "hyp"):
            model.hyp = self._hyperparameters(model, batch["img"].shape[-1])
        targets = torch.cat((batch["batch_idx"].view(-1, 1), batch["cls"].view(-1, 1), batch["bboxes"]), 1)
        outputs = model(batch["img"])
        with _integer_clamp():
            return self._losses.ComputeLoss(model)(outputs, targets)[0].sum()

    def _hyperparameters(self, model, side):
        """Return upstream's default gains, scaled as its train.py does."""
        file = Path(self.file).parent.parent / "data" / "hyps" / "hyp.scratch-low.yaml"
        gains = read_yaml(file)
        levels = 3 / model.model[-1].nl
        gains["box"] *= levels
        gains["cls"] *= model.model[-1].nc / 80 * levels
        gains["obj"] *= (side / 640) ** 2 * levels
        gains["label_smoothing"] = 0.0
        return gains


@contextmanager
def _integer_clamp():
    """Let v6.1's loss clamp integers with bounds that are float tensors, which torch has refused since 1.10.

    The bounds are whole numbers, so nothing changes but the type.
    """
    original = torch.Tensor.clamp_

    def clamp_(tensor, min=None, max=None):  # torch's own names
        if not tensor.is_floating_point():
            min, max = (int(b) if isinstance(b, torch.Tensor) else b for b in (min, max))
        return original(tensor, min, max)

    torch.Tensor.clamp_ = clamp_
    try:
        yield
    finally:
        torch.Tensor.clamp_ = original


class _Lines(logging.Handler):
    """Keeps what upstream logs: v6.1 gives its figure in no other way."""

    def __init__(self):
        super().__init__(level=logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


def _provide_font():
    """Put a font where v6.1 looks for Arial.ttf, which it would download while being imported."""
    import matplotlib

    font = Path(os.environ["YOLOV5_CONFIG_DIR"]) / "Arial.ttf"
    if not font.exists():
        font.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", font)


def open_upstream(style):
    """Import the workspace's upstream: `ultralytics`, `yolov5`, or `yolov5-package`."""
    if style == "ultralytics":
        return Ultralytics()
    return Yolov5("yolov5." if style == "yolov5-package" else "")
