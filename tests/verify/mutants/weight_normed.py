import torch
import torch.nn as nn


class WeightNormed(nn.Module):
    """torch keeps the kernel that weight_norm computes as an attribute."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.conv = torch.nn.utils.weight_norm(nn.Conv2d(c1, c2, k, s, k // 2, bias=False))
        self.bn, self.act = nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))
