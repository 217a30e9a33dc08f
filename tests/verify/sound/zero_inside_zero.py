import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ZeroInsideZero(nn.Module):
    """Two numbers that begin at zero, each behind a live layer: the outer one moves first."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.outer, self.inner = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
        self.first, self.second = Conv(c2, c2, 3), Conv(c2, c2, 3)

    def forward(self, x):
        x = self.cv(x)
        y = self.first(x)
        return x + self.outer * (y + self.inner * self.second(y))
