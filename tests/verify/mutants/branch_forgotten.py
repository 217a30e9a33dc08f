import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class BranchForgotten(nn.Module):
    """A block that computes its branch, and adds its input in the place of it."""

    def __init__(self, c1, c2, n=1, *others):
        super().__init__()
        self.cv = Conv(c1, c2, 1)
        self.m = nn.Sequential(*(Conv(c2, c2, 3) for _ in range(n)))

    def forward(self, x):
        x = self.cv(x)
        branch = self.m(x)
        return x + x if branch.shape == x.shape else x
