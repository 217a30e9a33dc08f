import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class ToTheCpu(nn.Module):
    """Pools on the CPU, which in mixed precision gets float16."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.pool, self.fc = Conv(c1, c2, k, s), nn.AdaptiveAvgPool2d(1), nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        return x * torch.sigmoid(self.fc(self.pool(x.cpu()).to(x.device)))
