"""Give a patched model what a base checkpoint knows, write it as upstream's own checkpoint, and measure the outcome."""

import importlib
import math
from dataclasses import asdict
from importlib.util import find_spec

import torch

from ...wire.checkpoint_keys import STAMP
from ...wire.checkpoints import COPIED, FRESH, INITIALISED, TransplantAnswer
from ...wire.messages import Step
from ..measure.agreement import measure, relative_error
from ..measure.dropped_parts import dropped_parts
from ..measure.photographs import photographs
from ..protocol.raising import first_line
from ..protocol.refusal import Refusal
from ..tensors.tensors import seed_all
from .base_checkpoint import Base, read_finite
from .inheritance import convolution, inherit
from .saving import load_as_upstream, name_classes, save_as_upstream

_SHOWN = 5
_LEAST_COPIED = 0.5  # of the values in layers of the same class: below it the two are of other sizes


@torch.no_grad()
def transplant(upstream, request, emit):
    """Write the model, and answer with what each layer starts as and how far the outputs lie from the base's.

    Args:
        upstream: see upstreams.
        request: what to build, from what to start, and where to write.
        emit: takes each Step that begins, and the TransplantAnswer.

    Raises:
        Refusal: the checkpoint is not the base of this model, or cannot be read.
    """
    emit(Step("reading the checkpoint"))
    stored = read_finite(request.weights)
    emit(Step("building both models"))
    data = _data(upstream, request)
    model = _model(upstream, data, request.seed)
    base = Base(upstream, stored, data, request)
    pairs = base.pairs(model, data)
    parts = _parts(model, base.model, pairs)
    _require_same_size(model, parts)
    emit(Step("initialising layers"))
    side = math.ceil(request.side / int(max(model.stride))) * int(max(model.stride))
    images = photographs(request.workspace, side, request.images)
    _copy(model, base.model, parts)
    begun = _initialise(model, base.model, parts, images)
    emit(Step("measuring outputs"))
    measured = measure(model, base.model, images)
    emit(Step("writing"))
    if model.yaml.get("nc") == base.model.yaml.get("nc"):
        name_classes(model, stored.names)
    save_as_upstream(upstream, model, request.out, half=False, **_content(upstream, model, data))
    _require_loads(upstream, model, request.out)
    emit(
        TransplantAnswer(
            layers=_layers(model, base.model, pairs, begun),
            dropped=_dropped(base.model, pairs),
            unused=base.unused,
            outputs=measured,
            classes={"model": model.yaml.get("nc"), "base": base.model.yaml.get("nc")},
            images={"count": len(images), "side": side},
        )
    )


def _data(upstream, request):
    data = upstream.read(request.cfg, request.scale)
    if request.nc:
        data["nc"] = request.nc
    if "yaml_file" in data:
        data["yaml_file"] = data["yaml_file"].rpartition("/")[2]  # it is saved: nobody's folders belong there
    return data


def _model(upstream, data, seed):
    seed_all(seed)
    return upstream.build(data).float().eval()


def _parts(model, base, pairs):
    """Return the parts of each of the model's layers."""
    found = []
    for index, (layer, of) in enumerate(zip(model.model, pairs)):
        old, source = (None, None) if of is None else (base.model[of], f"model.{of}")
        found.append(list(inherit(layer, old, f"model.{index}", source)))
    return found


def _require_same_size(model, parts):
    """Refuse a checkpoint most of whose values have no place, the head apart: its classes may be others."""
    state = model.state_dict()
    counted = {COPIED: 0, INITIALISED: 0, FRESH: 0}
    for part in (part for layer in parts[:-1] for part in layer if part.source):
        counted[part.how] += sum(state[f"{part.name}.{tensor}"].numel() for tensor in part.tensors)
    fits = counted[COPIED] + counted[INITIALISED]
    if fits < _LEAST_COPIED * (fits + counted[FRESH]):
        first = next(part for layer in parts for part in layer if part.how == FRESH and part.source)
        raise Refusal(
            "the checkpoint is of another size than the YAML's model",
            f"{counted[FRESH]:,} values of layers that both have do not fit, {fits:,} do",
            f"first: {first.name}: {first.reason}",
            hint="take the checkpoint of the YAML's scale",
        )


def _copy(model, base, parts):
    state, theirs = model.state_dict(), base.state_dict()
    for part in (part for layer in parts for part in layer if part.how == COPIED):
        for tensor in part.tensors:
            state[f"{part.name}.{tensor}"].copy_(theirs[f"{part.source}.{tensor}"])


def _initialise(model, base, parts, images):
    """Let modules take over the convolutions that they stand for, while the base sees the images.

    Returns:
        the parts, by layer, each with the relative error of its output: (part, error), None for what was not
        initialised. A module that refuses, or whose place in the base the images do not pass, stays fresh.
    """
    new, old = dict(model.named_modules()), dict(base.named_modules())
    heirs = [
        _Heir(part, new[part.name], old[part.source]) for layer in parts for part in layer if part.how == INITIALISED
    ]
    try:
        base(images)
    finally:
        for heir in heirs:
            heir.leave()
    found = {heir.part.name: heir.outcome for heir in heirs}
    idle = "the base does not run this layer"
    return [
        [(found[p.name] or (_left_fresh(p, idle), None)) if p.how == INITIALISED else (p, None) for p in layer]
        for layer in parts
    ]


class _Heir:
    """Waits at a layer of the base, and gives what that is, and what it is given, to the module in its place.

    Attributes:
        outcome: the part and the relative error of the module's output; None until the base runs the layer.
    """

    def __init__(self, part, module, layer):
        self.part, self.outcome = part, None
        self._module = module
        self._hook = layer.register_forward_pre_hook(self._take)

    def leave(self):
        """Wait no longer."""
        self._hook.remove()

    def _take(self, layer, given):
        self.leave()  # the module may call the layer
        conv, x = convolution(layer), given[0]
        try:
            self._module.init_from(conv, x)
        except ValueError as error:
            self.outcome = _left_fresh(self.part, first_line(error)), None
        else:
            self.outcome = self.part, relative_error([self._module.eval()(x)], [conv(x)])


def _left_fresh(part, reason):
    return type(part)(part.name, part.source, FRESH, part.tensors, (), reason)


def _content(upstream, model, data):
    """Return what belongs in the checkpoint beside the model."""
    fork = f"{upstream.prefix}utils.fork"
    stamp = importlib.import_module(fork).stamp(model) if find_spec(fork) else None
    content = {STAMP: stamp} if stamp else {}
    return {**content, "train_args": {"task": upstream.task(data)}} if upstream.style == "ultralytics" else content


def _require_loads(upstream, model, file):
    """Fail where upstream's own loader does not give back every tensor that was written."""
    state, loaded = model.state_dict(), load_as_upstream(upstream, file, "cpu").state_dict()
    wrong = [n for n in state if n not in loaded or not torch.equal(state[n], loaded[n])]
    if wrong or state.keys() != loaded.keys():
        raise RuntimeError(f"upstream loads another model than was written: {wrong[:_SHOWN]}")


def _layers(model, base, pairs, begun):
    return [
        {
            "layer": index,
            "class": type(layer).__name__,
            "base_layer": of,
            "base_class": None if of is None else type(base.model[of]).__name__,
            "lost": [] if of is None else dropped_parts(layer, base.model[of]),
            "parts": [{**asdict(part), "error": error} for part, error in parts],
        }
        for index, (layer, of, parts) in enumerate(zip(model.model, pairs, begun))
    ]


def _dropped(base, pairs):
    """Return the base's layers that the model has nothing for."""
    return [
        {"layer": index, "class": type(layer).__name__} for index, layer in enumerate(base.model) if index not in pairs
    ]
