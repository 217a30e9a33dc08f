"""An exponential that nobody bounded."""

import torch
import torch.nn as nn


class Overflowing(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return torch.exp(1e4 * self.conv(x))
