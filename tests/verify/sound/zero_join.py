import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ZeroJoin(nn.Module):
    """Adds its second map behind a number that begins at zero."""

    def __init__(self, channels, c2):
        super().__init__()
        self.first, self.second = Conv(channels[0], c2, 1), Conv(channels[1], c2, 1)
        self.share = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.first(x[0]) + self.share * self.second(x[1])
