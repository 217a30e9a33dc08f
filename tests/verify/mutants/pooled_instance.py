import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class PooledInstance(nn.Module):
    """Normalises each image's channels behind a global pooling, where each has one value."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.pool, self.norm = Conv(c1, c2, k, s), nn.AdaptiveAvgPool2d(1), nn.InstanceNorm2d(c2)

    def forward(self, x):
        x = self.cv(x)
        return x * torch.sigmoid(self.norm(self.pool(x)))
