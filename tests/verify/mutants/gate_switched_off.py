import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class GateSwitchedOff(nn.Module):
    """Gates channels by units of a ReLU whose bias switches them off, whatever the seed: no step switches them on."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.down, self.up = nn.Conv2d(c2, 2, 1), nn.Conv2d(2, c2, 1)
        nn.init.constant_(self.down.bias, -3.0)

    def forward(self, x):
        x = self.cv(x)
        return x * self.up(self.down(x.mean((2, 3), keepdim=True)).relu()).sigmoid()
