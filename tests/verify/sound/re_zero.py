import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ReZero(nn.Module):
    """A residual branch behind one number that begins at zero (ReZero, arXiv 2003.04887)."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.branch, self.alpha = Conv(c2, c2, 3), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        x = self.cv(x)
        return x + self.alpha * self.branch(x)
