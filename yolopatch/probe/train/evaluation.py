"""What came out of a training: its checkpoint validated, used on an image, and exported, all by upstream's own code."""

import importlib
import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import torch

from ...wire.training import Exported, Prediction, Score, TrainedModel, Validated
from ..tensors.tensors import count_parameters
from .curves import draw_curves

SHOWN = 0.25  # the score from which upstream shows an object
LEAST = 0.001  # from which a trained model that hardly sees anything has something to compare


def evaluate(upstream, request, emit):
    """Answer with the model, its validation, a prediction and its exports, each as soon as it is known.

    Args:
        upstream: see upstreams.
        request: what to evaluate, and what to draw.
        emit: takes TrainedModel, Validated, Prediction and Exported.
    """
    draw_curves(request.curves)
    kind = _KINDS[upstream.style](upstream, request)
    emit(_contents(kind.model()))
    emit(Validated({part: kind.validate(part) for part in ("train", "val")}))
    emit(kind.predict(request.weights))
    emit(Exported({form: _export(kind, form) for form in ("torchscript", "onnx")}))


def _contents(model):
    """Return what the checkpoint's model holds, of which the layers of each class are counted."""
    parameters = [p.detach().float() for p in model.parameters()]
    return TrainedModel(
        parameters=count_parameters(model),
        classes=Counter(type(layer).__name__ for layer in model.model),
        finite=all(bool(torch.isfinite(p).all()) for p in parameters),
    )


def _export(kind, form):
    """Export and predict with the file; `error` says why there is none."""
    try:
        file = kind.export(form)
        return {
            "file": str(file),
            "megabytes": round(file.stat().st_size / 1e6, 2),
            "predicted": asdict(kind.predict(file)),
        }
    except Exception as error:  # whatever upstream's exporter, torch's or the model's code raises
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


class _Ultralytics:
    def __init__(self, upstream, request):
        self._yolo = importlib.import_module("ultralytics").YOLO
        self._request = request

    def model(self):
        return self._yolo(self._request.weights).model

    def validate(self, part):
        asked = self._request
        found = self._yolo(asked.weights).val(
            data=asked.data,
            split=part,
            imgsz=asked.imgsz,
            device=asked.device,
            batch=8,
            workers=0,
            plots=False,
            verbose=False,
            project=asked.folder,
            name=f"val-{part}",
            exist_ok=True,
        )
        return Score(float(found.box.map50), float(found.box.map))

    def predict(self, weights):
        drawn = self._predicted(weights, SHOWN, save=True)
        scores = self._predicted(weights, LEAST).conf
        return Prediction(len(drawn), float(scores.max()) if len(scores) else 0.0)

    def _predicted(self, weights, confidence, **options):
        asked = self._request
        found = self._yolo(weights, task="detect").predict(
            asked.image,
            imgsz=asked.imgsz,
            device=asked.device,
            conf=confidence,
            verbose=False,
            project=asked.folder,
            name=f"predict{Path(weights).suffix}",
            exist_ok=True,
            **options,
        )
        return found[0].boxes

    def export(self, form):
        return Path(self._yolo(self._request.weights).export(format=form, imgsz=self._request.imgsz))


class _Yolov5:
    def __init__(self, upstream, request):
        self._prefix = upstream.prefix
        self._request = request

    def _module(self, name):
        return importlib.import_module(f"{self._prefix}{name}")

    def model(self):
        return self._module("models.experimental").attempt_load(self._request.weights, fuse=False)

    def validate(self, part):
        asked = self._request
        found = self._module("val").run(
            asked.data,
            weights=asked.weights,
            imgsz=asked.imgsz,
            device=_named(asked.device),
            task=part,
            batch_size=8,
            workers=0,
            half=False,
            plots=False,
            project=asked.folder,
            name=f"val-{part}",
            exist_ok=True,
        )
        return Score(float(found[0][2]), float(found[0][3]))

    def predict(self, weights):
        drawn = self._predicted(weights, SHOWN)
        scores = self._predicted(weights, LEAST, nosave=True)
        return Prediction(len(drawn), max(scores, default=0.0))

    def _predicted(self, weights, confidence, **options):
        """Return the score of each object; upstream writes them into a file, to which it appends."""
        asked, name = self._request, f"predict{Path(weights).suffix}"
        labels = Path(asked.folder) / name / "labels" / f"{Path(asked['image']).stem}.txt"
        labels.unlink(missing_ok=True)
        self._module("detect").run(
            weights=str(weights),
            source=asked.image,
            data=asked.data,
            imgsz=(self._side, self._side),
            device=_named(asked.device),
            conf_thres=confidence,
            save_txt=True,
            save_conf=True,
            project=asked.folder,
            name=name,
            exist_ok=True,
            **options,
        )
        return [float(line.split()[-1]) for line in labels.read_text().splitlines()] if labels.exists() else []

    @property
    def _side(self):
        # its detection by an ONNX file asks for a multiple of 64
        return math.ceil(self._request.imgsz / 64) * 64

    def export(self, form):
        asked = self._request
        self._module("export").run(
            data=asked.data, weights=asked.weights, imgsz=(self._side, self._side), include=(form,), device="cpu"
        )
        # upstream logs a failure and goes on
        return Path(asked.weights).with_suffix({"torchscript": ".torchscript", "onnx": ".onnx"}[form])


def _named(device):
    return "" if device is None else str(device)  # "" is upstream's own choice


_KINDS = {"ultralytics": _Ultralytics, "yolov5": _Yolov5}
