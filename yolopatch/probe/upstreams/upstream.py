"""One way to build a model and to ask upstream about it, for every upstream."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal, Protocol

from torch import Tensor

from ...wire.facts import UpstreamInfo
from ..tensors.models import UpstreamModel


class Upstream(Protocol):
    """An upstream, imported from the workspace.

    Attributes:
        style: which of the two kinds of upstream it is.
        package: the name of its top-level package; `models` for a clone of yolov5.
        prefix: what stands before the names of its modules: `ultralytics.`, `yolov5.`, or nothing for a clone.
        parser: its module that has parse_model.
        file: the file of that module.
    """

    style: Literal["ultralytics", "yolov5"]
    package: str
    prefix: str
    parser: ModuleType
    file: str

    def read(self, cfg: str, scale: str | None) -> dict[str, Any]:
        """Return the parsed YAML at a scale; None is the scale that upstream reads from the file's name."""

    def scale_in_name(self, stem: str) -> str:
        """Return the letter that upstream takes for the scale in a file's name without suffix; "" for none."""

    def task(self, data: dict[str, Any]) -> str:
        """Return the task of a parsed YAML: detect, segment, pose, obb or classify."""

    def guessed_task(self, data: dict[str, Any]) -> str | None:
        """Return the task that upstream takes a parsed YAML for where the user names none.

        None where it can tell none, and stops.
        """

    def model_class(self, data: dict[str, Any]) -> type[Any]:
        """Return the class of models that upstream builds around the head of a parsed YAML; each task has its own."""

    def build(self, data: dict[str, Any]) -> UpstreamModel:
        """Build the model of a parsed YAML."""

    def find_class(self, name: str) -> Any:
        """Return what parse_model uses for a class name in a YAML, None where it knows no such name."""

    def info(self, model: UpstreamModel, imgsz: int) -> UpstreamInfo:
        """Return the layers, parameters, gradients and GFLOPs (thop) that upstream prints."""

    def loss(self, model: UpstreamModel, batch: dict[str, Any]) -> Tensor:
        """Return upstream's own loss, summed to one number, of a model in train mode.

        Args:
            model: a built model.
            batch: for the model's task, see `measure.batches.make_batch`.
        """

    def set_up_training(self, model: UpstreamModel) -> None:
        """Do with a model what upstream's own trainer does with it before the first batch, in place.

        Raises:
            RuntimeError: this release's trainer cannot be asked; any exception of its code passes through.
        """

    def optimised(self, model: UpstreamModel) -> set[int] | None:
        """Return the ids of the parameters that upstream's own trainer gives to its optimizer.

        None where this release's trainer cannot be asked; any exception of its code passes through.
        """

    def rates(self, model: UpstreamModel) -> dict[str, float]:
        """Return by what upstream's own trainer multiplies the learning rate of each parameter, by name.

        Empty where it multiplies none; any exception of its code passes through.
        """

    def outputs(self, model: UpstreamModel, batch: dict[str, Any]) -> Any:
        """Return what a model whose head is in train mode gives for a batch: what the loss is computed from.

        A head that takes more than its maps gets it from upstream's loss: RT-DETR's takes the labels.

        Args:
            model, batch: as for `loss`.
        """

    def loss_of(self, model: UpstreamModel, outputs: Any, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return upstream's own loss of outputs that are given, summed to one number, and its parts, shape (parts,).

        Args:
            model: a built model in train mode; its head and its classes choose the loss.
            outputs: see `outputs`.
            batch: as for `loss`.
        """

    def init_seeds(self, seed: int) -> None:
        """Seed everything as upstream's own trainer does."""

    def takes_seed(self) -> bool:
        """Tell whether a user can choose the seed of a training."""
