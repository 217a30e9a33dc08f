"""What the tests of transplants share: base checkpoints as upstream writes them, and many transplants in one child."""

from __future__ import annotations

from pathlib import Path

import pytest

import yolopatch
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.outside.probe import style_of
from yolopatch.steps.render import render
from yolopatch.steps.request import RenderRequest

PROBE = Path(yolopatch.__file__).parent / "probe"

# A base whose tensors are all different, as after a training: of constants nobody sees which is which.
_BASE = """
import sys
sys.path.insert(0, {probe!r})
import torch
from saving import save_as_upstream
from tensors import image, calibrate, randomise_norms, seed_all
from upstreams import open_upstream
style, cfg, scale, out, form = sys.argv[1:]
upstream = open_upstream(style)
seed_all(11)
model = upstream.build(upstream.read(cfg, scale or None))
randomise_norms(model)
calibrate(model, image(model, 64, batch=4))
for name, tensor in model.state_dict().items():
    if name.endswith("num_batches_tracked"):
        tensor.fill_(hash(name) % 10_000)
if form == "state":
    torch.save(model.state_dict(), out)
elif form == "nan":
    model.model[3].conv.weight.data[0] = float("nan")
    save_as_upstream(upstream, model, out)
else:
    save_as_upstream(upstream, model, out)
"""


@pytest.fixture
def checkpoint(full_workspace, base_cfg, in_upstream, tmp_path):
    """Write a base model's checkpoint, as upstream's trainer writes it, or its `state` alone, or with `nan` in it."""

    def write(pin: str, scale: str = "n", form: str = "model", model: str | None = None, task: str = "detect") -> Path:
        out = tmp_path / f"base-{scale}-{form}.pt"
        cfg = base_cfg(model or PINS[pin].model, scale, task)
        in_upstream(full_workspace(pin), _BASE.format(probe=str(PROBE)), style_of(PINS[pin]), cfg, scale, out, form)
        return out

    return write


@pytest.fixture
def rendered(tmp_path):
    """Render one file with a module and give what the step says of it: its path, and where the module stands."""

    def write(pin: str, module: str, **request):
        asked = RenderRequest((module,), PINS[pin].model, **{"scales": "n", "out": tmp_path, **request})
        (file,) = render(asked, templates_dir()).files
        return file

    return write
