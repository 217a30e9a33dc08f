"""Upstream's loss of fixed outputs and fixed labels: its parts, its gradient, and the code that computed them."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from ..tensors.arithmetic import one_thread
from ..tensors.calls import mapped
from ..tensors.models import UpstreamModel
from ..tensors.tensors import tensors
from ..upstreams.upstream import Upstream
from .batches import task_batch
from .definitions import functions

_IMAGES = 2
_SPREAD = 3.0  # of the noise: boxes of many sizes, sure and unsure classes
_SIDE = 128  # pixels; labels of every size for every map, and still cheap

# the parts of a loss in upstream's order, by task (or the kind of model that has a loss of its own) and their number
_PARTS = {
    ("yolov5", "detect", 3): ("box", "obj", "cls"),
    ("ultralytics", "detect", 3): ("box", "cls", "dfl"),
    ("ultralytics", "segment", 4): ("box", "seg", "cls", "dfl"),
    ("ultralytics", "segment", 5): ("box", "seg", "cls", "dfl", "sem"),
    ("ultralytics", "pose", 5): ("box", "pose", "kobj", "cls", "dfl"),
    ("ultralytics", "pose", 6): ("box", "pose", "kobj", "cls", "dfl", "rle"),
    ("ultralytics", "obb", 3): ("box", "cls", "dfl"),
    ("ultralytics", "obb", 4): ("box", "cls", "dfl", "angle"),
    ("ultralytics", "classify", 1): ("cls",),
    ("ultralytics", "rtdetr", 3): ("giou", "class", "bbox"),
}


class LossFailed(Exception):
    """The loss raised; the exception is the cause of this one.

    Attributes:
        code: the functions that ran until then, see `describe_loss`.
    """

    def __init__(self, code: Mapping[str, list[str]]) -> None:
        super().__init__()
        self.code = code


def describe_loss(upstream: Upstream, model: UpstreamModel, data: dict[str, Any]) -> dict[str, Any]:
    """Return upstream's loss of noise in the place of a model's outputs, computed by one thread.

    Args:
        upstream: where the loss comes from.
        model: the built model of `data`, on the CPU; it is changed.
        data: its parsed YAML.

    Returns:
        `parts` (name: value), `total`, `gradient` (of every output in one row), and `code`: by file of upstream's, from
        the folder of the package, the functions that ran (`bbox_iou`, `BboxLoss.forward`). `error` alone where there
        is no synthetic batch.

    Raises:
        LossFailed: the model or the loss raised.
    """
    task = upstream.task(data)
    batch = task_batch(task, model, int(data.get("nc", 80)), _SIDE, _IMAGES)
    if batch is None:
        return {"error": f"there is no synthetic batch for the task {task}"}
    code: Callable[[], dict[str, list[str]]] = dict
    try:
        with one_thread():
            given = mapped(_noise_like(torch.Generator().manual_seed(5)), upstream.outputs(model.train(), batch))
            with _run_code(Path(upstream.file).parent.parent) as code:
                loss, parts = upstream.loss_of(model, given, batch)
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    except Exception as error:  # the loss may be the user's own
        raise LossFailed(code()) from error
    found = [tensor for tensor in tensors(given) if tensor.requires_grad]
    gradients = [(torch.zeros_like(t) if t.grad is None else t.grad).reshape(-1) for t in found]
    return {
        "parts": dict(zip(_names(upstream.style, _kind(model, task), len(parts)), parts.tolist())),
        "total": loss.item(),
        "gradient": torch.cat(gradients),
        "code": code(),
    }


def _kind(model: UpstreamModel, task: str) -> str:
    return "rtdetr" if type(model).__name__ == "RTDETRDetectionModel" else task


def _names(style: str, kind: str, count: int) -> tuple[str, ...]:
    return _PARTS.get((style, kind, count)) or tuple(f"part {number}" for number in range(1, count + 1))


def _noise_like(generator: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Return what makes noise of an output: any numbers, or numbers from 0 to 1 where all of the output's are.

    Such an output is one of a sigmoid, RT-DETR's boxes. What has no gradient stays: its queries' numbers.
    """

    def noise(tensor: Tensor) -> Tensor:
        if not tensor.is_floating_point():
            return tensor
        drawn = _SPREAD * torch.randn(tensor.shape, generator=generator)
        bounded = bool(((tensor >= 0) & (tensor <= 1)).all())
        return (drawn.sigmoid() if bounded else drawn).requires_grad_()

    return noise


@contextmanager
def _run_code(package: Path) -> Iterator[Callable[[], dict[str, list[str]]]]:
    """Note which functions of a package run; the yielded function returns their names by file.

    The files are relative to the package's folder.
    """
    root = os.path.join(os.path.realpath(package), "")
    lines: dict[str, set[int]] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            lines.setdefault(frame.f_code.co_filename, set()).add(frame.f_code.co_firstlineno)

    before = sys.getprofile()
    sys.setprofile(note)

    def names() -> dict[str, list[str]]:
        real = {os.path.realpath(file): numbers for file, numbers in lines.items()}
        inside = sorted(file for file in real if file.startswith(root))
        return {file[len(root) :].replace(os.sep, "/"): sorted(_starting_at(Path(file), real[file])) for file in inside}

    try:
        yield names
    finally:
        sys.setprofile(before)


def _starting_at(file: Path, lines: set[int]) -> set[str]:
    """Return the functions of a file that begin at these lines."""
    return {name for name, node in functions(file).items() if _first_line(node) in lines}


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
