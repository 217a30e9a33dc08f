import torch.nn as nn


class Mix(nn.Module):
    """maps of equal width, mixed"""

    def __init__(self, chs, width=64):
        super().__init__()
        self.cv = nn.ModuleList(nn.Sequential(nn.Conv2d(c, width, 1), nn.BatchNorm2d(width), nn.SiLU()) for c in chs)

    def forward(self, x):
        return [cv(one) for cv, one in zip(self.cv, x)]
