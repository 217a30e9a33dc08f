import torch
import torch.nn as nn
import torch.nn.functional as F


class TrainingNoise(nn.Module):
    """Adds a little noise while it trains."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.gate = nn.Conv2d(c2, c2, 1)

    def forward(self, x):
        x = self.bn(self.conv(x))
        if self.training:
            x = x + 0.05 * torch.randn_like(x)
        return F.silu(x) * self.gate(x).sigmoid()
