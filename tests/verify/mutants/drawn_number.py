"""A number that the constructor draws, and that is saved nowhere."""

import random

import torch.nn as nn


class DrawnNumber(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.scale = random.uniform(0.5, 1.5)

    def forward(self, x):
        return self.conv(x) * self.scale
