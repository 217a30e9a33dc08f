import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class UsedTwice(nn.Module):
    """One layer, used twice in a row."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.m = Conv(c2, c2, 3)

    def forward(self, x):
        x = self.cv(x)
        return x + self.m(self.m(x))
