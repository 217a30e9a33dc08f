"""The model that is verified, and its base beside it: built once, lent to every check."""

import math
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch

from ..tensors.tensors import calibrate, image, seed_all, tensors
from .arguments import Recorder
from .bases import find_base, read_base
from .rows import rows_of

SIDE = 128  # pixels; the coarsest map (stride 32) is then 4 x 4: small and cheap, yet not a single point


class Subject:
    """One YAML at one scale, what it builds, and the base model that it was made from.

    `model`, `base` and `calibrated` are shared by all checks: read them, run them in eval, never change them.
    `fresh()` gives a model of one's own.

    Attributes:
        upstream: how to build and ask.
        request: what the parent asked for.
        data: the parsed YAML at the scale.
        found_base: upstream's own YAML that it was made from, None where there is none like it.
        facts: what the report shows beside the checks; a check may add to it.
    """

    def __init__(self, upstream, request, cfg=None):
        self.upstream = upstream
        self.request = request
        self.cfg = Path(cfg or request.cfg)
        self.scale = request.scale
        self.folder = Path(request.folder)
        self.device = torch.device(request.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.facts = {}
        self._built_with = {}

    @cached_property
    def data(self):
        return self._scaled(self.upstream.read(str(self.cfg), self.scale))

    @cached_property
    def found_base(self):
        if self.request.base:
            return read_base(self.request.base, self.data)
        return find_base(self.request.pristine or self.request.workspace, self.data, self.cfg.name)

    @cached_property
    def base_data(self):
        """The base's parsed YAML at this scale and with this number of classes; None without a base."""
        if self.found_base is None:
            return None
        data = self.upstream.read(str(self.found_base.file), self.scale)
        data["nc"] = self.data.get("nc", data.get("nc"))
        if "scales" not in data:
            data.update({key: self.data[key] for key in ("depth_multiple", "width_multiple") if key in self.data})
        return self._scaled(data)

    def _scaled(self, data):
        """Give a yolov5 file the multiples of the asked scale where the parent sends them."""
        data.update(self.request.multiples or {})
        return data

    @cached_property
    def imgsz(self):
        """The side that was asked for, or the next multiple of the coarsest stride: upstream rounds up so, too."""
        stride = int(max(self.model.stride))
        return math.ceil(self.request.imgsz / stride) * stride

    @cached_property
    def rows(self):
        return rows_of(self.data)

    @cached_property
    def base_rows(self):
        return rows_of(self.base_data)

    @property
    def alignment(self):
        return self.found_base.alignment

    @cached_property
    def model(self):
        """The model under verification, seed 0, on the device, in eval. Read only."""
        with Recorder() as recorder:
            built = self.build()
        self.arguments = recorder
        return built.to(self.device).eval()

    @cached_property
    def base(self):
        """The base model, seed 0, on the device, in eval; None without a base. Read only."""
        if self.found_base is None:
            return None
        with Recorder() as recorder:
            built = self.build(self.base_data)
        self.base_arguments = recorder
        return built.to(self.device).eval()

    def build(self, data=None, seed=0):
        """Build the model (or that of other data) after seeding, on the CPU, in train mode as upstream leaves it."""
        seed_all(seed)
        return self.upstream.build(self.data if data is None else data)

    def fresh(self):
        """Return a model of one's own, equal to `model`: a copy, or a second build where it cannot be copied."""
        return self._own(self.model, self.data)

    def fresh_base(self):
        """Return a base model of one's own."""
        return self._own(self.base, self.base_data)

    def _own(self, model, data):
        try:
            return deepcopy(model)
        except (RuntimeError, TypeError, AttributeError):  # the check `checkpoint` reports this
            return self.build(data).to(self.device).eval()

    @cached_property
    def calibrated(self):
        """The model with BatchNorm statistics from images, in eval. Read only."""
        return calibrate(self.fresh(), self.calibration_images)

    @property
    def calibration_images(self):
        """The images that `calibrated` has its BatchNorm statistics from."""
        return self.images(batch=4, seed=7)

    @property
    def side(self):
        """The side at which most checks run the model: small, or the real one if it runs at no other."""
        return self._trial[0]

    @property
    def runs(self):
        """Whether the model runs at all, on one square image."""
        return self._trial[1]

    @cached_property
    def _trial(self):
        """The first side at which the model runs, and whether it does at any."""
        if self._runs_at(SIDE):
            return SIDE, True
        return self.imgsz, self._runs_at(self.imgsz)

    def _runs_at(self, side):
        try:
            with torch.no_grad():
                self.model(image(self.model, side))
        except Exception:  # whatever the model's code raises; the check `forward` reports it
            return False
        return True

    def images(self, side=None, batch=1, seed=1):
        """Return images for the model, in [0, 1]."""
        return image(self.model, side or self.side, batch, seed)

    @property
    def classes(self):
        """The number of classes."""
        return int(self.data.get("nc", 80))

    @cached_property
    def replaced(self):
        """The layers that are not the base's: index and the base's index (None: it has no such layer).

        A row that says the same in other words (`c3k` written out) is no replacement: what was built decides.
        """
        found = {}
        base_of = self.alignment.base_of if self.found_base else (None,) * (len(self.rows) - 1)
        for index, base in enumerate(base_of):
            if base is None or self._differs(index, base):
                found[index] = base
        return found

    def _differs(self, index, base):
        row, other = self.rows[index], self.base_rows[base]
        if row.module != other.module:
            return True
        if (row.args, row.repeats) == (other.args, other.repeats):
            return False  # the same row: where it builds another layer, `only-intended` says so
        return structure(self.model.model[index]) != structure(self.base.model[base])

    @cached_property
    def new_classes(self):
        """The classes of the replaced layers, and inside them, that neither torch nor the base model has."""
        known = {type(m) for m in self.base.modules()} if self.base is not None else set()
        found = {type(m): None for index in self.replaced for m in self.model.model[index].modules()}
        return [c for c in found if c not in known and not c.__module__.startswith("torch.")]

    def as_base(self):
        """Return the base as a subject of its own, to see whether upstream's model does the same."""
        other = Subject(self.upstream, replace(self.request, base=str(self.found_base.file)), cfg=self.found_base.file)
        other.data = self.base_data
        return other


def structure(layer):
    """Return what a layer is made of: its modules' classes and its tensors' names and shapes."""
    classes = [(name, type(module).__name__) for name, module in layer.named_modules()]
    return classes, [(name, tuple(tensor.shape)) for name, tensor in layer.state_dict().items()]


def shapes(value):
    """Return the shapes of every tensor in a result."""
    return [list(t.shape) for t in tensors(value)]
