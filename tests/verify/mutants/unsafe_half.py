"""A constant beyond float16: 1e6 becomes infinite in every checkpoint that upstream saves."""

import torch
import torch.nn as nn


class UnsafeHalf(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.register_buffer("limit", torch.tensor(1e6))

    def forward(self, x):
        return torch.tanh(self.conv(x) / self.limit) * self.limit
