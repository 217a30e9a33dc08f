"""Branches in a Python list instead of a ModuleList: their parameters are nobody's."""

import torch.nn as nn


class HiddenBranches(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)
        self.branches = [nn.Conv2d(c2, c2, 1) for _ in range(2)]

    def forward(self, x):
        x = self.conv(x)
        return x + sum(branch(x) for branch in self.branches)
