"""A learned position map of the size that the layer has at 640 pixels (stride 8), and no other."""

import torch
import torch.nn as nn


class HardCodedSize(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.position = nn.Parameter(torch.zeros(1, c2, 80, 80))

    def forward(self, x):
        return self.conv(x) + self.position
