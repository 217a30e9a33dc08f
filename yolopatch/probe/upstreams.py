"""One way to build a model and to ask upstream about it, whichever upstream it is."""

import importlib
import logging
import os
import re
import shutil
from pathlib import Path

# What v6.1 logs of a model; it returns nothing.
_SUMMARY = re.compile(r"(\d+) layers, (\d+) parameters, (\d+) gradients(?:, ([\d.]+) GFLOPs)?")


class Ultralytics:
    """ultralytics 8.x, imported from the workspace."""

    def __init__(self):
        self._tasks = importlib.import_module("ultralytics.nn.tasks")
        self._utils = importlib.import_module("ultralytics.utils.torch_utils")
        self.file = self._tasks.__file__

    def build(self, cfg, scale):
        """Build the detection model of a YAML at a scale (None: what upstream takes from the file's name)."""
        data = self._tasks.yaml_model_load(cfg)
        if scale:
            data["scale"] = scale
        return self._tasks.DetectionModel(data, verbose=False)

    def info(self, model, imgsz):
        """Return the layers, parameters, gradients and GFLOPs (thop) that upstream prints."""
        layers, parameters, gradients, gflops = self._utils.model_info(model, imgsz=imgsz)
        return {"layers": layers, "parameters": parameters, "gradients": gradients, "gflops": gflops}


class Yolov5:
    """yolov5 6.1, from a clone (`models.yolo`) or repackaged (`yolov5.models.yolo`)."""

    def __init__(self, prefix):
        _provide_font()
        self._yolo = importlib.import_module(f"{prefix}models.yolo")
        self._utils = importlib.import_module(f"{prefix}utils.torch_utils")
        self.file = self._yolo.__file__

    def build(self, cfg, scale):
        """Build the model of a YAML; its multiples are in the file, so there is no scale to choose."""
        return self._yolo.Model(cfg, ch=3)

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
        return {"layers": layers, "parameters": parameters, "gradients": gradients, "gflops": gflops}


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
