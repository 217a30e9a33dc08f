import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class DoubledBatch(nn.Module):
    """Joins along the axis of the images."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.o = Conv(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        return torch.cat((x, self.o(x)), 0)
