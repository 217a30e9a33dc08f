"""The model that is verified, and its base: built once, and shared by all checks."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from ...wire.verification import VerifyRequest
from ..base.bases import Base, find_base, read_base
from ..base.rows import Alignment, Row, rows_of
from ..base.settings import Settings, settings_of
from ..tensors.models import UpstreamModel
from ..tensors.plain_tensors import FirstCalls, plain_tensors
from ..tensors.tensors import calibrate, image, layer_index, seed_all, tensors
from ..upstreams.upstream import Upstream
from .arguments import Recorder
from .reference_process import ReferenceProcess

SIDE = 128  # pixels; the coarsest map (stride 32) is then 4 x 4: small and cheap, yet not a single point


class Subject:
    """One YAML at one scale, the model that it builds, and the base model that it was made from.

    `model`, `base` and `calibrated` are shared by all checks: read them, run them in eval, never change them.
    `fresh()` returns a copy that the caller may change.

    Attributes:
        upstream: how to build models and to ask upstream about them.
        request: what the parent asked for.
        cfg: the file of the YAML.
        scale: a letter; "" for a file without scales.
        folder: a folder for the files of the checks.
        device: where the models are.
        facts: what the report shows besides the checks; a check may add to it.
        reference: the process that was asked for the base from the unchanged upstream; None where none was.
        reference_error: why none was.
        threads: how many threads compute.
    """

    def __init__(self, upstream: Upstream, request: VerifyRequest, cfg: Path | None = None) -> None:
        self.upstream = upstream
        self.request = request
        self.cfg = cfg or Path(request.cfg)
        self.scale = request.scale
        self.folder = Path(request.folder)
        self.device = torch.device(request.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.facts: dict[str, Any] = {}
        self.reference: ReferenceProcess | None = None
        self.reference_error = "no base was found"
        self.threads = torch.get_num_threads()
        self._constructed: dict[int, set[str]] = {}

    @cached_property
    def data(self) -> dict[str, Any]:
        """The parsed YAML at the scale."""
        return self._scaled(self.upstream.read(str(self.cfg), self.scale))

    @cached_property
    def found_base(self) -> Base | None:
        """Upstream's own YAML that the file was made from, None where no file is like it."""
        if self.request.base:
            return read_base(self.request.base, self.data)
        foreign = () if self.request.pristine else self.request.foreign
        root, unedited = self.request.pristine or self.request.workspace, self.request.unedited
        roots = (root, unedited) if unedited else (root,)
        return find_base(roots, self.data, self.cfg.name, self.upstream.model_class, foreign)

    @property
    def required_base(self) -> Base:
        """Upstream's own YAML that the file was made from.

        Raises:
            LookupError: no file is like it; where that may be, ask `found_base`.
        """
        if self.found_base is None:
            raise LookupError(f"{self.cfg.name} has no base")
        return self.found_base

    @cached_property
    def base_data(self) -> dict[str, Any]:
        """The base's parsed YAML at this scale and with this number of classes. Raises LookupError without a base."""
        data = self.upstream.read(str(self.required_base.file), self.scale)
        data["nc"] = self.data.get("nc", data.get("nc"))
        if "scales" not in data:
            data.update({key: self.data[key] for key in ("depth_multiple", "width_multiple") if key in self.data})
        return self._scaled(data)

    def _scaled(self, data: dict[str, Any]) -> dict[str, Any]:
        """Give a yolov5 file the multiples of the asked scale where the parent sends them."""
        data.update(self.request.multiples or {})
        return data

    @cached_property
    def imgsz(self) -> int:
        """The side that was asked for, or the next multiple of the coarsest stride: upstream rounds up in this way."""
        stride = int(max(self.model.stride))
        return math.ceil(self.request.imgsz / stride) * stride

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the YAML."""
        return rows_of(self.data)

    @cached_property
    def base_rows(self) -> list[Row]:
        """The rows of the base's YAML. Raises LookupError without a base."""
        return rows_of(self.base_data)

    @property
    def alignment(self) -> Alignment:
        """How the rows of both files correspond. Raises LookupError without a base."""
        return self.required_base.alignment

    @property
    def model(self) -> UpstreamModel:
        """The model under verification, seed 0, on the device, in eval. Read only."""
        return self._built[0]

    @property
    def arguments(self) -> Recorder:
        """What parse_model called the layers of `model` with."""
        return self._built[1]

    @cached_property
    def _built(self) -> tuple[UpstreamModel, Recorder]:
        with FirstCalls() as first:
            built = self._build_recorded(self.data)
        self._constructed = {index: first.constructed(layer) for index, layer in enumerate(built[0].model)}
        return built

    @property
    def base(self) -> UpstreamModel | None:
        """The base model, seed 0, on the device, in eval; None without a base. Read only."""
        return None if self.found_base is None else self._built_base[0]

    @property
    def required_base_model(self) -> UpstreamModel:
        """The base model. Raises LookupError without a base."""
        return self._built_base[0]

    @property
    def base_arguments(self) -> Recorder:
        """What parse_model called the layers of `base` with. Raises LookupError without a base."""
        return self._built_base[1]

    @cached_property
    def _built_base(self) -> tuple[UpstreamModel, Recorder]:
        return self._build_recorded(self.base_data)

    @cached_property
    def settings(self) -> Settings:
        """The keys next to the file's rows that make other layers than the base's. Raises LookupError without one."""

        def build(data: dict[str, Any]) -> UpstreamModel:
            return self.build(data).to(self.device).eval()

        return settings_of(self.data, self.base_data, self.required_base_model, build)

    def made_by_forward(self, model: UpstreamModel, index: int) -> set[str]:
        """Return the names, in a layer, of the unregistered tensors that no constructor made: caches of forward.

        Args:
            model: a build of the file.
            index: of the layer.
        """
        assert self.model is not None  # it was built
        return {one.name for one in plain_tensors(model.model[index])} - self._constructed[index]

    def _build_recorded(self, data: dict[str, Any]) -> tuple[UpstreamModel, Recorder]:
        with Recorder() as recorder:
            model = self.build(data)
        return model.to(self.device).eval(), recorder

    def build(self, data: dict[str, Any] | None = None, seed: int = 0) -> UpstreamModel:
        """Build the model (or that of other data) after seeding, on the CPU, in train mode as upstream leaves it."""
        seed_all(seed)
        return self.upstream.build(self.data if data is None else data)

    def fresh(self) -> UpstreamModel:
        """Return a model equal to `model` that the caller may change."""
        return self._copy(self.model, self.data)

    def fresh_base(self) -> UpstreamModel:
        """Return a model equal to `base` that the caller may change. Raises LookupError without a base."""
        return self._copy(self.required_base_model, self.base_data)

    def _copy(self, model: UpstreamModel, data: dict[str, Any]) -> UpstreamModel:
        """Return a copy, or a second build where the model cannot be copied."""
        try:
            return deepcopy(model)
        except (RuntimeError, TypeError, AttributeError):  # the check `checkpoint` reports this
            return self.build(data).to(self.device).eval()

    @cached_property
    def calibrated(self) -> UpstreamModel:
        """The model with BatchNorm statistics from images, in eval. Read only."""
        return calibrate(self.fresh(), self.calibration_images)

    @property
    def calibration_images(self) -> Tensor:
        """The images that give `calibrated` its BatchNorm statistics, shape (4, 3, side, side)."""
        return self.images(batch=4, seed=7)

    @property
    def side(self) -> int:
        """The side in pixels at which most checks run the model: small, or the asked one if it runs at no other."""
        return self._trial[0]

    @property
    def runs(self) -> bool:
        """Whether the model runs at all, on one square image."""
        return self._trial[1]

    @cached_property
    def _trial(self) -> tuple[int, bool]:
        """The first side at which the model runs, and whether it runs at any."""
        if self._runs_at(SIDE):
            return SIDE, True
        return self.imgsz, self._runs_at(self.imgsz)

    def _runs_at(self, side: int) -> bool:
        try:
            with torch.no_grad():
                self.model(image(self.model, side))
        except Exception:  # the model's code may raise anything; the check `forward` reports it
            return False
        return True

    def images(self, side: int | tuple[int, int] | None = None, batch: int = 1, seed: int = 1) -> Tensor:
        """Return images for the model in [0, 1]: see `tensors.image`; the side is `side` where none is given."""
        return image(self.model, side or self.side, batch, seed)

    def base_images(self, side: int | tuple[int, int] | None = None, batch: int = 1, seed: int = 1) -> Tensor:
        """Return images for the base: those of `images`, if both have as many channels. Raises LookupError without."""
        return image(self.required_base_model, side or self.side, batch, seed)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.data.get("nc", 80))

    @cached_property
    def replaced(self) -> dict[int, int | None]:
        """The layers that are not the base's: by index the base's index, None where the base has no such layer.

        A row that says the same in other words (`c3k` written out) replaces nothing: what was built decides.
        """
        found: dict[int, int | None] = {}
        base_of = self.alignment.base_of if self.found_base else (None,) * (len(self.rows) - 1)
        for index, base in enumerate(base_of):
            if base is None or self._differs(index, base):
                found[index] = base
        return found

    def is_replaced(self, name: str) -> bool:
        """Return whether a module or a parameter is of a replaced layer; of what no base has, each is."""
        return self.found_base is None or layer_index(name) in self.replaced

    def _differs(self, index: int, base: int) -> bool:
        row, other = self.rows[index], self.base_rows[base]
        if row.module != other.module:
            return True
        if (row.args, row.repeats) == (other.args, other.repeats):
            return False  # the same row: where it builds another layer, `only-intended` reports it
        return structure(self.model.model[index]) != structure(self.required_base_model.model[base])

    @cached_property
    def new_classes(self) -> list[type[nn.Module]]:
        """The classes of the replaced layers, and of the modules in them, that neither torch nor the base has."""
        known = {type(m) for m in self.base.modules()} if self.base is not None else set()
        found = {type(m): None for index in self.replaced for m in self.model.model[index].modules()}
        return [c for c in found if c not in known and not c.__module__.startswith("torch.")]

    def as_base(self) -> Subject:
        """Return the base as a subject, to see whether upstream's own model does the same.

        Raises:
            LookupError: the file has no base.
        """
        file = self.required_base.file
        other = Subject(self.upstream, replace(self.request, base=str(file)), cfg=file)
        other.data = self.base_data
        return other


def structure(layer: nn.Module) -> tuple[list[tuple[str, str]], list[tuple[str, tuple[int, ...]]]]:
    """Return what a layer is made of: its modules' names and classes, its tensors' names and shapes."""
    classes = [(name, type(module).__name__) for name, module in layer.named_modules()]
    return classes, [(name, tuple(tensor.shape)) for name, tensor in layer.state_dict().items()]


def shapes(value: object) -> list[list[int]]:
    """Return the shapes of every tensor in a result."""
    return [list(t.shape) for t in tensors(value)]
