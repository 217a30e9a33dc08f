"""`graph`: the layers of a model as they are built and run, and how they correspond to the base's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ...wire.figures import INSERTED, REPLACED, SAME, GraphAnswer, GraphLayer, GraphRequest
from ..base.rows import Row
from ..build.failures import build_request, explained
from ..build.subject import Subject, shapes
from ..checkpoint.base_checkpoint import read_with_model
from ..checkpoint.harmless import require_harmless
from ..protocol.emit import Emit
from ..tensors.models import UpstreamModel
from ..tensors.tensors import count_parameters, image, layer_outputs
from ..upstreams.upstream import Upstream


def describe(upstream: Upstream, request: GraphRequest, emit: Emit) -> None:
    """Answer with the layers of the model and of its base, each run once on one image."""
    cfg = request.cfg or request.weights
    subject = _open(upstream, request, cfg)
    with explained(upstream, request, cfg, request.scale or None):
        layers = _layers(subject.model, subject.rows, subject.imgsz)
        base: tuple[GraphLayer, ...] = ()
        if subject.found_base is not None:
            layers = tuple(_marked(layer, subject) for layer in layers)
            base = _layers(subject.required_base_model, subject.base_rows, subject.imgsz)
    name = subject.found_base.file.name if subject.found_base else ""
    emit(GraphAnswer(layers, base, name, str(subject.data.get("scale") or request.scale), subject.imgsz))


def _open(upstream: Upstream, request: GraphRequest, cfg: str) -> Subject:
    asked = replace(build_request(request, cfg, request.scale), imgsz=request.imgsz)
    subject = Subject(upstream, asked)
    if request.weights:
        _, subject.data = read_with_model(request.weights, "name the YAML of the model in place of the checkpoint")
        require_harmless(upstream, subject.data)
        subject.scale = str(subject.data.get("scale") or "")
        subject.cfg = Path(str(subject.data.get("yaml_file") or cfg))  # its name decides between bases alike
    return subject


@torch.no_grad()
def _layers(model: UpstreamModel, rows: list[Row], imgsz: int) -> tuple[GraphLayer, ...]:
    returned = layer_outputs(model, image(model, imgsz))[0]
    return tuple(
        GraphLayer(
            index=layer.i,
            sources=row.sources,
            kind=layer.type.rpartition(".")[2],
            shapes=tuple(tuple(shape[1:]) for shape in shapes(returned.get(layer.i))),
            parameters=count_parameters(layer),
        )
        for layer, row in zip(model.model, rows)
    )


def _marked(layer: GraphLayer, subject: Subject) -> GraphLayer:
    base = subject.alignment.base_of[layer.index]
    how = SAME if layer.index not in subject.replaced else INSERTED if base is None else REPLACED
    return replace(layer, how=how, base=base)
