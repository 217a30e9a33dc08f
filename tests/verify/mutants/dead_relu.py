"""A sign slip that leaves nothing for the ReLU to let through."""

import torch
import torch.nn as nn


class DeadRelu(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return torch.relu(-self.conv(x).abs())
