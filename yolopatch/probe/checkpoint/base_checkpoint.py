"""The base model of a transplant: read out of a checkpoint, built, loaded, and refused where it is not the base."""

import torch

from ..build.bases import LEAST_LIKENESS, find_base
from ..build.rows import rows_of
from ..protocol.refusal import Refusal
from .harmless import build_stored
from .pairing import pair_layers
from .stored import Unreadable, read_stored

_HEAD_KEYS = ("end2end", "reg_max")


def read_finite(file):
    """Return what a checkpoint holds, all of it finite.

    Raises:
        Refusal: it cannot be read, or holds NaN or infinity.
    """
    try:
        stored = read_stored(file)
    except Unreadable as error:
        raise Refusal(
            f"{file} is no checkpoint that can be read",
            f"found: {error}",
            hint="name a .pt file of upstream's, whole: was the download or the copy cut short?",
        ) from error
    wild = [name for name, t in stored.state.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())]
    if wild:
        raise Refusal(
            f"{file} has weights that are not finite",
            f"found: NaN or infinity in {len(wild)} of {len(stored.state)} tensors, first in {wild[0]}",
            hint="take a checkpoint from before the training broke; nothing can be learnt from this one",
        )
    return stored


class Base:
    """The checkpoint's model, built in this workspace and loaded; its rows.

    Attributes:
        model: the built model, in float32 and eval.
        unused: names of the checkpoint's tensors that its own model has no place for.
    """

    def __init__(self, upstream, stored, data, request):
        self.data = stored.yaml or _taken_for(upstream, data, request)
        self.model = build_stored(upstream, self.data)
        _require_same_head(self.data, data)
        _require_same_scale(self.data, data)
        self.unused = _load(self.model, stored.state)

    def pairs(self, model, data):
        """Return the base's layer for each of the model's, None where it has none."""
        found, score = pair_layers(model, rows_of(data), self.model, rows_of(self.data))
        if score < LEAST_LIKENESS:
            raise Refusal(
                "the checkpoint is of another family than the YAML",
                f"the checkpoint has {len(self.model.model)} layers: {_classes(self.model)}",
                f"the YAML has {len(model.model)}: {_classes(model)}",
                hint="take the checkpoint of the model that the YAML was made from",
            )
        return found


def _taken_for(upstream, data, request):
    """Return the YAML that a state dict without a model is taken for: upstream's own that is most like the file."""
    found = find_base(request.workspace, data, request.cfg.rpartition("/")[2])
    if found is None:
        raise Refusal(
            "the checkpoint is a state dict without a model, and upstream has no model like the YAML",
            hint="name a checkpoint that holds the whole model",
        )
    taken = upstream.read(str(found.file), request.scale)
    taken.update({key: data[key] for key in ("depth_multiple", "width_multiple") if key in data})
    return taken


def _require_same_head(base, data):
    """Refuse a family that has the same layers, but whose head says its boxes in another way."""
    ours, theirs = ({key: said.get(key) for key in _HEAD_KEYS} for said in (data, base))
    if ours != theirs:
        raise Refusal(
            "the checkpoint is of another family than the YAML",
            f"expected: {_told(ours)}, as the YAML has",
            f"found: {_told(theirs)} in the checkpoint",
            hint="take the checkpoint of the model that the YAML was made from",
        )


def _told(keys):
    return ", ".join(f"{key} {'not set' if value is None else value}" for key, value in keys.items())


def _require_same_scale(base, data):
    ours, theirs = _multiples(data), _multiples(base)
    if ours and theirs and ours != theirs:
        raise Refusal(
            "the checkpoint is of another scale than the YAML",
            f"expected: depth and width {ours[:2]}, as the YAML has",
            f"found: {theirs[:2]} in the checkpoint",
            hint="take the checkpoint of the YAML's scale, or render the YAML at the checkpoint's: --scale",
        )


def _multiples(data):
    """Return by what a parsed YAML multiplies depth and width, and where it caps the width; None where it says none."""
    table = data.get("scales")
    if table:
        return tuple(table.get(data.get("scale")) or next(iter(table.values())))
    return tuple(data[key] for key in ("depth_multiple", "width_multiple") if key in data) or None


def _load(model, state):
    """Load every tensor of the model; returns names of the state's that it has no place for."""
    own = model.state_dict()
    missing = [name for name in own if name not in state]
    shaped = [name for name in own if name in state and state[name].shape != own[name].shape]
    if missing or shaped:
        wrong = (missing or shaped)[0]
        raise Refusal(
            "the checkpoint's tensors are not those that this workspace builds of its model",
            f"expected: {len(own)} tensors; {len(missing)} are missing and {len(shaped)} have other shapes",
            f"first: {wrong}: {tuple(own[wrong].shape)} here, "
            + (f"{tuple(state[wrong].shape)} in the checkpoint" if wrong in state else "not in the checkpoint"),
            hint="the checkpoint was made by another release, whose model of this family differs: yolopatch list pins",
        )
    model.load_state_dict({name: state[name] for name in own})
    return [name for name in state if name not in own]


def _classes(model):
    names = list(dict.fromkeys(type(layer).__name__ for layer in model.model))
    return ", ".join(names)
