import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class PyramidPooling(nn.Module):
    """Dilated branches beside the mean of the whole map."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.b = nn.ModuleList(nn.Conv2d(c2, c2, 3, padding=d, dilation=d, bias=False) for d in (1, 3, 5))
        self.g = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c2, c2, 1), nn.SiLU())
        self.o = Conv(4 * c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        return self.o(torch.cat([*(b(x) for b in self.b), self.g(x).expand_as(x)], 1))
