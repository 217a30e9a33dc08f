"""A buffer whose size is that of the last image: its state dict fits no other."""

import torch
import torch.nn as nn


class SizedBuffer(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.register_buffer("grid", torch.zeros(0))

    def forward(self, x):
        x = self.conv(x)
        if self.grid.shape != x.shape[-2:]:
            rows = torch.linspace(-1, 1, x.shape[-2], device=x.device)
            self.grid = rows[:, None] * torch.ones(x.shape[-1], device=x.device)
        return x + self.grid
