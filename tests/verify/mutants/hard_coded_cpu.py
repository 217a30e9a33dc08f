"""A tensor that forward makes on the CPU, whatever device the model is on."""

import torch
import torch.nn as nn


class HardCodedCpu(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        x = self.conv(x)
        return x * torch.linspace(0.5, 1.5, x.shape[1], device="cpu").view(1, -1, 1, 1)
