"""Wherever a module stands, every tensor of the other layers arrives, once, and in its place."""

from __future__ import annotations

import json
from itertools import product

import pytest

from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.pins import PINS, style_of

from ..of_tutorials import MODULES

# Runs every transplant of one pin in one process: what is looked at is the tensors, not the command.
_TRANSPLANTS = """
import json, sys
from types import SimpleNamespace
import torch
from yolopatch.probe.checkpoint.base_checkpoint import Base, read_finite
from yolopatch.probe.checkpoint.inheritance import COPIED
from yolopatch.probe.checkpoint.transplant import _build, _copy, _find_parts, _initialise, _read_yaml
from yolopatch.probe.upstreams.opening import open_upstream
from yolopatch.probe.measure.agreement import measure

torch.set_grad_enabled(False)
upstream, (weights, scale, cfgs) = open_upstream(sys.argv[1]), json.load(sys.stdin)
for cfg in cfgs:
    request = SimpleNamespace(cfg=cfg, scale=scale, nc=None, workspace=sys.argv[2])
    data = _read_yaml(upstream, request)
    model = _build(upstream, data, 0)
    base = Base(upstream, read_finite(weights), data, request)
    pairs = base.pair_layers(model, data)
    parts = _find_parts(model, base.model, pairs)
    images = torch.rand(4, 3, 64, 64)
    _copy(model, base.model, parts)
    started = _initialise(model, base.model, parts, images)
    state, theirs = model.state_dict(), base.model.state_dict()
    print(json.dumps({
        "pairs": pairs,
        "tensors": list(state),
        "parts": [[p.name, p.source, p.how, p.tensors, p.taken, p.reason] for layer in started for p in layer],
        "copied_wrongly": [
            f"{p.name}.{name}" for layer in started for p in layer if p.how == COPIED for name in p.tensors
            if not torch.equal(state[f"{p.name}.{name}"], theirs[f"{p.source}.{name}"])
        ],
        "error": measure(model, base.model, images).error,
    }))
"""
# These keep what their convolution computed; the others come as near as they can.
EXACT = ("RefConv", "DynamicConv", "Dynamic_conv2d")
EVERYWHERE = ({}, {"block": True}, {"placements": ("before-head",)})


def configs():
    """Give (pin, scale, flavor) so that every two of them meet; scales change no names: often, the newest at n."""
    for (row, pin), (column, scale) in product(enumerate(PINS), enumerate("nsmlx")):
        often = (pin, scale) == ("ultralytics-8.4.0", "n")
        yield pytest.param(pin, scale, FLAVORS[(row + column) % 2], marks=[] if often else [pytest.mark.slow])


def expected_pairs(file, layers: int) -> list[int | None]:
    """Return the base's layer of each layer, by what the renderer says of the new ones."""
    new = {number for placed in file.placed for number in placed.inserted}
    base = iter(range(layers))
    return [None if number in new else next(base) for number in range(layers)]


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "scale", "flavor"), configs())
def test_every_tensor_of_the_other_layers_arrives_in_its_place(
    pin, scale, flavor, checkpoint, rendered, full_workspace, in_upstream
):
    asked = [(module, where) for module in MODULES for where in EVERYWHERE]
    files = [rendered(pin, module, scales=scale, flavor=flavor, **where) for module, where in asked]
    given = [str(checkpoint(pin, scale)), scale, [str(file.path) for file in files]]
    place = full_workspace(pin, flavor)
    said = in_upstream(place, _TRANSPLANTS, style_of(PINS[pin]), place, given=given)
    told = [json.loads(line) for line in said.splitlines() if line.startswith('{"pairs"')]
    for (module, where), file, found in zip(asked, files, told, strict=True):
        check(module, where, flavor, file, found)


def check(module: str, where: dict, flavor: str, file, found: dict) -> None:
    what = f"{module}, {where or 'layers'}, {flavor}"
    assert found["pairs"] == expected_pairs(file, len(found["pairs"])), what
    assert found["copied_wrongly"] == [], what
    # each tensor of the model comes from somewhere, once
    targets = [f"{name}.{tensor}" for name, _, _, tensors, _, _ in found["parts"] for tensor in tensors]
    assert sorted(targets) == sorted(found["tensors"]), what
    # and none of the base's goes to two places
    sources = [f"{source}.{tensor}" for _, source, _, _, taken, _ in found["parts"] for tensor in taken]
    assert len(sources) == len(set(sources)), what
    changed = {number for placed in file.placed for number in (*placed.replaced, *placed.inserted)}
    for name, source, how, _, _, reason in found["parts"]:
        number = int(name.split(".")[1])
        if number not in changed:
            assert (how, source.split(".")[1]) == ("copied", str(found["pairs"][number])), f"{what}: {name}"
        elif source is not None:
            assert how in ("copied", "initialised"), f"{what}: {name}: {reason}"
    if module in EXACT and flavor == "paper" and "placements" not in where:
        assert found["error"] < 1e-4, what


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "model", "scale"),
    [
        ("ultralytics-8.4.0", "yolov10", "n"),
        ("ultralytics-8.4.0", "yolo12", "n"),
        ("ultralytics-8.2.50", "yolov9", "t"),
    ],
)
def test_further_families_give_their_weights_as_well(
    pin, model, scale, checkpoint, rendered, full_workspace, in_upstream
):
    asked = [("RefConv", {}), ("DSConv", {"placements": ("before-head",)})]
    files = [rendered(pin, module, model=model, scales=scale, repo=pin, **where) for module, where in asked]
    given = [str(checkpoint(pin, scale, model=model)), scale, [str(file.path) for file in files]]
    place = full_workspace(pin)
    said = in_upstream(place, _TRANSPLANTS, style_of(PINS[pin]), place, given=given)
    told = [json.loads(line) for line in said.splitlines() if line.startswith('{"pairs"')]
    for (module, where), file, found in zip(asked, files, told, strict=True):
        check(module, where, FLAVORS[0], file, found)
