"""A gate that is saturated: a sigmoid of a huge negative bias closes the layer for good."""

import torch
import torch.nn as nn


class ConstantGate(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.gate = nn.Parameter(torch.full((1, c2, 1, 1), -200.0))

    def forward(self, x):
        return self.conv(x) * torch.sigmoid(self.gate)
