import torch
import torch.nn as nn
from models.common import Conv


class DilateTriple(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv_3x3 = Conv(dim, dim // 2, 3)
        self.convs = nn.ModuleList(nn.Conv2d(dim // 2, dim if d == 1 else dim // 2, 3, padding=d, dilation=d) for d in (1, 3, 5))
        self.bn = nn.BatchNorm2d(dim * 2)
        self.conv_1x1 = Conv(dim * 2, dim, k=1)

    def forward(self, x):
        y = self.conv_3x3(x)
        y = torch.cat([conv(y) for conv in self.convs], dim=1)
        return self.conv_1x1(self.bn(y)) + x
