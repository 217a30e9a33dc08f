"""Load a checkpoint in the workspace by upstream's own loader, and describe its model."""

from __future__ import annotations

import hashlib
import io
import sys

import torch

from ...wire.checkpoints import Loaded, LoadRequest
from ..pickled.reader import TensorlessUnpickler
from ..protocol.emit import Emit
from ..upstreams.upstream import Upstream
from .harmless import require_harmless_yamls
from .saving import load_as_upstream


def load(upstream: Upstream, request: LoadRequest, emit: Emit) -> None:
    """Answer with the model that upstream's loader returns. This runs the code that the file's pickle names.

    The request's `sum` is the sha256 of the pickle that was looked into before: another pickle is not loaded.

    Raises:
        Refusal: a model's YAML in the file has strings that upstream would run, and the file is not trusted.
    """
    file = request.file
    pickled = torch._C.PyTorchFileReader(file).get_record("data.pkl")
    if hashlib.sha256(pickled).hexdigest() != request.sum:
        sys.exit("the checkpoint has changed since it was looked into")
    if not request.trust:
        require_harmless_yamls(upstream, TensorlessUnpickler(io.BytesIO(pickled), encoding="utf-8").load())
    model = load_as_upstream(upstream, file, torch.device("cpu"))
    info = upstream.info(model, 640)
    names = model.names
    emit(
        Loaded(
            model=type(model).__name__,
            layers=info.layers,
            parameters=info.parameters,
            classes=tuple(str(name) for name in (names.values() if isinstance(names, dict) else names)),
            not_finite=tuple(name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()),
        )
    )
