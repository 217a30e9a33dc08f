"""An attention branch that is detached, so that it never learns."""

import torch.nn as nn


class DetachedBranch(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.attention = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c1, c2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.conv(x) * self.attention(x).detach()
