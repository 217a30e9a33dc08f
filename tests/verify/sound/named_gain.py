import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class NamedGain(nn.Module):
    """Scales its channels by a parameter with a name that every trainer knows."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.weight = Conv(c1, c2, k, s), nn.Parameter(torch.ones(1, c2, 1, 1))

    def forward(self, x):
        return self.cv(x) * self.weight
