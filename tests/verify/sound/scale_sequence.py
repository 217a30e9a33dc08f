import torch
import torch.nn as nn
import torch.nn.functional as F
from ultralytics.nn.modules.conv import Conv


class ScaleSequence(nn.Module):
    """Joins two maps as a volume, in three dimensions, and has their sum."""

    def __init__(self, ch, c2):
        super().__init__()
        self.p = nn.ModuleList(Conv(c, c2 // 2, 1) for c in ch)
        self.v = nn.Conv3d(c2 // 2, c2, (2, 1, 1))
        self.bn, self.act = nn.BatchNorm3d(c2), nn.LeakyReLU(0.1)

    def forward(self, x):
        maps = [F.interpolate(p(m), x[0].shape[-2:], mode="nearest") for p, m in zip(self.p, x)]
        return self.act(self.bn(self.v(torch.stack(maps, 2)))).squeeze(2)
