import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class PositionTable(nn.Module):
    """Adds a learned table, whose axes mean what it lets them mean, and shuffles channels of groups."""

    def __init__(self, c1, c2, k=3, s=1, groups=2):
        super().__init__()
        self.cv, self.groups = Conv(c1, c2, k, s), groups
        self.table = nn.Parameter(torch.zeros(1, 7 * 9, c2))
        nn.init.trunc_normal_(self.table, std=0.02)

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        table = F.interpolate(self.table.view(1, c, 7, 9), (h, w))
        shuffled = x.view(b, self.groups, -1, h, w).transpose(1, 2).reshape(b, c, h, w)
        return shuffled + table
