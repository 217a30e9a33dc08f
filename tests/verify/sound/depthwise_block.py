import torch.nn as nn
from ultralytics.nn.modules.conv import Conv, DWConv


class DepthwiseBlock(nn.Module):
    """Depthwise, squeeze and excitation, pointwise."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.depthwise, self.pointwise = DWConv(c1, c1, k, s), Conv(c1, c2, 1)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(c1, c1 // 4, 1), nn.SiLU(), nn.Conv2d(c1 // 4, c1, 1)
        )

    def forward(self, x):
        x = self.depthwise(x)
        return self.pointwise(x * self.gate(x).sigmoid())
