import torch.nn as nn
import torch.nn.functional as F


class FunctionalSilu(nn.Module):
    """Calls its activation as a function."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(c1, c2, k, s, k // 2, bias=False), nn.BatchNorm2d(c2)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))
