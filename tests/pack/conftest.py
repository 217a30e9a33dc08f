"""What the tests of packing share: a checkpoint with DSConv in every block, written as upstream's trainer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS, style_of

# Statistics as after a training, and a channel shift and a bias in the one layer that has such: all tensors differ.
_TRAINED = """
import sys
import torch
from yolopatch.probe.checkpoint.saving import save_as_upstream
from yolopatch.probe.tensors.tensors import image, calibrate, randomise_norms, seed_all
from yolopatch.probe.upstreams.opening import open_upstream
style, cfg, out, half = sys.argv[1:]
upstream = open_upstream(style)
seed_all(11)
model = upstream.build(upstream.read(cfg, None if "scale" in upstream.read(cfg, None) else "n"))
randomise_norms(model)
calibrate(model, image(model, 64, batch=4))
save_as_upstream(upstream, model, out, half=half == "half", yolopatch={"pin": "a stamp"}, train_args={"imgsz": 64})
"""


@pytest.fixture
def trained(full_workspace, module_cfg, base_cfg, in_upstream, tmp_path):
    """Write the checkpoint of a model with DSConv in its blocks, or of the base without."""

    def write(pin: str, module: str | None = "DSConv", half: bool = True) -> Path:
        model, out = PINS[pin].model, tmp_path / "best.pt"
        cfg = module_cfg(module, model, "n", "paper", block=True)[0] if module else base_cfg(model, "n")
        in_upstream(full_workspace(pin), _TRAINED, style_of(PINS[pin]), cfg, out, "half" if half else "float")
        return out

    return write
