import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class Unoptimised(nn.Module):
    """Scales its channels by a parameter that is called neither `weight` nor `bias`."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.gain = Conv(c1, c2, k, s), nn.Parameter(torch.ones(1, c2, 1, 1))

    def forward(self, x):
        return self.cv(x) * self.gain
