import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class NoUnits(nn.Module):
    """Channel attention whose reduction is larger than a small model is wide."""

    def __init__(self, c1, c2, k=3, s=1, reduction=256):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.down, self.up = nn.Linear(c2, c2 // reduction), nn.Linear(c2 // reduction, c2)

    def forward(self, x):
        x = self.cv(x)
        return x * self.up(self.down(x.mean((2, 3))).relu()).sigmoid()[..., None, None]
