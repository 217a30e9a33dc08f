"""Tensors whose elements share memory, as the grids of yolov5's head do, are perturbed and restored like any."""

from __future__ import annotations

import torch

from yolopatch.probe.tensors.perturb import perturb_
from yolopatch.probe.tensors.snapshots import Snapshot


def test_a_tensor_whose_elements_share_memory_is_changed_and_restored():
    layer = torch.nn.Module()
    layer.grid = torch.arange(3.0).view(1, 3).expand(4, 3)
    before = Snapshot(layer)
    perturb_(layer.grid, torch.Generator().manual_seed(0))
    assert (layer.grid != torch.arange(3.0)).all()
    before.restore()
    assert torch.equal(layer.grid, torch.arange(3.0).expand(4, 3))
