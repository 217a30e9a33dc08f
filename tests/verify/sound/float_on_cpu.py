import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class FloatOnCpu(nn.Module):
    """Pools on the CPU in float32, for which torch has code there."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.pool, self.fc = Conv(c1, c2, k, s), nn.AdaptiveAvgPool2d(1), nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        return x * torch.sigmoid(self.fc(self.pool(x.float().cpu()).to(x)))
