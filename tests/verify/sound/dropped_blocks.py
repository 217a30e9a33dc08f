import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class DroppedBlocks(nn.Module):
    """Drops blocks of the map while it trains."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.m = Conv(c2, c2, 3)

    def forward(self, x):
        x = self.cv(x)
        y = self.m(x)
        if self.training:
            gone = F.max_pool2d((torch.rand_like(y[:, :1]) < 0.01).to(y.dtype), 3, 1, 1)
            y = y * (1 - gone) * gone.numel() / (1 - gone).sum().clamp(min=1)
        return y
