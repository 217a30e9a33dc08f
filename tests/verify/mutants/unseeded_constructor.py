"""Weights drawn from a source that no seed reaches."""

import os

import torch
import torch.nn as nn


class UnseededConstructor(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        generator = torch.Generator().manual_seed(int.from_bytes(os.urandom(4), "big"))
        self.scale = nn.Parameter(torch.rand(1, c2, 1, 1, generator=generator))

    def forward(self, x):
        return self.conv(x) * self.scale
