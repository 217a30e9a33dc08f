"""Evaluate the result of a training by upstream's own code: validate its checkpoint, predict with it, export it."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch

from ...wire.training import EvaluateRequest, Exported, Prediction, Score, TrainedModel, Validated
from ..protocol.emit import Emit
from ..tensors.models import UpstreamModel
from ..tensors.tensors import count_parameters
from ..upstreams.upstream import Upstream
from .curves import draw_curves

SHOWN = 0.25  # the score from which upstream shows an object
LEAST = 0.001  # a low score, so that a model after a short training has a prediction to compare, too


class _Evaluator(Protocol):
    """Upstream's own commands for a trained checkpoint."""

    def model(self) -> UpstreamModel:
        """Load the checkpoint's model."""

    def validate(self, part: str) -> Score:
        """Validate on a part of the data: `train` or `val`."""

    def predict(self, weights: str) -> Prediction:
        """Predict on the request's image with a checkpoint or an exported file."""

    def export(self, form: str) -> Path:
        """Export to `torchscript` or `onnx`, and return the file."""


def evaluate(upstream: Upstream, request: EvaluateRequest, emit: Emit) -> None:
    """Answer with the model, its validation, a prediction and its exports, each as soon as it is known.

    Args:
        upstream: the workspace's upstream.
        request: what to evaluate, and what to draw.
        emit: gets TrainedModel, Validated, Prediction and Exported.
    """
    draw_curves(request.curves)
    evaluator = _open(upstream, request)
    emit(_contents(evaluator.model()))
    emit(Validated({part: evaluator.validate(part) for part in ("train", "val")}))
    emit(evaluator.predict(request.weights))
    emit(Exported({form: _export(evaluator, form) for form in ("torchscript", "onnx")}))


def _open(upstream: Upstream, request: EvaluateRequest) -> _Evaluator:
    return _Ultralytics(request) if upstream.style == "ultralytics" else _Yolov5(upstream, request)


def _contents(model: UpstreamModel) -> TrainedModel:
    """Count the parameters of the checkpoint's model, and its layers by class."""
    parameters = [p.detach().float() for p in model.parameters()]
    return TrainedModel(
        parameters=count_parameters(model),
        classes=Counter(type(layer).__name__ for layer in model.model),
        finite=all(bool(torch.isfinite(p).all()) for p in parameters),
    )


def _export(evaluator: _Evaluator, form: str) -> dict[str, object]:
    """Export and predict with the exported file; `error` is the reason if that fails."""
    try:
        file = evaluator.export(form)
        return {
            "file": str(file),
            "megabytes": round(file.stat().st_size / 1e6, 2),
            "predicted": asdict(evaluator.predict(str(file))),
        }
    except Exception as error:  # upstream's exporter, torch's or the model's code may raise anything
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


class _Ultralytics:
    def __init__(self, request: EvaluateRequest) -> None:
        self._yolo = importlib.import_module("ultralytics").YOLO
        self._request = request

    def model(self) -> UpstreamModel:
        model: UpstreamModel = self._yolo(self._request.weights).model
        return model

    def validate(self, part: str) -> Score:
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

    def predict(self, weights: str) -> Prediction:
        drawn = self._predicted(weights, SHOWN, save=True)
        scores = self._predicted(weights, LEAST).conf
        return Prediction(len(drawn), float(scores.max()) if len(scores) else 0.0)

    def _predicted(self, weights: str, confidence: float, **options: Any) -> Any:
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

    def export(self, form: str) -> Path:
        return Path(self._yolo(self._request.weights).export(format=form, imgsz=self._request.imgsz))


class _Yolov5:
    def __init__(self, upstream: Upstream, request: EvaluateRequest) -> None:
        self._prefix = upstream.prefix
        self._request = request

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"{self._prefix}{name}")

    def model(self) -> UpstreamModel:
        load = self._module("models.experimental").attempt_load
        model: UpstreamModel = load(self._request.weights, fuse=False)
        return model

    def validate(self, part: str) -> Score:
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

    def predict(self, weights: str) -> Prediction:
        drawn = self._predicted(weights, SHOWN)
        scores = self._predicted(weights, LEAST, nosave=True)
        return Prediction(len(drawn), max(scores, default=0.0))

    def _predicted(self, weights: str, confidence: float, **options: Any) -> list[float]:
        """Return the score of each object; upstream appends them to a file."""
        asked, name = self._request, f"predict{Path(weights).suffix}"
        labels = Path(asked.folder) / name / "labels" / f"{Path(asked.image).stem}.txt"
        labels.unlink(missing_ok=True)
        self._module("detect").run(
            weights=weights,
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
        return (
            [float(line.split()[-1]) for line in labels.read_text(encoding="utf-8").splitlines()]
            if labels.exists()
            else []
        )

    @property
    def _side(self) -> int:
        # its detection with an ONNX file needs a multiple of 64
        return math.ceil(self._request.imgsz / 64) * 64

    def export(self, form: str) -> Path:
        asked = self._request
        # its trace keeps tensors of the device that it is made on, and so predicts on no other
        device = _named(asked.device)
        self._module("export").run(
            data=asked.data, weights=asked.weights, imgsz=(self._side, self._side), include=(form,), device=device
        )
        # upstream logs an error and continues
        return Path(asked.weights).with_suffix({"torchscript": ".torchscript", "onnx": ".onnx"}[form])


def _named(device: str | None) -> str:
    return device or ""  # "" is upstream's own choice
