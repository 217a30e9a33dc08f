"""A constructor that seeds torch for itself: every layer after it gets the same weights, whatever the seed."""

import torch
import torch.nn as nn


class SeededConstructor(nn.Module):
    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.conv(x))
