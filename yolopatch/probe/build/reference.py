"""The base model as the unchanged upstream builds it, in a separate process: both upstreams have one package name."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...wire.lines import write_request
from ...wire.tasks import REFERENCE
from ...wire.verification import ReferenceRequest
from ..protocol.emit import Emit
from ..tensors.tensors import count_parameters, image, layer_outputs, seed_all, tensors
from .subject import SIDE, Subject
from .upstreams import Upstream

PROBE = Path(__file__).resolve().parent.parent / "__main__.py"
TIMEOUT = 300  # seconds; it imports upstream, builds one model and runs it once


def start_reference(subject: Subject, pristine: str) -> subprocess.Popen[bytes]:
    """Start the process that builds the base model from the unchanged upstream; `read_reference` waits for it.

    It runs at the same time as the other checks: most of its time is the import of torch.

    Args:
        subject: the model under verification; it has a base.
        pristine: the folder of the unchanged upstream.
    """
    folder = subject.folder
    request = ReferenceRequest(
        workspace=pristine,
        style=subject.request.style,
        data=reference_data(subject),
        out=str(folder / "reference.pt"),
    )
    (folder / "reference.json").write_text(write_request(REFERENCE, request), encoding="utf-8")
    command = [sys.executable, str(PROBE), str(folder / "reference.json"), str(folder / "reference.answers")]
    with (folder / "reference.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def reference_data(subject: Subject) -> dict[str, Any]:
    """Return the parsed YAML that both upstreams build: the base, with the file's activation if it sets one.

    Upstream keeps an activation for every model that a process builds afterwards.
    """
    kept = {key: subject.data[key] for key in ("activation",) if key in subject.data}
    return {**subject.base_data, **kept}


def read_reference(subject: Subject, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the reference and return it: `tensors` (name: digest), `parameters`, `outputs`.

    Raises:
        RuntimeError: the unchanged upstream did not build it, or not in time; its last lines are in the message.
    """
    try:
        code = process.wait(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if code:
        log = (subject.folder / "reference.log").read_text(errors="replace")
        raise RuntimeError(f"the unchanged upstream ended with {code}: " + " | ".join(log.splitlines()[-4:]))
    found: dict[str, Any] = torch.load(subject.folder / "reference.pt", weights_only=True)
    return found


def make_reference(upstream: Upstream, request: ReferenceRequest, emit: Emit) -> None:
    """Build the model of the request's data and write its description, see `describe`, to the request's file."""
    torch.save(describe(upstream, dict(request.data)), request.out)


def describe(upstream: Upstream, data: dict[str, Any]) -> dict[str, Any]:
    """Return a model's tensors by digest, its number of parameters, and its outputs for one image, seed 0.

    The outputs are the maps that the head gets and the maps that it computes: an end-to-end head sorts and cuts its
    detections, and rounding alone may change their order.

    Returns:
        `tensors` (name: digest), `parameters` and `outputs`.
    """
    seed_all(0)
    model = upstream.build(data).eval()
    model.model[-1].training = True  # of the head alone, not of its modules: it then returns its maps
    with torch.no_grad():
        _, inputs, result = layer_outputs(model, image(model, SIDE), wanted=())
    return {
        "tensors": {name: _digest(tensor) for name, tensor in model.state_dict().items()},
        "parameters": count_parameters(model),
        "outputs": [t.clone() for t in tensors((inputs, result))],
    }


def _digest(tensor: Tensor) -> str:
    data = tensor.detach().cpu().contiguous()
    return f"{tuple(data.shape)} {data.dtype} {hashlib.sha256(data.numpy().tobytes()).hexdigest()}"
